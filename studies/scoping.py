"""The fence between studies: no query without saying which study.

``Model.objects`` of a study-scoped table raises ``Unscoped`` unless the code is inside
``scope(study)`` (then rows of that study only) or ``across_studies(why)`` (inboxes, workers,
verification). The database holds the fence as well: composite foreign keys (``audit.guards``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.db import models

from accounts.permissions import BLINDED_ROLES
from audit.actors import Actor
from audit.errors import Unscoped
from audit.history import Tracked, TrackedQuerySet


@dataclass(frozen=True, slots=True)
class _Scope:
    study_id: UUID | None
    why: str = ""


_scope: ContextVar[_Scope | None] = ContextVar("study_scope", default=None)


@contextmanager
def scope(study: Any) -> Iterator[None]:
    """Work inside one study: a study or its id."""
    token = _scope.set(_Scope(getattr(study, "pk", study)))
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def across_studies(why: str) -> Iterator[None]:
    """Work over all studies, for a stated reason; the code inside must filter by membership."""
    token = _scope.set(_Scope(None, why))
    try:
        yield
    finally:
        _scope.reset(token)


def scoped_study_id() -> UUID | None:
    """Return the study of the scope, or ``None`` outside and across studies."""
    current = _scope.get()
    return current.study_id if current else None


#: model label -> what takes rows away that somebody may not see for a while
_KEPT_BACK: dict[str, list[Callable[[Actor, Any], Any]]] = {}


def keep_back(label: str, narrow: Callable[[Actor, Any], Any]) -> None:
    """Let an upper layer keep rows of a model from people of the sponsor's side or ours.

    Args:
        narrow: given an actor and rows, returns the rows that the actor may see now.
    """
    known = _KEPT_BACK.setdefault(label, [])
    if narrow not in known:
        known.append(narrow)


class ScopedQuerySet(TrackedQuerySet):
    """Rows of one study, and those of them that an actor may see.

    A model says how it belongs to a site (``site_path``) and to a reader (``reader_path``); without
    such a path people bound to sites, or blinded people, see none of its rows.
    """

    def visible_to(self, actor: Actor) -> Any:
        """Keep the rows that the actor may see; the one place where sites and blinding fence rows.

        Blinded roles see only what is theirs, site users only what is of their sites. Who acts in
        no study, or holds no role in it, sees none (an administrator has no role in the data).
        """
        if actor.system:
            return self
        if actor.study_id is None or not actor.roles:
            return self.none()
        rows = self.filter(study_id=actor.study_id)
        if actor.roles & BLINDED_ROLES:
            path = getattr(self.model, "reader_path", "")
            return rows.filter(**{path: actor.user_id}) if path else rows.none()
        if actor.sites is not None:
            path = getattr(self.model, "site_path", "")
            return rows.filter(**{f"{path}__in": actor.sites}) if path else rows.none()
        for keep_back in _KEPT_BACK.get(self.model._meta.label_lower, ()):
            rows = keep_back(actor, rows)
        return rows

    def in_study(self, study: Any) -> Any:
        """Keep the rows of one study (a study or its id)."""
        return self.filter(study_id=getattr(study, "pk", study))


class ScopedManager(models.Manager.from_queryset(ScopedQuerySet)):  # type: ignore[misc]
    """The fence. Related managers pass, because their parent row is inside already."""

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        if hasattr(self, "instance"):
            return rows
        current = _scope.get()
        if current is None:
            raise Unscoped(
                f"{self.model.__name__}: say which study (scope(study)) or why all (across_studies)"
            )
        return rows if current.study_id is None else rows.filter(study_id=current.study_id)

    def in_study(self, study: Any) -> Any:
        """Return the rows of one study, whatever the scope."""
        return self._queryset_class(self.model, using=self._db).in_study(study)


class StudyScoped(Tracked):
    """A tracked row of one study."""

    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[Any] = ScopedManager()

    class Meta:
        abstract = True
