"""A study whose reads come due: readers in the register, a plan with clocks for reminders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from audit import clock
from reads.models import Reader, ReaderContract
from reads.services import register
from studies.models import Configuration
from studies.scoping import scope
from tests.reads.read_world import READERS, make_read_study, ready, run_jobs
from tests.remembering import remembered
from tests.world import PLAN, StudyWorld, _configure

VALUES = {"specialty": "Radiology", "country": "se", "per_day": 4, "per_week": 20}


def desk(world: StudyWorld) -> Any:
    return world.actor("reviewer_operations")


def entered(world: StudyWorld, name: str = READERS[0], **values: Any) -> Reader:
    """Enter a reader with a signed contract of 120 EUR a time point."""
    one = register.enter(world.users[name], VALUES | values, actor=desk(world))
    contracted(world, one)
    return one


def contracted(
    world: StudyWorld, one: Reader, *, rates: dict[str, str] | None = None, days: int = 365
) -> ReaderContract:
    made = register.draft_contract(
        one,
        number=f"K-{one.contracts.count()}-{str(one.pk)[:6]}",
        valid_from=clock.today() - timedelta(days=1),
        valid_until=clock.today() + timedelta(days=days),
        currency="EUR",
        rates=rates or {"time_point": "120", "adjudication": "80.50"},
        actor=desk(world),
    )
    for step in ("send", "sign"):
        made = register.move_contract(made, step, actor=desk(world))
    return made


@remembered
def make_care_study(**design: Any) -> StudyWorld:
    """Return a study with two registered readers who hold the baseline of the first subject.

    A read is due after 7 business days, reminded of 2 before, escalated 3 after.
    """
    world = make_read_study(**design)
    clocks = PLAN["turnarounds"] | {
        "read_reminder": {"amount": 2, "unit": "business_days"},
        "read_escalation": {"amount": 3, "unit": "business_days"},
    }
    with scope(world.study):
        _configure(
            world, Configuration.Kind.PLAN, "plan", "Project plan", PLAN | {"turnarounds": clocks}
        )
        for name in READERS:
            entered(world, name)
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
    return world
