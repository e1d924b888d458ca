"""The list of queries: who may see what, filters, ages, and the rows of the table as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit import clock
from audit.actors import Actor
from queries.ageing import ALL_BUCKETS, Age, age_of, bucket_of, shown_state
from queries.models import Query
from studies.calendars import Plan
from studies.models import Study
from studies.services.configuration import plan_of

OPEN_STATES = ("open", "answered", "reopened")
#: value of the filter -> states; nothing chosen shows what is not over
STATE_FILTERS: Mapping[str, tuple[str, ...]] = {
    "": OPEN_STATES,
    "site": ("open", "reopened"),
    "answered": ("answered",),
    "closed": ("closed",),
    "cancelled": ("cancelled",),
    "all": (*OPEN_STATES, "closed", "cancelled"),
}
ORDERS = {"due": "due_at", "opened": "opened_at", "number": "number", "site": "study_site__number"}
COLUMNS = (
    "QUERY",
    "SITE",
    "SUBJECT",
    "VISIT",
    "CAUSE",
    "QUESTION",
    "STATUS",
    "OPENED",
    "DUE",
    "AGE_BUSINESS_DAYS",
    "LATE",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for."""

    state: str = ""
    site: str = ""
    cause: str = ""
    age: str = ""
    late: bool = False
    sort: str = "due"

    @classmethod
    def from_query(cls, values: Mapping[str, str]) -> Wanted:
        """Read the query of an address; what is unknown is taken as not chosen."""
        state, sort = values.get("state", ""), values.get("sort", "due")
        cause, age = values.get("cause", ""), values.get("age", "")
        return cls(
            state=state if state in STATE_FILTERS else "",
            site=values.get("site", ""),
            cause=cause if cause in Query.Cause.values else "",
            age=age if age in dict(ALL_BUCKETS) else "",
            late=values.get("late", "") == "1",
            sort=sort if sort.removeprefix("-") in ORDERS else "due",
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A query with its clock."""

    row: Query
    age: Age
    state: str


@dataclass(frozen=True, slots=True)
class Ageing:
    """The open queries by age: over all sites, and per site in the order of the buckets."""

    buckets: Mapping[str, int]
    late: int
    states: Mapping[str, int]
    causes: Counter[str]
    by_site: Mapping[Any, tuple[int, ...]]


def visible(actor: Actor) -> Any:
    """Return the queries that the actor may see."""
    return Query.objects.visible_to(actor)


def ageing(actor: Actor, plan: Plan) -> Ageing:
    """Count the open queries that the actor may see; one query to the database."""
    now = clock.now()
    buckets: Counter[str] = Counter()
    states: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    by_site: dict[Any, Counter[str]] = {}
    late = 0
    rows = visible(actor).filter(state__in=OPEN_STATES).order_by("study_site__number")
    for site, state, cause, opened_at, due_at in rows.values_list(
        "study_site_id", "state", "cause", "opened_at", "due_at"
    ):
        days = plan.calendar.business_days_between(opened_at, now)
        bucket = bucket_of(max(0, days))
        buckets[bucket] += 1
        states[state] += 1
        causes[cause] += 1
        by_site.setdefault(site, Counter())[bucket] += 1
        late += state != "answered" and due_at < now
    return Ageing(
        buckets={code: buckets[code] for code, _ in ALL_BUCKETS},
        late=late,
        states=states,
        causes=causes,
        by_site={
            site: tuple(counts[code] for code, _ in ALL_BUCKETS) for site, counts in by_site.items()
        },
    )


def chosen(actor: Actor, wanted: Wanted, plan: Plan) -> Any:
    """Return the rows that the list shows, in its order."""
    now = clock.now()
    rows = visible(actor).filter(state__in=STATE_FILTERS[wanted.state])
    if wanted.site:
        rows = rows.filter(study_site__number=wanted.site)
    if wanted.cause:
        rows = rows.filter(cause=wanted.cause)
    if wanted.late:
        rows = rows.filter(state__in=STATE_FILTERS["site"], due_at__lt=now)
    if wanted.age:
        rows = rows.filter(pk__in=_of_age(rows, wanted.age, plan))
    descending = "-" if wanted.sort.startswith("-") else ""
    order = ORDERS[wanted.sort.removeprefix("-")]
    return rows.select_related("subject", "time_point", "study_site__site").order_by(
        f"{descending}{order}", "number"
    )


def _of_age(rows: Any, bucket: str, plan: Plan) -> list[Any]:
    # Business days are the calendar's, so the age is counted here and not in the database.
    now = clock.now()
    listed = rows.values_list("pk", "opened_at", "closed_at")
    return [
        pk
        for pk, opened_at, closed_at in listed
        if bucket_of(max(0, plan.calendar.business_days_between(opened_at, closed_at or now)))
        == bucket
    ]


def lines(rows: Iterable[Query], plan: Plan) -> list[Line]:
    """Return rows with their clocks."""
    now = clock.now()
    found = []
    for row in rows:
        age = age_of(row, plan=plan, now=now)
        found.append(Line(row, age, shown_state(row, age)))
    return found


def table(study: Study, actor: Actor, values: Mapping[str, str]) -> list[Sequence[Any]]:
    """Return exactly the rows that an address of the list shows, all pages, for a file."""
    plan = plan_of(study)
    return [
        (
            str(line.row),
            line.row.study_site.number,
            line.row.subject.code if line.row.subject else None,
            line.row.time_point.label if line.row.time_point else None,
            line.row.get_cause_display(),
            line.row.title,
            line.row.get_state_display(),
            _utc(line.row.opened_at),
            _utc(line.row.due_at),
            line.age.days,
            "Y" if line.age.is_overdue else "N",
        )
        for line in lines(chosen(actor, Wanted.from_query(values), plan), plan)
    ]


def _utc(at: Any) -> str:
    return str(at.strftime("%Y-%m-%dT%H:%M:%SZ"))
