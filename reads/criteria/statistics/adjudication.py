"""Adjudication: how often, and whose reading the adjudicator took.

A case is one subject (or time point) for one compared variable. The adjudicator decided when
`adjudicator_agrees_with` is given: a reader's label, BOTH, or NEITHER for an own reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from reads.criteria.errors import CriteriaError
from reads.criteria.statistics.intervals import Interval, Statistic, clopper_pearson

FORD = "Ford et al., adjudication rates in blinded independent central review, 2016"
COHEN_METRICS = "Cohen, Gonen, Ford: reader metrics; Reader Disagreement Index"
SHEWHART = "p-chart: limits p - 3 and p + 3 sqrt(p(1-p)/n) (Shewhart)"
FIRST, SECOND, BOTH, NEITHER = "R1", "R2", "BOTH", "NEITHER"
DECISIONS = frozenset({FIRST, SECOND, BOTH, NEITHER})


@dataclass(frozen=True)
class AdjudicationCase:
    """Two readers' calls and the adjudicator's decision, None where none was needed or given.

    A reader who did not read the case is None. Raises CriteriaError for an unknown decision.
    """

    subject: str
    reader1: str | None
    reader2: str | None
    adjudicator_agrees_with: str | None = None

    def __post_init__(self) -> None:
        decision = self.adjudicator_agrees_with
        if decision is not None and decision not in DECISIONS:
            raise CriteriaError(
                "adjudicator_agrees_with", f"{decision} is none of {sorted(DECISIONS)}"
            )

    @property
    def read_by_both(self) -> bool:
        return self.reader1 is not None and self.reader2 is not None

    @property
    def adjudicated(self) -> bool:
        return self.read_by_both and self.adjudicator_agrees_with is not None

    def read_by(self, reader: str) -> bool:
        return (self.reader1 if reader == FIRST else self.reader2) is not None

    def upheld(self, reader: str) -> bool:
        return self.adjudicator_agrees_with in (reader, BOTH)


def adjudication_rate(cases: Sequence[AdjudicationCase], *, level: float = 0.95) -> Statistic:
    """Adjudicated cases over cases read by both readers, in percent (Ford 2016)."""
    both = [case for case in cases if case.read_by_both]
    hits = sum(case.adjudicated for case in both)
    return _percent("adjudication_rate_pct", hits, len(both), citation=FORD, level=level)


def reader_acceptance(
    cases: Sequence[AdjudicationCase], *, reader: str, level: float = 0.95
) -> Statistic:
    """Share of adjudicated cases in which the adjudicator took this reader, in percent."""
    decided = [case for case in cases if case.adjudicated]
    hits = sum(case.upheld(_known(reader)) for case in decided)
    return _percent(
        "reader_acceptance_pct", hits, len(decided), citation=COHEN_METRICS, level=level
    )


def reader_disagreement_index(
    cases: Sequence[AdjudicationCase], *, reader: str, level: float = 0.95
) -> Statistic:
    """Cases where the adjudicator disagreed with this reader, per 100 cases the reader read."""
    read = [case for case in cases if case.read_by(_known(reader))]
    hits = sum(case.adjudicated and not case.upheld(reader) for case in read)
    return _percent(
        "reader_disagreement_index", hits, len(read), citation=COHEN_METRICS, level=level
    )


def control_limits(share: float, n: int) -> Interval:
    """Limits of a p-chart for a rate `share` (0 to 1) watched in groups of `n` cases."""
    if not 0 <= share <= 1 or n <= 0:
        raise CriteriaError("share", f"{share} in groups of {n} has no control limits")
    reach = 3 * sqrt(share * (1 - share) / n)
    return Interval(max(0.0, share - reach), min(1.0, share + reach), 0.9973, SHEWHART)


@dataclass(frozen=True)
class ProgressionPair:
    """Day of progression by two readers (or site and centre); None where none was called."""

    first_day: int | None
    second_day: int | None


def progression_discordance(
    pairs: Sequence[ProgressionPair], *, tolerance_days: int = 0
) -> tuple[Statistic, Statistic]:
    """Discordance in status, and in date among those progressed by both, both in percent.

    Dates differ when they are more than `tolerance_days` apart. Source: Ford 2016.
    """
    status = sum((p.first_day is None) != (p.second_day is None) for p in pairs)
    gaps = [
        abs(p.first_day - p.second_day)
        for p in pairs
        if p.first_day is not None and p.second_day is not None
    ]
    late = sum(gap > tolerance_days for gap in gaps)
    return (
        _percent("progression_status_discordance_pct", status, len(pairs), citation=FORD),
        _percent("progression_date_discordance_pct", late, len(gaps), citation=FORD),
    )


def _known(reader: str) -> str:
    if reader not in (FIRST, SECOND):
        raise CriteriaError("reader", f"{reader} is neither {FIRST} nor {SECOND}")
    return reader


def _percent(key: str, hits: int, n: int, *, citation: str, level: float = 0.95) -> Statistic:
    inputs = {"cases": float(hits), "of": float(n)}
    if n == 0:
        return Statistic(key, None, 0, citation, inputs, reason="no case to count")
    share = clopper_pearson(hits, n, level=level)
    interval = Interval(share.low * 100, share.high * 100, level, share.method)
    return Statistic(key, 100 * hits / n, n, citation, inputs, interval=interval)
