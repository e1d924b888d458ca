"""Columns of a table and choices as people type them, one line each, and back.

A column is ``code | label | kind``, then what else holds of it: ``required``, ``unit Gy``,
``from 0``, ``to 100``, ``PR = Partial response; PD = Progressive disease``.
"""

from __future__ import annotations

from typing import Any

from clinical.definition.document import Choice, Column


def typed_choices(choices: tuple[Choice, ...]) -> str:
    """Return choices as lines ``value = label``."""
    return "\n".join(f"{one.value} = {one.label}" for one in choices)


def choices_from(text: str) -> list[dict[str, str]]:
    """Return the choices that lines (or parts between semicolons) name."""
    parts = [part.strip() for line in text.splitlines() for part in line.split(";")]
    return [_choice(part) for part in parts if part]


def _choice(part: str) -> dict[str, str]:
    value, sign, label = part.partition("=")
    return {"value": value.strip(), "label": (label if sign else value).strip()}


def typed_columns(columns: tuple[Column, ...]) -> str:
    """Return the columns of a table as lines."""
    return "\n".join(" | ".join(_parts(column)) for column in columns)


def _parts(column: Column) -> list[str]:
    found = [column.code, column.label, column.kind]
    if column.required:
        found.append("required")
    if column.unit:
        found.append(f"unit {column.unit}")
    if column.lowest is not None:
        found.append(f"from {column.lowest}")
    if column.highest is not None:
        found.append(f"to {column.highest}")
    if column.choices:
        found.append(typed_choices(column.choices).replace("\n", "; "))
    return found


def columns_from(text: str) -> list[dict[str, Any]]:
    """Return the columns that lines describe; what is wrong with them the definition says."""
    return [_column(line) for line in text.splitlines() if line.strip()]


def _column(line: str) -> dict[str, Any]:
    parts = [part.strip() for part in line.split("|")]
    code, label, kind = (*parts[:3], "", "", "")[:3]
    made: dict[str, Any] = {"code": code, "label": label, "kind": kind}
    for part in parts[3:]:
        word, _, rest = part.partition(" ")
        if part == "required":
            made["required"] = True
        elif "=" in part:
            made["choices"] = choices_from(part)
        elif word in _LIMITS and rest:
            made[_LIMITS[word]] = rest.strip()
        elif part:
            made[part] = ""
    return made


_LIMITS = {"unit": "unit", "from": "lowest", "to": "highest"}
