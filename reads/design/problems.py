"""What is wrong with a read design: its shape by JSON Schema, then what only fits together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from reads.criteria import registry
from reads.criteria.base import CriteriaError
from reads.design.document import EVERYBODY, SUBJECT_VARIABLES, VARIABLES
from reads.design.references import unknown_references

SCHEMA = Path(__file__).with_name("design.schema.json")


@cache
def schema() -> Mapping[str, Any]:
    """Return the JSON Schema of a design document."""
    found: Mapping[str, Any] = json.loads(SCHEMA.read_text())
    return found


def problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a design document, in words; empty when it can be used."""
    shape = [
        f"{'.'.join(map(str, error.absolute_path)) or 'the design'}: {error.message}"
        for error in sorted(
            Draft202012Validator(schema()).iter_errors(document),
            key=lambda error: [str(part) for part in error.absolute_path],
        )
    ]
    return shape or [*_criteria(document), *_comparisons(document), *_sessions(document)]


def _criteria(document: Mapping[str, Any]) -> Iterator[str]:
    keys = [entry["key"] for entry in document["criteria"]]
    if len(keys) != len(set(keys)):
        yield "criteria: one of them stands twice"
    for entry in document["criteria"]:
        try:
            registry.get(entry["key"]).options(entry.get("parameters", {}))
        except CriteriaError as error:
            yield f"criteria.{entry['key']}: {error}"
    if not keys and not document.get("truth"):
        yield "criteria: name one, or a standard of truth for a design without response criterion"
    for number, endpoint in enumerate(document.get("endpoints", ())):
        criterion = endpoint.get("criterion")
        if criterion and criterion not in keys:
            yield f"endpoints.{number}: the design does not use {criterion}"


def _comparisons(document: Mapping[str, Any]) -> Iterator[str]:
    adjudication = document.get("adjudication", {})
    variables = adjudication.get("variables", [])
    by_time_point = adjudication.get("at", "time_point") == "time_point"
    for name in variables:
        if name not in VARIABLES:
            yield f"adjudication.variables: “{name}” cannot be compared"
        elif name in SUBJECT_VARIABLES and by_time_point:
            yield f"adjudication.variables: “{name}” is known for a subject, not at a time point"
    if variables and document["readers_per_subject"] == 1:
        yield "adjudication.variables: a single read cannot be adjudicated"
    if variables and not document["criteria"]:
        yield "adjudication.variables: a design without response criterion derives none of them"
    review = document.get("oncology_review", {})
    if review.get("adjudicate_on") and review.get("readers", 1) == 1:
        yield "oncology_review.adjudicate_on: one oncologist cannot be adjudicated"


def _sessions(document: Mapping[str, Any]) -> Iterator[str]:
    sessions = document.get("sessions", {})
    review = document.get("oncology_review", {})
    shown = document.get("dossiers", "never")
    if shown == "global_review" and not sessions.get("global_review"):
        yield "dossiers: they are shown at a global review that the design does not have"
    if shown == "oncology_review" and not review.get("form"):
        yield "dossiers: they are shown at an oncology review that the design does not have"
    if document.get("adjudication", {}).get("at") == "subject" and not sessions.get(
        "global_review"
    ):
        yield "adjudication.at: a subject is adjudicated after a global review"
    presentation = document.get("presentation", "time_sequential")
    if presentation == "simultaneous_random" and document["criteria"]:
        yield "presentation: a response criterion follows the order of the time points"
    if presentation == "hybrid" and not sessions.get("global_review"):
        yield "presentation: the second, common look of a hybrid design is its global review"
    sampling = document.get("sampling", {})
    if sampling.get("escalate_above_percent") and sampling.get("percent", EVERYBODY) == EVERYBODY:
        yield "sampling.escalate_above_percent: every subject is reviewed already"
    if not document["criteria"] and any(
        sessions.get(name) for name in ("global_review", "confirmation_of_progression")
    ):
        yield "sessions: a design without response criterion has no response to review"
    for section, text in document.get("sections", {}).items():
        for name in unknown_references(text):
            yield f"sections.{section}: “{{{name}}}” is no item of the design"
