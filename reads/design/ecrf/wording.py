"""Conditions and derivations of a form in words that an author reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reads.design.ecrf.outline import items

OPERATORS: Mapping[str, str] = {
    "is": "is",
    "is_not": "is not",
    "one_of": "is one of",
    "none_of": "is none of",
    "at_least": "is at least",
    "more_than": "is more than",
    "at_most": "is at most",
    "less_than": "is less than",
    "contains": "contains",
    "starts_with": "starts with",
}
STATUS = {
    "blank": "is blank",
    "answered": "is answered",
    "not_done": "is marked “not done”",
    "not_evaluable": "is marked “not evaluable”",
}
CONTEXT: Mapping[str, str] = {
    "time_point.kind": "the kind of time point",
    "time_point.date": "the date of the time point",
    "previous_time_point.date": "the date of the time point before",
    "baseline.date": "the date of the baseline",
    "treatment.start": "the first day of treatment",
    "baseline.sum_mm": "the sum at baseline",
    "nadir.sum_mm": "the smallest sum so far",
    "baseline.slice_thickness_mm": "the slice thickness at baseline",
    "series.slice_thickness_mm": "the slice thickness",
}
OPERANDS = ("other", "outer", "previous", "context")


class Names:
    """The words of a form's items and codes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.items = items(document)
        self.sections = {
            one["key"]: str(one.get("title", one["key"])) for one in document.get("sections", ())
        }

    def item(self, path: str) -> str:
        """Return an item's words with its section's, the path itself when there is none."""
        found = self.items.get(path)
        if found is None:
            return f"“{path}” (not in this form)"
        label = str(found.get("label") or path)
        section = self.sections.get(path.partition(".")[0], "")
        return f"“{label}”" if section.lower() == label.lower() else f"“{section}: {label}”"

    def value(self, path: str, raw: object) -> str:
        """Return a literal in the words of the item that it is compared with."""
        if isinstance(raw, bool):
            return "yes" if raw else "no"
        if isinstance(raw, list):
            return ", ".join(self.value(path, one) for one in raw)
        found = self.items.get(path, {})
        for choice in found.get("choices") or ():
            if choice.get("code") == raw:
                return f"“{choice.get('label') or raw}”"
        unit = found.get("unit", "")
        return f"{raw} {unit}".strip() if unit else f"“{raw}”" if isinstance(raw, str) else str(raw)


def said(condition: object, names: Names) -> str:
    """Return a condition as a phrase; what cannot be read is said to be unreadable."""
    if not isinstance(condition, Mapping):
        return "(cannot be read)"
    for word, joint in (("all", " and "), ("any", " or ")):
        parts = condition.get(word)
        if isinstance(parts, list):
            return joint.join(_bracketed(one, names) for one in parts)
    if "not" in condition:
        return f"not ({said(condition['not'], names)})"
    for word, words in (("any_row", "some row of"), ("every_row", "every row of")):
        if word in condition:
            where = said(condition.get("where"), names)
            return f"in {words} {names.item(str(condition[word]))}, {where}"
    return _compared(condition, names)


def _bracketed(condition: object, names: Names) -> str:
    words = said(condition, names)
    nested = isinstance(condition, Mapping) and ("all" in condition or "any" in condition)
    return f"({words})" if nested else words


def _compared(condition: Mapping[str, Any], names: Names) -> str:
    path, subject = _subject(condition, names)
    if "answered" in condition:
        return f"{subject} is {'answered' if condition['answered'] else 'not answered'}"
    if "status" in condition:
        return f"{subject} {STATUS.get(str(condition['status']), condition['status'])}"
    for name, words in OPERATORS.items():
        if name in condition:
            return f"{subject} {words} {operand(condition[name], names, path)}"
    return f"{subject} (cannot be read)"


def _subject(condition: Mapping[str, Any], names: Names) -> tuple[str, str]:
    if "item" in condition:
        path = str(condition["item"])
        return path, names.item(path)
    if "previous" in condition:
        path = str(condition["previous"])
        return path, f"{names.item(path)} at the time point before"
    if "context" in condition:
        name = str(condition["context"])
        return "", CONTEXT.get(name, name)
    if "count" in condition:
        group = names.item(str(condition["count"]))
        where = f" where {said(condition['where'], names)}" if "where" in condition else ""
        if "per" in condition:
            return (
                "",
                f"the most rows of {group} with one {names.item(str(condition['per']))}{where}",
            )
        return "", f"the number of rows of {group}{where}"
    if "missing_rows" in condition:
        return (
            "",
            f"the number of rows of {names.item(str(condition['missing_rows']))} that are gone",
        )
    if "added_rows" in condition:
        return "", f"the number of new rows of {names.item(str(condition['added_rows']))}"
    if isinstance(condition.get("days"), Mapping):
        span = condition["days"]
        start, end = (operand(span.get(name), names) for name in ("from", "to"))
        return "", f"the number of days from {start} to {end}"
    return "", "something"


def operand(raw: object, names: Names, path: str = "") -> str:
    """Return the right-hand side of a comparison in words."""
    if not isinstance(raw, Mapping):
        return names.value(path, raw)
    words = "something"
    for kind in OPERANDS:
        if kind in raw:
            target = str(raw[kind])
            words = CONTEXT.get(target, target) if kind == "context" else names.item(target)
            words += " at the time point before" if kind == "previous" else ""
            words += " of the same row" if kind == "outer" else ""
    if "times" in raw:
        words = f"{raw['times']} × {words}"
    return f"{words} plus {raw['plus']}" if "plus" in raw else words


def derived_said(derived: object, names: Names) -> str:
    """Return how a value follows from others, in words."""
    if not isinstance(derived, Mapping):
        return "(cannot be read)"
    where = f", where {said(derived['where'], names)}" if "where" in derived else ""
    if "sum" in derived:
        parts = derived["sum"] if isinstance(derived["sum"], list) else [derived["sum"]]
        return f"the sum of {' and '.join(names.item(str(one)) for one in parts)}{where}"
    if isinstance(derived.get("sum_given"), list):
        given = " and ".join(names.item(str(one)) for one in derived["sum_given"])
        return f"the sum of what is given of {given}{where}"
    if "count" in derived:
        return f"the number of rows of {names.item(str(derived['count']))}{where}"
    for kind, first, second, words in (
        ("difference", "of", "minus", "{} minus {}"),
        ("product", "of", "times", "{} times {}"),
        ("percent_change", "from", "to", "the change from {} to {} in percent"),
        ("days", "from", "to", "the days from {} to {}"),
    ):
        span = derived.get(kind)
        if isinstance(span, Mapping):
            return words.format(operand(span.get(first), names), operand(span.get(second), names))
    if "named" in derived:
        return f"by the published criterion: {criterion_words(str(derived['named']))}"
    if isinstance(derived.get("cases"), list):
        return "; ".join(
            f"{operand(one.get('value'), names)} when {said(one.get('when'), names)}"
            for one in derived["cases"]
            if isinstance(one, Mapping)
        )
    return "as the file says"


def criterion_words(name: str) -> str:
    """Return the name of a criterion's derivation as words: criterion, value."""
    criterion, _, value = name.partition(".")
    return f"{criterion.upper()}, {value.replace('_', ' ')}" if value else name
