"""A form definition: frozen data read from a versioned JSON document.

The document is the form; these classes are only a way to look at it. A study pins a form by
version and digest, so a definition is never changed in place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

import jsonschema
from jsonschema.exceptions import best_match

from studies.forms.canonical import canonical_json, sha256_of
from studies.forms.derivations import Derived, derivation_references, parse_derived
from studies.forms.errors import FormError, Problem
from studies.forms.trees import Condition, Reference, decimal_literal, parse_condition
from studies.forms.trees import references as condition_references
from studies.forms.values import ABSENCES, Level, Status

MAX_NESTING = 60
TEXT_LENGTHS = {"text": 200, "long_text": 4000}


class Kind(StrEnum):
    """What an item holds."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    CHOICE = "choice"
    MULTIPLE_CHOICE = "multiple_choice"
    BOOLEAN = "boolean"
    GROUP = "group"


@dataclass(frozen=True)
class Choice:
    """One permitted answer: the code that is stored and the words that are shown."""

    code: str
    label: str
    help: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Cdisc:
    """Where a value goes in an SDTM data set: data set, variable, and test or result code."""

    dataset: str
    variable: str
    code: str = ""


@dataclass(frozen=True)
class Item:
    """One question. `path` is unique in the form: `section.item`, or `section.group.item`."""

    path: str
    key: str
    label: str
    kind: Kind
    group: str = ""
    help: str = ""
    unit: str = ""
    units: tuple[tuple[str, Decimal], ...] = ()
    decimals: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    max_length: int = 0
    precision: str = "day"
    choices: tuple[Choice, ...] = ()
    widget: str = ""
    required: bool = False
    required_when: Condition | None = None
    cdisc: Cdisc | None = None
    shown_when: Condition | None = None
    prefill: str = ""
    read_only: bool = False
    derived: Derived | None = None
    absence: tuple[Status, ...] = ABSENCES
    items: tuple[Item, ...] = ()
    row_key: str = ""
    row_name: str = "Row"
    min_rows: int = 0
    max_rows: int = 50
    fixed_rows: bool = False
    carry_forward: tuple[str, ...] = ()

    @property
    def is_entered(self) -> bool:
        """Whether a person may answer it."""
        return self.derived is None and not self.read_only

    def choice(self, code: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.code == code), None)


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    items: tuple[Item, ...]
    help: str = ""
    shown_when: Condition | None = None


@dataclass(frozen=True)
class Check:
    """One edit check: where `when` holds, `must` has to hold. For rows it runs once per row."""

    id: str
    item: str
    must: Condition
    message: str
    level: Level
    when: Condition | None = None
    clause: str = ""
    final: bool = False


@dataclass(frozen=True)
class Form:
    """A whole form. Two forms with the same canonical document are the same form."""

    key: str
    version: str
    title: str
    sections: tuple[Section, ...]
    checks: tuple[Check, ...]
    context: tuple[tuple[str, str], ...]
    canonical: str
    purpose: str = ""
    source: str = ""
    language: str = "en"

    @classmethod
    def from_document(cls, document: object) -> Form:
        """Read a form from its JSON document.

        Raises
        ------
        FormError
            Naming the path of the first thing that cannot be read. A form that can be read may
            still have `problems()`.
        """
        return _form(_canonical(document))

    def document(self) -> dict[str, Any]:
        """The JSON document, a fresh copy each time."""
        copy: dict[str, Any] = json.loads(self.canonical)
        return copy

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical document, in hexadecimal."""
        return sha256_of(json.loads(self.canonical))

    @cached_property
    def items(self) -> dict[str, Item]:
        """Every item by path, groups and their row items included, in document order."""
        return {item.path: item for section in self.sections for item in _walk(section.items)}

    @cached_property
    def section_of(self) -> dict[str, Section]:
        """The section of every item path."""
        return {item.path: part for part in self.sections for item in _walk(part.items)}

    def references(self, item: Item) -> Iterator[Reference]:
        """What an item's visibility and derivation look at."""
        rows = frozenset({item.group}) if item.group else frozenset[str]()
        section = self.section_of[item.path]
        if section.shown_when is not None:
            yield from condition_references(section.shown_when)
        if item.shown_when is not None:
            yield from condition_references(item.shown_when, rows)
        if item.derived is not None:
            yield from derivation_references(item.derived, rows)

    @cached_property
    def needs(self) -> dict[str, frozenset[str]]:
        """For every item, the items of this form that must be known before it."""
        return {path: self._needs_of(item) for path, item in self.items.items()}

    def _needs_of(self, item: Item) -> frozenset[str]:
        wanted = {item.group} if item.group else set()
        for reference in self.references(item):
            if reference.kind not in ("item", "group", "input"):
                continue
            wanted.add(reference.target)
            target = self.items.get(reference.target)
            if target is not None and reference.kind == "input":
                wanted |= {part.path for part in target.items}
        if item.derived is not None and item.derived.kind == "named" and not item.derived.targets:
            wanted |= {other.path for other in self.items.values() if other.derived is None}
        # What it was at the time point before is known: that leads nowhere back.
        now = {each.target for each in self.references(item) if each.kind != "previous"}
        itself = {item.path} & now
        return frozenset(wanted & set(self.items)) - {item.path} | itself

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Item paths such that each comes after what it needs; members of a cycle come last."""
        waiting, done = dict.fromkeys(self.items), dict[str, None]()
        progress = True
        while waiting and progress:
            ready = [path for path in waiting if self.needs[path] <= done.keys()]
            progress = bool(ready)
            for path in ready:
                done[path] = waiting.pop(path)
        return (*done, *waiting)

    def problems(self) -> tuple[Problem, ...]:
        """Why the form must not be released yet; empty when nothing is wrong."""
        return self._problems

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        from studies.forms.problems import problems_of

        return problems_of(self)


def _walk(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from item.items


@cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(files("studies.forms").joinpath("schema.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)


def _canonical(document: object) -> str:
    if _depth_exceeds(document, MAX_NESTING):
        raise FormError("", f"is nested more than {MAX_NESTING} levels deep")
    try:
        return canonical_json(document)
    except (TypeError, ValueError) as fault:
        raise FormError("", f"is not JSON: {fault}") from fault


@lru_cache(maxsize=128)
def _form(canonical: str) -> Form:
    # A form is asked for with every answer that is saved; the schema takes most of the reading.
    valid = _validated(json.loads(canonical))
    return Form(
        key=valid["key"],
        version=valid["version"],
        title=valid["title"],
        sections=tuple(
            _section(each, f"sections[{number}]") for number, each in enumerate(valid["sections"])
        ),
        checks=tuple(
            _check(each, f"checks[{number}]") for number, each in enumerate(valid.get("checks", []))
        ),
        context=tuple(sorted(valid.get("context", {}).items())),
        canonical=canonical,
        purpose=valid.get("purpose", ""),
        source=valid.get("source", ""),
        language=valid.get("language", "en"),
    )


def _validated(document: Any) -> Any:  # Any: JSON, checked by the schema from here on
    breach = best_match(_validator().iter_errors(document))
    if breach is not None:
        raise FormError(breach.json_path.removeprefix("$").removeprefix("."), breach.message)
    return document


def _depth_exceeds(document: object, limit: int) -> bool:
    level = [document]
    for _ in range(limit):
        below: list[object] = []
        for each in level:
            if isinstance(each, Mapping):
                below.extend(each.values())
            elif isinstance(each, list | tuple):
                below.extend(each)
        if not below:
            return False
        level = below
    return True


def _section(raw: dict[str, Any], path: str) -> Section:
    return Section(
        key=raw["key"],
        title=raw["title"],
        items=tuple(
            _item(each, f"{path}.items[{number}]", raw["key"], group="")
            for number, each in enumerate(raw["items"])
        ),
        help=raw.get("help", ""),
        shown_when=_optional_condition(raw, "shown_when", path),
    )


def _item(raw: dict[str, Any], path: str, owner: str, *, group: str) -> Item:
    kind = Kind(raw["kind"])
    item_path = f"{owner}.{raw['key']}"
    if kind is Kind.GROUP and group:
        raise FormError(path, "a group holds no group")
    required = raw.get("required", False)
    conditional = isinstance(required, dict)
    return Item(
        path=item_path,
        key=raw["key"],
        label=raw["label"],
        kind=kind,
        group=group,
        help=raw.get("help", ""),
        unit=raw.get("unit", ""),
        units=_units(raw.get("units", {}), f"{path}.units"),
        decimals=raw.get("decimals"),
        minimum=_optional_number(raw, "minimum", path),
        maximum=_optional_number(raw, "maximum", path),
        max_length=raw.get("max_length", TEXT_LENGTHS.get(kind, 0)),
        precision=raw.get("precision", "day"),
        choices=tuple(Choice(**each) for each in raw.get("choices", [])),
        widget=raw.get("widget", ""),
        required=required is True,
        required_when=parse_condition(required, f"{path}.required") if conditional else None,
        cdisc=Cdisc(**raw["cdisc"]) if "cdisc" in raw else None,
        shown_when=_optional_condition(raw, "shown_when", path),
        prefill=raw.get("prefill", ""),
        read_only=raw.get("read_only", False),
        derived=parse_derived(raw["derived"], f"{path}.derived") if "derived" in raw else None,
        absence=tuple(Status(each) for each in raw.get("absence", ABSENCES)),
        items=tuple(
            _item(each, f"{path}.items[{number}]", item_path, group=item_path)
            for number, each in enumerate(raw.get("items", []))
        ),
        row_key=raw.get("row_key", ""),
        row_name=raw.get("row_name", "Row"),
        min_rows=raw.get("min_rows", 0),
        max_rows=raw.get("max_rows", 50),
        fixed_rows=raw.get("fixed_rows", False),
        carry_forward=tuple(raw.get("carry_forward", [])),
    )


def _check(raw: dict[str, Any], path: str) -> Check:
    return Check(
        id=raw["id"],
        item=raw["item"],
        must=parse_condition(raw["must"], f"{path}.must"),
        message=raw["message"],
        level=Level(raw["level"]),
        when=_optional_condition(raw, "when", path),
        clause=raw.get("clause", ""),
        final=raw.get("final", False),
    )


def _optional_condition(raw: dict[str, Any], name: str, path: str) -> Condition | None:
    return parse_condition(raw[name], f"{path}.{name}") if name in raw else None


def _optional_number(raw: dict[str, Any], name: str, path: str) -> Decimal | None:
    return decimal_literal(raw[name], f"{path}.{name}") if name in raw else None


def _units(raw: dict[str, Any], path: str) -> tuple[tuple[str, Decimal], ...]:
    return tuple((unit, decimal_literal(factor, f"{path}.{unit}")) for unit, factor in raw.items())
