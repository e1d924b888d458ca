"""The audit trail of a study: acts and field lines of every table, filtered, newest first.

One query over all tables finds and orders what belongs on a page; only that page's rows are read.
What readers answered is left out for people who may not see results of reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import models
from django.db.models import F, Q, Value

from accounts.sentences import role_words
from audit.actors import Actor
from audit.history import HistoryRow
from audit.models import Event
from audit.trail import shown, verb_of
from imaging.models import QcReview, Submission
from imaging.services import second_level
from reads.models import (
    AdjudicationCase,
    Annotation,
    CriterionAssessment,
    Lesion,
    Measurement,
    Observation,
)
from studies.models import FormRecord, Study

_ANSWERS = (Lesion, Observation, Measurement, Annotation, CriterionAssessment, AdjudicationCase)
#: acts whose reasons can say what was read
_TELLING = ("readsession.", "adjudicationcase.", "assessment.", "lesion.")
_SILENT = frozenset({"id", "created_at", "version", "digest", "saved_at", "entered_at"})
_EVENT = "event"
BATCH = 500
NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What of the trail is asked for; empty means everything.

    Attributes:
        person: part of a printed name or login.
        kind: a kind of record, e.g. ``imaging.submission``.
        object_id: one record.
        what: ``acts`` or ``changes``.
        since, until: days in the asker's zone, both included.
    """

    person: str = ""
    kind: str = ""
    object_id: str = ""
    what: str = ""
    since: date | None = None
    until: date | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One act, or one changed field with what it was and what it became."""

    at: datetime
    zone: str
    name: str
    login: str
    role: str
    organisation: str
    did: str
    object_kind: str
    object_id: str
    object_label: str
    field: str = ""
    old: str = ""
    new: str = ""
    reason: str = ""
    shifted: bool = False

    @property
    def is_change(self) -> bool:
        """Whether this is a changed field."""
        return bool(self.field)

    @property
    def role_words(self) -> str:
        """The role in words."""
        return role_words(self.role) if self.role else NOTHING

    @property
    def is_system(self) -> bool:
        """Whether the platform acted by itself."""
        return self.role == "system"


class Trail:
    """The lines of a study under a filter, countable and sliceable for a paginator.

    A slice counts entries; an entry is an act or a saved version, which can have several lines.
    """

    def __init__(self, study: Study, actor: Actor, wanted: Filter) -> None:
        self.study, self.actor, self.wanted = study, actor, wanted
        self.sees_results = actor.may("read.results")
        # The first decision of quality control, while the asker may take the second one.
        self.kept = second_level.kept_records(actor)

    def count(self) -> int:
        """Return the number of entries."""
        found: int = self._keys().count()
        return found

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, place: slice) -> list[Line]:
        return self._lines(list(self._keys()[place]))

    def every_line(self) -> Iterator[Line]:
        """Return all lines in batches, for export."""
        keys = iter(self._keys())
        while batch := list(islice(keys, BATCH)):
            yield from self._lines(batch)

    def _keys(self) -> Any:
        parts = [] if self.wanted.what == "changes" else [self._events()]
        if self.wanted.what != "acts":
            parts += [self._versions(model) for model in self._models()]
        if not parts:
            return Event.objects.none().values_list("at", "kind", "id")
        return parts[0].union(*parts[1:], all=True).order_by("-line_at", "-line_of", "-line_key")

    def _models(self) -> list[type[models.Model]]:
        wanted = self.wanted.kind
        return [
            model
            for model in tracked_models()
            if (not wanted or model._meta.label_lower == wanted)
            and (self.sees_results or model not in _ANSWERS)
        ]

    def _events(self) -> Any:
        rows = Event.objects.filter(study_id=self.study.pk).order_by()
        for kind, keys in self.kept.items():
            rows = rows.exclude(object_kind=kind, object_id__in=keys)
        if self.wanted.kind:
            rows = rows.filter(object_kind=self.wanted.kind)
        if self.wanted.object_id:
            rows = rows.filter(object_id=self.wanted.object_id)
        if self.wanted.person:
            rows = rows.filter(
                Q(actor_name__icontains=self.wanted.person)
                | Q(actor_login__icontains=self.wanted.person)
            )
        rows = rows.filter(**self._between("at"))
        return _keyed(rows, "at", _EVENT, "id")

    def _versions(self, model: type[models.Model]) -> Any:
        rows = history_of(model).filter(history_type="~").order_by()
        rows = (
            rows.filter(id=self.study.pk) if model is Study else rows.filter(study_id=self.study.pk)
        )
        if model is FormRecord and not self.sees_results:
            forms = Submission.objects.in_study(self.study).values("form_record_id")
            lists = QcReview.objects.in_study(self.study).values("form_record_id")
            rows = rows.filter(Q(id__in=forms) | Q(id__in=lists))
        kept = self.kept.get(model._meta.label_lower)
        if kept:
            rows = rows.exclude(id__in=kept)
        if self.wanted.object_id:
            rows = rows.filter(id=_uuid(self.wanted.object_id))
        if self.wanted.person:
            rows = rows.filter(
                Q(history_actor__icontains=self.wanted.person)
                | Q(history_login__icontains=self.wanted.person)
            )
        rows = rows.filter(**self._between("history_date"))
        return _keyed(rows, "history_date", model._meta.label_lower, "history_id")

    def _between(self, column: str) -> dict[str, datetime]:
        zone = ZoneInfo(self.wanted.zone)
        found = {}
        if self.wanted.since:
            found[f"{column}__gte"] = datetime.combine(self.wanted.since, time(), zone)
        if self.wanted.until:
            end = self.wanted.until + timedelta(days=1)
            found[f"{column}__lt"] = datetime.combine(end, time(), zone)
        return found

    def _lines(self, keys: Sequence[tuple[datetime, str, int]]) -> list[Line]:
        by_source: dict[str, list[int]] = defaultdict(list)
        for _, source, key in keys:
            by_source[source].append(key)
        found: dict[tuple[str, int], list[Line]] = {}
        for source, ids in by_source.items():
            read = self._acts if source == _EVENT else self._changes_of(source)
            for key, lines in read(ids).items():
                found[(source, key)] = lines
        return [line for _, source, key in keys for line in found.get((source, key), [])]

    def _acts(self, ids: Sequence[int]) -> dict[int, list[Line]]:
        return {
            event.pk: [self._act(event)] for event in Event.objects.filter(pk__in=ids).order_by()
        }

    def _act(self, event: Event) -> Line:
        hidden = event.kind.startswith(_TELLING) and not self.sees_results
        return Line(
            at=event.at,
            zone=event.zone,
            name=event.actor_name,
            login=event.actor_login,
            role=event.actor_role,
            organisation=event.actor_organisation,
            did=verb_of(event.kind),
            object_kind=event.object_kind,
            object_id=event.object_id,
            object_label=event.object_label,
            reason="" if hidden else event.reason,
            shifted=event.shifted,
        )

    def _changes_of(self, source: str) -> Any:
        model = apps.get_model(source)

        def read(ids: Sequence[int]) -> dict[int, list[Line]]:
            rows = history_of(model)
            chosen = set(ids)
            touched = set(rows.filter(history_id__in=chosen).values_list("id", flat=True))
            previous: dict[UUID, Any] = {}
            found: dict[int, list[Line]] = {}
            for version in rows.filter(id__in=touched).order_by("history_id"):
                before = previous.get(version.id)
                if version.history_id in chosen and before is not None:
                    found[version.history_id] = list(_changed(model, before, version))
                previous[version.id] = version
            return found

        return read


def tracked_models() -> list[type[models.Model]]:
    """Return the tracked tables of a study, by name."""
    found = [
        model.instance_type  # type: ignore[attr-defined]
        for model in apps.get_models()
        if issubclass(model, HistoryRow)
    ]
    of_study = [
        model
        for model in found
        if model is Study or any(field.name == "study" for field in model._meta.fields)
    ]
    return sorted(of_study, key=lambda model: model._meta.label_lower)


def kinds() -> list[tuple[str, str]]:
    """Return the kinds of record that the trail can be filtered by, with their words."""
    return sorted(
        ((m._meta.label_lower, str(m._meta.verbose_name).capitalize()) for m in tracked_models()),
        key=lambda pair: pair[1],
    )


def history_of(model: type[models.Model]) -> Any:
    """Return all versions of all rows of a table."""
    return model.history.model._default_manager.all()  # type: ignore[attr-defined]


def _keyed(rows: Any, moment: str, source: str, key: str) -> Any:
    return rows.annotate(
        line_at=F(moment), line_of=Value(source, models.CharField()), line_key=F(key)
    ).values_list("line_at", "line_of", "line_key")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _changed(model: type[models.Model], before: Any, after: Any) -> Iterable[Line]:
    """Return one line per field that differs between two versions of a row."""
    label = _label(model, after)
    for field in model._meta.concrete_fields:
        if field.name in _SILENT or not hasattr(after, field.attname):
            continue
        old, new = getattr(before, field.attname), getattr(after, field.attname)
        if old == new:
            continue
        name = str(field.verbose_name).capitalize()
        for part, was, becomes in _parts(field, old, new):
            yield Line(
                at=after.history_date,
                zone=after.history_zone,
                name=after.history_actor,
                login=after.history_login,
                role=after.history_role,
                organisation=after.history_organisation,
                did="changed",
                object_kind=model._meta.label_lower,
                object_id=str(after.id),
                object_label=label,
                field=f"{name}: {part}" if part else name,
                old=was,
                new=becomes,
                reason=after.history_change_reason or "",
                shifted=after.history_shifted,
            )


def _label(model: type[models.Model], version: Any) -> str:
    row = model._base_manager.filter(pk=version.id).first()
    return str(row)[:200] if row is not None else str(version.id)


def _parts(field: Any, old: Any, new: Any) -> Iterable[tuple[str, str, str]]:
    """Return what differs inside a value: the leaves of a document, or the value as a whole."""
    if not isinstance(field, models.JSONField):
        yield "", shown(field, old), shown(field, new)
        return
    was, becomes = dict(_leaves(old)), dict(_leaves(new))
    for path in sorted(was.keys() | becomes.keys()):
        if was.get(path) != becomes.get(path):
            yield path, _word(was.get(path)), _word(becomes.get(path))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for number, inner in enumerate(value, start=1):
            yield from _leaves(inner, f"{path} {number}".strip())
    else:
        yield path, value


def _word(value: Any) -> str:
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
