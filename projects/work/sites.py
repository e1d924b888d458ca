"""Work around sites: visits to send, queries to answer and to look at, scanners to qualify."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from audit import clock
from audit.actors import Actor
from imaging.services import phantoms
from projects.addresses import address
from projects.work.items import FEW, WorkItem, end_of_day, source
from queries.models import Query
from studies.models import Study, TimePoint


@source("submission.upload")
def visits_due(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Visits whose window is open or past, for the site."""
    soon = clock.today(study.time_zone) + timedelta(days=14)
    rows = (
        TimePoint.objects.visible_to(actor)
        .filter(
            state="expected", window_from__lte=soon, subject__state__in=["screening", "enrolled"]
        )
        .select_related("subject")
    )
    for tp in rows.order_by("window_to")[:FEW]:
        yield WorkItem(
            what=f"Send the {tp.label} scans of {tp.subject.code}",
            study=study.code,
            about=f"Window {tp.window_from:%d %b} to {tp.window_to:%d %b %Y}",
            kind="Upload",
            url=address("site-home"),
            icon="cloud-upload",
            due=end_of_day(tp.window_to, study),
            cause="Upload not sent",
        )


@source("study.configure")
def late_uploads(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Visits whose window has passed without scans, by site."""
    today = clock.today(study.time_zone)
    rows = (
        TimePoint.objects.visible_to(actor)
        .filter(state="expected", window_to__lt=today, subject__state="enrolled")
        .select_related("subject__study_site__site")
    )
    for tp in rows.order_by("window_to")[:FEW]:
        yield WorkItem(
            what=f"Chase the {tp.label} scans of {tp.subject.code}",
            study=study.code,
            about=f"Site {tp.subject.study_site} · window ended {tp.window_to:%d %b %Y}",
            kind="Upload",
            url=address("time-point", study.code, tp.pk),
            icon="clock-exclamation",
            tone="stop",
            due=end_of_day(tp.window_to, study),
            cause="Upload not sent",
        )


@source("query.answer")
def queries_to_answer(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Queries that wait for the site."""
    rows = Query.objects.visible_to(actor).filter(state__in=["open", "reopened"])
    for query in rows.select_related("subject", "time_point"):
        yield WorkItem(
            what=f"Answer {query}",
            study=study.code,
            about=f"{query.time_point or query.subject or ''} · {query.title}",
            kind="Query",
            url=address("query-page", study.code, query.pk),
            icon="message-question",
            tone="wait",
            due=query.due_at,
            cause="Site has not answered",
        )


@source("query.close")
def queries_to_look_at(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Answered queries to look at, and open ones that are late, to chase."""
    rows = Query.objects.visible_to(actor).select_related("subject", "time_point", "study_site")
    for query in rows.filter(state="answered"):
        yield WorkItem(
            what=f"Look at the answer to {query}",
            study=study.code,
            about=f"{query.time_point or query.subject or ''} · {query.title}",
            kind="Query",
            url=address("query-page", study.code, query.pk),
            icon="message-reply",
        )
    for query in rows.filter(state__in=["open", "reopened"], due_at__lt=clock.now()):
        yield WorkItem(
            what=f"Chase {query} at site {query.study_site.number}",
            study=study.code,
            about=f"{query.time_point or query.subject or ''} · {query.title}",
            kind="Query",
            url=address("query-page", study.code, query.pk),
            icon="arrow-up-right",
            tone="stop",
            due=query.due_at,
            cause="Site has not answered",
        )


@source("phantom.send")
def phantoms_wanted(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Scanners whose qualification is missing, over or ends soon, for the site."""
    for one in phantoms.wanted(study, actor):
        last = one.latest
        going = last is not None and last.state in {"draft", "returned"}
        why = {"missing": "Never qualified", "failed": "The last scan failed"}.get(one.state)
        yield WorkItem(
            what=f"Send a phantom scan of {one.scanner}",
            study=study.code,
            about=f"{one.programme.title} · {why or f'qualified until {one.until:%d %b %Y}'}",
            kind="Phantom",
            url=address("phantom-scan", study.code, last.pk)
            if going and last is not None and last.state == "draft"
            else address("phantom-list", study.code),
            icon="target",
            tone="wait" if one.state == "due" else "stop",
            due=end_of_day(one.due, study) if one.due else None,
            cause="Scanner not qualified",
        )
