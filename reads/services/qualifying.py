"""Who is qualified for which version of the charter."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from accounts.models import User
from accounts.permissions import Role
from audit import clock
from audit.actors import Actor, acting
from audit.errors import ReasonRequired, RuleBroken
from audit.models import record
from reads.design import ReadDesign, design_from
from reads.models import ReaderQualification, TrainingStudy
from reads.visibility import FORM_ONLY, OPEN, qualified_designs
from studies.models import Configuration, Study
from studies.services.configuration import effective

REASON_LENGTH = 200


def effective_design(study: Study | object) -> tuple[Configuration, ReadDesign]:
    """Return the read design that holds now."""
    configuration = effective(study, Configuration.Kind.READ_DESIGN)
    return configuration, design_from(configuration.document)


def qualify(
    reader: User, study: Study, *, actor: Actor, until: date | None = None
) -> list[ReaderQualification]:
    """Grant a reader every criterion of the effective design."""
    actor.require("read.manage")
    configuration, design = effective_design(study)
    granted = []
    with transaction.atomic(), acting(actor.acting_as("read.manage")):
        for criterion in design.criteria or (FORM_ONLY,):
            held, _ = ReaderQualification.objects.in_study(study).get_or_create(
                study=study,
                reader=reader,
                criterion=criterion,
                design=configuration,
                revoked_reason="",
                defaults={"granted_on": clock.today(), "valid_until": until},
            )
            granted.append(held)
        record("reader.qualify", reader, study_id=study.pk)
    return granted


def qualify_by_hand(reader: User, study: Study, *, actor: Actor) -> list[ReaderQualification]:
    """Qualify outside the onboarding board, where the charter asks for no training cases.

    Raises:
        RuleBroken: QL-001 the charter asks for training cases, so the board qualifies.
    """
    _, design = effective_design(study)
    if design.training.cases:
        raise RuleBroken(
            f"The charter asks for {design.training.cases} training cases. Qualify the reader on "
            "the onboarding board when they are passed.",
            rule="QL-001",
        )
    return qualify(reader, study, actor=actor)


def trains_readers(study_id: Any) -> bool:
    """Tell whether a study holds the training of another: nobody reads it for its endpoints."""
    return TrainingStudy._base_manager.filter(held_in=study_id, ended_on=None).exists()


def is_qualified(reader_id: Any, design: Configuration) -> bool:
    """Tell whether a reader holds every criterion of a design version today."""
    return design.pk in qualified_designs(reader_id, design.study_id)


def revoke_all(reader: User, study: Study, *, actor: Actor, reason: str) -> int:
    """End every qualification that a reader holds in a study; return how many there were.

    Open reads stay, but cannot be opened or signed.

    Raises:
        ReasonRequired: no reason.
    """
    actor.require("read.manage")
    if not reason.strip():
        raise ReasonRequired("Say why the qualification ends.", rule="readerqualification.revoke")
    rows = ReaderQualification.objects.in_study(study).filter(reader=reader, revoked_reason="")
    ended = 0
    with transaction.atomic(), acting(actor.acting_as("read.manage"), reason):
        for held in rows.select_for_update():
            held.revoked_reason = reason[:REASON_LENGTH]
            held.save()
            record("reader.revoke", held, reason=reason)
            ended += 1
    return ended


def qualified_readers(study: Study, design: Configuration) -> list[User]:
    """Return active readers who are qualified for a design, the least loaded first."""
    members = User.objects.filter(
        memberships__study=study,
        memberships__role=Role.CENTRAL_READER,
        memberships__period__contains=clock.now(),
        is_active=True,
    )
    loaded = members.annotate(
        load=Count("streams__tasks", filter=Q(streams__tasks__state__in=OPEN))
    ).order_by("load", "pk")
    return [user for user in loaded.distinct() if is_qualified(user.pk, design)]
