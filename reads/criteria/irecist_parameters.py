"""What a charter may change in iRECIST (criteria.md section 3 and open question 11)."""

from __future__ import annotations

from decimal import Decimal

from reads.criteria import irecist_best
from reads.criteria.parameters import Parameter
from reads.criteria.recist_parameters import TARGET_PARAMETERS

PARAMETERS = (
    *TARGET_PARAMETERS,
    *irecist_best.PARAMETERS,
    Parameter(
        name="confirm_increase_mm",
        kind="decimal",
        default=Decimal(5),
        minimum=0,
        maximum=50,
        unit="mm",
        meaning="Increase of the target or new-target sum that confirms iUPD (inclusive).",
        clause="iRECIST table 2",
    ),
    Parameter(
        name="iupd_confirm_min_days",
        kind="integer",
        default=28,
        minimum=0,
        maximum=180,
        unit="days",
        meaning="Growth of known lesions confirms iUPD only from this many days after it.",
        clause="iRECIST, EORTC questions",
    ),
    Parameter(
        name="iupd_confirm_max_days",
        kind="integer",
        default=56,
        minimum=0,
        maximum=365,
        unit="days",
        meaning="A confirmation later than this is shown as a warning.",
        clause="iRECIST, EORTC questions",
    ),
    Parameter(
        name="late_confirmation",
        kind="choice",
        default="accept",
        choices=("accept", "unconfirmed"),
        meaning="A confirmation more than eight weeks after the last assessment of iUPD.",
        clause="iRECIST, EORTC questions",
        question=11,
        readings={
            "accept": "it confirms, with a warning",
            "unconfirmed": "it does not confirm; iUPD starts again with the new sizes",
        },
    ),
    Parameter(
        name="stable_new_lesion",
        kind="choice",
        default="unconfirmed",
        choices=("unconfirmed", "response"),
        meaning="A stable new lesion while the targets do not change their category.",
        clause="iRECIST scenario F",
        question=11,
        readings={
            "unconfirmed": "the time point stays iUPD",
            "response": "the time point takes the response of targets and non-targets",
        },
    ),
    Parameter(
        name="unconfirmed_is_event",
        kind="flag",
        default=False,
        meaning="An iUPD that nothing follows counts as the date of progression.",
        clause="iRECIST §Statistics",
        verified=False,
    ),
)
