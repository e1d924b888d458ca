"""The home of site staff over all their studies, choosing a visit, unscheduled and not done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.permissions import Role
from audit import clock
from audit.actors import Actor
from audit.errors import Refused, RuleBroken
from imaging.models import Submission
from imaging.services import phantoms, submission
from imaging.views import parts, tracker
from queries.models import Query
from studies.access import StudyRequest, fetch, person, person_view, study_view
from studies.actors import actor_for, studies_of
from studies.forms.values import PartialDate, date_from
from studies.models import Study, StudySite, Subject, TimePoint
from studies.scoping import scope
from studies.services import subjects
from ui import moments

AHEAD = timedelta(days=30)
SHOWN_UPLOADS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A study in which the person works for sites."""

    study: Study
    actor: Actor
    sites: list[StudySite]


def places_of(request: HttpRequest) -> list[Place]:
    """Return the studies of a site user, with the sites the person belongs to."""
    user = person(request)
    found = []
    for study in studies_of(user):
        actor = actor_for(user, study)
        if actor is None or Role.SITE_USER not in actor.roles:
            continue
        with scope(study):
            sites = list(StudySite.objects.visible_to(actor).select_related("site"))
        found.append(Place(study, actor, sites))
    return found


@person_view("account.self")
def home(request: HttpRequest) -> HttpResponse:
    """Say what waits: questions to answer, visits to send, and where uploads are."""
    places = places_of(request)
    if not places:
        raise Http404
    visits: list[dict[str, Any]] = []
    queries: list[dict[str, Any]] = []
    uploads: list[dict[str, Any]] = []
    standing: dict[Any, list[tuple[Study, phantoms.Qualification]]] = {}
    for place in places:
        with scope(place.study):
            visits += _visits(place)
            queries += _queries(place)
            uploads += _uploads(place)
            for one in phantoms.qualifications(place.study, place.actor):
                standing.setdefault(one.scanner.pk, []).append((place.study, one))
    visits.sort(key=lambda v: v["order"])
    queries.sort(key=lambda q: q["row"].due_at)
    uploads.sort(key=lambda u: u["row"].created_at, reverse=True)
    wanted = request.GET.get("visits", "")
    soon = [v for v in visits if v["soon"]]
    shown = visits if wanted == "all" else soon
    first = places[0].sites[0].site if places[0].sites else None
    scanners = {s.pk: s for p in places for one in p.sites for s in one.site.scanners.all()}
    due = [v for v in visits if v["actionable"]]
    return render(
        request,
        "imaging/site_home.html",
        {
            "title": _title(len(queries), len(due), _phantoms_wanted(standing)),
            "site": first,
            "zone": first.time_zone if first else "UTC",
            "now": clock.now(),
            "queries": queries,
            "visits": shown,
            "soon_count": len(soon),
            "all_count": len(visits),
            "uploads": uploads[:SHOWN_UPLOADS],
            "more_uploads": max(0, len(uploads) - SHOWN_UPLOADS),
            "scanners": [(one, standing.get(pk, [])) for pk, one in scanners.items()],
            "today": clock.today(first.time_zone if first else "UTC"),
            "places": places,
        },
    )


def _phantoms_wanted(standing: Mapping[Any, Sequence[tuple[Study, Any]]]) -> int:
    return sum(one.is_wanted for listed in standing.values() for _study, one in listed)


def _title(questions: int, scans: int, tests: int) -> str:
    if not questions and not scans and not tests:
        return _("Nothing is waiting for you")
    words = []
    if questions:
        words.append(_("1 answer") if questions == 1 else _("%d answers") % questions)
    if scans:
        words.append(_("1 scan") if scans == 1 else _("%d scans") % scans)
    if tests:
        words.append(_("1 phantom scan") if tests == 1 else _("%d phantom scans") % tests)
    verb = _("is") if questions + scans + tests == 1 else _("are")
    what = _(" and ").join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
    return _("%(what)s %(verb)s waiting for you") % {"what": what, "verb": verb}


def _visits(place: Place) -> list[dict[str, Any]]:
    rows = (
        TimePoint.objects.visible_to(place.actor)
        .filter(state="expected")
        .exclude(subject__state__in=["withdrawn", "screen_failed"])
        .select_related("subject__study_site__site", "definition")
    )
    opened = {
        s.time_point_id: s
        for s in Submission.objects.visible_to(place.actor).filter(state__in=["draft", "uploading"])
    }
    found = []
    for row in rows:
        today = clock.today(row.subject.study_site.site.time_zone)
        window_from = row.window_from or row.planned_date
        window_to = row.window_to or row.planned_date
        found.append(
            {
                "row": row,
                "study": place.study,
                "draft": opened.get(row.pk),
                "from": window_from,
                "to": window_to,
                "share": _share(window_from, window_to, today),
                "clock": _window_clock(window_from, window_to, today),
                "late": window_to is not None and window_to < today,
                "actionable": window_from is None or window_from <= today,
                "soon": window_from is None or window_from <= today + AHEAD,
                "modalities": ", ".join(row.definition.modalities) if row.definition else "CT",
                "order": window_to or date.max,
            }
        )
    return found


def _share(first: date | None, last: date | None, today: date) -> int:
    if first is None or last is None or today < first:
        return 0
    span = max(1, (last - first).days + 1)
    return min(100, round(((today - first).days + 1) / span * 100))


def _window_clock(first: date | None, last: date | None, today: date) -> moments.Clock:
    if first is not None and today < first:
        days = (first - today).days
        words = _("Opens tomorrow") if days == 1 else _("Opens in %d days") % days
        return moments.Clock("idle", "clock", words)
    if last is None:
        return moments.Clock("work", "calendar-event", _("Any time"))
    if today > last:
        days = (today - last).days
        words = _("Window over, 1 day") if days == 1 else _("Window over, %d days") % days
        return moments.Clock("stop", "clock-exclamation", words)
    return moments.clock_of_days((last - today).days)


def _queries(place: Place) -> list[dict[str, Any]]:
    rows = (
        Query.objects.visible_to(place.actor)
        .filter(state__in=["open", "reopened"])
        .select_related("subject", "time_point")
        .prefetch_related("actions", "findings__series__previews")
    )
    found = []
    for row in rows:
        kinds = {a.kind for a in row.actions.all() if a.done_at is None}
        pictured = next((f.series for f in row.findings.all() if f.series_id), None)
        found.append(
            {
                "row": row,
                "study": place.study,
                "sends": bool(kinds & {"send_images", "rescan"}),
                "corrects": "correct_form" in kinds,
                "thumbnail": parts.thumbnail_url(place.study.code, pictured) if pictured else "",
            }
        )
    return found


def _uploads(place: Place) -> list[dict[str, Any]]:
    rows = list(
        Submission.objects.visible_to(place.actor)
        .exclude(state__in=["withdrawn"])
        .select_related("subject", "time_point", "study")
    )
    found = tracker.standings(rows)
    return [{"row": row, "study": place.study, "standing": found[row.pk]} for row in rows]


@person_view("account.self")
def choose_visit(request: HttpRequest) -> HttpResponse:
    """Choose the visit whose images are to be sent."""
    places = places_of(request)
    if not places:
        raise Http404
    visits: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    for place in places:
        with scope(place.study):
            visits += _visits(place)
            people += [
                {"row": row, "study": place.study}
                for row in Subject.objects.visible_to(place.actor).filter(
                    state__in=["screening", "enrolled"]
                )
            ]
    # As on the home page: what is late or ends first stands first.
    visits.sort(key=lambda v: (v["order"], v["row"].subject.code))
    open_now = [v for v in visits if v["actionable"] or v["draft"]]
    return render(
        request,
        "imaging/upload_visit.html",
        {
            "visits": open_now,
            "coming": [v for v in visits if v not in open_now],
            "people": people,
            "steps": parts.upload_steps(),
            "purpose": request.GET.get("for", ""),
            "now": clock.now(),
        },
    )


@study_view("submission.upload", methods=("GET", "POST"))
def unscheduled(request: StudyRequest, subject_id: UUID) -> HttpResponse:
    """Add a visit that the schedule does not have, with its reason."""
    subject = fetch(Subject, request.actor, subject_id)
    errors: list[str] = []
    if request.method == "POST":
        try:
            row = subjects.add_unscheduled(
                subject,
                label=request.POST.get("label", "").strip() or _("Unscheduled"),
                day=_day(request.POST.get("day", "")),
                reason=request.POST.get("reason", ""),
                actor=request.actor,
            )
            messages.success(request, _("%s was added.") % row.label)
            return redirect("visit", request.study.code, row.pk)
        except Refused as refused:
            errors = [refused.message]
    return render(
        request,
        "imaging/visit_unscheduled.html",
        {"subject": subject, "errors": errors, "posted": request.POST},
        status=422 if errors else 200,
    )


def _day(text: str) -> date:
    found = date_from(text)
    if isinstance(found, PartialDate) and found.precision == "day":
        return found.first
    raise RuleBroken(_("Write the scan date like 05 Mar 2026."), rule="IMG-034")


@study_view("timepoint.not_done", methods=("GET", "POST"))
def not_done(request: StudyRequest, time_point_id: UUID) -> HttpResponse:
    """Declare that a visit had no scan, with the reason."""
    row = fetch(TimePoint.objects.select_related("subject"), request.actor, time_point_id)
    errors: list[str] = []
    if request.method == "POST":
        try:
            subjects.declare_not_done(
                row, reason=request.POST.get("reason", "").strip(), actor=request.actor
            )
            messages.success(request, _("%s is declared not done.") % row)
            return redirect("site-home" if request.actor.sites is not None else "home")
        except Refused as refused:
            errors = [refused.message]
    return render(
        request,
        "imaging/visit_not_done.html",
        {"row": row, "errors": errors, "posted": request.POST},
        status=422 if errors else 200,
    )


def _sent(row: TimePoint) -> list[tuple[Submission, tracker.Standing]]:
    rows = list(row.submissions.order_by("-number"))
    found = tracker.standings(rows)
    return [(one, found[one.pk]) for one in rows]


@study_view("submission.upload")
def visit(request: StudyRequest, time_point_id: UUID) -> HttpResponse:
    """Show one visit to its site: its window, what was sent, what is asked, and the next step."""
    row = fetch(
        TimePoint.objects.select_related("subject__study_site__site", "definition"),
        request.actor,
        time_point_id,
    )
    today = clock.today(row.subject.study_site.site.time_zone)
    return render(
        request,
        "imaging/visit.html",
        {
            "row": row,
            "clock": _window_clock(
                row.window_from or row.planned_date, row.window_to or row.planned_date, today
            ),
            "sent": _sent(row),
            "standing": tracker.of_visit(row),
            "queries": row.queries.order_by("-number"),
            "now": clock.now(),
            "waits": row.state == "expected",
            "may_add": row.state in submission.LATE_STATES
            and request.actor.may("submission.upload"),
        },
    )
