"""The checklist of a review: what it compares with, its answers, the decision in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audit.actors import Actor
from audit.errors import RuleBroken
from imaging.models import QcReview
from imaging.services import second_level
from imaging.services.qc.claims import as_reviewer
from imaging.services.qc.findings import left_of
from imaging.services.series import effective_series
from studies.models import FormRecord, TimePoint
from studies.services import forms


def checklist_context(review: QcReview) -> dict[str, Any]:
    """Return what the checklist may compare with."""
    left = left_of(review)
    main = max(effective_series(review.time_point), key=lambda s: s.instance_count, default=None)
    values = main.facts.get("values", {}) if main else {}
    thickness = str(values.get("slice_thickness_mm", "")).split(" ")[0].split(",")[0]
    context: dict[str, Any] = {
        "findings.open_major": sum(f.level == "error" for f in left),
        "findings.open_minor": sum(f.level == "warning" for f in left),
        "queries.open": 0
        if review.level == second_level.SECOND
        else review.time_point.queries.exclude(state__in=["closed", "cancelled"]).count(),
        "time_point.kind": _kind_of(review.time_point),
    }
    if thickness:
        context["header.slice_thickness_mm"] = thickness
    asked = review.submission.check_result.get("guideline", {})
    if "slice_thickness_max_mm" in asked:
        context["guideline.slice_thickness_max_mm"] = asked["slice_thickness_max_mm"]
    return context


def _kind_of(time_point: TimePoint) -> str:
    if time_point.definition is None:
        return "unscheduled"
    return "baseline" if time_point.definition.is_baseline else "follow_up"


def save_checklist(
    review: QcReview,
    answers: Mapping[str, Any],
    *,
    seen_version: int,
    actor: Actor,
    entered_at: datetime | None = None,
) -> FormRecord:
    """Save the checklist (see ``studies.services.forms.save_answers``)."""
    return forms.save_answers(
        _checklist_of(review),
        answers,
        seen_version=seen_version,
        actor=as_reviewer(review, actor),
        entered_at=entered_at,
    )


def complete_checklist(review: QcReview, *, actor: Actor) -> FormRecord:
    """Declare the checklist complete (see ``studies.services.forms.complete``)."""
    acting_person = as_reviewer(review, actor)
    row = _checklist_of(review)
    row.refresh_from_db()
    result = forms.evaluated(row, context=checklist_context(review), final=True)
    return forms.complete(row, result, actor=acting_person)


def _checklist_of(review: QcReview) -> FormRecord:
    """Return the checklist of a review.

    Raises:
        RuleBroken: IMG-058 a resolution has none.
    """
    if review.form_record is None:
        raise RuleBroken("A resolution has no checklist of its own.", rule="IMG-058")
    return review.form_record


def mirrored(row: FormRecord, decision: str, comment: str, actor: Actor) -> FormRecord:
    """Write the decision into the checklist, so that both say the same."""
    if "decision.verdict" not in forms.form_of(row.form).items:
        return row
    part = {**row.answers.get("decision", {}), "verdict": decision.upper()}
    if comment:
        part["comment"] = comment
    if decision == "fail":
        part["rescan"] = True
    answers = {**row.answers, "decision": part}
    if answers == row.answers:
        return row
    return forms.save_answers(row, answers, seen_version=row.version, actor=actor)
