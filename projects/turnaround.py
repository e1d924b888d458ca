"""How long the steps of a scan's way took, in business days of the plan's calendar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from statistics import median
from zoneinfo import ZoneInfo

from imaging.models import QcReview, Submission
from queries.models import Query
from reads.models import AdjudicationCase, ReadSession
from studies.calendars import Plan
from studies.models import Study
from ui.records import TurnaroundRow

Pair = tuple[datetime, datetime]
HOURS_A_DAY = 24
#: shares in per cent from which a step is drawn as good, or as one to watch
GOOD, WATCH = 90, 75


def rows(study: Study, plan: Plan) -> list[TurnaroundRow]:
    """Return median and ninth decile of every step that has happened, against the plan."""
    found = []
    for label, name, pairs in (
        ("Upload after scan", "upload", _uploads(study)),
        ("QC after receipt", "qc", _qc(study)),
        ("Query answer", "query", _queries(study)),
        ("Read after release", "read", _reads(study)),
        ("Adjudication", "adjudication", _adjudications(study)),
    ):
        days = [float(plan.calendar.business_days_between(*pair)) for pair in pairs]
        allowed = planned_days(plan, name)
        if days and allowed is not None:
            found.append(summary(label, days, allowed))
    return found


def planned_days(plan: Plan, name: str) -> float | None:
    """Return the plan of a clock in business days, or nothing where the plan has no such clock."""
    turnaround = plan.turnarounds.get(name)
    if turnaround is None:
        return None
    amount = float(turnaround["amount"])
    return amount / HOURS_A_DAY if turnaround["unit"] == "hours" else amount


def summary(label: str, days: Sequence[float], plan: float) -> TurnaroundRow:
    """Return one row of the chart: median, ninth decile (nearest rank), share within the plan."""
    ordered = sorted(days)
    in_time = 100 * sum(day <= plan for day in ordered) / len(ordered)
    rank = -(-9 * len(ordered) // 10)
    tone = "good" if in_time >= GOOD else "wait" if in_time >= WATCH else "stop"
    return TurnaroundRow(
        label=label,
        median=median(ordered),
        ninth_decile=ordered[rank - 1],
        plan=plan,
        percent_in_time=in_time,
        tone=tone,
    )


def scan_instant(day: date, zone: str) -> datetime:
    """Return noon of a scan day: scan dates have no time of their own."""
    return datetime.combine(day, time(12), ZoneInfo(zone))


def _uploads(study: Study) -> Iterable[Pair]:
    sent = Submission.objects.in_study(study).filter(corrects=None).exclude(received_at=None)
    for day, at in sent.values_list("time_point__assessment_date", "received_at"):
        if day is not None:
            yield scan_instant(day, study.time_zone), at


def _qc(study: Study) -> Iterable[Pair]:
    signed = QcReview.objects.in_study(study).filter(state="signed", level=1)
    yield from signed.exclude(submission__received_at=None).values_list(
        "submission__received_at", "decided_at"
    )


def _queries(study: Study) -> Iterable[Pair]:
    answered = Query.objects.in_study(study).exclude(answered_at=None)
    yield from answered.values_list("opened_at", "answered_at")


def _reads(study: Study) -> Iterable[Pair]:
    signed = ReadSession.objects.in_study(study).exclude(signed_at=None).exclude(state="voided")
    yield from signed.values_list("task__created_at", "signed_at")


def _adjudications(study: Study) -> Iterable[Pair]:
    decided = AdjudicationCase.objects.in_study(study).filter(state="signed")
    yield from decided.values_list("created_at", "decided_at")
