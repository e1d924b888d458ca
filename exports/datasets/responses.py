"""SDTM RS (disease response), SDTMIG 3.4 §6.3.5.10: what the reader entered, per criterion."""

from __future__ import annotations

from collections import Counter
from typing import Any

from exports.datasets.base import EVALUATOR, EVALUATORS, Dataset, builder, reads, usubjid, words
from exports.snapshot import Snapshot
from reads.design.response_items import BRAIN
from reads.models import CriterionAssessment

#: key of a response -> RSTESTCD, RSTEST (CDISC controlled terminology, ONCRTSCD)
TESTS = {
    "target_response": ("TRGRESP", "Target Response"),
    "non_target_response": ("NTRGRESP", "Non-target Response"),
    "new_lesion": ("NEWLPROG", "New Lesion Progression"),
    "overall_response": ("OVRLRESP", "Overall Response"),
}
#: parts of a response that only some criteria have (PCWG3, Scher 2016; RANO)
PARTS = {
    "PCWG3": {
        "soft_tissue_response": ("SFTSRESP", "Soft Tissue Response"),
        "bone_response_as_read": ("BONERESP", "Bone Response"),
    },
    **{key: {"measured_response": TESTS["target_response"]} for key in BRAIN},
}
#: key of a criterion -> RSCAT (CDISC controlled terminology, ONCRSCAT)
CATEGORIES = {
    "RECIST11": "RECIST 1.1",
    "iRECIST": "iRECIST",
    "LUGANO2014": "LUGANO CLASSIFICATION",
    "CHESON2007": "CHESON 2007",
    "PCWG3": "PCWG SCHER PROSTATE CANCER 2016",
}


def _tests(criterion: str) -> dict[str, tuple[str, str]]:
    return {**TESTS, **PARTS.get(criterion, {})}


@builder
def rs(snapshot: Snapshot) -> Dataset:
    """One row per response, with the derived value beside it where the reader overrode it.

    Where an adjudicator gave a third result, that row is the accepted one.
    """
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
            for key, (code, name) in _tests(assessment.criterion).items():
                derived = assessment.derived.get(key)
                value = assessment.entered.get(key) or derived
                if value in (None, "") or (key == "new_lesion" and value == "NONE"):
                    continue
                value = str(value).replace("_", " ")
                derived = str(derived or "").replace("_", " ")
                counts[subject] += 1
                overridden = derived not in ("", value)
                third = read.third.get(assessment.criterion, {}).get(key)
                rows.append(
                    (
                        snapshot.study.protocol, "RS", subject, counts[subject],
                        read.group, code, name,
                        CATEGORIES.get(assessment.criterion, assessment.criterion),
                        value, value, EVALUATOR, read.evaluator, None if third else read.flag,
                        read.time_point.label, read.date,
                        derived if overridden else None,
                        assessment.override_reason or None if overridden else None,
                    )
                )  # fmt: skip
                if third:
                    counts[subject] += 1
                    rows.append(
                        (
                            snapshot.study.protocol, "RS", subject, counts[subject],
                            read.group, code, name,
                            CATEGORIES.get(assessment.criterion, assessment.criterion),
                            third, third, EVALUATOR, EVALUATORS["adjudicator"], "Y",
                            read.time_point.label, read.date, None, None,
                        )
                    )  # fmt: skip
    columns = words(
        "STUDYID DOMAIN USUBJID RSSEQ RSLNKGRP RSTESTCD RSTEST RSCAT RSORRES RSSTRESC "
        "RSEVAL RSEVALID RSACPTFL VISIT RSDTC DERIVED OVERRIDE_REASON"
    )
    return Dataset("rs", "Disease response", columns, rows)
