"""What of a study's archive a person may see: the one place where DICOMweb rows are selected.

Staff see every series that holds, sites those of their own sites. Blinded people see only what a
provider names (``register_blinded``): the layer of reads knows which packages are open to whom and
how each series is shown. What is not selected here does not exist in any answer, count or error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef

from accounts.permissions import BLINDED_ROLES
from audit.actors import Actor
from audit.errors import Unscoped
from imaging.dicomweb.blinding import BlindedView
from imaging.models import InstanceIndex, SeriesIndex, StudyIndex
from imaging.services.series import ALIVE

#: asked for an actor and optionally a Series Instance UID; answers series id -> how it is shown
BlindedProvider = Callable[[Actor, str], Mapping[UUID, BlindedView]]

_PROVIDERS: list[BlindedProvider] = []


def register_blinded(provider: BlindedProvider) -> None:
    """Add a source of series that blinded people may see."""
    if provider not in _PROVIDERS:
        _PROVIDERS.append(provider)


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of one study's archive that exists for one actor.

    Attributes:
        retrieved: ids of the series that this request has opened.
    """

    actor: Actor
    blinded: bool
    retrieved: set[UUID] = field(default_factory=set)
    _views: dict[str, dict[UUID, BlindedView]] = field(default_factory=dict)

    @property
    def study_id(self) -> UUID:
        """The study that the actor acts in."""
        if self.actor.study_id is None:
            raise Unscoped("an archive is looked at inside a study")
        return self.actor.study_id

    def views(self, series_uid: str = "") -> dict[UUID, BlindedView]:
        """Return how each series is shown to a blinded person; the first provider's word holds."""
        if series_uid not in self._views:
            found: dict[UUID, BlindedView] = {}
            for provider in _PROVIDERS:
                for series_id, view in provider(self.actor, series_uid).items():
                    found.setdefault(series_id, view)
            self._views[series_uid] = found
        return self._views[series_uid]

    def series(self, series_uid: str = "") -> Any:
        """Return the visible series; only those with a Series Instance UID, if one is given."""
        rows = SeriesIndex.objects.filter(study_id=self.study_id)
        if series_uid:
            rows = rows.filter(uid=series_uid)
        if self.blinded:
            return rows.filter(pk__in=list(self.views(series_uid)))
        rows = rows.filter(series__superseded_by=None, series__submission__state__in=ALIVE)
        if self.actor.sites is not None:
            rows = rows.filter(series__submission__study_site_id__in=self.actor.sites)
        return rows

    def studies(self) -> Any:
        """Return the studies that have a visible series."""
        # Probed study by study: a search walks its own index and stops at its limit.
        shown = self.series().filter(imaging_study_id=OuterRef("imaging_study_id"))
        return StudyIndex.objects.filter(Exists(shown), study_id=self.study_id)


def scope_of(actor: Actor) -> Scope:
    """Return what an actor sees; holding any blinded role blinds."""
    return Scope(actor, blinded=bool(actor.roles & BLINDED_ROLES))


# --- one instance, quickly ------------------------------------------------------------------------

_STUDY_ID: Final = UUID(int=0x5D1C)
_MARKS: Final = {"study_uid": "?study", "series_uid": "?series", "sop_uid": "?sop"}
_OF_SERIES: Final = ("members", "imaging_study_id")


@cache
def _prepared() -> tuple[str, tuple[Any, ...]]:
    """Return the statement that finds one instance for staff, made from the rule above.

    Viewers ask for it hundreds of times a second; composing it each time costs more than running
    it. Its parameters are marks that ``instance_for_staff`` replaces.
    """
    anybody = Scope(Actor(name="", study_id=_STUDY_ID), blinded=False)
    parents = anybody.series(_MARKS["series_uid"]).filter(study_uid=_MARKS["study_uid"])
    rows = (
        InstanceIndex.objects.filter(
            sop_instance_uid=_MARKS["sop_uid"],
            study_id=_STUDY_ID,
            series__index__in=parents,
        )
        .order_by("-series__index__indexed_at")
        .values_list(
            *(field.attname for field in InstanceIndex._meta.concrete_fields),
            *(f"series__index__{name}" for name in _OF_SERIES),
        )[:1]
    )
    sql, parameters = rows.query.sql_with_params()
    return sql, tuple(parameters)


def instance_for_staff(
    scope: Scope, *, study_uid: str, series_uid: str, sop_uid: str
) -> tuple[InstanceIndex, SeriesIndex] | None:
    """Return one visible instance and its series, for people who see whole studies."""
    sql, marks = _prepared()
    given: dict[Any, Any] = {
        _MARKS["study_uid"]: study_uid,
        _MARKS["series_uid"]: series_uid,
        _MARKS["sop_uid"]: sop_uid,
        _STUDY_ID: scope.study_id,
        str(_STUDY_ID): scope.study_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, [given.get(mark, mark) for mark in marks])
        row = cursor.fetchone()
    if row is None:
        return None
    fields = InstanceIndex._meta.concrete_fields
    found = InstanceIndex.from_db("default", [f.attname for f in fields], row[: len(fields)])
    for name in ("fragments", "bulk"):  # columns come as text where no field converts them
        value = getattr(found, name)
        setattr(found, name, json.loads(value) if isinstance(value, str) else value)
    members, imaging_study_id = row[len(fields) :]
    parent = SeriesIndex(
        series_id=found.series_id,
        study_id=found.study_id,
        imaging_study_id=imaging_study_id,
        study_uid=study_uid,
        uid=series_uid,
        members=members,
    )
    return found, parent
