"""Rules shared by the RANO family: size response and the time-point response around it.

A `Variety` holds what differs between RANO-HGG 2010, RANO-LGG 2011 and RANO 2.0: the unit of size
and the limits. Sources: Wen et al., J Clin Oncol 2010;28:1963; van den Bent et al., Lancet Oncol
2011;12:583; Wen et al., J Clin Oncol 2023;41:5187 (as tabulated in criteria.md section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from reads.criteria.arithmetic import grown_by, percent_change, percent_words, shrunk_by, words
from reads.criteria.nadir import change_rule, nadir_rule
from reads.criteria.rano_facts import (
    ClinicalStatus,
    Enhancement,
    NonMeasurable,
    Steroids,
    T2Flair,
)
from reads.criteria.sums import complete_sum, partial_sum, sum_rule
from reads.criteria.trace import Inputs, Rule, Value

AREA, VOLUME = "mm²", "ml"
NO_STEROIDS = (Steroids.NONE, Steroids.REPLACEMENT)
# What each sign of progression is called in a sentence.
SIGN_WORDS: Mapping[str, str] = {
    "size": "the measured lesions grew to the limit of progression",
    "non_measurable": "non-measurable disease clearly progressed",
    "t2_flair": "T2/FLAIR increased significantly",
    "enhancement": "enhancement is new or increased",
    "new_lesion": "there is a new lesion",
    "clinical": "the clinical status declined without another cause",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variety:
    """What differs between the members of the RANO family.

    mr_percent is None where there is no minor response. clause and response_clause are shown
    behind each sentence.
    """

    key: str
    clause: str
    unit: str
    pr_percent: Decimal
    pd_percent: Decimal
    mr_percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRules:
    """The rules for the sizes of one variety (of one component of the tumour)."""

    total: Rule
    nadir: Rule
    from_baseline: Rule
    from_nadir: Rule
    response: Rule

    def all(self) -> tuple[Rule, ...]:
        """Return the rules for registration."""
        return (self.total, self.nadir, self.from_baseline, self.from_nadir, self.response)


def size_rules(variety: Variety, *, what: str, prefix: str = "") -> SizeRules:
    """Return the rules for sum, nadir, changes and size response.

    `what` names the sum in sentences; `prefix` keeps the keys of two components apart.
    """
    key, unit, clause = f"{variety.key}.{prefix}", variety.unit, variety.clause
    limits = f"PR from {variety.pr_percent} % below baseline, PD from {variety.pd_percent} %"
    return SizeRules(
        total=sum_rule(key=f"{key}sum", clause=clause, unit=unit, what=what),
        nadir=nadir_rule(key=f"{key}nadir_before", clause=clause, unit=unit),
        from_baseline=change_rule(
            key=f"{key}pct_change_baseline", clause=clause, unit=unit, reference="baseline"
        ),
        from_nadir=change_rule(
            key=f"{key}pct_change_nadir", clause=clause, unit=unit, reference="nadir"
        ),
        response=Rule(
            key=f"{key}measured_response",
            clause=clause,
            statement=f"{limits} above the nadir, CR when all is gone, SD in between.",
            compute=measured_response,
            say=say_measured,
        ),
    )


def measured_response(inputs: Inputs) -> Value:
    """Return the size response: PD before PR; values present alone may already show PD."""
    values = inputs["values"]
    if not values:
        return "NOT_APPLICABLE"
    total, present = complete_sum(values), partial_sum(values)
    if total == 0:
        return "CR"
    if _progressed(present, inputs["nadir"], inputs["pd_percent"]):
        return "PD"
    if total is None or inputs["baseline"] is None:
        return "NE"
    return _shrinkage(total, inputs)


def _progressed(present: Decimal | None, nadir: Decimal | None, percent: Decimal) -> bool:
    if present is None or nadir is None:
        return False
    return present > 0 and grown_by(present, nadir, percent)


def _shrinkage(total: Decimal, inputs: Inputs) -> str:
    if shrunk_by(total, inputs["baseline"], inputs["pr_percent"]):
        return "PR"
    minor = inputs["mr_percent"]
    if minor is not None and shrunk_by(total, inputs["baseline"], minor):
        return "MR"
    return "SD"


def say_measured(inputs: Inputs, value: Value) -> str:
    """Write the size response with the change that decided it."""
    total, unit = partial_sum(inputs["values"]), inputs["unit"]
    if value == "NOT_APPLICABLE":
        return "No measurable lesion at baseline"
    if value == "CR":
        return "All measured lesions are gone: CR"
    if value == "NE" or total is None:
        return "A measured lesion has no value and the others do not show progression: NE"
    reference, name = (
        (inputs["nadir"], "nadir") if value == "PD" else (inputs["baseline"], "baseline")
    )
    if reference == 0:
        return f"Sum {words(total, unit)} after a {name} of 0: {value}"
    change = percent_change(total, reference)
    side = "above" if total >= reference else "below"
    return (
        f"Sum {words(total, unit)} is {percent_words(change)} {side} the {name} of "
        f"{words(reference, unit)}: {value}"
    )


def steroids_against_baseline(inputs: Inputs) -> Value:
    """Return the steroid finding: as recorded, otherwise from the doses in mg a day.

    No dose is NONE, a replacement dose REPLACEMENT; other doses are compared with baseline, and
    are PRESENT when the baseline dose is not known.
    """
    dose, before = inputs["dose_mg"], inputs["baseline_dose_mg"]
    if inputs["recorded"] is not None or dose is None:
        return inputs["recorded"]
    if dose == 0:
        return Steroids.NONE
    if inputs["replacement"]:
        return Steroids.REPLACEMENT
    if before is None:
        return Steroids.PRESENT
    if dose == before:
        return Steroids.STABLE
    return Steroids.INCREASED if dose > before else Steroids.DECREASED


def say_steroids(inputs: Inputs, value: Value) -> str:
    """Write the steroid finding."""
    if inputs["recorded"] is not None or value is None:
        return f"Steroids recorded as {value or 'nothing'}"
    before = words(inputs["baseline_dose_mg"], "mg")
    return f"Dexamethasone {words(inputs['dose_mg'], 'mg')} a day, baseline {before}: {value}"


def steroid_rule(*, key: str, clause: str) -> Rule:
    """Return the rule for the steroid dose against baseline."""
    return Rule(
        key=f"{key}.steroids",
        clause=clause,
        statement="The steroid dose is compared with that of the baseline.",
        compute=steroids_against_baseline,
        say=say_steroids,
    )


def overall_rule(*, key: str, clause: str) -> Rule:
    """Return the rule for the response of a time point (`overall_response`)."""
    return Rule(
        key=f"{key}.overall_response",
        clause=clause,
        statement=(
            "PD for any sign of progression: size or T2/FLAIR on stable or higher steroids, "
            "non-measurable disease, a new lesion, clinical decline. CR, PR, MR and SD need the "
            "size response and stable or better T2/FLAIR, steroids and clinical status; CR needs "
            "no steroids above replacement. A higher steroid dose alone leaves the response open."
        ),
        compute=overall_response,
        say=say_overall,
    )


def progression_signs(inputs: Inputs) -> tuple[str, ...]:
    """Return the signs of progression that count at this time point.

    Growth of size and T2/FLAIR counts on stable or higher steroids only. In the early period
    after chemoradiation imaging counts only outside the high-dose field or with histology.
    """
    signs = _imaging_signs(inputs)
    if is_early(inputs):
        outside = inputs["outside_field"] is True
        signs = [s for s in signs if inputs["histology"] or (outside and s == "new_lesion")]
    early_clinical = is_early(inputs) and inputs["early_decline_needs_imaging"]
    if inputs["clinical_status"] == ClinicalStatus.WORSE and (signs or not early_clinical):
        signs.append("clinical")
    return tuple(signs)


def is_early(inputs: Inputs) -> bool:
    """Return whether the time point lies in the early period after chemoradiation."""
    weeks = inputs["weeks_since_rt"]
    return weeks is not None and weeks < inputs["early_weeks"]


def _imaging_signs(inputs: Inputs) -> list[str]:
    comparable = inputs["steroids"] != Steroids.DECREASED
    judged = inputs["judge_t2_flair"]
    found = {
        "size": inputs["measured"] == "PD" and comparable,
        "non_measurable": inputs["non_measurable"] == NonMeasurable.PROGRESSED,
        "t2_flair": judged and inputs["t2_flair"] == T2Flair.INCREASED and comparable,
        "enhancement": inputs["enhancement"] == Enhancement.INCREASED,
        "new_lesion": inputs["new_lesion"] or inputs["outside_field"] is True,
    }
    return [sign for sign, there in found.items() if there]


def overall_response(inputs: Inputs) -> Value:
    """Return the response of the time point."""
    if not inputs["assessed"]:
        return "PD" if _failed_to_return(inputs) else "NE"
    if progression_signs(inputs):
        return "PD"
    if inputs["steroids"] == Steroids.INCREASED:
        return inputs["steroid_rise"]
    if _growth_held_back(inputs):
        return inputs["growth_not_called_pd"]
    if missing_parts(inputs):
        return "NE"
    return _without_progression(inputs)


def _failed_to_return(inputs: Inputs) -> bool:
    declined = inputs["clinical_status"] == ClinicalStatus.WORSE
    return bool(inputs["failure_to_return_is_pd"]) and declined


def _growth_held_back(inputs: Inputs) -> bool:
    signs = _imaging_signs({**inputs, "steroids": Steroids.STABLE})
    held = inputs["clinical_status"] == ClinicalStatus.WORSE
    return bool(signs) or held


def missing_parts(inputs: Inputs) -> tuple[str, ...]:
    """Return the parts that the categories other than PD need and that were not assessed."""
    needed = {
        "T2/FLAIR": inputs["judge_t2_flair"] and _unknown(inputs["t2_flair"]),
        "non-measurable disease": inputs["non_measurable"] == NonMeasurable.NOT_EVALUABLE,
        "enhancement": inputs["enhancement"] == Enhancement.NOT_EVALUABLE,
        "steroids": inputs["steroids"] is None,
        "clinical status": _unknown(inputs["clinical_status"]),
    }
    return tuple(part for part, missing in needed.items() if missing)


def _unknown(value: Value) -> bool:
    return value is None or value == "NOT_EVALUABLE"


def _without_progression(inputs: Inputs) -> str:
    measured: str = inputs["measured"]
    clear = inputs["non_measurable"] in (None, NonMeasurable.NONE)
    if measured == "NOT_APPLICABLE":
        gone = clear and not inputs["non_measurable_best_is_sd"]
        return "CR" if gone and inputs["steroids"] in NO_STEROIDS else "SD"
    if measured == "CR" and not (clear and inputs["steroids"] in NO_STEROIDS):
        return "PR"
    return measured


def say_overall(inputs: Inputs, value: Value) -> str:
    """Write the response of the time point with what decided it."""
    if not inputs["assessed"]:
        why = " after a decline in condition" if value == "PD" else ""
        return f"No imaging at this time point{why}: {value}"
    signs = progression_signs(inputs)
    if signs:
        return f"Progression because {', '.join(SIGN_WORDS[sign] for sign in signs)}: {value}"
    if inputs["steroids"] == Steroids.INCREASED:
        return f"Higher steroid dose without another sign of progression leaves it open: {value}"
    if _growth_held_back(inputs):
        where = (
            f"within {inputs['early_weeks']} weeks after chemoradiation and inside the field"
            if is_early(inputs)
            else "on a lower steroid dose"
        )
        return f"Growth {where} is not called progression: {value}"
    return f"{_rest(inputs, value)}: {value}"


def _rest(inputs: Inputs, value: Value) -> str:
    missing = missing_parts(inputs)
    if inputs["measured"] != "NE" and missing:
        return f"Not assessed: {', '.join(missing)}"
    if inputs["measured"] == "CR" and value == "PR":
        if inputs["steroids"] in NO_STEROIDS:
            return "All measured disease gone but non-measurable disease remains"
        return "All measured disease gone but steroids above replacement exclude CR"
    return f"Size response {inputs['measured']}, no sign of progression, all conditions hold"


MIXED_ORDER = ("CR", "SD", "MR", "PR")


def mixed_response(inputs: Inputs) -> Value:
    """Combine enhancing and non-enhancing responses of a mixed tumour (RANO 2.0).

    PD with anything is PD. CR with SD, MR or PR is the other one; MR or PR with SD is MR or PR.
    A component that was never there leaves the other one; NE with anything but PD is NE.
    """
    pair = (inputs["enhancing_response"], inputs["non_enhancing_response"])
    if "PD" in pair:
        return "PD"
    present = [response for response in pair if response != "NOT_APPLICABLE"]
    if "NE" in present:
        return "NE"
    if not present:
        return "NOT_APPLICABLE"
    return max(present, key=MIXED_ORDER.index)


def say_mixed(inputs: Inputs, value: Value) -> str:
    """Write both components and what follows."""
    return (
        f"Enhancing tumour {inputs['enhancing_response']}, non-enhancing tumour "
        f"{inputs['non_enhancing_response']}: {value}"
    )
