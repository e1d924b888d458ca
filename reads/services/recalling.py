"""Recall: every read of one reader is rolled back, subject by subject, by a job that may repeat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, ReasonRequired, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from reads.models import ReaderStream, ReadTask, Recall
from reads.services import rollback
from reads.services.impact import SIGNED, impact_of
from reads.workflows import READ_TASK, RECALL, ROLL_BACK
from studies.models import Study, Subject

JOB = "reads.recall"
HOLDABLE = ("assigned", "accepted", "in_progress")
Told = Callable[[int, str], None]


def first_signed(reader: User, study: Any) -> list[ReadTask]:
    """Return, for each stream of a reader, the first signed read: a recall begins there."""
    rows = (
        ReadTask.objects.in_study(study)
        .filter(stream__reader=reader, sessions__state__in=SIGNED)
        .exclude(stream__purpose=ReaderStream.Purpose.TRAINING)
        .select_related("stream__subject", "time_point__subject", "study")
        .order_by("stream__subject__code", "stream_id", "sequence")
        .distinct()
    )
    found: dict[Any, ReadTask] = {}
    for task in rows:
        found.setdefault(task.stream_id, task)
    return list(found.values())


def lines_of(reader: User, study: Any) -> list[dict[str, str]]:
    """Return everything that a recall of a reader touches now; nothing twice."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for task in first_signed(reader, study):
        for line in impact_of(task).lines():
            found.setdefault((line["kind"], line["id"]), line)
    return list(found.values())


def request(reader: User, study: Study, *, actor: Actor, reason: str, clause: str = "") -> Recall:
    """Ask for the recall of all reads of a reader in a study.

    Raises:
        ReasonRequired: no reason.
        RuleBroken: RC-001 the reader has signed nothing; RC-002 a recall of the reader waits.
    """
    actor.require("rollback.request")
    if not reason.strip():
        raise ReasonRequired("Say why the reads are recalled.", rule="recall.request")
    with transaction.atomic(), acting(actor.acting_as("rollback.request"), reason):
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        lines = lines_of(reader, study)
        if not lines:
            raise RuleBroken("This reader has no signed read in the study.", rule="RC-001")
        rows = Recall.objects.in_study(study)
        if rows.filter(reader=reader, state__in=rollback.WAITING).exists():
            raise RuleBroken("A recall of this reader waits already.", rule="RC-002")
        row = Recall(
            study=study,
            reader=reader,
            number=rollback.next_number(Recall, study),
            reason=reason,
            clause=clause,
            impact=lines,
            requested_by_id=actor.user_id,
        )
        row.save()
        record("recall.request", row, reason=reason, details={"touches": len(lines)})
        return row


def is_current(row: Recall) -> bool:
    """Tell whether a recall still touches exactly what its list says."""
    now = {(one["kind"], one["id"]) for one in lines_of(row.reader, row.study_id)}
    return {(one["kind"], one["id"]) for one in row.impact} == now


def approve(row: Recall, side: rollback.Side, *, actor: Actor, assent: Assent) -> Recall:
    """Approve for one side; the second approval lets the job begin.

    Raises:
        RuleBroken: RB-003 the same person approved for the other side.
        Conflict: RB-004 it touches something else by now.
    """
    actor.require(f"rollback.approve_{side}")
    with transaction.atomic():
        locked = rollback.lock_for_approval(row, side, actor)
        if not is_current(locked):
            raise Conflict(
                "The reads of this reader have changed since the recall was requested. Nothing "
                "was signed; withdraw it and request it again.",
                rule="RB-004",
            )
        signed = rollback.sign_side(RECALL, locked, side, actor=actor, assent=assent)
        if signed.state == "approved":
            with acting(actor):
                enqueue(
                    JOB,
                    key=f"{JOB}:{signed.pk}",
                    row=signed,
                    total=len(first_signed(signed.reader, signed.study_id)),
                    recall_id=str(signed.pk),
                )
        row.refresh_from_db()
        return signed


def end(row: Recall, step: str, *, actor: Actor, reason: str) -> Recall:
    """Refuse or withdraw a recall; the reads stay as they are."""
    return RECALL.move(row, step, actor=actor, reason=reason)


def carry_out(row: Recall, *, told: Told | None = None) -> Recall:
    """Roll back every stream of the reader, one transaction each; what is done is not done twice.

    Reads that the reader has open go on hold first, so that nothing new is signed meanwhile.
    """
    if row.state != "approved":
        return row
    desk = service("Read desk", study_id=row.study_id)
    why = f"{row}: {row.reason}"
    hold_reads(row.reader, row.study_id, why, desk=desk)
    done = row.roll_backs.filter(state__in=rollback.CARRIED_OUT).count()
    while left := first_signed(row.reader, row.study_id):
        task = left[0]
        _one(row, task, desk)
        done += 1
        if told is not None:
            told(done, str(task.stream))
    numbers = row.roll_backs.filter(state__in=rollback.CARRIED_OUT).order_by("number")
    return RECALL.move(
        row,
        "carry_out",
        actor=desk,
        reason=why,
        changes={
            "carried_out_at": clock.now(),
            "outcome": [f"{one}: {one.task.stream.subject}" for one in numbers],
        },
    )


def _one(row: Recall, task: ReadTask, desk: Actor) -> None:
    with transaction.atomic(), acting(desk, row.reason):
        Subject.objects.in_study(row.study_id).select_for_update().get(pk=task.stream.subject_id)
        # A roll-back of the same read that waits for approval is overtaken by the recall.
        for waiting in task.roll_backs.filter(state__in=rollback.WAITING):
            ROLL_BACK.move(waiting, "withdraw", actor=desk, reason=f"Overtaken by {row}")
        made = rollback.requested(task, reason=row.reason, clause=row.clause, recall=row)
        made = ROLL_BACK.move(made, "recalled", actor=desk, reason=f"Approved with {row}")
        rollback.carry_out(made)


def hold_reads(reader: User, study: Any, why: str, *, desk: Actor) -> list[str]:
    """Put every open read of a reader on hold; what was typed is kept. Returns their ids."""
    rows = ReadTask.objects.in_study(study).filter(stream__reader=reader, state__in=HOLDABLE)
    held = []
    with transaction.atomic():
        for task in rows.exclude(stream__purpose="training").order_by("pk"):
            READ_TASK.move(task, "hold", actor=desk, reason=why)
            held.append(str(task.pk))
    return held
