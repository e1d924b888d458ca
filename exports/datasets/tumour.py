"""SDTM TU (tumour identification) and TR (tumour results), SDTMIG 3.4 §6.3.5.9.

TULNKID and TRLNKID tie the rows of a lesion together over all time points of one evaluator.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from exports.datasets.base import EVALUATOR, Dataset, Read, builder, reads, usubjid, words
from exports.snapshot import Snapshot
from reads.design.response_items import BRAIN
from reads.models import CriterionAssessment, Lesion, Measurement, Observation

_CATEGORIES = {"target": "TARGET", "non_target": "NON-TARGET", "new": "NEW"}
#: kind of measurement -> TRTESTCD, TRTEST (CDISC controlled terminology, TRTESTCD)
_TESTS = {
    "long_axis": ("LDIAM", "Longest Diameter"),
    "short_axis": ("LPERP", "Longest Perpendicular"),
    "volume": ("VOLUME", "Volume"),
    # a lesion that split: its pieces summed count as the one size that it had
    "pieces": ("LDIAM", "Longest Diameter"),
    "pieces_product": ("PRODUCT", "Product"),
    # and each piece by itself, linked as the lesion's name with its number
    "piece": ("LDIAM", "Longest Diameter"),
    "piece_product": ("PRODUCT", "Product"),
}
_PIECE = re.compile(r"(piece|piece_product)_(\d)$")

#: sums of the target lesions: TRTESTCD -> TRTEST and unit
_SUMS = {
    "SUMDIAM": ("Sum of Diameter", "mm"),
    "SUMPPD": ("Sum of the Product of Perpendicular Diameters", "mm2"),
    "SUMVOL": ("Sum of Volume", "mL"),
}


def _numbered(rows: Sequence[tuple[Any, ...]], subject_at: int, at: int) -> list[tuple[Any, ...]]:
    """Give every row its sequence number within the subject."""
    counts: Counter[str] = Counter()
    numbered = []
    for row in rows:
        counts[row[subject_at]] += 1
        numbered.append((*row[:at], counts[row[subject_at]], *row[at:]))
    return numbered


def _link(read: Read, lesion: Any) -> str:
    return f"{read.reader}-{lesion.label}"


def _observed(snapshot: Snapshot) -> list[tuple[Read, Any, Any]]:
    by_session: dict[str, list[Any]] = {}
    for observation in snapshot.all(Observation):
        by_session.setdefault(str(observation.session_id), []).append(observation)
    return [
        (read, observation, snapshot.one(Lesion, observation.lesion_id))
        for read in reads(snapshot)
        for observation in sorted(
            by_session.get(str(read.session.id), []),
            key=lambda o: snapshot.one(Lesion, o.lesion_id).label,
        )
    ]


@builder
def tu(snapshot: Snapshot) -> Dataset:
    """One row per lesion and evaluator, at the time point where it was first identified."""
    rows = []
    seen: set[str] = set()
    for read, _observation, lesion in _observed(snapshot):
        # Reads come in order of their dates: the first counted one that shows a lesion is the one
        # that identified it, also where an earlier version of that read was rolled back.
        if str(lesion.id) in seen:
            continue
        seen.add(str(lesion.id))
        place, _, detail = lesion.location.partition(", ")
        rows.append(
            (
                snapshot.study.protocol,
                "TU",
                usubjid(snapshot, read.subject),
                _link(read, lesion),
                "TUMIDENT",
                "Tumor Identification",
                _CATEGORIES[lesion.category],
                place.upper(),
                lesion.laterality.upper() or None,
                EVALUATOR,
                read.evaluator,
                read.flag,
                read.time_point.label,
                read.date,
                detail or None,
            )
        )
    columns = words(
        "STUDYID DOMAIN USUBJID TUSEQ TULNKID TUTESTCD TUTEST TUORRES TULOC TULAT TUEVAL "
        "TUEVALID TUACPTFL VISIT TUDTC LOCATION_DETAIL"
    )
    return Dataset("tu", "Tumour identification", columns, _numbered(rows, 2, 3))


@builder
def tr(snapshot: Snapshot) -> Dataset:
    """One row per measurement, per state of a lesion without one, and per sum of diameters."""
    measured: dict[str, list[Any]] = {}
    for measurement in snapshot.all(Measurement):
        measured.setdefault(str(measurement.observation_id), []).append(measurement)
    rows: list[tuple[Any, ...]] = []
    for read, observation, lesion in _observed(snapshot):
        sizes = sorted(measured.get(str(observation.id), []), key=lambda m: m.kind)
        group, link = _CATEGORIES[lesion.category], _link(read, lesion)
        results = [(link + _piece(size), _size(size)) for size in sizes]
        for place, result in results or [(link, _state(observation))]:
            rows.append(_row(snapshot, read, group, place, result))
    sums = _sums(snapshot)
    for read in reads(snapshot):
        for code, total in sums.get(str(read.session.id), ()):
            rows.append(_row(snapshot, read, "TARGET", None, _sum(code, total)))
    columns = words(
        "STUDYID DOMAIN USUBJID TRSEQ TRGRPID TRLNKID TRLNKGRP TRTESTCD TRTEST TRORRES TRORRESU "
        "TRSTRESC TRSTRESN TRSTRESU TRSTAT TRREASND TREVAL TREVALID TRACPTFL VISIT TRDTC"
    )
    return Dataset("tr", "Tumour results", columns, _numbered(rows, 2, 3))


#: TRTESTCD, TRTEST, TRORRES, TRORRESU, TRSTRESC, TRSTRESN, TRSTRESU, TRSTAT, TRREASND
Result = tuple[Any, ...]


def _row(
    snapshot: Snapshot, read: Read, group: str, link: str | None, result: Result
) -> tuple[Any, ...]:
    return (
        snapshot.study.protocol,
        "TR",
        usubjid(snapshot, read.subject),
        group,
        link,
        read.group,
        *result,
        EVALUATOR,
        read.evaluator,
        read.flag,
        read.time_point.label,
        read.date,
    )


def _piece(measurement: Any) -> str:
    """Return what names the piece of a lesion that a measurement is of: .2 behind the lesion's."""
    found = _PIECE.match(measurement.kind)
    return f".{found[2]}" if found else ""


def _size(measurement: Any) -> Result:
    found = _PIECE.match(measurement.kind)
    code, name = _TESTS[found[1] if found else measurement.kind]
    value = measurement.value.normalize()
    return (
        code,
        name,
        measurement.entered,
        measurement.entered_unit,
        format(value, "f"),
        value,
        measurement.unit,
        None,
        None,
    )


def _state(observation: Any) -> Result:
    """Return the state of a lesion that has no measurement at this time point.

    Too small to measure counts as 5 mm (RECIST 1.1, §4.3.2); a lesion that merged into another, or
    cannot be evaluated, was not assessed and says why (SDTMIG 3.4, TR).
    """
    state = observation.status.replace("_", " ")
    if state == "TOO SMALL TO MEASURE":
        small = Decimal(5)
        return ("LDIAM", "Longest Diameter", state, None, "5", small, "mm", None, None)
    head = ("TUMSTATE", "Tumor State")
    if state == "MERGED":
        return (*head, None, None, None, None, None, "NOT DONE", "TUMOR MERGED")
    if state == "NOT EVALUABLE":
        why = observation.reason or state
        return (*head, None, None, None, None, None, "NOT DONE", why)
    return (*head, state, None, state, None, None, None, None)


def _sum(code: str, total: Decimal) -> Result:
    name, unit = _SUMS[code]
    text = format(total, "f")
    return (code, name, text, unit, text, total, unit, None, None)


def _sums(snapshot: Snapshot) -> dict[str, list[tuple[str, Decimal]]]:
    """Return the derived sums of each session, each kind of sum once: test code and value."""
    found: dict[str, dict[str, Decimal]] = {}
    rows = sorted(snapshot.all(CriterionAssessment), key=lambda a: (a.session_id, a.criterion))
    for assessment in rows:
        for code, value in _sums_of(assessment):
            if value not in (None, ""):
                held = found.setdefault(str(assessment.session_id), {})
                held.setdefault(code, Decimal(str(value)).normalize())
    return {session: sorted(held.items()) for session, held in found.items()}


def _sums_of(assessment: Any) -> list[tuple[str, Any]]:
    derived = assessment.derived
    sums = [("SUMDIAM", derived.get("sum_mm")), ("SUMPPD", derived.get("spd_mm2"))]
    if assessment.criterion in BRAIN:
        code = "SUMVOL" if assessment.criterion.endswith("_VOL") else "SUMPPD"
        sums.append((code, derived.get("sum")))
    return sums
