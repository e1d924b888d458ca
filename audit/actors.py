"""Who acts: a person in a role, or a named service of the platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from uuid import UUID

from audit.errors import NoActor, NotPermitted

_NO_RIGHTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Actor:
    """The acting person or service, with what the trail keeps of it.

    Attributes:
        rights: permission -> role that grants it. A service holds every right (``system``).
        sites: study-site ids the actor is bound to; ``None`` means all sites of the study.
        zone: IANA time zone of the person, shown beside every instant.
    """

    name: str
    login: str = ""
    role: str = ""
    organisation: str = ""
    zone: str = "UTC"
    user_id: UUID | None = None
    study_id: UUID | None = None
    rights: Mapping[str, str] = field(default_factory=lambda: _NO_RIGHTS, hash=False)
    roles: frozenset[str] = frozenset()
    sites: frozenset[UUID] | None = None
    system: bool = False
    address: str = ""
    request_id: str = ""

    def may(self, right: str) -> bool:
        """Tell whether the actor holds a right."""
        return self.system or right in self.rights

    def require(self, right: str) -> None:
        """Raise ``NotPermitted`` unless the actor holds the right."""
        if not self.may(right):
            raise NotPermitted(f"Your role does not include “{right}”.", rule=right)

    def acting_as(self, right: str) -> Actor:
        """Return the actor in the role that grants ``right``; the trail names that role."""
        role = self.rights.get(right, self.role)
        return self if role == self.role else replace(self, role=role)


def service(name: str, *, study_id: UUID | None = None) -> Actor:
    """Return a named service of the platform as actor ("The system …" in the history)."""
    return Actor(name=name, role="system", system=True, study_id=study_id)


@dataclass(frozen=True, slots=True)
class Act:
    """What is going on: who acts and why."""

    actor: Actor
    reason: str = ""


_act: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def acting(actor: Actor, reason: str = "") -> Iterator[Act]:
    """Name the actor (and the reason) of everything that is written inside the block."""
    outer = _act.get()
    kept = reason or (outer.reason if outer and outer.actor == actor else "")
    token = _act.set(Act(actor=actor, reason=kept))
    try:
        yield Act(actor=actor, reason=kept)
    finally:
        _act.reset(token)


def current_act() -> Act | None:
    """Return the act under way, if any."""
    return _act.get()


def require_act() -> Act:
    """Return the act under way or raise ``NoActor``."""
    act = _act.get()
    if act is None:
        raise NoActor("a tracked record was written outside `acting(actor)`")
    return act
