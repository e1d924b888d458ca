"""Originals while they are worked on: in memory, or in clear on the disk where a file is needed.

What is written out lies in the working folder of the submission, which is removed when the work
ends. The cleaning of ordinary images writes none of them.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from imaging.pipeline.verify import load
from imaging.storage.arrivals import ArrivalStore

#: What is larger is written out: several children hold an original each.
IN_MEMORY = 64 * 1024 * 1024


class Originals:
    """The originals of one submission; children that a worker forks use it as well."""

    def __init__(self, arrivals: ArrivalStore) -> None:
        self.arrivals = arrivals

    def read(self, sha256: str, place: Path | str, size: int) -> bytes:
        """Return an original of ``size`` bytes: its file at ``place`` if there is one, else opened.

        Raises:
            ContentDamaged: the stored bytes were changed.
            FileNotFoundError: it is not stored.
        """
        if size > IN_MEMORY:
            return load(self.file(sha256, Path(place)))
        try:
            return load(place)
        except FileNotFoundError:
            return self.arrivals.read(sha256)

    def file(self, sha256: str, place: Path) -> Path:
        """Return an original as a file in clear, written to ``place`` unless it is there.

        Raises:
            ContentDamaged: the stored bytes were changed.
            FileNotFoundError: it is not stored.
        """
        if not place.exists():
            part = place.with_name(f"{place.name}.{uuid4().hex}")
            try:
                self.arrivals.write_to(sha256, part)
                part.replace(place)
            finally:
                part.unlink(missing_ok=True)
        return place
