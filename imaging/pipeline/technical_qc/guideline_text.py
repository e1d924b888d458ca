"""A guideline as text for people: YAML with places of faults, rules in words, differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imaging.pipeline.technical_qc.guideline import (
    Guideline,
    GuidelineError,
    Rule,
    from_document,
)
from imaging.pipeline.technical_qc.parameters import PARAMETERS
from imaging.pipeline.technical_qc.words import WORDS
from imaging.pipeline.yaml_text import Problem, UnreadableText, placed, read_mapping

KINDS: dict[str, str] = {
    "check": "Built-in check",
    "max": "At most",
    "min": "At least",
    "range": "From … to",
    "equals": "Exactly",
    "one_of": "One of",
    "contains": "All of",
    "same_as_earlier": "As at earlier time points",
}


def read_yaml(text: str) -> Guideline:
    """Read a guideline from YAML text and say of every fault in which line it lies.

    Raises:
        UnreadableText: with every fault.
    """
    document, lines = read_mapping(
        text, starts_with="a guideline starts with schema, name, version"
    )
    try:
        return from_document(document)
    except GuidelineError as error:
        raise UnreadableText(tuple(_placed(found, lines) for found in error.problems)) from error


def _placed(found: str, lines: Mapping[str, int]) -> Problem:
    path, _, text = found.partition(": ")
    return placed("" if path == "document" else path, text or found, lines)


# --- words --------------------------------------------------------------------------------------


def subject_of(rule: Rule) -> str:
    """Return what a rule is about, in words."""
    if rule.kind == "check":
        title = WORDS[rule.parameter].title if rule.parameter in WORDS else rule.parameter
        return title.replace("{parameter}", "A parameter")
    known = PARAMETERS.get(rule.parameter)
    return known.title if known else rule.parameter


def asks_in_words(rule: Rule) -> str:
    """Return what a rule asks for, in words."""
    tolerance = f"tolerance {rule.tolerance:g}" if rule.tolerance else ""
    if rule.kind == "check":
        return tolerance or "checked"
    if rule.kind == "same_as_earlier":
        return ", ".join(part for part in ("as at earlier time points", tolerance) if part)
    said = rule.expectation()
    return said if "either way" in said or not tolerance else f"{said}, {tolerance}"


def identity_of(rule: Rule) -> tuple[str, str, str, tuple[str, ...]]:
    """Return what makes two rows the same row of two versions."""
    kind = rule.kind if rule.kind in {"check", "same_as_earlier"} else "value"
    return rule.modality, rule.parameter, kind, tuple(sorted(rule.time_points))


@dataclass(frozen=True, slots=True)
class Change:
    """One row that differs between versions; ``old`` or ``new`` is empty when it came or went."""

    verb: str
    what: str
    old: str
    new: str


def row_in_words(rule: Rule) -> str:
    """Return a whole row in words: what it asks, how severe, where it comes from."""
    parts = [asks_in_words(rule), rule.severity]
    if rule.if_missing != "ignore":
        parts.append(f"{rule.if_missing} when not stated")
    parts.append(f"source: {rule.source}")
    if not rule.verified:
        parts.append("unverified")
    return "; ".join(parts)


def place_in_words(rule: Rule) -> str:
    """Return what a row is about and where it holds."""
    modality = "all modalities" if rule.modality == "*" else rule.modality
    where = f" at {', '.join(rule.time_points)}" if rule.time_points else ""
    return f"{subject_of(rule)}, {modality}{where}"


def difference(old: Guideline, new: Guideline) -> tuple[Change, ...]:
    """Return what changed from one version to another, in words, in the order of the new one."""
    before = {identity_of(rule): rule for rule in old.rules}
    after = {identity_of(rule): rule for rule in new.rules}
    found = [
        Change("changed", place_in_words(rule), row_in_words(before[key]), row_in_words(rule))
        if key in before
        else Change("added", place_in_words(rule), "", row_in_words(rule))
        for key, rule in after.items()
        if before.get(key) != rule
    ]
    gone = [key for key in before if key not in after]
    found += [
        Change("removed", place_in_words(before[key]), row_in_words(before[key]), "")
        for key in gone
    ]
    for name in ("name", "version"):
        if getattr(old, name) != getattr(new, name):
            found.insert(0, Change("changed", name, getattr(old, name), getattr(new, name)))
    return tuple(found)


def beyond_rows(guideline: Guideline, *, time_points: frozenset[str]) -> tuple[Problem, ...]:
    """Return what keeps a guideline from being validated though each row is well formed.

    Two rows about the same thing at the same place (the later would silently win), and time points
    that the study does not have.
    """
    problems = []
    seen: dict[tuple[str, str, str, tuple[str, ...]], int] = {}
    for number, rule in enumerate(guideline.rules):
        key = identity_of(rule)
        if key in seen:
            text = f"repeats row {seen[key] + 1}: {place_in_words(rule)}"
            problems.append(Problem(0, f"rules/{number}", text))
        seen.setdefault(key, number)
        unknown = sorted(set(rule.time_points) - time_points)
        if unknown and time_points:
            text = f"the study has no time point {', '.join(unknown)}"
            problems.append(Problem(0, f"rules/{number}", text))
    return tuple(problems)


def parsed_row(posted: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the document from what a person typed; faults show when it is validated.

    Numbers become numbers, lists are separated by commas or semicolons, empty fields are left out.
    """
    kind = str(posted.get("kind", "")).strip()
    row: dict[str, Any] = {
        "modality": str(posted.get("modality", "")).strip() or "*",
        "parameter": str(posted.get("parameter", "")).strip(),
        "kind": kind,
    }
    value = _typed_value(kind, str(posted.get("value", "")), str(posted.get("value_to", "")))
    if value is not None:
        row["value"] = value
    tolerance = str(posted.get("tolerance", "")).strip()
    if tolerance:
        row["tolerance"] = _number_or_text(tolerance)
    row["severity"] = str(posted.get("severity", "")).strip()
    if posted.get("if_missing") not in {None, "", "ignore"}:
        row["if_missing"] = str(posted["if_missing"])
    points = _parts(str(posted.get("time_points", "")))
    if points:
        row["time_points"] = points
    row["source"] = str(posted.get("source", "")).strip()
    if posted.get("unverified"):
        row["verified"] = False
    return row


def _typed_value(kind: str, value: str, upper: str) -> Any:
    if kind in {"check", "same_as_earlier", ""}:
        return None
    if kind == "range":
        return [_number_or_text(part) for part in (value.strip(), upper.strip()) if part]
    if kind in {"one_of", "contains"}:
        return [_number_or_text(part) for part in _parts(value)] or None
    return _number_or_text(value.strip()) if value.strip() else None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]


def _number_or_text(text: str) -> float | int | str:
    try:
        number = float(text.replace(",", ".").replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() else number
