"""Statistics cases of a vector file: one record in, the derived numbers as plain data out.

Case kinds: `two_reader_categorical` (a cross table), `adjudication` (one record per subject),
`multi_reader_categorical` (case-by-category counts, or the calls of every reader) and
`continuous` (pairs of two readers, or ratings of several). Numbers are rounded to six places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from reads.criteria.errors import CriteriaError, missing, not_among
from reads.criteria.records import Record
from reads.criteria.statistics.adjudication import (
    FIRST,
    NEITHER,
    SECOND,
    AdjudicationCase,
    adjudication_rate,
    reader_acceptance,
    reader_disagreement_index,
)
from reads.criteria.statistics.agreement import (
    AgreementTable,
    cohen_kappa,
    discordance_rate,
    gwet_ac1,
    pabak,
    percent_agreement,
    weighted_kappa,
)
from reads.criteria.statistics.continuous import (
    Pair,
    bland_altman,
    icc_2_1,
    icc_3_1,
    repeatability_coefficient,
    within_subject_cv,
    within_subject_sd,
)
from reads.criteria.statistics.intervals import Interval
from reads.criteria.statistics.many_readers import fleiss_kappa

Derived = dict[str, Any]
OWN_READING = ("OWN", "NONE", "NEW_READ")
BINARY, PAIR = 2, 2
TABLE = "table_rows_reader1_cols_reader2"


def derive_case(kind: str, given: Mapping[str, Any]) -> Derived:
    """Return the statistics of one case.

    Raises CriteriaError naming `kind` for an unknown kind, or the item of `given` that is wrong.
    """
    if kind not in KINDS:
        raise not_among("kind", KINDS)
    return KINDS[kind](Record(given, "input"))


def _two_readers(given: Record) -> Derived:
    table = _table(given)
    kappa = cohen_kappa(table)
    derived: Derived = {
        "n": table.n,
        "percent_agreement": _rounded(percent_agreement(table).value),
        "discordance_rate_pct": _rounded(discordance_rate(table).value),
        "cohen_kappa": _rounded(kappa.value),
        "gwet_ac1": _rounded(gwet_ac1(table).value),
        "cohen_kappa_se": _rounded(kappa.standard_error),
        "cohen_kappa_ci95": _ends(kappa.interval),
        "pabak": _rounded(pabak(table).value),
    }
    if table.evaluable().size > BINARY:
        linear, quadratic = weighted_kappa(table), weighted_kappa(table, quadratic=True)
        derived["weighted_kappa_linear"] = _rounded(linear.value)
        derived["weighted_kappa_quadratic"] = _rounded(quadratic.value)
    return derived


def _table(given: Record) -> AgreementTable:
    categories = given.texts("categories_ordered", "categories")
    if given.has(TABLE, "table"):
        return AgreementTable(categories, _counts(given, TABLE, "table"))
    one, two = given.texts("reader1"), given.texts("reader2")
    if not one or len(one) != len(two):
        raise missing(given.field(TABLE))
    found = categories or tuple(sorted({*one, *two}))
    return AgreementTable.from_pairs(zip(one, two, strict=True), categories=found)


def _adjudication(given: Record) -> Derived:
    cases = [
        AdjudicationCase(
            subject=item.text("subject", "id") or item.path,
            reader1=item.text("reader1"),
            reader2=item.text("reader2"),
            adjudicator_agrees_with=_decision(item.text("adjudicator_agrees_with")),
        )
        for item in given.records("cases")
    ]
    derived: Derived = {
        "cases": sum(case.read_by_both for case in cases),
        "adjudicated": sum(case.adjudicated for case in cases),
        "adjudication_rate_pct": _rounded(adjudication_rate(cases).value),
    }
    for number, reader in ((1, FIRST), (2, SECOND)):
        accepted = reader_acceptance(cases, reader=reader)
        disagreed = reader_disagreement_index(cases, reader=reader)
        derived[f"reader{number}_acceptance_pct"] = _rounded(accepted.value)
        derived[f"reader{number}_rdi_pct"] = _rounded(disagreed.value)
    return derived


def _decision(word: str | None) -> str | None:
    return NEITHER if word in OWN_READING else word


def _many_readers(given: Record) -> Derived:
    found = fleiss_kappa(_counts(given, "counts", "table_rows_cases_cols_categories", "table"))
    return {
        "n": found.n,
        "fleiss_kappa": _rounded(found.value),
        "observed_agreement": _rounded(found.inputs["observed_agreement"]),
        "chance_agreement": _rounded(found.inputs["chance_agreement"]),
    }


def _continuous(given: Record) -> Derived:
    ratings = _ratings(given)
    absolute, consistent = icc_2_1(ratings), icc_3_1(ratings)
    derived: Derived = {
        "n": len(ratings),
        "icc_2_1": _rounded(absolute.value),
        "icc_2_1_ci95": _ends(absolute.interval),
        "icc_3_1": _rounded(consistent.value),
        "icc_3_1_ci95": _ends(consistent.interval),
    }
    if len(ratings[0]) == PAIR:
        derived |= _pairs([(row[0], row[1]) for row in ratings])
    return derived


def _pairs(pairs: list[Pair]) -> Derived:
    limits = bland_altman(pairs)
    return {
        "bias": _rounded(limits.bias),
        "sd_difference": _rounded(limits.sd),
        "loa_lower": _rounded(limits.lower_limit),
        "loa_upper": _rounded(limits.upper_limit),
        "within_subject_sd": _rounded(within_subject_sd(pairs).value),
        "repeatability_coefficient": _rounded(repeatability_coefficient(pairs).value),
        "within_subject_cv": _rounded(within_subject_cv(pairs).value),
    }


def _ratings(given: Record) -> list[list[float]]:
    for name in ("ratings", "pairs"):
        if given.has(name):
            return [
                [float(value) for value in _row(given, name, place)]
                for place in range(len(given.items(name)))
            ]
    one, two = (given.decimals(f"reader{number}", f"reader{number}_mm") for number in (1, 2))
    if not one or len(one) != len(two):
        raise missing(given.field("ratings"))
    return [[float(a), float(b)] for a, b in zip(one, two, strict=True)]


def _counts(given: Record, *names: str) -> tuple[tuple[int, ...], ...]:
    name = next((name for name in names if given.has(name)), names[0])
    rows = []
    for place in range(len(given.items(name))):
        cells = _row(given, name, place)
        if any(cell != cell.to_integral_value() for cell in cells):
            raise CriteriaError(f"{given.field(name)}[{place}]", "must hold whole numbers")
        rows.append(tuple(int(cell) for cell in cells))
    return tuple(rows)


def _row(given: Record, name: str, place: int) -> tuple[Decimal, ...]:
    path = f"{name}[{place}]"
    return Record({path: given.items(name)[place]}, given.path).decimals(path)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(interval.low, 6), round(interval.high, 6)]


KINDS: dict[str, Callable[[Record], Derived]] = {
    "two_reader_categorical": _two_readers,
    "adjudication": _adjudication,
    "multi_reader_categorical": _many_readers,
    "continuous": _continuous,
}
