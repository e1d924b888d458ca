"""The project plan as controlled configuration: draft, save what was typed, exchange as YAML."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from audit.actors import Actor
from audit.models import record
from imaging.pipeline.yaml_text import Problem, UnreadableText, placed, plain, read_mapping
from projects.plan.fields import DAYS, PARTS, Fault, document_from
from studies.models import Configuration, Study
from studies.services import configuration
from studies.validation import problems_of

KIND = Configuration.Kind.PLAN
KEY = "plan"
TITLE = "Project plan"
#: what a first draft starts from: every value is to be looked at before it is signed
START: Mapping[str, Any] = {
    "calendar": {"key": "Office calendar", "zone": "UTC"},
    "turnarounds": {
        "upload": {"amount": 5, "unit": DAYS},
        "qc": {"amount": 2, "unit": DAYS},
        "query": {"amount": 5, "unit": DAYS},
        "read": {"amount": 7, "unit": DAYS},
        "adjudication": {"amount": 5, "unit": DAYS},
    },
}


def versions(study: Study | Any) -> list[Configuration]:
    """Return every version of the study's plan, newest first."""
    return configuration.versions_of(study, KIND)


def effective_or_none(study: Study | Any) -> Configuration | None:
    """Return the plan that holds now, or nothing."""
    return configuration.effective_or_none(study, KIND)


def open_draft(study: Study | Any) -> Configuration | None:
    """Return the newest draft of the plan, or nothing."""
    return configuration.open_draft(study, KIND)


def start_draft(study: Study, *, actor: Actor) -> Configuration:
    """Return the open draft, or make one from the plan that holds (else from a usual one).

    Raises:
        NotPermitted: the actor may not edit configuration.
    """
    actor.require("configuration.edit")
    found = open_draft(study)
    if found is not None:
        return found
    holds = effective_or_none(study)
    return _drafted(study, copy.deepcopy(holds.document if holds else dict(START)), actor=actor)


def _drafted(study: Study, document: Mapping[str, Any], *, actor: Actor) -> Configuration:
    holds = effective_or_none(study)
    return configuration.draft(
        study,
        kind=KIND,
        key=holds.key if holds else KEY,
        title=holds.title if holds else TITLE,
        document=document,
        actor=actor,
        unfinished=True,
    )


def save(
    draft: Configuration,
    posted: Mapping[str, Any],
    weekdays: Sequence[str],
    *,
    seen_digest: str,
    actor: Actor,
) -> tuple[Configuration, list[Fault]]:
    """Write what was typed into a draft; with faults nothing is written and they are returned.

    Raises:
        NotPermitted: the actor may not edit configuration.
        RuleBroken: CFG-004, Conflict: CFG-005 (see ``studies.services.configuration.revise``).
    """
    actor.require("configuration.edit")
    document, faults = document_from(posted, weekdays, base=draft.document)
    if not faults:
        faults = [Fault(_sentence(text)) for text in problems_of(KIND, document)]
    if faults:
        return draft, faults
    return configuration.revise(draft, document, seen_digest=seen_digest, actor=actor), []


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def to_yaml(made: Configuration) -> str:
    """Return a version as YAML that ``import_yaml`` reads back to the same document."""
    first = {name: made.document[name] for name in PARTS if name in made.document}
    return yaml.safe_dump(
        {**first, **made.document}, sort_keys=False, allow_unicode=True, width=100
    )


def import_yaml(study: Study, text: str, *, actor: Actor) -> Configuration:
    """Make the text the open draft (or a new one); what was there stays in the history.

    Raises:
        NotPermitted: the actor may not edit configuration.
        UnreadableText: the text is no plan; every fault, with its line where it has one. Nothing
            is written.
    """
    actor.require("configuration.edit")
    document, lines = read_mapping(text, starts_with="a plan starts with calendar, turnarounds")
    document = plain(document)
    problems = [_placed(found, lines) for found in problems_of(KIND, document)]
    if problems:
        raise UnreadableText(tuple(problems))
    found = open_draft(study)
    if found is not None:
        made = configuration.revise(found, document, seen_digest=found.digest, actor=actor)
    else:
        made = _drafted(study, document, actor=actor)
    record("plan.import", made, details={"digest": made.digest})
    return made


def _placed(problem: str, lines: Mapping[str, int]) -> Problem:
    """Return a fault with the line of what it names, where it names something of the text."""
    _, _, rest = problem.partition("“")
    name = rest.partition("”")[0].replace(".", "/")
    ends = (path for path in lines if name and (path == name or path.endswith(f"/{name}")))
    path = next(ends, "")
    return placed(path, problem, lines) if path else Problem(0, "", problem)


def started_from(made: Configuration) -> Configuration | None:
    """Return the version that a version is compared with: what holds, else the one before."""
    others = [one for one in versions(made.study_id) if one.key == made.key and one.pk != made.pk]
    holds = next((one for one in others if one.state == "effective"), None)
    before = next((one for one in others if one.version < made.version), None)
    return before if made.state in {"effective", "superseded"} else holds or before
