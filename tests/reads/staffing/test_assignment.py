"""Drawing readers: what must never happen, by property; what is preferred, by example."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reads.staffing.assignment import Candidate, Case, Draw, draw

SITES = ("s1", "s2", "s3")
AREAS = ("", "oncology", "neurology")
NAMES = tuple(f"r{n}" for n in range(8))


@st.composite
def people(found: st.DrawFn) -> list[Candidate]:
    names = found(st.lists(st.sampled_from(NAMES), unique=True))
    return [
        Candidate(
            key=name,
            room=found(st.integers(0, 30)),
            load=found(st.integers(0, 20)),
            areas=found(st.frozensets(st.sampled_from(AREAS[1:]))),
            conflicts=found(st.frozensets(st.sampled_from(SITES), max_size=1)),
        )
        for name in names
    ]


@st.composite
def subjects(found: st.DrawFn) -> list[Case]:
    return [
        Case(
            key=f"c{number}",
            site=found(st.sampled_from(SITES)),
            reads=found(st.integers(1, 6)),
            barred=found(st.frozensets(st.sampled_from(NAMES), max_size=3)),
            area=found(st.sampled_from(AREAS)),
        )
        for number in range(found(st.integers(0, 15)))
    ]


@settings(max_examples=150)
@given(subjects(), people(), st.sampled_from([1, 2]), st.text(max_size=8))
def test_no_conflict_no_double_role_no_more_than_the_room(
    cases: list[Case], candidates: list[Candidate], per_subject: int, seed: str
) -> None:
    made = draw(cases, candidates, per_subject=per_subject, seed=seed)
    by_key = {one.key: one for one in candidates}
    given_reads: Counter[str] = Counter()
    assert set(made.readers) | set(made.refused) == {case.key for case in cases}
    assert not set(made.readers) & set(made.refused)
    for case in cases:
        team = made.readers.get(case.key, ())
        assert len(set(team)) == len(team)
        assert len(team) in (0, per_subject)
        assert not set(team) & case.barred
        for key in team:
            assert case.site not in by_key[key].conflicts
            assert not case.area or case.area in by_key[key].areas
            given_reads[key] += case.reads
    assert all(given_reads[key] <= by_key[key].room for key in given_reads)


@settings(max_examples=60)
@given(subjects(), people(), st.text(max_size=8), st.randoms())
def test_the_draw_follows_from_the_seed_and_not_from_the_order_of_the_rows(
    cases: list[Case], candidates: list[Candidate], seed: str, order: object
) -> None:
    first = draw(cases, candidates, per_subject=2, seed=seed)
    order.shuffle(cases)  # type: ignore[attr-defined]
    order.shuffle(candidates)  # type: ignore[attr-defined]
    assert draw(cases, candidates, per_subject=2, seed=seed) == first


def team_of(made: Draw, key: str) -> set[str]:
    return set(made.readers[key])


def test_the_least_loaded_are_taken() -> None:
    candidates = [Candidate(key=f"r{n}", room=100, load=n) for n in range(4)]
    made = draw([Case(key="c", site="s", reads=1)], candidates, per_subject=2, seed="x")
    assert team_of(made, "c") == {"r0", "r1"}


def test_every_pair_reads_about_as_often_as_every_other() -> None:
    candidates = [Candidate(key=f"r{n}", room=10_000) for n in range(4)]
    cases = [Case(key=f"c{n:03d}", site="s", reads=1) for n in range(120)]
    made = draw(cases, candidates, per_subject=2, seed="x")
    pairs = Counter(frozenset(team) for team in made.readers.values())
    assert set(pairs) == {frozenset(pair) for pair in combinations(["r0", "r1", "r2", "r3"], 2)}
    assert max(pairs.values()) - min(pairs.values()) <= 2


def test_the_first_role_goes_to_each_of_a_pair_by_chance() -> None:
    candidates = [Candidate(key="r0", room=10_000), Candidate(key="r1", room=10_000)]
    cases = [Case(key=f"c{n:04d}", site="s", reads=1) for n in range(1000)]
    made = draw(cases, candidates, per_subject=2, seed="x")
    first = sum(team[0] == "r0" for team in made.readers.values())
    assert 400 < first < 600  # 500 expected, six standard deviations are 95


@pytest.mark.parametrize(
    ("case", "candidate", "said"),
    [
        ({"barred": frozenset({"a"})}, {}, "hold no other role"),
        ({}, {"conflicts": frozenset({"s"})}, "no conflict with the site"),
        ({"area": "oncology"}, {}, "1 readers of oncology are needed; there are 0"),
        ({"reads": 3}, {"room": 2}, "have room for 3 more reads"),
    ],
)
def test_a_subject_without_readers_says_which_rule_left_too_few(
    case: dict[str, object], candidate: dict[str, object], said: str
) -> None:
    made = draw(
        [Case(**{"key": "c", "site": "s", "reads": 1, **case})],  # type: ignore[arg-type]
        [Candidate(**{"key": "a", "room": 10, **candidate})],  # type: ignore[arg-type]
        per_subject=1,
        seed="x",
    )
    assert said in made.refused["c"]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="one or two"):
        draw([], [], per_subject=3, seed="x")
    twice = [Candidate(key="a", room=1), Candidate(key="a", room=2)]
    with pytest.raises(ValueError, match="twice"):
        draw([], twice, per_subject=1, seed="x")
