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
from audit.models import record
from reads.design import ReadDesign, design_from
from reads.models import ReaderQualification
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


def is_qualified(reader_id: Any, design: Configuration) -> bool:
    """Tell whether a reader holds every criterion of a design version today."""
    return design.pk in qualified_designs(reader_id, design.study_id)


def revoke_all(reader: User, study: Study, *, actor: Actor, reason: str) -> int:
    """End every qualification that a reader holds in a study; return how many there were."""
    actor.require("read.manage")
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
