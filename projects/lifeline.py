"""The life of a scan as steps: acquired … delivered, with who, when and the clock of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit import clock
from audit.models import Event, kind_of
from imaging.models import Submission
from projects.display import Facts
from queries.models import Query
from reads.models import ReadTask
from studies.calendars import Plan
from studies.models import TimePoint
from ui.moments import day_words, moment_words
from ui.records import LifeStep

#: stored states of a time point in the order of a scan's life
_ORDER = (
    "expected",
    "received",
    "in_qc",
    "accepted",
    "ready",
    "reading",
    "read",
    "checked",
    "locked",
)


@dataclass(frozen=True, slots=True)
class Life:
    """What the life line is drawn from."""

    time_point: TimePoint
    submission: Submission | None
    tasks: list[ReadTask]
    queries: list[Query]
    facts: Facts
    plan: Plan
    zone: str
    #: readers are named in words that do not say who they are
    show_readers: bool = True


def steps(life: Life) -> list[LifeStep]:
    """Return the steps of a time point's scan."""
    found = [*_arrival(life), *_checking(life), *_reading(life), *_delivery(life)]
    return _mark_now(found)


def _happened(row: Any, kind: str) -> Event | None:
    if row is None:
        return None
    return (
        Event.objects.filter(object_kind=kind_of(row), object_id=str(row.pk), kind=kind)
        .order_by("-id")
        .first()
    )


def _at(moment: datetime | None, zone: str) -> str:
    return moment_words(moment, zone).rsplit(" (", 1)[0] if moment else ""


def _done(label: str, icon: str, *, time: str = "", actor: str = "") -> LifeStep:
    return LifeStep(phase="done", icon=icon, label=label, time=time, actor=actor, tone="good")


def _todo(label: str, icon: str, *, time: str = "", actor: str = "") -> LifeStep:
    return LifeStep(phase="todo", icon=icon, label=label, time=time, actor=actor)


def _step(label: str, icon: str, row: Any, kind: str, life: Life, waits: str = "") -> LifeStep:
    event = _happened(row, kind)
    if event is None:
        return _todo(label, icon, time=waits)
    who = "" if event.actor_role == "system" else event.actor_name
    return _done(label, icon, time=_at(event.at, life.zone), actor=who)


def _arrival(life: Life) -> list[LifeStep]:
    tp, sub = life.time_point, life.submission
    if tp.assessment_date:
        acquired = _done("Acquired", "scan", time=day_words(tp.assessment_date))
    else:
        window = f"by {day_words(tp.window_to)}" if tp.window_to else ""
        acquired = _todo("Acquired", "scan", time=window)
    received = _step("Received", "inbox", sub, "submission.receive", life)
    if sub is not None and received.phase == "done":
        received = _done(
            "Received", "inbox", time=received.time, actor=f"{sub.file_count} files whole"
        )
    return [
        acquired,
        _step("Uploaded", "cloud-upload", sub, "submission.begin_upload", life),
        received,
        _step("De-identified", "shield-lock", sub, "submission.deidentify", life),
    ]


def _checking(life: Life) -> list[LifeStep]:
    sub = life.submission
    waits = f"by {_at(sub.qc_due_at, life.zone)}" if sub and sub.qc_due_at else ""
    found = [_step("QC", "clipboard-check", life.time_point, "timepoint.accept", life, waits)]
    waiting = [q for q in life.queries if q.is_open]
    if waiting:
        query = waiting[0]
        tone = "stop" if query.due_at < clock.now() else "wait"
        found.insert(
            0,
            LifeStep(
                phase="now",
                icon="message-question",
                label="Query",
                time=f"since {_at(query.opened_at, life.zone)}",
                actor="waits for us" if query.state == "answered" else "waits for site",
                tone=tone,
            ),
        )
    found.append(_step("Released", "eye-plus", life.time_point, "timepoint.make_ready", life))
    return found


def _reading(life: Life) -> list[LifeStep]:
    found = []
    for number, role in ((1, "reader_1"), (2, "reader_2")):
        task = next((t for t in life.tasks if t.stream.role == role), None)
        session = (
            task.sessions.filter(state__in=["signed", "final"]).first()
            if task is not None
            else None
        )
        if session is not None:
            found.append(
                _done(
                    f"Read {number}", "eye", time=_at(session.signed_at, life.zone), actor="signed"
                )
            )
        elif task is not None:
            found.append(_todo(f"Read {number}", "eye", time=f"by {_at(task.due_at, life.zone)}"))
        else:
            found.append(_todo(f"Read {number}", "eye"))
    case = life.time_point.adjudications.exclude(state="voided").first()
    if case is None:
        agreed = life.time_point.state in {"checked", "locked"}
        found.append(
            _done("Adjudication", "gavel", actor="readers agree")
            if agreed
            else _todo("Adjudication", "gavel", actor="if they differ")
        )
    elif case.state == "signed":
        found.append(_done("Adjudication", "gavel", time=_at(case.decided_at, life.zone)))
    else:
        found.append(_todo("Adjudication", "gavel", time=f"by {_at(case.due_at, life.zone)}"))
    return found


def _delivery(life: Life) -> list[LifeStep]:
    delivered = str(life.time_point.pk) in life.facts.delivered
    return [
        _step("Checked", "checks", life.time_point, "timepoint.check", life),
        _step("Locked", "lock", life.time_point, "timepoint.lock", life),
        _done("Delivered", "send") if delivered else _todo("Delivered", "send", actor="in a cut"),
    ]


def _mark_now(found: list[LifeStep]) -> list[LifeStep]:
    """Ring the first step that is not done; a query rings itself."""
    if any(step.phase == "now" for step in found):
        return found
    marked, seen = [], False
    for step in found:
        if step.phase == "todo" and not seen:
            seen = True
            step = LifeStep(
                phase="now",
                icon=step.icon,
                label=step.label,
                time=step.time,
                actor=step.actor,
                tone="work",
            )
        marked.append(step)
    return marked
