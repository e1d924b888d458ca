"""The document of a dossier definition: its parts, how it is read, and what is wrong with one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

SCHEMA: Final = "dossier-definition/1"
KINDS: Final[Mapping[str, str]] = {
    "text": "Text",
    "number": "Number",
    "date": "Date",
    "choice": "Choice",
    "table": "Table of rows",
    "document": "Document",
}
#: what a column of a table can be
COLUMN_KINDS: Final = ("text", "number", "date", "choice")
WHENS: Final[Mapping[str, str]] = {
    "baseline": "Baseline",
    "every": "Every time point",
    "named": "Named time points",
}
SOURCES: Final[Mapping[str, str]] = {"cro": "Clinical CRO", "edc": "EDC", "site": "Site"}
MOST_ITEMS: Final = 100
MOST_COLUMNS: Final = 12
LONGEST_LABEL: Final = 120
LONGEST_HELP: Final = 300
LONGEST_UNIT: Final = 20
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TOP: Final = frozenset({"schema", "items"})
_FIELD: Final = frozenset({"code", "label", "kind", "required", "unit", "lowest", "highest",
                           "choices"})  # fmt: skip
_ITEM: Final = _FIELD | {"criterion", "when", "time_points", "source", "columns", "help"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a choice: as it is stored, and as people read it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or the part of an item that says what a value may be."""

    code: str
    label: str
    kind: str
    required: bool = False
    unit: str = ""
    lowest: Decimal | None = None
    highest: Decimal | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """A time point as far as a definition asks for it: its code ("" unscheduled), and baseline."""

    code: str
    is_baseline: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that the charter asks clinical data for.

    Attributes:
        field: what a value may be; of a table and a document its kind only.
        criterion: the criterion that needs it, "" for every criterion.
        when: ``baseline``, ``every`` or ``named`` (then ``time_points``).
        source: who delivers it: ``cro``, ``edc`` or ``site``.
    """

    field: Column
    criterion: str = ""
    when: str = "baseline"
    time_points: tuple[str, ...] = ()
    source: str = "cro"
    columns: tuple[Column, ...] = ()
    help: str = ""

    @property
    def code(self) -> str:
        """The code by which files and rows name the item."""
        return self.field.code

    @property
    def label(self) -> str:
        """What people call the item."""
        return self.field.label

    @property
    def kind(self) -> str:
        """What kind of value it takes."""
        return self.field.kind

    @property
    def required(self) -> bool:
        """Whether a dossier needs it, or a reason why it is not available."""
        return self.field.required

    @property
    def unit(self) -> str:
        """The unit of a number."""
        return self.field.unit

    def asked_at(self, moment: Moment) -> bool:
        """Tell whether the item belongs to the dossier of a time point."""
        if self.when == "named":
            return bool(moment.code) and moment.code in self.time_points
        return self.when == "every" or moment.is_baseline

    @property
    def when_words(self) -> str:
        """When it is asked for, in words."""
        return ", ".join(self.time_points) if self.when == "named" else WHENS[self.when]


@dataclass(frozen=True, slots=True)
class Definition:
    """Every item of a study's dossiers, in the order in which people read them."""

    items: tuple[Item, ...] = ()

    def at(self, moment: Moment) -> tuple[Item, ...]:
        """Return the items that the dossier of a time point holds."""
        return tuple(item for item in self.items if item.asked_at(moment))

    def item(self, code: str) -> Item | None:
        """Return the item of a code, or nothing."""
        return next((item for item in self.items if item.code == code), None)

    def to_document(self) -> dict[str, Any]:
        """Return the definition as the document that ``read`` reads back to it."""
        return {"schema": SCHEMA, "items": [_item_document(item) for item in self.items]}


def read(document: Mapping[str, Any]) -> Definition:
    """Read a definition.

    Raises:
        ValueError: it has problems; the first of ``problems_of`` is the message.
    """
    found = problems_of(document)
    if found:
        raise ValueError(found[0])
    return Definition(tuple(_item(raw) for raw in document["items"]))


def _item(raw: Mapping[str, Any]) -> Item:
    return Item(
        field=_column(raw),
        criterion=str(raw.get("criterion", "")),
        when=str(raw.get("when", "baseline")),
        time_points=tuple(str(code) for code in raw.get("time_points", ())),
        source=str(raw.get("source", "cro")),
        columns=tuple(_column(column) for column in raw.get("columns", ())),
        help=str(raw.get("help", "")),
    )


def _column(raw: Mapping[str, Any]) -> Column:
    return Column(
        code=str(raw["code"]),
        label=str(raw["label"]),
        kind=str(raw["kind"]),
        required=bool(raw.get("required", False)),
        unit=str(raw.get("unit", "")),
        lowest=_decimal(raw.get("lowest")),
        highest=_decimal(raw.get("highest")),
        choices=tuple(
            Choice(str(one["value"]), str(one["label"])) for one in raw.get("choices", ())
        ),
    )


def _decimal(raw: Any) -> Decimal | None:
    if raw is None or raw == "" or isinstance(raw, bool):
        return None
    try:
        number = Decimal(str(raw))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _column_document(column: Column) -> dict[str, Any]:
    made: dict[str, Any] = {"code": column.code, "label": column.label, "kind": column.kind}
    if column.required:
        made["required"] = True
    if column.unit:
        made["unit"] = column.unit
    if column.lowest is not None:
        made["lowest"] = str(column.lowest)
    if column.highest is not None:
        made["highest"] = str(column.highest)
    if column.choices:
        made["choices"] = [{"value": one.value, "label": one.label} for one in column.choices]
    return made


def _item_document(item: Item) -> dict[str, Any]:
    made = _column_document(item.field)
    if item.criterion:
        made["criterion"] = item.criterion
    made |= {"when": item.when, "source": item.source}
    if item.time_points:
        made["time_points"] = list(item.time_points)
    if item.columns:
        made["columns"] = [_column_document(column) for column in item.columns]
    if item.help:
        made["help"] = item.help
    return made


# --- what is wrong --------------------------------------------------------------------------------


def problems_of(document: Any) -> list[str]:
    """Return what is wrong with a definition, in words; empty when it can be used."""
    if not isinstance(document, Mapping):
        return ["the definition is no document"]
    found = [f"“{key}” is no part of a definition" for key in document if key not in _TOP]
    if document.get("schema") != SCHEMA:
        found.append(f"the schema must be {SCHEMA}")
    items = document.get("items")
    if not isinstance(items, list) or not items:
        return [*found, "a definition needs at least one item"]
    if len(items) > MOST_ITEMS:
        return [*found, f"a definition has at most {MOST_ITEMS} items"]
    for number, raw in enumerate(items, start=1):
        found += item_problems(raw, place=f"item {number}")
    codes = Counter(str(raw["code"]) for raw in items if isinstance(raw, Mapping) and "code" in raw)
    found += [f"the code “{code}” stands {n} times" for code, n in codes.items() if n > 1]
    return found


def item_problems(raw: Any, *, place: str = "item") -> list[str]:
    """Return what is wrong with one item, each sentence led by its place."""
    if not isinstance(raw, Mapping):
        return [f"{place}: it is no item"]
    return [f"{_place(raw, place)}: {text}" for text in _item_faults(raw)]


def _place(raw: Mapping[str, Any], place: str) -> str:
    code = raw.get("code")
    return f"“{code}”" if isinstance(code, str) and code else place


def _item_faults(raw: Mapping[str, Any]) -> Iterator[str]:
    yield from _field_faults(raw, kinds=tuple(KINDS), known=_ITEM)
    if not _is_one_of(raw.get("when", "baseline"), WHENS):
        yield f"when is one of {', '.join(WHENS)}"
    named = raw.get("time_points", [])
    if not isinstance(named, list) or any(not isinstance(code, str) or not code for code in named):
        yield "time points are a list of codes"
    elif (raw.get("when") == "named") != bool(named):
        yield "time points are named exactly when it is asked at named time points"
    if not _is_one_of(raw.get("source", "cro"), SOURCES):
        yield f"the source is one of {', '.join(SOURCES)}"
    for key, longest in (("criterion", 40), ("help", LONGEST_HELP)):
        text = raw.get(key, "")
        if not isinstance(text, str) or len(text) > longest:
            yield f"{key} is a text of at most {longest} characters"
    yield from _column_faults(raw)


def _is_one_of(value: Any, known: Mapping[str, str]) -> bool:
    return isinstance(value, str) and value in known


def _column_faults(raw: Mapping[str, Any]) -> Iterator[str]:
    columns = raw.get("columns", [])
    if raw.get("kind") != "table":
        if columns:
            yield "only a table has columns"
        return
    if not isinstance(columns, list) or not 0 < len(columns) <= MOST_COLUMNS:
        yield f"a table has 1 to {MOST_COLUMNS} columns"
        return
    seen: set[str] = set()
    for number, column in enumerate(columns, start=1):
        if not isinstance(column, Mapping):
            yield f"column {number} is no column"
            continue
        place = column.get("code") or number
        for text in _field_faults(column, kinds=COLUMN_KINDS, known=_FIELD):
            yield f"column {place}: {text}"
        if str(place) in seen:
            yield f"column {place} stands twice"
        seen.add(str(place))


def _field_faults(
    raw: Mapping[str, Any], *, kinds: Sequence[str], known: frozenset[str]
) -> Iterator[str]:
    for key in raw:
        if key not in known:
            yield f"“{key}” is unknown here"
    code, label, kind = raw.get("code"), raw.get("label"), raw.get("kind")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        yield "a code is small letters, digits and _, begins with a letter, at most 40"
    if not isinstance(label, str) or not 0 < len(label.strip()) <= LONGEST_LABEL:
        yield f"a label has 1 to {LONGEST_LABEL} characters"
    if kind not in kinds:
        yield f"the kind is one of {', '.join(kinds)}"
    if not isinstance(raw.get("required", False), bool):
        yield "required is yes or no"
    unit = raw.get("unit", "")
    if not isinstance(unit, str) or len(unit) > LONGEST_UNIT:
        yield f"a unit has at most {LONGEST_UNIT} characters"
    elif unit and kind != "number":
        yield "only a number has a unit"
    yield from _limit_faults(raw, kind)
    yield from _choice_faults(raw.get("choices", []), kind)


def _limit_faults(raw: Mapping[str, Any], kind: Any) -> Iterator[str]:
    limits = {key: raw[key] for key in ("lowest", "highest") if raw.get(key) not in (None, "")}
    if limits and kind != "number":
        yield "only a number has limits"
    for key, value in limits.items():
        if _decimal(value) is None:
            yield f"{key} is no number"
    low, high = _decimal(limits.get("lowest")), _decimal(limits.get("highest"))
    if low is not None and high is not None and low > high:
        yield "the lowest value is above the highest"


def _choice_faults(choices: Any, kind: Any) -> Iterator[str]:
    if kind != "choice":
        if choices:
            yield "only a choice has choices"
        return
    if not isinstance(choices, list) or len(choices) < 2:  # noqa: PLR2004 - one is no choice
        yield "a choice has at least two choices"
        return
    values: list[str] = []
    for one in choices:
        if not isinstance(one, Mapping) or set(one) != {"value", "label"}:
            yield "each of the choices has a value and a label"
            return
        if not all(isinstance(text, str) and text.strip() for text in one.values()):
            yield "each of the choices has a value and a label"
            return
        values.append(str(one["value"]).casefold())
    if len(set(values)) != len(values):
        yield "two choices have the same value"
