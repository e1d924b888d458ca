"""The scaling planner: reads to come from enrolment and schedule, against the readers' capacity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from audit import clock
from reads.design import ReadDesign
from reads.models import Onboarding, Reader, ReadSession
from reads.services.clocks import plan_for
from reads.services.drawing import turnaround_weeks
from reads.services.qualifying import effective_design, qualified_readers
from reads.services.register import active_absences, holding_contract
from reads.services.stopping import is_in_sample
from reads.staffing.forecast import DAYS, Forecast, Supply, forecast, monday_of
from reads.visibility import BEFORE_READY
from studies.calendars import Calendar, Plan
from studies.models import ProtocolVersion, Study, Subject, TimePoint, TimePointDefinition

USUAL_PER_WEEK = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What the planner takes as given; everything else is read from the study.

    Attributes:
        per_week: subjects that enrol each week from now on.
        target: subjects at the end of enrolment, those of today included.
        onboarding_weeks: how long a new reader takes until qualified.
        weeks: how far to look.
    """

    per_week: int = 0
    target: int = 0
    onboarding_weeks: int = 4
    weeks: int = 26


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast with what it rests on, in words."""

    forecast: Forecast
    readers: int
    per_new_reader: int
    notes: tuple[str, ...]


def outlook(study: Study, given: Assumptions) -> Outlook:
    """Forecast the reads of a study.

    Raises:
        RuleBroken: the study has no effective charter or plan.
    """
    configuration, design = effective_design(study)
    today = clock.today()
    people = qualified_readers(study, configuration)
    entries = list(Reader.objects.filter(user__in=people).select_related("user"))
    entries = [one for one in entries if one.state == "active"]
    usual = int(median([one.per_week for one in entries])) if entries else USUAL_PER_WEEK
    release = _Release.of(plan_for(study, configuration))
    made = forecast(
        [*_known(study, design, release), *_enrolling(study, design, given, release)],
        [*map(_supply, entries), *_on_their_way(study, given, entries)],
        today=today,
        weeks=given.weeks,
        turnaround_weeks=turnaround_weeks(study, configuration),
        new_reader=Supply(
            per_week=usual, since=today + timedelta(days=DAYS * given.onboarding_weeks)
        ),
    )
    notes = [
        f"{user.printed_name} is not in the register and counts with no capacity."
        for user in people
        if user.pk not in {one.user_id for one in entries}
    ]
    return Outlook(made, len(entries), usual, tuple(notes))


def _supply(reader: Reader) -> Supply:
    held = holding_contract(reader)
    return Supply(
        per_week=reader.per_week,
        until=held.valid_until if held else None,
        absences=tuple(active_absences(reader).values_list("first_day", "last_day")),
    )


def _on_their_way(study: Study, given: Assumptions, counted: Sequence[Reader]) -> Iterator[Supply]:
    """Readers in onboarding count from the day on which they should be qualified, each once."""
    rows = Onboarding.objects.in_study(study).exclude(state__in=("qualified", "stopped"))
    rows = rows.filter(reader__state="active").exclude(reader__in=counted)
    for row in rows.select_related("reader"):
        since = row.created_at.date() + timedelta(days=DAYS * given.onboarding_weeks)
        yield Supply(per_week=row.reader.per_week, since=max(since, clock.today()))


def _known(study: Study, design: ReadDesign, release: _Release) -> Iterator[tuple[date, int]]:
    """Yield the day and number of reads of every time point that is not read to the end."""
    rows = TimePoint.objects.in_study(study).exclude(
        state__in=("not_done", "read", "checked", "locked")
    )
    signed = _signed(study)
    for point in rows.select_related("subject"):
        if not is_in_sample(point.subject, design):
            continue
        left = design.readers - signed.get(point.pk, 0)
        if left <= 0:
            continue
        if point.state not in BEFORE_READY:
            yield clock.today(), left
        elif day := point.assessment_date or point.planned_date:
            yield release.after(day), left


def _signed(study: Study) -> dict[Any, int]:
    rows = ReadSession.objects.in_study(study).filter(
        state__in=("signed", "final"),
        task__stream__purpose="efficacy",
        task__stream__closed_reason="",
    )
    found: dict[Any, int] = {}
    for point in rows.values_list("task__time_point_id", flat=True):
        found[point] = found.get(point, 0) + 1
    return found


def _enrolling(
    study: Study, design: ReadDesign, given: Assumptions, release: _Release
) -> Iterator[tuple[date, int]]:
    """Yield the reads of subjects who have still to come, week by week until the target."""
    protocol = ProtocolVersion.objects.in_study(study).filter(state="effective").first()
    missing = given.target - Subject.objects.in_study(study).count()
    if protocol is None or not given.per_week or missing <= 0:
        return
    offsets = list(
        TimePointDefinition.objects.in_study(study)
        .filter(protocol_version=protocol)
        .values_list("offset_days", flat=True)
    )
    share = design.sampling.percent / 100
    enrols = monday_of(clock.today()) + timedelta(days=DAYS)
    while missing > 0:
        now = min(given.per_week, missing)
        missing -= now
        for offset in offsets:
            day = release.after(enrols + timedelta(days=offset))
            yield day, round(now * design.readers * share)
        enrols += timedelta(days=DAYS)


@dataclass(frozen=True, slots=True)
class _Release:
    """When images taken on a day can be read: the plan's time for upload and QC later."""

    calendar: Calendar
    days: int

    @classmethod
    def of(cls, plan: Plan) -> _Release:
        return cls(plan.calendar, sum(plan.business_days(name) or 0 for name in ("upload", "qc")))

    def after(self, day: date) -> date:
        """Return the day on which images of ``day`` can be read."""
        start = datetime.combine(day, time(12), ZoneInfo(self.calendar.zone))
        return self.calendar.add_business_days(start, self.days).date()
