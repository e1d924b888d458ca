"""What a charter may change in RECIST 1.1 and, with it, in iRECIST.

Sources and defaults: criteria.md section 2; open questions 1, 5 and 12 of its section 15.
"""

from __future__ import annotations

from decimal import Decimal

from reads.criteria.parameters import Parameter

TARGET_PARAMETERS = (
    Parameter(
        name="pr_decrease_pct",
        kind="decimal",
        default=Decimal(30),
        minimum=1,
        maximum=99,
        unit="%",
        meaning="Decrease of the sum from baseline that makes a partial response (inclusive).",
        clause="RECIST 1.1 §4.3.1",
    ),
    Parameter(
        name="pd_increase_pct",
        kind="decimal",
        default=Decimal(20),
        minimum=1,
        maximum=500,
        unit="%",
        meaning="Increase of the sum over the nadir that makes progression (inclusive).",
        clause="RECIST 1.1 §4.3.1",
    ),
    Parameter(
        name="pd_increase_mm",
        kind="decimal",
        default=Decimal(5),
        minimum=0,
        maximum=100,
        unit="mm",
        meaning="Absolute increase over the nadir that progression needs as well (inclusive).",
        clause="RECIST 1.1 §4.3.1",
    ),
    Parameter(
        name="too_small_mm",
        kind="decimal",
        default=Decimal(5),
        minimum=0,
        maximum=10,
        unit="mm",
        meaning="Value of a target that is visible but too small to measure.",
        clause="RECIST 1.1 §4.2",
    ),
    Parameter(
        name="max_targets",
        kind="integer",
        default=5,
        minimum=1,
        maximum=20,
        meaning="Most target lesions in all.",
        clause="RECIST 1.1 §3.1",
    ),
    Parameter(
        name="max_targets_per_organ",
        kind="integer",
        default=2,
        minimum=1,
        maximum=20,
        meaning="Most target lesions in one organ; all lymph nodes together are one organ.",
        clause="RECIST 1.1 §3.1",
    ),
    Parameter(
        name="baseline_max_age_days",
        kind="integer",
        default=28,
        minimum=0,
        maximum=120,
        unit="days",
        meaning="Oldest baseline imaging before the start of treatment.",
        clause="RECIST 1.1 §3.1",
    ),
    Parameter(
        name="confirmation_required",
        kind="flag",
        default=False,
        meaning="Responses need confirmation; a PR must then be confirmed before it can drift.",
        clause="RECIST 1.1 §4.6",
    ),
    Parameter(
        name="pr_persistence",
        kind="choice",
        default="continue",
        choices=("continue", "arithmetic"),
        meaning="A sum above the PR limit but below the PD limit after a PR.",
        clause="EORTC RECIST clarifications",
        question=1,
        readings={
            "continue": "the partial response continues until progression",
            "arithmetic": "stable disease, as the percentages say",
        },
    ),
    Parameter(
        name="reappearance_after_cr",
        kind="choice",
        default="progression",
        choices=("progression", "limits"),
        meaning="A non-nodal lesion that is back after an overall CR.",
        clause="EORTC RECIST clarifications; RECIST 1.1 §4.3.4",
        question=5,
        readings={
            "progression": "progression at any size",
            "limits": "progression only when the sum reaches the PD limit",
        },
    ),
    Parameter(
        name="locally_treated_target",
        kind="choice",
        default="not_evaluable",
        choices=("not_evaluable", "measured"),
        meaning="A target that had local treatment during the study.",
        clause="charter",
        question=12,
        readings={
            "not_evaluable": "it has no value from then on and the sum is incomplete",
            "measured": "it keeps the value measured",
        },
    ),
    Parameter(
        name="equivocal_backdating",
        kind="choice",
        default="date",
        choices=("date", "response"),
        meaning="An equivocal new lesion that is proven later.",
        clause="RECIST 1.1 §4.3.5",
        readings={
            "date": "the date of progression moves back, responses stay as read",
            "response": "the time point that first showed it counts as PD for the best response",
        },
    ),
    Parameter(
        name="pet_new_lesion",
        kind="flag",
        default=False,
        meaning=(
            "A new lesion seen on FDG-PET alone counts when the baseline PET was negative or a "
            "CT lesion matches it."
        ),
        clause="RECIST 1.1 §4.3.5 (PET)",
        verified=False,
    ),
)
