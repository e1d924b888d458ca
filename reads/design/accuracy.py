"""Sensitivity and specificity of reads against a standard of truth, with intervals.

Units are rows of the form (regions, lesions) or the visit itself. Several units of one subject are
not independent, so the intervals are Wilson's (Wilson, J Am Stat Assoc 1927;22:209-212) at the
effective number of units: the number divided by the design effect of a ratio over clusters
(Rao and Scott, Biometrics 1992;48:577-585). With one unit per subject that is plain Wilson.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt

from studies.forms.definition import Form, Kind

POSITIVE, NEGATIVE = "POSITIVE", "NEGATIVE"
#: standard normal quantile of a two-sided interval of 95 %
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit with its truth and what a reader said; ``said`` is empty where nothing was said."""

    subject: str
    name: str
    truth: str
    said: str


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval; None where there is nothing to divide by."""

    hits: int
    total: int
    value: float | None
    low: float | None
    high: float | None
    effect: float = 1.0

    @property
    def percent(self) -> str:
        """The share in per cent, one decimal."""
        return "" if self.value is None else f"{100 * self.value:.1f} %"

    @property
    def interval(self) -> str:
        """The interval in per cent."""
        if self.low is None or self.high is None:
            return ""
        return f"{100 * self.low:.1f} to {100 * self.high:.1f} %"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What one reader reached.

    Attributes:
        unclear: units with a truth that the reader called neither present nor absent, or left out.
        sensitivity, specificity: over units with a clear answer.
        sensitivity_strict, specificity_strict: the unclear ones counted as wrong.
    """

    true_positive: int
    false_negative: int
    true_negative: int
    false_positive: int
    unclear: int
    sensitivity: Share
    specificity: Share
    sensitivity_strict: Share
    specificity_strict: Share


@dataclass(slots=True)
class _Cluster:
    hits: int = 0
    total: int = 0


def accuracy(units: Iterable[Unit]) -> Accuracy:
    """Return the accuracy of one reader over units that have a truth."""
    rows = [one for one in units if one.truth in (POSITIVE, NEGATIVE)]
    sick = [one for one in rows if one.truth == POSITIVE]
    well = [one for one in rows if one.truth == NEGATIVE]
    clear = (POSITIVE, NEGATIVE)
    sick_clear = [one for one in sick if one.said in clear]
    well_clear = [one for one in well if one.said in clear]
    hits = sum(one.said == POSITIVE for one in sick_clear)
    right = sum(one.said == NEGATIVE for one in well_clear)
    return Accuracy(
        true_positive=hits,
        false_negative=len(sick_clear) - hits,
        true_negative=right,
        false_positive=len(well_clear) - right,
        unclear=len(rows) - len(sick_clear) - len(well_clear),
        sensitivity=share(sick_clear, POSITIVE),
        specificity=share(well_clear, NEGATIVE),
        sensitivity_strict=share(sick, POSITIVE),
        specificity_strict=share(well, NEGATIVE),
    )


def share(units: Iterable[Unit], wanted: str) -> Share:
    """Return the share of units that a reader called as wanted, with its clustered interval."""
    clusters: dict[str, _Cluster] = {}
    for one in units:
        cluster = clusters.setdefault(one.subject, _Cluster())
        cluster.total += 1
        cluster.hits += one.said == wanted
    hits = sum(one.hits for one in clusters.values())
    total = sum(one.total for one in clusters.values())
    if not total:
        return Share(0, 0, None, None, None)
    effect = design_effect([(one.hits, one.total) for one in clusters.values()])
    low, high = wilson(hits / effect, total / effect)
    return Share(hits, total, hits / total, low, high, effect)


def wilson(hits: float, total: float, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's score interval of a share; counts may be effective, not whole."""
    share_ = hits / total
    middle = (share_ + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share_ * (1 - share_) / total + (z / (2 * total)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


def design_effect(clusters: list[tuple[int, int]]) -> float:
    """Return how much less clustered units tell than independent ones; at least 1.

    Args:
        clusters: hits and number of units of each subject.
    """
    number, total = len(clusters), sum(size for _, size in clusters)
    hits = sum(found for found, _ in clusters)
    if number < 2 or not 0 < hits < total:  # noqa: PLR2004 - a variance needs two clusters
        return 1.0
    ratio = hits / total
    spread = sum((found - ratio * size) ** 2 for found, size in clusters)
    clustered = number / (number - 1) * spread / total**2
    binomial = ratio * (1 - ratio) / total
    return max(1.0, clustered / binomial)


@dataclass(frozen=True, slots=True)
class Compared:
    """An item that both forms ask alike, in rows of a group or once."""

    path: str
    group: str
    label: str
    codes: tuple[str, ...] = field(default=())


def compared(read: Form, truth: Form) -> list[Compared]:
    """Return the items with the answers POSITIVE and NEGATIVE that both forms have."""
    found = []
    for path, item in truth.items.items():
        other = read.items.get(path)
        if other is None or item.kind is not Kind.CHOICE or other.kind is not Kind.CHOICE:
            continue
        if all(one.choice(POSITIVE) and one.choice(NEGATIVE) for one in (item, other)):
            codes = tuple(choice.code for choice in other.choices)
            found.append(Compared(path, item.group, other.label, codes))
    return found


def values_of(record: Mapping[str, object], one: Compared) -> dict[str, str]:
    """Return unit name -> answer of a record of answers (``Evaluation.record()``)."""
    answers = record.get("answers")
    if not isinstance(answers, Mapping):
        return {}
    if not one.group:
        return {"": _value(answers.get(one.path))}
    rows = record.get("rows")
    keys = rows.get(one.group, []) if isinstance(rows, Mapping) else []
    name = one.path.rpartition(".")[2]
    return {
        str(key): _value(answers.get(f"{one.group}.{number}.{name}"))
        for number, key in enumerate(keys)
        if key
    }


def _value(answer: object) -> str:
    value = answer.get("value") if isinstance(answer, Mapping) else None
    return value if isinstance(value, str) else ""
