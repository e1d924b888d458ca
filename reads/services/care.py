"""Care of readers: reminders and escalation, correspondence, remediation, suspension."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, ReasonRequired, RuleBroken
from audit.models import Event, kind_of, record
from reads.models import Reader, ReaderEscalation, ReaderMessage, ReadTask, Remediation
from reads.services import escalating, register
from reads.services.clocks import plan_for
from reads.workflows import READ_TASK, REMEDIATION
from studies.calendars import Plan
from studies.models import Study
from ui.figures import counted

Kind = ReaderMessage.Kind
DESK = "Read desk"
#: reads whose clock runs; a read on hold waits for somebody else
RUNNING = ("assigned", "accepted", "in_progress")
#: business days before due at which a reader is reminded, where the plan sets none
USUAL_REMINDER = 2
BY_HAND = (Kind.MAIL, Kind.CALL, Kind.MEETING)
_TEXT: Mapping[str, str] = {
    Kind.REMINDER: "{reads} of yours {are} due soon, the first on {day}.",
    Kind.OVERDUE: "{reads} of yours {are} past the due date.",
    Kind.ESCALATION: "{reads} of {reader} {are} past the plan's time for escalation.",
}


# --- reminders and escalation ---------------------------------------------------------------------


def is_due_soon(plan: Plan, due: datetime, now: datetime) -> bool:
    """Tell whether a read is to be reminded of: the plan's business days before it is due."""
    days = plan.business_days("read_reminder")
    ahead = USUAL_REMINDER if days is None else days
    return now < due and plan.calendar.business_days_between(now, due) <= ahead


def escalates_at(plan: Plan, due: datetime) -> datetime:
    """Return when a late read goes to reviewer operations.

    The plan's clock ``read_escalation`` counts from the due instant; without it the reader gets the
    time of a read once more.
    """
    name = "read_escalation" if "read_escalation" in plan.turnarounds else "read"
    return plan.due(name, due).at


_CROSSED: Mapping[str, Callable[[Plan, datetime, datetime], bool]] = {
    Kind.REMINDER: is_due_soon,
    Kind.OVERDUE: lambda plan, due, now: due <= now,
    Kind.ESCALATION: lambda plan, due, now: escalates_at(plan, due) <= now,
}


def remind(study: Study, *, actor: Actor) -> list[ReaderMessage]:
    """Write a message to each reader for reads that came near, past due, or far past it.

    A read is named once in each kind of message, so running this again writes nothing new.
    """
    now, plan = clock.now(), plan_for(study)
    rows = ReadTask.objects.in_study(study).filter(
        state__in=RUNNING, stream__closed_reason="", stream__reader__reader__isnull=False
    )
    tasks = list(rows.select_related("stream__reader__reader").order_by("due_at"))
    made = []
    with transaction.atomic(), acting(actor):
        Study.objects.select_for_update().get(pk=study.pk)
        for kind, has_crossed in _CROSSED.items():
            said = _said(study, kind)
            crossed = [
                task
                for task in tasks
                if str(task.pk) not in said and has_crossed(plan, task.due_at, now)
            ]
            for reader, own in _by_reader(crossed):
                raised = (
                    escalating.raise_by_rule(study, reader, own, plan)
                    if kind == Kind.ESCALATION
                    else None
                )
                made.append(_write(study, kind, reader, own, raised))
    return made


def _said(study: Study, kind: str) -> set[str]:
    rows = ReaderMessage.objects.in_study(study).filter(kind=kind)
    return {task for held in rows.values_list("tasks", flat=True) for task in held}


def _by_reader(tasks: Iterable[ReadTask]) -> list[tuple[Reader, list[ReadTask]]]:
    found: dict[Reader, list[ReadTask]] = {}
    for task in tasks:
        found.setdefault(task.stream.reader.reader, []).append(task)
    return list(found.items())


def _write(
    study: Study,
    kind: str,
    reader: Reader,
    tasks: Sequence[ReadTask],
    raised: ReaderEscalation | None,
) -> ReaderMessage:
    first = tasks[0].due_at
    made = ReaderMessage(
        study=study,
        reader=reader,
        kind=kind,
        text=_TEXT[kind].format(
            reads=counted(len(tasks), "read"),
            are="is" if len(tasks) == 1 else "are",
            reader=reader,
            day=f"{first:%d %b %Y %H:%M} UTC",
        ),
        tasks=[str(task.pk) for task in tasks],
        escalation=raised,
    )
    made.save()
    record("reader.message", made, details={"kind": str(kind), "reads": len(tasks)})
    return made


def escalated(study: Study) -> list[ReadTask]:
    """Return the reads that wait for reviewer operations now, the latest first."""
    now, plan = clock.now(), plan_for(study)
    rows = ReadTask.objects.in_study(study).filter(
        state__in=RUNNING, stream__closed_reason="", due_at__lt=now
    )
    return [
        task
        for task in rows.select_related("stream__reader", "time_point__subject").order_by("due_at")
        if escalates_at(plan, task.due_at) <= now
    ]


# --- correspondence -------------------------------------------------------------------------------


def log(
    study: Study,
    reader: Reader,
    kind: str,
    text: str,
    *,
    actor: Actor,
    is_from_reader: bool = False,
    escalation: ReaderEscalation | None = None,
) -> ReaderMessage:
    """Keep a mail, a call or a meeting with a reader in the log.

    Args:
        escalation: the live escalation that it was about.

    Raises:
        RuleBroken: RC-001 no text, or not a kind that a person logs; RC-007 the escalation is
            closed.
    """
    actor.require("reader.manage")
    if kind not in BY_HAND or not text.strip():
        raise RuleBroken("Choose mail, call or meeting, and say what it was about.", rule="RC-001")
    if escalation is not None and escalation.state == "closed":
        raise RuleBroken("The escalation is closed; keep it in the reader's log.", rule="RC-007")
    with transaction.atomic(), acting(actor.acting_as("reader.manage")):
        made = ReaderMessage(
            study=study,
            reader=reader,
            kind=kind,
            text=text.strip(),
            is_from_reader=is_from_reader,
            escalation=escalation,
        )
        made.save()
        record("reader.message", made, details={"kind": kind})
    return made


# --- remediation ----------------------------------------------------------------------------------


def open_remediation(
    study: Study,
    reader: Reader,
    *,
    issue: str,
    steps: Sequence[Mapping[str, str]],
    due_on: date,
    actor: Actor,
) -> Remediation:
    """Write a plan: the issue, what is done about it by whom and until when.

    Raises:
        RuleBroken: RC-002 no issue, no step, or a step without owner or date; RC-003 it ends before
            today.
    """
    actor.require("reader.manage")
    if due_on < clock.today():
        raise RuleBroken("The plan ends in the past.", rule="RC-003")
    made = Remediation(
        study=study, reader=reader, issue=issue.strip(), steps=_steps(steps), due_on=due_on
    )
    if not made.issue:
        raise RuleBroken("Say what the issue is.", rule="RC-002")
    with transaction.atomic(), acting(actor.acting_as("reader.manage")):
        made.save()
        record("remediation.open", made)
    return made


def change_remediation(
    plan: Remediation,
    *,
    steps: Sequence[Mapping[str, str]],
    due_on: date,
    actor: Actor,
    reason: str,
) -> Remediation:
    """Change steps and dates, or mark steps as done; the history keeps what stood before.

    Raises:
        ReasonRequired: no reason.
        Conflict: RC-004 the plan is closed.
    """
    actor.require("reader.manage")
    if not reason.strip():
        raise ReasonRequired("Say why the plan changes.", rule="remediation.change")
    with transaction.atomic(), acting(actor.acting_as("reader.manage"), reason):
        row: Remediation = (
            Remediation.objects.in_study(plan.study_id).select_for_update().get(pk=plan.pk)
        )
        if row.state != "open":
            raise Conflict("This plan is closed; nothing was changed.", rule="RC-004")
        row.steps, row.due_on = _steps(steps), due_on
        row.save()
        record("remediation.change", row, reason=reason)
    return row


def close_remediation(plan: Remediation, step: str, *, actor: Actor, reason: str) -> Remediation:
    """Complete or cancel a plan; the reason is its outcome.

    Raises:
        RuleBroken: RC-005 a step is open, so the plan is not complete.
    """
    left = [one["text"] for one in plan.steps if not one.get("done_on")]
    if step == "complete" and left:
        raise RuleBroken(f"These steps are not done: {'; '.join(left)}.", rule="RC-005")
    return REMEDIATION.move(plan, step, actor=actor, reason=reason, changes={"outcome": reason})


def _steps(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    found = []
    for row in rows:
        step = {
            name: str(row.get(name) or "").strip() for name in ("text", "owner", "due", "done_on")
        }
        if not any(step.values()):
            continue
        if not all(step[name] for name in ("text", "owner", "due")):
            raise RuleBroken("Each step needs its words, an owner and a date.", rule="RC-002")
        for name in ("due", "done_on"):
            _date(step[name])
        found.append(step)
    if not found:
        raise RuleBroken("A plan needs at least one step.", rule="RC-002")
    return found


def _date(text: str) -> None:
    try:
        if text:
            date.fromisoformat(text)
    except ValueError:
        raise RuleBroken(f"“{text}” is no date.", rule="RC-002") from None


# --- suspension -----------------------------------------------------------------------------------


def suspend(reader: Reader, *, actor: Actor, reason: str) -> int:
    """Suspend a reader in every study and put the open reads on hold; return how many there were.

    Nothing that was typed is lost. Reads go on when the reader does, or are given to others.
    """
    return _stand_down(reader, "suspend", actor=actor, reason=reason)


def release(reader: Reader, *, actor: Actor, reason: str) -> int:
    """Let a reader go for good; the open reads are put on hold until others have them."""
    return _stand_down(reader, "release", actor=actor, reason=reason)


def _stand_down(reader: Reader, step: str, *, actor: Actor, reason: str) -> int:
    with transaction.atomic():
        moved = register.move_reader(reader, step, actor=actor, reason=reason)
        rows = ReadTask._base_manager.filter(
            stream__reader=moved.user_id, stream__closed_reason="", state__in=RUNNING
        )
        tasks = list(rows.select_for_update(of=("self",)))
        for task in tasks:
            READ_TASK.move(
                task,
                "hold",
                actor=_desk(task, actor),
                reason=reason,
                details={"stood_down": str(moved.pk)},
            )
    return len(tasks)


def resume(reader: Reader, *, actor: Actor, reason: str) -> int:
    """Let a suspended reader go on with the reads that the suspension stopped."""
    with transaction.atomic():
        moved = register.move_reader(reader, "resume", actor=actor, reason=reason)
        rows = ReadTask._base_manager.filter(
            stream__reader=moved.user_id, stream__closed_reason="", state="on_hold"
        )
        went_on = 0
        for task in rows.select_for_update(of=("self",)):
            if _stopped_by(task) == str(moved.pk):
                READ_TASK.move(task, "resume", actor=_desk(task, actor), reason=reason)
                went_on += 1
    return went_on


def _stopped_by(task: ReadTask) -> str:
    events = Event.objects.filter(
        kind="readtask.hold", object_kind=kind_of(task), object_id=str(task.pk)
    )
    last = events.order_by("-id").first()
    return str(last.details.get("stood_down", "")) if last else ""


def _desk(task: ReadTask, actor: Actor) -> Actor:
    """The person acts in the own study; in others the desk does, because of the register."""
    return actor if task.study_id == actor.study_id else service(DESK, study_id=task.study_id)


def move(reader: Reader, step: str, *, actor: Actor, reason: str) -> tuple[Reader, int]:
    """Suspend, resume or release a reader with what follows for the reads."""
    steps: Mapping[str, Any] = {"suspend": suspend, "resume": resume, "release": release}
    number = steps[step](reader, actor=actor, reason=reason)
    return reader, number
