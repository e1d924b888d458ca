"""What a charter may change in RANO."""

from __future__ import annotations

from decimal import Decimal

from reads.criteria.parameters import Parameter
from reads.criteria.rano_rules import VOLUME, Variety


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
        Parameter(
            name=name,
            kind="decimal",
            default=default,
            minimum=Decimal(1),
            maximum=maximum,
            unit="%",
            meaning=meaning,
            clause=variety.clause,
        )
        for name, default, meaning, maximum in limits
    )


def _sizes(variety: Variety, max_targets: int) -> tuple[Parameter, ...]:
    volume = variety.unit == VOLUME
    return (
        Parameter(
            name="max_targets",
            kind="integer",
            default=max_targets,
            minimum=1,
            maximum=20,
            meaning="Most target lesions at baseline.",
            clause=variety.clause,
        ),
        Parameter(
            name="too_small_ml" if volume else "too_small_mm",
            kind="decimal",
            default=Decimal("0.065") if volume else Decimal(5),
            minimum=0,
            maximum=10,
            unit="ml" if volume else "mm",
            meaning=(
                "Volume of a lesion too small to measure (a sphere of 5 mm)."
                if volume
                else "Each diameter of a lesion too small to measure."
            ),
            clause="charter",
        ),
    )


def _time(variety: Variety, early_weeks: int, *, rano20: bool) -> tuple[Parameter, ...]:
    return (
        Parameter(
            name="early_weeks",
            kind="integer",
            default=early_weeks,
            minimum=0,
            maximum=52,
            unit="weeks",
            meaning="Weeks after chemoradiation in which growth inside the field is not PD.",
            clause=variety.clause,
        ),
        Parameter(
            name="growth_not_called_pd",
            kind="choice",
            default="SD",
            choices=("SD", "NE"),
            meaning="Response when growth may not be called progression.",
            clause="charter",
        ),
        Parameter(
            name="steroid_rise",
            kind="choice",
            default="NE",
            choices=("NE", "SD"),
            meaning="Response when only the steroid dose rose.",
            clause=variety.clause,
            question=7,
            readings={
                "NE": "the category stays open until the dose is back",
                "SD": "a stable scan is stable disease whatever the dose",
            },
        ),
        Parameter(
            name="steroid_rise_dates_pd",
            kind="flag",
            default=rano20,
            meaning="A PD that follows a steroid rise dates from the first rise.",
            clause="RANO 2.0 (Wen 2023)",
            question=7,
            readings={
                "true": "the date of progression is the first steroid rise",
                "false": "the date of progression is the scan that showed it",
            },
        ),
    )


def _flag(name: str, meaning: str, clause: str, *, question: int | None = None) -> Parameter:
    return Parameter(
        name=name,
        kind="flag",
        default=False,
        meaning=meaning,
        clause=clause,
        verified=False,
        question=question,
        readings={"true": "applied", "false": "not applied"} if question else {},
    )


def _unverified(variety: Variety, *, rano20: bool) -> tuple[Parameter, ...]:
    clause = variety.clause
    found = [
        _flag(
            "ignore_t2_flair",
            "T2/FLAIR is not judged (RANO 2.0, enhancing tumours without antiangiogenic drugs).",
            clause,
        ),
        _flag(
            "early_decline_needs_imaging",
            "Clinical decline alone is not PD in the early period after chemoradiation.",
            clause,
        ),
        _flag(
            "non_measurable_best_is_sd",
            "With non-measurable disease only, SD is the best that can be reached.",
            clause,
        ),
        _flag(
            "failure_to_return_is_pd",
            "No imaging because of a decline in condition counts as PD.",
            clause,
        ),
        Parameter(
            name="pd_confirmation_weeks",
            kind="integer",
            default=0,
            minimum=0,
            maximum=52,
            unit="weeks",
            meaning="Weeks after radiotherapy in which a PD counts only once confirmed.",
            clause="RANO 2.0 (Wen 2023)",
            verified=False,
            question=8,
            readings={"0": "no confirmation of PD", "12": "PD within 12 weeks is confirmed"},
        ),
    ]
    if rano20 and variety.mr_percent is not None:
        found.append(
            _flag(
                "minor_response",
                "Minor response of non-enhancing disease (25 to 50 % in two dimensions).",
                clause,
                question=8,
            )
        )
    return tuple(found)
