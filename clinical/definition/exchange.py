"""A definition as YAML, and back; what is wrong with a text is named with its line."""

from __future__ import annotations

from typing import Any

import yaml

from clinical.definition.document import SCHEMA, Definition, item_problems, problems_of, read
from imaging.pipeline.yaml_text import Problem, UnreadableText, placed, plain, read_mapping


def to_yaml(definition: Definition) -> str:
    """Return a definition as YAML that ``read_yaml`` reads back to the same definition."""
    return yaml.safe_dump(definition.to_document(), sort_keys=False, allow_unicode=True, width=100)


def read_yaml(text: str) -> Definition:
    """Read a definition from YAML.

    Raises:
        UnreadableText: with every fault, each with the line of its item.
    """
    raw, lines = read_mapping(text, starts_with=f"a definition starts with schema: {SCHEMA}")
    document: dict[str, Any] = plain(raw)
    problems = _placed(document, lines)
    if problems:
        raise UnreadableText(tuple(problems))
    return read(document)


def _placed(document: dict[str, Any], lines: dict[str, int]) -> list[Problem]:
    items = document.get("items")
    found: list[Problem] = []
    told: set[str] = set()
    for index, raw in enumerate(items if isinstance(items, list) else []):
        for text in item_problems(raw, place=f"item {index + 1}"):
            told.add(text)
            found.append(placed(f"items/{index}", text, lines))
    found += [placed("", text, lines) for text in problems_of(document) if text not in told]
    return sorted(found, key=lambda one: one.line)
