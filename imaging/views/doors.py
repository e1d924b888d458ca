"""Machine doors for people: the inbox of unassigned arrivals, and the senders that are let in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.sentences import sentences
from audit import clock, trail
from audit.errors import Refused
from imaging.doors import sorting
from imaging.models import Arrival, ArrivedExamination, ArrivedFile, DicomPeer
from imaging.services import doors
from imaging.workflows import ARRIVED_EXAMINATION
from studies.access import StudyRequest, fetch, study_view
from studies.models import StudySite, TimePoint
from ui.records import Link

PAGE_SIZE = 50
CHIPS = (
    ("", "Unassigned", ("unassigned",)),
    ("assigned", "On the way", ("assigned",)),
    ("delivered", "In a submission", ("delivered",)),
    ("set_aside", "Set aside", ("set_aside",)),
)


def _crumbs(request: StudyRequest, *last: Link) -> list[Link]:
    code = request.study.code
    url = reverse("arrival-inbox", args=[code]) if last else ""
    return [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label=_("Arrivals"), url=url),
        *last,
    ]


@study_view("door.view")
def inbox(request: StudyRequest) -> HttpResponse:
    """List what came through machine doors, what waits for a person first."""
    rows = ArrivedExamination.objects.visible_to(request.actor).select_related(
        "arrival", "study_site__site", "subject", "time_point", "submission"
    )
    chosen = request.GET.get("state", "")
    states = next((found for code, _label, found in CHIPS if code == chosen), ("unassigned",))
    found = rows.filter(state__in=states).order_by("arrival__opened_at", "number")
    under_way = Arrival.objects.visible_to(request.actor).exclude(state="sorted")
    return render(
        request,
        "imaging/arrival_inbox.html",
        {
            "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
            "chips": [
                (code, _(label), rows.filter(state__in=names).count())
                for code, label, names in CHIPS
            ],
            "state": chosen,
            "under_way": [
                (row, row.files.count()) for row in under_way.select_related("study_site__site")
            ],
            "words": sorting.facts_in_words,
            "may_manage": request.actor.may("door.manage"),
            "now": clock.now(),
            "crumbs": _crumbs(request),
        },
    )


def _fetched(request: StudyRequest, pk: UUID) -> ArrivedExamination:
    rows = ArrivedExamination.objects.select_related(
        "arrival__responsible", "study_site__site", "subject", "time_point", "submission"
    )
    found: ArrivedExamination = fetch(rows, request.actor, pk)
    return found


@study_view("door.view")
def examination(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show what arrived, whom it may belong to, and the visits that can take it."""
    return _page(request, _fetched(request, pk))


def _page(
    request: StudyRequest, row: ArrivedExamination, *, errors: tuple[str, ...] = ()
) -> HttpResponse:
    actor = request.actor
    steps = {step.name for step in ARRIVED_EXAMINATION.open_steps(row, actor)}
    likely = {subject.pk for subject in sorting.suggested(row)}
    visits = sorting.open_visits(row.study_site_id, request.study) if "assign" in steps else []
    left = row.arrival.files.filter(
        outcome__in=[ArrivedFile.Outcome.REFUSED, ArrivedFile.Outcome.IGNORED]
    )
    return render(
        request,
        "imaging/arrival.html",
        {
            "row": row,
            "words": sorting.facts_in_words(row.facts),
            "visits": sorted(
                ((v, v.subject_id in likely, _fits(row, v)) for v in visits),
                key=lambda one: (not one[1], not one[2], str(one[0])),
            ),
            "likely": [v.code for v in sorting.suggested(row)],
            "typed": request.POST,
            "errors": errors,
            "steps": steps,
            "left": left,
            "others": row.arrival.examinations.exclude(pk=row.pk),
            "history": sentences(trail.entries(row, row.arrival)),
            "crumbs": _crumbs(request, Link(label=str(row), url="")),
        },
        status=422 if errors else 200,
    )


def _fits(row: ArrivedExamination, point: TimePoint) -> bool:
    first, last, day = point.window_from, point.window_to, row.scan_date
    return bool(first and last and day and first <= day <= last)


def _reason(request: StudyRequest) -> str:
    return request.POST.get("reason", "").strip()


@study_view("door.assign", methods=("POST",))
def assign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Say whose examination it is and for which visit."""
    row = _fetched(request, pk)
    if not request.POST.get("time_point"):
        return _page(request, row, errors=(_("Choose the visit."),))
    point = fetch(
        TimePoint.objects.select_related("subject"), request.actor, request.POST["time_point"]
    )
    try:
        doors.assign(row, point, actor=request.actor, reason=_reason(request))
    except Refused as refused:
        return _page(request, row, errors=(refused.message,))
    messages.success(request, _("Assigned to %s. The site completes the form and signs.") % point)
    return redirect("arrival-inbox", request.study.code)


@study_view("door.assign", methods=("POST",))
def set_aside(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Say that it belongs to no visit of the study."""
    doors.set_aside(_fetched(request, pk), actor=request.actor, reason=_reason(request))
    messages.success(request, _("Set aside. The files stay sealed."))
    return redirect("arrival-inbox", request.study.code)


@study_view("door.assign", methods=("POST",))
def take_up(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Put it back into the inbox."""
    row = doors.take_up(_fetched(request, pk), actor=request.actor, reason=_reason(request))
    return redirect("arrival-page", request.study.code, row.pk)


# --- senders ------------------------------------------------------------------------------------


@study_view("door.view", methods=("GET", "POST"))
def peers(request: StudyRequest) -> HttpResponse:
    """List the senders on the DICOM network; let another one in."""
    errors: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            row = _add(request)
        except Refused as refused:
            errors = (refused.message,)
        else:
            messages.success(request, _("%s may send from now on.") % row)
            return redirect("dicom-peers", request.study.code)
    rows = list(
        DicomPeer.objects.visible_to(request.actor).select_related(
            "study_site__site", "responsible"
        )
    )
    sites = list(StudySite.objects.filter(state="active").select_related("site"))
    code = request.study.code
    return render(
        request,
        "imaging/dicom_peers.html",
        {
            "rows": [row for row in rows if row.ended_at is None],
            "ended": [row for row in rows if row.ended_at is not None],
            "sites": [(site, doors.senders_of(site)) for site in sites],
            "may_manage": request.actor.may("door.manage"),
            "typed": request.POST,
            "errors": errors,
            "history": sentences(trail.entries(*rows)) if rows else [],
            "crumbs": _crumbs(request, Link(label=_("DICOM senders"), url="")),
            "code": code,
        },
        status=422 if errors else 200,
    )


def _add(request: StudyRequest) -> DicomPeer:
    request.actor.require("door.manage")
    post = request.POST
    site_id, _dash, person_id = post.get("responsible", "").partition("/")
    site = fetch(StudySite, request.actor, site_id)
    person: Any = User.objects.filter(pk__in=[u.pk for u in doors.senders_of(site)]).filter(
        pk=_uuid(person_id)
    )
    seconds = post.get("quiet_seconds", "")
    return doors.add_peer(
        site,
        calling_title=post.get("calling_title", ""),
        called_title=post.get("called_title", ""),
        addresses=post.get("addresses", ""),
        responsible=person.get(),
        quiet_seconds=int(seconds) if seconds.isdigit() else doors.QUIET_SECONDS,
        actor=request.actor,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@study_view("door.manage", methods=("POST",))
def end_peer(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Refuse a sender from now on."""
    row = fetch(DicomPeer, request.actor, pk)
    doors.end_peer(row, actor=request.actor, reason=_reason(request))
    messages.success(request, _("%s is refused from now on.") % row)
    return redirect("dicom-peers", request.study.code)
