"""How much the stores hold, in files and bytes, as the database knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from audit.models import Job
from exports.models import CutFile
from imaging.models import Instance, ReceivedFile, Sweep
from imaging.storage.nightly import KIND


@dataclass(frozen=True, slots=True)
class Volume:
    """One store: what lies in it, how many files, how many bytes."""

    name: str
    files: int
    size: int


def volumes() -> list[Volume]:
    """Return the stores of the installation over all studies."""
    kept = ReceivedFile.objects.exclude(outcome=ReceivedFile.Outcome.ANNOUNCED)
    return [
        _volume("Originals as received, encrypted", kept),
        _volume("De-identified images", Instance.objects.all()),
        _volume("Files of data cuts", CutFile.objects.all()),
    ]


@dataclass(frozen=True, slots=True)
class SweepStanding:
    """What the last proof of all stored objects found, and the proof under way."""

    last: Sweep | None
    running: Job | None


def last_sweep() -> SweepStanding:
    """Return how the stored objects stand."""
    states = [Job.State.PENDING, Job.State.RUNNING]
    running = Job.objects.filter(kind=KIND, state__in=states).order_by("-created_at").first()
    return SweepStanding(Sweep.objects.first(), running)


def _volume(name: str, rows: Any) -> Volume:
    found = rows.aggregate(files=Count("pk"), size=Sum("size"))
    return Volume(name, found["files"], found["size"] or 0)
