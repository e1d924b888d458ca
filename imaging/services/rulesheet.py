"""The rules of a visit as data for the checks in the browser, before anything is sent.

Codes, words, levels and tolerances are those of the checks that the server makes afterwards; the
server's result is the one that counts. Nothing here tells whose images are expected: no name, no
hash of one, no earlier scan.
"""

from __future__ import annotations

from typing import Any

from imaging.models import Submission
from imaging.pipeline.reasons import SENTENCES
from imaging.pipeline.technical_qc.advice import advice
from imaging.pipeline.technical_qc.parameters import CROSS_SECTIONAL, PARAMETERS
from imaging.pipeline.technical_qc.series_checks import (
    DERIVED_WORDS,
    IMAGE_MODALITIES,
    LOCALISER_WORDS,
)
from imaging.pipeline.technical_qc.words import WORDS
from imaging.services import checks
from imaging.services.manifest import MAX_BYTES, MAX_FILE_BYTES, MAX_FILES
from imaging.services.resumable import LARGE_BYTES, PART_BYTES

#: findings that headers alone give, without earlier visits and without decoding pixels
CHECKS = (
    "mixed_subject",
    "mixed_study",
    "duplicate_instance",
    "conflicting_instance",
    "missing_slices",
    "duplicate_position",
    "lossy_compression",
    "localiser",
    "derived_series",
    "not_an_image",
    "date_out_of_window",
    "date_missing",
    "date_in_future",
    "wrong_modality",
    "expected_series_missing",
    "scanner_unknown",
    "serial_changed",
)
#: guideline values that the browser compares, by parameter
VALUES = ("slice_thickness_mm",)
#: reasons for which single files are left out
FILES = (
    "empty_file",
    "not_dicom",
    "dicomdir",
    "archive_not_opened",
    "archive_in_archive",
    "archive_ratio",
    "archive_member_lies",
    "file_too_large",
    "unreadable",
    "truncated_header",
    "missing_uid",
)


def rule_sheet(submission: Submission) -> dict[str, Any]:
    """Return what the browser checks for the visit of a submission, as JSON."""
    guideline = checks.guideline_of(submission)
    context = checks.context_of(submission)
    modalities = sorted(IMAGE_MODALITIES)
    found: dict[str, dict[str, Any]] = {}
    for code in CHECKS:
        found[code] = {}
        for modality in ("*", *modalities):
            rule = guideline.check(code, modality=modality, time_point=context.time_point)
            if rule is not None:
                found[code][modality] = {"level": rule.severity, "tolerance": rule.tolerance}
    window = context.window
    return {
        "checks": found,
        "values": _values(guideline, modalities, context.time_point),
        "words": {code: _words(code) for code in (*CHECKS, "outside_guideline")},
        "files": {code: SENTENCES[code] for code in FILES},
        "window": {"first": window.first, "last": window.last, "words": window.in_words()}
        if window
        else None,
        "today": context.today,
        "expected": [wanted.modality for wanted in context.expected],
        "scanners": [
            {"manufacturer": s.manufacturer, "model": s.model, "serial": s.serial}
            for s in context.scanners
        ],
        "images": modalities,
        "cross_sectional": sorted(CROSS_SECTIONAL),
        "localiser_words": sorted(LOCALISER_WORDS),
        "derived_words": sorted(DERIVED_WORDS),
        "limits": {
            "files": MAX_FILES,
            "bytes": MAX_BYTES,
            "file_bytes": MAX_FILE_BYTES,
            "large": LARGE_BYTES,
            "part": PART_BYTES,
        },
    }


def _words(code: str) -> dict[str, str]:
    words = WORDS[code]
    return {
        "title": words.title,
        "means": words.means,
        "error": advice(code, "error"),
        "warning": advice(code, "warning"),
    }


def _values(guideline: Any, modalities: list[str], time_point: str) -> list[dict[str, Any]]:
    found = []
    for modality in modalities:
        for rule in guideline.comparisons(modality=modality, time_point=time_point):
            if rule.parameter not in VALUES or rule.kind not in {"max", "min", "range"}:
                continue
            parameter = PARAMETERS[rule.parameter]
            if not parameter.modalities & {"*", modality}:
                continue
            found.append(
                {
                    "modality": modality,
                    "parameter": rule.parameter,
                    "title": parameter.title,
                    "unit": parameter.unit,
                    "kind": rule.kind,
                    "numbers": list(rule.numbers),
                    "tolerance": rule.tolerance,
                    "level": rule.severity,
                    "expected": rule.expectation(),
                }
            )
    return found
