"""Reading the trail: one line per changed field, one sentence per act.

Field lines come from the difference of two versions of a row; acts come from events. Both carry the
printed name, the role, the instant with the actor's zone, and the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models

from audit.history import HistoryRow
from audit.models import Event, kind_of
from audit.states import StateField

_SILENT = frozenset({"id", "created_at", "updated_at", "version", "digest"})


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one row: what it was and what it became."""

    field: str
    label: str
    old: str
    new: str


#: (version row, old document, new document) -> changes
Explain = Callable[[Any, Mapping[str, Any], Mapping[str, Any]], Iterable[Change]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history of a record.

    Attributes:
        verb: what was done, in words ("changed", "signed", "released"…).
        at: instant in UTC; ``local`` shows it in the actor's zone with its offset.
    """

    at: datetime
    zone: str
    name: str
    role: str
    verb: str
    object_label: str
    reason: str = ""
    changes: tuple[Change, ...] = ()
    system: bool = False
    shifted: bool = False
    login: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def local(self) -> datetime:
        """The instant in the actor's zone."""
        return self.at.astimezone(ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Line:
    """One changed field as an inspector lists it."""

    at: datetime
    zone: str
    name: str
    login: str
    role: str
    organisation: str
    object_kind: str
    object_id: str
    field: str
    label: str
    old: str
    new: str
    reason: str
    shifted: bool

    @property
    def local(self) -> datetime:
        """The instant in the actor's zone; its offset is part of it."""
        return self.at.astimezone(ZoneInfo(self.zone))


#: Model label -> field -> function that gives the changes inside a document, from the row, the old
#: and the new value. Upper apps register theirs (``explain``); others are compared key by key.
_EXPLAINED: dict[tuple[str, str], Explain] = {}


def explain(label: str, field_name: str, function: Explain) -> None:
    """Let a field that holds a whole document be shown as its single changes.

    Args:
        label: the model in lower case, e.g. ``studies.formrecord``.
    """
    _EXPLAINED[label, field_name] = function


Path = tuple[str | int, ...]


def differing(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Yield path, old and new of every place at which two JSON documents differ."""
    if old == new:
        return
    if isinstance(old, dict | None) and isinstance(new, dict | None):
        before, after = old or {}, new or {}
        for key in sorted({*before, *after}):
            yield from differing(before.get(key), after.get(key), (*path, str(key)))
    elif isinstance(old, list | None) and isinstance(new, list | None):
        for index, (was, now) in enumerate(zip_longest(old or (), new or ())):
            yield from differing(was, now, (*path, index))
    else:
        yield path, old, new


def document_change(field_name: str, title: str, path: Path, old: Any, new: Any) -> Change:
    """Return one change inside a document, named by its place."""
    words = " ".join(str(part + 1) if isinstance(part, int) else part for part in path)
    return Change(
        ".".join([field_name, *map(str, path)]),
        f"{title}, {words.replace('_', ' ')}" if path else title,
        _words(old),
        _words(new),
    )


def _document_changes(
    model: type[models.Model], model_field: models.Field[Any, Any], new: Any, old: Any
) -> list[Change]:
    name = model_field.attname
    before, after = getattr(old, name, None), getattr(new, name)
    if before == after:
        return []
    function = _EXPLAINED.get((model._meta.label_lower, name))
    if function is not None:
        return list(function(new, before or {}, after or {}))
    title = str(model_field.verbose_name).capitalize()
    return [
        document_change(name, title, path, was, now) for path, was, now in differing(before, after)
    ]


def _words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def shown(model_field: models.Field[Any, Any], value: Any) -> str:
    """Return a stored value in words: labels for choices and references, "–" for nothing."""
    if value is None or value == "" or isinstance(value, bool):
        return _words(value)
    if model_field.flatchoices:
        return str(dict(model_field.flatchoices).get(value, value))
    if model_field.is_relation and model_field.related_model is not None:
        row = model_field.related_model._base_manager.filter(pk=value).first()
        return str(row) if row is not None else str(value)
    if isinstance(value, datetime):
        return value.strftime("%d %b %Y %H:%M (UTC)")
    if hasattr(value, "strftime"):
        return str(value.strftime("%d %b %Y"))
    return str(value)


def _changes(new: HistoryRow, old: HistoryRow | None, *, states: bool) -> tuple[Change, ...]:
    """Return what a version changed; without an old one every column that holds something."""
    model = new.instance_type  # type: ignore[attr-defined]
    changes = []
    for model_field in model._meta.concrete_fields:
        name = model_field.attname
        if model_field.name in _SILENT or not hasattr(new, name):
            continue
        if isinstance(model_field, StateField) and not states:
            continue
        if isinstance(model_field, models.JSONField):
            changes += _document_changes(model, model_field, new, old)
            continue
        before, after = getattr(old, name, None), getattr(new, name)
        # A creation says nothing of what was left empty.
        if before != after and not (old is None and after in (None, "", [])):
            label = str(model_field.verbose_name).capitalize()
            changes.append(
                Change(name, label, shown(model_field, before), shown(model_field, after))
            )
    return tuple(changes)


def versions(row: models.Model) -> list[HistoryRow]:
    """Return the versions of a row, oldest first."""
    return list(row.history.order_by("history_id"))  # type: ignore[attr-defined]


def lines(row: models.Model) -> list[Line]:
    """Return one line per changed field of a row, oldest first; creation gives a line per field."""
    found: list[Line] = []
    previous: HistoryRow | None = None
    for version in versions(row):
        found += [
            Line(
                at=version.history_date,  # type: ignore[attr-defined]
                zone=version.history_zone,
                name=version.history_actor,
                login=version.history_login,
                role=version.history_role,
                organisation=version.history_organisation,
                object_kind=kind_of(row),
                object_id=str(row.pk),
                field=change.field,
                label=change.label,
                old=change.old,
                new=change.new,
                reason=version.history_change_reason or "",  # type: ignore[attr-defined]
                shifted=version.history_shifted,
            )
            for change in _changes(version, previous, states=True)
        ]
        previous = version
    return found


def entries(*rows: models.Model, limit: int = 200) -> list[Entry]:
    """Return the history of one or several records as sentences, newest first.

    State moves appear once, as the act; other fields appear as old → new.
    """
    found: list[Entry] = []
    for row in rows:
        if hasattr(row, "history"):
            found += _version_entries(row)
    found += _event_entries(rows)
    found.sort(key=lambda e: e.at, reverse=True)
    return found[:limit]


def _version_entries(row: models.Model) -> list[Entry]:
    found = []
    previous: HistoryRow | None = None
    for version in versions(row):
        # What was there at the beginning is the creation's event; a sentence per field is noise.
        changes = _changes(version, previous, states=False) if previous else ()
        if changes:
            found.append(
                Entry(
                    at=version.history_date,  # type: ignore[attr-defined]
                    zone=version.history_zone,
                    name=version.history_actor,
                    role=version.history_role,
                    login=version.history_login,
                    verb="changed",
                    object_label=str(row),
                    reason=version.history_change_reason or "",  # type: ignore[attr-defined]
                    changes=changes,
                    system=version.history_role == "system",
                    shifted=version.history_shifted,
                )
            )
        previous = version
    return found


VERBS: dict[str, str] = {}


def name_verbs(verbs: Mapping[str, str]) -> None:
    """Teach the history the words for kinds of events ("submission.receive": "received")."""
    VERBS.update(verbs)


def verb_of(kind: str) -> str:
    """Return the words for a kind of event."""
    return VERBS.get(kind, kind.rsplit(".", 1)[-1].replace("_", " "))


def _event_entries(rows: Iterable[models.Model]) -> list[Entry]:
    return [
        Entry(
            at=event.at,
            zone=event.zone,
            name=event.actor_name,
            role=event.actor_role,
            login=event.actor_login,
            verb=verb_of(event.kind),
            object_label=event.object_label,
            reason=event.reason,
            system=event.actor_role == "system",
            shifted=event.shifted,
            details=event.details,
        )
        for row in rows
        for event in Event.objects.filter(object_kind=kind_of(row), object_id=str(row.pk))
    ]
