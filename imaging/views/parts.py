"""Records for components, made of imaging's rows: findings, jobs, series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import jobs
from audit.models import Job
from imaging.models import Finding, Series, Submission
from ui.figures import with_minus
from ui.records import Action, JobProgress, Link

JOB_STATES = {
    Job.State.PENDING: "WAITING",
    Job.State.RUNNING: "RUNNING",
    Job.State.DONE: "DONE",
    Job.State.FAILED: "FAILED",
    Job.State.QUARANTINED: "FAILED",
    Job.State.CANCELLED: "CANCELLED",
}
UPLOAD_STEPS = ("Visit", "Files", "Checks", "Form", "Review and sign", "Send")


def upload_steps() -> list[str]:
    """Return the steps of the wizard in words."""
    return [_(step) for step in UPLOAD_STEPS]


def finding_words(measured: str, expected: str, means: str) -> str:
    """Return what a finding says: its meaning, what was found and expected, each once."""
    parts = [means]
    if measured and measured not in means:
        parts.append(_("Found: %s.") % measured.removesuffix("."))
    if expected and expected not in means:
        parts.append(_("Expected: %s.") % expected.removesuffix("."))
    return with_minus(" ".join(part for part in parts if part))


def job_card(
    request: HttpRequest, row: Submission, job: Job, *, title: str, result: Link | None = None
) -> JobProgress:
    """Return a job's progress as its card shows it."""
    study: Any = request
    url = reverse("submission-job", args=[study.study.code, row.pk, job.pk])
    error = ""
    if job.state in {Job.State.FAILED, Job.State.QUARANTINED}:
        error = _("This stopped and needs a person. Image operations were told.")
    return JobProgress(
        title=title,
        number=str(job.pk)[:8],
        state=JOB_STATES[Job.State(job.state)],
        done=job.done_units,
        total=job.total_units,
        unit=_("files"),
        left=job.note,
        poll_url=url,
        result=result,
        error=error,
    )


def newest_job(row: Submission, kind: str) -> Job | None:
    """Return the newest job of a kind about a submission."""
    return next((job for job in jobs.of(row) if job.kind == kind), None)


def thumbnail_url(study_code: str, row: Series) -> str:
    """Return the address of a series' small picture, or nothing."""
    preview = row.previews.exclude(thumbnail_sha256="").first()
    if preview is None:
        return ""
    return reverse("image-preview", args=[study_code, row.pk, preview.thumbnail_sha256])


def series_lines(
    study_code: str, rows: Sequence[Series], *, pictured: bool = True
) -> list[dict[str, Any]]:
    """Return series as tables show them: picture, facts, gaps, and what was found."""
    lines = []
    for row in rows:
        open_findings = [
            f
            for f in row.findings.all()
            if f.state in {"open", "queried"} and f.level != Finding.Level.INFO
        ]
        missing = next((f for f in open_findings if f.code == "missing_slices"), None)
        worst = next((f for f in open_findings if f.level == "error"), None)
        lines.append(
            {
                "row": row,
                "thumbnail": thumbnail_url(study_code, row) if pictured else "",
                "gaps": gaps(row, missing),
                "missing": len(missing.positions) if missing else 0,
                "worst": worst or (open_findings[0] if open_findings else None),
                "sorted_out": row.facts.get("sorted_out", ""),
            }
        )
    return lines


def gaps(row: Series, missing: Finding | None) -> list[tuple[float, float]]:
    """Return the gaps of a series as shares of its length from the head: start and width, 0–100."""
    heights = row.facts.get("positions", [])
    spacing = row.facts.get("spacing") or 0
    if missing is None or len(heights) < 2 or not missing.positions:  # noqa: PLR2004 - two ends
        return []
    low, high = min(heights), max(heights)
    span = high - low + spacing
    found: list[tuple[float, float]] = []
    for height in sorted(missing.positions, reverse=True):
        start = (high - height) / span * 100
        if found and abs(found[-1][0] + found[-1][1] - start) < 0.01:  # noqa: PLR2004 - rounding
            found[-1] = (found[-1][0], found[-1][1] + spacing / span * 100)
        else:
            found.append((start, spacing / span * 100))
    return [(round(start, 2), round(width, 2)) for start, width in found]


def files_words(count: int) -> str:
    """Return a number of files in words."""
    return ngettext("%(n)s file", "%(n)s files", count) % {"n": f"{count:,}"}


def primary(label: str, url: str, icon: str = "") -> Action:
    """Return the one primary action of a place."""
    return Action(label=label, url=url, icon=icon, is_primary=True)
