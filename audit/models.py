"""Acts with their reasons, the chain that seals them, and the rows that are background work."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from audit import clock
from audit.actors import require_act


class Event(models.Model):
    """One act: who did what to which object, when, in which role and why. Append-only.

    Objects are named by kind and id as text, so that the lowest layer knows no other app.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=clock.now)
    study_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=80)
    object_kind = models.CharField(max_length=80, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    actor_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=200)
    actor_login = models.CharField(max_length=254, blank=True)
    actor_role = models.CharField(max_length=40, blank=True)
    actor_organisation = models.CharField(max_length=200, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)
    shifted = models.BooleanField(default=False)

    class Meta:
        ordering = ("id",)
        indexes = [
            models.Index(fields=["object_kind", "object_id", "id"], name="event_by_object"),
            models.Index(fields=["study_id", "id"], name="event_by_study"),
            models.Index(fields=["kind", "at"], name="event_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_label} by {self.actor_name}"


def kind_of(row: models.Model) -> str:
    """Return the name under which events refer to a kind of record, e.g. ``imaging.submission``."""
    return row._meta.label_lower


def record(
    kind: str,
    row: models.Model | None = None,
    *,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    study_id: uuid.UUID | None = None,
) -> Event:
    """Write an event for the act under way.

    Raises:
        NoActor: nobody acts.
    """
    act = require_act()
    actor = act.actor
    own_study = getattr(row, "study_id", None) if row is not None else None
    return Event.objects.create(
        kind=kind,
        study_id=study_id or own_study or actor.study_id,
        object_kind=kind_of(row) if row is not None else "",
        object_id=str(row.pk) if row is not None else "",
        object_label=str(row)[:200] if row is not None else "",
        actor_id=actor.user_id,
        actor_name=actor.name,
        actor_login=actor.login,
        actor_role=actor.role,
        actor_organisation=actor.organisation,
        zone=actor.zone,
        reason=reason or act.reason,
        details=dict(details or {}),
        request_id=actor.request_id,
        address=actor.address,
        shifted=clock.is_shifted(),
    )


class SealedShape(models.Model):
    """The columns that a table had when rows of it were sealed. Append-only.

    A later version of the platform may add columns; what was sealed before is proved over the
    columns of its time.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    table = models.CharField(max_length=80)
    columns = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["table", "digest"], name="sealedshape_once")]

    def __str__(self) -> str:
        return f"{self.table} with {len(self.columns)} columns"


class ChainLink(models.Model):
    """One sealed row of an append-only table. Append-only itself.

    ``digest`` is SHA-256 over the previous link's digest and the row's canonical content, so the
    chain proves order and completeness; its head leaves the house with every data cut.
    """

    append_only = True

    seq = models.BigAutoField(primary_key=True)
    table = models.CharField(max_length=80)
    row_id = models.CharField(max_length=64)
    row_digest = models.CharField(max_length=64)
    shape = models.ForeignKey(SealedShape, on_delete=models.PROTECT, related_name="+")
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    sealed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("seq",)
        constraints = [models.UniqueConstraint(fields=["table", "row_id"], name="chain_seals_once")]

    def __str__(self) -> str:
        return f"{self.seq} {self.table} {self.row_id}"


class Job(models.Model):
    """One piece of background work. This row is the truth; the broker may lose its message.

    A job is claimed under a lease. A lease that ran out is taken up again, up to ``max_attempts``
    times; then the job is quarantined and waits for a person. ``key`` makes a repeated request for
    the same work one row.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        QUARANTINED = "quarantined", "Needs a person"
        CANCELLED = "cancelled", "Cancelled"

    untracked_because = "technical record; its effects are tracked where they happen"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=80)
    key = models.CharField(max_length=200, unique=True)
    study_id = models.UUIDField(null=True, blank=True)
    object_kind = models.CharField(max_length=80, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    arguments = models.JSONField(default=dict)
    actor = models.JSONField(default=dict)
    clock_offset = models.DurationField(default=clock.offset)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    not_before = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    done_units = models.PositiveIntegerField(default=0)
    total_units = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["state", "lease_until"],
                name="job_open",
                condition=Q(state__in=["pending", "running"]),
            ),
            models.Index(fields=["object_kind", "object_id"], name="job_by_object"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["pending", "running", "done", "failed", "quarantined", "cancelled"]
                ),
                name="job_state_valid",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.get_state_display()})"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen by itself."""
        return self.state not in {self.State.PENDING, self.State.RUNNING}
