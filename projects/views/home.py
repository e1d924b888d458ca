"""Home pages: what is next for each role, over all studies."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.models import Notice
from accounts.permissions import Role
from audit import clock
from projects.names import role_label
from projects.work import WorkItem, work_of
from studies.access import person_view, study_view
from studies.actors import memberships_of, studies_of
from studies.models import TimePoint
from studies.scoping import across_studies
from ui.records import BarRow

#: leading role -> where people with this role start in a study, by URL name
STARTS = {
    Role.SITE_USER: "site-home",
    Role.CENTRAL_READER: "read-inbox",
    Role.ADJUDICATOR: "adjudication-inbox",
    Role.CLINICAL_DATA_PARTNER: "visit-listing",
    Role.DATA_RECIPIENT: "cut-list",
    Role.SPONSOR: "study-overview",
    Role.DATA_MANAGER: "cut-list",
    Role.IMAGE_OPERATIONS: "qc-queue",
    Role.REVIEWER_OPERATIONS: "read-progress",
    Role.INSPECTOR: "matrix",
    Role.QUALITY_AUDITOR: "study-trail",
}
_WITHOUT_STUDY = {"site-home", "read-inbox", "adjudication-inbox"}


@person_view()
def home(request: Any) -> HttpResponse:
    """My work: cards of studies, the inbox, what is late and why."""
    roles = sorted(memberships_of(request.user).values_list("role", flat=True).distinct())
    items = work_of(request.user)
    view = request.GET.get("view", "")
    shown = [item for item in items if item.is_late] if view == "late" else items
    blinded = {Role.CENTRAL_READER, Role.ADJUDICATOR}
    return render(
        request,
        "projects/home.html",
        {
            "heading": " and ".join(role_label(role) for role in roles) or "No role yet",
            "items": shown,
            "counts": {"all": len(items), "late": sum(item.is_late for item in items)},
            "late_causes": late_causes(items),
            "cards": [] if set(roles) <= blinded else study_cards(request.user),
            "now": clock.now(),
        },
    )


def late_causes(items: list[WorkItem]) -> list[BarRow]:
    """Group what is late by cause, the largest first."""
    causes = Counter(item.cause for item in items if item.is_late and item.cause)
    return [
        BarRow(label=cause, value=count, tone="stop" if count > 2 else "wait")  # noqa: PLR2004
        for cause, count in causes.most_common()
    ]


def study_cards(user: Any) -> list[dict[str, Any]]:
    """Return one card per study: where its time points are and what is late."""
    studies = studies_of(user)
    with across_studies("cards of the person's own studies"):
        rows = (
            TimePoint.objects.filter(study__in=studies)
            .values("study_id")
            .annotate(
                all=Count("id"),
                expected=Count("id", filter=Q(state="expected")),
                operations=Count("id", filter=Q(state__in=["received", "in_qc", "accepted"])),
                reading=Count("id", filter=Q(state__in=["ready", "reading", "read", "checked"])),
                locked=Count("id", filter=Q(state="locked")),
                late=Count(
                    "id", filter=Q(state="expected", window_to__lt=clock.today()), distinct=True
                ),
            )
        )
        found = {row["study_id"]: row for row in rows}
    cards = []
    for study in studies:
        counts = found.get(study.pk, {"all": 0, "late": 0})
        cards.append({"study": study, "counts": counts, "parts": _parts(counts)})
    return cards


def _parts(counts: dict[str, Any]) -> list[tuple[str, str, int]]:
    labels = (
        ("final", "locked", "locked"),
        ("read", "with readers", "reading"),
        ("work", "with image operations", "operations"),
        ("idle", "expected", "expected"),
    )
    return [(tone, label, counts.get(key, 0)) for tone, label, key in labels]


@study_view("account.self")
def study_entry(request: Any) -> HttpResponse:
    """Lead a person to the page where their role starts in a study."""
    name = STARTS.get(next(iter(sorted(request.actor.roles)), ""), "matrix")
    return redirect(reverse(name, args=[] if name in _WITHOUT_STUDY else [request.study.code]))


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
