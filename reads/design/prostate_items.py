"""What PCWG3 asks beside the soft tissue of RECIST 1.1: the bone scan by names of new lesions.

A new bone lesion is named when it is first seen and followed by its name, so that two new lesions
that persist (2+2) are the same ones. Size and intensity do not count.

Source: Scher 2016; criteria 6.1.
"""

from __future__ import annotations

from reads.design.form_parts import (
    BASELINE,
    FOLLOW_UP,
    Document,
    add_before,
    check,
    choice,
    yes_no,
)

_CLAUSE = "PCWG3 bone scan (Scher 2016)"
_GROUP = "bone.lesions"
_STATE = f"{_GROUP}.state"
_DONE: Document = {"item": "bone.done", "is": True}
_READ: Document = {"item": "bone.readable", "is": True}
_REGIONS = (
    ("SKULL", "Skull"),
    ("CERVICAL SPINE", "Cervical spine"),
    ("THORACIC SPINE", "Thoracic spine"),
    ("LUMBAR SPINE", "Lumbar spine"),
    ("SACRUM", "Sacrum"),
    ("PELVIS", "Pelvis"),
    ("RIBS", "Ribs"),
    ("STERNUM", "Sternum"),
    ("SHOULDER", "Shoulder girdle"),
    ("LIMBS", "Limbs"),
    ("OTHER", "Other"),
)


def add(document: Document) -> None:
    """Ask for the bone scan before the comments."""
    add_before(document, "response", _bone())
    document["checks"] += _checks()


def _whole(key: str, label: str, **more: object) -> Document:
    limits = {"kind": "integer", "minimum": "0", "maximum": "500", "absence": ["not_evaluable"]}
    return {"key": key, "label": label, **limits, **more}


def _bone() -> Document:
    return {
        "key": "bone",
        "title": "Bone scan",
        "items": [
            yes_no("done", "Was a bone scan read at this time point?"),
            yes_no("readable", "Can the bone scan be read?", shown_when=_DONE),
            _whole(
                "count", "Bone lesions at baseline", shown_when={"all": [BASELINE, _READ]},
                required=True,
            ),
            yes_no(
                "visible", "Is any bone lesion seen, old or new?",
                shown_when={"all": [FOLLOW_UP, _READ]},
            ),
            _whole(
                "new_count", "New lesions on this scan since baseline",
                shown_when={"all": [FOLLOW_UP, _READ]}, required=True,
                help="All that baseline did not show: first seen now, and persisting.",
            ),
            _named(),
        ],
    }  # fmt: skip


def _named() -> Document:
    return {
        "key": "lesions",
        "label": "New bone lesions",
        "kind": "group",
        "row_key": "label",
        "row_name": "Bone lesion",
        "max_rows": 60,
        "absence": [],
        "carry_forward": ["label", "location", "detail", "side", "first_seen"],
        "shown_when": FOLLOW_UP,
        "items": [
            {
                "key": "label", "label": "Lesion", "kind": "text", "max_length": 8,
                "required": True, "absence": [],
                "help": "For example B01. It keeps this name for the whole study.",
                "cdisc": {"dataset": "TU", "variable": "TULNKID"},
            },
            choice(
                "location", "Region", _REGIONS, cdisc={"dataset": "TU", "variable": "TULOC"}
            ),
            {"key": "detail", "label": "Where", "kind": "text", "max_length": 60, "absence": []},
            choice(
                "side", "Side",
                (("RIGHT", "Right"), ("LEFT", "Left"), ("MIDLINE", "Midline")),
                required=False, cdisc={"dataset": "TU", "variable": "TULAT"},
            ),
            choice(
                "state", "State",
                (
                    ("FIRST SEEN", "First seen now"),
                    ("PERSISTING", "Still there"),
                    ("ABSENT", "Gone"),
                    ("NOT EVALUABLE", "No scan, or not evaluable"),
                ),
                cdisc={"dataset": "TR", "variable": "TRORRES", "code": "TUMSTATE"},
            ),
            {
                "key": "first_seen", "label": "First seen at", "kind": "text", "max_length": 20,
                "absence": [], "help": "Time point, for example TP3.",
            },
        ],
    }  # fmt: skip


def _checks() -> list[Document]:
    known = {"previous": f"{_GROUP}.label", "answered": True}
    there = ["FIRST SEEN", "PERSISTING"]
    scanned = {"all": [FOLLOW_UP, _READ]}
    return [
        check(
            "BONE_LABEL_TWICE", _GROUP, {"count": _GROUP, "per": f"{_GROUP}.label", "at_most": 1},
            "Two bone lesions have the same name.", "Charter, lesion identifiers",
        ),
        check(
            "BONE_LESION_UNKNOWN", _STATE, {"item": _STATE, "is_not": "PERSISTING"},
            "{bone.lesions.label} is on no earlier scan, so it is first seen now.", _CLAUSE,
            when={"not": known},
        ),
        check(
            "BONE_LESION_SEEN_BEFORE", _STATE, {"item": _STATE, "is_not": "FIRST SEEN"},
            "{bone.lesions.label} was seen before: it is still there, gone or not evaluable.",
            _CLAUSE, when=known,
        ),
        check(
            "BONE_LESION_DROPPED", _GROUP, {"missing_rows": _GROUP, "at_most": 0},
            "A bone lesion of the earlier time point is not listed. Give its state.", _CLAUSE,
            when=FOLLOW_UP,
        ),
        check(
            "BONE_SCAN_COUNT_INCONSISTENT", "bone.new_count",
            {
                "count": _GROUP, "where": {"item": _STATE, "is": "PERSISTING"},
                "at_most": {"other": "bone.new_count"},
            },
            "Fewer new bone lesions are counted than persist by name. Correct the count or the "
            "names.",
            _CLAUSE, when=scanned,
        ),
        check(
            "BONE_VISIBLE_DENIED", "bone.visible",
            {"not": {"any_row": _GROUP, "where": {"item": _STATE, "one_of": there}}},
            "You said that no bone lesion is seen, but one is listed as seen.", _CLAUSE,
            when={"item": "bone.visible", "is": False},
        ),
        check(
            "BONE_SEEN_WITHOUT_SCAN", _STATE, {"item": _STATE, "is": "NOT EVALUABLE"},
            "There is no bone scan that can be read, so {bone.lesions.label} is not evaluable.",
            _CLAUSE,
            when={"any": [{"item": "bone.done", "is": False},
                          {"item": "bone.readable", "is": False}]},
        ),
    ]  # fmt: skip
