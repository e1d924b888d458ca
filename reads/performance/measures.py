"""Agreement, adjudication and time of one reader or of all, over one stretch of time."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from reads.criteria.statistics import (
    AdjudicationCase,
    AgreementTable,
    Interval,
    Statistic,
    adjudication_rate,
    cohen_kappa,
    control_limits,
    discordance_rate,
    gwet_ac1,
    percent_agreement,
    reader_acceptance,
    reader_disagreement_index,
)
from reads.performance.records import ORDER, Case, Pair, Period, Reading

FIRST, SECOND, BOTH, NEITHER = "R1", "R2", "BOTH", "NEITHER"
MONTHS = 12


@dataclass(frozen=True)
class Measured:
    """What is told of a reader, or of a study when no reader is named."""

    reads: int
    pairs: int
    agreement: Statistic
    kappa: Statistic
    ac1: Statistic
    adjudication: Statistic
    disagreement_index: Statistic | None
    acceptance: Statistic | None
    overrides: Statistic
    median_seconds: float | None
    reasons: tuple[tuple[str, int], ...]


def categories_of(pairs: Iterable[Pair]) -> tuple[str, ...]:
    """Return the responses that occur, in the order of severity; never fewer than two."""
    used = {call for pair in pairs for call in pair.calls}
    found = [name for name in ORDER if name in used] + sorted(used - set(ORDER))
    for name in ORDER:
        if len(found) > 1:
            break
        if name not in found:
            found.append(name)
    return tuple(found)


def table_of(
    pairs: Sequence[Pair], categories: Sequence[str], *, reader: Hashable | None = None
) -> AgreementTable:
    """Return the cross table of calls; a named reader's calls are its rows."""
    calls = (pair.calls if reader is None else pair.seen_by(reader) for pair in pairs)
    return AgreementTable.from_pairs(calls, categories=categories)


def measure(
    readings: Sequence[Reading],
    pairs: Sequence[Pair],
    cases: Sequence[Case],
    *,
    reader: Hashable | None = None,
) -> Measured:
    """Measure a study, or one reader of it."""
    if reader is not None:
        readings = [one for one in readings if one.reader == reader]
        pairs = [pair for pair in pairs if reader in pair.readers]
        cases = [case for case in cases if reader in case.readers]
    table = table_of(pairs, categories_of(pairs), reader=reader)
    sent, decided = _adjudication_cases(len(pairs), cases, reader)
    timed = [one.seconds for one in readings if one.seconds]
    reasons = Counter(variable for case in cases for variable in case.variables)
    return Measured(
        reads=len(readings),
        pairs=len(pairs),
        agreement=percent_agreement(table),
        kappa=cohen_kappa(table),
        ac1=gwet_ac1(table),
        adjudication=adjudication_rate(sent),
        disagreement_index=(
            reader_disagreement_index(decided, reader=FIRST) if reader is not None else None
        ),
        acceptance=reader_acceptance(decided, reader=FIRST) if reader is not None else None,
        overrides=_share(sum(one.overridden for one in readings), len(readings)),
        median_seconds=median(timed) if timed else None,
        reasons=tuple(reasons.most_common()),
    )


def _adjudication_cases(
    read: int, cases: Sequence[Case], reader: Hashable | None
) -> tuple[list[AdjudicationCase], list[AdjudicationCase]]:
    """Return one statistical case per time point read twice: as sent, and as decided.

    An open case was sent to an adjudicator, who has not taken anybody's side yet. The measured
    reader is the first of the two.
    """
    agreed = [AdjudicationCase(str(n), "x", "x") for n in range(max(0, read - len(cases)))]
    sent = [AdjudicationCase("sent", "x", "y", BOTH) for _ in cases]
    decided = [
        AdjudicationCase("case", "x", "y", _side(case, reader) if case.decided else None)
        for case in cases
    ]
    return agreed + sent, agreed + decided


def _side(case: Case, reader: Hashable | None) -> str:
    if case.upheld is None:
        return NEITHER
    first = reader if reader is not None else case.readers[0]
    return FIRST if case.upheld == first else SECOND


def _share(hits: int, n: int) -> Statistic:
    """Return a rate in percent by the same way as the agreement."""
    table = AgreementTable(("yes", "no"), ((hits, 0), (0, 0))) if n == 0 else _two(hits, n)
    return discordance_rate(table)


def _two(hits: int, n: int) -> AgreementTable:
    return AgreementTable(("no", "yes"), ((n - hits, hits), (0, 0)))


def months(first: date, last: date, *, most: int = MONTHS) -> list[Period]:
    """Divide a stretch of time into calendar months; beyond ``most``, into quarters, then years."""
    for size, words in ((1, "{0:%b %y}"), (3, "Q{1} {0:%y}"), (12, "{0:%Y}")):
        found = list(_periods(first, last, size, words))
        if len(found) <= most:
            break
    return found


def _periods(first: date, last: date, size: int, words: str) -> Iterable[Period]:
    year, month = first.year, first.month - (first.month - 1) % size
    start = date(year, month, 1)
    while start <= last:
        ahead = start.month - 1 + size
        following = date(start.year + ahead // 12, ahead % 12 + 1, 1)
        label = words.format(start, (start.month - 1) // 3 + 1)
        yield Period(label, start, following - timedelta(days=1))
        start = following


@dataclass(frozen=True)
class Drift:
    """The discordance of each period, and where it leaves its control limits.

    Attributes:
        rows: period, its discordance in percent, the number of pairs, and its limits in percent.
        outside: labels of the periods outside their limits.
    """

    rows: tuple[tuple[Period, float, int, Interval], ...]
    overall: float | None
    outside: tuple[str, ...]


def _by_period(pairs: Sequence[Pair], periods: Sequence[Period]) -> tuple[list[int], list[int]]:
    """Count the pairs of each period, and those that differ, in one pass."""
    starts = [period.first for period in periods]
    read, differ = [0] * len(periods), [0] * len(periods)
    for pair in pairs:
        at = bisect_right(starts, pair.at) - 1
        if at >= 0 and pair.at <= periods[at].last:
            read[at] += 1
            differ[at] += not pair.agrees
    return read, differ


def drift(
    pairs: Sequence[Pair], periods: Sequence[Period], *, reader: Hashable | None = None
) -> Drift:
    """Watch the discordance over time by a p-chart (Shewhart); periods without a pair are left out.

    The limits of a period depend on its number of pairs.
    """
    if reader is not None:
        pairs = [pair for pair in pairs if reader in pair.readers]
    if not pairs:
        return Drift((), None, ())
    share = sum(not pair.agrees for pair in pairs) / len(pairs)
    rows = []
    for period, n, differ in zip(periods, *_by_period(pairs, periods), strict=True):
        if not n:
            continue
        found = 100 * differ / n
        limits = control_limits(share, n)
        percent = Interval(100 * limits.low, 100 * limits.high, limits.level, limits.method)
        rows.append((period, found, n, percent))
    outside = tuple(p.label for p, found, _, at in rows if not at.low <= found <= at.high)
    return Drift(tuple(rows), 100 * share, outside)
