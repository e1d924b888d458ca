"""Drawing the readers of subjects: by rule, by capacity, and by a seed that repeats the draw.

The rules: two readers of a subject are two people; nobody reads a subject in which they hold
another role, or that comes from a site with which they have a conflict; nobody gets more reads than
they have room for; a reader of the study's therapeutic area is wanted where the study names one.
Among those who may, the least loaded are taken, and of their pairs the one that has read together
least: agreement then says something about every pair (FDA 2018, reader variability).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeVar

Row = TypeVar("Row", "Case", "Candidate")
#: how many of the least loaded are compared as pairs
COMPARED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who may read.

    Attributes:
        room: reads that may still be given.
        load: reads held already.
        areas: therapeutic areas; empty says nothing and fits none that is asked for.
        conflicts: keys of the sites whose subjects this person must not read.
    """

    key: str
    room: int
    load: int = 0
    areas: frozenset[str] = frozenset()
    conflicts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A subject without readers.

    Attributes:
        reads: reads per reader that this subject brings.
        barred: people who hold another role over the subject.
        area: therapeutic area that is wanted, "" for none.
    """

    key: str
    site: str
    reads: int
    barred: frozenset[str] = frozenset()
    area: str = ""


@dataclass(frozen=True, slots=True)
class Draw:
    """The result: readers by subject in the order of their roles, and why others have none."""

    seed: str
    readers: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str]


@dataclass(slots=True)
class _Desk:
    """The state of one draw."""

    candidates: Sequence[Candidate]
    chance: random.Random
    pairs: Counter[frozenset[str]]
    given: Counter[str] = field(default_factory=Counter)

    def room(self, one: Candidate) -> int:
        return one.room - self.given[one.key]

    def load(self, one: Candidate) -> int:
        return one.load + self.given[one.key]


def draw(
    cases: Iterable[Case],
    candidates: Iterable[Candidate],
    *,
    per_subject: int,
    seed: str,
    pairs: Mapping[frozenset[str], int] | None = None,
) -> Draw:
    """Draw the readers of every case. The same input and seed give the same result.

    Args:
        pairs: how many subjects two people read together already.

    Raises:
        ValueError: a key stands twice, or the number of readers per subject is not 1 or 2.
    """
    wanted = _once(cases)
    people = _once(candidates)
    if per_subject not in (1, 2):
        raise ValueError("A subject has one or two readers.")
    chance = random.Random(seed)  # noqa: S311 - an order to be reproduced, not a secret
    chance.shuffle(wanted)
    chance.shuffle(people)
    desk = _Desk(people, chance, Counter(pairs or {}))
    readers: dict[str, tuple[str, ...]] = {}
    refused: dict[str, str] = {}
    for case in wanted:
        able = [one for one in desk.candidates if _may(one, case) and desk.room(one) >= case.reads]
        if len(able) < per_subject:
            refused[case.key] = _why(case, desk, per_subject)
            continue
        team = _team(able, desk, per_subject)
        chance.shuffle(team)
        for one in team:
            desk.given[one.key] += case.reads
        if per_subject > 1:
            desk.pairs[frozenset(one.key for one in team)] += 1
        readers[case.key] = tuple(one.key for one in team)
    return Draw(seed, readers, refused)


def _once(rows: Iterable[Row]) -> list[Row]:
    found = sorted(rows, key=lambda row: row.key)
    if len({row.key for row in found}) != len(found):
        raise ValueError("A key stands twice.")
    return found


def _may(one: Candidate, case: Case) -> bool:
    return (
        one.key not in case.barred
        and case.site not in one.conflicts
        and (not case.area or case.area in one.areas)
    )


def _team(able: Sequence[Candidate], desk: _Desk, size: int) -> list[Candidate]:
    ordered = sorted(able, key=desk.load)
    if size == 1:
        return [ordered[0]]
    # The sort keeps the drawn order among equals, so chance decides where load does not.
    best = min(
        combinations(ordered[:COMPARED], size),
        key=lambda team: (
            sum(desk.load(one) for one in team),
            desk.pairs[frozenset(one.key for one in team)],
        ),
    )
    return list(best)


def _why(case: Case, desk: _Desk, wanted: int) -> str:
    """Say which rule leaves too few, in the order in which they are applied."""
    left = [one for one in desk.candidates if one.key not in case.barred]
    if len(left) < wanted:
        return f"{wanted} readers are needed; {len(left)} hold no other role over the subject."
    left = [one for one in left if case.site not in one.conflicts]
    if len(left) < wanted:
        return f"{wanted} readers are needed; {len(left)} have no conflict with the site."
    left = [one for one in left if not case.area or case.area in one.areas]
    if len(left) < wanted:
        return f"{wanted} readers of {case.area} are needed; there are {len(left)}."
    left = [one for one in left if desk.room(one) >= case.reads]
    return f"{wanted} readers are needed; {len(left)} have room for {case.reads} more reads."
