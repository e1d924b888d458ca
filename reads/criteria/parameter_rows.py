"""Short ways to write the parameters of a criterion as rows of a table.

All limits are inclusive. `question` numbers an open question of criteria.md section 15; its
readings tell what each permitted value means. `verified=False`: only general knowledge of the
paper supports it ([M] in criteria.md), so its default switches it off.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from reads.criteria.parameters import Parameter


def percent(
    name: str, default: Decimal | int, meaning: str, *, clause: str, maximum: int = 1000
) -> Parameter:
    """Return a limit in percent, from 1 on."""
    return quantity(name, default, meaning, unit="%", clause=clause, minimum=1, maximum=maximum)


def quantity(
    name: str,
    default: Decimal | int,
    meaning: str,
    *,
    unit: str,
    clause: str,
    maximum: int,
    minimum: int = 0,
) -> Parameter:
    """Return a decimal number with a unit."""
    return Parameter(
        name=name,
        kind="decimal",
        default=Decimal(default),
        minimum=minimum,
        maximum=maximum,
        unit=unit,
        meaning=meaning,
        clause=clause,
    )


def count(
    name: str,
    default: int,
    meaning: str,
    *,
    clause: str,
    maximum: int,
    minimum: int = 1,
    unit: str = "",
) -> Parameter:
    """Return a whole number."""
    return Parameter(
        name=name,
        kind="integer",
        default=default,
        minimum=minimum,
        maximum=maximum,
        unit=unit,
        meaning=meaning,
        clause=clause,
    )


def choice(
    name: str,
    readings: Mapping[str, str],
    meaning: str,
    *,
    clause: str,
    question: int | None = None,
) -> Parameter:
    """Return a choice of words; the first reading is the default."""
    choices = tuple(readings)
    return Parameter(
        name=name,
        kind="choice",
        default=choices[0],
        choices=choices,
        meaning=meaning,
        clause=clause,
        question=question,
        readings=readings,
    )


def flag(
    name: str,
    meaning: str,
    *,
    clause: str,
    default: bool = False,
    verified: bool = True,
    question: int | None = None,
    readings: Mapping[str, str] | None = None,
) -> Parameter:
    """Return a yes or no."""
    return Parameter(
        name=name,
        kind="flag",
        default=default,
        meaning=meaning,
        clause=clause,
        verified=verified,
        question=question,
        readings=readings or {},
    )
