"""The query of a search (PS3.18 8.3.4) and matching of DICOM JSON (PS3.4 C.2.2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from pydicom.datadict import tag_for_keyword

from imaging.dicomweb.levels import vr_of
from imaging.dicomweb.problems import Problem

MOST_RESULTS: Final = 5000
FUZZY: Final = "The fuzzymatching parameter is not supported. Only literal matching was performed."
MORE: Final = "There are more results than were sent; ask for the others with the offset parameter."
_HEX: Final = re.compile(r"[0-9A-Fa-f]{8}")
_RANGES: Final = frozenset({"DA", "TM", "DT"})
_WILDCARDS: Final = frozenset("AE CS LO LT PN SH ST UC UR UT".split())
_VALUES: Final = {
    "DA": re.compile(r"\d{8}"),
    "TM": re.compile(r"\d{2}(:?\d{2}(:?\d{2}(\.\d{1,6})?)?)?"),
    "DT": re.compile(r"\d{4,14}(\.\d{1,6})?([+-]\d{4})?"),
}
_OWN: Final = frozenset({"limit", "offset", "includefield", "fuzzymatching", "accept", "charset"})

Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One attribute to match: its path of tags through sequences, its VR and what is asked."""

    path: tuple[str, ...]
    vr: str
    value: str


@dataclass(slots=True)
class Query:
    """A whole query."""

    keys: list[Key] = field(default_factory=list)
    include: set[str] = field(default_factory=set)
    include_all: bool = False
    limit: int = MOST_RESULTS
    offset: int = 0
    warnings: list[str] = field(default_factory=list)


def read(parameters: QueryDict) -> Query:
    """Read the parameters of a search.

    Raises:
        Problem: 400 an attribute is unknown, a value or a number cannot be read.
    """
    query = Query()
    for name, values in parameters.lists():
        if name in _OWN:
            continue
        path = _path(name)
        joined = [value for value in values if value]
        vr = vr_of(path[-1])
        if vr == "UI":
            joined = [",".join(joined)] if joined else []
        for value in joined:
            query.keys.append(Key(path, vr, _checked(name, vr, value)))
    for text in parameters.getlist("includefield"):
        for name in text.split(","):
            if name.strip().lower() == "all":
                query.include_all = True
            elif name.strip():
                query.include.add(_path(name.strip())[0])
    query.limit = min(_count(parameters, "limit", MOST_RESULTS), MOST_RESULTS)
    query.offset = _count(parameters, "offset", 0)
    if parameters.get("fuzzymatching", "").lower() == "true":
        query.warnings.append(FUZZY)
    return query


def _count(parameters: QueryDict, name: str, default: int) -> int:
    text = parameters.get(name, "")
    if not text:
        return default
    if not text.isdigit() or len(text) > 9:  # noqa: PLR2004
        raise Problem(400, _("“%(name)s” must be a whole number.") % {"name": name})
    return int(text)


def _path(name: str) -> tuple[str, ...]:
    path = []
    for part in name.split("."):
        if _HEX.fullmatch(part):
            path.append(part.upper())
            continue
        tag = tag_for_keyword(part)
        if tag is None:
            raise Problem(400, _("“%(name)s” is no attribute of DICOM.") % {"name": part[:64]})
        path.append(f"{int(tag):08X}")
    return tuple(path)


def _checked(name: str, vr: str, value: str) -> str:
    form = _VALUES.get(vr)
    if form is None:
        return value.strip()
    ends = [part.strip() for part in value.split("-", 1)] if vr != "DT" else _ends(value)
    if not any(ends) or not all(form.fullmatch(end) for end in ends if end):
        raise Problem(
            400,
            _("“%(value)s” is neither a value nor a range of %(name)s.")
            % {"value": value[:64], "name": name[:64]},
        )
    return value.strip()


def _ends(value: str) -> list[str]:
    """Split a range of date times; a hyphen before four digits at the end may be a zone."""
    found = re.fullmatch(r"(\d*(?:\.\d+)?(?:[+-]\d{4})?)?-(\d*(?:\.\d+)?(?:[+-]\d{4})?)?", value)
    if found and not re.fullmatch(r"\d{4,14}(\.\d+)?-\d{4}", value):
        return [found[1] or "", found[2] or ""]
    return [value]


def matches(attributes: Attributes, keys: Iterable[Key]) -> bool:
    """Tell whether an entity's attributes match every key."""
    return all(_matches(attributes, key.path, key) for key in keys)


def _matches(attributes: Attributes, path: tuple[str, ...], key: Key) -> bool:
    values = attributes.get(path[0], {}).get("Value") or []
    if len(path) > 1:
        return any(_matches(item, path[1:], key) for item in values if isinstance(item, dict))
    return any(_matches_value(value, key) for value in values if value is not None)


def _matches_value(value: Any, key: Key) -> bool:
    if key.vr == "PN":
        names = value.values() if isinstance(value, dict) else [str(value)]
        return any(_like(key.value, name, ignore_case=True) for name in names)
    text = str(value)
    if key.vr == "UI":
        return text in re.split(r"[,\\]", key.value)
    if key.vr in _RANGES:
        return _in_range(text, key)
    if key.vr in {"IS", "DS", "US", "UL", "SS", "SL", "FL", "FD"}:
        return _same_number(text, key.value)
    return _like(key.value, text) if key.vr in _WILDCARDS else text == key.value


def _same_number(text: str, asked: str) -> bool:
    try:
        return float(text) == float(asked)
    except ValueError:
        return False


def _in_range(text: str, key: Key) -> bool:
    ends = _ends(key.value) if key.vr == "DT" else key.value.split("-", 1)
    plain = text.replace(":", "")
    marks = [end.replace(":", "").strip() for end in ends]
    if len(marks) == 1:
        return plain.startswith(marks[0]) if key.vr != "DA" else plain == marks[0]
    low, high = marks
    # A coarser end covers everything that begins with it.
    return (not low or plain >= low) and (not high or plain[: len(high)] <= high)


def _like(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    if "*" not in pattern and "?" not in pattern:
        same = (pattern.casefold(), text.casefold()) if ignore_case else (pattern, text)
        return same[0] == same[1]
    made = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return bool(re.fullmatch(made, text, re.DOTALL | (re.IGNORECASE if ignore_case else 0)))
