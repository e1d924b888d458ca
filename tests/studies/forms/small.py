"""A small form for tests: one of everything, and rows."""

from __future__ import annotations

import copy
from typing import Any

from studies.forms import Form

DOCUMENT: dict[str, Any] = {
    "key": "small",
    "version": "1.0",
    "title": "Small form",
    "context": {"visit.kind": "text", "header.weight_kg": "decimal", "visit.date": "date"},
    "sections": [
        {
            "key": "scan",
            "title": "Scan",
            "items": [
                {"key": "date", "label": "Scan date", "kind": "date", "required": True},
                {"key": "onset", "label": "Onset", "kind": "date", "precision": "month"},
                {"key": "start", "label": "Start", "kind": "time"},
                {"key": "contrast", "label": "Contrast", "kind": "boolean", "required": True},
                {
                    "key": "agent",
                    "label": "Agent",
                    "kind": "text",
                    "required": True,
                    "shown_when": {"item": "scan.contrast", "is": True},
                },
                {
                    "key": "weight",
                    "label": "Weight",
                    "kind": "decimal",
                    "unit": "kg",
                    "units": {"lb": "0.45359237"},
                    "decimals": 1,
                    "minimum": 1,
                    "maximum": 400,
                    "prefill": "header.weight_kg",
                },
                {"key": "count", "label": "Series", "kind": "integer", "minimum": 0},
                {
                    "key": "regions",
                    "label": "Regions",
                    "kind": "multiple_choice",
                    "choices": [
                        {"code": "CHEST", "label": "Chest"},
                        {"code": "ABDOMEN", "label": "Abdomen"},
                    ],
                },
                {"key": "remark", "label": "Remark", "kind": "long_text", "absence": []},
            ],
        },
        {
            "key": "target",
            "title": "Lesions",
            "items": [
                {
                    "key": "lesions",
                    "label": "Lesions",
                    "kind": "group",
                    "row_key": "label",
                    "row_name": "Lesion",
                    "max_rows": 6,
                    "absence": [],
                    "carry_forward": ["label", "organ"],
                    "items": [
                        {"key": "label", "label": "Name", "kind": "text", "absence": []},
                        {
                            "key": "organ",
                            "label": "Organ",
                            "kind": "choice",
                            "choices": [
                                {"code": "LIVER", "label": "Liver"},
                                {"code": "LUNG", "label": "Lung"},
                            ],
                        },
                        {
                            "key": "size",
                            "label": "Diameter",
                            "kind": "decimal",
                            "unit": "mm",
                            "decimals": 1,
                            "required": True,
                        },
                    ],
                },
                {
                    "key": "sum",
                    "label": "Sum",
                    "kind": "decimal",
                    "unit": "mm",
                    "decimals": 1,
                    "derived": {"sum": "target.lesions.size"},
                },
                {
                    "key": "response",
                    "label": "Response",
                    "kind": "choice",
                    "choices": [{"code": "CR", "label": "CR"}, {"code": "PD", "label": "PD"}],
                    "derived": {"named": "small.response", "inputs": ["target.sum"]},
                },
            ],
        },
    ],
    "checks": [
        {
            "id": "LIGHT",
            "item": "scan.weight",
            "must": {"item": "scan.weight", "at_least": 40},
            "message": "A weight of {scan.weight} is low.",
            "level": "warning",
            "clause": "Manual 4.2",
        },
        {
            "id": "SMALL_LESION",
            "item": "target.lesions.size",
            "must": {"item": "target.lesions.size", "at_least": 10},
            "message": "{target.lesions.label} has {target.lesions.size}.",
            "level": "error",
        },
        {
            "id": "TWO_PER_ORGAN",
            "item": "target.lesions",
            "must": {"count": "target.lesions", "per": "target.lesions.organ", "at_most": 2},
            "message": "More than two in one organ.",
            "level": "error",
        },
        {
            "id": "REMARK_AT_SIGNING",
            "item": "scan.remark",
            "must": {"item": "scan.remark", "answered": True},
            "message": "A remark helps.",
            "level": "info",
            "final": True,
        },
    ],
}


def document(**changes: Any) -> dict[str, Any]:
    """The small document, with top-level changes."""
    return {**copy.deepcopy(DOCUMENT), **changes}


def form() -> Form:
    return Form.from_document(DOCUMENT)


def clean() -> dict[str, Any]:
    """Answers with nothing wrong."""
    return {
        "scan": {
            "date": "2026-03-05",
            "contrast": True,
            "agent": "Iohexol 350",
            "weight": "71.5",
            "remark": "Quiet breathing.",
        },
        "target": {
            "lesions": [
                {"label": "T1", "organ": "LIVER", "size": "34.2"},
                {"label": "T2", "organ": "LUNG", "size": "21.8"},
            ]
        },
    }
