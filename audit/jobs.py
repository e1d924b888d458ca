"""Background work that survives anything.

``enqueue`` writes a row in the caller's transaction and publishes a message after the commit. The
message only says "look at this row": it may be lost, doubled or late. ``run`` claims the row under
a lease, so a doubled message finds nothing to do; ``reconcile`` finds rows whose message or worker
was lost. Handlers must be idempotent: the same job run twice leaves the same result.
"""

from __future__ import annotations

import logging
import os
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import F, Q

from audit import clock
from audit.actors import acting, current_act, service
from audit.errors import Refused
from audit.models import Job, kind_of

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
BACKOFF = timedelta(seconds=2)


class Cancelled(Exception):
    """A person cancelled the job; what was finished before stays."""


class Postpone(Exception):
    """The job cannot go on yet: try again after ``seconds``, without counting a failure."""

    def __init__(self, seconds: int, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: its handler, how often it may be tried and which queue it uses."""

    name: str
    handler: Callable[..., None]
    max_attempts: int
    queue: str
    label: str


KINDS: dict[str, Kind] = {}


def job(
    name: str, *, label: str, max_attempts: int = 5, queue: str = "default"
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the handler of a kind of job; it is called as ``handler(job, **arguments)``."""

    def register(handler: Callable[..., None]) -> Callable[..., None]:
        KINDS[name] = Kind(name, handler, max_attempts, queue, label)
        return handler

    return register


def enqueue(
    kind: str,
    *,
    key: str,
    row: Any = None,
    study_id: UUID | None = None,
    total: int = 0,
    delay: timedelta | None = None,
    **arguments: Any,
) -> Job:
    """Ask for work once; asking again with the same key returns the row that is already there.

    Args:
        kind: a registered kind.
        key: names the work, e.g. ``deidentify:<submission>:<profile digest>``.
        row: the record that the work is about; pages find the job by it.
        arguments: JSON values given to the handler.
    """
    act = current_act()
    actor = act.actor if act else service("platform")
    found, created = Job.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "study_id": study_id or getattr(row, "study_id", None),
            "object_kind": kind_of(row) if row is not None else "",
            "object_id": str(row.pk) if row is not None else "",
            "arguments": arguments,
            "actor": {"name": actor.name, "login": actor.login, "role": actor.role},
            "max_attempts": KINDS[kind].max_attempts,
            "total_units": total,
            "not_before": datetime.now(UTC) + delay if delay else None,
        },
    )
    if created and delay is None:
        transaction.on_commit(lambda: publish(found), robust=True)
    return found


def publish(row: Job) -> bool:
    """Tell the workers to look at a row. A broker that is down costs time, never the work."""
    from audit.tasks import run_job

    # Before it is told: a worker passes over a row that is being written at that moment.
    published = Job.objects.filter(pk=row.pk)
    published.update(published_at=datetime.now(UTC))
    try:
        queue = KINDS[row.kind].queue if row.kind in KINDS else "default"
        run_job.apply_async(args=(str(row.pk),), queue=queue, retry=False)
    except Exception as error:  # the broker is losable: whatever it raises, the row remains
        log.warning("job not published, the reconciler will: %s", type(error).__name__)
        published.update(published_at=None)
        return False
    return True


def _claim(job_id: str) -> Job | None:
    now = datetime.now(UTC)
    with transaction.atomic():
        row = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(pk=job_id)
            .filter(Q(not_before=None) | Q(not_before__lte=now))
            .filter(Q(state=Job.State.PENDING) | Q(state=Job.State.RUNNING, lease_until__lt=now))
            .first()
        )
        if row is None:
            return None
        if row.cancel_requested:
            # Its worker was lost after somebody cancelled.
            row.state = Job.State.CANCELLED
            row.finished_at = now
        elif row.attempts >= row.max_attempts:
            row.state = Job.State.QUARANTINED
            row.finished_at = now
            row.error = row.error or "The worker was lost every time."
        else:
            row.state = Job.State.RUNNING
            row.attempts += 1
            row.lease_until = now + LEASE
            row.worker = f"{socket.gethostname()}:{os.getpid()}"
            row.started_at = row.started_at or now
        row.save()
        return row if row.state == Job.State.RUNNING else None


class Progress:
    """The handler's line to the people who wait: true counts, the lease, and cancelling."""

    def __init__(self, row: Job) -> None:
        self.row = row

    def total(self, units: int) -> None:
        """State how many units there are."""
        Job.objects.filter(pk=self.row.pk).update(total_units=units)

    def at(self, units: int, note: str = "") -> None:
        """State how many units are done, renew the lease and stop if somebody cancelled.

        Raises:
            Cancelled: a person cancelled the job.
        """
        now = datetime.now(UTC)
        changed = Job.objects.filter(
            pk=self.row.pk, state=Job.State.RUNNING, worker=self.row.worker, cancel_requested=False
        ).update(done_units=units, note=note[:200], lease_until=now + LEASE)
        if not changed:
            raise Cancelled


def run(job_id: str) -> str:
    """Run one job if it is free and return the state it is left in ("not free" if none)."""
    row = _claim(job_id)
    if row is None:
        return "not free"
    kind = KINDS.get(row.kind)
    if kind is None:
        # While versions change over, an old worker may meet work that only a new one knows.
        return _failed(row, f"unknown kind of job {row.kind}", LEASE)
    actor = service(kind.label, study_id=row.study_id)
    try:
        with clock.shifted_by(row.clock_offset), acting(actor):
            kind.handler(row, **row.arguments)
    except Cancelled:
        return _finish(row, Job.State.CANCELLED, "")
    except Postpone as later:
        return _again(row, str(later), timedelta(seconds=later.seconds), counts=False)
    except OperationalError as lost:
        return _failed(row, f"database: {lost}", BACKOFF * 2**row.attempts)
    except Refused as refused:
        return _finish(row, Job.State.FAILED, refused.message)
    except Exception:  # a handler's fault must never take the worker down
        log.exception("job failed", extra={"job": str(row.pk), "kind": row.kind})
        return _failed(row, traceback.format_exc(limit=8), BACKOFF * 2**row.attempts)
    return _finish(row, Job.State.DONE, "")


def _failed(row: Job, error: str, wait: timedelta) -> str:
    if row.attempts >= row.max_attempts:
        return _finish(row, Job.State.QUARANTINED, error)
    return _again(row, error, wait, counts=True)


def _finish(row: Job, state: str, error: str) -> str:
    # Only the worker that still holds the lease may close the row.
    Job.objects.filter(pk=row.pk, worker=row.worker, attempts=row.attempts).update(
        state=state,
        error=error,
        finished_at=datetime.now(UTC),
        lease_until=None,
        **({"done_units": F("total_units")} if state == Job.State.DONE else {}),
    )
    return state


def _again(row: Job, error: str, wait: timedelta, *, counts: bool) -> str:
    Job.objects.filter(pk=row.pk, worker=row.worker, attempts=row.attempts).update(
        state=Job.State.PENDING,
        error=error,
        lease_until=None,
        published_at=None,
        not_before=datetime.now(UTC) + wait,
        attempts=F("attempts") if counts else F("attempts") - 1,
    )
    return Job.State.PENDING


def reconcile(limit: int = 200) -> int:
    """Publish again what was lost: unpublished rows, expired leases, messages that never came.

    Returns:
        How many rows were published.
    """
    now = datetime.now(UTC)
    stale = now - timedelta(seconds=90)
    lost = (
        Job.objects.filter(Q(not_before=None) | Q(not_before__lte=now))
        .filter(
            Q(state=Job.State.PENDING, published_at=None)
            | Q(state=Job.State.PENDING, published_at__lt=stale)
            | Q(state=Job.State.RUNNING, lease_until__lt=now)
        )
        .order_by("created_at")[:limit]
    )
    return sum(publish(row) for row in lost)


def cancel(row: Job) -> None:
    """Ask a job to stop; one that has not begun is cancelled at once."""
    Job.objects.filter(pk=row.pk, state=Job.State.PENDING).update(
        state=Job.State.CANCELLED, finished_at=datetime.now(UTC)
    )
    Job.objects.filter(pk=row.pk, state=Job.State.RUNNING).update(cancel_requested=True)


def retry(row: Job) -> None:
    """Let a failed, quarantined or cancelled job be tried again from the start."""
    over = [Job.State.FAILED, Job.State.QUARANTINED, Job.State.CANCELLED]
    changed = Job.objects.filter(pk=row.pk, state__in=over).update(
        state=Job.State.PENDING,
        attempts=0,
        error="",
        finished_at=None,
        not_before=None,
        cancel_requested=False,
        published_at=None,
    )
    if changed:
        fresh = Job.objects.get(pk=row.pk)
        transaction.on_commit(lambda: publish(fresh), robust=True)


def of(row: Any) -> list[Job]:
    """Return the jobs about a record, newest first."""
    return list(
        Job.objects.filter(object_kind=kind_of(row), object_id=str(row.pk)).order_by("-created_at")
    )
