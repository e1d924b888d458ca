"""Background work as people see it: a card that follows a job; retry and cancel."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from audit import jobs
from audit.models import Job, record
from studies.access import person_view
from studies.actors import actor_for
from studies.models import Study
from ui.records import JobProgress

STATES = {
    Job.State.PENDING: "WAITING",
    Job.State.RUNNING: "RUNNING",
    Job.State.DONE: "DONE",
    Job.State.FAILED: "FAILED",
    Job.State.QUARANTINED: "FAILED",
    Job.State.CANCELLED: "CANCELLED",
}
SHORT = 8


def progress(row: Job) -> JobProgress:
    """Return a job as its card shows it; the worker's own words about a failure stay inside."""
    kind = jobs.KINDS.get(row.kind)
    failed = row.state in {Job.State.FAILED, Job.State.QUARANTINED}
    return JobProgress(
        title=f"{kind.label if kind else row.kind}{f': {row.note}' if row.note else ''}",
        number=str(row.pk)[:SHORT],
        state=STATES[Job.State(row.state)].lower(),
        done=row.done_units,
        total=row.total_units,
        unit="parts",
        poll_url=reverse("job-card", args=[row.pk]),
        error="The work stopped. The administrator has been shown why." if failed else "",
    )


@person_view()
def job_card(request: Any, pk: UUID) -> HttpResponse:
    """Show the card of a job to those who asked for it, and to the administrator."""
    row = Job.objects.filter(pk=pk).first()
    if row is None or not _may_see(request, row):
        raise Http404
    return render(request, "components/job.html", {"job": progress(row)})


def _may_see(request: Any, row: Job) -> bool:
    if request.actor.may("system.view"):
        return True
    study = Study.objects.filter(pk=row.study_id).first() if row.study_id else None
    if study is None or actor_for(request.user, study) is None:
        return False
    return bool(row.actor.get("login")) and row.actor["login"] == request.user.email


@person_view("system.view", methods=("POST",))
def retry_job(request: Any, pk: UUID) -> HttpResponse:
    """Let a failed, quarantined or cancelled job run again."""
    row = get_object_or_404(Job, pk=pk)
    jobs.retry(row)
    record("job.retry", row, study_id=row.study_id)
    messages.success(request, "The job runs again.")
    return redirect("system-page")


@person_view("system.view", methods=("POST",))
def cancel_job(request: Any, pk: UUID) -> HttpResponse:
    """Ask a job to stop; what it finished before stays."""
    row = get_object_or_404(Job, pk=pk)
    jobs.cancel(row)
    record("job.cancel", row, study_id=row.study_id)
    messages.success(request, "The job was asked to stop.")
    return redirect("system-page")
