"""Row versions: what every regulated table inherits.

django-simple-history keeps the versions. Its own manual says that bulk and queryset writes pass it
by, so this module closes those doors: a tracked queryset refuses them, a tracked row refuses to be
written without an actor, and no tracked row can be deleted. Triggers and grants (``guards``) refuse
the rest inside the database.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, NoReturn, Self

from django.db import models
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record

from audit import clock
from audit.actors import require_act
from audit.errors import UntrackedWrite


class HistoryRow(models.Model):
    """Columns that every version row carries beside the row's own."""

    history_actor = models.CharField("printed name", max_length=200, default="", editable=False)
    history_login = models.CharField("login", max_length=254, default="", editable=False)
    history_role = models.CharField("role", max_length=40, default="", editable=False)
    history_organisation = models.CharField(max_length=200, default="", editable=False)
    history_zone = models.CharField("time zone", max_length=64, default="UTC", editable=False)
    history_shifted = models.BooleanField("clock was shifted", default=False, editable=False)

    class Meta:
        abstract = True


class TrackedQuerySet(models.QuerySet[Any]):
    """A queryset whose bulk writes are refused, because they would leave no history."""

    def _refuse(self, verb: str) -> NoReturn:
        raise UntrackedWrite(
            f"{self.model.__name__}: {verb} would write no history; change rows one by one in a "
            "service, or make the table append-only."
        )

    def update(self, **kwargs: Any) -> NoReturn:
        self._refuse("update()")

    def delete(self) -> NoReturn:
        self._refuse("delete()")

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("bulk_create()")

    def bulk_update(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("bulk_update()")

    async def aupdate(self, **kwargs: Any) -> NoReturn:
        self._refuse("aupdate()")

    async def adelete(self) -> NoReturn:
        self._refuse("adelete()")

    async def abulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("abulk_create()")

    async def abulk_update(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse("abulk_update()")


class TrackedBase(models.Model):
    """A regulated row: random public id, never deleted, never written without an actor."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = models.Manager.from_queryset(TrackedQuerySet)()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row and its version.

        Raises:
            NoActor: nobody acts.
            DirectStateWrite: a state was set past the gateway.
        """
        from audit.states import check_states

        act = require_act()
        check_states(self)
        # The version carries the reason and the instant of this act, not of an earlier one.
        self._change_reason = act.reason[:500] or None
        self._history_date = clock.now()
        super().save(*args, **kwargs)
        self._remember_states()

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UntrackedWrite(f"{type(self).__name__} rows are never deleted")

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, **options: Any) -> Self:
        row = super().from_db(db, field_names, values, **options)
        row._remember_states()
        return row

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._remember_states()

    def _state_fields(self) -> list[str]:
        from audit.states import StateField

        return [f.attname for f in self._meta.concrete_fields if isinstance(f, StateField)]

    def _remember_states(self) -> None:
        self._known_states = {
            name: self.__dict__[name] for name in self._state_fields() if name in self.__dict__
        }


class Tracked(TrackedBase):
    """A regulated row with its history."""

    history = HistoricalRecords(inherit=True, bases=[HistoryRow], get_user=lambda **_: None)

    class Meta:
        abstract = True


def _fill_version(sender: Any, **kwargs: Any) -> None:
    version = kwargs["history_instance"]
    act = require_act()
    version.history_user_id = act.actor.user_id
    version.history_actor = act.actor.name
    version.history_login = act.actor.login
    version.history_role = act.actor.role
    version.history_organisation = act.actor.organisation
    version.history_zone = act.actor.zone
    version.history_shifted = clock.is_shifted()
    version.history_change_reason = act.reason or None


def connect() -> None:
    """Let every version row be filled with who acts and why."""
    pre_create_historical_record.connect(_fill_version, dispatch_uid="audit.fill_version")
