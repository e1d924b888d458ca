"""What a second source says beside what is held, item by item; nothing is written anywhere.

A file has one value in each row (subject, time point, item, value) or one visit in each row with a
column for each item. Facts of the images are compared like items: the scan date, whether the visit
was scanned, its modalities, the state of the subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from clinical.definition.checking import Checked
from clinical.definition.days import written
from clinical.definition.document import Choice, Column, Item
from clinical.definition.sheet import COLUMNS, Answer, Known, Result, Rows, Said, columns_of

#: a column that holds the values of one item is mapped to this and the item's code
ITEM: Final = "item:"
SCAN_DATE: Final = "scan date"
SCANNED: Final = "scan done"
MODALITIES: Final = "modality"
SUBJECT_STATE: Final = "subject status"
YES_NO: Final = (Choice("yes", "Yes"), Choice("no", "No"))
#: what the columns of fields are called on the page that maps them; "source" is the file's own
FIELDS: Final[Mapping[str, str]] = {
    name: words for name, words in COLUMNS.items() if name not in ("source", "missing")
}
_YES: Final = dict.fromkeys(("y", "yes", "1", "true", "done", "performed"), "yes")
_NO: Final = dict.fromkeys(("n", "no", "0", "false", "not done", "not performed"), "no")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    SCAN_DATE: ("scan date", "imaging date", "date of scan", "scandt", "procedure date"),
    SCANNED: ("scan done", "imaging done", "scan performed", "prstat", "performed"),
    MODALITIES: ("modality", "modalities", "procedure", "prtrt"),
    SUBJECT_STATE: ("subject status", "subject state", "disposition", "dsdecod", "status"),
}


def facts(states: Iterable[tuple[str, str]]) -> dict[str, Item]:
    """Return the facts of images that can be compared, by code.

    Args:
        states: the states that a subject can be in, as stored and in words.
    """
    choices = tuple(Choice(value, label) for value, label in states)
    columns = (
        Column(SCAN_DATE, "Scan date", "date"),
        Column(SCANNED, "Scan done", "choice", choices=YES_NO),
        Column(MODALITIES, "Modalities", "text"),
        Column(SUBJECT_STATE, "State of the subject", "choice", choices=choices),
    )
    return {column.code: Item(column, when="every") for column in columns}


def modalities(names: Iterable[str]) -> str:
    """Return modalities in one order: ``CT, PT``."""
    return ", ".join(sorted({name.strip().upper() for name in names if name.strip()}))


# --- what the columns mean ------------------------------------------------------------------------


def suggested(head: Sequence[str], items: Mapping[str, Item]) -> dict[str, str]:
    """Return the columns whose names say what they are: column, from 0 -> meaning."""
    found = {str(index): name for name, index in columns_of(head).items() if name in FIELDS}
    is_long = "item" in found.values() and "value" in found.values()
    if is_long:
        return found
    found = {index: name for index, name in found.items() if name not in ("item", "value")}
    names = _names_of(items)
    for index, title in enumerate(head):
        code = names.get(_plain(title))
        if str(index) not in found and code is not None and ITEM + code not in found.values():
            found[str(index)] = ITEM + code
    return found


def _names_of(items: Mapping[str, Item]) -> dict[str, str]:
    """Return plain name -> code of everything that a column can hold."""
    names: dict[str, str] = {}
    for code, item in items.items():
        if item.kind == "table":
            for column in item.columns:
                names[_plain(f"{code} {column.code}")] = f"{code}.{column.code}"
                names.setdefault(_plain(f"{item.label} {column.label}"), f"{code}.{column.code}")
        elif item.kind != "document":
            for name in (code, item.label, *_WORDS.get(code, ())):
                names.setdefault(_plain(name), code)
    return names


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.casefold()).strip()


def meanings(items: Mapping[str, Item]) -> dict[str, str]:
    """Return everything that a column can mean, with its words, in the order of the page."""
    found = dict(FIELDS)
    for code, item in items.items():
        if item.kind == "table":
            for column in item.columns:
                found[f"{ITEM}{code}.{column.code}"] = f"{item.label}: {column.label}"
        elif item.kind != "document":
            found[ITEM + code] = item.label
    return found


def mapping_problems(mapping: Mapping[str, str], width: int) -> list[str]:
    """Return what is wrong with what the columns mean, in words."""
    used = list(mapping.values())
    found = [
        f"“{COLUMNS.get(name, name.removeprefix(ITEM))}” is held by two columns."
        for name in sorted({name for name in used if used.count(name) > 1})
    ]
    if "subject" not in used:
        found.append("Say which column holds the subject.")
    values = [name for name in used if name.startswith(ITEM)]
    is_long = "item" in used or "value" in used
    if is_long and not {"item", "value"} <= set(used):
        found.append("A column for the item needs one for the value, and the other way round.")
    if is_long and values:
        found.append("Either one column names the item, or each item has a column of its own.")
    if not is_long and not values:
        found.append("Say which column holds something to compare.")
    if "time_point" not in used and any(name != ITEM + SUBJECT_STATE for name in values or [""]):
        found.append("Say which column holds the time point.")
    if any(not index.isdigit() or int(index) >= width for index in mapping):
        found.append("A column is named that the sheet does not have.")
    return found


# --- rows -----------------------------------------------------------------------------------------


def said_by(cells: Rows, mapping: Mapping[str, str], items: Mapping[str, Item]) -> Iterator[Said]:
    """Yield what each row says as one value with its place, whatever the layout of the file.

    Where no column holds the unit, the values are in the unit of the definition: whoever maps the
    columns says so. Values of a column that repeats for a subject count once.
    """
    where = {name: int(index) for index, name in mapping.items()}
    fields = {name: index for name, index in where.items() if not name.startswith(ITEM)}
    columns = {name.removeprefix(ITEM): n for name, n in where.items() if name.startswith(ITEM)}
    repeated: dict[tuple[str, str, str], set[str]] = {}
    rows_of: dict[tuple[str, str], int] = {}
    for number, row in enumerate(cells[1:], start=2):
        if not any(row):
            continue
        base = {name: row[index] for name, index in fields.items()}
        place = (base.get("subject", ""), base.get("time_point", ""))
        if not columns:
            yield number, _completed(base, base.get("item", ""), items)
            continue
        rows_of[place] = rows_of.get(place, 0) + 1
        for code, index in columns.items():
            value = row[index]
            if not value:
                continue
            if "." not in code:
                point = "" if code == SUBJECT_STATE else place[1]
                seen = repeated.setdefault((place[0], point, code), set())
                if value in seen:
                    continue
                seen.add(value)
            said = {**base, "item": code, "value": value}
            said["row"] = base.get("row") or str(rows_of[place])
            yield number, _completed(said, code, items)


def _completed(said: dict[str, str], named: str, items: Mapping[str, Item]) -> dict[str, str]:
    code = named.strip().casefold().partition(".")[0]
    code = next((fact for fact, words in _WORDS.items() if _plain(named) in words), code)
    item = items.get(code)
    if item is None:
        return said
    made = dict(said)
    if code in _WORDS:
        made["item"] = code
        made["value"] = _fact(code, made.get("value", ""))
    if "unit" not in said and item.unit:
        made["unit"] = item.unit
    return made


def _fact(code: str, text: str) -> str:
    """Return the value of a fact as it is held: EDC systems write the same in several ways."""
    plain = text.strip().casefold()
    if code == SCANNED:
        return _YES.get(plain) or _NO.get(plain) or text
    if code == MODALITIES:
        return modalities(re.split(r"[,;/+&]| and ", text))
    if code == SUBJECT_STATE:
        return re.sub(r"[\s-]+", "_", plain) if "_" in plain or "-" in plain else text
    return text


# --- differences ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the two sources say differently, or that one of them does not say.

    Attributes:
        place: the time point (or subject) that it belongs to, "" when the study knows none.
        said: subject and time point as the file has them.
        offered: their value as it would be entered, empty when it cannot be.
    """

    kind: str
    place: str
    said: str
    item: str
    label: str
    ours: str = ""
    theirs: str = ""
    note: str = ""
    row: int | None = None
    offered: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome of a comparison: what was compared, what is equal, and every difference."""

    result: Result
    compared: int
    same: int
    differences: tuple[Difference, ...]

    def of(self, kind: str) -> int:
        """Return how many differences there are of a kind."""
        return sum(one.kind == kind for one in self.differences)


def compare(
    said: Sequence[Said],
    result: Result,
    known: Known,
    names: Mapping[str, str],
    mapping: Mapping[str, str],
) -> Compared:
    """Compare what rows say with what is held at the places that they name.

    Args:
        names: place -> subject and time point in words.
        mapping: what the columns mean: an item whose column is empty is one that they do not hold.
    """
    held = {place.key: place for place in known.places.values()}
    columns = _columns_said(said)
    for name in mapping.values():
        if name.startswith(ITEM):
            code, _, column = name.removeprefix(ITEM).partition(".")
            columns.setdefault(code, set()).add(column)
    dated = any("date" in fields for _, fields in said)
    differences = [
        Difference(
            "unreadable",
            "",
            " · ".join(filter(None, (line.subject, line.time_point))) or f"Row {line.number}",
            line.item[:90],
            line.item or "The row",
            theirs=line.value,
            note=line.problem,
            row=line.number,
        )
        for line in result.problems
    ]
    same = 0
    for answer in result.answers:
        place, item = held[answer.place], answer.item
        found = _compared(answer, place.holds.get(item.code), columns, dated=dated)
        if found is None:
            same += 1
            continue
        kind, ours, theirs = found
        differences.append(
            Difference(
                kind, answer.place, names[answer.place], item.code, item.label, ours, theirs,
                row=answer.number, offered=_offered(answer),
            )
        )  # fmt: skip
    differences += _only_here(result, held, columns, names)
    return Compared(result, len(result.answers), same, tuple(differences))


def _columns_said(said: Iterable[Said]) -> dict[str, set[str]]:
    """Return item -> the columns of it that the file holds anywhere."""
    found: dict[str, set[str]] = {}
    for _, fields in said:
        code, _, column = fields.get("item", "").strip().casefold().partition(".")
        found.setdefault(code, set()).add(column)
    return found


def _compared(
    answer: Answer, held: Checked | None, columns: Mapping[str, set[str]], *, dated: bool
) -> tuple[str, str, str] | None:
    """Return kind and both values in words when they differ, else nothing."""
    item = answer.item
    seen = columns.get(item.code, set())
    theirs = in_words(item, answer.found, seen, dated=dated)
    if answer.entered.missing_reason:
        theirs = "not available"
    if held is None or not (held.value or held.rows):
        return None if not theirs else ("only_there", "", theirs)
    ours = in_words(item, held, seen, dated=dated)
    if _key(item, held, seen, dated=dated) == _key(item, answer.found, seen, dated=dated):
        return None
    return ("differs", ours, theirs) if theirs else ("only_here", ours, "")


def _key(item: Item, value: Checked, seen: set[str], *, dated: bool) -> Any:
    """Return what makes two values the same: numbers by size, texts without case, rows unordered.

    Only what the file holds counts: its columns of a table, and dates when it has any.
    """
    if item.kind == "table":
        return sorted(
            tuple(_same(column, row.get(column.code, "")) for column in item.columns
                  if column.code in seen)
            for row in value.rows
        )  # fmt: skip
    on = value.on if dated and _has_date(item) else ""
    return (_same(item.field, value.value), value.unit, on)


def _same(column: Column, text: str) -> str:
    if column.kind == "number" and text:
        return f"{Decimal(text).normalize():f}"
    return " ".join(text.casefold().split())


def in_words(item: Item, value: Checked, seen: set[str], *, dated: bool) -> str:
    """Return a value as people read it; of a table the columns that are compared."""
    if item.kind == "table":
        lines = [
            ", ".join(
                _cell(column, row.get(column.code, "")) or "–"
                for column in item.columns
                if column.code in seen
            )
            for row in value.rows
        ]
        return "; ".join(lines)
    text = f"{_cell(item.field, value.value)} {value.unit}".strip()
    on = f" on {written(value.on)}" if dated and value.on and _has_date(item) and text else ""
    return text + on


def _has_date(item: Item) -> bool:
    """Tell whether the date beside a value belongs to it; facts of images have none beside them."""
    return item.kind != "date" and item.code not in _WORDS


def _cell(column: Column, text: str) -> str:
    if column.kind == "choice":
        return next((one.label for one in column.choices if one.value == text), text)
    return written(text) if column.kind == "date" and text else text


def _offered(answer: Answer) -> dict[str, Any]:
    if answer.item.code in _WORDS:  # facts of images are not entered
        return {}
    found = answer.found
    return {
        "value": found.value,
        "unit": found.unit,
        "on": found.on,
        "rows": list(found.rows),
        "missing_reason": answer.entered.missing_reason,
    }


def _only_here(
    result: Result,
    held: Mapping[str, Any],
    columns: Mapping[str, set[str]],
    names: Mapping[str, str],
) -> Iterator[Difference]:
    """Yield what is held of the items of the file at its places, and which the file does not say.

    A place whose rows could not be read says nothing of what it lacks.
    """
    told = {(answer.place, answer.item.code) for answer in result.answers}
    unread = {(line.subject.casefold(), line.time_point.casefold()) for line in result.problems}
    for key in dict.fromkeys(answer.place for answer in result.answers):
        place = held[key]
        if tuple(part.casefold() for part in names[key].split(" · ")) in unread:
            continue
        for item in place.items:
            value = place.holds.get(item.code)
            if item.code not in columns or (key, item.code) in told or value is None:
                continue
            words = in_words(item, value, columns[item.code], dated=False)
            if words:
                yield Difference("only_here", key, names[key], item.code, item.label, ours=words)
