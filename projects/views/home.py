"""Home pages: what is next for each role, over all studies."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.models import Notice
from accounts.permissions import Role
from accounts.sentences import role_words
from audit import clock
from projects.addresses import start_address
from projects.names import leading_role
from projects.standing import Standing, standing_of
from projects.work import WorkItem, work_of
from studies.access import person_view, study_view
from studies.actors import actor_for, roles_anywhere, studies_of
from studies.scoping import scope
from ui.records import BarRow, Link

#: leading role -> where people with this role start in a study, by URL name
STARTS = {
    Role.SITE_USER: "site-home",
    Role.CENTRAL_READER: "read-inbox",
    Role.ADJUDICATOR: "adjudication-inbox",
    Role.CLINICAL_DATA_PARTNER: "visit-listing",
    Role.DATA_RECIPIENT: "cut-list",
    Role.SPONSOR: "study-overview",
    Role.PROJECT_MANAGER: "study-overview",
    Role.PORTFOLIO_MANAGER: "study-overview",
    Role.DATA_MANAGER: "cut-list",
    Role.IMAGE_OPERATIONS: "qc-queue",
    Role.REVIEWER_OPERATIONS: "read-progress",
    Role.QUALITY_AUDITOR: "study-trail",
}
SHOWN = 25
#: from this many items on, a cause is drawn in the tone of what stops
MANY = 3


@person_view()
def home(request: Any) -> HttpResponse:
    """My work: cards of studies, the inbox, what is late and why."""
    roles = roles_anywhere(request.user)
    items = work_of(request.user)
    late = [item for item in items if item.is_late]
    view = request.GET.get("view", "")
    chosen = late if view == "late" else items
    shown = chosen if request.GET.get("all") else chosen[:SHOWN]
    return render(
        request,
        "projects/home.html",
        {
            "heading": role_words(leading_role(roles)) if roles else "",
            "items": shown,
            "more": len(chosen) - len(shown),
            "counts": {"all": len(items), "late": len(late)},
            "late_causes": late_causes(late),
            "cards": study_cards(request.user),
            "now": clock.now(),
        },
    )


def late_causes(late: list[WorkItem]) -> list[BarRow]:
    """Group what is late by cause, the largest first; each leads to its most urgent item."""
    first: dict[str, WorkItem] = {}
    studies: dict[str, set[str]] = defaultdict(set)
    causes: Counter[str] = Counter()
    for item in late:
        if item.cause:
            causes[item.cause] += 1
            first.setdefault(item.cause, item)
            studies[item.cause].add(item.study)
    return [
        BarRow(
            label=cause,
            value=count,
            tone="stop" if count >= MANY else "wait",
            note=", ".join(sorted(studies[cause])),
            action=Link(label="Open the oldest", url=first[cause].url),
        )
        for cause, count in causes.most_common()
    ]


def study_cards(user: Any) -> list[Standing]:
    """Return one card per study in which the person sees time points or the overview."""
    cards = []
    for study in studies_of(user):
        actor = actor_for(user, study)
        if actor is None or not (actor.may("timepoint.view") or actor.may("study.overview")):
            continue
        with scope(study):
            cards.append(standing_of(study, actor))
    return cards


@study_view("account.self")
def study_entry(request: Any) -> HttpResponse:
    """Lead a person to the page where their role starts in a study."""
    name = STARTS.get(Role(leading_role(request.actor.roles)), "matrix")
    return redirect(start_address(name, request.study.code))


@person_view()
def notices(request: Any) -> HttpResponse:
    """The messages under the bell, newest first."""
    rows = Notice.objects.filter(user=request.user).order_by("-at")[:100]
    return render(request, "projects/notices.html", {"notices": rows})


@person_view(methods=("POST",))
def read_notice(request: Any, pk: int) -> HttpResponse:
    """Mark a message read and open what it is about."""
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    if notice.read_at is None:
        notice.read_at = clock.now()
        notice.save(update_fields=["read_at"])
    return redirect(notice.url or reverse("notices"))


@person_view(methods=("POST",))
def session_extend(request: Any) -> HttpResponse:
    """Keep the session; the answer says nothing else."""
    return HttpResponse(status=204)
