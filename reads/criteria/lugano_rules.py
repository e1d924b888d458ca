"""Rules of Lugano 2014: CT response, PET response by the five-point scale, overall response.

Cheson et al., J Clin Oncol 2014;32:3059-3068; Barrington et al., J Clin Oncol 2014;32:3048-3058,
as tabulated in criteria.md section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from reads.criteria.arithmetic import grown_by, percent_change, percent_words, shrunk_by, words
from reads.criteria.base import DecisionTable
from reads.criteria.errors import not_among
from reads.criteria.facts import Certainty
from reads.criteria.lugano_facts import AvidLesion, Kind, Marrow, NonMeasured, UptakeChange
from reads.criteria.nadir import change_rule
from reads.criteria.sums import complete_sum, sum_rule
from reads.criteria.trace import Inputs, Rule, Value

KEY = "LUGANO2014"
CT_CLAUSE = "Lugano 2014 CT-based response (Cheson 2014)"
PET_CLAUSE = "Lugano 2014 five-point scale (Barrington 2014)"
CLAUSE = "Lugano 2014 (Cheson 2014)"
UNIT = "mm²"
HIGHEST_CMR_SCORE = 3
Size = tuple[Decimal, Decimal]

SPD = sum_rule(key=f"{KEY}.spd_mm2", clause=CT_CLAUSE, unit=UNIT, what="Sum of products")
FROM_BASELINE = change_rule(
    key=f"{KEY}.pct_change_baseline", clause=CT_CLAUSE, unit=UNIT, reference="baseline"
)


def product_of(key: str, size: Size, split: Mapping[str, Decimal] | None) -> Decimal:
    """Return the product of a target in mm²; of a split one that of all its pieces (Cheson 2014).

    `split` holds the targets that have split; None where none has.
    """
    whole = size[0] * size[1]
    return whole if split is None else split.get(key, whole)


def products_of(
    sizes: Mapping[str, Size | None], split: Mapping[str, Decimal] | None
) -> dict[str, Decimal | None]:
    """Return the product of every target; None for one without a size."""
    return {
        key: None if size is None else product_of(key, size, split) for key, size in sizes.items()
    }


# Progression of one lesion -----------------------------------------------------------------


def lesion_progressed(
    now: Size, product: Decimal, nadir: Mapping[str, Decimal], limits: Inputs
) -> bool:
    """Return whether one target progressed on its own (all three conditions, Cheson 2014).

    `nadir` holds the smallest earlier `ldi`, `sdi` and `ppd` of the lesion.
    """
    ldi, sdi = now
    if ldi <= limits["abnormal_ldi_mm"]:
        return False
    if not grown_by(product, nadir["ppd"], limits["lesion_growth_pct"]):
        return False
    size = nadir["ldi"] if limits["growth_size_at"] == "nadir" else ldi
    small = size <= limits["large_lesion_mm"]
    least = limits["growth_small_mm"] if small else limits["growth_large_mm"]
    growth = max(ldi - nadir["ldi"], sdi - nadir["sdi"])
    return bool(growth >= least if limits["growth_inclusive"] else growth > least)


def _progressed_ids(inputs: Inputs) -> tuple[str, ...]:
    split = inputs.get("split_products")
    return tuple(
        key
        for key, size in inputs["sizes"].items()
        if size is not None
        and key in inputs["nadirs"]
        and lesion_progressed(
            size, product_of(key, size, split), inputs["nadirs"][key], inputs["limits"]
        )
    )


def _say_lesions(inputs: Inputs, value: Value) -> str:
    if not value:
        return "No target progressed on its own"
    parts = []
    for key in value:
        ldi, sdi = inputs["sizes"][key]
        nadir = inputs["nadirs"][key]
        now = product_of(key, (ldi, sdi), inputs.get("split_products"))
        change = percent_change(now, nadir["ppd"])
        grown = f"{percent_words(change)} above" if change is not None else "after"
        parts.append(
            f"{key} {words(ldi)} x {words(sdi, 'mm')}, product {grown} its nadir of "
            f"{words(nadir['ppd'], UNIT)}"
        )
    return f"Progression of {'; '.join(parts)}"


PROGRESSED = Rule(
    key=f"{KEY}.progressed_lesions",
    clause=CT_CLAUSE,
    statement=(
        "A target progressed when LDi is above 15 mm, its product is at least 50 % above its own "
        "nadir and LDi or SDi grew by 5 mm (lesions up to 20 mm) or 10 mm (larger ones)."
    ),
    compute=_progressed_ids,
    say=_say_lesions,
)


# Spleen -----------------------------------------------------------------------------------


def spleen_state(inputs: Inputs) -> Value:
    """Return NORMAL, PROGRESSED, REGRESSED, ENLARGED, or NOT_EVALUABLE for the spleen.

    REGRESSED: the excess over normal fell by more than half. NOT_APPLICABLE without any length.
    """
    now, baseline = inputs["spleen_mm"], inputs["baseline_mm"]
    earlier, normal = inputs["reference_mm"], inputs["normal_mm"]
    if now is None:
        enlarged = baseline is not None and baseline > normal
        return "NOT_EVALUABLE" if enlarged else "NOT_APPLICABLE"
    if earlier is not None and _spleen_progressed(now, earlier, inputs):
        return "PROGRESSED"
    if now <= normal:
        return "NORMAL"
    if baseline is None or baseline <= normal:
        return "ENLARGED"
    return "REGRESSED" if 2 * (now - normal) < baseline - normal else "ENLARGED"


def _spleen_progressed(now: Decimal, earlier: Decimal, inputs: Inputs) -> bool:
    normal = inputs["normal_mm"]
    if earlier > normal:
        return bool(2 * (now - earlier) > earlier - normal)
    enough = now - earlier >= inputs["new_growth_mm"]
    return bool(enough and (now > normal or not inputs["must_exceed_normal"]))


def _say_spleen(inputs: Inputs, value: Value) -> str:
    now = inputs["spleen_mm"]
    if now is None:
        return f"No length of the spleen: {value}"
    normal = words(inputs["normal_mm"], "mm")
    earlier = inputs["reference_mm"]
    before = f" after {words(earlier, 'mm')}" if earlier is not None else ""
    return f"Spleen {words(now, 'mm')}{before}, normal up to {normal}: {value}"


SPLEEN = Rule(
    key=f"{KEY}.spleen",
    clause=CT_CLAUSE,
    statement=(
        "Spleen: normal up to 130 mm; regressed when the excess fell by more than half; "
        "progressed when it grew by more than half of the earlier excess, or by 20 mm or more "
        "if it was not enlarged."
    ),
    compute=spleen_state,
    say=_say_spleen,
)


# New lesions ------------------------------------------------------------------------------


def _new_lesions(inputs: Inputs) -> Value:
    return tuple(
        key for key, found in inputs["findings"].items() if is_new_lymphoma(found, inputs)
    ) + tuple(
        key
        for key, size in inputs["regrown"].items()
        if size is not None and size > inputs["extranodal_mm"]
    )


def is_new_lymphoma(found: Mapping[str, Value], limits: Inputs) -> bool:
    """Return whether a finding counts as a new lesion.

    A node above 15 mm in any axis; an extranodal lesion that is unequivocal and due to lymphoma,
    whatever its size; any other clear lymphoma. A finding that is not certain never counts.
    """
    if found["certainty"] != Certainty.UNEQUIVOCAL or not found["due_to_lymphoma"]:
        return False
    largest = found["largest_mm"]
    if found["kind"] != Kind.NODE or largest is None:
        return True
    return bool(largest > limits["node_mm"])


def _say_new(inputs: Inputs, value: Value) -> str:
    if not value:
        seen = ", ".join(inputs["findings"])
        return f"No new lesion{f' among {seen}' if seen else ''}"
    return f"New or regrown lesion {', '.join(value)}"


NEW_LESIONS = Rule(
    key=f"{KEY}.new_lesions",
    clause=CT_CLAUSE,
    statement=(
        "New: a node above 15 mm in any axis, an unequivocal extranodal lesion, any other clear "
        "lymphoma, or an extranodal lesion that had gone and is back above 10 mm."
    ),
    compute=_new_lesions,
    say=_say_new,
)


# CT response ------------------------------------------------------------------------------


def progression_signs(inputs: Inputs) -> tuple[str, ...]:
    """Return the signs of progression on CT; any one of them is PD."""
    found = {
        f"target {', '.join(inputs['progressed_lesions'])} progressed": bool(
            inputs["progressed_lesions"]
        ),
        "non-measured disease clearly progressed": inputs["nonmeasured"] == NonMeasured.PROGRESSED,
        "the spleen progressed": inputs["spleen"] == "PROGRESSED",
        "there is a new lesion": bool(inputs["new_lesions"]),
        "marrow involvement is new": inputs["marrow"] == Marrow.NEW,
    }
    return tuple(sign for sign, there in found.items() if there)


def ct_response(inputs: Inputs) -> Value:
    """Return the CT response: PD is tested first, then CR, PR, SD."""
    if not inputs["assessed"]:
        return "NE"
    if not inputs["ct_done"]:
        return "NOT_DONE"
    if progression_signs(inputs):
        return "PD"
    if any(size is None for size in inputs["sizes"].values()):
        return "NE"
    if _unknown_parts(inputs) and inputs["unknown_part"] == "NE":
        return "NE"
    if _complete(inputs):
        return "CR"
    return "PR" if _partial(inputs) else "SD"


def _unknown_parts(inputs: Inputs) -> bool:
    return "NOT_EVALUABLE" in (inputs["nonmeasured"], inputs["spleen"])


def _targets_normal(inputs: Inputs) -> bool:
    for key, (ldi, _sdi) in inputs["sizes"].items():
        limit = inputs["normal_node_mm"] if inputs["kinds"][key] == Kind.NODE else 0
        if ldi > limit:
            return False
    return True


def _complete(inputs: Inputs) -> bool:
    return (
        _targets_normal(inputs)
        and inputs["nonmeasured"] in (NonMeasured.ABSENT, NonMeasured.NORMAL)
        and inputs["spleen"] in ("NORMAL", "NOT_APPLICABLE")
        and inputs["marrow"] in (None, Marrow.NORMAL)
    )


def _partial(inputs: Inputs) -> bool:
    total, baseline = complete_sum(_products(inputs)), inputs["baseline_spd"]
    if total is None or baseline is None:
        return False
    stable = inputs["nonmeasured"] == NonMeasured.STABLE
    enlarged = inputs["spleen"] == "ENLARGED" and inputs["spleen_enlarged_at_baseline"]
    return (
        shrunk_by(total, baseline, inputs["pr_decrease_pct"])
        and (not stable or inputs["stable_nonmeasured_allows_pr"])
        and not enlarged
    )


def _products(inputs: Inputs) -> dict[str, Decimal | None]:
    return products_of(inputs["sizes"], inputs.get("split_products"))


def _say_ct(inputs: Inputs, value: Value) -> str:
    if value == "NOT_DONE":
        return "No CT was read: NOT_DONE"
    if not inputs["assessed"]:
        return "No imaging at this time point: NE"
    signs = progression_signs(inputs)
    if signs:
        return f"Progression on CT because {', '.join(signs)}: {value}"
    if value == "NE":
        return "A target or another needed part has no value and nothing shows progression: NE"
    total, baseline = complete_sum(_products(inputs)), inputs["baseline_spd"]
    size = "No target at baseline"
    if total is not None and baseline:
        change = percent_change(total, baseline)
        side = "below" if total <= baseline else "above"
        size = f"Sum of products {words(total, UNIT)} is {percent_words(change)} {side} baseline"
    rest = f"non-measured disease {inputs['nonmeasured']}, spleen {inputs['spleen']}"
    return f"{size}, {rest}: {value}"


CT_RESPONSE = Rule(
    key=f"{KEY}.ct_response",
    clause=CT_CLAUSE,
    statement=(
        "PD for any sign of progression; CR when nodes are 15 mm or less, extranodal and "
        "non-measured disease gone, spleen and marrow normal; PR from 50 % decrease of the sum of "
        "products with no increase elsewhere and a regressed spleen; SD otherwise."
    ),
    compute=ct_response,
    say=_say_ct,
)


# PET response -----------------------------------------------------------------------------


def pet_response(inputs: Inputs) -> Value:
    """Return CMR, PMR, NMR, PMD or NE; NOT_DONE without a PET."""
    if not inputs["assessed"]:
        return "NE"
    if not inputs["pet_done"]:
        return "NOT_DONE"
    if not inputs["readable"]:
        return "NE"
    if inputs["new_avid_lesion"] == AvidLesion.CONSISTENT_WITH_LYMPHOMA:
        return "PMD"
    score = inputs["deauville"]
    if score is None:
        return "NE"
    if score <= HIGHEST_CMR_SCORE and not inputs["marrow_avid"]:
        return "CMR"
    return PET_CHANGE.get(inputs["uptake_change"], "NE")


PET_CHANGE: Mapping[str | None, str] = {
    UptakeChange.REDUCED: "PMR",
    UptakeChange.UNCHANGED: "NMR",
    UptakeChange.INCREASED: "PMD",
}


def _say_pet(inputs: Inputs, value: Value) -> str:
    if value == "NOT_DONE":
        return "No PET: NOT_DONE"
    if not inputs["assessed"] or not inputs["readable"]:
        return "The PET cannot be evaluated: NE"
    if inputs["new_avid_lesion"] == AvidLesion.CONSISTENT_WITH_LYMPHOMA:
        return f"New FDG-avid focus consistent with lymphoma: {value}"
    unrelated = ", new uptake unlikely to be lymphoma (X)" if inputs["unrelated_uptake_x"] else ""
    if inputs["deauville"] is None:
        return f"No five-point score of known sites{unrelated}: {value}"
    change = inputs["uptake_change"]
    against = f", uptake {change.lower()} against baseline" if change else ""
    marrow = ", FDG-avid marrow" if inputs["marrow_avid"] else ""
    return f"Five-point score {inputs['deauville']}{against}{marrow}{unrelated}: {value}"


PET_RESPONSE = Rule(
    key=f"{KEY}.pet_response",
    clause=PET_CLAUSE,
    statement=(
        "CMR: score 1 to 3 without avid marrow. Score 4 or 5: PMR when lower than baseline, NMR "
        "when unchanged, PMD when higher. A new avid focus of lymphoma is PMD; X never is."
    ),
    compute=pet_response,
    say=_say_pet,
)


# Overall response -------------------------------------------------------------------------

PET_NAMES = ("CMR", "PMR", "NMR", "PMD", "NE", "NOT_DONE", "NOT_APPLICABLE")
CT_NAMES: Mapping[str, str] = {
    "CR": "CR",
    "CAR": "CR",
    "PR": "PR",
    "PAR": "PR",
    "SD": "SD",
    "SAD": "SD",
    "PD": "PD",
    "PAD": "PD",
    "NE": "NE",
    "NOT_DONE": "NE",
    "NOT_APPLICABLE": "NE",
}
PET_TABLE = DecisionTable(
    key=f"{KEY}.pet_to_overall",
    title="PET decides in FDG-avid lymphoma",
    clause=CLAUSE,
    columns=("pet_response",),
    rows=((("CMR",), "CR"), (("PMR",), "PR"), (("NMR",), "SD"), (("PMD",), "PD")),
)
CT_TABLE = DecisionTable(
    key=f"{KEY}.ct_to_overall",
    title="CT decides when PET is not done or the lymphoma is not FDG-avid",
    clause=CLAUSE,
    columns=("ct_response",),
    rows=tuple(((name,), response) for name, response in CT_NAMES.items()),
)


def overall_response(inputs: Inputs) -> Value:
    """Return the overall response: PET decides when it counts and was done, otherwise CT."""
    pet = inputs["pet_response"]
    decides = inputs["pet_counts"] and pet not in (None, "NOT_DONE", "NOT_APPLICABLE")
    if decides and pet == "NE" and inputs["pet_unreadable"] == "NE":
        return "NE"
    if decides and pet != "NE":
        return PET_TABLE.look_up(pet)
    return CT_TABLE.look_up(inputs["ct_response"] or "NOT_DONE")


def _say_overall(inputs: Inputs, value: Value) -> str:
    pet = inputs["pet_response"]
    if inputs["pet_counts"] and pet not in (None, "NE", "NOT_DONE", "NOT_APPLICABLE"):
        return f"PET {pet} decides, CT {inputs['ct_response']} is reported beside it: {value}"
    if inputs["pet_counts"] and pet == "NE":
        return f"The PET cannot be evaluated, CT {inputs['ct_response']}: {value}"
    return f"CT {inputs['ct_response']} decides: {value}"


OVERALL = Rule(
    key=f"{KEY}.overall_response",
    clause=CLAUSE,
    statement=(
        "CMR is CR, PMR is PR, NMR is SD, PMD is PD in FDG-avid lymphoma; CT decides when it is "
        "not avid or PET was not done."
    ),
    compute=overall_response,
    say=_say_overall,
)


def checked_responses(pet: str, ct: str) -> None:
    """Raise CriteriaError naming a component response that is unknown."""
    if pet not in PET_NAMES:
        raise not_among("input.pet_response", PET_NAMES)
    if ct not in CT_NAMES:
        raise not_among("input.ct_response", CT_NAMES)
