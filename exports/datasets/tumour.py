"""SDTM TU (tumour identification) and TR (tumour results), SDTMIG 3.4 §6.3.5.9.

TULNKID and TRLNKID tie the rows of a lesion together over all time points of one evaluator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from exports.datasets.base import EVALUATOR, Dataset, Read, builder, reads, usubjid, words
from exports.snapshot import Snapshot
from reads.models import Lesion, Measurement, Observation

_CATEGORIES = {"target": "TARGET", "non_target": "NON-TARGET", "new": "NEW"}
#: kind of measurement -> TRTESTCD, TRTEST (CDISC controlled terminology, TRTESTCD)
_TESTS = {
    "long_axis": ("LDIAM", "Longest Diameter"),
    "short_axis": ("LPERP", "Longest Perpendicular"),
    "volume": ("VOLUME", "Volume"),
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
    return (
        f"{read.evaluator.replace('RADIOLOGIST ', 'R').replace('ADJUDICATOR', 'A')}-{lesion.label}"
    )


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
    for read, _, lesion in _observed(snapshot):
        # Reads come in order of their dates: the first counted one that shows a lesion is the one
        # that identified it, also where an earlier version of that read was rolled back.
        if str(lesion.id) in seen:
            continue
        seen.add(str(lesion.id))
        rows.append(
            (
                snapshot.study.protocol,
                "TU",
                usubjid(snapshot, read.subject),
                _link(read, lesion),
                "TUMIDENT",
                "Tumor Identification",
                _CATEGORIES[lesion.category],
                lesion.location.upper(),
                lesion.laterality.upper() or None,
                EVALUATOR,
                read.evaluator,
                read.flag,
                read.time_point.label,
                read.date,
            )
        )
    columns = words(
        "STUDYID DOMAIN USUBJID TUSEQ TULNKID TUTESTCD TUTEST TUORRES TULOC TULAT TUEVAL "
        "TUEVALID TUACPTFL VISIT TUDTC"
    )
    return Dataset("tu", "Tumour identification", columns, _numbered(rows, 2, 3))


@builder
def tr(snapshot: Snapshot) -> Dataset:
    """One row per measurement, and one for the state of each observed lesion."""
    measured: dict[str, list[Any]] = {}
    for measurement in snapshot.all(Measurement):
        measured.setdefault(str(measurement.observation_id), []).append(measurement)
    rows: list[tuple[Any, ...]] = []
    for read, observation, lesion in _observed(snapshot):
        head = (snapshot.study.protocol, "TR", usubjid(snapshot, read.subject), _link(read, lesion))
        tail = (EVALUATOR, read.evaluator, read.flag, read.time_point.label, read.date)
        done = observation.status != "NOT_EVALUABLE"
        rows.append(
            (
                *head,
                "TUMSTATE",
                "Tumor State",
                observation.status if done else None,
                None,
                observation.status if done else None,
                None,
                None,
                None if done else "NOT DONE",
                None if done else observation.reason or None,
                *tail,
            )
        )
        for m in sorted(measured.get(str(observation.id), []), key=lambda m: m.kind):
            code, name = _TESTS[m.kind]
            value = format(m.value.normalize(), "f")
            rows.append(
                (
                    *head, code, name, m.entered, m.entered_unit, value, m.value.normalize(),
                    m.unit, None, None, *tail,
                )
            )  # fmt: skip
    columns = words(
        "STUDYID DOMAIN USUBJID TRSEQ TRLNKID TRTESTCD TRTEST TRORRES TRORRESU TRSTRESC "
        "TRSTRESN TRSTRESU TRSTAT TRREASND TREVAL TREVALID TRACPTFL VISIT TRDTC"
    )
    return Dataset("tr", "Tumour results", columns, _numbered(rows, 2, 3))
