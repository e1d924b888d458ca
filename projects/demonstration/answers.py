"""What the people of the demonstration write into the forms."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from imaging.phantom import LesionTruth, Scanner
from projects.demonstration.story import Visit
from reads.services.reading import Reading
from studies.forms.evaluation import Evaluation
from studies.forms.values import Level

_ORGANS = {
    "liver": "LIVER",
    "lung": "LUNG",
    "lymph node": "LYMPH NODE",
    "adrenal gland": "ADRENAL GLAND",
    "kidney": "KIDNEY",
    "spleen": "SPLEEN",
    "bone": "BONE",
}


def transmittal(
    visit: Visit, *, scan_day: date, scanner: Scanner, technologist: str, weight: float
) -> dict[str, Any]:
    """Return the technologist's transmittal form."""
    delay: Any = "72"
    if visit.unknown_delay:
        delay = {"status": "not_done", "reason": "not noted in the protocol of the scan"}
    return {
        "scan": {
            "modality": "CT",
            "date": scan_day.isoformat(),
            "time": "09:30",
            "scanner": f"{scanner.manufacturer} {scanner.model}",
            "technologist": technologist,
            "regions": ["CHEST", "ABDOMEN"],
            "slice_thickness": str(visit.defects.thickness_mm or 5),
        },
        "subject": {"weight": f"{weight:.0f}", "height": "171"},
        "contrast": {
            "given": True,
            "agent": "Iohexol 300",
            "volume": "90",
            "phase": "PORTAL VENOUS",
            "delay": delay,
        },
        "deviations": {"any": False},
    }


def checklist(*, follow_up: bool) -> dict[str, Any]:
    """Return an image analyst's checklist for images without fault."""
    compared = "YES" if follow_up else "NA"
    return {
        "identity": {"pixels": "YES", "header": "YES"},
        "technique": {
            "complete": "YES",
            "reconstruction": "YES",
            "orientation": "YES",
            "same_scanner": compared,
        },
        "visual": {
            "coverage": "YES",
            "motion": "YES",
            "artefact": "YES",
            "contrast_phase": "YES",
            "arms": "YES",
            "liver": "YES",
            "same_region": compared,
            "quality": "4",
        },
        "decision": {"verdict": "PASS"},
    }


def lesions(
    truth: Mapping[str, LesionTruth],
    *,
    slices: int,
    baseline: bool,
    scale: float,
    first_seen: str,
    known: Collection[str] = (),
) -> dict[str, Any]:
    """Return what a reader records of the lesions that are really there.

    Args:
        known: names of the new lesions that an earlier time point had.
    """
    targets = [_target(t, slices, scale, baseline) for t in truth.values() if t.label[0] == "T"]
    new = [
        _new(t, slices, first_seen, is_known=_name(t.label) in known)
        for t in truth.values()
        if t.label[0] == "N" and t.present
    ]
    answers: dict[str, Any] = {
        "quality": {"overall": "ADEQUATE"},
        "target": {"lesions": targets},
        "non_target": {"lesions": [_effusion(baseline=baseline)]},
    }
    if baseline:
        answers["target"]["none"] = False
        answers["non_target"]["none"] = False
    else:
        answers["new"] = {"any": bool(new)}
        if new:
            answers["new"]["lesions"] = new
    return answers


def _mm(value: float) -> str:
    return format(Decimal(value).quantize(Decimal("0.1")), "f")


def _ml(truth: LesionTruth, scale: float) -> str:
    """Return the volume of the ellipsoid that the two diameters suggest, in ml."""
    cubic_mm = math.pi / 6 * truth.long_mm * truth.short_mm**2 * scale**3
    return format(Decimal(cubic_mm / 1000).quantize(Decimal("0.001")), "f")


def _name(label: str) -> str:
    return f"{label[0]}{int(label[1:]):02d}"


def _slice(truth: LesionTruth, slices: int) -> str:
    # The viewer counts from the head down, the phantom from the feet up.
    return str(slices - truth.slice_index)


def _target(truth: LesionTruth, slices: int, scale: float, baseline: bool) -> dict[str, Any]:
    organ = _ORGANS[truth.organ]
    row: dict[str, Any] = {
        "label": _name(truth.label),
        "location": organ,
        "method": "CT SCAN",
        "state": "MEASURED" if truth.present else "ABSENT",
    }
    if truth.present:
        row |= {
            "slice": _slice(truth, slices),
            "long_axis": _mm(truth.long_mm * scale),
            "short_axis": _mm(truth.short_mm * scale),
            "volume": _ml(truth, scale),
        }
    if baseline:
        row["irradiated"] = False
    return row


def _new(truth: LesionTruth, slices: int, first_seen: str, *, is_known: bool) -> dict[str, Any]:
    state = "STABLE" if is_known else "NEW"
    return {
        "label": _name(truth.label),
        "location": _ORGANS[truth.organ],
        "detail": "segment 3",
        "method": "CT SCAN",
        "certainty": "UNEQUIVOCAL",
        "category": "NEW NON TARGET",
        "state": state,
        "slice": _slice(truth, slices),
        "long_axis": _mm(truth.long_mm),
        "first_seen": first_seen,
    }


def _effusion(*, baseline: bool) -> dict[str, Any]:
    return {
        "label": "NT01",
        "location": "PLEURA",
        "detail": "small effusion" if baseline else "small effusion, unchanged",
        "side": "RIGHT",
        "state": "PRESENT",
    }


def responses(reading: Reading) -> dict[str, dict[str, Any]]:
    """Return the responses that follow from what was recorded; the reader agrees with them.

    Section of a criterion -> item -> answer; an iUPD says what it rests on.
    """
    evaluation = reading.evaluation
    found: dict[str, dict[str, Any]] = {}
    for path, item in evaluation.form.items.items():
        section, _, key = path.partition(".")
        if section.startswith("response") and key.startswith("derived_") and item.derived:
            value = evaluation.answer(path).value
            found.setdefault(section, {})[key.removeprefix("derived_")] = str(value or "")
    immune = found.get("response_irecist", {})
    if immune.get("overall") == "iUPD":
        grown = immune.get("target") in ("iUPD", "iCPD")
        immune["basis"] = ["TARGET"] if grown else ["NEW LESION"]
    return found


def reasons(evaluation: Evaluation) -> dict[str, str]:
    """Return a reason for every warning that wants one."""
    return {
        message.key: "Looked at again on the adjacent slices; it stays as recorded."
        for message in evaluation.messages
        if message.level is Level.WARNING and message.blocks
    }
