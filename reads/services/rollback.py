"""Roll-back: requested with its impact, approved by two persons, carried out in one transaction.

Nothing is deleted and nothing is changed in place (decision 16): sessions and cases are voided and
read-only from then on, an acceptance is taken back by a row of its own, lesions of voided reads are
withdrawn, and the reader reads again in a new version of the session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, ReasonRequired, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from imaging.models import LateImages
from imaging.workflows import LATE_IMAGES
from reads.holders import told
from reads.models import (
    Acceptance,
    CheckFinding,
    DossierChange,
    ReaderStream,
    ReadTask,
    Recall,
    RetrainingPlace,
    ReviewAcceptance,
    RollBack,
    TrainingReminder,
)
from reads.services import reminders
from reads.services.checking import dispose_with
from reads.services.clocks import plan_for
from reads.services.dossiers import repin as repin_dossier
from reads.services.impact import OVER_ALL, SIGNED, Impact, impact_of
from reads.services.packages import repin
from reads.workflows import (
    ADJUDICATION,
    DOSSIER_CHANGE,
    READ_SESSION,
    READ_TASK,
    RECALL,
    ROLL_BACK,
)
from studies.models import Study, Subject
from studies.services import forms
from studies.workflows import TIME_POINT

Side = Literal["science", "project"]
MEANING = "roll_back"
STATEMENT = "I have looked at the reason and at everything that it touches, and I approve it."
TOLD_MEANING = "roll_back_notice"
TOLD_STATEMENT = "I have taken note of this correction."
WAITING = ("requested", "science_approved", "project_approved", "approved")
CARRIED_OUT = ("carried_out", "acknowledged")
Row = TypeVar("Row", RollBack, Recall)


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


def approve(row: RollBack, side: Side, *, actor: Actor, assent: Assent) -> RollBack:
    """Approve for science or for project management; the second approval carries it out.

    Both happen in one transaction: a roll-back is carried out whole, or the approval is not there.

    Raises:
        RuleBroken: RB-003 the same person approved for the other side.
        Conflict: RB-004 it touches something by now that is not on the list.
    """
    actor.require(f"rollback.approve_{side}")
    with transaction.atomic():
        locked = lock_for_approval(row, side, actor)
        if not is_current(locked):
            raise Conflict(
                "What this roll-back touches has changed since it was requested. Nothing was "
                "signed; renew the request and look at the list again.",
                rule="RB-004",
            )
        signed = sign_side(ROLL_BACK, locked, side, actor=actor, assent=assent)
        if signed.state == "approved":
            signed = carry_out(signed)
        row.refresh_from_db()
        return signed


def lock_for_approval(row: Row, side: Side, actor: Actor) -> Row:
    """Lock a row that two persons approve; the person of the other side is not this one.

    Raises:
        RuleBroken: RB-003 see above.
    """
    locked: Row = type(row).objects.in_study(row.study_id).select_for_update(of=("self",)).get(
        pk=row.pk
    )  # fmt: skip
    other = locked.project_by_id if side == "science" else locked.science_by_id
    if other is not None and other == actor.user_id:
        raise RuleBroken(
            "You approved this for the other side. The second approval is another person's.",
            rule="RB-003",
        )
    return locked


def sign_side(workflow: Any, row: Row, side: Side, *, actor: Actor, assent: Assent) -> Row:
    """Take the step of one side: the first approval, or the one that completes it."""
    step = f"{'approve' if row.state == 'requested' else 'complete'}_{side}"
    changes = {
        f"{side}_by": User.objects.get(pk=actor.user_id),
        f"{side}_at": clock.now(),
    }
    moved: Row = workflow.move(row, step, actor=actor, assent=assent, changes=changes)
    return moved


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


def for_late_images(late: LateImages) -> list[str]:
    """Request the roll-backs that a signed decision on late images asks for.

    The scientist who signed that decision has approved for science; project management still signs
    each of them, and the last one carried out ends the decision.
    """
    return _decided_before(late, _first_signed(late), late=late)


def for_dossier_change(change: DossierChange, tasks: Sequence[ReadTask]) -> list[str]:
    """Request the roll-backs that a signed decision on a revised dossier asks for, as above."""
    return _decided_before(change, tasks, change=change)


def _decided_before(
    decision: LateImages | DossierChange, tasks: Sequence[ReadTask], **of: Any
) -> list[str]:
    desk = service("Read desk", study_id=decision.study_id)
    why = f"{decision.get_decision_display()}: {decision.reason}"
    lines = []
    with transaction.atomic(), acting(desk, why):
        for task in tasks:
            row = requested(task, reason=why, by=decision.decided_by_id, **of)
            ROLL_BACK.move(
                row,
                "decided_before",
                actor=desk,
                reason=f"Signed with the decision on {decision}",
                changes={"science_by": decision.decided_by, "science_at": decision.decided_at},
            )
            what = task.time_point or task.get_kind_display().lower()
            lines.append(
                f"{row}: roll-back from {what} on, "
                f"{task.stream.get_role_display().lower()}; project management has to approve it."
            )
    return lines


def _first_signed(late: LateImages) -> list[ReadTask]:
    """Return, for each stream, the read to roll back from: the time point's own, or a later one."""
    tasks = (
        ReadTask.objects.in_study(late.study_id)
        .filter(
            kind=ReadTask.Kind.TIME_POINT,
            state="signed",
            stream__subject=late.time_point.subject_id,
            stream__closed_reason="",
        )
        .select_related("stream", "time_point__subject", "study")
        .order_by("stream__role", "stream_id", "sequence")
    )
    day = late.time_point.assessment_date or late.time_point.planned_date
    found: dict[Any, ReadTask] = {}
    for task in tasks:
        point = task.time_point
        is_later = bool(
            late.decision == LateImages.Decision.ROLLBACK
            and day
            and point.order_date
            and point.order_date > day
        )
        if point.pk == late.time_point_id or is_later:
            found.setdefault(task.stream_id, task)
    return list(found.values())


def acknowledge(row: Row, *, actor: Actor, assent: Assent) -> Row:
    """Take note of a correction by the sponsor's signature."""
    workflow: Any = ROLL_BACK if isinstance(row, RollBack) else RECALL
    moved: Row = workflow.move(
        row,
        "acknowledge",
        actor=actor,
        assent=assent,
        changes={
            "acknowledged_by": User.objects.get(pk=actor.user_id),
            "acknowledged_at": clock.now(),
        },
    )
    return moved


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
