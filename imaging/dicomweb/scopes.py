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

from django.db.models import Exists, OuterRef, Subquery

from accounts.permissions import BLINDED_ROLES
from audit.actors import Actor
from audit.errors import Unscoped
from imaging.dicomweb.blinding import BlindedView
from imaging.dicomweb.prepared import Statement, composed
from imaging.models import InstanceIndex, SeriesDocument, SeriesIndex, StudyIndex
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

    @property
    def whole(self) -> bool:
        """Whether every series of the study that holds is visible."""
        return not self.blinded and self.actor.sites is None

    def studies(self) -> Any:
        """Return the studies that have a visible series."""
        shown = self.series().filter(imaging_study_id=OuterRef("imaging_study_id"))
        return StudyIndex.objects.filter(_Probed(shown), study_id=self.study_id)


class _Probed(Exists):
    """Asked study by study, so that a search walks its own index and stops at its limit.

    Without the offset PostgreSQL would join all series of the archive first.
    """

    template = "EXISTS(%(subquery)s OFFSET 0)"


def scope_of(actor: Actor) -> Scope:
    """Return what an actor sees; holding any blinded role blinds."""
    return Scope(actor, blinded=bool(actor.roles & BLINDED_ROLES))


# --- quickly, for people who see whole studies ----------------------------------------------------

# Marks in place of the values that a statement gets when it is run.
STUDY_ID: Final = UUID(int=0x5D1C)
MARKS: Final[Mapping[Any, str]] = {
    STUDY_ID: "study",
    str(STUDY_ID): "study",
    "?study": "study_uid",
    "?series": "series_uid",
    "?sop": "sop_uid",
    "?low": "low",
    "?high": "high",
    "?value": "value",
}


def of_anybody() -> Scope:
    """Return the scope of people who see whole studies, with a mark in place of the study."""
    return Scope(Actor(name="", study_id=STUDY_ID), blinded=False)


_OF_SERIES: Final = ("members", "imaging_study_id")


@cache
def _instance() -> Statement:
    parents = of_anybody().series("?series").filter(study_uid="?study")
    document = SeriesDocument.objects.filter(
        series_id=OuterRef("series_id"), view="", members=OuterRef("series__index__members")
    ).values("sha256")[:1]
    rows = (
        InstanceIndex.objects.filter(
            sop_instance_uid="?sop", study_id=STUDY_ID, series__index__in=parents
        )
        .order_by("-series__index__indexed_at")
        .values_list(
            *(field.attname for field in InstanceIndex._meta.concrete_fields),
            *(f"series__index__{name}" for name in _OF_SERIES),
            Subquery(document),
        )[:1]
    )
    return composed(rows, MARKS)


def instance_for_staff(
    scope: Scope, *, study_uid: str, series_uid: str, sop_uid: str
) -> tuple[InstanceIndex, SeriesIndex, str] | None:
    """Return one visible instance, its series and the SHA-256 of the series' metadata (empty while
    it is being indexed), for people who see whole studies."""
    rows = _instance().rows(
        study=scope.study_id, study_uid=study_uid, series_uid=series_uid, sop_uid=sop_uid
    )
    if not rows:
        return None
    row, names = rows[0], [field.attname for field in InstanceIndex._meta.concrete_fields]
    found = InstanceIndex.from_db("default", names, row[: len(names)])
    for name in ("fragments", "bulk"):  # columns come as text where no field converts them
        value = getattr(found, name)
        setattr(found, name, json.loads(value) if isinstance(value, str) else value)
    members, imaging_study_id, document = row[len(names) :]
    parent = SeriesIndex(
        series_id=found.series_id,
        study_id=found.study_id,
        imaging_study_id=imaging_study_id,
        study_uid=study_uid,
        uid=series_uid,
        members=members,
    )
    return found, parent, document or ""
