"""Meetings with readers: planned, held with minutes and who took part, cancelled."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.sentences import sentences
from audit import clock
from audit.errors import Refused
from audit.trail import entries
from reads.models import Onboarding, Reader, ReaderMeeting
from reads.services import meetings
from reads.views.readers import crumbs
from studies.access import StudyRequest, fetch, study_view
from ui.moments import typed_day

HISTORY = 30
SHOWN = 100


@study_view("reader.view")
def meeting_list(request: StudyRequest) -> HttpResponse:
    """List the meetings of a study, newest first, and plan another."""
    rows = ReaderMeeting.objects.visible_to(request.actor).annotate(
        invited=Count("places"), present=Count("places", filter=Q(places__took_part=True))
    )
    manages = request.actor.may("reader.manage")
    return render(
        request,
        "reads/readers/meetings.html",
        {
            "rows": rows[:SHOWN],
            "kinds": ReaderMeeting.Kind.choices,
            "readers": _readers(request) if manages else [],
            "manages": manages,
            "today": clock.today(request.study.time_zone),
            "crumbs": crumbs(request, "Meetings"),
        },
    )


def _readers(request: StudyRequest) -> list[Reader]:
    """Readers on their way into the study, or in it."""
    rows = Onboarding.objects.visible_to(request.actor).exclude(state="stopped")
    known = Reader.objects.filter(pk__in=rows.values("reader")).select_related("user")
    return list(known.order_by("user__printed_name"))


@study_view("reader.manage", methods=("POST",))
def meeting_plan(request: StudyRequest) -> HttpResponse:
    """Plan a meeting."""
    posted = request.POST
    wanted = set(posted.getlist("reader"))
    try:
        made = meetings.plan(
            request.study,
            [one for one in _readers(request) if str(one.pk) in wanted],
            kind=posted.get("kind", ""),
            title=posted.get("title", ""),
            held_on=typed_day(posted.get("held_on", "")),
            minutes=int(posted.get("minutes", "0") or 0),
            actor=request.actor,
        )
    except Refused as refused:
        messages.error(request, f"No meeting was planned. {refused.message}")
    except ValueError:
        messages.error(request, "No meeting was planned. The day or the length is wrong.")
    else:
        return redirect("meeting-page", request.study.code, made.pk)
    return redirect("meeting-list", request.study.code)


def _meeting(request: StudyRequest, pk: UUID) -> ReaderMeeting:
    found: ReaderMeeting = fetch(ReaderMeeting.objects.select_related("study"), request.actor, pk)
    return found


@study_view("reader.view")
def meeting_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a meeting with its readers, minutes and history."""
    row = _meeting(request, pk)
    manages = request.actor.may("reader.manage")
    return render(
        request,
        "reads/readers/meeting.html",
        {
            "row": row,
            "places": row.places.select_related("reader__user"),
            "may_hold": manages and row.state == "planned",
            "may_cancel": manages and row.state != "cancelled",
            "sentences": sentences(entries(row, limit=HISTORY)),
            "crumbs": crumbs(request, "Meetings", str(row)),
        },
    )


@study_view("reader.manage", methods=("POST",))
def meeting_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep a meeting as held, or cancel it."""
    row = _meeting(request, pk)
    act = request.POST.get("act", "")
    try:
        if act == "hold":
            meetings.hold(
                row,
                request.POST.getlist("present"),
                minutes=request.POST.get("minutes", ""),
                actor=request.actor,
            )
            messages.success(request, "The meeting is kept; who took part is paid by the contract.")
        elif act == "cancel":
            meetings.cancel(row, actor=request.actor, reason=request.POST.get("reason", ""))
            messages.success(request, "The meeting is cancelled.")
        else:
            messages.error(request, "Nothing was changed. Choose what to do.")
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    return redirect("meeting-page", request.study.code, row.pk)
