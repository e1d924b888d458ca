"""Best overall response: table 3 cell by cell, confirmation, dates, open questions."""

from __future__ import annotations

import pytest

from reads.criteria.base import BestResponse, Record
from reads.criteria.bestresponse import best_response
from reads.criteria.errors import CriteriaError
from reads.criteria.registry import get
from tests.reads.criteria.streams import assess, point

LATE, EARLY = (56, 112), (14, 41)

# First and next response, then the best response where the stable-disease minimum of 42 days is
# met by the first (days 56 and 112) and where it is not met (days 14 and 41: 27 days apart).
TABLE_3 = (
    ("CR", "CR", "CR", "NE"),
    ("CR", "PR", "SD", "PD"),
    ("CR", "SD", "SD", "PD"),
    ("CR", "PD", "SD", "PD"),
    ("CR", "NE", "SD", "NE"),
    ("PR", "CR", "PR", "NE"),
    ("PR", "PR", "PR", "NE"),
    ("PR", "SD", "SD", "SD"),
    ("PR", "PD", "SD", "PD"),
    ("PR", "NE", "SD", "NE"),
    ("NE", "NE", "NE", "NE"),
)


def best(sequence: list[tuple[int, str]], *, confirmed: bool, **settings: object) -> BestResponse:
    options = get("RECIST11").options(settings)
    return best_response(sequence, options, confirmation_required=confirmed)


def bor(responses: str, *, confirmed: bool = True, gap: int = 56, **settings: object) -> str:
    sequence = [(gap * place, text) for place, text in enumerate(responses.split(), start=1)]
    return best(sequence, confirmed=confirmed, **settings).response


def test_table_3_is_enumerated_with_the_minimum_met_and_not_met() -> None:
    hit = 0
    for first, following, met, unmet in TABLE_3:
        for days, expected in ((LATE, met), (EARLY, unmet)):
            sequence = [(days[0], first), (days[1], following)]
            assert best(sequence, confirmed=True).response == expected, (first, following, days)
            hit += 1
    assert hit == 2 * len(TABLE_3) == 22


def test_the_sequence_of_answers_gives_both_ways() -> None:
    record = Record(
        {"sequence": [{"day": 112, "response": "SD"}, {"day": 56, "response": "PR"}]}, "sequence 1"
    )
    criterion = get("RECIST11")
    assert criterion.files.sequence is not None
    assert criterion.files.sequence(record, criterion.options()) == {
        "bor_unconfirmed": "PR",
        "bor_confirmed": "SD",
    }


@pytest.mark.parametrize(("days", "response"), [((56, 84), "PR"), ((56, 83), "SD")])
def test_a_confirmation_lies_at_least_28_days_later(days: tuple[int, int], response: str) -> None:
    assert best([(days[0], "PR"), (days[1], "PR")], confirmed=True).response == response


def test_a_later_time_point_may_confirm_where_the_next_one_came_too_early() -> None:
    assert best([(56, "PR"), (60, "PR"), (84, "PR")], confirmed=True).response == "PR"


@pytest.mark.parametrize(("day", "response"), [(42, "SD"), (41, "NE")])
def test_stable_disease_counts_from_its_minimum_day(day: int, response: str) -> None:
    for confirmed in (False, True):
        assert best([(day, "SD")], confirmed=confirmed).response == response
    for confirmed in (False, True):
        expected = "NON-CR/NON-PD" if day == 42 else "NE"
        sequence = [(day, "NON-CR/NON-PD")]
        assert best(sequence, confirmed=confirmed).response == expected


@pytest.mark.parametrize(
    ("responses", "unconfirmed", "confirmed"),
    [
        ("PR PR PD CR", "PR", "PR"),
        ("SD PR PR", "PR", "PR"),
        ("PR CR CR", "CR", "CR"),
        ("PR CR PD", "CR", "PR"),
        ("CR SD CR", "CR", "SD"),
        ("PR SD PR", "PR", "SD"),
        ("PR NE PR", "PR", "PR"),
        ("PR NE NE PR", "PR", "SD"),
        ("NON-CR/NON-PD PD", "NON-CR/NON-PD", "NON-CR/NON-PD"),
        ("PD PR PR", "PD", "PD"),
        ("NE PD", "PD", "PD"),
        ("NED NED", "NED", "NED"),
        ("NE", "NE", "NE"),
        ("", "NE", "NE"),
    ],
)
def test_sequences_at_eight_week_intervals(
    responses: str, unconfirmed: str, confirmed: str
) -> None:
    assert bor(responses, confirmed=False) == unconfirmed
    assert bor(responses, confirmed=True) == confirmed


def test_open_question_2_stable_disease_between_two_partial_responses() -> None:
    assert bor("PR SD PR") == "SD"
    assert bor("PR SD PR", accept_sd_between=True) == "PR"
    assert bor("PR SD SD PR", accept_sd_between=True) == "SD"
    assert bor("CR SD CR", accept_sd_between=True) == "SD"


def test_open_question_3_partial_response_after_complete_response() -> None:
    assert bor("CR PR PD") == "SD"
    assert bor("CR PR PD", cr_then_lesser="correct_to_pr") == "PR"
    assert bor("CR PR PD", confirmed=False, cr_then_lesser="correct_to_pr") == "PR"
    assert bor("CR CR PR", cr_then_lesser="correct_to_pr") == "PR"
    assert bor("CR CR SD", cr_then_lesser="correct_to_pr") == "CR"


def test_open_question_4_more_than_one_missing_time_point_before_confirmation() -> None:
    assert bor("PR NE NE PR") == "SD"
    assert bor("PR NE NE PR", max_ne_between=2) == "PR"
    assert bor("PR NE PR", max_ne_between=0) == "SD"


def test_open_question_6_minimum_of_stable_disease_by_assessment_or_by_follow_up() -> None:
    sequence = [(30, "SD"), (60, "PD")]
    for confirmed in (False, True):
        assert best(sequence, confirmed=confirmed).response == "PD"
        by_time = best(sequence, confirmed=confirmed, sd_minimum_by="follow_up")
        assert by_time.response == "SD"
        too_short = best([(30, "SD"), (41, "PD")], confirmed=confirmed, sd_minimum_by="follow_up")
        assert too_short.response == "PD"
        exactly = best([(30, "SD"), (42, "PD")], confirmed=confirmed, sd_minimum_by="follow_up")
        assert exactly.response == "SD"


def test_dates_of_response_and_progression_and_the_duration() -> None:
    sequence = [(56, "SD"), (112, "PR"), (168, "CR"), (224, "CR"), (280, "PD"), (336, "PD")]
    for confirmed in (False, True):
        found = best(sequence, confirmed=confirmed)
        assert (found.response_day, found.progression_day) == (112, 280)
        assert found.duration_days == 169


def test_the_response_dates_from_the_first_one_that_is_confirmed_later() -> None:
    sequence = [(56, "PR"), (112, "SD"), (168, "PR"), (224, "PR"), (280, "PD")]
    assert best(sequence, confirmed=False).response_day == 56
    assert best(sequence, confirmed=True).response_day == 168


def test_without_response_or_progression_dates_stay_open() -> None:
    found = best([(56, "SD")], confirmed=True)
    assert (found.response_day, found.progression_day, found.duration_days) == (None, None, None)
    found = best([(56, "PR"), (112, "PR")], confirmed=True)
    assert (found.response_day, found.progression_day, found.duration_days) == (56, None, None)


def test_an_assessment_gives_the_way_without_confirmation_first() -> None:
    result = assess("RECIST11", point(0, {"T01": 100}), point(56, {"T01": 60}))
    assert [(b.confirmation_required, b.response) for b in result.best] == [
        (False, "PR"),
        (True, "SD"),
    ]
    assert result.best_response(confirmation_required=True) == "SD"


def test_the_trace_tells_way_minimum_and_sequence() -> None:
    found = best([(56, "PR"), (112, "SD")], confirmed=True)
    assert found.trace[0].sentence == (
        "Best overall response SD, confirmed at least 28 days later, stable disease from day 42: "
        "PR day 56, SD day 112, RECIST 1.1 §4.4-4.6, table 3"
    )


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"response": "PR"}, "s.sequence[0].day"),
        ({"day": 1}, "s.sequence[0].response"),
        ({"day": 1, "response": "XX"}, "s.sequence[0].response"),
        ({"day": "1.5", "response": "PR"}, "s.sequence[0].day"),
    ],
)
def test_an_ill_formed_sequence_names_its_field(entry: dict[str, object], field: str) -> None:
    criterion = get("RECIST11")
    assert criterion.files.sequence is not None
    with pytest.raises(CriteriaError) as caught:
        criterion.files.sequence(Record({"sequence": [entry]}, "s"), criterion.options())
    assert caught.value.field == field


def test_two_responses_of_one_day_keep_their_order() -> None:
    criterion = get("RECIST11")
    assert criterion.files.sequence is not None
    same_day = [{"day": 56, "response": "PR"}, {"day": 56, "response": "PD"}]
    found = criterion.files.sequence(Record({"sequence": same_day}), criterion.options())
    assert found["bor_unconfirmed"] == "PR"


def test_the_problem_with_a_sequence_is_told() -> None:
    criterion = get("RECIST11")
    assert criterion.files.sequence is not None
    for entry, problem in (
        ({"response": "PR"}, "is missing"),
        (
            {"day": 1, "response": "XX"},
            "must be one of CR, PR, SD, NON-CR/NON-PD, NED, PD, NE",
        ),
    ):
        with pytest.raises(CriteriaError) as caught:
            criterion.files.sequence(Record({"sequence": [entry]}), criterion.options())
        assert caught.value.problem == problem
