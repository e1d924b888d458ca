"""How much the stores hold, in files and bytes, as the database knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from exports.models import CutFile
from imaging.models import Instance, ReceivedFile


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


def _volume(name: str, rows: Any) -> Volume:
    found = rows.aggregate(files=Count("pk"), size=Sum("size"))
    return Volume(name, found["files"], found["size"] or 0)
