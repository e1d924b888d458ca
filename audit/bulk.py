"""Many tracked rows at once, each with its version and its event, as if saved one by one.

A queryset of tracked rows refuses bulk writes because they would leave no history (``history``).
This module is the other door: it checks who acts, checks every state, and writes the versions in
the same transaction, column by column from the rows that the database now holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.dispatch import Signal

from audit import clock
from audit.actors import Actor, acting, require_act
from audit.errors import IllegalStep, NotPermitted, UntrackedWrite
from audit.history import TrackedBase
from audit.models import Event, kind_of
from audit.states import Workflow, check_states

Row = TypeVar("Row", bound=TrackedBase)

#: Sent once inside the transaction after many rows took one step (sender: the model; step, rows,
#: actor); ``audit.states.moved`` is not sent for them.
moved_together = Signal()


def insert(rows: Sequence[Row]) -> None:
    """Write new rows of one table with their first versions.

    Raises:
        NoActor: nobody acts.
        UntrackedWrite: the rows are not new rows of one tracked table whose ``save`` does nothing
            else.
        DirectStateWrite: a row does not begin at the beginning.
    """
    if not rows:
        return
    model = _checked(rows)
    with transaction.atomic():
        _write_rows(model, rows)
        _write_versions(model, rows, "+")
    for row in rows:
        row._remember_states()


def insert_and_move(
    workflow: Workflow,
    rows: Sequence[Row],
    name: str,
    *,
    actor: Actor,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write new rows of one study and take their first step with all of them in the same act.

    Each row has the two versions and the event that it would have had alone. Steps that ask for a
    reason or a signature, or have conditions, are taken one by one.

    Raises:
        NotPermitted: the actor lacks the right, or acts in another study.
        IllegalStep: the step does not start where the rows begin.
        NoActor, UntrackedWrite, DirectStateWrite: as for ``insert``; the step is one of those taken
            one by one.
    """
    if not rows:
        return
    st, attribute = workflow[name], workflow.attribute
    if st.needs_reason or st.needs_signature or st.guards:
        raise UntrackedWrite(f"“{st.label}” is done one by one.")
    elsewhere = {getattr(row, "study_id", None) for row in rows} - {actor.study_id}
    if not actor.may(st.right) or (elsewhere and not actor.system):
        raise NotPermitted(f"Your role does not include “{st.label.lower()}”.", rule=st.right)
    if workflow.initial not in st.sources:
        raise IllegalStep(
            f"“{st.label}” does not start at “{workflow.initial}”.", rule=f"{workflow.name}.{name}"
        )
    with transaction.atomic(), acting(actor.acting_as(st.right)):
        model = _checked(rows)
        for row in rows:
            row.__dict__[attribute] = st.target
        _write_rows(model, rows)
        _write_versions(model, rows, "+", {attribute: workflow.initial})
        _write_versions(model, rows, "~")
        for row in rows:
            row._remember_states()
        moved = {"from": workflow.initial, "to": st.target, **(details or {})}
        record_all(f"{workflow.name}.{name}", rows, details=[moved] * len(rows))
        moved_together.send(sender=model, step=name, rows=rows, actor=actor)


def _checked(rows: Sequence[Row]) -> type[Row]:
    require_act()
    model = type(rows[0])
    if any(type(row) is not model or not row._state.adding for row in rows):
        raise UntrackedWrite("Many rows are inserted of one kind, and new.")
    if not hasattr(model, "history") or model.save is not TrackedBase.save:
        raise UntrackedWrite(f"{model.__name__}: rows are saved one by one")
    for row in rows:
        check_states(row)
    return model


def record_all(
    kind: str, rows: Iterable[models.Model], *, details: Sequence[Mapping[str, Any]]
) -> None:
    """Write an event of one kind for each row, with the details of each."""
    act = require_act()
    actor, now, shifted = act.actor, clock.now(), clock.is_shifted()
    events = [
        Event(
            at=now,
            kind=kind,
            study_id=getattr(row, "study_id", None) or actor.study_id,
            object_kind=kind_of(row),
            object_id=str(row.pk),
            object_label=str(row)[:200],
            actor_id=actor.user_id,
            actor_name=actor.name,
            actor_login=actor.login,
            actor_role=actor.role,
            actor_organisation=actor.organisation,
            zone=actor.zone,
            reason=act.reason,
            details=one,
            request_id=actor.request_id,
            address=actor.address,
            shifted=shifted,
        )
        for row, one in zip(rows, details, strict=True)
    ]
    if events:
        _write_rows(Event, events)


def _write_rows(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """Insert rows in one statement: what all have in common once, the rest as arrays."""
    quote = connection.ops.quote_name
    names, places, values = [], [], []
    for field in model._meta.concrete_fields:
        if isinstance(field, models.AutoField | models.BigAutoField):
            continue
        held = [field.pre_save(row, add=True) for row in rows]
        names.append(quote(str(field.column)))
        if all(value is held[0] or value == held[0] for value in held):
            places.append(f"%s::{field.db_type(connection)}")
            values.append(field.get_db_prep_save(held[0], connection))
        else:
            places.append(f"unnest(%s::{field.db_type(connection)}[])")
            values.append([field.get_db_prep_save(value, connection) for value in held])
    if not any(place.startswith("unnest") for place in places):
        raise UntrackedWrite(f"{model.__name__}: the rows are all the same")
    # Every name and type comes from the models; the values are parameters.
    statement = (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(names)}) SELECT {', '.join(places)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _write_versions(
    model: type[Row], rows: Sequence[Row], kind: str, instead: Mapping[str, str] | None = None
) -> None:
    """Write a version of each row from the table itself; ``instead`` are values that stood then."""
    act, given = require_act(), dict(instead or {})
    versions: Any = model.history.model  # type: ignore[attr-defined]
    quote = connection.ops.quote_name
    columns = [field.column for field in versions.tracked_fields if field.column not in given]
    stamp = {
        **given,
        "history_date": clock.now(),
        "history_type": kind,
        "history_change_reason": act.reason or None,
        "history_user_id": act.actor.user_id,
        "history_actor": act.actor.name,
        "history_login": act.actor.login,
        "history_role": act.actor.role,
        "history_organisation": act.actor.organisation,
        "history_zone": act.actor.zone,
        "history_shifted": clock.is_shifted(),
    }
    own, more = (", ".join(map(quote, names)) for names in (columns, stamp))
    marks = ", ".join(["%s"] * len(stamp))
    key = quote(str(model._meta.pk.column))
    # Every name comes from the models; the values are parameters.
    statement = (
        f"INSERT INTO {quote(versions._meta.db_table)} ({own}, {more}) "  # noqa: S608
        f"SELECT {own}, {marks} FROM {quote(model._meta.db_table)} "
        f"WHERE {key} = ANY(%s::uuid[])"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*stamp.values(), [str(row.pk) for row in rows]])
