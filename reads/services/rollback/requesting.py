"""Requests of roll-backs, with the list of everything that each touches at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from audit.actors import Actor, acting, service
from audit.errors import ReasonRequired, RuleBroken
from audit.models import record
from imaging.models import LateImages
from reads.models import (
    CheckFinding,
    DossierChange,
    ReaderStream,
    ReadTask,
    Recall,
    RollBack,
    TrainingReminder,
)
from reads.services import reminders
from reads.services.checking import dispose_with
from reads.services.impact import SIGNED, impact_of
from reads.workflows import ROLL_BACK
from studies.models import Study

WAITING = ("requested", "science_approved", "project_approved", "approved")
CARRIED_OUT = ("carried_out", "acknowledged")


def request(
    task: ReadTask,
    *,
    actor: Actor,
    reason: str,
    clause: str = "",
    reminder: reminders.Draft | None = None,
    finding: CheckFinding | None = None,
) -> RollBack:
    """Ask for a roll-back from a read on, with the list of what it touches now.

    Args:
        reminder: what the reader is reminded of before the re-read; it holds the next read.
        finding: the finding of a check that led here; it is decided by this.

    Raises:
        ReasonRequired: no reason.
        RuleBroken: RB-001 nothing of it is signed; RB-002 a roll-back of this read waits already.
    """
    actor.require("rollback.request")
    if not reason.strip():
        raise ReasonRequired("Say why the read is rolled back.", rule="rollback.request")
    with transaction.atomic(), acting(actor.acting_as("rollback.request"), reason):
        row = requested(task, reason=reason, clause=clause, by=actor.user_id)
        if reminder is not None:
            row.reminder = reminders.write(
                task.stream.reader, task.study, reminder, actor=actor, right="rollback.request"
            )
            row.save()
        if finding is not None:
            dispose_with(finding, actor=actor, reason=reason, roll_back=row)
        return row


def requested(
    task: ReadTask,
    *,
    reason: str,
    clause: str = "",
    by: Any = None,
    late: LateImages | None = None,
    change: DossierChange | None = None,
    recall: Recall | None = None,
) -> RollBack:
    """Keep a request with its list; call inside a transaction and an act.

    Raises:
        RuleBroken: RB-001 and RB-002, as in ``request``.
    """
    Study.objects.select_for_update(no_key=True).get(pk=task.study_id)
    impact = impact_of(task)
    if not impact.signed:
        raise RuleBroken(
            "Nothing of this read is signed, so nothing is rolled back.", rule="RB-001"
        )
    if RollBack.objects.in_study(task.study_id).filter(task=task, state__in=WAITING).exists():
        raise RuleBroken("A roll-back of this read waits already.", rule="RB-002")
    row = RollBack(
        study_id=task.study_id,
        task=task,
        number=next_number(RollBack, task.study_id),
        reason=reason,
        clause=clause,
        impact=impact.lines(),
        requested_by_id=by,
        late=late,
        dossier_change=change,
        recall=recall,
    )
    row.save()
    record("rollback.request", row, reason=reason, details={"touches": len(row.impact)})
    return row


def next_number(model: Any, study: Any) -> int:
    """Return the next number of a kind of record in a study; the study row is locked."""
    return (model.objects.in_study(study).aggregate(n=Max("number"))["n"] or 0) + 1


def is_current(row: RollBack) -> bool:
    """Tell whether everything that a roll-back touches now is on its list.

    It may touch less: of two roll-backs of one decision, the first takes the case and what counted
    with it. Its own read has to be there still.
    """
    listed = {_named(one) for one in row.impact}
    now = impact_of(row.task)
    return bool(now.signed) and {_named(one) for one in now.lines()} <= listed


def settled_before(row: RollBack) -> set[str]:
    """Return the ids on the list of a waiting roll-back that another one has dealt with since."""
    if row.state not in WAITING:
        return set()
    now = {_named(one) for one in impact_of(row.task).lines()}
    return {one["id"] for one in row.impact if _named(one) not in now}


def _named(line: dict[str, str]) -> tuple[str, str]:
    return line["kind"], line["id"]


def refuse(row: RollBack, *, actor: Actor, reason: str) -> RollBack:
    """Refuse a request; the reads stay as they are, the reminder drafted with it goes."""
    return _ended(row, "refuse", actor, reason)


def withdraw(row: RollBack, *, actor: Actor, reason: str) -> RollBack:
    """Take a request back."""
    return _ended(row, "withdraw", actor, reason)


def _ended(row: RollBack, step: str, actor: Actor, reason: str) -> RollBack:
    with transaction.atomic():
        ended = ROLL_BACK.move(row, step, actor=actor, reason=reason)
        if ended.reminder is not None and ended.reminder.state == "draft":
            desk = service("Read desk", study_id=row.study_id)
            reminders.withdraw(ended.reminder, actor=desk, reason=f"{row} was not carried out")
        return ended


def renew(row: RollBack, *, actor: Actor) -> RollBack:
    """Withdraw a request whose list is overtaken and request the same with the list of today."""
    why = "What it touches has changed."
    with transaction.atomic():
        kept = row.reminder
        closed = ROLL_BACK.move(row, "withdraw", actor=actor, reason=why)
        with acting(actor.acting_as("rollback.request"), why):
            made = requested(
                closed.task,
                reason=closed.reason,
                clause=closed.clause,
                by=actor.user_id,
                late=closed.late,
                change=closed.dossier_change,
            )
            if kept is not None and kept.state == "draft":
                made.reminder = kept
                made.save()
            return made


def candidates(stream: ReaderStream) -> Sequence[ReadTask]:
    """Return the signed reads of a stream from which one could roll back."""
    rows = ReadTask.objects.in_study(stream.study_id).filter(
        stream=stream, sessions__state__in=SIGNED
    )
    return list(rows.select_related("time_point", "stream").order_by("sequence").distinct())


def reminder_of(task: ReadTask) -> TrainingReminder | None:
    """Return the reminder that came with the latest roll-back of a read, for the re-read."""
    if not task.sessions.filter(state="voided").exists():
        return None
    row = (
        RollBack.objects.in_study(task.study_id)
        .filter(task__stream=task.stream, state__in=CARRIED_OUT)
        .exclude(reminder=None)
        .select_related("reminder")
        .order_by("-carried_out_at")
        .first()
    )
    return row.reminder if row is not None else None
