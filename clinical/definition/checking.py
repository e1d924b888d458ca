"""One value against its item: the canonical form, or plain sentences that say what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from clinical.definition.days import partial_date
from clinical.definition.document import Column, Item

LONGEST_TEXT: Final = 2000
MOST_ROWS: Final = 100
MOST_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class Entered:
    """What somebody typed, or a file says, of one item."""

    value: str = ""
    unit: str = ""
    on: str = ""
    rows: Sequence[Mapping[str, str]] = ()
    missing_reason: str = ""
    has_document: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """An item as it is kept, and what is wrong with it."""

    value: str = ""
    unit: str = ""
    on: str = ""
    rows: tuple[dict[str, str], ...] = ()
    problems: tuple[str, ...] = ()


@dataclass
class _Findings:
    problems: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.problems.append(text)


def checked(item: Item, entered: Entered, *, today: date) -> Checked:
    """Check what was entered for an item.

    An empty value has no problem here: that a required item is missing is said of the dossier.
    Nothing may lie in the future, except that a partial date may reach into it.
    """
    found = _Findings()
    on = _date(entered.on, today, found)
    if entered.missing_reason.strip():
        if _is_given(entered):
            found.add("It has a value and a reason why there is none.")
        return Checked(on=on, problems=tuple(found.problems))
    if item.kind == "table":
        rows = _rows(item, entered, today, found)
        return Checked(on=on, rows=rows, problems=tuple(found.problems))
    if entered.rows:
        found.add("It is one value, not a table of rows.")
    if item.kind == "document":
        if entered.value.strip():
            found.add("A document is sent as a file, not as text.")
        return Checked(on=on, problems=tuple(found.problems))
    value, trouble = _value(item.field, entered.value, today)
    found.problems += trouble
    unit, trouble = _unit(item.field, entered.unit, value)
    found.problems += trouble
    return Checked(value=value, unit=unit, on=on, problems=tuple(found.problems))


def _is_given(entered: Entered) -> bool:
    return bool(entered.value.strip() or entered.rows or entered.has_document)


def _date(text: str, today: date, found: _Findings) -> str:
    if not text.strip():
        return ""
    read = partial_date(text)
    if read is None:
        found.add(f"“{text.strip()}” is no date. Write 2026-03-05, 2026-03, 2026 or 05 Mar 2026.")
        return ""
    if read.first > today:
        found.add("The date lies in the future.")
    return read.iso


def _value(column: Column, text: str, today: date) -> tuple[str, list[str]]:
    text = text.strip()
    if not text:
        return "", []
    if column.kind == "number":
        return _number(column, text)
    if column.kind == "choice":
        return _choice(column, text)
    if column.kind == "date":
        found = _Findings()
        return _date(text, today, found), found.problems
    if len(text) > LONGEST_TEXT:
        return text[:LONGEST_TEXT], [f"The text is longer than {LONGEST_TEXT:,} characters."]
    return text, []


def _number(column: Column, text: str) -> tuple[str, list[str]]:
    try:
        number = Decimal(text.replace(",", ".") if text.count(",") == 1 else text)
    except InvalidOperation:
        return "", [f"“{text}” is no number."]
    if not number.is_finite() or len(number.as_tuple().digits) > MOST_DIGITS:
        return "", [f"“{text}” is no number."]
    if number.adjusted() > MOST_DIGITS or number.adjusted() < -MOST_DIGITS:
        return "", [f"“{text}” is no number."]
    kept = f"{number:f}"
    problems = []
    if column.lowest is not None and number < column.lowest:
        problems.append(f"{kept} is below the lowest value, {column.lowest}.")
    if column.highest is not None and number > column.highest:
        problems.append(f"{kept} is above the highest value, {column.highest}.")
    return kept, problems


def _choice(column: Column, text: str) -> tuple[str, list[str]]:
    wanted = text.casefold()
    for one in column.choices:
        if wanted in (one.value.casefold(), one.label.casefold()):
            return one.value, []
    return "", [f"“{text}” is none of {', '.join(one.label for one in column.choices)}."]


def _unit(column: Column, text: str, value: str) -> tuple[str, list[str]]:
    text = text.strip()
    if not value or column.kind != "number":
        return "", []
    if not column.unit or text == column.unit:
        return column.unit, [] if text == column.unit else [f"It has no unit; “{text}” was given."]
    if not text:
        return column.unit, [f"The unit is missing; it must be {column.unit}."]
    # Nothing is converted silently: ng/mL and µg/L are equal only to who knows it.
    return text, [f"The unit is {text}; it must be {column.unit}."]


def _rows(
    item: Item, entered: Entered, today: date, found: _Findings
) -> tuple[dict[str, str], ...]:
    if entered.value.strip():
        found.add("It is a table of rows, not one value.")
    if len(entered.rows) > MOST_ROWS:
        found.add(f"A table has at most {MOST_ROWS} rows.")
        return ()
    kept = []
    for number, row in enumerate(entered.rows, start=1):
        clean, trouble = _row(item, row, today)
        if any(clean.values()) or trouble:
            kept.append(clean)
            found.problems += [f"Row {number}, {text}" for text in trouble]
    return tuple(kept)


def _row(item: Item, row: Mapping[str, str], today: date) -> tuple[dict[str, str], list[str]]:
    known = {column.code for column in item.columns}
    problems = [f"“{code}” is no column of {item.label}." for code in row if code not in known]
    clean: dict[str, str] = {}
    for column in item.columns:
        value, trouble = _value(column, str(row.get(column.code, "")), today)
        clean[column.code] = value
        problems += [f"{column.label}: {text}" for text in trouble]
    if any(clean.values()):
        problems += list(_empty_cells(item, clean, row))
    return clean, problems


def _empty_cells(item: Item, clean: Mapping[str, str], row: Mapping[str, Any]) -> Iterator[str]:
    for column in item.columns:
        if column.required and not clean[column.code] and not str(row.get(column.code, "")).strip():
            yield f"{column.label}: it is empty."
