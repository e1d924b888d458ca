"""The one gateway of every state.

A workflow is a table: steps with their sources, target, right, and whether a reason or a signature
is needed. ``Workflow.move`` is the only way to change a state column: it locks the row, checks the
table, the right and the guards, writes the row and its version and records the event, all in one
transaction. Of two racing moves one wins and the other is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import models, transaction
from django.dispatch import Signal

from audit.actors import Actor, acting
from audit.errors import (
    IllegalStep,
    NotPermitted,
    ReasonRequired,
    RuleBroken,
    SignatureRefused,
    SignatureRequired,
)

_open_gate: ContextVar[frozenset[int]] = ContextVar("open_gate", default=frozenset())


#: Sent inside the transaction of every step (sender: the model; step, row, actor).
#: A receiver of an upper app does one thing: it enqueues its own job, so that nothing is lost
#: between this commit and that work.
moved = Signal()

Row = TypeVar("Row", bound=models.Model)


class DirectStateWrite(RuntimeError):
    """A state column was changed without the gateway (a programming error)."""


class StateField(models.CharField):  # type: ignore[type-arg]
    """A state column. ``guards`` gives it a CHECK constraint over its choices."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 24)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class GuardResult:
    """Whether one condition of a step holds, in words for "why is this not ready"."""

    id: str
    ok: bool
    text: str
    action: str = ""
    url: str = ""


Guard = Callable[[Any], GuardResult]


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow of the diagram."""

    name: str
    sources: frozenset[str]
    target: str
    right: str
    label: str
    needs_reason: bool = False
    needs_signature: bool = False
    guards: tuple[Guard, ...] = ()


def step(
    name: str,
    sources: Iterable[str] | str,
    target: str,
    right: str,
    label: str,
    *,
    reason: bool = False,
    signature: bool = False,
    guards: Sequence[Guard] = (),
) -> Step:
    """Build a step; ``sources`` is a state or several."""
    names = (sources,) if isinstance(sources, str) else tuple(sources)
    return Step(name, frozenset(names), target, right, label, reason, signature, tuple(guards))


@dataclass(frozen=True)
class Workflow:
    """All states of one kind of record and the steps between them."""

    name: str
    initial: str
    states: tuple[str, ...]
    steps: tuple[Step, ...]
    attribute: str = "state"
    _by_name: Mapping[str, Step] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        unknown = {s for st in self.steps for s in (*st.sources, st.target)} - set(self.states)
        if unknown or self.initial not in self.states:
            raise ValueError(f"{self.name}: unknown states {sorted(unknown)}")
        by_name = {st.name: st for st in self.steps}
        if len(by_name) != len(self.steps):
            raise ValueError(f"{self.name}: a step is named twice")
        object.__setattr__(self, "_by_name", by_name)
        WORKFLOWS[self.name] = self

    def __getitem__(self, name: str) -> Step:
        return self._by_name[name]

    def open_steps(self, row: Any, actor: Actor) -> list[Step]:
        """Return the steps that lead on from the row's state and that the actor may take."""
        current = getattr(row, self.attribute)
        return [s for s in self.steps if current in s.sources and actor.may(s.right)]

    def guard_results(self, row: Any, name: str) -> list[GuardResult]:
        """Evaluate every guard of a step, for "why is this not ready"; failed ones first."""
        results = [guard(row) for guard in self[name].guards]
        return sorted(results, key=lambda r: r.ok)

    def move(
        self,
        row: Row,
        name: str,
        *,
        actor: Actor,
        reason: str = "",
        assent: Any = None,
        changes: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Row:
        """Take one step and return the row, fresh and saved.

        Args:
            row: the record; it is locked and read again first.
            name: the step's name.
            actor: who acts.
            reason: why, in the actor's words.
            assent: a proven will to sign; the signature is bound in the same transaction.
            changes: other columns that change together with the state.
            details: facts kept in the event.

        Raises:
            IllegalStep: the step does not start at the row's present state.
            NotPermitted: the actor lacks the right, or acts in another study.
            SignatureRefused: the assent is another person's.
            ReasonRequired, SignatureRequired, RuleBroken: as named.
        """
        from audit.models import record

        st = self[name]
        if not actor.may(st.right) or _elsewhere(row, actor):
            raise NotPermitted(f"Your role does not include “{st.label.lower()}”.", rule=st.right)
        if st.needs_reason and not reason.strip():
            raise ReasonRequired(f"“{st.label}” needs a reason.", rule=f"{self.name}.{name}")
        if st.needs_signature and assent is None:
            raise SignatureRequired(f"“{st.label}” needs a signature.", rule=f"{self.name}.{name}")
        if assent is not None and assent.actor.user_id != actor.user_id:
            raise SignatureRefused("Somebody else signed this.", rule="signature.signer")
        actor = actor.acting_as(st.right)
        with transaction.atomic(), acting(actor, reason):
            fresh = type(row)._base_manager.select_for_update().get(pk=row.pk)
            before = getattr(fresh, self.attribute)
            if before not in st.sources:
                raise IllegalStep(
                    f"“{st.label}” is not possible: it is {before.replace('_', ' ')} now.",
                    rule=f"{self.name}.{name}",
                )
            for result in self.guard_results(fresh, name):
                if not result.ok:
                    raise RuleBroken(result.text, rule=result.id)
            for attribute, value in (changes or {}).items():
                setattr(fresh, attribute, value)
            with _gate_open_for(fresh):
                setattr(fresh, self.attribute, st.target)
                fresh.save()
            signature = assent.bind(fresh) if assent is not None else None
            record(
                f"{self.name}.{name}",
                fresh,
                reason=reason,
                details={
                    "from": before,
                    "to": st.target,
                    **({"signature": str(signature.pk)} if signature else {}),
                    **(details or {}),
                },
            )
            moved.send(sender=type(fresh), step=name, row=fresh, actor=actor)
        row.__dict__.update({k: v for k, v in fresh.__dict__.items() if k != "_state"})
        return fresh

    def diagram(self) -> str:
        """Return the workflow as a Mermaid state diagram for the documentation."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        for st in self.steps:
            mark = " ✍" if st.needs_signature else (" (reason)" if st.needs_reason else "")
            lines += [
                f"    {source} --> {st.target}: {st.name}{mark}"
                for source in self.states
                if source in st.sources
            ]
        return "\n".join(lines)


WORKFLOWS: dict[str, Workflow] = {}


def _elsewhere(row: Any, actor: Actor) -> bool:
    study = row.pk if row._meta.label_lower == "studies.study" else getattr(row, "study_id", None)
    return bool(study and actor.study_id and not actor.system and study != actor.study_id)


@contextmanager
def _gate_open_for(row: Any) -> Any:
    token = _open_gate.set(_open_gate.get() | {id(row)})
    try:
        yield
    finally:
        _open_gate.reset(token)


def check_states(row: Any) -> None:
    """Refuse a state that was set past the gateway, and a new row that does not start at the start.

    Raises:
        DirectStateWrite: see above.
    """
    if id(row) in _open_gate.get():
        return
    known = getattr(row, "_known_states", {})
    for name in row._state_fields():
        if name not in row.__dict__:
            continue  # deferred: it is not written
        value = row.__dict__[name]
        if row._state.adding:
            start = row._meta.get_field(name).default
            if value != start:
                raise DirectStateWrite(f"{type(row).__name__}.{name} must start as {start!r}")
        elif known.get(name) != value:
            raise DirectStateWrite(
                f"{type(row).__name__}.{name}: {known.get(name)!r} → {value!r} past the gateway"
            )
