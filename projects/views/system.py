"""The installation, for the administrator: background work, the sealed chain, storage."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from audit import clock
from audit.jobs import KINDS
from audit.models import Job
from imaging.storage import nightly
from projects.sealing import ask_for_proof, seal
from projects.storage import last_sweep, volumes
from projects.views.jobs import STATES
from studies.access import person_view
from ui.records import Link

JOBS_PER_PAGE = 25


@person_view("system.view")
def system_page(request: Any) -> HttpResponse:
    """Show jobs by state, whether the chain is whole, and how full the storage is."""
    counts = {row["state"]: row["n"] for row in Job.objects.values("state").annotate(n=Count("pk"))}
    state = request.GET.get("state", "")
    rows = Job.objects.order_by("-created_at")
    if state:
        rows = rows.filter(state=state)
    page = Paginator(rows, JOBS_PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "projects/system.html",
        {
            "page": page,
            "jobs": [_shown(row) for row in page],
            "chips": [(value, label, counts.get(value, 0)) for value, label in Job.State.choices],
            "seal": seal(),
            "volumes": volumes(),
            "sweep": last_sweep(),
            "environment": settings.ICRO_ENV,
            "now": clock.now(),
            "crumbs": (Link(label="My work", url=reverse("home")), Link(label="System", url="")),
        },
    )


def _shown(row: Job) -> dict[str, Any]:
    kind = KINDS.get(row.kind)
    return {
        "row": row,
        "label": kind.label if kind else row.kind,
        "state": STATES[Job.State(row.state)],
        "error": row.error.strip().splitlines()[-1] if row.error.strip() else "",
        "may_retry": row.state in {Job.State.FAILED, Job.State.QUARANTINED, Job.State.CANCELLED},
        "may_cancel": not row.is_over and not row.cancel_requested,
    }


@person_view("system.view", methods=("POST",))
def verify_chain(request: Any) -> HttpResponse:
    """Ask for a proof of the whole chain."""
    ask_for_proof()
    messages.success(request, "The chain is being proven. The result appears here.")
    return redirect("system-page")


@person_view("system.view", methods=("POST",))
def start_sweep(request: Any) -> HttpResponse:
    """Ask for a proof of every stored object."""
    nightly.ask()
    messages.success(request, "The stored objects are being read. The result appears here.")
    return redirect("system-page")
