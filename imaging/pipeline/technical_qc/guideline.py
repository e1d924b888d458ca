"""The acquisition guideline as data: rules with value, tolerance, severity and source.

A document is plain JSON (schema beside this module) and travels as YAML. Rules of kind
``check`` switch a built-in check on and give its severity and tolerance; ``same_as_earlier``
compares a parameter with the subject's earlier time points; the others compare a parameter with
a value. A rule for a modality goes before one for all ("*"), a rule for a time point before one
for all time points.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from imaging.pipeline.technical_qc.facts import Value
from imaging.pipeline.technical_qc.parameters import PARAMETERS
from imaging.pipeline.technical_qc.words import WORDS

SCHEMA_FILE = Path(__file__).with_name("guideline.schema.json")
DEFAULT_FILE = Path(__file__).parents[2] / "guidelines" / "default.json"


class GuidelineError(ValueError):
    """The document is not a guideline. ``problems`` lists what is wrong, with its place."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True)
class Rule:
    """One row of the guideline."""

    modality: str
    parameter: str
    kind: str
    severity: str
    source: str
    value: Value | tuple[Value, ...] | None = None
    tolerance: float = 0.0
    if_missing: str = "ignore"
    time_points: tuple[str, ...] = ()
    verified: bool = True

    def applies_to(self, modality: str, time_point: str) -> bool:
        right_time = not self.time_points or time_point in self.time_points
        return self.modality in {"*", modality} and right_time

    @property
    def rank(self) -> tuple[bool, bool]:
        """Orders rules from general to special."""
        return bool(self.time_points), self.modality != "*"

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers of the value."""
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        return tuple(float(part) for part in parts if isinstance(part, int | float))

    @property
    def words(self) -> tuple[str, ...]:
        """The value's parts as upper-case words."""
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        return tuple(str(part).upper() for part in parts if part is not None)

    @property
    def texts(self) -> tuple[str, ...]:
        """The parts of the value that are words, in upper case."""
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        return tuple(part.upper() for part in parts if isinstance(part, str))

    def expectation(self) -> str:
        """The rule in words, with its unit."""
        parameter = PARAMETERS.get(self.parameter)
        unit = f" {parameter.unit}" if parameter is not None and parameter.unit else ""
        numbers = [f"{number:g}" for number in self.numbers]
        texts = {
            "max": f"at most {numbers[0]}{unit}" if numbers else "",
            "min": f"at least {numbers[0]}{unit}" if numbers else "",
            "range": f"{numbers[0]} to {numbers[-1]}{unit}" if numbers else "",
        }
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        listed = [f"{part:g}" if isinstance(part, float) else str(part) for part in parts]
        joined = {"contains": " and ", "one_of": " or "}.get(self.kind, ", ").join(listed)
        either = f", {self.tolerance:g} either way" if self.tolerance and numbers else ""
        return texts.get(self.kind) or f"{joined}{unit if numbers else ''}{either}"


@dataclass(frozen=True)
class Guideline:
    """A validated guideline."""

    name: str
    version: str
    rules: tuple[Rule, ...]

    def check(self, code: str, *, modality: str, time_point: str = "") -> Rule | None:
        """The rule that switches a built-in check on, or None when it is off."""
        return self._best(code, kinds=frozenset({"check"}), modality=modality, at=time_point)

    def comparisons(self, *, modality: str, time_point: str = "") -> tuple[Rule, ...]:
        """The rules that compare a parameter with a value, the most special per parameter."""
        kinds = frozenset({"max", "min", "range", "equals", "one_of", "contains"})
        return self._for_all(kinds, modality=modality, at=time_point)

    def consistency(self, *, modality: str, time_point: str = "") -> tuple[Rule, ...]:
        """The rules that compare a parameter with the subject's earlier time points."""
        return self._for_all(frozenset({"same_as_earlier"}), modality=modality, at=time_point)

    def _for_all(self, kinds: frozenset[str], *, modality: str, at: str) -> tuple[Rule, ...]:
        names = dict.fromkeys(rule.parameter for rule in self.rules if rule.kind in kinds)
        best = (self._best(name, kinds=kinds, modality=modality, at=at) for name in names)
        return tuple(rule for rule in best if rule is not None)

    def _best(
        self, parameter: str, *, kinds: frozenset[str], modality: str, at: str
    ) -> Rule | None:
        candidates = [
            rule
            for rule in self.rules
            if rule.parameter == parameter and rule.kind in kinds and rule.applies_to(modality, at)
        ]
        # Of equally special rules the later one holds.
        return (
            max(enumerate(candidates), key=lambda pair: (pair[1].rank, pair[0]))[1]
            if (candidates)
            else None
        )

    def to_document(self) -> dict[str, Any]:
        """The JSON document; defaults are left out."""
        return {
            "schema": "acquisition-guideline/1",
            "name": self.name,
            "version": self.version,
            "rules": [_row(rule) for rule in self.rules],
        }

    def to_yaml(self) -> str:
        """The document as YAML for people to edit."""
        text: str = yaml.safe_dump(self.to_document(), sort_keys=False, allow_unicode=True)
        return text

    def digest(self) -> str:
        """SHA-256 of the canonical JSON document, hex."""
        canonical = json.dumps(self.to_document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _row(rule: Rule) -> dict[str, Any]:
    row: dict[str, Any] = {
        "modality": rule.modality,
        "parameter": rule.parameter,
        "kind": rule.kind,
    }
    if rule.value is not None:
        row["value"] = list(rule.value) if isinstance(rule.value, tuple) else rule.value
    if rule.tolerance:
        row["tolerance"] = rule.tolerance
    row["severity"] = rule.severity
    if rule.if_missing != "ignore":
        row["if_missing"] = rule.if_missing
    if rule.time_points:
        row["time_points"] = list(rule.time_points)
    row["source"] = rule.source
    if not rule.verified:
        row["verified"] = False
    return row


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def from_document(document: Mapping[str, Any]) -> Guideline:
    """Read a guideline document.

    Raises GuidelineError with every problem: schema violations, parameters and checks that do
    not exist, ranges whose limits are exchanged.
    """
    problems = [
        f"{'/'.join(str(step) for step in error.absolute_path) or 'document'}: {error.message}"
        for error in sorted(_validator().iter_errors(document), key=lambda e: str(e.path))
    ]
    if problems:
        raise GuidelineError(tuple(problems))
    rules = tuple(_rule(row) for row in document["rules"])
    problems = [
        f"rules/{index}: {problem}" for index, rule in enumerate(rules) for problem in _faults(rule)
    ]
    if problems:
        raise GuidelineError(tuple(problems))
    return Guideline(name=document["name"], version=document["version"], rules=rules)


def _rule(row: Mapping[str, Any]) -> Rule:
    parts = dict(row)
    if isinstance(parts.get("value"), list):
        parts["value"] = tuple(parts["value"])
    parts["time_points"] = tuple(parts.get("time_points", ()))
    return Rule(**parts)


def _faults(rule: Rule) -> list[str]:
    faults = []
    if rule.kind == "check" and rule.parameter not in WORDS:
        faults.append(f"there is no check named {rule.parameter}")
    if rule.kind != "check" and rule.parameter not in PARAMETERS:
        faults.append(f"there is no parameter named {rule.parameter}")
    if rule.kind == "range" and rule.numbers[0] > rule.numbers[1]:
        faults.append("the lower limit is above the upper one")
    return faults


def from_yaml(text: str) -> Guideline:
    """Read a guideline from YAML. Raises GuidelineError as ``from_document`` does."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise GuidelineError((f"not YAML: {error}",)) from error
    if not isinstance(document, Mapping):
        raise GuidelineError(("the document must be a mapping",))
    return from_document(document)


@cache
def default_guideline() -> Guideline:
    """The guideline a new study starts from."""
    return from_document(json.loads(DEFAULT_FILE.read_text(encoding="utf-8")))
