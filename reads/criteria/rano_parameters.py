"""What a charter may change in RANO."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from reads.criteria.parameter_rows import choice, count, flag, percent, quantity
from reads.criteria.parameters import Parameter
from reads.criteria.rano_rules import VOLUME, Variety

WEN_2023 = "RANO 2.0 (Wen 2023)"
TOO_SMALL_MM = quantity(
    "too_small_mm",
    5,
    "Each diameter of a lesion too small to measure.",
    unit="mm",
    clause="charter",
    maximum=10,
)
TOO_SMALL_ML = quantity(
    "too_small_ml",
    Decimal("0.065"),
    "Volume of a lesion too small to measure (a sphere of 5 mm).",
    unit="ml",
    clause="charter",
    maximum=10,
)
GROWTH_NOT_CALLED_PD = choice(
    "growth_not_called_pd",
    {"SD": "stable disease", "NE": "the category stays open"},
    "Response when growth may not be called progression.",
    clause="charter",
)
STEROID_RISE_DATES_PD = flag(
    "steroid_rise_dates_pd",
    "A PD that follows a steroid rise dates from the first rise.",
    clause=WEN_2023,
    question=7,
    readings={
        "true": "the date of progression is the first steroid rise",
        "false": "the date of progression is the scan that showed it",
    },
)
# Not verified in the papers; each member of the family cites its own clause.
UNVERIFIED = (
    flag(
        "ignore_t2_flair",
        "T2/FLAIR is not judged (RANO 2.0, enhancing tumours without antiangiogenic drugs).",
        clause=WEN_2023,
        verified=False,
    ),
    flag(
        "early_decline_needs_imaging",
        "Clinical decline alone is not PD in the early period after chemoradiation.",
        clause=WEN_2023,
        verified=False,
    ),
    flag(
        "non_measurable_best_is_sd",
        "With non-measurable disease only, SD is the best that can be reached.",
        clause=WEN_2023,
        verified=False,
    ),
    flag(
        "failure_to_return_is_pd",
        "No imaging because of a decline in condition counts as PD.",
        clause=WEN_2023,
        verified=False,
    ),
)
MINOR_RESPONSE = flag(
    "minor_response",
    "Minor response of non-enhancing disease (25 to 50 % in two dimensions).",
    clause=WEN_2023,
    verified=False,
    question=8,
    readings={"true": "applied", "false": "not applied"},
)
PD_CONFIRMATION_WEEKS = replace(
    count(
        "pd_confirmation_weeks",
        0,
        "Weeks after radiotherapy in which a PD counts only once confirmed.",
        clause=WEN_2023,
        minimum=0,
        maximum=52,
        unit="weeks",
    ),
    verified=False,
    question=8,
    readings={"0": "no confirmation of PD", "12": "PD within 12 weeks is confirmed"},
)


def parameters(
    variety: Variety, *, max_targets: int, early_weeks: int = 0, rano20: bool = False
) -> tuple[Parameter, ...]:
    """Return the parameters of one variety, without those of the best response."""
    return (
        *_limits(variety),
        *_sizes(variety, max_targets),
        *_time(variety, early_weeks, rano20=rano20),
        *_unverified(variety, rano20=rano20),
    )


def _limits(variety: Variety) -> tuple[Parameter, ...]:
    limits = [
        ("pr_decrease_pct", variety.pr_percent, "Decrease from baseline that makes a PR.", 100),
        ("pd_increase_pct", variety.pd_percent, "Increase over the nadir that makes a PD.", 1000),
    ]
    if variety.mr_percent is not None:
        limits.append(
            ("mr_decrease_pct", variety.mr_percent, "Decrease that makes a minor response.", 100)
        )
    return tuple(
        percent(name, default, meaning, clause=variety.clause, maximum=maximum)
        for name, default, meaning, maximum in limits
    )


def _sizes(variety: Variety, max_targets: int) -> tuple[Parameter, ...]:
    most = count(
        "max_targets",
        max_targets,
        "Most target lesions at baseline.",
        clause=variety.clause,
        maximum=20,
    )
    return (most, TOO_SMALL_ML if variety.unit == VOLUME else TOO_SMALL_MM)


def _time(variety: Variety, early_weeks: int, *, rano20: bool) -> tuple[Parameter, ...]:
    early = count(
        "early_weeks",
        early_weeks,
        "Weeks after chemoradiation in which growth inside the field is not PD.",
        clause=variety.clause,
        minimum=0,
        maximum=52,
        unit="weeks",
    )
    rise = choice(
        "steroid_rise",
        {
            "NE": "the category stays open until the dose is back",
            "SD": "a stable scan is stable disease whatever the dose",
        },
        "Response when only the steroid dose rose.",
        clause=variety.clause,
        question=7,
    )
    return (early, GROWTH_NOT_CALLED_PD, rise, replace(STEROID_RISE_DATES_PD, default=rano20))


def _unverified(variety: Variety, *, rano20: bool) -> tuple[Parameter, ...]:
    found = [replace(parameter, clause=variety.clause) for parameter in UNVERIFIED]
    found.append(PD_CONFIRMATION_WEEKS)
    if rano20 and variety.mr_percent is not None:
        found.append(replace(MINOR_RESPONSE, clause=variety.clause))
    return tuple(found)
