"""Where an upload stands, as its site may know it: receipt, quality control, its answer.

What readers do with the images afterwards is not told: an accepted visit stays "accepted" here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from audit import clock
from imaging.models import QcReview, Submission
from queries.models import Query
from studies.models import TimePoint

AFTER_ACCEPTANCE = frozenset({"ready", "reading", "read", "checked", "locked"})


@dataclass(frozen=True, slots=True)
class Standing:
    """A badge (tone, icon, words), a line below it, its instant, and four tones of the way:
    received, identity removed, quality control, answered."""

    tone: str
    icon: str
    words: str
    line: str = ""
    at: datetime | None = None
    way: tuple[str, str, str, str] = ("", "", "", "")


def standings(rows: Sequence[Submission]) -> dict[UUID, Standing]:
    """Return where each submission of one study stands."""
    if not rows:
        return {}
    study = rows[0].study_id
    visits = {row.time_point_id for row in rows}
    signed = QcReview.objects.in_study(study).filter(time_point__in=visits, state="signed")
    decisions: dict[UUID, QcReview] = {}
    for review in signed.order_by("decided_at", "level"):
        decisions[review.time_point_id] = review
    asked = set(
        Query.objects.in_study(study)
        .filter(time_point__in=visits, state__in=["open", "reopened"])
        .values_list("time_point_id", flat=True)
    )
    return {
        row.pk: _standing(row, decisions.get(row.time_point_id), row.time_point_id in asked)
        for row in rows
    }


def _standing(row: Submission, decision: QcReview | None, asked: bool) -> Standing:
    at = decision.decided_at if decision else None
    match row.state:
        case "draft":
            return Standing("idle", "pencil", _("Draft"), _("not sent yet"))
        case "uploading":
            way = ("work", "", "", "")
            return Standing("work", "cloud-upload", _("Not sent yet"), _("go on"), None, way)
        case "released":
            deviates = decision is not None and decision.decision == "pass_with_deviation"
            words = _("Accepted with deviation") if deviates else _("Accepted")
            line = str(decision.get_deviation_cause_display()) if decision and deviates else ""
            way = ("good", "good", "good", "good")
            return Standing("good", "shield-check", words, line or _("answered"), at, way)
        case "rejected":
            line = decision.comment if decision and decision.decision == "fail" else ""
            way = ("good", "good", "stop", "")
            return Standing("stop", "circle-x", _("Rejected"), line, at, way)
        case "held":
            line, way = _("a person looks at it"), ("good", "wait", "", "")
            return Standing("wait", "hand-stop", _("Being looked at"), line, None, way)
        case "in_qc" if asked:
            line, way = _("answer it to go on"), ("good", "good", "wait", "")
            return Standing("wait", "message-question", _("Question open"), line, None, way)
        case "in_qc":
            line, way = _promise(row), ("good", "good", "work", "")
            return Standing("work", "clipboard-check", _("In QC"), line, row.qc_due_at, way)
        case _:
            cleaned = row.state == "deidentified"
            way = ("good", "work", "", "") if cleaned else ("work", "", "", "")
            line = _promise(row)
            return Standing("work", "inbox", _("Received"), line, row.qc_due_at, way)


def _promise(row: Submission) -> str:
    late = row.qc_due_at is not None and row.qc_due_at < clock.now()
    return _("answer is late, promised by") if late else _("answer promised by")


def of_visit(row: TimePoint) -> str:
    """Return the state of a visit that its site sees: nothing after acceptance."""
    return "accepted" if row.state in AFTER_ACCEPTANCE else str(row.state)
