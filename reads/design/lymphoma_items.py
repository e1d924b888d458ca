"""What Lugano 2014 and Cheson 2007 ask: masses, spleen, marrow, other disease, PET by score.

Both are read on one set of up to six nodes and masses. Lugano asks for the five-point score with
the uptake of liver and mediastinum, Cheson 2007 whether PET is positive.

Sources: Cheson 2014 and Barrington 2014 (Lugano), Cheson 2007 table 2; criteria 5 and 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from reads.criteria import registry
from reads.design.form_parts import (
    BASELINE,
    FOLLOW_UP,
    Document,
    add_before,
    check,
    choice,
    number,
    row_item,
    rows_of,
    section,
    test,
    yes_no,
)
from reads.design.product_items import (
    cite,
    follow_in_comparison,
    limit_targets,
    measure_products,
    name_disease,
)
from reads.design.response_items import CHESON, LUGANO
from reads.design.volume_items import as_number

Criteria = Mapping[str, Mapping[str, object]]
_CT = "Lugano 2014 CT-based response (Cheson 2014)"
_PET = "Lugano 2014 five-point scale (Barrington 2014)"
_CHESON = "Cheson 2007 table 2"
_STATES = (
    ("PRESENT", "Present"),
    ("ABSENT", "Gone"),
    ("NORMAL", "Normal again"),
    ("DECREASED", "Smaller"),
    ("STABLE", "Unchanged"),
    ("UNEQUIVOCAL PROGRESSION", "Clear progression"),
    ("NOT EVALUABLE", "Not evaluable"),
)
_SUV = "g/ml"
_DONE: Document = {"item": "pet.done", "is": True}
_READ: Document = {"item": "pet.readable", "is": True}
_AVID = ("4", "5")


#: each diameter of a mass too small to measure, where the charter names none (Cheson 2014)
_TOO_SMALL_MM = Decimal(5)


def begin(document: Document, criteria: Criteria) -> None:
    """Turn the form of RECIST 1.1 into one of lymphoma."""
    lugano = LUGANO in criteria
    clause = _CT if lugano else _CHESON
    small, most = _TOO_SMALL_MM, min(_most(criteria))
    if lugano:
        small = registry.get(LUGANO).options(criteria[LUGANO]).decimal("too_small_mm")
    measure_products(document, too_small_mm=small)
    limit_targets(document, most, _words(most), clause)
    name_disease(document, title="Non-measured disease", row="Non-measured disease", states=_STATES)
    follow_in_comparison(document, clause)
    masses = section(document, "target")
    masses["title"] = "Nodes and masses"
    masses["help"] = (
        f"The largest nodes and masses, at most {_words(most)}. Longest diameter and the longest "
        "one perpendicular to it, in one slice."
    )
    if lugano:
        document["checks"].append(_measurable(criteria[LUGANO]))
    _ask_of_new_lesions(document, criteria)
    add_before(document, "remarks", _organs(criteria))
    add_before(document, "remarks", _pet(criteria))
    document["checks"] += _pet_checks() if lugano else []
    cite(document, clause)


def _most(criteria: Criteria) -> Iterator[int]:
    for name in (LUGANO, CHESON):
        if name in criteria:
            yield registry.get(name).options(criteria[name]).integer("max_targets")


def _words(number_: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six")
    return words[number_] if number_ < len(words) else str(number_)


def _measurable(given: Mapping[str, object]) -> Document:
    options = registry.get(LUGANO).options(given)
    node, mass = options.decimal("abnormal_ldi_mm"), options.decimal("measurable_extranodal_mm")
    place = {"item": "target.lesions.location"}
    axis = "target.lesions.long_axis"
    return check(
        "TARGET_NOT_MEASURABLE",
        axis,
        {
            "any": [
                {
                    "all": [
                        {**place, "is": "LYMPH NODE"},
                        {"item": axis, "more_than": as_number(node)},
                    ]
                },
                {
                    "all": [
                        {**place, "is_not": "LYMPH NODE"},
                        {"item": axis, "more_than": as_number(mass)},
                    ]
                },
            ]
        },
        f"{{target.lesions.label}} has {{{axis}}}. A node is measurable above {node} mm, another "
        f"mass above {mass} mm. Record it as non-measured disease.",
        _CT,
        when={"all": [BASELINE, {"item": "target.lesions.state", "is": "MEASURED"}]},
    )


def _ask_of_new_lesions(document: Document, criteria: Criteria) -> None:
    """A new node counts by its size; another lesion counts when it is clearly lymphoma."""
    rows = rows_of(document, "new")
    certain = {"item": "new.lesions.certainty", "is": "UNEQUIVOCAL"}
    node = {"item": "new.lesions.location", "is": "LYMPH NODE"}
    axis = row_item(document, "new", "long_axis")
    axis["required"] = certain if CHESON in criteria else {"all": [certain, node]}
    if LUGANO in criteria:
        place = next(n for n, each in enumerate(rows) if each["key"] == "certainty") + 1
        rows.insert(
            place,
            yes_no("due_to_lymphoma", "Due to lymphoma", shown_when=certain),
        )


# Spleen, marrow and what grows elsewhere


def _organs(criteria: Criteria) -> Document:
    items: list[Document] = []
    if LUGANO in criteria:
        items += [
            number(
                "spleen", "Length of the spleen", "mm", maximum="500", required=True,
                units={"cm": "10"}, absence=["not_done", "not_evaluable"], cdisc=test("LENGTH"),
                help="Vertical length; more than 130 mm is enlarged.",
            ),
            choice(
                "marrow",
                "Bone marrow",
                (
                    ("NORMAL", "Normal"),
                    ("INVOLVED", "Involved"),
                    ("NEW", "Newly or again involved"),
                    ("INDETERMINATE", "Indeterminate"),
                    ("NOT EVALUABLE", "Not evaluable"),
                ),
            ),
        ]  # fmt: skip
    if CHESON in criteria:
        items.append(
            yes_no(
                "growth", "Growth of liver, spleen or other disease that is not measured",
                shown_when=FOLLOW_UP,
            )
        )  # fmt: skip
    return {"key": "organs", "title": "Spleen, marrow, other organs", "items": items}


# PET


def _pet(criteria: Criteria) -> Document:
    items = [
        yes_no("done", "Was a PET read at this time point?"),
        yes_no("readable", "Can the PET be read?", shown_when=_DONE),
    ]
    if LUGANO in criteria:
        items += [*_score(), *_change()]
    if CHESON in criteria:
        items += [
            yes_no("avid", "FDG-avid disease", shown_when={"all": [BASELINE, _READ]}),
            yes_no(
                "positive", "PET positive", shown_when={"all": [FOLLOW_UP, _READ]},
                help="Uptake above the mediastinal blood pool, or above background in a small "
                "lesion.",
            ),
        ]  # fmt: skip
    return {"key": "pet", "title": "PET", "items": items}


def _score() -> list[Document]:
    uptake: dict[str, Any] = {
        "decimals": 2,
        "shown_when": _READ,
        "required": True,
        "maximum": "100",
    }
    return [
        choice(
            "deauville",
            "Highest five-point score of the known sites",
            (
                ("1", "1: no uptake above background"),
                ("2", "2: up to mediastinum"),
                ("3", "3: above mediastinum, up to liver"),
                ("4", "4: moderately above liver"),
                ("5", "5: markedly above liver"),
            ),
            shown_when=_READ,
            cdisc=test("DEAUVSCR"),
        ),
        {
            "key": "hottest_site",
            "label": "Hottest site",
            "kind": "text",
            "max_length": 60,
            "shown_when": {"item": "pet.deauville", "one_of": list(_AVID)},
            "required": True,
            "absence": [],
        },
        number("hottest_suv", "SUVmax of the hottest site", _SUV, cdisc=test("SUVMAX"), **uptake),
        number("liver_suv", "Uptake of the liver, SUVmax", _SUV, **uptake),
        number("mediastinum_suv", "Uptake of the mediastinum, SUVmax", _SUV, **uptake),
    ]


def _change() -> list[Document]:
    later = {"all": [FOLLOW_UP, _READ]}
    return [
        choice(
            "uptake_change",
            "Uptake against baseline",
            (("REDUCED", "Lower"), ("UNCHANGED", "No significant change"), ("INCREASED", "Higher")),
            shown_when={"all": [*later["all"], _still_avid()]},
        ),
        choice(
            "new_avid",
            "New FDG-avid focus",
            (
                ("NONE", "None"),
                ("CONSISTENT WITH LYMPHOMA", "Consistent with lymphoma"),
                ("EQUIVOCAL", "Equivocal"),
                ("UNRELATED", "Unlikely to be lymphoma (X)"),
            ),
            shown_when=later,
        ),
        yes_no("marrow_avid", "FDG-avid disease of the marrow", shown_when=later),
    ]


def _still_avid() -> Document:
    return {
        "any": [
            {"item": "pet.deauville", "one_of": list(_AVID)},
            {"item": "pet.marrow_avid", "is": True},
        ]
    }


def _pet_checks() -> list[Document]:
    hot = "pet.hottest_suv"
    liver, mediastinum = {"other": "pet.liver_suv"}, {"other": "pet.mediastinum_suv"}
    rows: tuple[tuple[str, list[str], Document, str], ...] = (
        ("DEAUVILLE_2_ABOVE_MEDIASTINUM", ["1", "2"], {"at_most": mediastinum},
         ("Score {pet.deauville} means uptake up to the mediastinum, but {pet.hottest_suv} is "
          "above {pet.mediastinum_suv}.")),
        ("DEAUVILLE_3_ABOVE_LIVER", ["3"], {"at_most": liver},
         "Score 3 means uptake up to the liver, but {pet.hottest_suv} is above {pet.liver_suv}."),
        ("DEAUVILLE_4_BELOW_LIVER", list(_AVID), {"more_than": liver},
         ("Score {pet.deauville} means uptake above the liver, but {pet.hottest_suv} is not "
          "above {pet.liver_suv}.")),
    )  # fmt: skip
    found = [
        check(
            name, hot, {"item": hot, **must}, message, _PET,
            when={"item": "pet.deauville", "one_of": scores}, level="warning",
        )
        for name, scores, must, message in rows
    ]  # fmt: skip
    both = [{"item": f"pet.{one}_suv", "answered": True} for one in ("liver", "mediastinum")]
    found.append(
        check(
            "DEAUVILLE_MISSING_REFERENCE", "pet.deauville", {"all": both},
            "The five-point score needs the uptake of liver and mediastinum. Enter both.", _PET,
            when={"item": "pet.deauville", "answered": True},
        )
    )  # fmt: skip
    return found
