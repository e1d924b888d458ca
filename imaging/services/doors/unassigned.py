"""Examinations that wait for a person to say whose they are."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.jobs import enqueue
from imaging.models import ArrivedExamination
from imaging.services import consent
from imaging.workflows import ARRIVED_EXAMINATION
from studies.models import Study, TimePoint


def inbox(study: Study) -> Any:
    """Return the examinations of a study that wait for a person, oldest first."""
    return (
        ArrivedExamination.objects.in_study(study)
        .filter(state="unassigned")
        .select_related("arrival__responsible", "study_site__site")
        .order_by("arrival__opened_at", "number")
    )


def assign(
    examination: ArrivedExamination, time_point: TimePoint, *, actor: Actor, reason: str
) -> ArrivedExamination:
    """Say whose examination this is and for which visit; its files go to the visit's draft.

    Raises:
        RuleBroken: DOOR-010 the visit belongs to another site; CON-001 consent was withdrawn.
        ReasonRequired: no reason.
    """
    if time_point.subject.study_site_id != examination.study_site_id:
        raise RuleBroken(
            "The visit belongs to another site than the one that sent the images.", rule="DOOR-010"
        )
    consent.refuse_withdrawn(time_point.subject)
    with transaction.atomic():
        row = ARRIVED_EXAMINATION.move(
            examination,
            "assign",
            actor=actor,
            reason=reason,
            changes={"subject": time_point.subject, "time_point": time_point, "why": ""},
            details={"subject": time_point.subject.code, "time_point": time_point.label},
        )
        turn = row.history.count()
        with acting(actor):
            enqueue(
                "imaging.deliver",
                key=f"imaging.deliver:{row.pk}:{turn}",
                row=row,
                total=row.files.count(),
                examination=str(row.pk),
            )
        return row


def set_aside(examination: ArrivedExamination, *, actor: Actor, reason: str) -> ArrivedExamination:
    """Say that an examination belongs to no visit of the study; its files stay sealed."""
    return ARRIVED_EXAMINATION.move(examination, "set_aside", actor=actor, reason=reason)


def take_up(examination: ArrivedExamination, *, actor: Actor, reason: str) -> ArrivedExamination:
    """Put an examination that was set aside back into the inbox."""
    return ARRIVED_EXAMINATION.move(examination, "take_up", actor=actor, reason=reason)
