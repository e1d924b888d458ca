"""The sweep as a job: every night, or when an administrator asks; its result stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from time import monotonic

from audit import clock
from audit.jobs import Progress, enqueue
from audit.models import Job, record
from audit.verification import Fault
from imaging.models import Sweep
from imaging.storage import holdings
from imaging.storage.ahead import drop_stale
from imaging.storage.sweep import Count, sweep_one
from imaging.storage.sweep import holdings as registered

KIND = "imaging.sweep"
SHOWN_FAULTS = 200
SECONDS_BETWEEN_MARKS = 1.0
MEGABYTE = 1024 * 1024


def ask() -> Job:
    """Ask for a sweep; asking again within the same minute is one sweep."""
    return enqueue(KIND, key=f"{KIND}:{clock.now():%Y-%m-%dT%H:%M}")


class _Marks:
    """Progress in megabytes read, written at most once a second."""

    def __init__(self, row: Job) -> None:
        self._progress = Progress(row)
        self._at = 0.0
        self.count = Count()
        self.originals = 0

    def __call__(self, objects: int, size: int) -> None:
        now = monotonic()
        if now - self._at < SECONDS_BETWEEN_MARKS:
            return
        self._at = now
        read = (size + self.originals) // MEGABYTE
        self._progress.at(read, f"{objects:,} objects, {read:,} MB read")

    def original(self, size: int) -> None:
        self.originals += size
        self(self.count.objects, self.count.size)


def run(row: Job) -> Sweep:
    """Sweep all stores and keep what was found."""
    started, marks = clock.now(), _Marks(row)
    found = list(_everything(marks))
    drop_stale()
    return _kept(started, marks, found)


def _everything(marks: _Marks) -> Iterator[Fault]:
    for holding in registered():
        yield from sweep_one(holding, marks.count, marks)
    yield from holdings.originals_hold(marks.original)


def _kept(started: datetime, marks: _Marks, found: list[Fault]) -> Sweep:
    made = Sweep.objects.create(
        started_at=started,
        objects_read=marks.count.objects,
        bytes_read=marks.count.size + marks.originals,
        faults=[[f.record_kind, f.record_id, f.what] for f in found[:SHOWN_FAULTS]],
        fault_count=len(found),
    )
    record("storage.sweep", made, details={"faults": len(found), "objects": made.objects_read})
    return made


def stored_objects_hold() -> Iterator[Fault]:
    """Prove every stored object for ``manage.py verify``."""
    count = Count()
    for holding in registered():
        yield from sweep_one(holding, count)
    yield from holdings.originals_hold()
