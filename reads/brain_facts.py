"""Facts of the RANO family out of the standard form of brain tumours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reads.criteria.facts import LesionState
from reads.criteria.rano_facts import (
    ClinicalStatus,
    Component,
    Enhancement,
    NonMeasurable,
    RanoLesion,
    RanoTimePoint,
    T2Flair,
)
from reads.rows import Row, Rows, code, is_seen, lesion, number, products_of_pieces, worst

if TYPE_CHECKING:
    from reads.ecrf import ReadPoint

#: states of non-measurable disease, the one that decides first
_ORDER = ("UNEQUIVOCAL_PROGRESSION", "NOT_EVALUABLE", "PRESENT")


def rano(point: ReadPoint) -> RanoTimePoint:
    """Return what was recorded as the RANO family takes it."""
    rows = Rows(point.evaluation)
    found = [row for row in rows.of("new.lesions") if is_seen(row)]
    flair, shine = rows.code("course.t2_flair"), rows.code("course.enhancement")
    status = rows.code("clinical.status")
    return RanoTimePoint(
        id=point.id,
        date=point.day,
        baseline=point.baseline,
        assessed=rows.text("quality.overall") != "NOT READABLE",
        lesions=tuple(_target(row, rows) for row in rows.of("target.lesions")),
        t2_flair=T2Flair(flair) if flair else None,
        non_measurable=_non_measurable(rows),
        new_lesion=bool(found),
        new_lesion_outside_rt_field=_outside(found),
        histology=rows.yes("course.histology"),
        enhancement=Enhancement(shine) if shine else None,
        dexamethasone_mg=rows.number("clinical.dexamethasone"),
        steroid_replacement=rows.yes("clinical.replacement"),
        clinical_status=ClinicalStatus(status) if status else None,
        weeks_since_rt=rows.number("clinical.weeks_since_rt"),
    )


def _target(row: Row, rows: Rows) -> RanoLesion:
    state = code(row.get("state"))
    return RanoLesion(
        **lesion(row),
        modality=str(row.get("method") or ""),
        slice_thickness_mm=rows.number("quality.slice_thickness"),
        state=LesionState(state) if state else None,
        component=Component(code(row.get("component")) or Component.ENHANCING),
        d1_mm=number(row.get("long_axis")),
        d2_mm=number(row.get("short_axis")),
        fragments_mm2=products_of_pieces(row),
        volume_ml=number(row.get("volume")),
    )


def _non_measurable(rows: Rows) -> NonMeasurable:
    state = worst(rows.of("non_target.lesions"), _ORDER)
    return NonMeasurable(state) if state else NonMeasurable.NONE


def _outside(found: list[Row]) -> bool | None:
    """Whether a new lesion lies outside the field; None when it was not said of any."""
    said = [row.get("outside_field") for row in found]
    if True in said:
        return True
    return False if False in said else None
