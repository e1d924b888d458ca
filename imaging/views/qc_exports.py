"""Quality control as CSV: every finding with what became of it, every decision with its draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse

from audit.models import record
from imaging.models import Finding, QcReview, Submission
from imaging.services import second_level
from studies.access import StudyRequest, study_view
from ui.sheets import csv_response

FINDING_COLUMNS = (
    "Study", "Site", "Subject", "Time point", "Submission", "Code", "Parameter", "Level",
    "Finding", "Measured", "Expected", "Source", "Series", "Slice positions mm", "State",
    "Standing exception", "Query", "Explanation", "Found",
)  # fmt: skip
DECISION_COLUMNS = (
    "Study", "Site", "Subject", "Time point", "Submission", "Level", "Reviewer", "Decision",
    "Cause of deviation", "Comment", "State", "Claimed", "Decided", "Promised by",
    "Second level drawn", "Share per cent", "Seed", "Number",
)  # fmt: skip


@study_view("qc.view")
def findings(request: StudyRequest) -> HttpResponse:
    """Send every finding; whoever may take a second level does not get what it is blinded to."""
    record("qc.export", request.study, study_id=request.study.pk, details={"table": "findings"})
    rows = (
        Finding.objects.visible_to(request.actor)
        .exclude(submission__in=_kept(request))
        .select_related(
            "submission__study_site", "submission__subject", "submission__time_point", "series",
            "query",
        )
        .order_by("submission__number", "code", "key")
    )  # fmt: skip
    return csv_response(
        f"{request.study.code}_qc_findings", FINDING_COLUMNS, _finding_rows(request, rows)
    )


def _finding_rows(request: StudyRequest, rows: Any) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        sent = row.submission
        yield (
            request.study.code, sent.study_site.number, sent.subject.code, sent.time_point.label,
            str(sent), row.code, row.parameter, row.level, row.title, row.measured, row.expected,
            row.source, str(row.series or ""), " ".join(map(str, row.positions)), row.state,
            row.suppressed_by, str(row.query or ""), row.explanation, row.created_at,
        )  # fmt: skip


@study_view("qc.view")
def decisions(request: StudyRequest) -> HttpResponse:
    """Send every decision of every level, open and voided ones too."""
    record("qc.export", request.study, study_id=request.study.pk, details={"table": "decisions"})
    rows = (
        QcReview.objects.visible_to(request.actor)
        .exclude(submission__in=_kept(request))
        .select_related(
            "submission__study_site", "submission__subject", "submission__time_point", "reviewer",
            "draw",
        )
        .order_by("submission__number", "claimed_at")
    )  # fmt: skip
    return csv_response(
        f"{request.study.code}_qc_decisions", DECISION_COLUMNS, _decision_rows(request, rows)
    )


def _decision_rows(request: StudyRequest, rows: Any) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        sent, draw = row.submission, getattr(row, "draw", None)
        yield (
            request.study.code, sent.study_site.number, sent.subject.code, sent.time_point.label,
            str(sent), row.level, row.reviewer.printed_name, row.decision, row.deviation_cause,
            row.comment, row.state, row.claimed_at, row.decided_at, sent.qc_due_at,
            draw.drawn if draw else "", draw.percent if draw else "", draw.seed if draw else "",
            str(draw.number) if draw else "",
        )  # fmt: skip


def _kept(request: StudyRequest) -> Any:
    return second_level.kept_from(
        request.actor, Submission.objects.visible_to(request.actor)
    ).values("pk")
