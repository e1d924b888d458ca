"""Edit checks of the RECIST family as data: identifier, level, when it fires, message, clause.

Catalogue: criteria.md section 11. ERROR blocks, WARNING needs a reason, INFO is shown.
"""

from __future__ import annotations

from reads.criteria.base import EditCheck, Finding, Level

SELECTION = "RECIST 1.1 §3.1"
MEASURABILITY = "RECIST 1.1 §3.1.1"
FOLLOW_UP = "RECIST 1.1 §4.2"
FORM = "Edit check of the eCRF"


def _check(identifier: str, level: Level, when: str, message: str, clause: str) -> EditCheck:
    return EditCheck(id=identifier, level=level, when=when, message=message, clause=clause)


CATALOGUE: tuple[EditCheck, ...] = (
    _check(
        "TARGET_COUNT_MAX",
        Level.ERROR,
        "more than 5 target lesions",
        "There are more target lesions than the criteria allow.",
        SELECTION,
    ),
    _check(
        "TARGET_PER_ORGAN_MAX",
        Level.ERROR,
        "more than 2 target lesions in one organ; paired organs and all lymph nodes are one organ",
        "There are more target lesions in this organ than the criteria allow.",
        SELECTION,
    ),
    _check(
        "TARGET_NOT_MEASURABLE",
        Level.ERROR,
        "baseline non-nodal target under 10 mm",
        "The target is too small to be measurable at baseline.",
        MEASURABILITY,
    ),
    _check(
        "TARGET_NODE_TOO_SMALL",
        Level.ERROR,
        "baseline target node under 15 mm short axis",
        "The target node has a short axis under 15 mm.",
        MEASURABILITY,
    ),
    _check(
        "TARGET_SLICE_THICKNESS",
        Level.WARNING,
        "baseline non-nodal target under twice the slice thickness when slices exceed 5 mm",
        "The target is smaller than twice the slice thickness.",
        MEASURABILITY,
    ),
    _check(
        "TARGET_BONE",
        Level.WARNING,
        "bone lesion as target without a soft tissue component",
        "A bone lesion is measurable only with a soft tissue component.",
        MEASURABILITY,
    ),
    _check(
        "TARGET_PRIOR_RT",
        Level.WARNING,
        "target in an irradiated area without documented progression",
        "The target was treated locally and has not been shown to grow since.",
        MEASURABILITY,
    ),
    _check(
        "NODE_NORMAL_AS_NONTARGET",
        Level.ERROR,
        "node under 10 mm short axis recorded as disease",
        "A node with a short axis under 10 mm is normal and is not recorded.",
        MEASURABILITY,
    ),
    _check(
        "NODE_NONTARGET_COULD_BE_TARGET",
        Level.INFO,
        "measurable lesion listed as non-target while target places are free",
        "This lesion is measurable and there is room for another target.",
        SELECTION,
    ),
    _check(
        "SHORT_AXIS_GT_LONG",
        Level.ERROR,
        "short axis larger than long axis",
        "The short axis is larger than the longest diameter.",
        FOLLOW_UP,
    ),
    _check(
        "NEGATIVE_OR_UNIT",
        Level.ERROR,
        "measurement negative or outside 0 to 500 mm",
        "The measurement lies outside 0 to 500 mm. Check the unit.",
        FORM,
    ),
    _check(
        "TARGET_ADDED_AFTER_BASELINE",
        Level.ERROR,
        "target lesion first recorded after the baseline was locked",
        "No target may be added after the baseline.",
        SELECTION,
    ),
    _check(
        "TARGET_MISSING_AT_VISIT",
        Level.ERROR,
        "baseline target without any state at a follow-up visit",
        "The target has no state at this time point.",
        FOLLOW_UP,
    ),
    _check(
        "ZERO_VS_ABSENT",
        Level.WARNING,
        "0 mm given with a state other than absent",
        "0 mm was entered but the state is not absent.",
        FOLLOW_UP,
    ),
    _check(
        "UNDER_5MM_MEASURED",
        Level.INFO,
        "measured value under 5 mm: confirm it is a real measurement and not a too-small entry",
        "The value is under 5 mm. Confirm that it was truly measured.",
        FOLLOW_UP,
    ),
    _check(
        "TSTM_VALUE",
        Level.ERROR,
        "too small to measure with a value other than the default",
        "A lesion too small to measure takes the default value only.",
        FOLLOW_UP,
    ),
    _check(
        "NT_MISSING_AT_VISIT",
        Level.ERROR,
        "baseline non-target without a state at a follow-up visit",
        "The non-target has no state at this time point.",
        "RECIST 1.1 §4.3.3",
    ),
    _check(
        "NT_PD_ALONE",
        Level.WARNING,
        "progression only by non-target disease",
        "Only non-target disease makes this progression. Confirm that it is unequivocal.",
        "RECIST 1.1 §4.3.4",
    ),
    _check(
        "NEW_LESION_NO_LOCATION",
        Level.ERROR,
        "new lesion without location or method",
        "The new lesion has no location or no method.",
        "RECIST 1.1 §4.3.5",
    ),
    _check(
        "NEW_LESION_EXISTS_AT_BASELINE",
        Level.ERROR,
        "new lesion with the identifier or site of a baseline lesion",
        "The new lesion has the identifier or the place of a baseline lesion.",
        "RECIST 1.1 §4.3.5",
    ),
    _check(
        "RESPONSE_MISMATCH_TARGET",
        Level.ERROR,
        "entered target response differs from the computed one",
        "The entered target response differs from the derived one.",
        "RECIST 1.1 §4.3.1",
    ),
    _check(
        "RESPONSE_MISMATCH_OVERALL",
        Level.ERROR,
        "entered overall response differs from the computed one",
        "The entered overall response differs from the derived one.",
        "RECIST 1.1 tables 1 and 2",
    ),
    _check(
        "RESPONSE_AT_BASELINE",
        Level.ERROR,
        "response entered at the baseline visit",
        "There is no response at the baseline.",
        FORM,
    ),
    _check(
        "CR_WITH_RESIDUAL",
        Level.ERROR,
        "CR entered while a target is above its limit",
        "CR was entered although a target is still above its limit.",
        "RECIST 1.1 §4.3.1",
    ),
    _check(
        "CR_THEN_NOT_PD",
        Level.WARNING,
        "after CR a response other than CR, PD or NE",
        "After a complete response only CR, PD or NE can follow.",
        "RECIST 1.1 table 3, note a",
    ),
    _check(
        "VISIT_BEFORE_BASELINE",
        Level.ERROR,
        "follow-up dated before baseline",
        "The time point is dated before the baseline.",
        FORM,
    ),
    _check(
        "VISIT_ORDER",
        Level.WARNING,
        "visit number order differs from date order",
        "The order of the visit numbers differs from the order of the dates.",
        FORM,
    ),
    _check(
        "DUPLICATE_DATE",
        Level.WARNING,
        "two time points on one date",
        "Another time point has the same date.",
        FORM,
    ),
    _check(
        "MODALITY_CHANGED",
        Level.WARNING,
        "target measured with another modality than before",
        "The target was measured with another modality before.",
        "RECIST 1.1 §4.1",
    ),
    _check(
        "SLICE_THICKNESS_CHANGED",
        Level.INFO,
        "slice thickness differs from baseline",
        "The slice thickness differs from the baseline.",
        "RECIST 1.1 §4.1",
    ),
    _check(
        "BASELINE_TOO_OLD",
        Level.WARNING,
        "baseline imaging more than 28 days before treatment start",
        "The baseline imaging is older than allowed at the start of treatment.",
        SELECTION,
    ),
    _check(
        "SUM_MISMATCH",
        Level.ERROR,
        "recorded sum differs from the sum of its lesions",
        "The recorded sum differs from the sum of the lesions.",
        FOLLOW_UP,
    ),
    _check(
        "NE_WITHOUT_REASON",
        Level.ERROR,
        "not evaluable without a reason",
        "Give the reason why the lesion cannot be evaluated.",
        FOLLOW_UP,
    ),
    _check(
        "READ_AFTER_PD",
        Level.INFO,
        "time point read after progression",
        "This time point lies after progression and does not count for the best response.",
        "RECIST 1.1 §4.4",
    ),
    _check(
        "LARGE_CHANGE",
        Level.INFO,
        "a lesion changes by more than 50% between visits: confirm identity",
        "The lesion changed by more than 50 %. Confirm that it is the same lesion.",
        FORM,
    ),
    _check(
        "SPLIT_WITHOUT_CHILD_SIZES",
        Level.ERROR,
        "split lesion without the sizes of its pieces",
        "Enter the size of each piece of the split lesion.",
        FOLLOW_UP,
    ),
    _check(
        "MERGE_PARTNER_NOT_TARGET",
        Level.ERROR,
        "merged lesion whose partner is not a target of the time point",
        "Name the target that now holds the merged lesion.",
        FOLLOW_UP,
    ),
    _check(
        "NON_TARGET_CR_WITH_HIGH_MARKER",
        Level.WARNING,
        "all non-targets gone while the tumour marker is above normal",
        "The tumour marker is above normal: the non-target response is not CR.",
        "RECIST 1.1 §4.3.3",
    ),
    _check(
        "NODE_ABSENT_AS_ZERO",
        Level.INFO,
        "node recorded as absent (0 mm)",
        "A node is rarely 0 mm. Measure its short axis when it can be seen.",
        FOLLOW_UP,
    ),
)
BY_ID = {check.id: check for check in CATALOGUE}


def finding(identifier: str, field: str, detail: str = "") -> Finding:
    """Return a finding of the catalogue; detail names the lesion or the values."""
    return finding_of(BY_ID[identifier], field, detail)


def finding_of(check: EditCheck, field: str, detail: str = "") -> Finding:
    """Return a finding of a check."""
    message = f"{detail}: {check.message}" if detail else check.message
    return Finding(
        id=check.id, level=check.level, message=message, clause=check.clause, field=field
    )
