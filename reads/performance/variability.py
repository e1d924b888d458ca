"""Variability of readers: drawing a sample of courses, and what their second reading shows.

The statistics of responses are those of two readers; those of sums are an intraclass correlation,
the limits of agreement of Bland and Altman and the within-subject coefficient of variation.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from reads.criteria.statistics import (
    AgreementTable,
    BlandAltman,
    Statistic,
    bland_altman,
    cohen_kappa,
    gwet_ac1,
    icc_2_1,
    icc_3_1,
    percent_agreement,
    repeatability_coefficient,
    weighted_kappa,
    within_subject_cv,
)
from reads.performance.records import ORDER

INTRA, INTER = "intra", "inter"
#: fewer pairs leave no variance to divide
FEWEST_PAIRS = 2
WHOLE = 100


def how_many(percent: int, of: int) -> int:
    """Return the size of a sample: the percentage of all, rounded up."""
    return ceil(percent * of / WHOLE)


def shuffled(keys: Iterable[str], seed: str) -> list[str]:
    """Return keys in the order in which a seed draws them; the order given does not matter."""
    drawn = sorted(keys)
    random.Random(seed).shuffle(drawn)  # noqa: S311 - a sample to be repeated, not a secret
    return drawn


@dataclass(frozen=True, slots=True)
class Twice:
    """One time point read twice: the responses and the sums of the target lesions, mm."""

    calls: tuple[str, str] | None
    sums: tuple[float, float] | None


@dataclass(frozen=True)
class Repeated:
    """What a second reading shows; a statistic that needs more pairs is left out."""

    time_points: int
    calls: int
    sums: int
    statistics: tuple[Statistic, ...]
    limits: BlandAltman | None
    points: tuple[tuple[float, float], ...]


def compare(twice: Sequence[Twice], *, kind: str) -> Repeated:
    """Compare first and second readings.

    Args:
        kind: intra (the same reader: the reader is fixed, ICC(3,1)) or inter (readers are a sample
            of readers, ICC(2,1)).
    """
    calls = [one.calls for one in twice if one.calls is not None]
    sums = [one.sums for one in twice if one.sums is not None]
    found: list[Statistic] = []
    if calls:
        used = {call for pair in calls for call in pair}
        categories = [name for name in ORDER if name in used] + sorted(used - set(ORDER))
        categories += [name for name in ORDER if name not in categories][: 2 - len(categories)]
        table = AgreementTable.from_pairs(calls, categories=categories)
        found += [percent_agreement(table), cohen_kappa(table), gwet_ac1(table)]
        if len(table.evaluable().categories) > FEWEST_PAIRS:
            found.append(weighted_kappa(table))
    limits = None
    if len(sums) >= FEWEST_PAIRS:
        rows = [list(pair) for pair in sums]
        found.append(icc_3_1(rows) if kind == INTRA else icc_2_1(rows))
        found += [repeatability_coefficient(sums), within_subject_cv(sums)]
        limits = bland_altman(sums)
    return Repeated(
        time_points=len(twice),
        calls=len(calls),
        sums=len(sums),
        statistics=tuple(found),
        limits=limits,
        points=tuple(((one + two) / 2, one - two) for one, two in sums),
    )
