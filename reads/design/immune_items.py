"""What iRECIST asks beyond RECIST 1.1 (iRECIST table 1; criteria 3.2 and 3.5).

New lesions are new targets, measured like targets, or new non-targets, followed in words; a
non-target that progressed is looked at again for any further increase; an iUPD says what it rests
on. Clinical stability and continued treatment are the site's facts: a blinded reader never sees
them, the oncologist's form asks for them.
"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

_TARGET_STATES = ("MEASURED", "ABSENT", "TOO SMALL TO MEASURE", "NOT EVALUABLE")
_NON_TARGET_STATES = ("NEW", "STABLE", "INCREASED", "DECREASED", "ABSENT", "NOT EVALUABLE")
_STATES = (
    ("MEASURED", "Measured"),
    ("NEW", "First seen now"),
    ("STABLE", "No change"),
    ("INCREASED", "Increased"),
    ("DECREASED", "Decreased"),
    ("ABSENT", "Gone"),
    ("TOO SMALL TO MEASURE", "Too small to measure"),
    ("NOT EVALUABLE", "Not evaluable"),
)
_CLAUSE = "iRECIST table 1"
_NODE = {"item": "new.lesions.location", "is": "LYMPH NODE"}
_NO_NODE = {"item": "new.lesions.location", "is_not": "LYMPH NODE"}
_IS_TARGET = {"item": "new.lesions.category", "is": "NEW TARGET"}
_IS_OTHER = {"item": "new.lesions.category", "is": "NEW NON TARGET"}
_IS_MEASURED = {"item": "new.lesions.state", "is": "MEASURED"}
_FIRST_TIME = {"not": {"previous": "new.lesions.label", "answered": True}}


def add(document: Document, targets: int, per_organ: int) -> None:
    """Ask for new targets and new non-targets, and for further growth of non-targets."""
    sections = {each["key"]: each for each in document["sections"]}
    new = {each["key"]: each for each in sections["new"]["items"]}
    new["any"]["label"] = "Is there a new lesion, or one found earlier?"
    rows = new["lesions"]
    rows["carry_forward"] = [*rows["carry_forward"], "category"]
    _follow(rows["items"])
    others = next(each for each in sections["non_target"]["items"] if each["key"] == "lesions")
    _ask_further_growth(others["items"])
    document["checks"] += _checks(targets, per_organ)


def _follow(items: list[Document]) -> None:
    place = next(n for n, each in enumerate(items) if each["key"] == "certainty") + 1
    items[place:place] = [_category(), _state(), _reason()]
    for item in items:
        if item["key"] == "long_axis":
            item["required"] = {"all": [_IS_TARGET, _IS_MEASURED, _NO_NODE]}
        if item["key"] == "short_axis":
            item["required"] = {"all": [_IS_TARGET, _IS_MEASURED, _NODE]}
        if item["key"] == "slice":
            item["required"] = {"item": "new.lesions.state", "one_of": ["MEASURED", "NEW"]}


def _category() -> Document:
    return {
        "key": "category",
        "label": "Followed as",
        "kind": "choice",
        "choices": [
            {"code": "NEW TARGET", "label": "New target, measured"},
            {"code": "NEW NON TARGET", "label": "New non-target"},
        ],
        "shown_when": {"item": "new.lesions.certainty", "is": "UNEQUIVOCAL"},
        "required": True,
        "absence": [],
        "help": "Its size never counts in the sum of the baseline lesions.",
    }


def _state() -> Document:
    return {
        "key": "state",
        "label": "State",
        "kind": "choice",
        "choices": [{"code": code, "label": label} for code, label in _STATES],
        "shown_when": {"item": "new.lesions.certainty", "is": "UNEQUIVOCAL"},
        "required": True,
        "absence": [],
        "cdisc": {"dataset": "TR", "variable": "TRORRES", "code": "TUMSTATE"},
    }


def _reason() -> Document:
    reasons = (
        ("NOT IMAGED", "Not imaged"),
        ("QUALITY", "Image quality"),
        ("CONTRAST", "Missing or wrong contrast"),
        ("OBSCURED", "Obscured by another finding"),
        ("TREATED", "Treated or resected locally"),
    )
    return {
        "key": "ne_reason",
        "label": "Why not evaluable",
        "kind": "choice",
        "choices": [{"code": code, "label": label} for code, label in reasons],
        "shown_when": {"item": "new.lesions.state", "is": "NOT EVALUABLE"},
        "required": True,
        "absence": [],
        "cdisc": {"dataset": "TR", "variable": "TRREASND"},
    }


def _ask_further_growth(items: list[Document]) -> None:
    place = next(n for n, each in enumerate(items) if each["key"] == "ne_reason") + 1
    items.insert(
        place,
        {
            "key": "further_increase",
            "label": "Increased further since the last time point",
            "kind": "boolean",
            "shown_when": {
                "previous": "non_target.lesions.state",
                "is": "UNEQUIVOCAL PROGRESSION",
            },
            "required": True,
            "absence": [],
            "help": "Any further increase confirms progression; it need not be unequivocal again.",
        },
    )


def ask_basis(section: Document) -> None:
    """Ask in the section of iRECIST responses what an iUPD rests on."""
    place = next(n for n, each in enumerate(section["items"]) if each["key"] == "override_class")
    section["items"].insert(
        place,
        {
            "key": "basis",
            "label": "The iUPD rests on",
            "kind": "multiple_choice",
            "choices": [
                {"code": "TARGET", "label": "Target lesions"},
                {"code": "NON TARGET", "label": "Non-target lesions"},
                {"code": "NEW LESION", "label": "New lesions"},
            ],
            "shown_when": {"item": "response_irecist.overall", "is": "iUPD"},
            "required": True,
            "absence": [],
        },
    )


def _checks(targets: int, per_organ: int) -> list[Document]:
    return [
        _check(
            "NEW_TARGET_COUNT_MAX",
            "new.lesions",
            {"count": "new.lesions", "where": _IS_TARGET, "at_most": targets},
            f"There are more than {targets} new targets. Follow the others as new non-targets.",
        ),
        _check(
            "NEW_TARGET_PER_ORGAN_MAX",
            "new.lesions",
            {
                "count": "new.lesions",
                "where": _IS_TARGET,
                "per": "new.lesions.location",
                "at_most": per_organ,
            },
            f"There are more than {per_organ} new targets in one organ.",
        ),
        _check(
            "NEW_TARGET_TOO_SMALL",
            "new.lesions.long_axis",
            {"item": "new.lesions.long_axis", "at_least": 10},
            "{new.lesions.label} is {new.lesions.long_axis}. A new target has at least 10 mm when "
            "it is first seen; follow it as a new non-target.",
            when={"all": [_FIRST_TIME, _IS_TARGET, _IS_MEASURED, _NO_NODE]},
        ),
        _check(
            "NEW_TARGET_NODE_TOO_SMALL",
            "new.lesions.short_axis",
            {"item": "new.lesions.short_axis", "at_least": 15},
            "{new.lesions.label} has a short axis of {new.lesions.short_axis}. A new target node "
            "has at least 15 mm when it is first seen; follow it as a new non-target.",
            when={"all": [_FIRST_TIME, _IS_TARGET, _IS_MEASURED, _NODE]},
        ),
        _check(
            "NEW_TARGET_STATE",
            "new.lesions.state",
            {"item": "new.lesions.state", "one_of": list(_TARGET_STATES)},
            "{new.lesions.label} is a new target: measure it, or say that it is gone, too small "
            "or not evaluable.",
            when=_IS_TARGET,
        ),
        _check(
            "NEW_NON_TARGET_STATE",
            "new.lesions.state",
            {"item": "new.lesions.state", "one_of": list(_NON_TARGET_STATES)},
            "{new.lesions.label} is a new non-target: say whether it changed; it is not measured.",
            when=_IS_OTHER,
        ),
        _check(
            "NEW_LESION_RECLASSIFIED",
            "new.lesions.category",
            {"item": "new.lesions.category", "is": {"previous": "new.lesions.category"}},
            "{new.lesions.label} was followed differently before. It keeps its class.",
        ),
    ]


def _check(
    name: str, item: str, must: Document, message: str, *, when: Document | None = None
) -> Document:
    check = {"id": name, "item": item, "level": "error", "must": must, "message": message}
    return {**check, "clause": _CLAUSE, **({"when": when} if when else {})}
