"""What PERCIST asks: SULpeak of the hottest lesion, liver, glycolysis, new avid lesions.

It needs no set of lesions. Beside other criteria it is one more section; alone it is a form of
image quality and uptake.

Source: Wahl 2009, as tabulated in criteria 8. SUL is normalised to lean body mass.
"""

from __future__ import annotations

from reads.design.form_parts import (
    BASELINE,
    FOLLOW_UP,
    Document,
    add_before,
    check,
    number,
    test,
    yes_no,
)

_CLAUSE = "PERCIST 1.0, Wahl 2009 table"
_SUL = "g/ml"
_LESIONS = ("target", "non_target", "new")


def leave_lesions_out(document: Document) -> None:
    """Take the lesions of RECIST 1.1 out, with everything that looks at them."""
    gone = {f"{key}." for key in _LESIONS}
    document["sections"] = [each for each in document["sections"] if each["key"] not in _LESIONS]
    document["checks"] = [
        each for each in document["checks"] if not any(f'"{key}' in _text(each) for key in gone)
    ]
    document["checks"] = [each for each in document["checks"] if each["id"] != "BASELINE_TOO_OLD"]
    for each in document["checks"]:
        if str(each.get("clause", "")).startswith("RECIST"):
            each["clause"] = _CLAUSE
    comment = next(each for each in document["sections"] if each["key"] == "remarks")["items"][0]
    parts = comment["required"]["any"]
    comment["required"]["any"] = [one for one in parts if "any_row" not in one]
    for name in ("baseline.sum_mm", "nadir.sum_mm"):
        del document["context"][name]


def _text(each: Document) -> str:
    return str(each).replace("'", '"')


def add(document: Document) -> None:
    """Ask for the uptake before the comments."""
    add_before(document, "remarks", _uptake())
    document["checks"] += _checks()


def _uptake() -> Document:
    avid = {"item": "uptake.resolved", "is": False}
    return {
        "key": "uptake",
        "title": "Uptake of FDG",
        "help": "SUL, normalised to lean body mass. SULpeak is the mean of a sphere of 1 cm³.",
        "items": [
            yes_no("done", "Was a PET read at this time point?"),
            yes_no(
                "resolved", "Is all uptake at or under background and liver?",
                shown_when={"item": "uptake.done", "is": True},
            ),
            number(
                "sul_peak", "SULpeak of the hottest lesion", _SUL, decimals=2, maximum="200",
                shown_when=avid, required=True, cdisc=test("SULPEAK"),
            ),
            {
                "key": "site", "label": "Hottest lesion", "kind": "text", "max_length": 60,
                "shown_when": avid, "required": True, "absence": [],
                "cdisc": {"dataset": "TU", "variable": "TULOC"},
            },
            number(
                "liver_sul", "SUL of the liver, mean", _SUL, decimals=2, maximum="50",
                shown_when={"item": "uptake.done", "is": True}, required=True,
                help="Sphere of 3 cm in the right lobe.",
            ),
            number(
                "glycolysis", "Total lesion glycolysis", "g", decimals=1, maximum="100000",
                shown_when=avid,
            ),
            yes_no(
                "new_lesion", "Is there a new FDG-avid lesion typical of cancer?",
                shown_when={"all": [FOLLOW_UP, {"item": "uptake.done", "is": True}]},
            ),
        ],
    }  # fmt: skip


def _checks() -> list[Document]:
    peak = "uptake.sul_peak"
    return [
        check(
            "PERCIST_BASELINE_RESOLVED", "uptake.resolved",
            {"item": "uptake.resolved", "is": False},
            "Without uptake above the liver at baseline there is nothing to compare with.",
            _CLAUSE, when=BASELINE, level="warning",
        ),
        check(
            "PERCIST_PEAK_UNDER_LIVER", peak,
            {"item": peak, "more_than": {"other": "uptake.liver_sul"}},
            "SULpeak {uptake.sul_peak} is not above the liver ({uptake.liver_sul}). Is this the "
            "hottest lesion, or is all uptake resolved?",
            _CLAUSE, level="warning",
        ),
        check(
            "PERCIST_NEW_AND_RESOLVED", "uptake.new_lesion",
            {"item": "uptake.resolved", "is": False},
            "A new avid lesion is uptake above background: not all uptake is resolved.",
            _CLAUSE, when={"item": "uptake.new_lesion", "is": True},
        ),
    ]  # fmt: skip
