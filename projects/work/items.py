"""The shape of a work item and the inbox that collects them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from accounts.models import User
from audit import clock
from audit.actors import Actor
from studies.actors import actor_for, home_actor, studies_of
from studies.models import Study
from studies.scoping import scope


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """Something a person has to do: verb first, then where and why, with its clock.

    Attributes:
        what: verb and object ("Assign an adjudicator").
        study: code of the study, or nothing for the installation.
        about: object and reason.
        kind: one word for the list ("Query").
        cause: why it is late, for "Late, and why".
    """

    what: str
    study: str
    about: str
    kind: str
    url: str
    icon: str
    tone: str = "work"
    due: datetime | None = None
    cause: str = ""

    @property
    def is_late(self) -> bool:
        """Tell whether its clock has run out."""
        return self.due is not None and self.due < clock.now()


#: how many items of one kind are listed at the most, where more would hide the rest
FEW = 12


def end_of_day(day: date, study: Study) -> datetime:
    """Return the instant at which a working day of a study ends: 18:00 in its zone."""
    return datetime.combine(day, time(18), ZoneInfo(study.time_zone))


Source = Callable[[Study, Actor], Iterable[WorkItem]]
#: right -> sources of work for people who hold it in a study
SOURCES: list[tuple[str, Source]] = []
#: sources of work outside any study, by right
HOME_SOURCES: list[tuple[str, Callable[[Actor], Iterable[WorkItem]]]] = []


def source(name: str) -> Callable[[Source], Source]:
    """Register a source of work for everybody who holds a right."""

    def register(function: Source) -> Source:
        SOURCES.append((name, function))
        return function

    return register


def work_of(user: User, *, study: Study | None = None) -> list[WorkItem]:
    """Return a person's work, late first, in one study or over all."""
    found: list[WorkItem] = []
    for one in [study] if study else studies_of(user):
        actor = actor_for(user, one)
        if actor is None:
            continue
        with scope(one):
            for name, function in SOURCES:
                if name in actor.rights:
                    found += function(one, actor)
    if study is None:
        home = home_actor(user)
        for name, home_function in HOME_SOURCES:
            if name in home.rights:
                found += home_function(home)
    return sorted(found, key=lambda item: (item.due is None, item.due or clock.now(), item.what))
