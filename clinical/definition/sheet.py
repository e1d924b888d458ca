"""A spreadsheet of items for many subjects and time points: what each row says, or what is wrong.

One row is one value: subject, time point, item, value. A table's cell is named ``item.column`` with
the number of its row. Nothing here writes anything; the same rows give the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from clinical.definition.checking import Checked, Entered, checked
from clinical.definition.document import SOURCES, Item

Rows = Sequence[Sequence[str]]
#: field -> what the template calls it, in the order of its columns
COLUMNS: Final[Mapping[str, str]] = {
    "subject": "Subject",
    "time_point": "Time point",
    "item": "Item",
    "row": "Row",
    "value": "Value",
    "unit": "Unit",
    "date": "Date",
    "source": "Source",
    "missing": "Not available because",
}
NEEDED: Final = ("subject", "time_point", "item", "value")
#: what a column may be called, in lower case without signs
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "subject": ("subject", "subject id", "subjid", "subject code"),
    "time_point": ("time point", "timepoint", "visit", "visit name"),
    "item": ("item", "item code", "code", "test", "testcd"),
    "row": ("row", "row number", "seq", "line"),
    "value": ("value", "result", "answer", "orres"),
    "unit": ("unit", "units", "orresu"),
    "date": ("date", "date of result", "collection date", "dtc"),
    "source": ("source", "from"),
    "missing": ("not available because", "not available", "reason missing", "reasnd"),
}
NEW, CHANGED, SAME = "new", "changed", "same"


def columns_of(head: Sequence[str]) -> dict[str, int]:
    """Return which column holds which field, by its name: field -> column, from 0."""
    plain = [re.sub(r"[^a-z]+", " ", name.lower()).strip() for name in head]
    found: dict[str, int] = {}
    for name, words in _NAMES.items():
        index = next((plain.index(word) for word in words if word in plain), None)
        if index is not None:
            found[name] = index
    return found


def missing_columns(head: Sequence[str]) -> list[str]:
    """Return the needed columns that a sheet does not have, as the template names them."""
    found = columns_of(head)
    return [COLUMNS[name] for name in NEEDED if name not in found]


@dataclass(frozen=True, slots=True)
class Place:
    """A time point as an import sees it.

    Attributes:
        key: the time point.
        items: what its definition asks for.
        closed: why nothing can be entered there now, "" when it can; what it holds already may be
            said again.
        holds: what its dossier holds already, by code.
    """

    key: str
    items: tuple[Item, ...] = ()
    closed: str = ""
    holds: Mapping[str, Checked] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What the study knows: subjects, and their time points by (subject, name), lower case.

    Attributes:
        of_subjects: codes of items that belong to the subject; their place has no name.
    """

    subjects: frozenset[str]
    places: Mapping[tuple[str, str], Place]
    today: date
    of_subjects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the sheet, and what becomes of it: ``problem`` or one of new, changed, same."""

    number: int
    subject: str
    time_point: str
    item: str
    value: str
    problem: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One item of one time point, ready to be written."""

    place: str
    item: Item
    entered: Entered
    source: str
    outcome: str
    number: int = 0
    found: Checked = field(default_factory=Checked)


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a dry run."""

    lines: tuple[Line, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def problems(self) -> tuple[Line, ...]:
        """The rows that cannot be imported."""
        return tuple(line for line in self.lines if line.problem)

    @property
    def changes(self) -> tuple[Answer, ...]:
        """The items that are new or differ from what is held."""
        return tuple(one for one in self.answers if one.outcome != SAME)


#: says what a text of a time point could tell a reader: (place, item, texts) -> sentences
Telling = Callable[[str, Item, Iterable[str]], list[str]]


@dataclass(frozen=True, slots=True)
class _Raw:
    line: Line
    place: Place
    item: Item
    column: str
    row: int
    unit: str
    on: str
    source: str
    missing: str


#: what a row says: number in the sheet, and field -> text
Said = tuple[int, Mapping[str, str]]


def dry_run(cells: Rows, known: Known, *, telling: Telling) -> Result:
    """Check every row below the head and gather rows into items; nothing is written anywhere."""
    where = columns_of(cells[0])
    said = (
        (number, {name: row[index] for name, index in where.items()})
        for number, row in enumerate(cells[1:], start=2)
        if any(row)
    )
    return judged(said, known, telling=telling)


def judged(said: Iterable[Said], known: Known, *, telling: Telling) -> Result:
    """Check what rows say and gather them into items; nothing is written anywhere."""
    lines: list[Line] = []
    groups: dict[tuple[str, str], list[_Raw]] = {}
    for number, fields in said:
        read = _read(number, fields, known)
        if isinstance(read, Line):
            lines.append(read)
        else:
            groups.setdefault((read.place.key, read.item.code), []).append(read)
    answers = []
    for group in groups.values():
        told, answer = _judged(group, known.today, telling)
        lines += told
        answers += [answer] if answer is not None else []
    return Result(tuple(sorted(lines, key=lambda line: line.number)), tuple(answers))


def _read(number: int, said: Mapping[str, str], known: Known) -> _Raw | Line:
    """Return a row with its place and item, or the row with what is wrong."""
    line = Line(
        number,
        said.get("subject", ""),
        said.get("time_point", ""),
        said.get("item", ""),
        said.get("value", ""),
    )
    subject, point = line.subject.casefold(), line.time_point.casefold()
    code, _, column = line.item.strip().casefold().partition(".")
    if code in known.of_subjects:
        point = ""
    elif not point:
        subject = ""
    if not subject or not code:
        return replace(line, problem="Subject, time point and item are needed in each row.")
    if subject not in known.subjects:
        return replace(line, problem=f"The study has no subject “{line.subject}”.")
    place = known.places.get((subject, point))
    if place is None:
        return replace(line, problem=f"The subject has no time point “{line.time_point}”.")
    if place.closed and not place.holds:
        return replace(line, problem=place.closed)
    item = next((one for one in place.items if one.code == code), None)
    return _with_item(line, place, item, column, said)


def _with_item(
    line: Line, place: Place, item: Item | None, column: str, said: Mapping[str, str]
) -> _Raw | Line:
    problem, row = "", 0
    source = said.get("source", "").strip()
    if item is None:
        problem = "The definition does not ask for this item at this time point."
    elif item.kind == "document":
        problem = "A document cannot be imported from a sheet; attach it to the dossier."
    elif source and not _source(source):
        problem = f"“{source}” is none of {', '.join(SOURCES.values())}."
    elif item.kind == "table" and not said.get("missing", ""):
        row, problem = _table_place(item, column, said.get("row", ""))
    elif column:
        problem = f"{item.label} is one value; write its code without “.{column}”."
    if problem or item is None:
        return replace(line, problem=problem)
    return _Raw(
        line=line,
        place=place,
        item=item,
        column=column,
        row=row,
        unit=said.get("unit", ""),
        on=said.get("date", ""),
        source=_source(source) or item.source,
        missing=said.get("missing", "").strip(),
    )


def _source(text: str) -> str:
    wanted = text.casefold()
    pairs = SOURCES.items()
    return next((code for code, name in pairs if wanted in (code, name.casefold())), "")


def _table_place(item: Item, column: str, row: str) -> tuple[int, str]:
    known = [one.code for one in item.columns]
    if column not in known:
        names = ", ".join(f"{item.code}.{code}" for code in known)
        return 0, f"{item.label} is a table; write one of {names}."
    if not row.isascii() or not row.isdigit() or not 0 < int(row) < 1000:  # noqa: PLR2004
        return 0, f"{item.label} is a table; the column Row says which row it is, from 1."
    return int(row), ""


# --- rows of one item -----------------------------------------------------------------------------


def _judged(group: list[_Raw], today: date, telling: Telling) -> tuple[list[Line], Answer | None]:
    twice = _repeated(group)
    if twice:
        return twice, None
    first = group[0]
    entered, numbers = _entered(group)
    found = checked(first.item, entered, today=today)
    at: dict[int, list[str]] = {}
    for text in found.problems:
        index, words = _row_of(text)
        at.setdefault(numbers.get(index, first.line.number), []).append(words)
    texts = _texts(first.item, found, entered)
    for sentence in telling(first.place.key, first.item, texts):
        at.setdefault(first.line.number, []).append(sentence)
    if at:
        lines = [replace(raw.line, problem=" ".join(at.get(raw.line.number, ()))) for raw in group]
        return [
            one if one.problem else replace(one, problem=f"Another row of {first.item.label} is "
                                            "wrong.")
            for one in lines
        ], None  # fmt: skip
    outcome = _outcome(first.place.holds.get(first.item.code), found, entered)
    if first.place.closed and outcome != SAME:
        return [replace(raw.line, problem=first.place.closed) for raw in group], None
    answer = Answer(
        first.place.key, first.item, entered, first.source, outcome, first.line.number, found
    )
    return [replace(raw.line, outcome=outcome) for raw in group], answer


def _repeated(group: list[_Raw]) -> list[Line]:
    """Return the rows of an item that is said twice, each with the row that it repeats."""
    seen: dict[tuple[int, str], int] = {}
    told, is_repeated = [], False
    for raw in group:
        before = seen.setdefault((raw.row, raw.column), raw.line.number)
        words = ""
        if before != raw.line.number:
            words, is_repeated = f"The same item is in row {before} already.", True
        told.append(replace(raw.line, problem=words))
    if not is_repeated:
        return []
    return [
        one if one.problem else replace(one, problem="The same item comes again further down.")
        for one in told
    ]


def _entered(group: list[_Raw]) -> tuple[Entered, dict[int, int]]:
    """Return what the rows say together, and the sheet's row of each row of a table."""
    first = group[0]
    missing = next((raw.missing for raw in group if raw.missing), "")
    on = next((raw.on for raw in group if raw.on), "")
    if first.item.kind != "table" or (missing and len(group) == 1):
        entered = Entered(first.line.value, first.unit, on, missing_reason=missing)
        return entered, {}
    rows: dict[int, dict[str, str]] = {}
    numbers: dict[int, int] = {}
    for raw in sorted(group, key=lambda one: one.row):
        rows.setdefault(raw.row, {})[raw.column] = raw.line.value
        numbers.setdefault(len(rows), raw.line.number)
    return Entered(on=on, rows=tuple(rows.values()), missing_reason=missing), numbers


def _row_of(text: str) -> tuple[int, str]:
    """Return the row of a table that a sentence names (0 when none), and the sentence."""
    found = re.match(r"Row (\d+), ", text)
    return (int(found[1]), text[found.end() :]) if found else (0, text)


def _texts(item: Item, found: Checked, entered: Entered) -> list[str]:
    texts = [entered.missing_reason] if entered.missing_reason else []
    if item.kind == "text":
        texts.append(found.value)
    free = [column.code for column in item.columns if column.kind == "text"]
    return texts + [row.get(code, "") for row in found.rows for code in free]


def _outcome(held: Checked | None, found: Checked, entered: Entered) -> str:
    if held is None:
        return NEW
    kept = (held.value, held.unit, held.on, held.rows)
    now = (found.value, found.unit, found.on, found.rows)
    return SAME if kept == now and not entered.missing_reason else CHANGED
