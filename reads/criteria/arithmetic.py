"""Exact arithmetic for limits.

Limits are compared by multiplication, never through a rounded percentage, because 30 % of 34.0 mm
in binary floating point lies on the wrong side of the limit (criteria.md, head note).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

EXACT = Context(prec=120, rounding=ROUND_HALF_EVEN)
ZERO = Decimal(0)
HUNDRED = Decimal(100)
REPORTED_PLACES = Decimal("0.0001")


@contextmanager
def exact() -> Iterator[None]:
    """Run a block in the package's own decimal context, whatever the caller has set."""
    with localcontext(EXACT):
        yield


def percent_change(value: Decimal, reference: Decimal) -> Decimal | None:
    """Return the change from `reference` to `value` in percent, rounded to four places.

    None when the reference is zero: the percentage does not exist then. For display and for
    data sets; limits are tested with `grown_by` and `shrunk_by`.
    """
    if reference == 0:
        return None
    return plain(((value - reference) * HUNDRED / reference).quantize(REPORTED_PLACES))


def grown_by(value: Decimal, reference: Decimal, percent: Decimal) -> bool:
    """Return whether `value` is at least `percent` above `reference` (inclusive, exact)."""
    return value * HUNDRED >= reference * (HUNDRED + percent)


def shrunk_by(value: Decimal, reference: Decimal, percent: Decimal) -> bool:
    """Return whether `value` is at least `percent` below `reference` (inclusive, exact)."""
    return value * HUNDRED <= reference * (HUNDRED - percent)


def plain(value: Decimal) -> Decimal:
    """Return the number without trailing zeros and without an exponent."""
    if value == 0:
        return ZERO
    text = f"{value:f}"
    return Decimal(text.rstrip("0") if "." in text else text)


def words(value: Decimal | int | None, unit: str = "") -> str:
    """Write a number as a radiologist reads it: `84 mm`, `37.5 %`, `no value`."""
    if value is None:
        return "no value"
    number = f"{plain(Decimal(value)):f}"
    return f"{number} {unit}" if unit else number


def percent_words(value: Decimal | None) -> str:
    """Write a percentage without its sign, as a whole number.

    Two decimals are kept where the whole number would be a multiple of five that the value does
    not reach or passes, because every limit of the criteria is one: 19.75 is not written as 20.
    """
    if value is None:
        return "no percentage"
    size = abs(value)
    whole = size.to_integral_value()
    if whole != size and whole % 5 == 0:
        return f"{plain(size.quantize(Decimal('0.01'))):f} %"
    return f"{whole:f} %"
