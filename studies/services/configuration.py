"""Controlled configuration: drafting a version, making it effective, finding what holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from studies.calendars import Plan, plan_from
from studies.models import Configuration, Study
from studies.validation import BEFORE_EFFECTIVE, VALIDATORS, problems_of
from studies.workflows import CONFIGURATION

__all__ = [
    "BEFORE_EFFECTIVE",
    "VALIDATORS",
    "approve",
    "draft",
    "effective",
    "make_effective",
    "plan_of",
    "revise",
]


def draft(
    study: Study,
    *,
    kind: str,
    key: str,
    title: str,
    document: Mapping[str, Any],
    actor: Actor,
    unfinished: bool = False,
) -> Configuration:
    """Write the next version of a configuration as a draft.

    An ``unfinished`` draft may have problems; it is mended by ``revise`` and cannot leave the
    draft before.

    Raises:
        NotPermitted: the actor may not edit configuration.
        RuleBroken: CFG-001 the document has problems; all are named.
    """
    actor.require("configuration.edit")
    problems = [] if unfinished else problems_of(kind, document)
    if problems:
        raise RuleBroken("The document has problems: " + "; ".join(problems), rule="CFG-001")
    with transaction.atomic(), acting(actor):
        # The study row serialises concurrent drafts of the same key.
        Study.objects.select_for_update().get(pk=study.pk)
        versions = Configuration.objects.in_study(study).filter(kind=kind, key=key)
        latest = versions.aggregate(latest=Max("version"))["latest"] or 0
        made = Configuration(
            study=study, kind=kind, key=key, version=latest + 1, title=title, document=document
        )
        made.save()
        record("configuration.draft", made, details={"digest": made.digest})
        return made


def revise(
    configuration: Configuration,
    document: Mapping[str, Any],
    *,
    seen_digest: str,
    actor: Actor,
    title: str = "",
) -> Configuration:
    """Write a draft anew. Problems are kept with it; they block the way out of the draft.

    Raises:
        NotPermitted: the actor may not edit configuration.
        RuleBroken: CFG-004 the version is no draft any more.
        Conflict: CFG-005 somebody else changed the draft since it was seen.
    """
    actor.require("configuration.edit")
    with transaction.atomic(), acting(actor):
        rows = Configuration.objects.in_study(configuration.study_id).select_for_update()
        made: Configuration = rows.get(pk=configuration.pk)
        if made.state != "draft":
            raise RuleBroken("Only a draft can be changed; make a new version.", rule="CFG-004")
        if made.digest != seen_digest:
            raise Conflict(
                "Somebody else changed this draft meanwhile. Their version is kept; look at it and "
                "enter your change again.",
                rule="CFG-005",
            )
        if dict(document) == made.document and title in {"", made.title}:
            return made
        made.document = dict(document)
        made.title = title or made.title
        made.save()
        record("configuration.revise", made, details={"digest": made.digest})
        return made


def approve(configuration: Configuration, *, actor: Actor, assent: Assent) -> Configuration:
    """Sign a draft into approval (it passes through review first)."""
    if configuration.state == "draft":
        CONFIGURATION.move(configuration, "send_to_review", actor=actor)
    return CONFIGURATION.move(configuration, "approve", actor=actor, assent=assent)


def make_effective(configuration: Configuration, *, actor: Actor) -> Configuration:
    """Let an approved version hold from now on; the version before is superseded with it.

    Raises:
        RuleBroken: the kind asks for more before a person may let it hold (``BEFORE_EFFECTIVE``).
    """
    # What the platform itself sets up, such as a twin, holds what a person released before.
    if configuration.kind in BEFORE_EFFECTIVE and not actor.system:
        BEFORE_EFFECTIVE[configuration.kind](configuration)
    with transaction.atomic():
        # Of two versions that become effective at once, the later one supersedes the other.
        Study.objects.select_for_update().get(pk=configuration.study_id)
        before = (
            Configuration.objects.in_study(configuration.study_id)
            .filter(kind=configuration.kind, key=configuration.key, state="effective")
            .first()
        )
        if before is not None:
            CONFIGURATION.move(
                before,
                "supersede",
                actor=actor,
                reason=f"version {configuration.version} became effective",
            )
        return CONFIGURATION.move(
            configuration,
            "make_effective",
            actor=actor,
            changes={"effective_from": clock.now()},
        )


def effective(study: Study | Any, kind: str, key: str | None = None) -> Configuration:
    """Return the configuration that holds now.

    Raises:
        RuleBroken: there is none.
    """
    rows = Configuration.objects.in_study(study).filter(kind=kind, state="effective")
    found = (rows.filter(key=key) if key else rows).order_by("key").first()
    if found is None:
        label = Configuration.Kind(kind).label.lower()
        raise RuleBroken(f"The study has no effective {label} “{key or ''}”.", rule="CFG-002")
    return found


def plan_of(study: Study | Any) -> Plan:
    """Return the effective plan of a study, which every clock reads."""
    configuration = effective(study, Configuration.Kind.PLAN)
    return plan_from(str(configuration), configuration.document)


def versions_of(study: Any, kind: str) -> list[Configuration]:
    """Return every version of a kind in a study, newest first within its key."""
    rows = Configuration.objects.in_study(study).filter(kind=kind)
    return list(rows.order_by("key", "-version"))


def effective_or_none(study: Any, kind: str) -> Configuration | None:
    """Return the version of a kind that holds now, of its first key; or nothing."""
    rows = Configuration.objects.in_study(study).filter(kind=kind, state="effective")
    found: Configuration | None = rows.order_by("key").first()
    return found


def open_draft(study: Any, kind: str) -> Configuration | None:
    """Return the newest draft of a kind, or nothing."""
    rows = Configuration.objects.in_study(study).filter(kind=kind, state="draft")
    found: Configuration | None = rows.order_by("-version").first()
    return found
