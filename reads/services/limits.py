"""Limits of a reader's day and batch (FDA 2018, presentation: batches; fatigue)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from audit import clock
from audit.actors import Actor
from audit.errors import Conflict
from reads.design import design_from
from reads.models import ReadSession, ReadTask
from reads.visibility import inbox
from studies.models import Study


def require_room(task: ReadTask, actor: Actor) -> None:
    """Refuse to begin a read beyond the charter's limits; what is begun may always go on.

    The counts are of signed reads in the study, so they survive a new log-in and a second browser.

    Raises:
        Conflict: RD-016 the most reads of a day are signed; RD-017 the batch is not finished;
            RD-018 the same case was read too recently.
    """
    rules = design_from(task.design.document).batches
    signed = _signed_by(actor, task.study)
    if rules.session_maximum:
        today = signed.filter(signed_at__gte=_midnight(task.study)).count()
        if today >= rules.session_maximum:
            raise Conflict(
                f"You have signed {today} reads today, the most that the charter allows. "
                "The next one opens tomorrow.",
                rule="RD-016",
            )
    if rules.size:
        left = rules.size - signed.count() % rules.size
        batch = list(inbox(actor).filter(study=task.study).values_list("pk", flat=True)[:left])
        if task.pk not in batch:
            raise Conflict(
                "This read belongs to a later batch. Finish the reads above it first.",
                rule="RD-017",
            )
    if rules.minimal_interval_days and task.time_point_id is not None:
        since = clock.now() - timedelta(days=rules.minimal_interval_days)
        if signed.filter(task__time_point=task.time_point, signed_at__gt=since).exists():
            raise Conflict(
                f"You read this case less than {rules.minimal_interval_days} days ago. "
                "It opens when they have passed.",
                rule="RD-018",
            )


def _signed_by(actor: Actor, study: Study) -> QuerySet[ReadSession]:
    return ReadSession.objects.in_study(study).filter(
        task__stream__reader_id=actor.user_id, state__in=("signed", "final")
    )


def _midnight(study: Study) -> datetime:
    zone = ZoneInfo(study.time_zone)
    return datetime.combine(clock.now().astimezone(zone).date(), time(), zone)
