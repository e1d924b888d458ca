"""RECIST 1.1 targets, non-targets and new lesions: values, limits, order of tests."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest

from reads.criteria.errors import CriteriaError
from reads.criteria.facts import Certainty, LesionState, MeasuredTimePoint, TargetFacts
from reads.criteria.registry import get
from tests.reads.criteria.streams import (
    assess,
    mm,
    new_lesion,
    overall,
    point,
    target,
    targets_only,
)

KEY = "RECIST11"


@pytest.mark.parametrize(
    ("sizes", "response"),
    [
        (["100", "70"], "PR"),
        (["100", "70.1"], "SD"),
        (["34.0", "23.8"], "PR"),
        (["34.0", "23.9"], "SD"),
        (["50", "60"], "PD"),
        (["50", "59.9"], "SD"),
        (["20", "25"], "PD"),
        (["20", "24.9"], "SD"),
        (["25", "30"], "PD"),
        (["24", "28.9"], "SD"),
        (["24", "29"], "PD"),
        (["0.7", "0.49"], "PR"),
        (["100", "gone"], "CR"),
        (["100", "0"], "CR"),
        (["100", "tiny"], "PR"),
        (["100", "ne"], "NE"),
    ],
)
def test_limits_are_inclusive_and_exact_in_decimals(sizes: list[str | int], response: str) -> None:
    assert targets_only(KEY, sizes) == [response]


def test_a_caller_with_a_poor_decimal_context_gets_the_same_result() -> None:
    with localcontext() as context:
        context.prec = 2
        assert targets_only(KEY, ["123.4", "86.38"]) == ["PR"]
        assert targets_only(KEY, ["123.4", "86.39"]) == ["SD"]


def test_progression_is_tested_before_response() -> None:
    assert targets_only(KEY, ["90", "30", "37"]) == ["PR", "PD"]


def test_from_a_nadir_of_zero_five_millimetres_are_progression() -> None:
    both = [point(0, {"T01": 20}, {"NT": "present"}), point(56, {"T01": "gone"}, {"NT": "present"})]
    assert overall(KEY, *both, point(112, {"T01": "5"}, {"NT": "present"}))[1] == "PD"
    assert overall(KEY, *both, point(112, {"T01": "4.9"}, {"NT": "present"}))[1] == "PR"


def test_the_nadir_is_the_smallest_complete_sum_before_the_time_point() -> None:
    result = assess(
        KEY,
        point(0, {"T01": 50, "T02": 30}),
        point(56, {"T01": 20, "T02": "ne"}),
        point(112, {"T01": 45, "T02": 25}),
        point(168, {"T01": 48, "T02": 30}),
    )
    nadirs = [r.values["nadir_before_mm"] for r in result.time_points[1:]]
    assert nadirs == [80, 80, 70]


def test_a_later_time_point_never_lowers_the_nadir_of_an_earlier_one_out_of_order() -> None:
    in_order = [point(0, {"T01": 50}), point(56, {"T01": 40}), point(112, {"T01": 20})]
    shuffled = [in_order[0], in_order[2], in_order[1]]
    result = assess(KEY, *shuffled)
    assert [r.id for r in result.time_points] == ["BL", "D112", "D56"]
    assert [r.values["nadir_before_mm"] for r in result.time_points[1:]] == [40, 50]


def test_nodes_count_by_their_short_axis_and_a_normal_one_stays_in_the_sum_of_a_cr() -> None:
    result = assess(KEY, point(0, {"N01": 22, "T01": 14}), point(56, {"N01": "9.9", "T01": "gone"}))
    assert result.time_points[1].values["sum_mm"] == Decimal("9.9")
    assert result.time_points[1].target_response == "CR"


@pytest.mark.parametrize(
    ("size", "response"), [("9.9", "CR"), ("10", "PR"), ("tiny", "CR"), ("gone", "CR")]
)
def test_a_node_is_normal_below_ten_millimetres(size: str, response: str) -> None:
    points = [point(0, {"N01": 20}), point(56, {"N01": size})]
    assert assess(KEY, *points).time_points[1].target_response == response


def test_a_node_is_known_as_such_from_its_organ_when_the_form_does_not_say() -> None:
    node = TargetFacts(
        id="T01",
        organ="AXILLARY LYMPH NODE",
        state=LesionState.MEASURED,
        sa_mm=mm(18),
        ld_mm=mm(30),
    )
    baseline = replace(point(0), target=(node,))
    assert assess(KEY, baseline).time_points[0].values["sum_mm"] == 18


def test_too_small_to_measure_takes_its_default_even_when_a_size_was_written() -> None:
    tiny = TargetFacts(id="T01", state=LesionState.TOO_SMALL_TO_MEASURE, ld_mm=mm(3))
    result = assess(KEY, point(0, {"T01": 40}), replace(point(56), target=(tiny,)))
    assert result.time_points[1].values["sum_mm"] == 5
    result = assess(KEY, point(0, {"T01": 40}), replace(point(56), target=(tiny,)), too_small_mm=4)
    assert result.time_points[1].values["sum_mm"] == 4


def test_a_split_lesion_counts_its_pieces_and_a_merged_one_counts_in_its_host() -> None:
    split = TargetFacts(id="T01", state=LesionState.SPLIT, fragments_mm=(mm(11), mm("10.5")))
    merged = TargetFacts(id="T02", state=LesionState.MERGED, merged_into="T01")
    result = assess(
        KEY,
        point(0, {"T01": 30, "T02": 20}),
        replace(point(56), target=(split, target("T02", 18))),
        replace(point(112), target=(target("T01", 41), merged)),
    )
    assert [r.values["sum_mm"] for r in result.time_points[1:]] == [Decimal("39.5"), 41]


def test_a_lesion_merged_into_something_that_is_no_target_has_no_value() -> None:
    merged = TargetFacts(id="T02", state=LesionState.MERGED, merged_into="NT01")
    result = assess(
        KEY, point(0, {"T01": 30, "T02": 20}), replace(point(56), target=(target("T01", 9), merged))
    )
    assert result.time_points[1].values["sum_mm"] is None
    assert result.time_points[1].target_response == "NE"


def test_a_host_that_cannot_be_evaluated_leaves_the_sum_incomplete() -> None:
    merged = TargetFacts(id="T02", state=LesionState.MERGED, merged_into="T01")
    result = assess(
        KEY,
        point(0, {"T01": 30, "T02": 20}),
        replace(point(56), target=(target("T01", "ne"), merged)),
    )
    assert result.time_points[1].target_response == "NE"


def test_missing_targets_give_ne_unless_the_rest_is_already_progression() -> None:
    baseline = point(0, {"T01": 30, "T02": 20})
    assert overall(KEY, baseline, point(56, {"T01": 60, "T02": "ne"})) == ["PD"]
    assert overall(KEY, baseline, point(56, {"T01": "59.9", "T02": "ne"})) == ["NE"]
    assert overall(KEY, baseline, point(56, {"T01": "gone", "T02": "ne"})) == ["NE"]


def test_a_target_without_an_entry_has_no_value() -> None:
    assert overall(KEY, point(0, {"T01": 30, "T02": 20}), point(56, {"T01": 10})) == ["NE"]


def test_a_target_that_the_baseline_does_not_have_is_left_out_and_the_trace_says_so() -> None:
    result = assess(KEY, point(0, {"T01": 30}), point(56, {"T01": 28, "T09": 12}))
    assert result.time_points[1].values["sum_mm"] == 28
    assert any("T09 was not a target at baseline" in text for text in result.time_points[1].because)


def test_a_partial_response_continues_until_progression_by_default() -> None:
    sizes: list[str | int] = ["100", "65", "75", "77.9", "78"]
    assert targets_only(KEY, sizes) == ["PR", "PR", "PR", "PD"]
    assert targets_only(KEY, sizes, pr_persistence="arithmetic") == ["PR", "SD", "SD", "PD"]


def test_a_partial_response_continues_over_a_missing_scan_but_not_over_progression() -> None:
    assert targets_only(KEY, ["100", "65", "ne", "75"]) == ["PR", "NE", "PR"]
    assert targets_only(KEY, ["100", "65", "80", "75"]) == ["PR", "PD", "SD"]


def test_where_confirmation_is_required_only_a_confirmed_partial_response_continues() -> None:
    settings = {"confirmation_required": True}
    assert targets_only(KEY, ["100", "65", "75"], **settings) == ["PR", "SD"]
    assert targets_only(KEY, ["100", "65", "66", "75"], **settings) == ["PR", "PR", "PR"]


@pytest.mark.parametrize(
    "sizes",
    [
        [(56, "9.9"), (112, "10.4"), (168, "12")],
        [(56, "10.4"), (112, "9.9"), (120, "10.4"), (168, "12")],
    ],
)
def test_a_complete_target_response_confirms_and_is_confirmed_by_a_partial_one(
    sizes: list[tuple[int, str]],
) -> None:
    points = [point(0, {"N01": 15}), *(point(day, {"N01": size}) for day, size in sizes)]
    result = assess(KEY, *points, confirmation_required=True)
    assert result.time_points[-1].target_response == "PR"


@pytest.mark.parametrize(("reading", "response"), [("progression", "PD"), ("limits", "PR")])
def test_a_tiny_lesion_back_after_cr_is_read_as_the_charter_says(
    reading: str, response: str
) -> None:
    points = [point(0, {"T01": 30}), point(56, {"T01": "gone"}), point(112, {"T01": "4"})]
    assert overall(KEY, *points, reappearance_after_cr=reading) == ["CR", response]


def test_a_lesion_back_without_an_overall_cr_before_is_judged_by_the_limits() -> None:
    points = [
        point(0, {"T01": 30}, {"NT": "present"}),
        point(56, {"T01": "gone"}, {"NT": "present"}),
        point(112, {"T01": "4"}, {"NT": "present"}),
    ]
    assert overall(KEY, *points) == ["PR", "PR"]


def test_non_target_disease_back_after_an_overall_cr_is_progression() -> None:
    points = [
        point(0, {"T01": 30}, {"NT": "present"}),
        point(56, {"T01": "gone"}, {"NT": "gone"}),
        point(112, {"T01": "gone"}, {"NT": "present"}),
    ]
    assert overall(KEY, *points) == ["CR", "PD"]
    assert overall(KEY, *points, reappearance_after_cr="limits") == ["CR", "PR"]


@pytest.mark.parametrize(("reading", "response"), [("not_evaluable", "NE"), ("measured", "PR")])
def test_a_target_treated_during_the_study_is_read_as_the_charter_says(
    reading: str, response: str
) -> None:
    treated = replace(target("T01", 10), treated_on_study=True)
    points = [point(0, {"T01": 30}), replace(point(56), target=(treated,))]
    assert overall(KEY, *points, locally_treated_target=reading) == [response]


@pytest.mark.parametrize(
    ("states", "marker", "response"),
    [
        ({"A": "gone", "B": "gone"}, None, "CR"),
        ({"A": "gone", "B": "gone"}, True, "CR"),
        ({"A": "gone", "B": "gone"}, False, "NON-CR/NON-PD"),
        ({"A": "gone", "B": "present"}, None, "NON-CR/NON-PD"),
        ({"A": "present", "B": "ne"}, None, "NE"),
        ({"A": "gone", "B": "ne"}, None, "NE"),
        ({"A": "gone"}, None, "NE"),
        ({"A": "worse", "B": "ne"}, None, "PD"),
        ({"A": "worse", "B": "present"}, True, "PD"),
    ],
)
def test_non_target_states_combine_by_severity(
    states: dict[str, str], marker: bool | None, response: str
) -> None:
    points = [
        point(0, {}, {"A": "present", "B": "present"}),
        point(56, {}, states, tumour_marker_normal=marker),
    ]
    assert overall(KEY, *points) == [response]


def test_a_high_marker_forbids_cr_even_without_non_targets() -> None:
    points = [point(0, {"T01": 30}), point(56, {"T01": "gone"}, tumour_marker_normal=False)]
    assert overall(KEY, *points) == ["PR"]


def test_without_disease_at_baseline_the_response_is_ned_until_a_lesion_appears() -> None:
    points = [point(0), point(56), point(112, new=(new_lesion("NL1"),))]
    assert overall(KEY, *points) == ["NED", "PD"]
    assert overall(KEY, point(0), point(56, assessed=False)) == ["NE"]


def test_a_time_point_without_imaging_is_ne_whatever_was_carried_over() -> None:
    result = assess(
        KEY,
        point(0, {"T01": 30}, {"NT": "present"}),
        point(56, {"T01": 30}, {"NT": "present"}, assessed=False),
    ).time_points[1]
    assert (result.target_response, result.non_target_response) == ("NE", "NE")
    assert result.overall_response == "NE"


def test_an_equivocal_new_lesion_is_no_progression_until_it_is_proven() -> None:
    doubtful = new_lesion("NL1", certainty=Certainty.EQUIVOCAL)
    points = [
        point(0, {"T01": 30}),
        point(56, {"T01": 30}, new=(doubtful,)),
        point(112, {"T01": 30}, new=(new_lesion("NL1"),)),
    ]
    result = assess(KEY, *points)
    assert [r.overall_response for r in result.time_points[1:]] == ["SD", "PD"]
    assert result.values["progression_day"] == 56
    assert result.best_response(confirmation_required=False) == "SD"
    backdated = assess(KEY, *points, equivocal_backdating="response")
    assert backdated.best_response(confirmation_required=False) == "PD"


def test_an_equivocal_lesion_that_is_never_proven_dates_nothing() -> None:
    doubtful = new_lesion("NL1", certainty=Certainty.EQUIVOCAL)
    points = [point(0, {"T01": 30}), point(56, {"T01": 30}, new=(doubtful,))]
    assert assess(KEY, *points).values["progression_day"] is None


def test_time_points_after_new_therapy_do_not_count_for_the_best_response() -> None:
    points = [
        point(0, {"T01": 30}),
        point(56, {"T01": 30}),
        point(112, {"T01": 10}, new_therapy=True),
    ]
    assert assess(KEY, *points).best_response(confirmation_required=False) == "SD"
    counted = assess(KEY, *points, stop_at_new_therapy=False)
    assert counted.best_response(confirmation_required=False) == "PR"


def test_percentages_are_given_to_four_places_and_not_at_all_from_zero() -> None:
    result = assess(KEY, point(0, {"T01": 30}), point(56, {"T01": 20}), point(112, {"T01": "gone"}))
    assert result.time_points[1].values["pct_change_baseline"] == Decimal("-33.3333")
    assert result.time_points[1].values["abs_change_nadir_mm"] == -10
    assert result.time_points[2].values["pct_change_nadir"] == -100
    later = assess(KEY, point(0, {"T01": 30}), point(56, {"T01": "gone"}), point(90, {"T01": 0}))
    assert later.time_points[2].values["pct_change_nadir"] is None


def test_days_come_from_dates_when_the_form_has_dates_only() -> None:
    from datetime import date

    points = [
        MeasuredTimePoint(id="BL", baseline=True, date=date(2024, 1, 8)),
        MeasuredTimePoint(id="TP1", date=date(2024, 2, 19)),
    ]
    assert [r.day for r in assess(KEY, *points).time_points] == [0, 42]


def first_error(*points: MeasuredTimePoint) -> str:
    with pytest.raises(CriteriaError) as caught:
        assess(KEY, *points)
    return caught.value.field


def test_each_kind_of_ill_formed_input_names_its_field() -> None:
    baseline = point(0, {"T01": 30, "T02": 20})
    bare = TargetFacts(id="T01", state=LesionState.MEASURED)
    split = TargetFacts(id="T01", state=LesionState.SPLIT)
    merged = TargetFacts(id="T01", state=LesionState.MERGED)
    circle = (
        TargetFacts(id="T01", state=LesionState.MERGED, merged_into="T02"),
        TargetFacts(id="T02", state=LesionState.MERGED, merged_into="T01"),
    )
    twice = (target("T01", 1), target("T01", 2))
    at = point(56)
    assert first_error(baseline, replace(at, target=(bare,))) == "visits[0].target[0].ld_mm"
    assert first_error(baseline, point(56, {"T01": "-1"})) == "visits[0].target[0].ld_mm"
    assert first_error(baseline, replace(at, target=(split,))) == "visits[0].target[0].fragments_mm"
    assert first_error(baseline, replace(at, target=(merged,))) == "visits[0].target[0].merged_into"
    assert first_error(baseline, replace(at, target=circle)) == "visits[0].target[0].merged_into"
    assert first_error(baseline, replace(at, target=twice)) == "visits[0].target[1].id"
    assert first_error(replace(baseline, target=twice)) == "baseline.target[1].id"
    assert first_error(baseline, replace(at, day=None)) == "visits[0].day"
    assert first_error(baseline, replace(at, day=-1)) == "visits[0].day"


def test_facts_of_a_wrong_type_name_their_field_at_once() -> None:
    with pytest.raises(CriteriaError) as caught:
        TargetFacts(id="T01", ld_mm=30.5)  # type: ignore[arg-type]
    assert caught.value.field == "ld_mm"
    with pytest.raises(CriteriaError) as caught:
        TargetFacts(id="T01", ld_mm=Decimal("NaN"))
    assert caught.value.field == "ld_mm"
    with pytest.raises(CriteriaError) as caught:
        TargetFacts(id="T01", fragments_mm=(1,))  # type: ignore[arg-type]
    assert caught.value.field == "fragments_mm"
    with pytest.raises(CriteriaError) as caught:
        TargetFacts(id=" ")
    assert caught.value.field == "id"
    with pytest.raises(CriteriaError) as caught:
        MeasuredTimePoint(id="BL", day="1")  # type: ignore[arg-type]
    assert caught.value.field == "day"


def test_a_history_that_is_none_names_what_is_missing() -> None:
    criterion = get(KEY)
    for history, field in (([], "baseline"), ("text", "history"), ([1], "baseline")):
        with pytest.raises(CriteriaError) as caught:
            criterion.assess(history)  # type: ignore[arg-type]
        assert caught.value.field == field
    with pytest.raises(CriteriaError) as caught:
        criterion.assess([point(0), 1])  # type: ignore[list-item]
    assert caught.value.field == "visits[0]"


def test_the_trace_reads_like_a_radiologist_and_cites_the_clause() -> None:
    result = assess(
        KEY, point(0, {"T01": 90}), point(56, {"T01": 64}, id="TP2"), point(112, {"T01": 84})
    )
    text = next(step for step in result.time_points[2].trace if step.name == "target_response")
    assert text.sentence == (
        "Sum 84 mm is 31 % above the nadir of 64 mm (TP2) and 20 mm larger: PD, RECIST 1.1 §4.3.1"
    )
