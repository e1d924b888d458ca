"""The section of one criterion's responses: derived beside entered, and the override."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reads.criteria import registry
from reads.design.response_items import (
    WORDS,
    ResponseItem,
    derivation,
    items_of,
    place,
    section_of,
)

OVERRIDE_CLASSES = (
    ("IMAGE QUALITY", "Image quality changes the meaning of a measurement"),
    ("CLINICAL KNOWLEDGE", "Dossier shown under the charter"),
    ("TECHNIQUE", "Technique differs between time points"),
    ("LESION NATURE", "A lesion proved not to be tumour, or to be tumour"),
    ("OTHER", "Other, in the reason"),
)
_REASON_LENGTH = 1000


def section_for(
    criterion: str, inputs: Sequence[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the section of a criterion's responses and its checks.

    Args:
        inputs: the places that every derivation of a response looks at.
    """
    key, title = section_of(criterion), registry.get(criterion).title
    responses = items_of(criterion)
    items = [item for response in responses for item in _pair(criterion, response, inputs)]
    differs = {
        "any": [
            {"item": place(criterion, each), "is_not": {"other": _derived(criterion, each)}}
            for each in responses
        ]
    }
    section = {
        "key": key,
        "title": title if "response" in title.lower() else f"Response by {title}",
        "shown_when": {"context": "time_point.kind", "is": "follow_up"},
        "items": [*items, *_override(differs)],
    }
    return section, [_mismatch(criterion, each) for each in responses]


def _derived(criterion: str, response: ResponseItem) -> str:
    return f"{section_of(criterion)}.derived_{response.key}"


def _pair(criterion: str, response: ResponseItem, inputs: Sequence[str]) -> list[dict[str, Any]]:
    choices = [{"code": code, "label": WORDS.get(code, code)} for code in response.choices]
    return [
        {
            "key": f"derived_{response.key}",
            "label": f"{response.label}, derived",
            "kind": "choice",
            "choices": choices,
            "derived": {"named": derivation(criterion, response), "inputs": list(inputs)},
        },
        {
            "key": response.key,
            "label": response.label,
            "kind": "choice",
            "widget": "radios",
            "choices": choices,
            "required": True,
            "absence": [],
            "cdisc": {"dataset": "RS", "variable": "RSORRES", "code": response.code},
        },
    ]


def _override(differs: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "key": "override_class",
            "label": "Why your response differs",
            "kind": "choice",
            "choices": [{"code": code, "label": label} for code, label in OVERRIDE_CLASSES],
            "shown_when": differs,
            "absence": [],
        },
        {
            "key": "override_reason",
            "label": "Reason",
            "kind": "long_text",
            "max_length": _REASON_LENGTH,
            "shown_when": differs,
            "absence": [],
        },
    ]


def _mismatch(criterion: str, response: ResponseItem) -> dict[str, Any]:
    """A response that differs from the derived one blocks without class and reason."""
    entered, derived, key = (
        place(criterion, response),
        _derived(criterion, response),
        section_of(criterion),
    )
    return {
        "id": f"{criterion.upper()}_MISMATCH_{response.key.upper()}",
        "item": entered,
        "level": "error",
        "must": {
            "any": [
                {"item": entered, "is": {"other": derived}},
                {
                    "all": [
                        {"item": f"{key}.override_class", "answered": True},
                        {"item": f"{key}.override_reason", "answered": True},
                    ]
                },
            ]
        },
        "message": (
            f"You entered {{{entered}}}, but {{{derived}}} follows. {{{derived}:because}} "
            "Correct it, or say why it differs."
        ),
        "clause": response.clause,
    }
