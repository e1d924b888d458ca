"""The definition of dossiers as controlled configuration: edit items, compare, exchange as YAML."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from audit.actors import Actor
from audit.errors import RuleBroken
from audit.models import record
from clinical.definition import (
    SCHEMA,
    Change,
    Definition,
    difference,
    problems_of,
    read,
    read_yaml,
)
from clinical.definition.document import item_problems
from clinical.services.standing import KIND
from studies.models import Configuration, Study, TimePointDefinition
from studies.services import configuration
from studies.workflows import CONFIGURATION

KEY = "dossier"
TITLE = "Dossier definition"
#: what a study begins with when no definition holds yet: what oncology charters ask for most
STARTING: tuple[dict[str, Any], ...] = (
    {
        "code": "prior_therapy",
        "label": "Prior systemic therapy",
        "kind": "table",
        "required": True,
        "when": "baseline",
        "source": "cro",
        "columns": [
            {"code": "agent", "label": "Agent", "kind": "text", "required": True},
            {"code": "start", "label": "Start", "kind": "date"},
            {"code": "end", "label": "End", "kind": "date"},
        ],
    },
    {
        "code": "prior_radiotherapy",
        "label": "Prior radiotherapy",
        "kind": "table",
        "required": True,
        "when": "baseline",
        "source": "cro",
        "columns": [
            {"code": "field", "label": "Irradiated region", "kind": "text", "required": True},
            {"code": "dose", "label": "Dose", "kind": "number", "unit": "Gy", "lowest": "0"},
            {"code": "end", "label": "End", "kind": "date"},
        ],
    },
    {
        "code": "biopsy",
        "label": "Biopsy result",
        "kind": "text",
        "when": "baseline",
        "source": "site",
    },
)


def time_point_codes(study: Study | Any) -> frozenset[str]:
    """Return the codes of the time points that the study's protocol versions define."""
    rows = TimePointDefinition.objects.in_study(study)
    return frozenset(rows.values_list("code", flat=True))


def definition_in(made: Configuration) -> Definition:
    """Return the definition of a version.

    Raises:
        RuleBroken: CLF-004 the draft has faults and cannot be read as a definition.
    """
    try:
        return read(made.document)
    except ValueError as error:
        raise RuleBroken(f"{made} has faults: {error}", rule="CLF-004") from error


def start_draft(study: Study, *, actor: Actor) -> Configuration:
    """Return the open draft, or make one from the definition that holds (else from usual items)."""
    actor.require("dossier.define")
    found = configuration.open_draft(study, KIND)
    if found is not None:
        return found
    holds = configuration.effective_or_none(study, KIND)
    items = holds.document["items"] if holds else list(STARTING)
    return _draft(study, {"schema": SCHEMA, "items": copy.deepcopy(items)}, actor=actor)


def _draft(study: Study, document: Mapping[str, Any], *, actor: Actor) -> Configuration:
    holds = configuration.effective_or_none(study, KIND)
    return configuration.draft(
        study,
        kind=KIND,
        key=holds.key if holds else KEY,
        title=holds.title if holds else TITLE,
        document=document,
        actor=actor,
    )


def save_item(
    draft: Configuration,
    raw: Mapping[str, Any],
    *,
    index: int | None,
    seen_digest: str,
    actor: Actor,
) -> Configuration:
    """Write one item of a draft: the one at ``index``, or a new one behind the last.

    Raises:
        RuleBroken: CLF-001 the item has faults; all are named and nothing is written.
        RuleBroken: CFG-004, Conflict: CFG-005 (see ``studies.services.configuration.revise``).
    """
    actor.require("dossier.define")
    problems = item_problems(raw)
    items = copy.deepcopy(draft.document["items"])
    if index is None:
        items.append(dict(raw))
    else:
        _check_index(items, index)
        items[index] = dict(raw)
    document = {**draft.document, "items": items}
    problems = problems or problems_of(document)
    if problems:
        raise RuleBroken(" ".join(_sentence(p) for p in problems), rule="CLF-001",
                         details=[_sentence(p) for p in problems])  # fmt: skip
    return configuration.revise(draft, document, seen_digest=seen_digest, actor=actor)


def _sentence(problem: str) -> str:
    return f"{problem[:1].upper()}{problem[1:]}."


def remove_item(
    draft: Configuration, *, index: int, seen_digest: str, actor: Actor
) -> Configuration:
    """Take an item out of a draft; it stays in the versions before and in the history.

    Raises:
        RuleBroken: CLF-002 there is no such item; CLF-005 it is the last one.
    """
    actor.require("dossier.define")
    items = copy.deepcopy(draft.document["items"])
    _check_index(items, index)
    del items[index]
    if not items:
        raise RuleBroken("A definition needs at least one item.", rule="CLF-005")
    document = {**draft.document, "items": items}
    return configuration.revise(draft, document, seen_digest=seen_digest, actor=actor)


def _check_index(items: list[Any], index: int) -> None:
    if not 0 <= index < len(items):
        raise RuleBroken("The definition has no such item any more.", rule="CLF-002")


def whole_problems(made: Configuration) -> list[str]:
    """Return what keeps a version from validation: faults, and time points that do not exist."""
    found = problems_of(made.document)
    if found:
        return found
    known = time_point_codes(made.study_id)
    return [
        f"“{item.code}” is asked at “{code}”, which the protocol does not have"
        for item in read(made.document).items
        for code in item.time_points
        if code not in known
    ]


def validate(draft: Configuration, *, actor: Actor) -> Configuration:
    """Take a draft to validated (in review): from here it can be signed and not be changed.

    Raises:
        RuleBroken: CLF-003 something is wrong with it as a whole; all is named.
    """
    actor.require("dossier.define")
    problems = whole_problems(draft)
    if problems:
        raise RuleBroken(
            "This version cannot be validated yet: " + "; ".join(problems) + ".",
            rule="CLF-003",
            details=problems,
        )
    return CONFIGURATION.move(draft, "send_to_review", actor=actor)


def import_yaml(study: Study, text: str, *, actor: Actor) -> Configuration:
    """Make the text the open draft (or a new one); what was there stays in the history.

    Raises:
        UnreadableText: the text is no definition; every fault with its line. Nothing is written.
    """
    actor.require("dossier.define")
    definition = read_yaml(text)
    document = definition.to_document()
    found = configuration.open_draft(study, KIND)
    if found is not None:
        made = configuration.revise(found, document, seen_digest=found.digest, actor=actor)
    else:
        made = _draft(study, document, actor=actor)
    record("dossierdefinition.import", made, details={"items": len(definition.items)})
    return made


def compared(old: Configuration, new: Configuration) -> tuple[Change, ...]:
    """Return what changed between two versions, in words."""
    return difference(definition_in(old), definition_in(new))
