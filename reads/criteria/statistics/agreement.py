"""Agreement of two readers on a category: percent agreement, kappa and its companions.

Notation of the sources: n_ij cases that reader 1 put in category i and reader 2 in j,
p_ij = n_ij/n, r_i and c_j the marginal shares, Po observed and Pe chance agreement, k categories.
Point estimates are computed as exact fractions and turned into floats once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from reads.criteria.errors import CriteriaError
from reads.criteria.statistics.intervals import Statistic, around, clopper_pearson

AGREEMENT = "percent agreement: share of identical calls"
COHEN = (
    "Cohen, Educ Psychol Meas 1960;20:37-46; SE: Fleiss, Cohen, Everitt, Psychol Bull 1969;72:323"
)
COHEN_WEIGHTED = "Cohen, Psychol Bull 1968;70:213-220; SE: Fleiss, Cohen, Everitt 1969"
GWET = "Gwet, Br J Math Stat Psychol 2008;61:29-48"
PABAK = "Byrt, Bishop, Carlin, J Clin Epidemiol 1993;46:423-429"
TWO = 2  # fewer categories than two leave nothing to agree on
NOT_EVALUABLE = frozenset({"NE", "NOT_EVALUABLE"})

STRENGTHS = ((20, "slight"), (40, "fair"), (60, "moderate"), (80, "substantial"))


@dataclass(frozen=True)
class AgreementTable:
    """Cross table of two readers: `counts[i][j]` cases called i by reader 1 and j by reader 2.

    `categories` carries the order that the weighted kappa needs (CR, PR, SD, PD).
    Raises CriteriaError naming the part that is wrong.
    """

    categories: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        k = len(self.categories)
        if k < TWO or len(set(self.categories)) != k:
            raise CriteriaError("categories", "at least two different categories are needed")
        if len(self.counts) != k or any(len(row) != k for row in self.counts):
            raise CriteriaError("counts", f"a table of {k} by {k} is needed")
        for row in self.counts:
            if any(isinstance(c, bool) or not isinstance(c, int) or c < 0 for c in row):
                raise CriteriaError("counts", "every cell is a whole number, zero or more")

    @classmethod
    def from_pairs(
        cls, pairs: Iterable[tuple[str, str]], *, categories: Sequence[str]
    ) -> AgreementTable:
        """Count pairs of calls; a call outside `categories` raises CriteriaError."""
        place = {name: i for i, name in enumerate(categories)}
        counts = [[0] * len(categories) for _ in categories]
        for one, two in pairs:
            if one not in place or two not in place:
                raise CriteriaError("pairs", f"{one}/{two} is outside the categories")
            counts[place[one]][place[two]] += 1
        return cls(tuple(categories), tuple(tuple(row) for row in counts))

    @property
    def n(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def size(self) -> int:
        return len(self.categories)

    @property
    def agreed(self) -> int:
        return sum(self.counts[i][i] for i in range(self.size))

    def rows(self) -> list[Fraction]:
        return [Fraction(sum(row), self.n) for row in self.counts]

    def columns(self) -> list[Fraction]:
        return [Fraction(sum(column), self.n) for column in zip(*self.counts, strict=True)]

    def evaluable(self) -> AgreementTable:
        """The table without the rows and columns of not evaluable: they are no step of an order."""
        keep = [i for i, name in enumerate(self.categories) if name not in NOT_EVALUABLE]
        return AgreementTable(
            tuple(self.categories[i] for i in keep),
            tuple(tuple(self.counts[i][j] for j in keep) for i in keep),
        )


def percent_agreement(table: AgreementTable, *, level: float = 0.95) -> Statistic:
    """Share of cases with the same call, in percent, with its Clopper-Pearson interval."""
    return _rate("percent_agreement", table.agreed, table.n, level=level)


def discordance_rate(table: AgreementTable, *, level: float = 0.95) -> Statistic:
    """Share of cases with different calls, in percent: 100 less the percent agreement."""
    return _rate("discordance_rate_pct", table.n - table.agreed, table.n, level=level)


def cohen_kappa(table: AgreementTable, *, level: float = 0.95) -> Statistic:
    """Chance-corrected agreement (Po - Pe) / (1 - Pe), Pe = sum r_i c_i (Cohen 1960).

    The standard error is that of Fleiss, Cohen and Everitt 1969 for a kappa other than zero; the
    interval is not cut off at 1.
    """
    return _kappa("cohen_kappa", table, lambda i, j: Fraction(i == j), citation=COHEN, level=level)


def weighted_kappa(
    table: AgreementTable, *, quadratic: bool = False, level: float = 0.95
) -> Statistic:
    """1 - sum w_ij p_ij / sum w_ij r_i c_j with w = |i-j|/(k-1), or its square (Cohen 1968).

    Not evaluable is counted apart: its row and column are left out first.
    """
    table = table.evaluable()
    span, power = table.size - 1, 2 if quadratic else 1

    def credit(i: int, j: int) -> Fraction:
        return 1 - Fraction(abs(i - j), span) ** power

    key = "weighted_kappa_quadratic" if quadratic else "weighted_kappa_linear"
    return _kappa(key, table, credit, citation=COHEN_WEIGHTED, level=level)


def gwet_ac1(table: AgreementTable) -> Statistic:
    """(Po - Pg) / (1 - Pg), Pg = sum q_i (1 - q_i) / (k - 1), q_i = (r_i + c_i) / 2 (Gwet 2008).

    Steady where one category is rare and Cohen's kappa collapses.
    """
    if table.n == 0:
        return _none("gwet_ac1", GWET)
    po = Fraction(table.agreed, table.n)
    q = [(r + c) / 2 for r, c in zip(table.rows(), table.columns(), strict=True)]
    pg = sum((share * (1 - share) for share in q), Fraction(0)) / (table.size - 1)
    return Statistic(
        "gwet_ac1",
        float((po - pg) / (1 - pg)),
        table.n,
        GWET,
        {"observed_agreement": float(po), "chance_agreement": float(pg)},
    )


def pabak(table: AgreementTable) -> Statistic:
    """Prevalence- and bias-adjusted kappa (k Po - 1) / (k - 1) (Byrt 1993)."""
    if table.n == 0:
        return _none("pabak", PABAK)
    po = Fraction(table.agreed, table.n)
    value = (table.size * po - 1) / (table.size - 1)
    return Statistic("pabak", float(value), table.n, PABAK, {"observed_agreement": float(po)})


def strength_of_agreement(kappa: float) -> str:
    """Reading aid for a kappa, rounded to two decimals first.

    Source: Landis and Koch, Biometrics 1977;33:159-174.
    """
    hundredths = round(kappa * 100)
    return next((word for limit, word in STRENGTHS if hundredths <= limit), "almost perfect")


def _kappa(
    key: str,
    table: AgreementTable,
    credit: Callable[[int, int], Fraction],
    *,
    citation: str,
    level: float,
) -> Statistic:
    """Kappa for any credit v_ij from 1 (same call) to 0 (furthest apart), with its SE."""
    n, cells = table.n, range(table.size)
    if n == 0:
        return _none(key, citation)
    r, c = table.rows(), table.columns()
    p = [[Fraction(count, n) for count in row] for row in table.counts]
    v = [[credit(i, j) for j in cells] for i in cells]
    po = sum((v[i][j] * p[i][j] for i in cells for j in cells), Fraction(0))
    pe = sum((v[i][j] * r[i] * c[j] for i in cells for j in cells), Fraction(0))
    inputs = {"observed_agreement": float(po), "chance_agreement": float(pe)}
    if pe == 1:
        reason = "both readers used one category only: chance agreement is 100 %"
        return Statistic(key, None, n, citation, inputs, reason=reason)
    by_row = [sum((v[i][j] * c[j] for j in cells), Fraction(0)) for i in cells]
    by_column = [sum((v[i][j] * r[i] for i in cells), Fraction(0)) for j in cells]
    spread = sum(
        (
            p[i][j] * (v[i][j] * (1 - pe) - (by_row[i] + by_column[j]) * (1 - po)) ** 2
            for i in cells
            for j in cells
        ),
        Fraction(0),
    )
    variance = (spread - (po * pe - 2 * pe + po) ** 2) / (n * (1 - pe) ** 4)
    kappa, error = float((po - pe) / (1 - pe)), sqrt(variance)
    return Statistic(key, kappa, n, citation, inputs, error, around(kappa, error, level=level))


def _rate(key: str, hits: int, n: int, *, level: float) -> Statistic:
    if n == 0:
        return _none(key, AGREEMENT)
    share = clopper_pearson(hits, n, level=level)
    percent = type(share)(share.low * 100, share.high * 100, level, share.method)
    value = float(Fraction(100 * hits, n))
    return Statistic(key, value, n, AGREEMENT, {"cases": float(hits)}, interval=percent)


def _none(key: str, citation: str) -> Statistic:
    return Statistic(key, None, 0, citation, reason="no case was read by both readers")
