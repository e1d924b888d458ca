"""SDTM RS (disease response), SDTMIG 3.4 §6.3.5.10: what the reader entered, per criterion."""

from __future__ import annotations

from collections import Counter
from typing import Any

from exports.datasets.base import EVALUATOR, Dataset, builder, reads, usubjid, words
from exports.snapshot import Snapshot
from reads.models import CriterionAssessment

#: key of a response -> RSTESTCD, RSTEST (CDISC controlled terminology, ONCRTSCD)
TESTS = {
    "target_response": ("TRGRESP", "Target Response"),
    "non_target_response": ("NTRGRESP", "Non-target Response"),
    "new_lesion": ("NEWLIND", "New Lesion Indicator"),
    "overall_response": ("OVRLRESP", "Overall Response"),
}


@builder
def rs(snapshot: Snapshot) -> Dataset:
    """One row per response, with the derived value beside it where the reader overrode it."""
    by_session: dict[str, list[Any]] = {}
    for assessment in snapshot.all(CriterionAssessment):
        by_session.setdefault(str(assessment.session_id), []).append(assessment)
    counts: Counter[str] = Counter()
    rows = []
    for read in reads(snapshot):
        subject = usubjid(snapshot, read.subject)
        for assessment in sorted(
            by_session.get(str(read.session.id), []), key=lambda a: a.criterion
        ):
            for key, (code, name) in TESTS.items():
                derived = assessment.derived.get(key)
                value = assessment.entered.get(key) or derived
                if value in (None, ""):
                    continue
                counts[subject] += 1
                overridden = derived not in (None, "", value)
                rows.append(
                    (
                        snapshot.study.protocol, "RS", subject, counts[subject],
                        f"{read.time_point.label}", code, name, assessment.criterion,
                        str(value), str(value), EVALUATOR, read.evaluator, read.flag,
                        read.time_point.label, read.date,
                        str(derived) if overridden else None,
                        assessment.override_reason or None if overridden else None,
                    )
                )  # fmt: skip
    columns = words(
        "STUDYID DOMAIN USUBJID RSSEQ RSLNKGRP RSTESTCD RSTEST RSCAT RSORRES RSSTRESC "
        "RSEVAL RSEVALID RSACPTFL VISIT RSDTC DERIVED OVERRIDE_REASON"
    )
    return Dataset("rs", "Disease response", columns, rows)
