"""What performance is measured on: signed efficacy reads of a study, in five questions.

The number of questions to the database does not depend on how many reads there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, Subquery, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, TruncDate

from accounts.permissions import Role
from audit.actors import Actor
from audit.errors import RuleBroken
from reads.criteria import registry
from reads.models import AdjudicationCase, CriterionAssessment, ReadSession, TrainingReminder
from reads.performance.measures import Drift, Measured, drift, measure, months
from reads.performance.records import Case, Pair, Period, Reading
from reads.services.assigning import readers_of
from reads.services.qualifying import effective_design
from studies.models import Study

VARIABLE = "overall_response"
COUNTED = ("signed", "final")
TWO = 2
LETTERS = 26


@dataclass(frozen=True, slots=True)
class ReaderName:
    """A reader as this actor may know them; ``number`` names the reader's page."""

    user_id: Any
    number: int
    name: str


def names_for(study: Study, actor: Actor) -> list[ReaderName]:
    """Return the readers of a study as an actor may know them.

    Sponsors see letters; who may see the register sees names; everybody else sees codes.
    """
    found = []
    for number, user in enumerate(readers_of(study), start=1):
        if Role.SPONSOR in actor.roles:
            name = f"Reader {_letter(number)}"
        elif actor.may("reader.view"):
            name = f"R-{number:02d} {user.printed_name}"
        else:
            name = f"R-{number:02d}"
        found.append(ReaderName(user.pk, number, name))
    return found


def _letter(number: int) -> str:
    """Return A to Z, then AA, AB …"""
    more, last = divmod(number - 1, LETTERS)
    return (_letter(more) if more else "") + chr(ord("A") + last)


@dataclass(frozen=True)
class _Own:
    """What concerns one reader."""

    readings: list[Reading] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


@dataclass(frozen=True)
class Evidence:
    """Everything that was read, adjudicated and reminded of in a stretch of time.

    Readers are known by the text of their id: tens of thousands of rows are compared by it, and a
    UUID is slow to make, to hash and to compare.
    """

    readings: Sequence[Reading]
    pairs: Sequence[Pair]
    cases: Sequence[Case]
    reminders: Mapping[Any, int]
    criterion: str

    @cached_property
    def periods(self) -> list[Period]:
        """The months (or quarters, or years) from the first signature to the last."""
        days = [one.at for one in self.readings]
        return months(min(days), max(days)) if days else []

    @cached_property
    def _by_reader(self) -> Mapping[Any, _Own]:
        # One pass for all readers: a page asks for each of them.
        found: dict[Any, _Own] = defaultdict(_Own)
        for reading in self.readings:
            found[reading.reader].readings.append(reading)
        for pair in self.pairs:
            for one in set(pair.readers):
                found[one].pairs.append(pair)
        for case in self.cases:
            for one in set(case.readers):
                found[one].cases.append(case)
        return dict(found)

    def _own(self, reader: Any) -> _Own:
        return self._by_reader.get(str(reader)) or _Own()

    def of(self, reader: Any = None) -> Measured:
        """Measure the study, or one reader."""
        if reader is None:
            return measure(self.readings, self.pairs, self.cases)
        own = self._own(reader)
        return measure(own.readings, own.pairs, own.cases, reader=str(reader))

    def drift_of(self, reader: Any = None) -> Drift:
        """Watch the discordance of the study, or of one reader."""
        pairs = self.pairs if reader is None else self._own(reader).pairs
        return drift(pairs, self.periods)

    def minutes_by_period(self, reader: Any = None) -> list[tuple[str, float]]:
        """Return the median active minutes of each period with a timed read."""
        found = []
        readings = self.readings if reader is None else self._own(reader).readings
        for period in self.periods:
            inside = [one for one in readings if period.holds(one.at) and one.seconds]
            seen = measure(inside, (), ()).median_seconds
            if seen is not None:
                found.append((period.label, round(seen / 60, 1)))
        return found


def criteria_of(study: Study) -> list[tuple[str, str]]:
    """Return key and title of the criteria that readers of the study respond by."""
    try:
        _, design = effective_design(study)
    except RuleBroken:  # a study whose charter is not effective yet has no criterion
        return []
    return [(key, registry.get(key).title) for key in design.criteria]


def gather(
    study: Study, *, criterion: str, first: date | None = None, last: date | None = None
) -> Evidence:
    """Collect what was signed between two days (of the study's zone), both included."""
    zone = ZoneInfo(study.time_zone)

    def inside(day: date) -> bool:
        return (first is None or first <= day) and (last is None or day <= last)

    rows = CriterionAssessment.objects.in_study(study).filter(
        _counts("session__"), criterion=criterion, session__task__kind="time_point"
    )
    # Asked for by itself: inside the next question, a planner without statistics (rows just loaded)
    # may look for it again for every read, which takes minutes.
    overridden = set(rows.exclude(override_class="").values_list("session_id", flat=True))
    signed = ReadSession.objects.in_study(study).filter(_counts())
    found = signed.values_list(
        "pk",
        _text("task__stream__reader_id"),
        TruncDate("signed_at", tzinfo=zone),
        "seconds_active",
    )
    readings = [
        Reading(reader, day, seconds, session in overridden)
        for session, reader, day, seconds in found
        if inside(day)
    ]
    pairs = [pair for pair in _pairs(rows, zone) if inside(pair.at)]
    cases = [case for case in _cases(study, zone) if inside(case.at)]
    return Evidence(readings, pairs, cases, _reminders(study, inside, zone), criterion)


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _counts(path: str = "") -> Q:
    """Keep the reads that count: efficacy, signed, of courses that were not replaced."""
    kept: dict[str, Any] = {
        "state__in": COUNTED,
        "signed_at__isnull": False,
        "task__stream__purpose": "efficacy",
        "task__stream__closed_reason": "",
        "task__stream__role__in": ("reader_1", "reader_2"),
    }
    return Q(**{path + name: value for name, value in kept.items()})


def _text(path: str) -> Cast:
    """Return an id as the text that it is compared by."""
    return Cast(path, TextField())


def _reader_of(path: str) -> Subquery:
    """Return the reader of a session, looked up by its key.

    Six joins for the two sessions of a case are a trap: without statistics (rows just loaded) the
    planner may pair all sessions with all sessions.
    """
    session = ReadSession._base_manager.filter(pk=OuterRef(path))
    return Subquery(session.values_list(_text("task__stream__reader_id"))[:1])


def _pairs(rows: Any, zone: ZoneInfo) -> list[Pair]:
    """Return what two readers said of one time point; baselines have no response yet."""
    seen: dict[Any, list[tuple[Any, str, date]]] = defaultdict(list)
    found = (
        rows.filter(session__task__sequence__gt=1)
        .order_by("session__task__stream__role")
        .values_list(
            _text("session__task__time_point_id"),
            _text("session__task__stream__reader_id"),
            KeyTextTransform(VARIABLE, "entered"),
            KeyTextTransform(VARIABLE, "derived"),
            TruncDate("session__signed_at", tzinfo=zone),
        )
    )
    for point, reader, entered, derived, day in found:
        # The reader's own response counts, which may override the derived one.
        call = str(entered or derived or "").replace("_", " ")
        if call:
            seen[point].append((reader, call, day))
    return [
        Pair((one[0], two[0]), (one[1], two[1]), max(one[2], two[2]))
        for one, two in (both for both in seen.values() if len(both) == TWO)
    ]


def _cases(study: Study, zone: ZoneInfo) -> list[Case]:
    rows = (
        AdjudicationCase.objects.in_study(study)
        .filter(level=AdjudicationCase.Level.TIME_POINT)
        .exclude(state="voided")
        .values_list(
            _reader_of("session_1_id"),
            _reader_of("session_2_id"),
            "variables",
            "state",
            "choice",
            "third",
            "first_is_a",
            "created_at",
            "decided_at",
        )
    )
    found = []
    for one, two, variables, state, choice, third, first_is_a, opened, decided in rows:
        upheld = None
        if state == "signed" and choice in {"A", "B"} and not third:
            upheld = one if (choice == "A") == first_is_a else two
        found.append(
            Case(
                readers=(one, two),
                at=_day(decided or opened, zone),
                variables=tuple(sorted({str(row["variable"]) for row in variables})),
                decided=state == "signed",
                upheld=upheld,
            )
        )
    return found


def _reminders(study: Study, inside: Any, zone: ZoneInfo) -> Mapping[Any, int]:
    """Count the training point reminders of each reader."""
    issued = TrainingReminder.objects.in_study(study).exclude(issued_at=None)
    rows = issued.exclude(state="withdrawn").values_list("reader_id", "issued_at")
    return Counter(reader for reader, at in rows if inside(_day(at, zone)))
