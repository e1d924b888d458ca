"""Agreement of more than two readers on a category."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt

from reads.criteria.errors import CriteriaError
from reads.criteria.statistics.intervals import Statistic, around

FLEISS = "Fleiss, Psychol Bull 1971;76:378-382; SE: Fleiss, Nee, Landis, Psychol Bull 1979;86:974"

FEWEST = 2  # categories, and readers per case


def fleiss_kappa(counts: Sequence[Sequence[int]], *, level: float = 0.95) -> Statistic:
    """Fleiss kappa over a case-by-category table: `counts[i][j]` readers called case i category j.

    Every case needs the same number of readers, two or more. The standard error is the one under
    no agreement beyond chance (Fleiss, Nee and Landis 1979). Raises CriteriaError naming the part.
    """
    readers = _readers(counts)
    n, categories = len(counts), range(len(counts[0]))
    shares = [Fraction(sum(row[j] for row in counts), n * readers) for j in categories]
    squares = sum(count * count for row in counts for count in row)
    observed = Fraction(squares - n * readers, n * readers * (readers - 1))
    chance = sum((share * share for share in shares), Fraction(0))
    inputs = {
        "observed_agreement": float(observed),
        "chance_agreement": float(chance),
        "readers": float(readers),
    }
    if chance == 1:
        reason = "every reader used one category only: chance agreement is 100 %"
        return Statistic("fleiss_kappa", None, n, FLEISS, inputs, reason=reason)
    kappa = float((observed - chance) / (1 - chance))
    within = sum((p * (1 - p) for p in shares), Fraction(0))
    skew = sum((p * (1 - p) * (1 - 2 * p) for p in shares), Fraction(0))
    variance = 2 * (within * within - skew) / (within * within * n * readers * (readers - 1))
    error = sqrt(variance)
    interval = around(kappa, error, level=level)
    return Statistic("fleiss_kappa", kappa, n, FLEISS, inputs, error, interval)


def _readers(counts: Sequence[Sequence[int]]) -> int:
    if not counts:
        raise CriteriaError("counts", "no case")
    if len(counts[0]) < FEWEST or any(len(row) != len(counts[0]) for row in counts):
        raise CriteriaError("counts", "every case needs the same two or more categories")
    if any(count < 0 for row in counts for count in row):
        raise CriteriaError("counts", "a count is zero or more")
    totals = {sum(row) for row in counts}
    if len(totals) != 1 or (readers := totals.pop()) < FEWEST:
        raise CriteriaError("counts", "every case needs the same number of readers, two or more")
    return readers
