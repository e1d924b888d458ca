"""Readings taken over from spreadsheets: a file of their own, every row marked as imported."""

from __future__ import annotations

from exports.datasets.base import Dataset, builder, usubjid, words
from exports.snapshot import Snapshot
from reads.models import ImportedReading
from studies.models import Subject, TimePoint

RESULTS = (
    "overall_response",
    "target_response",
    "non_target_response",
    "new_lesion",
    "sum_mm",
    "comment",
)


@builder
def imported_readings(snapshot: Snapshot) -> Dataset:
    """One row per imported reading, as its spreadsheet had it; no read of the platform is here."""
    rows = []
    for row in snapshot.all(ImportedReading):
        subject = snapshot.one(Subject, row.subject_id)
        point = snapshot.one(TimePoint, row.time_point_id)
        rows.append(
            (
                snapshot.study.protocol,
                usubjid(snapshot, subject),
                point.label,
                row.reader,
                row.criterion,
                row.read_on.isoformat() if row.read_on else None,
                *(row.values.get(name) or None for name in RESULTS),
                row.origin.upper(),
                row.row_number,
            )
        )
    columns = words(
        "STUDYID USUBJID VISIT EVALID CRITERION READDTC OVRLRESP TRGRESP NTRGRESP NEWLESION "
        "SUMDIAM COMMENT ORIGIN SOURCEROW"
    )
    ordered = sorted(rows, key=lambda r: (r[1], r[2], r[3], r[4]))
    return Dataset("imported_readings", "Imported readings", columns, ordered)
