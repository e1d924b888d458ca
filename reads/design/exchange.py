"""Designs as YAML files, out and in, and the templates that the platform brings along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATES = Path(__file__).with_name("templates")
LARGEST = 1024 * 1024
#: the order in which a person reads a design
_ORDER = (
    "form",
    "readers_per_subject",
    "criteria",
    "endpoints",
    "presentation",
    "sessions",
    "oncology_review",
    "adjudication",
    "blinding",
    "dossiers",
    "truth",
)


class DesignFileError(ValueError):
    """A file that is no design; the message names the line where that is known."""


@dataclass(frozen=True, slots=True)
class Template:
    """A named design to start from."""

    key: str
    title: str
    summary: str
    document: Mapping[str, Any]


def to_yaml(document: Mapping[str, Any]) -> str:
    """Write a design as YAML that ``from_yaml`` reads back to the same document."""
    first = {key: document[key] for key in _ORDER if key in document}
    rest = {key: value for key, value in document.items() if key not in first}
    return yaml.safe_dump(first | rest, sort_keys=False, allow_unicode=True, width=100)


def from_yaml(text: str | bytes) -> dict[str, Any]:
    """Read a design document from YAML (or JSON, which is YAML).

    Raises:
        DesignFileError: too large, no YAML, or not one mapping.
    """
    if len(text) > LARGEST:
        raise DesignFileError("The file is larger than 1 MB; a design is a few kilobytes.")
    try:
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise DesignFileError(f"{where}{error.problem or 'this is no YAML'}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DesignFileError("The file is no YAML text.") from error
    if not isinstance(found, dict):
        raise DesignFileError("The file holds no design: it must be names with values.")
    return {str(key): value for key, value in found.items()}


@cache
def templates() -> tuple[Template, ...]:
    """Return the templates in the order in which they are offered."""
    found = []
    for path in sorted(TEMPLATES.glob("*.yaml")):
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(
            Template(path.stem.partition("-")[2], held["title"], held["summary"], held["design"])
        )
    return tuple(found)
