"""The figures of the study overview: counts of where scans are, queries by age, sites.

Nothing here reads an answer of a reader: sponsors see the same figures as the staff.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.urls import reverse

from audit import clock
from audit.actors import Actor
from exports.models import CutItem
from imaging.models import Submission
from projects.turnaround import planned_days, scan_instant
from queries.models import Query
from reads.models import AdjudicationCase, ReadTask
from reads.visibility import OPEN
from studies.calendars import Plan
from studies.models import Study, StudySite, Subject, TimePoint
from ui.records import FunnelStage, StackRow

WAY = ("expected", "received", "in_qc", "accepted", "ready", "reading", "read", "checked", "locked")
AGE_PARTS = ("0–2", "3–5", "6–10", "over 10 days")
_AGE_ENDS = (2, 5, 10)
PROGRESS_PARTS = ("Read and locked", "QC accepted", "Received")
MONTHS_SHOWN = 6
GOOD, WATCH = 85, 70


def _from(state: str) -> Q:
    return Q(state__in=WAY[WAY.index(state) :])


def due_by_today(study: Study) -> Any:
    """Return the time points that should have scans by today: window open, or scans there."""
    today = clock.today(study.time_zone)
    rows = TimePoint.objects.in_study(study).exclude(state="not_done")
    return rows.filter(~Q(state="expected") | Q(window_from__lte=today))


def funnel(study: Study, actor: Actor) -> list[FunnelStage]:
    """Return how many time points reached each stage, what waits there and what of it is late."""
    now, today = clock.now(), clock.today(study.time_zone)
    signed = ReadTask.objects.in_study(study).filter(
        time_point=OuterRef("pk"), kind=ReadTask.Kind.TIME_POINT, state="signed"
    )
    rows = due_by_today(study).annotate(one_signed=Exists(signed))
    n: dict[str, int] = rows.aggregate(
        expected=Count("pk"),
        received=Count("pk", filter=_from("received")),
        accepted=Count("pk", filter=_from("accepted")),
        ready=Count("pk", filter=_from("ready")),
        read_1=Count("pk", filter=Q(one_signed=True) | _from("read")),
        read_2=Count("pk", filter=_from("read")),
        locked=Count("pk", filter=Q(state="locked")),
        late=Count("pk", filter=Q(state="expected", window_to__lt=today)),
    )
    in_qc = Submission.objects.in_study(study).filter(state__in=["in_qc", "held"])
    reads = ReadTask.objects.in_study(study).filter(state__in=OPEN, due_at__lt=now)
    late_reads = Count("time_point", distinct=True)
    cases = AdjudicationCase.objects.in_study(study).filter(state__in=["pending", "claimed"])
    begun = Q(time_point__read_tasks__state="signed")
    late = {
        "received": in_qc.filter(qc_due_at__lt=now).values("time_point").distinct().count(),
        "ready": reads.exclude(begun).aggregate(n=late_reads)["n"],
        "read_1": reads.filter(begun).aggregate(n=late_reads)["n"],
        "read_2": cases.filter(due_at__lt=now).count(),
    }
    delivered = (
        CutItem.objects.filter(
            study=study,
            record_kind="studies.timepoint",
            cut__state__in=["released", "acknowledged"],
            record_id__in=[
                str(pk) for pk in rows.filter(state="locked").values_list("pk", flat=True)
            ],
        )
        .values("record_id")
        .distinct()
        .count()
    )
    stages = (
        ("Expected", n["expected"], n["received"], "to upload", n["late"], "idle", "expected"),
        ("Received", n["received"], n["accepted"], "in QC", late["received"], "work", "in_qc"),
        ("QC accepted", n["accepted"], n["ready"], "not ready", 0, "work", "accepted"),
        ("Ready to read", n["ready"], n["read_1"], "unread", late["ready"], "good", "ready"),
        ("Read 1 signed", n["read_1"], n["read_2"], "wait", late["read_1"], "read", "reading"),
        ("Both signed", n["read_2"], n["locked"], "to settle", late["read_2"], "read", "read"),
        ("Locked", n["locked"], delivered, "since last cut", 0, "final", "locked"),
        ("Delivered", delivered, delivered, "", 0, "final", "locked"),
    )
    links = actor.may("timepoint.view")
    page = reverse("matrix", args=[study.code])
    return [
        FunnelStage(
            label=label,
            count=count,
            note=f"{count - after} {words}" if words and count > after else "",
            late=overdue,
            tone=tone,
            url=f"{page}?state={state}" if links else "",
        )
        for label, count, after, words, overdue, tone, state in stages
    ]


def images_by_time_point(study: Study) -> list[StackRow]:
    """Return, by visit, what is locked, accepted, received and expected by today."""
    rows = (
        due_by_today(study)
        .filter(definition__isnull=False)
        .values("definition__label", "definition__offset_days")
        .annotate(
            locked=Count("pk", filter=Q(state="locked")),
            accepted=Count("pk", filter=_from("accepted") & ~Q(state="locked")),
            received=Count("pk", filter=Q(state__in=["received", "in_qc"])),
            all=Count("pk"),
        )
        .order_by("definition__offset_days")
    )
    return [
        StackRow(
            label=row["definition__label"],
            values=(row["locked"], row["accepted"], row["received"]),
            expected=row["all"],
        )
        for row in rows
    ]


def queries_by_age(study: Study, actor: Actor, plan: Plan) -> list[StackRow]:
    """Return open queries by site and age in business days, sites with the oldest first."""
    now = clock.now()
    found: dict[UUID, list[int]] = defaultdict(lambda: [0] * len(AGE_PARTS))
    names: dict[UUID, StudySite] = {}
    waiting = Query.objects.in_study(study).filter(state__in=["open", "answered", "reopened"])
    for query in waiting.select_related("study_site__site"):
        age = plan.calendar.business_days_between(query.opened_at, now)
        found[query.study_site_id][age_part(age)] += 1
        names[query.study_site_id] = query.study_site
    ordered = sorted(found, key=lambda pk: tuple(reversed(found[pk])), reverse=True)
    page = reverse("study-overview", args=[study.code])
    return [
        StackRow(label=str(names[pk]), values=tuple(found[pk]), url=f"{page}#sites")
        for pk in ordered
    ]


def age_part(days: int) -> int:
    """Return the place of an age among the parts of the chart."""
    return sum(days > end for end in _AGE_ENDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """A site in figures; shares are in per cent, nothing where there is nothing to count yet."""

    site: StudySite
    subjects: int
    in_time: float | None
    right_first_time: float | None
    open_queries: int
    oldest_days: int | None
    trend: tuple[float, ...]

    @property
    def tone(self) -> str:
        """The tone of the share that was right the first time."""
        share = self.right_first_time
        if share is None:
            return "idle"
        return "good" if share >= GOOD else "wait" if share >= WATCH else "stop"


def sites(study: Study, plan: Plan) -> list[SiteRow]:
    """Return the sites, those that need attention first."""
    subjects = Counter(Subject.objects.in_study(study).values_list("study_site_id", flat=True))
    sent = _first_sendings(study)
    now = clock.now()
    waiting = Query.objects.in_study(study).filter(state__in=["open", "answered", "reopened"])
    queries = {
        row["study_site"]: (row["n"], row["since"])
        for row in waiting.values("study_site").annotate(n=Count("pk"), since=Min("opened_at"))
    }
    allowed = planned_days(plan, "upload")
    found = []
    for site in StudySite.objects.in_study(study).select_related("site"):
        number, since = queries.get(site.pk, (0, None))
        mine = sent.get(site.pk, [])
        found.append(
            SiteRow(
                site=site,
                subjects=subjects[site.pk],
                in_time=_share([s.in_time(plan, study, allowed) for s in mine]),
                right_first_time=_share([s.right for s in mine]),
                open_queries=number,
                oldest_days=plan.calendar.business_days_between(since, now) if since else None,
                trend=_trend(mine, now),
            )
        )
    return sorted(
        found,
        key=lambda row: (
            -row.open_queries,
            101 if row.right_first_time is None else row.right_first_time,
            row.site.number,
        ),
    )


@dataclass(frozen=True, slots=True)
class Sending:
    """The first sending of a visit: when it came, and whether it was right as it came."""

    at: datetime
    scanned: Any
    right: bool | None

    def in_time(self, plan: Plan, study: Study, allowed: float | None) -> bool | None:
        """Tell whether it came within the plan after the scan; nothing where that is unknown."""
        if self.scanned is None or allowed is None:
            return None
        start = scan_instant(self.scanned, study.time_zone)
        return plan.calendar.business_days_between(start, self.at) <= allowed


def _first_sendings(study: Study) -> dict[UUID, list[Sending]]:
    """Return first sendings by site.

    A visit was right the first time when QC accepted it and nothing was asked or sent again; it was
    wrong when something was; before QC has decided it counts as neither.
    """
    asked = Query.objects.in_study(study).filter(time_point=OuterRef("time_point"))
    again = Submission.objects.in_study(study).filter(corrects=OuterRef("pk"))
    rows = (
        Submission.objects.in_study(study)
        .filter(corrects=None)
        .exclude(received_at=None)
        .exclude(state="withdrawn")
        .annotate(was_asked=Exists(asked), was_corrected=Exists(again))
        .order_by("received_at")
    )
    found: dict[UUID, list[Sending]] = defaultdict(list)
    for row in rows.select_related("time_point"):
        wrong = row.was_asked or row.was_corrected or row.state == "rejected"
        right = False if wrong else True if row.state == "released" else None
        found[row.study_site_id].append(
            Sending(row.received_at, row.time_point.assessment_date, right)
        )
    return found


def _share(values: Sequence[bool | None]) -> float | None:
    known = [value for value in values if value is not None]
    return 100 * sum(known) / len(known) if known else None


def _trend(sendings: Sequence[Sending], now: datetime) -> tuple[float, ...]:
    """Return the share right first time up to each of the last months that has figures."""
    last = now.year * 12 + now.month
    shares = []
    for month in range(last - MONTHS_SHOWN + 1, last + 1):
        known = [s.right for s in sendings if s.at.year * 12 + s.at.month <= month]
        share = _share(known)
        if share is not None:
            shares.append(share)
    return tuple(shares)
