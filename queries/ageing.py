"""How old a query is, and what that makes of it: all derived from the clock and the plan.

Ages are business days of the plan's calendar. The clock runs while the site has the query and
stands still while an answer waits for us.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from queries.models import Query
from studies.calendars import Plan

BUCKETS = (("0-2", "0 to 2 days"), ("3-5", "3 to 5 days"), ("6-10", "6 to 10 days"))
OLDEST = ("10-", "over 10 days")
ALL_BUCKETS = (*BUCKETS, OLDEST)
_ENDS = (2, 5, 10)
#: states in which the site holds the query
WITH_SITE = ("open", "reopened")


def bucket_of(days: int) -> str:
    """Return the code of the bucket in which an age lies."""
    return ALL_BUCKETS[sum(days > end for end in _ENDS)][0]


@dataclass(frozen=True, slots=True)
class Age:
    """The clock of one query at one instant.

    Attributes:
        days: business days since it was opened, up to its end if it is over.
        left: business days until the answer is due; negative when late.
        escalates_at: from then on an unanswered query is escalated.
    """

    days: int
    left: int
    with_site: bool
    is_overdue: bool
    is_escalated: bool
    escalates_at: datetime

    @property
    def bucket(self) -> str:
        """Code of the bucket."""
        return bucket_of(self.days)


def escalation_of(plan: Plan) -> Callable[[datetime], datetime]:
    """Return from when on a query due at an instant is escalated.

    The plan's clock ``query_escalation`` counts from the due date; without it the site gets the
    turnaround of a query once more.
    """
    name = "query_escalation" if "query_escalation" in plan.turnarounds else "query"
    return lambda due_at: plan.due(name, due_at).at


def age_of(query: Query, *, plan: Plan, now: datetime) -> Age:
    """Return the clock of a query."""
    with_site = query.state in WITH_SITE
    end = now if query.is_open else (query.closed_at or now)
    escalates_at = escalation_of(plan)(query.due_at)
    return Age(
        days=max(0, plan.calendar.business_days_between(query.opened_at, end)),
        left=plan.calendar.business_days_between(now, query.due_at),
        with_site=with_site,
        is_overdue=with_site and query.due_at < now,
        is_escalated=with_site and escalates_at < now,
        escalates_at=escalates_at,
    )


def shown_state(query: Query, age: Age) -> str:
    """Return the code under which a query is shown: what asks for action wins."""
    if age.is_escalated:
        return "ESCALATED"
    if age.is_overdue:
        return "OVERDUE"
    return str(query.state).upper()
