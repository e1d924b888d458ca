"""Every check of the library on its own two examples, and what the library as a whole must hold."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reads.oversight import LIBRARY, Check, StreamFacts, run
from reads.oversight.conditions import ConditionError, facts_of, holds
from reads.oversight.facts import LesionFact, PointFacts, ResponseFact, stream_from
from reads.oversight.library import BY_ID
from reads.oversight.rows import rows_over
from reads.oversight.running import written

EACH = pytest.mark.parametrize("check", LIBRARY, ids=[check.id for check in LIBRARY])


def test_the_library_has_at_least_25_checks_of_every_kind_scope_and_level() -> None:
    assert len(LIBRARY) >= 25
    assert {check.kind for check in LIBRARY} == {"judgement", "measurement", "response"}
    assert {check.scope for check in LIBRARY} == {"time_point", "global"}
    assert {check.level for check in LIBRARY} == {"error", "warning", "info"}
    assert min(Counter(check.kind for check in LIBRARY).values()) >= 8


@EACH
def test_a_check_fires_once_on_its_failing_example(check: Check) -> None:
    fired = run(stream_from(check.failing), [check])
    assert [one.check.id for one in fired] == [check.id]
    assert "{" not in fired[0].message
    assert "–" not in fired[0].message


@EACH
def test_a_check_stays_silent_on_its_passing_example(check: Check) -> None:
    assert run(stream_from(check.passing), [check]) == []


@EACH
def test_a_check_names_its_clause_and_asks_only_for_facts_that_exist(check: Check) -> None:
    assert check.clause.strip()
    assert check.title.strip()
    rows = list(rows_over(check.over, stream_from(check.failing)))
    assert rows
    assert facts_of(check.when) <= set(rows[0].known)


def test_a_check_that_asks_for_what_is_not_known_stays_silent() -> None:
    stream = StreamFacts(points=(PointFacts(number=1, day=0, lesions=(_target(None),)),))
    assert run(stream, [BY_ID["BASELINE_TARGET_TOO_SMALL"]]) == []


def test_a_blank_is_never_no() -> None:
    tree = {"not": {"fact": "lesion.irradiated", "is": True}}
    assert holds(tree, {"lesion.irradiated": None}) is None
    assert holds(tree, {"lesion.irradiated": False}) is True
    assert holds({"any": [tree, {"fact": "a", "is": 1}]}, {"a": 1}) is True
    assert holds({"all": [tree, {"fact": "a", "is": 2}]}, {"a": 1}) is False


@pytest.mark.parametrize("tree", [{}, {"fact": "a"}, {"fact": "a", "eval": "1"}, {"is": 1}])
def test_what_is_no_condition_is_refused(tree: dict[str, Any]) -> None:
    with pytest.raises(ConditionError):
        facts_of(tree)


def test_a_number_in_a_message_is_written_as_people_write_it() -> None:
    assert written("{a} of {b}, {c}", {"a": Decimal("12.50"), "b": 3, "c": None}) == "12.5 of 3, –"


@pytest.mark.parametrize(
    ("criterion", "overall", "left"),
    [
        ("RECIST11", "CR", True),
        ("iRECIST", "iCR", True),
        # Volumes are those of targets; metabolic and lymphoma criteria allow a residual mass.
        ("VOLUMETRIC", "CR", False),
        ("PERCIST", "CR", False),
        ("LUGANO2014", "CR", False),
        ("CHESON2007", "CR", False),
    ],
)
def test_a_non_target_that_is_left_speaks_against_a_complete_response_only_where_it_counts(
    criterion: str, overall: str, left: bool
) -> None:
    gone = LesionFact(label="T01", category="target", state="ABSENT", size=Decimal(0))
    other = LesionFact(label="NT01", category="non_target", state="PRESENT")
    points = (
        PointFacts(number=1, day=0, lesions=(_target(Decimal(30)), other)),
        PointFacts(
            number=2,
            day=56,
            lesions=(gone, other),
            responses=(ResponseFact(criterion=criterion, derived={"overall_response": overall}),),
        ),
    )
    fired = run(StreamFacts(points=points), [BY_ID["CR_WITH_DISEASE_LEFT"]])
    assert bool(fired) is left


def _target(size: Decimal | None, **more: Any) -> LesionFact:
    return LesionFact(label="T01", category="target", state="MEASURED", size=size, **more)


SIZES = st.decimals(min_value=Decimal("0.1"), max_value=Decimal(300), places=1)


@given(st.lists(SIZES, min_size=1, max_size=6))
def test_findings_do_not_depend_on_the_order_in_which_lesions_are_listed(
    sizes: list[Decimal],
) -> None:
    lesions = [
        LesionFact(label=f"T{n}", category="target", organ=f"O{n}", state="MEASURED", size=size)
        for n, size in enumerate(sizes)
    ]
    forward, backward = (
        {
            (one.check.id, one.number, one.place)
            for one in run(StreamFacts(points=(PointFacts(number=1, day=0, lesions=tuple(rows)),)))
        }
        for rows in (lesions, lesions[::-1])
    )
    assert forward == backward


@given(st.lists(st.sampled_from(["CR", "PR", "SD", "PD", "NE"]), min_size=1, max_size=6))
def test_no_course_of_responses_breaks_a_check(course: list[str]) -> None:
    points = [PointFacts(number=1, day=0)]
    points += [
        PointFacts(
            number=n + 2,
            day=56 * (n + 1),
            responses=(ResponseFact(criterion="RECIST11", derived={"overall_response": word}),),
        )
        for n, word in enumerate(course)
    ]
    fired = run(StreamFacts(points=tuple(points)))
    after = [one for one in fired if one.check.id == "READ_AFTER_PROGRESSION"]
    assert bool(after) == ("PD" in course[:-1])
