"""What a roll-back does, step by step, inside the transaction that approved it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting, service
from audit.jobs import enqueue
from imaging.models import LateImages
from imaging.workflows import LATE_IMAGES
from reads.holders import told
from reads.models import (
    Acceptance,
    DossierChange,
    ReadTask,
    RetrainingPlace,
    ReviewAcceptance,
    RollBack,
)
from reads.services import reminders
from reads.services.clocks import plan_for
from reads.services.dossiers import repin as repin_dossier
from reads.services.impact import OVER_ALL, Impact, impact_of
from reads.services.packages import repin
from reads.services.rollback.requesting import CARRIED_OUT, WAITING
from reads.workflows import (
    ADJUDICATION,
    DOSSIER_CHANGE,
    READ_SESSION,
    READ_TASK,
    ROLL_BACK,
)
from studies.models import Subject
from studies.services import forms
from studies.workflows import TIME_POINT


def carry_out(row: RollBack) -> RollBack:
    """Void what the roll-back touches; call inside the transaction that approved it.

    Every statement belongs to one transaction: killed anywhere in between, nothing has happened.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a roll-back is carried out inside the transaction that approved it")
    desk = service("Read desk", study_id=row.study_id)
    why = f"{row}: {row.reason}"
    Subject.objects.in_study(row.study_id).select_for_update().get(pk=row.task.stream.subject_id)
    impact = impact_of(row.task)
    with acting(desk, why):
        _lock_tasks(impact)
        for act in STEPS:
            act(row, impact, desk, why)
        lines = _told_above(row, impact)
        done = ROLL_BACK.move(
            row,
            "carry_out",
            actor=desk,
            reason=row.reason,
            changes={"carried_out_at": clock.now(), "outcome": [*_outcome(impact), *lines]},
            details={"sessions": [str(one.pk) for one in impact.sessions]},
        )
        if done.late is not None:
            _finish_decision(done.late, {"late": done.late}, LATE_IMAGES, desk)
        if done.dossier_change is not None:
            change = done.dossier_change
            _finish_decision(change, {"dossier_change": change}, DOSSIER_CHANGE, desk)
        return done


def _lock_tasks(impact: Impact) -> None:
    """Lock the reads, so that nobody signs or starts one while they are voided."""
    ids = sorted({one.task_id for one in impact.sessions}, key=str)
    list(ReadTask.objects.in_study(impact.task.study_id).filter(pk__in=ids).order_by("pk")
         .select_for_update(of=("self",)))  # fmt: skip


def void_sessions(row: RollBack, impact: Impact, desk: Actor, why: str) -> None:
    """Void every session; what was typed in an open one is locked as it stands."""
    for session in impact.sessions:
        if not session.form_record.locked:
            forms.lock(session.form_record, actor=desk)
        READ_SESSION.move(session, "void", actor=desk, reason=why)


def reopen_tasks(row: RollBack, impact: Impact, desk: Actor, why: str) -> None:
    """Give the reads back to their readers.

    A review that only falls along is planned anew later, and a reader who was replaced reads no
    more.
    """
    seen: set[Any] = set()
    for session in impact.sessions:
        if session.task_id in seen:
            continue
        seen.add(session.task_id)
        task = ReadTask.objects.in_study(row.study_id).select_related(
            "design", "time_point", "stream__subject"
        ).get(
            pk=session.task_id
        )  # fmt: skip
        if task.state == "signed":
            due = plan_for(task.study_id, task.design).due("read", clock.now())
            changes = {"due_at": due.at, "due_by": due.by}
            task = READ_TASK.move(task, "roll_back", actor=desk, reason=why, changes=changes)
        elif task.state == "in_progress":
            task = READ_TASK.move(task, "hold", actor=desk, reason=why)
            task = READ_TASK.move(task, "resume", actor=desk, reason=why)
        falls_along = task.kind in OVER_ALL and task.pk != row.task_id
        if falls_along or task.stream.closed_reason:
            READ_TASK.move(task, "cancel", actor=desk, reason=why)
            continue
        _with_late_images(row, task, desk)
        repin_dossier(task, actor=desk, reason=why)
        if task.state == "assigned" and _waits(row, task):
            READ_TASK.move(task, "hold", actor=desk, reason=why)


def _with_late_images(row: RollBack, task: ReadTask, desk: Actor) -> None:
    if row.late is not None and task.time_point_id == row.late.time_point_id:
        package = row.late.time_point.packages.filter(state="released").first()
        if package is not None:
            repin(task, package, desk)


def _waits(row: RollBack, task: ReadTask) -> bool:
    """Tell whether the re-read waits: recalled, in a retraining, or the subject has withdrawn."""
    held = RetrainingPlace.objects.in_study(row.study_id).filter(
        reader=task.stream.reader_id, state="held"
    )
    is_gone = task.stream.subject.state == "withdrawn"
    return row.recall_id is not None or is_gone or held.exists()


def withdraw_lesions(row: RollBack, impact: Impact, desk: Actor, why: str) -> None:
    """Withdraw the lesions that were first seen in a voided session; their labels are free."""
    for lesion in impact.lesions:
        # A lesion belongs to its reader's stream: the number only, never why.
        lesion.withdrawn_reason = f"Rolled back by {row}"
        lesion.save()


def void_cases(row: RollBack, impact: Impact, desk: Actor, why: str) -> None:
    """Void every case that compares a voided session."""
    for case in impact.cases:
        ADJUDICATION.move(case, "void", actor=desk, reason=why)


def take_back_acceptances(row: RollBack, impact: Impact, desk: Actor, why: str) -> None:
    """Say by a row of its own that nothing counts any more."""
    for one in impact.acceptances:
        Acceptance.objects.create(
            study_id=one.study_id,
            time_point_id=one.time_point_id,
            session_id=one.session_id,
            basis="rolled_back",
            case_id=one.case_id,
        )
    for review in impact.reviews:
        ReviewAcceptance.objects.create(
            study_id=review.study_id,
            subject_id=review.subject_id,
            time_point_id=review.time_point_id,
            kind=review.kind,
            session_id=review.session_id,
            basis="rolled_back",
            case_id=review.case_id,
        )


def reopen_time_points(row: RollBack, impact: Impact, desk: Actor, why: str) -> None:
    """Set the time points back to reading; those whose reads all stand are settled again."""
    for time_point in impact.time_points:
        TIME_POINT.move(time_point, "reopen_reading", actor=desk, reason=why)
        enqueue(
            "reads.settle",
            key=f"reads.settle:{time_point.pk}:{row.pk}",
            row=time_point,
            time_point_id=str(time_point.pk),
        )


def issue_reminder(row: RollBack, impact: Impact, desk: Actor, why: str) -> None:
    """Send the reminder to the reader; it holds the re-read until it is acknowledged."""
    if row.reminder is not None and row.reminder.state == "draft":
        reminders.issue(row.reminder, actor=desk)


Act = Callable[[RollBack, Impact, Actor, str], None]
#: what a roll-back consists of, in this order and in one transaction
STEPS: tuple[Act, ...] = (
    void_sessions,
    reopen_tasks,
    withdraw_lesions,
    void_cases,
    take_back_acceptances,
    reopen_time_points,
    issue_reminder,
)


def _told_above(row: RollBack, impact: Impact) -> list[str]:
    sentence = f"{row} rolled back reads that this cut holds. The cut itself is unchanged."
    return told(row.study_id, [one.pk for one in impact.signed], sentence)


def _outcome(impact: Impact) -> list[str]:
    counted = (
        (len(impact.signed), "signed read was voided", "signed reads were voided"),
        (len(impact.drafts), "unsigned read was voided",
         "unsigned reads were voided"),
        (len(impact.cases), "adjudication was voided", "adjudications were voided"),
        (len(impact.acceptances) + len(impact.reviews), "acceptance was taken back",
         "acceptances were taken back"),
        (len(impact.lesions), "lesion was withdrawn", "lesions were withdrawn"),
        (len(impact.time_points), "time point is read again", "time points are read again"),
    )  # fmt: skip
    return [f"{n} {one if n == 1 else many}." for n, one, many in counted if n]


def _finish_decision(
    decision: LateImages | DossierChange, of: dict[str, Any], workflow: Any, desk: Actor
) -> None:
    """Declare a decision of science carried out when its last roll-back is."""
    rows = RollBack.objects.in_study(decision.study_id).filter(**of)
    fresh = type(decision).objects.in_study(decision.study_id).get(pk=decision.pk)
    if fresh.state == "decided" and not rows.filter(state__in=WAITING).exists():
        names = ", ".join(str(one) for one in rows.filter(state__in=CARRIED_OUT).order_by("number"))
        words = f"Rolled back: {names}."
        workflow.move(
            fresh,
            "carry_out",
            actor=desk,
            reason=words,
            changes={"outcome": [*fresh.outcome, words]},
        )
