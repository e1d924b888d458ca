"""YAML that people write: one mapping, read strictly, with the line of every path in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

LONGEST_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a text: its line (from 1; 0 when unknown), its path, and in words."""

    line: int
    path: str
    text: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else ""
        return ": ".join(part for part in (", ".join(filter(None, (place, self.path))), self.text)
                         if part)  # fmt: skip


class UnreadableText(ValueError):
    """The text cannot be used; ``problems`` lists every fault with its place."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


def read_mapping(text: str, *, starts_with: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the mapping that a text holds and the line of every path (``rules/0/value``).

    A key written twice and an alias are faults: the first would lose a value silently, the second
    can make a small text very large.

    Args:
        starts_with: what the text should be, in words, for one that is something else.

    Raises:
        UnreadableText: with every fault.
    """
    if len(text) > LONGEST_TEXT:
        raise UnreadableText((Problem(0, "", "the text is longer than a million characters"),))
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UnreadableText((_syntax_problem(error),)) from error
    except RecursionError as error:
        raise UnreadableText((Problem(0, "", "the text is nested too deeply"),)) from error
    if not isinstance(root, yaml.MappingNode):
        raise UnreadableText((Problem(1, "", starts_with),))
    lines: dict[str, int] = {}
    faults = tuple(_walk(root, "", lines, set()))
    if faults:
        raise UnreadableText(faults)
    try:
        return yaml.safe_load(text), lines
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableText((_syntax_problem(error),)) from error


def _syntax_problem(error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "this is no YAML"
    return Problem(mark.line + 1 if mark else 0, "", str(what))


def _walk(node: yaml.Node, path: str, lines: dict[str, int], seen: set[int]) -> Iterator[Problem]:
    """Note the line of every path; yield keys written twice and aliases."""
    line = node.start_mark.line + 1
    lines[path] = line
    if isinstance(node, yaml.CollectionNode):
        if id(node) in seen:
            yield Problem(line, path, "an alias (*name) is not allowed; write the value out")
            return
        seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        known: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in known:
                yield Problem(key.start_mark.line + 1, _joined(path, name), "is written twice")
            known.add(name)
            yield from _walk(value, _joined(path, name), lines, seen)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _walk(value, _joined(path, str(number)), lines, seen)


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def placed(path: str, text: str, lines: Mapping[str, int]) -> Problem:
    """Return a fault of a path with its line: its own, else that of what it lies in."""
    wanted = path
    while wanted and wanted not in lines:
        wanted = wanted.rpartition("/")[0]
    return Problem(lines.get(wanted, 0), path, text)


def plain(value: Any) -> Any:
    """Return a YAML value as JSON has it: dates as ISO text, names of mappings as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
