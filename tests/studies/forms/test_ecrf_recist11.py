"""The RECIST 1.1 eCRF: every check fires where it should and is silent where it should.

Limits are those of Eisenhauer et al., Eur J Cancer 2009;45:228-247.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from studies.forms import DerivationError, DerivedValue, Level, Status, evaluate
from studies.forms.documents import load
from tests.studies.forms.edits import GONE, changed

FORM = load("ecrf_recist11")
BASELINE_CONTEXT = {
    "time_point.kind": "baseline",
    "time_point.date": "2026-01-05",
    "treatment.start": "2026-01-12",
    "series.slice_thickness_mm": "2.5",
}
FOLLOW_CONTEXT = {
    "time_point.kind": "follow_up",
    "time_point.date": "2026-03-02",
    "previous_time_point.date": "2026-01-05",
    "baseline.date": "2026-01-05",
    "baseline.sum_mm": "48.6",
    "nadir.sum_mm": "48.6",
    "baseline.slice_thickness_mm": "2.5",
    "series.slice_thickness_mm": "2.5",
}


def target(label: str, organ: str, size: str, **more: Any) -> dict[str, Any]:
    axes = (
        {"long_axis": "25.0", "short_axis": size} if organ == "LYMPH NODE" else {"long_axis": size}
    )
    named = {
        "label": label,
        "location": organ,
        "method": "CT SCAN",
        "state": "MEASURED",
        "slice": 90,
    }
    return {**named, **axes, "irradiated": False, **more}


T1 = target("T01", "LIVER", "30", detail="Segment 7", side="RIGHT")
T2 = target("T02", "LYMPH NODE", "18.6", detail="Station 4R")
NT1 = {"label": "NT01", "location": "PERITONEUM", "state": "PRESENT"}
BASELINE: dict[str, Any] = {
    "quality": {"overall": "ADEQUATE"},
    "target": {"none": False, "lesions": [T1, T2]},
    "non_target": {"none": False, "lesions": [NT1]},
}
FOLLOW: dict[str, Any] = {
    "quality": {"overall": "ADEQUATE"},
    "target": {
        "lesions": [
            {key: value for key, value in lesion.items() if key != "irradiated"}
            for lesion in (T1, T2)
        ]
    },
    "non_target": {"lesions": [NT1]},
    "new": {"any": False},
    "response": {"target": "SD", "non_target": "NON-CR/NON-PD", "new": "NONE", "overall": "SD"},
}
NEW = {
    "label": "NL01",
    "location": "BRAIN",
    "method": "CT SCAN",
    "certainty": "UNEQUIVOCAL",
    "slice": 12,
}
NEW_ROWS = {
    "new__any": True,
    "new__lesions": [NEW],
    "response__new": "UNEQUIVOCAL",
    "response__overall": "PD",
}


def engine(**values: str):
    """Named derivations that answer as told, in place of the criteria engine's."""
    told = {"target": "SD", "non_target": "NON-CR/NON-PD", "overall": "SD"} | values

    def response(part: str):
        return lambda facts: DerivedValue(told[part], (f"{part} follows.",))

    return {f"recist11.{part}_response": response(part) for part in told}


def at_baseline(*, context=None, **edits):
    answers = changed(BASELINE, **edits)
    return evaluate(
        FORM, answers, context=BASELINE_CONTEXT | (context or {}), derivations=engine(), final=True
    )


def at_follow_up(*, context=None, previous=None, told=None, **edits):
    return evaluate(
        FORM,
        changed(FOLLOW, **edits),
        previous=previous or evaluate(FORM, BASELINE, context=BASELINE_CONTEXT),
        context=FOLLOW_CONTEXT | (context or {}),
        derivations=engine(**(told or {})),
        final=True,
    )


def liver(count: int) -> list[dict[str, Any]]:
    return [target(f"T0{number}", "LIVER", "20") for number in range(1, count + 1)]


SIX = [
    target(f"T0{number}", organ, "20")
    for number, organ in enumerate(["LIVER", "LUNG", "KIDNEY", "SPLEEN", "SKIN", "BRAIN"], 1)
]
ADRENALS = [
    target("T01", "ADRENAL GLAND", "20", side="LEFT"),
    target("T02", "ADRENAL GLAND", "25", side="RIGHT"),
    target("T03", "ADRENAL GLAND", "15", side="RIGHT"),
]
BONE = target("T03", "BONE", "22", soft_tissue=False)
NODE_NT = {"label": "NT02", "location": "LYMPH NODE", "state": "PRESENT"}
LUNG_NT = {"label": "NT02", "location": "LUNG", "state": "PRESENT"}
L = "target__lesions"
N = "non_target__lesions"
MERGED = {f"{L}__1__state": "MERGED"}
NE_LABELS = {f"{L}__0__state": "NOT EVALUABLE"}
AFTER_CR = changed(FOLLOW, response__overall="CR")
AFTER_PD = changed(FOLLOW, response__overall="PD")
AFTER_NEW = changed(FOLLOW, **NEW_ROWS)
OVERRIDE = {
    "response__override_class": "TECHNIQUE",
    "response__override_reason": "Another phase: the lesion is seen less well.",
}
SAME_PLACE = {"location": "LIVER", "detail": "Segment 7", "side": "RIGHT"}


def b(**edits):
    return at_baseline(**edits)


def f(**edits):
    return at_follow_up(**edits)


CASES = {  # check: (fires, silent)
    "TARGET_COUNT_MAX": (b(**{L: SIX}), b(**{L: SIX[:5]})),
    "TARGET_PER_ORGAN_MAX": (b(**{L: ADRENALS}), b(**{L: ADRENALS[:2]})),
    "TARGET_LABEL_TWICE": (b(**{f"{L}__1__label": "t01"}), b()),
    "TARGET_NONE_CONTRADICTED": (b(target__none=True), b(target__none=True, **{L: []})),
    "TARGET_NONE_UNSAID": (b(**{L: []}), b(target__none=True, **{L: []})),
    "TARGET_BASELINE_STATE": (b(**{f"{L}__0__state": "TOO SMALL TO MEASURE"}), b()),
    "TARGET_NOT_MEASURABLE": (
        b(**{f"{L}__0__long_axis": "9.9"}),
        b(**{f"{L}__0__long_axis": "10"}),
    ),
    "TARGET_NODE_TOO_SMALL": (
        b(**{f"{L}__1__short_axis": "14.9"}),
        b(**{f"{L}__1__short_axis": "15.0"}),
    ),
    "TARGET_SLICE_THICKNESS": (
        b(context={"series.slice_thickness_mm": "8"}, **{f"{L}__0__long_axis": "15"}),
        b(context={"series.slice_thickness_mm": "8"}, **{f"{L}__0__long_axis": "16"}),
    ),
    "TARGET_BONE": (
        b(**{L: [T1, BONE]}),
        b(**{L: [T1, BONE | {"soft_tissue": True}]}),
    ),
    "TARGET_PRIOR_RT": (
        b(**{f"{L}__0__irradiated": True, f"{L}__0__grown_since": False}),
        b(**{f"{L}__0__irradiated": True, f"{L}__0__grown_since": True}),
    ),
    "SHORT_AXIS_GT_LONG": (
        b(**{f"{L}__1__short_axis": "25.1"}),
        b(**{f"{L}__1__short_axis": "25.0"}),
    ),
    "TARGET_ADDED_AFTER_BASELINE": (f(**{L: [*FOLLOW["target"]["lesions"], BONE]}), f()),
    "TARGET_MISSING_AT_VISIT": (f(**{L: FOLLOW["target"]["lesions"][:1]}), f()),
    "TARGET_MOVED": (f(**{f"{L}__0__location": "LUNG"}), f()),
    "ZERO_VS_ABSENT": (
        f(**{f"{L}__0__long_axis": "0"}),
        f(**{f"{L}__0__state": "ABSENT"}),
    ),
    "UNDER_5MM_MEASURED": (
        f(**{f"{L}__0__long_axis": "4.9"}),
        f(**{f"{L}__0__long_axis": "5"}),
    ),
    "TSTM_VALUE": (
        f(**{f"{L}__0__state": "TOO SMALL TO MEASURE", f"{L}__0__long_axis": "4"}),
        f(**{f"{L}__0__state": "TOO SMALL TO MEASURE", f"{L}__0__long_axis": GONE}),
    ),
    "NE_WITHOUT_REASON": (f(**NE_LABELS), f(**NE_LABELS, **{f"{L}__0__ne_reason": "QUALITY"})),
    "SPLIT_WITHOUT_PIECES": (
        f(**{f"{L}__0__state": "SPLIT"}),
        f(**{f"{L}__0__state": "SPLIT", f"{L}__0__piece_1": "17", f"{L}__0__piece_2": "14"}),
    ),
    "MERGE_PARTNER_NOT_TARGET": (
        f(**MERGED, **{f"{L}__1__merged_into": "T02"}),
        f(**MERGED, **{f"{L}__1__merged_into": "T01"}),
    ),
    "NODE_ABSENT_AS_ZERO": (f(**{f"{L}__1__state": "ABSENT"}), f(**{f"{L}__0__state": "ABSENT"})),
    "MODALITY_CHANGED": (f(**{f"{L}__0__method": "MRI"}), f()),
    "LARGE_CHANGE": (
        f(**{f"{L}__0__long_axis": "45.1"}),
        f(**{f"{L}__0__long_axis": "45.0"}),
    ),
    "NT_LABEL_TWICE": (b(**{N: [NT1, LUNG_NT | {"label": "NT01"}]}), b(**{N: [NT1, LUNG_NT]})),
    "NT_NONE_CONTRADICTED": (b(non_target__none=True), b(non_target__none=True, **{N: []})),
    "NT_NONE_UNSAID": (b(**{N: []}), b(non_target__none=True, **{N: []})),
    "NT_BASELINE_STATE": (b(**{f"{N}__0__state": "ABSENT"}), b()),
    "NODE_NORMAL_AS_NONTARGET": (
        b(**{N: [NODE_NT | {"short_axis": "9.9"}]}),
        b(**{N: [NODE_NT | {"short_axis": "10"}]}),
    ),
    "NONTARGET_COULD_BE_TARGET": (
        b(**{N: [LUNG_NT | {"long_axis": "10"}]}),
        b(**{L: SIX[:5], N: [LUNG_NT | {"long_axis": "10"}]}),
    ),
    "NODE_COULD_BE_TARGET": (
        b(**{N: [NODE_NT | {"short_axis": "15"}]}),
        b(**{N: [NODE_NT | {"short_axis": "14"}]}),
    ),
    "NT_ADDED_AFTER_BASELINE": (f(**{N: [NT1, LUNG_NT]}), f()),
    "NT_MISSING_AT_VISIT": (f(**{N: []}), f()),
    "NT_NE_WITHOUT_REASON": (
        f(**{f"{N}__0__state": "NOT EVALUABLE"}),
        f(**{f"{N}__0__state": "NOT EVALUABLE", f"{N}__0__ne_reason": "NOT IMAGED"}),
    ),
    "NT_PD_ALONE": (
        f(response__non_target="PD", response__overall="PD"),
        f(response__non_target="PD", response__target="PD", response__overall="PD"),
    ),
    "NEW_LABEL_TWICE": (
        f(**NEW_ROWS | {"new__lesions": [NEW, NEW]}),
        f(**NEW_ROWS | {"new__lesions": [NEW, NEW | {"label": "NL02"}]}),
    ),
    "NEW_LESION_NO_LOCATION": (f(**NEW_ROWS, new__lesions__0__location=GONE), f(**NEW_ROWS)),
    "NEW_LESION_EXISTS_AT_BASELINE": (
        f(**NEW_ROWS | {"new__lesions": [NEW | SAME_PLACE]}),
        f(**NEW_ROWS | {"new__lesions": [NEW | SAME_PLACE | {"detail": "Segment 8"}]}),
    ),
    "NEW_LESION_SHORT_GT_LONG": (
        f(
            **NEW_ROWS
            | {
                "new__lesions": [
                    NEW | {"location": "LYMPH NODE", "long_axis": "12", "short_axis": "13"}
                ]
            }
        ),
        f(
            **NEW_ROWS
            | {
                "new__lesions": [
                    NEW | {"location": "LYMPH NODE", "long_axis": "13", "short_axis": "12"}
                ]
            }
        ),
    ),
    "NEW_LESION_DROPPED": (f(previous=AFTER_NEW), f(previous=AFTER_NEW, **NEW_ROWS)),
    "RESPONSE_MISMATCH_TARGET": (f(response__target="PR"), f(response__target="PR", **OVERRIDE)),
    "RESPONSE_MISMATCH_NON_TARGET": (f(response__non_target="CR"), f()),
    "RESPONSE_MISMATCH_OVERALL": (f(response__overall="CR"), f(response__overall="SD")),
    "RESPONSE_MISMATCH_NEW": (f(response__new="EQUIVOCAL"), f(**NEW_ROWS)),
    "CR_WITH_RESIDUAL": (
        f(response__target="CR"),
        f(response__target="CR", **{f"{L}__0__state": "ABSENT", f"{L}__1__short_axis": "9.9"}),
    ),
    "CR_THEN_NOT_PD": (f(previous=AFTER_CR), f(previous=AFTER_CR, response__overall="PD")),
    "NOT_READABLE_BUT_RESPONSE": (
        f(quality={"overall": "NOT READABLE", "reason": ["MOTION"]}),
        f(quality={"overall": "NOT READABLE", "reason": ["MOTION"]}, response__overall="NE"),
    ),
    "READ_AFTER_PD": (f(previous=AFTER_PD), f(previous=AFTER_CR)),
    "VISIT_BEFORE_BASELINE": (
        f(context={"time_point.date": "2026-01-04"}),
        f(context={"time_point.date": "2026-01-06"}),
    ),
    "VISIT_ORDER": (
        f(context={"previous_time_point.date": "2026-03-03"}),
        f(context={"previous_time_point.date": "2026-03-01"}),
    ),
    "DUPLICATE_DATE": (
        f(context={"previous_time_point.date": "2026-03-02"}),
        f(context={"previous_time_point.date": "2026-03-01"}),
    ),
    "BASELINE_TOO_OLD": (
        b(context={"treatment.start": "2026-02-03"}),
        b(context={"treatment.start": "2026-02-02"}),
    ),
    "SLICE_THICKNESS_CHANGED": (f(context={"series.slice_thickness_mm": "5"}), f()),
}


def names(result):
    return {message.check for message in result.messages}


def test_every_check_of_the_document_is_in_the_table():
    assert {check.id for check in FORM.checks} == set(CASES)


@pytest.mark.parametrize("check", CASES)
def test_the_check_fires(check):
    assert check in names(CASES[check][0])


@pytest.mark.parametrize("check", CASES)
def test_the_check_stays_silent(check):
    assert check not in names(CASES[check][1])


def test_the_document_has_no_problems():
    assert FORM.problems() == ()


def test_a_clean_baseline_and_a_clean_follow_up_can_be_signed():
    for result in (at_baseline(), at_follow_up()):
        assert [message.text for message in result.messages] == []
        assert result.can_sign


@pytest.mark.parametrize(
    ("edits", "value"),
    [
        ({}, "30"),
        ({"state": "ABSENT"}, "0"),
        ({"state": "TOO SMALL TO MEASURE", "long_axis": GONE}, "5"),
        ({"state": "SPLIT", "piece_1": "20", "piece_2": "13.5"}, "33.5"),
        ({"state": "SPLIT", "piece_1": "20", "piece_2": "0", "piece_3": "4.5"}, "24.5"),
        ({"state": "MERGED", "merged_into": "T02"}, "0"),
        ({"long_axis": {"value": "2.8", "unit": "cm"}}, "28.0"),
    ],
)
def test_the_value_of_a_target_follows_from_its_state(edits, value):
    result = at_follow_up(**{f"{L}__0__{key}": each for key, each in edits.items()})
    assert result.answer("target.lesions.0.value").value == Decimal(value)


def test_a_split_target_has_no_value_until_every_piece_has_one():
    before = at_follow_up(
        **{f"{L}__0__{key}": size for key, size in (
            ("state", "SPLIT"), ("piece_1", "20"), ("piece_2", "6"), ("piece_3", "5"))}
    )  # fmt: skip
    value = "target.lesions.0.value"
    for pieces, expected in (
        ({"piece_1": "18"}, None),
        ({"piece_1": "18", "piece_2": "7"}, None),
        ({"piece_1": "18", "piece_2": "7", "piece_3": "0"}, Decimal(25)),
    ):
        given = {f"{L}__0__{key}": size for key, size in ({"state": "SPLIT"} | pieces).items()}
        assert at_follow_up(previous=before, **given).answer(value).value == expected


def test_a_node_counts_with_its_short_axis_even_when_normal():
    result = at_follow_up(**{f"{L}__1__short_axis": "8.2"})
    assert result.answer("target.lesions.1.value").value == Decimal("8.2")


def test_sums_and_changes_are_computed_in_decimals():
    result = at_follow_up(**{f"{L}__0__long_axis": "36.9"})
    assert result.answer("target.sum").value == Decimal("55.5")
    assert result.answer("target.above_nadir").value == Decimal("6.9")
    assert result.answer("target.since_baseline").value == Decimal("14.2")


def test_one_target_without_a_value_leaves_the_sum_empty():
    result = at_follow_up(**NE_LABELS, **{f"{L}__0__ne_reason": "QUALITY"})
    assert result.answer("target.sum").status is Status.BLANK


def test_a_recorded_sum_that_differs_is_an_error_and_cannot_be_explained_away():
    result = at_follow_up(target__sum="50", **OVERRIDE)
    (message,) = [each for each in result.messages if each.place == "target.sum"]
    assert (message.check, message.level) == ("derived_differs", Level.ERROR)
    assert message.text == "Sum of target lesions was recorded as 50 mm, but it follows as 48.6 mm."


def test_the_baseline_sum_comes_from_the_platform_and_not_from_the_answers():
    result = at_follow_up(target__baseline_sum="90")
    assert result.answer("target.baseline_sum").value == Decimal("48.6")
    assert "derived_differs" in names(result)


@pytest.mark.parametrize("size", ["-1", "500.1"])
def test_a_measurement_outside_0_to_500_mm_is_an_error(size):
    result = at_baseline(**{f"{L}__0__long_axis": size})
    assert names(result) & {"below", "above"}
    assert not result.can_sign


def test_a_mismatch_names_both_answers_and_why():
    result = at_follow_up(response__overall="PR")
    (message,) = [each for each in result.messages if each.check == "RESPONSE_MISMATCH_OVERALL"]
    assert message.text == (
        "You entered PR, but SD follows. overall follows. Correct it, or say why it differs."
    )


def test_an_override_with_class_and_reason_lets_the_reader_sign():
    assert at_follow_up(response__overall="PR", response__target="PR", **OVERRIDE).can_sign


def test_an_override_without_a_reason_does_not():
    half = {"response__override_class": "TECHNIQUE"}
    assert not at_follow_up(response__overall="PR", response__target="PR", **half).can_sign


def test_without_the_criteria_engine_nothing_can_be_signed():
    result = evaluate(FORM, FOLLOW, context=FOLLOW_CONTEXT, final=True)
    assert "derivation_missing" in names(result)
    assert not result.can_sign


def test_a_refusal_of_the_criteria_engine_is_kept_as_the_reason():
    def refuse(facts):
        raise DerivationError("The baseline has no target lesion.")

    derivations = engine() | {"recist11.target_response": refuse}
    result = evaluate(FORM, FOLLOW, context=FOLLOW_CONTEXT, derivations=derivations)
    assert result.answer("response.derived_target").because == (
        "The baseline has no target lesion.",
    )


def test_responses_are_not_asked_at_baseline():
    result = at_baseline(response={"overall": "PR"})
    assert "response.overall" not in result.visible
    assert result.hidden_answers == ("response.overall",)
