"""Target lesions measured in two perpendicular diameters of one slice, summed as products.

Lugano 2014, Cheson 2007 and RANO measure so. The form of RECIST 1.1 gives names, organs, states and
methods; its way to choose lesions and to measure them is taken out. A lesion that is gone or has
merged counts 0 mm², one that is too small counts the square of the diameter that the charter sets
(5 x 5 mm). A lesion that split counts the products of its pieces, summed; its diameters are those
of the largest piece.

Sources: Cheson 2014 (Lugano), measurement, split and confluent lesions; Wen 2010 (RANO), measurable
disease.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal

from reads.design.form_parts import (
    FOLLOW_UP,
    Choices,
    Document,
    choices,
    drop_checks,
    item_of,
    row_item,
    rows_of,
    section,
)
from reads.design.volume_items import as_number

_STATE = "target.lesions.state"
_MEASURED: Document = {"item": _STATE, "is": "MEASURED"}
_SPLIT: Document = {"item": _STATE, "is": "SPLIT"}
_SIZED: Document = {"item": _STATE, "one_of": ["MEASURED", "SPLIT"]}
#: how RECIST 1.1 chooses and measures lesions
RECIST_CHECKS = (
    "TARGET_PER_ORGAN_MAX",
    "TARGET_NOT_MEASURABLE",
    "TARGET_NODE_TOO_SMALL",
    "TARGET_SLICE_THICKNESS",
    "TARGET_BONE",
    "TARGET_PRIOR_RT",
    "UNDER_5MM_MEASURED",
    "TSTM_VALUE",
    "SPLIT_WITHOUT_PIECES",
    "NODE_ABSENT_AS_ZERO",
    "NODE_NORMAL_AS_NONTARGET",
    "NONTARGET_COULD_BE_TARGET",
    "NODE_COULD_BE_TARGET",
    "BASELINE_TOO_OLD",
)
_PIECES = range(2, 6)
_RECIST_ITEMS = ("pieces", "soft_tissue", "irradiated", "grown_since")
_SUM = "mm\N{SUPERSCRIPT TWO}"


def measure_products(document: Document, *, too_small_mm: Decimal) -> None:
    """Measure the targets in two diameters and sum their products."""
    drop_checks(document, RECIST_CHECKS)
    rows = rows_of(document, "target")
    whole = row_item(document, "target", "pieces")["derived"]["where"]
    further = [_piece(row_item(document, "target", f"piece_{n}"), n) for n in _PIECES]
    rows[:] = [
        each
        for each in rows
        if each["key"] not in _RECIST_ITEMS and not each["key"].startswith("piece_")
    ]
    for key, label in (
        ("long_axis", "Longest diameter"),
        ("short_axis", "Perpendicular diameter"),
    ):
        axis = row_item(document, "target", key)
        axis.pop("help", None)
        axis |= {"label": label, "shown_when": _SIZED, "required": True}
    row_item(document, "target", "long_axis")["help"] = "Of a split lesion: of its largest piece."
    row_item(document, "target", "slice")["shown_when"] = _SIZED
    place = next(n for n, each in enumerate(rows) if each["key"] == "value")
    rows[place:place] = [_product(), *further, _pieces(whole)]
    row_item(document, "target", "value").update(_counted(too_small_mm))
    _sum_products(document)
    _new_lesions_in_two_diameters(document)
    for key in ("long_axis", "short_axis"):
        others = rows_of(document, "non_target")
        others[:] = [each for each in others if each["key"] != key]
    check = next(each for each in document["checks"] if each["id"] == "SHORT_AXIS_GT_LONG")
    check["message"] = (
        "The perpendicular diameter {target.lesions.short_axis} is longer than the longest "
        "diameter {target.lesions.long_axis}. Swap or correct them."
    )


def _product() -> Document:
    return {
        "key": "product",
        "label": "Product",
        "kind": "decimal",
        "unit": _SUM,
        "decimals": 2,
        "derived": {
            "product": {
                "of": {"other": "target.lesions.long_axis"},
                "times": {"other": "target.lesions.short_axis"},
            }
        },
        "shown_when": _SIZED,
        "help": "Of a split lesion: of its largest piece, the first one.",
        "cdisc": {"dataset": "TR", "variable": "TRSTRESN", "code": "PRODUCT"},
    }


def _in_products(part: Document) -> Document:
    """Return a copy of what speaks of the diameters of pieces, speaking of their products."""
    found: Document = json.loads(
        json.dumps(part).replace("lesions.piece_", "lesions.piece_product_")
    )
    return found


def _piece(diameter: Document, number: int) -> Document:
    """Return a further piece of a split lesion: its product in place of its longest diameter."""
    asked = _in_products(diameter)
    if number == _PIECES[0]:
        asked["help"] = (
            "Longest by perpendicular diameter. Each piece keeps its number; one that is gone is 0."
        )
    asked.pop("units", None)
    return asked | {
        "key": f"piece_product_{number}",
        "label": f"Piece {number}, product",
        "unit": _SUM,
        "decimals": 2,
        "maximum": "250000",
        "cdisc": {"dataset": "TR", "variable": "TRSTRESN", "code": "PRODUCT"},
    }


def _pieces(whole: Document) -> Document:
    """Return the sum of the products; it is known when those are that RECIST 1.1 would ask for."""
    known = _in_products(whole)
    known["all"][0] = {"item": "target.lesions.product", "answered": True}
    return {
        "key": "pieces_product",
        "label": "Sum of products of the pieces",
        "kind": "decimal",
        "unit": _SUM,
        "decimals": 2,
        "derived": {
            "sum_given": [
                "target.lesions.product",
                *(f"target.lesions.piece_product_{n}" for n in _PIECES),
            ],
            "where": known,
        },
        "shown_when": _SPLIT,
        "help": "The products of all pieces, summed: what counts for the lesion.",
        "cdisc": {"dataset": "TR", "variable": "TRSTRESN", "code": "PRODUCT"},
    }


def _counted(too_small_mm: Decimal) -> Document:
    return {
        "label": "Value in the sum",
        "unit": _SUM,
        "decimals": 2,
        "derived": {
            "cases": [
                {"when": {"item": _STATE, "one_of": ["ABSENT", "MERGED"]}, "value": 0},
                {
                    "when": {"item": _STATE, "is": "TOO SMALL TO MEASURE"},
                    "value": as_number(too_small_mm**2),
                },
                {"when": _SPLIT, "value": {"other": "target.lesions.pieces_product"}},
                {"when": _MEASURED, "value": {"other": "target.lesions.product"}},
            ]
        },
    }


def _sum_products(document: Document) -> None:
    names = {"baseline.sum_mm": "baseline.sum_mm2", "nadir.sum_mm": "nadir.sum_mm2"}
    context = document["context"]
    for before, now in names.items():
        context[now] = context.pop(before)
    words = {
        "sum": "Sum of products",
        "baseline_sum": "Sum of products at baseline",
        "nadir": "Smallest sum of products so far",
        "above_nadir": "Difference from the smallest sum",
    }
    codes = {"sum": "SUMPPD"}
    for key, label in words.items():
        item = item_of(document, "target", key)
        item |= {"label": label, "unit": _SUM, "decimals": 2}
        if item.get("prefill") in names:
            item["prefill"] = names[item["prefill"]]
        if key in codes:
            item["cdisc"]["code"] = codes[key]
        else:
            item.pop("cdisc", None)
    for key in ("since_baseline", "since_nadir"):
        item_of(document, "target", key).pop("cdisc", None)


def _new_lesions_in_two_diameters(document: Document) -> None:
    axis = row_item(document, "new", "short_axis")
    axis.pop("shown_when", None)
    axis["label"] = "Perpendicular diameter"


def limit_targets(document: Document, most: int, words: str, clause: str) -> None:
    """Let the form accept so many targets and no more."""
    check = next(each for each in document["checks"] if each["id"] == "TARGET_COUNT_MAX")
    check["must"]["at_most"] = most
    check["message"] = (
        f"There are more than {words} target lesions. Keep the largest; record the others as "
        "disease that is not measured."
    )
    check["clause"] = clause


def name_disease(document: Document, *, title: str, row: str, states: Choices) -> None:
    """Say what the lesions are that are not measured, and in which states they are followed."""
    part = section(document, "non_target")
    part["title"] = title
    item_of(document, "non_target", "none")["label"] = f"No {title.lower()}"
    rows = item_of(document, "non_target", "lesions")
    rows |= {"label": title, "row_name": row}
    row_item(document, "non_target", "state")["choices"] = choices(states)
    messages = {
        "NT_LABEL_TWICE": "Two findings have the same name.",
        "NT_NONE_CONTRADICTED": f"You said that there is no {title.lower()}, but some is listed.",
        "NT_NONE_UNSAID": f"No {title.lower()} is listed. Add it, or say that there is none.",
        "NT_BASELINE_STATE": "What is recorded at baseline is present.",
        "NT_ADDED_AFTER_BASELINE": f"{title} is recorded at baseline. Record this as a new lesion, "
        "or not at all.",
        "NT_MISSING_AT_VISIT": "A finding of the earlier time point is not listed. Give its state.",
    }
    for each in document["checks"]:
        each["message"] = messages.get(each["id"], each["message"])


def follow_in_comparison(document: Document, clause: str) -> None:
    """At follow-up a finding is compared: “present” alone says nothing of its course."""
    document["checks"].append(
        {
            "id": "NT_NOT_COMPARED",
            "item": "non_target.lesions.state",
            "level": "error",
            "when": FOLLOW_UP,
            "must": {"item": "non_target.lesions.state", "is_not": "PRESENT"},
            "message": "Say how {non_target.lesions.label} compares with the time point before.",
            "clause": clause,
        }
    )


def cite(document: Document, clause: str, names: Iterable[str] = ()) -> None:
    """Let checks that RECIST 1.1 shares with a criterion cite the criterion's own clause."""
    only = set(names)
    for each in document["checks"]:
        if str(each.get("clause", "")).startswith("RECIST") and (not only or each["id"] in only):
            each["clause"] = clause
