"""Conditions and derivations as rows of choices, for authors who do not write data by hand.

A rule of up to ``ROWS`` comparisons joined by *all* or *any* is edited in rows. Anything deeper is
shown in words and kept as it was written until its author replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from reads.design.ecrf.outline import items
from reads.design.ecrf.wording import CONTEXT, OPERATORS, Names, derived_said, said

ROWS = 3
KEEP, NONE, ALL, ANY = "keep", "none", "all", "any"
ANSWERED, BLANK = "answered", "not_answered"
CHOSEN = {**OPERATORS, ANSWERED: "is answered", BLANK: "is not answered"}
_LISTS = ("one_of", "none_of")
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?")
_REFERENCE = re.compile(r"\[([a-z0-9_.]+)\]")
_BEFORE = "previous:"
_FACT = "context:"
DERIVATIONS = {
    "": "Entered by a person",
    "sum": "Sum of",
    "count": "Number of rows of",
    "difference": "Difference: first minus second",
    "product": "Product: first times second",
    "percent_change": "Change in percent: from first to second",
    "days": "Days: from first to second",
    "named": "By the published criterion",
}
_PAIRS = {
    "difference": ("of", "minus"),
    "product": ("of", "times"),
    "percent_change": ("from", "to"),
    "days": ("from", "to"),
}


class Posted(Protocol):
    """What a page posts."""

    def get(self, name: str, default: Any = ...) -> Any:
        """Return the last value of a control."""

    def getlist(self, name: str) -> list[Any]:
        """Return every value of a control."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: subject, operator, value, as controls hold them."""

    subject: str = ""
    operator: str = "is"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition as its editor shows it.

    Attributes:
        mode: none, all, any, or keep when the rows cannot hold it.
        words: the condition in words, empty without one.
    """

    name: str
    mode: str
    rows: tuple[Row, ...]
    words: str = ""


def rule_of(name: str, condition: object, document: Mapping[str, Any]) -> Rule:
    """Return a condition for its editor."""
    blank = tuple(Row() for _ in range(ROWS))
    if condition is None:
        return Rule(name, NONE, blank)
    words = said(condition, Names(document))
    joint, parts = ALL, [condition]
    if isinstance(condition, Mapping):
        for word in (ALL, ANY):
            if isinstance(condition.get(word), list) and len(condition) == 1:
                joint, parts = word, condition[word]
    rows = [_row_of(one) for one in parts]
    if len(rows) > ROWS or None in rows:
        return Rule(name, KEEP, blank, words)
    kept = tuple(row for row in rows if row is not None)
    return Rule(name, joint, kept + blank[len(kept) :], words)


def _row_of(condition: object) -> Row | None:
    if not isinstance(condition, Mapping) or len(condition) != len(("subject", "operator")):
        return None
    subject = next(
        (
            prefix + str(condition[head])
            for head, prefix in (("item", ""), ("previous", _BEFORE), ("context", _FACT))
            if head in condition
        ),
        "",
    )
    if not subject:
        return None
    if "answered" in condition:
        return Row(subject, ANSWERED if condition["answered"] else BLANK)
    operator = next((name for name in OPERATORS if name in condition), "")
    text = _text_of(condition.get(operator))
    return Row(subject, operator, text) if operator and text is not None else None


def _text_of(raw: object) -> str | None:
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    if isinstance(raw, list):
        return ", ".join(map(str, raw))
    if isinstance(raw, Mapping):
        return f"[{raw['other']}]" if set(raw) == {"other"} else None
    return None if raw is None else str(raw)


def condition_from(
    posted: Posted, name: str, before: object, document: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the condition that a page describes; None for none."""
    mode = str(posted.get(f"{name}.mode", NONE))
    if mode == KEEP:
        return dict(before) if isinstance(before, Mapping) else None
    if mode not in (ALL, ANY):
        return None
    columns = [posted.getlist(f"{name}.{part}") for part in ("subject", "operator", "value")]
    made = [
        _condition(Row(str(subject), str(operator), str(value).strip()), document)
        for subject, operator, value in zip(*columns, strict=False)
        if str(subject)
    ]
    if not made:
        return None
    return made[0] if len(made) == 1 else {mode: made}


def _condition(row: Row, document: Mapping[str, Any]) -> dict[str, Any]:
    head, target = "item", row.subject
    for prefix, name in ((_BEFORE, "previous"), (_FACT, "context")):
        if row.subject.startswith(prefix):
            head, target = name, row.subject.removeprefix(prefix)
    if row.operator in (ANSWERED, BLANK):
        return {head: target, "answered": row.operator == ANSWERED}
    operator = row.operator if row.operator in OPERATORS else "is"
    item = items(document).get(target, {}) if head != "context" else {}
    if operator in _LISTS:
        texts = [one.strip() for one in row.value.split(",") if one.strip()]
        return {head: target, operator: [_code(one, item) for one in texts]}
    return {head: target, operator: _literal(row.value, item)}


def _literal(text: str, item: Mapping[str, Any]) -> object:
    reference = _REFERENCE.fullmatch(text)
    if reference:
        return {"other": reference[1]}
    if item.get("kind") == "boolean":
        return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)
    if item.get("choices"):
        return _code(text, item)
    if item.get("kind") in ("integer", "decimal", None) and _NUMBER.fullmatch(text):
        return int(text) if "." not in text else text
    return text


def _code(text: str, item: Mapping[str, Any]) -> str:
    """Return the code of an answer; its words are understood as well."""
    for choice in item.get("choices") or ():
        if text.lower() in (str(choice.get("code", "")).lower(), str(choice.get("label")).lower()):
            return str(choice["code"])
    return text


def subjects(
    document: Mapping[str, Any], group: str = ""
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what a condition may ask, grouped for a select: items, then facts.

    Args:
        group: the group in whose rows the condition stands; the items of other groups' rows are
            left out, because nobody could say which row.
    """
    names = Names(document)
    found: dict[str, list[tuple[str, str]]] = {}
    for path, item in names.items.items():
        owner = path.rpartition(".")[0]
        is_row = owner in names.items
        if item.get("kind") == "group" or (is_row and owner != group):
            continue
        section = names.sections.get(path.partition(".")[0], "")
        label = str(item.get("label") or path)
        found.setdefault(section, []).append((path, f"{label} (this row)" if is_row else label))
    facts = [
        (f"{_FACT}{name}", CONTEXT.get(name, name)) for name in sorted(document.get("context", {}))
    ]
    before = [
        (f"{_BEFORE}{path}", f"{words} at the time point before")
        for options in list(found.values())
        for path, words in options
    ]
    named = [*found.items(), ("Known without asking", facts), ("The time point before", before)]
    return [(title, options) for title, options in named if options]


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a value follows, as its editor shows it; ``kind`` is keep for what it cannot hold."""

    kind: str = ""
    first: str = ""
    second: str = ""
    decimals: str = ""
    words: str = ""


def derivation_of(derived: object, document: Mapping[str, Any]) -> Derivation:
    """Return a derivation for its editor."""
    if derived is None:
        return Derivation()
    words = derived_said(derived, Names(document))
    kept = Derivation(KEEP, words=words)
    if not isinstance(derived, Mapping) or {"where", "inputs", "cases", "minutes"} & set(derived):
        return kept
    decimals = str(derived.get("decimals", ""))
    for kind in ("sum", "count", "named"):
        if kind in derived:
            one = derived[kind]
            one = one[0] if isinstance(one, list) and len(one) == 1 else one
            return Derivation(kind, one, "", decimals, words) if isinstance(one, str) else kept
    for kind, (first, second) in _PAIRS.items():
        span = derived.get(kind)
        if isinstance(span, Mapping):
            texts = [_operand_text(span.get(name)) for name in (first, second)]
            if None in texts:
                return kept
            return Derivation(kind, str(texts[0]), str(texts[1]), decimals, words)
    return kept


def _operand_text(raw: object) -> str | None:
    if isinstance(raw, Mapping) and len(raw) == 1:
        for kind, prefix in (("other", ""), ("previous", _BEFORE), ("context", _FACT)):
            if kind in raw:
                return prefix + str(raw[kind])
    return None


def derived_from(posted: Posted, before: object) -> dict[str, Any] | None:
    """Return the derivation that a page describes; None for an item that a person answers."""
    kind = str(posted.get("derived.kind", ""))
    if kind == KEEP:
        return dict(before) if isinstance(before, Mapping) else None
    if kind not in DERIVATIONS or not kind:
        return None
    first, second = (str(posted.get(f"derived.{name}", "")).strip() for name in ("first", "second"))
    made: dict[str, Any]
    if kind in _PAIRS:
        names = _PAIRS[kind]
        made = {kind: {names[0]: _operand(first), names[1]: _operand(second)}}
    elif kind == "named":
        return {"named": str(posted.get("derived.named", "")).strip() or first}
    else:
        made = {kind: first}
    decimals = str(posted.get("derived.decimals", "")).strip()
    if decimals and kind != "count":
        made["decimals"] = int(decimals) if decimals.isdigit() else decimals
    return made


def _operand(text: str) -> dict[str, str]:
    for prefix, kind in ((_BEFORE, "previous"), (_FACT, "context")):
        if text.startswith(prefix):
            return {kind: text.removeprefix(prefix)}
    return {"other": text}
