"""Values of an evaluated eCRF by place, and of each row of a group by item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from studies.forms.evaluation import Evaluation

Row = Mapping[str, Any]


class Rows:
    """An evaluation as its facts are read out of it."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    def value(self, place: str) -> object:
        """Return the value at a place; None where there is none, or no such place."""
        if place not in self.evaluation.form.items:
            return None
        return self.evaluation.answer(place).value

    def text(self, place: str) -> str:
        """Return a text or code, "" where there is none."""
        value = self.value(place)
        return value if isinstance(value, str) else ""

    def code(self, place: str) -> str | None:
        """Return a code in the words of the engines, None where there is none."""
        return code(self.value(place)) or None

    def number(self, place: str) -> Decimal | None:
        """Return a number."""
        return number(self.value(place))

    def yes(self, place: str) -> bool:
        """Return whether a question was answered yes; no answer is no yes."""
        return self.value(place) is True

    def of(self, group: str) -> list[Row]:
        """Return the rows of a group that have a name."""
        items = [
            path.rpartition(".")[2]
            for path, item in self.evaluation.form.items.items()
            if item.group == group
        ]
        found: list[Row] = []
        for index, key in enumerate(self.evaluation.rows.get(group, ())):
            row = {name: self.evaluation.answer(f"{group}.{index}.{name}").value for name in items}
            if key:
                found.append(row | {"label": key})
        return found


def code(value: object) -> str:
    """Return a code of a form in the words of the engines: blanks become underscores."""
    return str(value).replace(" ", "_") if isinstance(value, str) else ""


def number(value: object) -> Decimal | None:
    """Return a value that is a number."""
    return value if isinstance(value, Decimal) else None


#: numbers of the pieces that a form asks of a lesion that split, in the order of their names
PIECES = range(1, 6)


def diameters_of_pieces(row: Row) -> tuple[Decimal, ...]:
    """Return the longest diameters of the pieces of a split lesion, mm.

    Nothing is known until every piece that is asked for is. A version of the form that asks for
    their sum alone gives that one number.
    """
    whole = number(row.get("pieces"))
    if whole is None:
        return ()
    return _given(row, [f"piece_{n}" for n in PIECES]) or (whole,)


def products_of_pieces(row: Row) -> tuple[Decimal, ...]:
    """Return the products of the pieces of a split lesion, mm²; the first is the lesion's own.

    Nothing is known until every piece that is asked for is. A version of the form that asks for
    their sum alone gives that one number.
    """
    whole = number(row.get("pieces_product"))
    if whole is None:
        return ()
    further = _given(row, [f"piece_product_{n}" for n in PIECES[1:]])
    return (*_given(row, ("product",)), *further) if further else (whole,)


def _given(row: Row, names: Iterable[str]) -> tuple[Decimal, ...]:
    values = (number(row.get(name)) for name in names)
    return tuple(value for value in values if value is not None)


def lesion(row: Row) -> dict[str, Any]:
    """Return what the engines know of any lesion."""
    return {
        "id": str(row["label"]),
        "organ": str(row.get("location") or ""),
        "location": str(row.get("detail") or ""),
        "side": str(row.get("side") or ""),
        "reason": str(row.get("ne_reason") or ""),
    }


def is_seen(row: Row) -> bool:
    """Return whether a new lesion is certain and still there."""
    return row.get("certainty") != "EQUIVOCAL" and row.get("state") != "ABSENT"


def worst(rows: Iterable[Row], order: tuple[str, ...]) -> str:
    """Return the first of these states that any row has, "" when none has one of them."""
    states = {code(row.get("state")) for row in rows}
    return next((state for state in order if state in states), "")
