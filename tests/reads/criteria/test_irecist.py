"""iRECIST: state machine of iUPD and iCPD, best response, component table."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest

from reads.criteria.base import Record
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import (
    Certainty,
    NewLesionCategory,
    NewLesionFacts,
    NewLesionState,
)
from reads.criteria.irecist_best import best_response
from reads.criteria.registry import get
from tests.reads.criteria.streams import assess, new_lesion, overall, point

KEY = "iRECIST"
NON = "NON-iCR/NON-iUPD"


def course(*sizes: str | int, gap: int = 35, **settings: object) -> list[str | None]:
    """Return the responses for the sizes of one target, the first at the baseline."""
    points = [point(gap * place, {"T01": size}) for place, size in enumerate(sizes)]
    return overall(KEY, *points, **settings)


def test_progression_is_unconfirmed_first_and_confirmed_by_five_millimetres_more() -> None:
    assert course("80", "96", "101") == ["iUPD", "iCPD"]
    assert course("80", "96", "100.9") == ["iUPD", "iUPD"]
    assert course("80", "96", "99", confirm_increase_mm=3) == ["iUPD", "iCPD"]


def test_small_steps_add_up_from_the_first_unconfirmed_progression() -> None:
    assert course("80", "96", "99", "101") == ["iUPD", "iUPD", "iCPD"]


def test_under_the_limit_again_the_state_is_reset_but_the_nadir_is_not() -> None:
    assert course("80", "96", "95.9", "96", "101") == ["iUPD", "iSD", "iUPD", "iCPD"]
    assert course("80", "100", "56", "67", "68") == ["iUPD", "iPR", "iPR", "iUPD"]


def test_after_a_reset_the_partial_response_of_before_does_not_continue() -> None:
    assert course("100", "60", "72", "71") == ["iPR", "iUPD", "iSD"]


def test_what_cannot_be_evaluated_keeps_the_unconfirmed_progression_open() -> None:
    assert course("80", "96", "ne", "101") == ["iUPD", "NE", "iCPD"]
    result = assess(
        KEY, *[point(35 * n, {"T01": s}) for n, s in enumerate(["80", "96", "ne", "101"])]
    )
    assert result.values["progression_day"] == 35


def test_the_progression_date_is_that_of_the_first_iupd_of_the_unbroken_block() -> None:
    sizes = ["80", "98", "85", "99", "100", "106"]
    result = assess(KEY, *[point(35 * n, {"T01": s}) for n, s in enumerate(sizes)])
    assert [r.overall_response for r in result.time_points[1:]] == [
        "iUPD",
        "iSD",
        "iUPD",
        "iUPD",
        "iCPD",
    ]
    assert result.values["progression_day"] == 105


@pytest.mark.parametrize(
    ("gap", "response"), [(27, "iUPD"), (28, "iCPD"), (56, "iCPD"), (90, "iCPD")]
)
def test_growth_confirms_from_28_days_on(gap: int, response: str) -> None:
    points = [point(0, {"T01": 80}), point(56, {"T01": 98}), point(56 + gap, {"T01": 110})]
    assert overall(KEY, *points)[1] == response


def test_before_28_days_only_an_additional_new_lesion_confirms() -> None:
    start = [point(0, {"T01": 80}), point(56, {"T01": 80}, new=(new_lesion("NL1"),))]
    grown = point(70, {"T01": 80}, new=(new_lesion("NL1", "INCREASED"),))
    another = point(70, {"T01": 80}, new=(new_lesion("NL1", "STABLE"), new_lesion("NL2")))
    targets = point(70, {"T01": 98}, new=(new_lesion("NL1", "STABLE"),))
    assert overall(KEY, *start, grown)[1] == "iUPD"
    assert overall(KEY, *start, another)[1] == "iCPD"
    assert overall(KEY, *start, targets)[1] == "iUPD"


def test_open_question_11_confirmation_later_than_eight_weeks() -> None:
    points = [
        point(0, {"T01": 80}),
        point(56, {"T01": 98}),
        point(113, {"T01": 106}),
        point(160, {"T01": 112}),
    ]
    assert overall(KEY, *points) == ["iUPD", "iCPD", "iCPD"]
    late = overall(KEY, *points, late_confirmation="unconfirmed")
    assert late == ["iUPD", "iUPD", "iCPD"]
    in_time = [*points[:2], point(112, {"T01": 106})]
    assert overall(KEY, *in_time, late_confirmation="unconfirmed") == ["iUPD", "iCPD"]


@pytest.mark.parametrize(
    ("state", "response"),
    [("STABLE", "iUPD"), ("DECREASED", "iUPD"), ("INCREASED", "iCPD"), ("ABSENT", "iSD")],
)
def test_a_new_non_target_confirms_by_any_increase_and_resets_when_gone(
    state: str, response: str
) -> None:
    points = [
        point(0, {"T01": 80}),
        point(56, {"T01": 78}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 78}, new=(new_lesion("NL1", state),)),
    ]
    assert overall(KEY, *points) == ["iUPD", response]


@pytest.mark.parametrize(("size", "response"), [("20", "iCPD"), ("19.9", "iUPD")])
def test_new_targets_confirm_by_five_millimetres(size: str, response: str) -> None:
    points = [
        point(0, {"T01": 80}),
        point(56, {"T01": 78}, new=(new_lesion("NL1", "15"),)),
        point(91, {"T01": 78}, new=(new_lesion("NL1", size),)),
    ]
    result = assess(KEY, *points)
    assert result.time_points[2].overall_response == response
    assert result.time_points[1].values["new_target_sum_mm"] == 15
    assert result.time_points[1].values["sum_mm"] == 78


def test_an_equivocal_new_lesion_is_no_sign_of_progression() -> None:
    doubtful = new_lesion("NL1", certainty=Certainty.EQUIVOCAL)
    points = [
        point(0, {"T01": 80}),
        point(56, {"T01": 80}, new=(doubtful,)),
        point(91, {"T01": 80}, new=(new_lesion("NL1", "STABLE"),)),
    ]
    assert overall(KEY, *points) == ["iSD", "iUPD"]


def test_scenario_b_targets_that_improve_beside_a_stable_new_lesion_give_a_response() -> None:
    stable = (new_lesion("NL1", "STABLE"),)
    start = [point(0, {"T01": 80}), point(56, {"T01": 78}, new=(new_lesion("NL1"),))]
    assert overall(KEY, *start, point(91, {"T01": 56}, new=stable))[1] == "iPR"
    assert overall(KEY, *start, point(91, {"T01": "gone"}, new=stable))[1] == "iPR"
    after = point(140, {"T01": 56}, new=stable)
    grown = point(180, {"T01": 56}, new=(new_lesion("NL1", "INCREASED"),))
    responses = overall(KEY, *start, point(91, {"T01": 56}, new=stable), after, grown)
    assert responses == ["iUPD", "iPR", "iPR", "iUPD"]


def test_scenario_f_nothing_changes_beside_a_stable_new_lesion() -> None:
    stable = (new_lesion("NL1", "STABLE"),)
    points = [
        point(0, {"T01": 80}),
        point(56, {"T01": 50}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 50}, new=stable),
    ]
    assert overall(KEY, *points) == ["iUPD", "iUPD"]
    assert overall(KEY, *points, stable_new_lesion="response") == ["iUPD", "iPR"]


def test_a_new_lesion_that_is_not_listed_again_has_not_gone() -> None:
    points = [
        point(0, {"T01": 80}),
        point(56, {"T01": 78}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 78}),
    ]
    assert overall(KEY, *points) == ["iUPD", "iUPD"]


@pytest.mark.parametrize(
    ("later", "response"), [("+", "iCPD"), ("worse", "iUPD"), ("present", "iSD"), ("ne", "NE")]
)
def test_non_target_progression_confirms_by_any_further_increase(later: str, response: str) -> None:
    points = [
        point(0, {"T01": 80}, {"NT": "present"}),
        point(56, {"T01": 78}, {"NT": "worse"}),
        point(91, {"T01": 78}, {"NT": later}),
    ]
    assert overall(KEY, *points) == ["iUPD", response]


def test_unequivocal_progression_of_another_non_target_is_a_further_increase() -> None:
    points = [
        point(0, {"T01": 80}, {"A": "present", "B": "present"}),
        point(56, {"T01": 78}, {"A": "worse", "B": "present"}),
        point(91, {"T01": 78}, {"A": "worse", "B": "worse"}),
    ]
    assert overall(KEY, *points) == ["iUPD", "iCPD"]


@pytest.mark.parametrize(
    "confirming",
    [
        point(91, {"T01": 98}, {"NT": "worse"}),
        point(91, {"T01": 98}, {"NT": "present"}, new=(new_lesion("NL1"),)),
    ],
)
def test_a_category_that_had_not_progressed_confirms(confirming: object) -> None:
    points = [point(0, {"T01": 80}, {"NT": "present"}), point(56, {"T01": 98}, {"NT": "present"})]
    assert overall(KEY, *points, confirming)[1] == "iCPD"  # type: ignore[arg-type]
    non_target_first = [
        point(0, {"T01": 80}, {"NT": "present"}),
        point(56, {"T01": 80}, {"NT": "worse"}),
        point(91, {"T01": 96}, {"NT": "worse"}),
    ]
    assert overall(KEY, *non_target_first)[1] == "iCPD"


def test_a_lesion_without_a_size_at_iupd_does_not_confirm_when_it_is_seen_again() -> None:
    points = [
        point(0, {"T01": 80, "T02": 20}),
        point(56, {"T01": 125, "T02": "ne"}),
        point(91, {"T01": 125, "T02": 20}),
        point(126, {"T01": 130, "T02": 20}),
    ]
    assert overall(KEY, *points) == ["iUPD", "iUPD", "iCPD"]


def test_non_target_disease_only() -> None:
    points = [
        point(0, {}, {"NT": "present"}),
        point(56, {}, {"NT": "present"}),
        point(112, {}, {"NT": "worse"}),
        point(147, {}, {"NT": "gone"}),
        point(182, {}, {"NT": "ne"}),
    ]
    assert overall(KEY, *points) == [NON, "iUPD", "iCR", "NE"]


def test_a_missing_scan_is_ne_and_a_confirmed_progression_stays_while_its_signs_do() -> None:
    points = [
        point(0, {"T01": 80}),
        point(56, {"T01": 98}),
        point(91, {"T01": 105}),
        point(126, assessed=False),
        point(161, {"T01": 104}),
        point(196, {"T01": 80}),
    ]
    assert overall(KEY, *points) == ["iUPD", "iCPD", "NE", "iCPD", "iSD"]


def test_recist_1_1_is_derived_beside() -> None:
    points = [point(0, {"T01": 80}), point(56, {"T01": 98}), point(91, {"T01": 90})]
    result = assess(KEY, *points)
    recist = [r.values["recist11_overall_response"] for r in result.time_points[1:]]
    assert recist == ["PD", "SD"]
    assert [r.overall_response for r in result.time_points[1:]] == ["iUPD", "iSD"]


def test_component_responses_carry_the_i_and_the_confirming_part() -> None:
    result = assess(KEY, point(0, {"T01": 80}), point(56, {"T01": 98}), point(91, {"T01": 105}))
    assert [r.target_response for r in result.time_points[1:]] == ["iUPD", "iCPD"]
    other = assess(
        KEY,
        point(0, {"T01": 80}, {"NT": "present"}),
        point(56, {"T01": 80}, {"NT": "worse"}),
        point(91, {"T01": 80}, {"NT": "+"}),
    )
    assert [r.non_target_response for r in other.time_points[1:]] == ["iUPD", "iCPD"]


def test_unconfirmed_progression_as_an_event_is_unverified_and_off() -> None:
    points = [point(0, {"T01": 80}), point(56, {"T01": 98})]
    assert assess(KEY, *points).values["progression_day"] is None
    assert assess(KEY, *points, unconfirmed_is_event=True).values["progression_day"] == 56


def test_new_targets_take_the_values_of_their_states() -> None:
    lesions = (
        replace(new_lesion("A", "12"), state=NewLesionState.TOO_SMALL_TO_MEASURE),
        replace(new_lesion("B", "12"), state=NewLesionState.NEW),
        replace(new_lesion("C", "12"), state=NewLesionState.ABSENT),
    )
    result = assess(KEY, point(0, {"T01": 80}), point(56, {"T01": 80}, new=lesions))
    assert result.time_points[1].values["new_target_sum_mm"] == 17
    unread = (replace(new_lesion("A", "12"), state=NewLesionState.NOT_EVALUABLE),)
    result = assess(KEY, point(0, {"T01": 80}), point(56, {"T01": 80}, new=unread))
    assert result.time_points[1].values["new_target_sum_mm"] is None


# Target, then overall for each non-target response (iCR, NON, NE, iUPD, iCPD, none at baseline).
TABLE = {
    "iCR": ("iCR", "iPR", "iPR", "iUPD", "iCPD", "iCR"),
    "iPR": ("iPR", "iPR", "iPR", "iUPD", "iCPD", "iPR"),
    "iSD": ("iSD", "iSD", "iSD", "iUPD", "iCPD", "iSD"),
    "NE": ("NE", "NE", "NE", "iUPD", "iCPD", "NE"),
    "iUPD": ("iUPD", "iUPD", "iUPD", "iUPD", "iCPD", "iUPD"),
    "iCPD": ("iCPD",) * 6,
    "NOT_APPLICABLE": ("iCR", NON, "NE", "iUPD", "iCPD", "NED"),
}
NON_TARGETS = ("iCR", NON, "NE", "iUPD", "iCPD", "NOT_APPLICABLE")


def test_every_cell_of_the_component_table_is_hit() -> None:
    criterion = get(KEY)
    assert criterion.files.component is not None
    hit = 0
    for (name, row), new in product(TABLE.items(), ("NONE", "EQUIVOCAL", "UNEQUIVOCAL")):
        for other, without in zip(NON_TARGETS, row, strict=True):
            record = Record(
                {
                    "previous_iupd": "iCPD" in (name, other),
                    "target_response": name,
                    "non_target_response": other,
                    "new_lesion": new,
                }
            )
            confirmed = "iCPD" in (name, other)
            expected = "iUPD" if new == "UNEQUIVOCAL" and not confirmed else without
            answer = criterion.files.component(record, criterion.options())
            assert answer == {"overall_response": expected}, (name, other, new)
            hit += 1
    assert hit == 7 * 6 * 3


@pytest.mark.parametrize(
    ("sequence", "unconfirmed", "confirmed"),
    [
        ("iUPD iPR iUPD iCPD iCR", "iPR", "iSD"),
        ("iPR iPR iUPD", "iPR", "iPR"),
        ("iPR NE iCR", "iCR", "iPR"),
        ("iCR iCR", "iCR", "iCR"),
        ("iCR iUPD iCR", "iCR", "iSD"),
        ("iUPD iUPD", "iUPD", "iUPD"),
        ("iUPD NE", "iUPD", "iUPD"),
        ("iUPD iCPD iSD", "iCPD", "iCPD"),
        ("iSD iUPD", "iSD", "iSD"),
        (f"{NON} iUPD iCPD", NON, NON),
        ("NE", "NE", "NE"),
        ("", "NE", "NE"),
    ],
)
def test_best_overall_response(sequence: str, unconfirmed: str, confirmed: str) -> None:
    days = [(56 * place, text) for place, text in enumerate(sequence.split(), start=1)]
    options = get(KEY).options()
    for required, expected in ((False, unconfirmed), (True, confirmed)):
        found = best_response(days, options, confirmation_required=required, progression_day=None)
        assert found.response == expected


def test_best_response_needs_the_stable_disease_minimum() -> None:
    options = get(KEY).options()
    for day, expected in ((42, "iSD"), (41, "NE")):
        found = best_response(
            [(day, "iSD")], options, confirmation_required=False, progression_day=None
        )
        assert found.response == expected


def test_duration_runs_from_the_first_response_to_the_back_dated_progression() -> None:
    sizes = ["100", "60", "61", "75", "82"]
    result = assess(KEY, *[point(35 * n, {"T01": s}) for n, s in enumerate(sizes)])
    best = result.best[1]
    assert (best.response_day, best.progression_day, best.duration_days) == (35, 105, 71)
    best = assess(
        KEY,
        *[point(35 * n, {"T01": s}) for n, s in enumerate(["100", "60", "61", "62", "75", "82"])],
    ).best[1]
    assert (best.response, best.response_day) == ("iPR", 35)
    assert (best.progression_day, best.duration_days) == (140, 106)


def test_the_assessment_after_iupd_warns_outside_four_to_eight_weeks() -> None:
    criterion = get(KEY)
    for gap, fires in ((27, True), (28, False), (56, False), (57, True)):
        points = [point(0, {"T01": 80}), point(56, {"T01": 98}), point(56 + gap, {"T01": 98})]
        found = {finding.id for finding in criterion.edit_checks(points)}
        assert ("IUPD_CONFIRMATION_OUT_OF_WINDOW" in found) is fires


def test_more_than_five_new_targets_or_two_in_an_organ_are_an_error() -> None:
    criterion = get(KEY)
    three = tuple(new_lesion(f"NL{n}", "12") for n in range(3))
    points = [point(0, {"T01": 80}), point(56, {"T01": 80}, new=three)]
    assert "NEW_TARGET_COUNT_MAX" in {f.id for f in criterion.edit_checks(points)}
    points = [point(0, {"T01": 80}), point(56, {"T01": 80}, new=three[:2])]
    assert "NEW_TARGET_COUNT_MAX" not in {f.id for f in criterion.edit_checks(points)}


def test_the_trace_names_what_confirmed() -> None:
    result = assess(KEY, point(0, {"T01": 80}), point(56, {"T01": 98}), point(91, {"T01": 105}))
    assert result.time_points[2].because[-1] == (
        "iUPD of day 56 is confirmed: target sum 105 mm is 7 mm larger than 98 mm at iUPD: iCPD, "
        "iRECIST table 2"
    )


def test_a_new_target_that_a_response_was_given_with_progresses_again_by_growth() -> None:
    start = [
        point(0, {"T01": 80}),
        point(56, {"T01": 78}, new=(new_lesion("NL1", "15"),)),
        point(91, {"T01": 50}, new=(new_lesion("NL1", "14"),)),
    ]
    grown = point(140, {"T01": 50}, new=(new_lesion("NL1", "19"),))
    same = point(140, {"T01": 50}, new=(new_lesion("NL1", "18.9"),))
    unread = replace(new_lesion("NL1", "15"), state=NewLesionState.NOT_EVALUABLE)
    assert overall(KEY, *start, grown) == ["iUPD", "iPR", "iUPD"]
    assert overall(KEY, *start, same) == ["iUPD", "iPR", "iPR"]
    assert overall(KEY, *start, point(140, {"T01": 50}, new=(unread,))) == ["iUPD", "iPR", "iPR"]


def test_non_target_progression_that_stays_keeps_the_first_iupd_open() -> None:
    points = [
        point(0, {"T01": 80}, {"NT": "present"}),
        point(56, {"T01": 80}, {"NT": "worse"}),
        point(91, {"T01": 80}, {"NT": "worse"}),
        point(126, {"T01": 80}, {"NT": "+"}),
    ]
    result = assess(KEY, *points)
    assert [r.overall_response for r in result.time_points[1:]] == ["iUPD", "iUPD", "iCPD"]
    assert result.values["progression_day"] == 56
    unread = [*points[:2], point(91, {"T01": "ne"}, {"NT": "worse"})]
    assert overall(KEY, *unread) == ["iUPD", "iUPD"]


def test_a_category_that_recovered_confirms_when_it_progresses_again() -> None:
    points = [
        point(0, {"T01": 80}, {"NT": "present"}),
        point(56, {"T01": 98}, {"NT": "worse"}),
        point(91, {"T01": 80}, {"NT": "worse"}),
        point(126, {"T01": 96}, {"NT": "worse"}),
    ]
    assert overall(KEY, *points) == ["iUPD", "iUPD", "iCPD"]
    other = [
        point(0, {"T01": 80}, {"NT": "present"}),
        point(56, {"T01": 98}, {"NT": "worse"}),
        point(91, {"T01": 98}, {"NT": "present"}),
        point(126, {"T01": 98}, {"NT": "worse"}),
    ]
    assert overall(KEY, *other) == ["iUPD", "iUPD", "iCPD"]
    lesions = [
        point(0, {"T01": 80}),
        point(56, {"T01": 98}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 98}, new=(new_lesion("NL1", "ABSENT"),)),
        point(126, {"T01": 98}, new=(new_lesion("NL1", "PRESENT"),)),
    ]
    assert overall(KEY, *lesions) == ["iUPD", "iUPD", "iCPD"]


def test_references_of_the_first_iupd_stay_over_time_points_without_confirmation() -> None:
    sums = [
        point(0, {"T01": 80}),
        point(56, {"T01": 80}, new=(new_lesion("NL1", "15"),)),
        point(91, {"T01": 80}, new=(new_lesion("NL1", "18"),)),
        point(126, {"T01": 80}, new=(new_lesion("NL1", "20"),)),
    ]
    assert overall(KEY, *sums) == ["iUPD", "iUPD", "iCPD"]
    sizes = ["80", "98", "100", "103.5"]
    assert course(*sizes, late_confirmation="unconfirmed") == ["iUPD", "iUPD", "iCPD"]
    shrunk = [
        point(0, {"T01": 80}),
        point(56, {"T01": 70}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 70}, new=(new_lesion("NL1", "STABLE"),)),
        point(126, {"T01": 56}, new=(new_lesion("NL1", "STABLE"),)),
    ]
    assert overall(KEY, *shrunk) == ["iUPD", "iUPD", "iPR"]


def test_the_last_assessment_counts_for_a_late_confirmation() -> None:
    points = [
        point(0, {"T01": 80}),
        point(56, {"T01": 98}),
        point(112, {"T01": 99}),
        point(168, {"T01": 104}),
    ]
    settings = {"late_confirmation": "unconfirmed"}
    assert overall(KEY, *points, **settings) == ["iUPD", "iUPD", "iCPD"]


def test_a_confirmed_progression_stays_confirmed_at_each_later_time_point() -> None:
    assert course("80", "98", "105", "105", "105", "80", "97") == [
        "iUPD",
        "iCPD",
        "iCPD",
        "iCPD",
        "iSD",
        "iUPD",
    ]


def test_without_disease_at_baseline() -> None:
    assert overall(KEY, point(0), point(56)) == ["NED"]
    assert overall(KEY, point(0), point(56, assessed=False)) == ["NE"]
    assert overall(KEY, point(0), point(56, new=(new_lesion("NL1"),))) == ["iUPD"]


def test_a_new_lesion_that_stays_forbids_icr() -> None:
    only = [
        point(0, {}, {"NT": "present"}),
        point(56, {}, {"NT": "present"}, new=(new_lesion("NL1"),)),
        point(91, {}, {"NT": "gone"}, new=(new_lesion("NL1", "STABLE"),)),
    ]
    assert overall(KEY, *only) == ["iUPD", NON]
    stable = (new_lesion("NL1", "STABLE"),)
    points = [
        point(0, {"N01": 30}),
        point(56, {"N01": 30}, new=(new_lesion("NL1"),)),
        point(91, {"N01": 15}, new=stable),
        point(126, {"N01": 21}, new=stable),
        point(161, {"N01": 9}, new=stable),
    ]
    assert overall(KEY, *points) == ["iUPD", "iPR", "iUPD", "iPR"]


def test_sequences_are_answered_with_confirmation_where_the_file_asks_for_it() -> None:
    criterion = get(KEY)
    assert criterion.files.sequence is not None
    record = Record({"sequence": [{"day": 56, "response": "iPR"}, {"day": 112, "response": "iSD"}]})
    options = criterion.options({"confirmation_required": True})
    assert criterion.files.sequence(record, options) == {"ibor": "iSD"}
    assert criterion.files.sequence(record, criterion.options()) == {"ibor": "iPR"}


# --- what a response was given with -----------------------------------------------------------


def test_a_partial_response_continues_over_a_scan_that_cannot_be_evaluated() -> None:
    points = [
        point(0, {"T01": 100}),
        point(56, {"T01": 68}),
        point(84, {"T01": "ne"}),
        point(112, {"T01": 75}),
    ]
    assert overall(KEY, *points) == ["iPR", "NE", "iPR"]
    assert overall(KEY, *points, pr_persistence="arithmetic") == ["iPR", "NE", "iSD"]


def test_a_lesion_that_is_back_after_icr_is_unconfirmed_progression_at_any_size() -> None:
    points = [
        point(0, {"T01": 30}),
        point(56, {"T01": "gone"}),
        point(84, {"T01": "ne"}),
        point(112, {"T01": "tiny"}),
    ]
    assert overall(KEY, *points, too_small_mm=4) == ["iCR", "NE", "iUPD"]
    limits = overall(KEY, *points, too_small_mm=4, reappearance_after_cr="limits")
    assert limits == ["iCR", "NE", "iPR"]


def test_a_new_lesion_of_before_that_vanished_and_is_back_is_not_another_one() -> None:
    stable, gone = new_lesion("NL1", "STABLE"), new_lesion("NL1", "ABSENT")
    points = [
        point(0, {"T01": 100}),
        point(56, {"T01": 100}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 60}, new=(stable,)),
        point(126, {"T01": 75}, new=(gone,)),
        point(161, {"T01": 75}, new=(stable,)),
    ]
    assert overall(KEY, *points) == ["iUPD", "iPR", "iUPD", "iUPD"]


def test_a_missed_scan_does_not_make_an_accepted_new_lesion_new_again() -> None:
    stable = new_lesion("NL1", "STABLE")
    points = [
        point(0, {"T01": 100}),
        point(56, {"T01": 100}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 60}, new=(stable,)),
        point(126, {"T01": "ne"}, assessed=False),
        point(161, {"T01": 60}, new=(stable,)),
    ]
    assert overall(KEY, *points) == ["iUPD", "iPR", "NE", "iPR"]


def test_growth_of_an_accepted_new_lesion_confirms_progression_of_the_targets() -> None:
    points = [
        point(0, {"T01": 100}),
        point(56, {"T01": 100}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 60}, new=(new_lesion("NL1", "STABLE"),)),
        point(126, {"T01": 75}, new=(new_lesion("NL1", "STABLE"),)),
    ]
    grown = new_lesion("NL1", "INCREASED")
    for gap, response in ((27, "iUPD"), (28, "iCPD")):
        found = assess(KEY, *points, point(126 + gap, {"T01": 75}, new=(grown,)))
        assert found.time_points[-1].overall_response == response
    step = found.time_points[-1].trace[-1]
    assert step.sentence == (
        "iUPD of day 126 is confirmed: known new lesions have grown: iCPD, iRECIST table 2"
    )


def test_growth_of_known_new_lesions_confirms_on_the_28th_day() -> None:
    start = [point(0, {"T01": 80}), point(56, {"T01": 80}, new=(new_lesion("NL1"),))]
    grown = (new_lesion("NL1", "INCREASED"), new_lesion("NL2", "INCREASED"))
    known = [*start[:1], point(56, {"T01": 80}, new=(new_lesion("NL1"), new_lesion("NL2")))]
    for gap, response in ((27, "iUPD"), (28, "iCPD")):
        assert overall(KEY, *known, point(56 + gap, {"T01": 80}, new=grown))[1] == response
    found = assess(KEY, *known, point(84, {"T01": 80}, new=grown))
    assert found.time_points[-1].trace[-1].sentence == (
        "iUPD of day 56 is confirmed: new non-target NL1, NL2 has increased: iCPD, iRECIST table 2"
    )


def test_without_disease_at_baseline_a_missed_scan_is_ne_and_not_ned() -> None:
    assert overall(KEY, point(0), point(56), point(84, assessed=False)) == ["NED", "NE"]


def test_new_lesions_are_told_as_present_or_none() -> None:
    found = assess(
        KEY,
        point(0, {"T01": 80}),
        point(56, {"T01": 80}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 80}, new=(new_lesion("NL1", "ABSENT"),)),
    )
    assert [r.values["new_lesion"] for r in found.time_points[1:]] == ["UNEQUIVOCAL", "NONE"]


def test_each_component_is_confirmed_only_by_its_own_growth() -> None:
    found = assess(
        KEY,
        point(0, {"T01": 80}, {"NT1": "present"}),
        point(56, {"T01": 100}, {"NT1": "worse"}),
        point(91, {"T01": 106}, {"NT1": "worse"}),
    ).time_points[2]
    assert found.overall_response == "iCPD"
    assert (found.target_response, found.non_target_response) == ("iCPD", "iUPD")
    found = assess(
        KEY,
        point(0, {"T01": 80}, {"NT1": "present"}),
        point(56, {"T01": 100}, {"NT1": "worse"}),
        point(91, {"T01": 101}, {"NT1": "+"}),
    ).time_points[2]
    assert found.overall_response == "iCPD"
    assert found.target_response == "iUPD"


def test_a_new_lesion_is_a_target_by_its_class_or_else_by_having_a_size() -> None:
    nodal = NewLesionFacts(id="NL2", organ="LYMPH NODE", sa_mm=Decimal("15.5"))
    by_size = NewLesionFacts(id="NL1", organ="LIVER", ld_mm=Decimal(12))
    split = NewLesionFacts(
        id="NL3",
        organ="LUNG",
        category=NewLesionCategory.NEW_TARGET,
        fragments_mm=(Decimal(6), Decimal("5.5")),
    )
    doubtful = NewLesionFacts(
        id="NL4", organ="LIVER", ld_mm=Decimal(50), certainty=Certainty.EQUIVOCAL
    )
    unmeasured = NewLesionFacts(id="NL5", organ="PLEURA")
    new = (by_size, nodal, split, doubtful, unmeasured)
    found = assess(KEY, point(0, {"T01": 80}), point(56, {"T01": 80}, new=new))
    assert found.time_points[1].values["new_target_sum_mm"] == 39
    waiting = NewLesionFacts(id="NL6", category=NewLesionCategory.NEW_TARGET)
    found = assess(KEY, point(0, {"T01": 80}), point(56, {"T01": 80}, new=(*new, waiting)))
    assert found.time_points[1].values["new_target_sum_mm"] is None


@pytest.mark.parametrize(
    ("lesion", "field", "problem"),
    [
        (
            {"state": NewLesionState.MEASURED},
            "ld_mm",
            "is missing for a measured lesion",
        ),
        ({"ld_mm": Decimal(-1)}, "ld_mm", "must not be negative"),
        ({"sa_mm": Decimal(-1), "nodal": True}, "sa_mm", "must not be negative"),
        ({"fragments_mm": (Decimal(1), Decimal(-1))}, "fragments_mm[1]", "must not be negative"),
    ],
)
def test_a_size_of_a_new_target_that_cannot_be_taken_is_named(
    lesion: dict[str, object], field: str, problem: str
) -> None:
    bad = NewLesionFacts(id="NL1", category=NewLesionCategory.NEW_TARGET, **lesion)  # type: ignore[arg-type]
    with pytest.raises(CriteriaError) as caught:
        overall(KEY, point(0, {"T01": 80}), point(56, {"T01": 80}, new=(bad,)))
    assert str(caught.value) == f"visits[0].new_lesions[0].{field}: {problem}"


# --- best response and edit checks at their limits ----------------------------------------------


@pytest.mark.parametrize(
    ("sequence", "unconfirmed", "confirmed", "day"),
    [
        ([(50, "iCR"), (90, "iPR")], "iCR", "iSD", None),
        ([(42, "iPR")], "iPR", "iSD", None),
        ([(41, "iPR")], "iPR", "NE", None),
        ([(50, "iPR"), (78, "iPR")], "iPR", "iPR", 50),
        ([(50, "iPR"), (77, "iPR")], "iPR", "iSD", None),
        ([(50, "iUPD"), (90, "iCPD"), (120, "iPR"), (160, "iPR")], "iCPD", "iCPD", None),
        ([(50, "iPR"), (90, "iCR"), (130, "iCR")], "iCR", "iCR", 50),
    ],
)
def test_best_response_and_its_day_with_confirmation(
    sequence: list[tuple[int, str]], unconfirmed: str, confirmed: str, day: int | None
) -> None:
    options = get(KEY).options()
    plain, sure = (
        best_response(sequence, options, confirmation_required=required, progression_day=200)
        for required in (False, True)
    )
    assert (plain.response, sure.response) == (unconfirmed, confirmed)
    first = next((at for at, text in sequence if text in ("iCR", "iPR")), None)
    expected = None if sequence[0][1] == "iUPD" else first
    assert plain.response_day == expected
    assert sure.response_day == day
    assert (plain.confirmation_required, sure.confirmation_required) == (False, True)
    assert (plain.progression_day, sure.progression_day) == (200, 200)
    assert sure.duration_days == (None if day is None else 201 - day)
    assert [step.name for step in sure.trace] == ["bor", "response_day", "duration_days"]


def test_the_window_is_measured_between_neighbours_in_time() -> None:
    points = [
        point(0, {"T01": 80}),
        point(150, {"T01": 101}, id="C"),
        point(56, {"T01": 98}, id="A"),
        point(83, {"T01": 99}, id="B"),
    ]
    found = [
        (finding.field, finding.level.value, finding.message)
        for finding in get(KEY).edit_checks(points)
        if finding.id == "IUPD_CONFIRMATION_OUT_OF_WINDOW"
    ]
    told = "The assessment after iUPD lies outside the planned four to eight weeks."
    assert found == [
        ("visits[2]", "warning", f"27 days after iUPD: {told}"),
        ("visits[0]", "warning", f"67 days after iUPD: {told}"),
    ]


def test_new_targets_are_counted_in_all_and_per_organ() -> None:
    def lesions(*organs: str, nodal: bool = False) -> tuple[NewLesionFacts, ...]:
        return tuple(
            NewLesionFacts(
                id=f"NL{n}", organ=organ, nodal=nodal, ld_mm=Decimal(12), sa_mm=Decimal(9)
            )
            for n, organ in enumerate(organs)
        )

    def fired(new: tuple[NewLesionFacts, ...], **settings: object) -> list[tuple[str, str]]:
        points = [point(0, {"T01": 80}), point(56, {"T01": 80}, new=new)]
        criterion = get(KEY)
        return [
            (finding.field, finding.message)
            for finding in criterion.edit_checks(points, criterion.options(settings))
            if finding.id == "NEW_TARGET_COUNT_MAX"
        ]

    text = "new targets: There are more new targets than the criteria allow."
    five = ("LIVER", "LIVER", "LUNG", "LUNG", "SPLEEN")
    assert fired(lesions(*five)) == []
    assert fired(lesions(*five, "BRAIN")) == [("visits[0].new_lesions", f"6 {text}")]
    assert fired(lesions("LUNG", "LUNG, LEFT", "LUNG, RIGHT")) == [
        ("visits[0].new_lesions", f"3 {text}")
    ]
    assert fired(lesions("HILUM", "NECK", "GROIN", nodal=True)) == [
        ("visits[0].new_lesions", f"3 {text}")
    ]
    assert fired(lesions("HILUM", "NECK", "GROIN")) == []
    assert fired(lesions(*[""] * 5), max_targets_per_organ=1) == []


def test_checks_run_also_when_nothing_can_be_derived() -> None:
    twice = (new_lesion("NL1", "12"), new_lesion("NL1", "12"))
    found = get(KEY).edit_checks([point(0, {"T01": 80}), point(56, {"T01": 80}, new=twice)])
    assert "IUPD_CONFIRMATION_OUT_OF_WINDOW" not in {finding.id for finding in found}
