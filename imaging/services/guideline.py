"""The acquisition guideline as controlled configuration: edit rows, compare, exchange as YAML."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from audit.actors import Actor
from audit.errors import RuleBroken
from audit.models import record
from imaging.pipeline.technical_qc import (
    Guideline,
    GuidelineError,
    default_guideline,
    from_document,
)
from imaging.pipeline.technical_qc.guideline_text import (
    Change,
    beyond_rows,
    difference,
    parsed_row,
    read_yaml,
)
from imaging.pipeline.yaml_text import Problem, UnreadableText
from studies.models import Configuration, Study, TimePointDefinition
from studies.services import configuration

KIND = Configuration.Kind.GUIDELINE
KEY = "general"


def versions(study: Study | Any) -> list[Configuration]:
    """Return every version of the study's guidelines, newest first."""
    return configuration.versions_of(study, KIND)


def effective_or_none(study: Study | Any) -> Configuration | None:
    """Return the guideline that holds now, or nothing."""
    return configuration.effective_or_none(study, KIND)


def open_draft(study: Study | Any) -> Configuration | None:
    """Return the newest draft of the guideline, or nothing."""
    return configuration.open_draft(study, KIND)


def time_point_codes(study: Study | Any) -> frozenset[str]:
    """Return the codes of the time points that the study's protocol versions define."""
    rows = TimePointDefinition.objects.in_study(study)
    return frozenset(rows.values_list("code", flat=True))


def start_draft(study: Study, *, actor: Actor) -> Configuration:
    """Return the open draft, or make one from the guideline that holds (else from the default).

    Raises:
        NotPermitted: the actor may not edit the guideline.
    """
    actor.require("guideline.edit")
    found = open_draft(study)
    if found is not None:
        return found
    holds = effective_or_none(study)
    document = copy.deepcopy(holds.document) if holds else default_guideline().to_document()
    document["version"] = _next_label(document["version"])
    return configuration.draft(
        study,
        kind=KIND,
        key=holds.key if holds else KEY,
        title=holds.title if holds else "Acquisition guideline",
        document=document,
        actor=actor,
    )


def _next_label(label: str) -> str:
    head, _, tail = label.rpartition(".")
    return f"{head}.{int(tail) + 1}" if head and tail.isdigit() else f"{label}.1"


def save_row(
    draft: Configuration,
    posted: Mapping[str, Any],
    *,
    index: int | None,
    seen_digest: str,
    actor: Actor,
) -> Configuration:
    """Write one row of a draft: the row at ``index``, or a new one behind the last.

    Raises:
        NotPermitted: the actor may not edit the guideline.
        RuleBroken: GDL-001 the row has faults; all are named and nothing is written.
        RuleBroken: CFG-004, Conflict: CFG-005 (see ``studies.services.configuration.revise``).
    """
    actor.require("guideline.edit")
    document = copy.deepcopy(draft.document)
    row = parsed_row(posted)
    problems = row_problems(row)
    if problems:
        raise RuleBroken(" ".join(problems), rule="GDL-001", details=problems)
    rows = document["rules"]
    if index is None:
        rows.append(row)
    else:
        _check_index(rows, index)
        rows[index] = row
    return configuration.revise(draft, document, seen_digest=seen_digest, actor=actor)


def remove_row(
    draft: Configuration, *, index: int, seen_digest: str, actor: Actor
) -> Configuration:
    """Take a row out of a draft; it stays in the versions before and in the history.

    Raises:
        NotPermitted, RuleBroken, Conflict: as ``save_row``.
    """
    actor.require("guideline.edit")
    document = copy.deepcopy(draft.document)
    _check_index(document["rules"], index)
    del document["rules"][index]
    return configuration.revise(draft, document, seen_digest=seen_digest, actor=actor)


def _check_index(rows: Sequence[Any], index: int) -> None:
    if not 0 <= index < len(rows):
        raise RuleBroken("The guideline has no such row any more.", rule="GDL-002")


def row_problems(row: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with one row, as sentences beside the fields."""
    document = {
        "schema": "acquisition-guideline/1",
        "name": "row",
        "version": "1",
        "rules": [dict(row)],
    }
    try:
        from_document(document)
    except GuidelineError as error:
        return [_sentence(found) for found in error.problems]
    return []


_FIELDS = {
    "modality": "Modality: give CT, MR, PT, NM … in capitals, or * for all",
    "parameter": "Parameter or check: choose one",
    "kind": "What it asks: choose one",
    "severity": "Severity: choose error, warning or info",
    "source": "Source: name the society guideline, paper or protocol section",
    "tolerance": "Tolerance: a number of 0 or more",
    "if_missing": "When not stated: choose error, warning, info or ignore",
    "time_points": "Time points: codes, separated by commas",
}


def _sentence(problem: str) -> str:
    path, _, text = problem.partition(": ")
    field = path.removeprefix("rules/0").strip("/").split("/")[0]
    if "there is no" in text:
        return f"Parameter: {text}."
    if "lower limit" in text:
        return "Value: the lower limit is above the upper one."
    if field == "value" or "'value'" in text:
        return (
            "Value: a number for at most, at least and from–to (both ends); words or numbers, "
            "separated by commas, for one of and all of."
        )
    return f"{_FIELDS.get(field, field or 'Row')}." if field in _FIELDS else f"{text}."


def whole_problems(made: Configuration) -> list[Problem]:
    """Return what keeps a version from validation: faults of rows, repeats, lost time points."""
    try:
        guideline = from_document(made.document)
    except GuidelineError as error:
        return [Problem(0, *_split(found)) for found in error.problems]
    return list(beyond_rows(guideline, time_points=time_point_codes(made.study_id)))


def _split(problem: str) -> tuple[str, str]:
    path, _, text = problem.partition(": ")
    return path, text


def validate(draft: Configuration, *, actor: Actor) -> Configuration:
    """Take a draft to validated (in review): from here it can be signed and not be changed.

    Raises:
        RuleBroken: GDL-003 something is wrong with it as a whole; all is named.
    """
    from studies.workflows import CONFIGURATION

    actor.require("guideline.edit")
    problems = whole_problems(draft)
    if problems:
        raise RuleBroken(
            "This version cannot be validated yet: " + "; ".join(map(str, problems)) + ".",
            rule="GDL-003",
            details=[str(problem) for problem in problems],
        )
    return CONFIGURATION.move(draft, "send_to_review", actor=actor)


def import_yaml(study: Study, text: str, *, actor: Actor) -> Configuration:
    """Make the text the open draft (or a new one); what was there stays in the history.

    Raises:
        NotPermitted: the actor may not edit the guideline.
        UnreadableText: the text is no guideline; every fault with its line. Nothing is written.
    """
    actor.require("guideline.edit")
    guideline = read_yaml(text)
    document = guideline.to_document()
    found = open_draft(study)
    if found is not None:
        made = configuration.revise(found, document, seen_digest=found.digest, actor=actor)
    else:
        holds = effective_or_none(study)
        made = configuration.draft(
            study,
            kind=KIND,
            key=holds.key if holds else KEY,
            title=holds.title if holds else guideline.name,
            document=document,
            actor=actor,
        )
    record("guideline.import", made, details={"rules": len(guideline.rules)})
    return made


def compared(old: Configuration, new: Configuration) -> tuple[Change, ...]:
    """Return what changed between two versions, in words."""
    return difference(guideline_in(old), guideline_in(new))


def guideline_in(made: Configuration) -> Guideline:
    """Return the guideline of a version.

    Raises:
        RuleBroken: GDL-004 the draft has faults and cannot be read as a guideline.
    """
    try:
        return from_document(made.document)
    except GuidelineError as error:
        raise RuleBroken(f"{made} has faults: {error}", rule="GDL-004") from error


__all__ = [
    "UnreadableText",
    "compared",
    "effective_or_none",
    "guideline_in",
    "import_yaml",
    "open_draft",
    "remove_row",
    "row_problems",
    "save_row",
    "start_draft",
    "time_point_codes",
    "validate",
    "versions",
    "whole_problems",
]
