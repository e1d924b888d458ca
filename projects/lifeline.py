"""The life of a scan as steps: acquired … delivered, with who, when and the clock of the plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from audit import clock
from audit.models import Event, kind_of
from imaging.models import Submission
from projects.display import Facts
from projects.turnaround import planned_days, scan_instant
from queries.models import Query
from reads.models import ReadTask
from studies.calendars import Plan
from studies.models import TimePoint
from ui.figures import counted
from ui.moments import Clock, clock_of
from ui.records import LifeStep


@dataclass(frozen=True, slots=True)
class Life:
    """What the life line is drawn from; sites are not shown the steps of reading."""

    time_point: TimePoint
    submission: Submission | None
    tasks: list[ReadTask]
    queries: list[Query]
    facts: Facts
    plan: Plan
    zone: str
    show_reads: bool = True


def steps(life: Life) -> list[LifeStep]:
    """Return the steps of a time point's scan."""
    reading = _reading(life) if life.show_reads else []
    return _mark_now([*_arrival(life), *_checking(life), *reading, *_delivery(life)])


def _happened(row: Any, kind: str) -> Event | None:
    if row is None:
        return None
    return (
        Event.objects.filter(object_kind=kind_of(row), object_id=str(row.pk), kind=kind)
        .order_by("-id")
        .first()
    )


def _at(moment: datetime | None, zone: str) -> str:
    """Return day, month and time without the year, which stands in the page's head."""
    return f"{moment.astimezone(ZoneInfo(zone)):%d %b %H:%M}" if moment else ""


def _on(day: date | None) -> str:
    return f"{day:%d %b %Y}" if day else ""


def _done(
    label: str, icon: str, *, time: str = "", actor: str = "", clock: Clock | None = None
) -> LifeStep:
    return LifeStep(
        phase="done", icon=icon, label=label, time=time, actor=actor, tone="good", clock=clock
    )


def _todo(
    label: str, icon: str, *, time: str = "", actor: str = "", clock: Clock | None = None
) -> LifeStep:
    return LifeStep(phase="todo", icon=icon, label=label, time=time, actor=actor, clock=clock)


def _step(label: str, icon: str, row: Any, kind: str, life: Life, *, waits: str = "") -> LifeStep:
    event = _happened(row, kind)
    if event is None:
        return _todo(label, icon, time=waits)
    who = "" if event.actor_role == "system" else _short(event.actor_name)
    return _done(label, icon, time=_at(event.at, life.zone), actor=who)


def _short(name: str) -> str:
    """Return a name with the first names shortened: ``I. Carballo``."""
    words = [word for word in name.split() if word.lower().rstrip(".") not in {"dr", "prof"}]
    if len(words) < 2:  # noqa: PLR2004 - a first and a last name
        return name
    return f"{words[0][0]}. {words[-1]}"


def _used(life: Life, name: str, start: datetime | None, end: datetime | None) -> Clock | None:
    """Return the clock of a finished step: business days used of those planned."""
    allowed = planned_days(life.plan, name)
    if start is None or end is None or allowed is None:
        return None
    days = life.plan.calendar.business_days_between(start, end)
    words = f"{days} of {allowed:g} days"
    if days <= allowed:
        return Clock("good", "circle-check", words)
    return Clock("stop", "clock-exclamation", words)


def _left(life: Life, due: datetime | None) -> Clock | None:
    return clock_of(due, clock.now(), zone=life.zone) if due else None


def _arrival(life: Life) -> list[LifeStep]:
    tp, sub = life.time_point, life.submission
    scanned = tp.assessment_date
    if scanned:
        acquired = _done("Acquired", "scan", time=_on(scanned))
    else:
        acquired = _todo("Acquired", "scan", time=f"by {_on(tp.window_to)}" if tp.window_to else "")
    uploaded = _step("Uploaded", "cloud-upload", sub, "submission.begin_upload", life)
    received = _step("Received", "inbox", sub, "submission.receive", life)
    if sub is not None and sub.received_at is not None:
        start = scan_instant(scanned, life.plan.calendar.zone) if scanned else None
        received = replace(
            received,
            actor=counted(sub.file_count, "file"),
            clock=_used(life, "upload", start, sub.received_at),
        )
    cleaned = _step("De-identified", "shield-lock", sub, "submission.deidentify", life)
    if sub is not None and cleaned.phase == "done":
        cleaned = replace(cleaned, actor=f"profile {sub.profile.version}")
    return [acquired, uploaded, received, cleaned]


def _checking(life: Life) -> list[LifeStep]:
    sub, tp = life.submission, life.time_point
    checked = _step("QC", "clipboard-check", tp, "timepoint.accept", life)
    accepted = _happened(tp, "timepoint.accept")
    if sub is not None and accepted is not None:
        checked = replace(checked, clock=_used(life, "qc", sub.received_at, accepted.at))
    elif sub is not None and sub.qc_due_at is not None:
        checked = _todo(
            "QC",
            "clipboard-check",
            time=f"by {_at(sub.qc_due_at, life.zone)}",
            actor="image ops",
            clock=_left(life, sub.qc_due_at),
        )
    released = _step("Ready", "eye-plus", tp, "timepoint.make_ready", life)
    waiting = next((q for q in life.queries if q.is_open), None)
    if waiting is None:
        return [checked, released]
    return [_asked(life, waiting), checked, released]


def _asked(life: Life, query: Query) -> LifeStep:
    answered = query.state == "answered"
    late = query.due_at < clock.now() and not answered
    return LifeStep(
        phase="now",
        icon="message-reply" if answered else "message-question",
        label="Query",
        time=f"since {query.opened_at.astimezone(ZoneInfo(life.zone)):%d %b}",
        actor="waits for us" if answered else "waits for site",
        tone="stop" if late else "wait",
        clock=None if answered else _left(life, query.due_at),
    )


def _reading(life: Life) -> list[LifeStep]:
    found = []
    for number, role in ((1, "reader_1"), (2, "reader_2")):
        task = next((t for t in life.tasks if t.stream.role == role), None)
        found.append(_read(life, f"Read {number}", task))
    return [*found, _adjudication(life)]


def _read(life: Life, label: str, task: ReadTask | None) -> LifeStep:
    if task is None:
        return _todo(label, "eye")
    session = task.sessions.filter(state__in=["signed", "final"]).first()
    if session is None:
        return _todo(
            label, "eye", time=f"by {_at(task.due_at, life.zone)}", clock=_left(life, task.due_at)
        )
    return _done(
        label,
        "eye",
        time=_at(session.signed_at, life.zone),
        actor="signed",
        clock=_used(life, "read", task.created_at, session.signed_at),
    )


def _adjudication(life: Life) -> LifeStep:
    case = life.time_point.adjudications.filter(level="time_point").exclude(state="voided").first()
    if case is None:
        agreed = life.time_point.state in {"checked", "locked"}
        words = "not needed" if agreed else "if they differ"
        make = _done if agreed else _todo
        return make("Adjudication", "gavel", actor=words)
    if case.state == "signed":
        return _done(
            "Adjudication",
            "gavel",
            time=_at(case.decided_at, life.zone),
            clock=_used(life, "adjudication", case.created_at, case.decided_at),
        )
    return _todo(
        "Adjudication",
        "gavel",
        time=f"by {_at(case.due_at, life.zone)}",
        actor="decided by one" if case.state == "claimed" else "nobody has it yet",
        clock=_left(life, case.due_at),
    )


def _delivery(life: Life) -> list[LifeStep]:
    # A cut lists every time point; delivered are only those whose reads were locked in it.
    delivered = (
        life.time_point.state == "locked" and str(life.time_point.pk) in life.facts.delivered
    )
    return [
        _step("Locked", "lock", life.time_point, "timepoint.lock", life),
        _done("Delivered", "send") if delivered else _todo("Delivered", "send", actor="in a cut"),
    ]


def _mark_now(found: list[LifeStep]) -> list[LifeStep]:
    """Ring the first step that is not done; a query rings itself."""
    if any(step.phase == "now" for step in found):
        return found
    place = next((n for n, step in enumerate(found) if step.phase == "todo"), None)
    if place is None:
        return found
    clock_of_place = found[place].clock
    late = clock_of_place is not None and clock_of_place.tone == "stop"
    found[place] = replace(found[place], phase="now", tone="stop" if late else "work")
    return found
