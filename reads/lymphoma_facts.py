"""Facts of Lugano 2014 and Cheson 2007 out of the standard form of lymphoma.

Non-measured disease is recorded finding by finding and judged as a whole: the worst of its states
holds. A mass too small to measure has two diameters of 5 mm in Cheson 2007, as in Lugano.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from reads.criteria.cheson2007 import LymphomaTimePoint, MassFacts
from reads.criteria.facts import Certainty, LesionState
from reads.criteria.lugano_facts import (
    AvidLesion,
    Kind,
    LuganoLesion,
    LuganoNewLesion,
    LuganoTimePoint,
    Marrow,
    NonMeasured,
    Pet,
    UptakeChange,
)
from reads.rows import Row, Rows, code, is_seen, lesion, number, products_of_pieces, worst

if TYPE_CHECKING:
    from reads.ecrf import ReadPoint

_NODE = "LYMPH NODE"
_TOO_SMALL_MM = Decimal(5)
#: states of non-measured disease, the one that decides first
_ORDER = (
    "UNEQUIVOCAL_PROGRESSION", "NOT_EVALUABLE", "STABLE", "PRESENT", "DECREASED", "NORMAL",
    "ABSENT",
)  # fmt: skip


def lugano(point: ReadPoint) -> LuganoTimePoint:
    """Return what was recorded as Lugano 2014 takes it."""
    rows = Rows(point.evaluation)
    others = rows.of("non_target.lesions")
    state = worst(others, _ORDER)
    return LuganoTimePoint(
        id=point.id,
        date=point.day,
        baseline=point.baseline,
        assessed=rows.text("quality.overall") != "NOT READABLE",
        lesions=tuple(_mass(row) for row in rows.of("target.lesions")),
        spleen_mm=rows.number("organs.spleen"),
        nonmeasured_sites=tuple(str(row["label"]) for row in others) if point.baseline else (),
        nonmeasured=NonMeasured(state) if state and not point.baseline else None,
        marrow=Marrow(marrow) if (marrow := rows.code("organs.marrow")) else None,
        new_lesions=tuple(_new(row) for row in rows.of("new.lesions")),
        pet=_pet(rows),
    )


def _mass(row: Row) -> LuganoLesion:
    state = code(row.get("state"))
    return LuganoLesion(
        **lesion(row),
        kind=_kind(row),
        state=LesionState(state) if state else None,
        ldi_mm=number(row.get("long_axis")),
        sdi_mm=number(row.get("short_axis")),
        fragments_mm2=products_of_pieces(row),
    )


def _kind(row: Row) -> Kind:
    return Kind.NODE if row.get("location") == _NODE else Kind.EXTRANODAL


def _new(row: Row) -> LuganoNewLesion:
    return LuganoNewLesion(
        **lesion(row),
        kind=_kind(row),
        certainty=Certainty(code(row.get("certainty")) or "UNEQUIVOCAL"),
        due_to_lymphoma=row.get("due_to_lymphoma") is not False,
        ldi_mm=number(row.get("long_axis")),
        sdi_mm=number(row.get("short_axis")),
    )


def _pet(rows: Rows) -> Pet | None:
    if not rows.yes("pet.done"):
        return None
    score, change = rows.text("pet.deauville"), rows.code("pet.uptake_change")
    avid = rows.code("pet.new_avid") or AvidLesion.NONE.value
    return Pet(
        readable=rows.yes("pet.readable"),
        deauville=int(score) if score else None,
        uptake_change=UptakeChange(change) if change else None,
        new_avid_lesion=AvidLesion(avid),
        unrelated_uptake_x=avid == AvidLesion.UNRELATED,
        marrow_avid=rows.yes("pet.marrow_avid"),
        liver_reference=rows.number("pet.liver_suv"),
        mediastinum_reference=rows.number("pet.mediastinum_suv"),
    )


def cheson(point: ReadPoint) -> LymphomaTimePoint:
    """Return what was recorded as Cheson 2007 takes it."""
    rows = Rows(point.evaluation)
    grown = worst(rows.of("non_target.lesions"), _ORDER) == "UNEQUIVOCAL_PROGRESSION"
    positive = rows.value("pet.positive")
    sizes = [number(row.get("long_axis")) for row in rows.of("new.lesions") if is_seen(row)]
    return LymphomaTimePoint(
        id=point.id,
        date=point.day,
        baseline=point.baseline,
        assessed=rows.text("quality.overall") != "NOT READABLE",
        lesions=tuple(_measured_mass(row) for row in rows.of("target.lesions")),
        avid=rows.yes("pet.avid"),
        pet_positive=positive if isinstance(positive, bool) else None,
        new_lesions_mm=tuple(size for size in sizes if size is not None),
        growth_elsewhere=rows.yes("organs.growth") or grown,
    )


def _measured_mass(row: Row) -> MassFacts:
    state = code(row.get("state"))
    if state in ("MERGED", "ABSENT"):
        return MassFacts(id=str(row["label"]), state=LesionState.ABSENT)
    if state in ("NOT_EVALUABLE", ""):
        return MassFacts(id=str(row["label"]), state=LesionState.NOT_EVALUABLE)
    small = _TOO_SMALL_MM if state == "TOO_SMALL_TO_MEASURE" else None
    return MassFacts(
        id=str(row["label"]),
        state=LesionState.SPLIT if state == "SPLIT" else LesionState.MEASURED,
        ldi_mm=small or number(row.get("long_axis")),
        sdi_mm=small or number(row.get("short_axis")),
        fragments_mm2=products_of_pieces(row),
    )
