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

from django.conf import settings
from django.db import models
from django.db.models.signals import pre_save
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
    #: What Django itself uses (`_base_manager`); it must not be a door past the history either.
    every_row = models.Manager.from_queryset(TrackedQuerySet)()

    class Meta:
        abstract = True
        base_manager_name = "every_row"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row and its version.

        Raises:
            NoActor: nobody acts.
            UntrackedWrite: the version would not be written.
            DirectStateWrite: a state was set past the gateway.
        """
        super().save(*args, **kwargs)
        self._remember_states()

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UntrackedWrite(f"{type(self).__name__} rows are never deleted")

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, **options: Any) -> Self:
        row = super().from_db(db, field_names, values, **options)
        row._remember_states()
        return row

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        names = None if fields is None else list(fields)
        super().refresh_from_db(using, names, from_queryset)
        # A state that was not read again keeps what the database was last known to hold.
        self._remember_states(names)

    def _state_fields(self) -> list[str]:
        from audit.states import StateField

        return [f.attname for f in self._meta.concrete_fields if isinstance(f, StateField)]

    def _remember_states(self, only: Iterable[str] | None = None) -> None:
        read = set(self._state_fields()) & set(self.__dict__)
        if only is not None:
            read &= set(only)
        kept = getattr(self, "_known_states", {}) if only is not None else {}
        self._known_states = kept | {name: self.__dict__[name] for name in read}


class Tracked(TrackedBase):
    """A regulated row with its history."""

    history = HistoricalRecords(
        inherit=True,
        bases=[HistoryRow],
        get_user=lambda **_: None,
        # A reason has no length limit: what a person wrote is kept whole.
        history_change_reason_field=models.TextField(null=True),
    )

    class Meta:
        abstract = True


def _before_save(sender: Any, instance: models.Model, raw: bool, **_: Any) -> None:
    # A signal, because fixtures call ``Model.save_base`` itself and pass every override by.
    if not isinstance(instance, TrackedBase):
        return
    from audit.states import check_states

    act = require_act()
    if (
        raw
        or hasattr(instance, "skip_history_when_saving")
        or not getattr(settings, "SIMPLE_HISTORY_ENABLED", True)
    ):
        raise UntrackedWrite(f"{sender.__name__}: a save without its version is refused")
    check_states(instance)
    # The version carries the reason and the instant of this act, not of an earlier one.
    row: Any = instance
    row._change_reason = act.reason or None
    row._history_date = clock.now()


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
    """Check every save of a tracked row, and let its version be filled with who acts and why."""
    pre_save.connect(_before_save, dispatch_uid="audit.before_save")
    pre_create_historical_record.connect(_fill_version, dispatch_uid="audit.fill_version")
