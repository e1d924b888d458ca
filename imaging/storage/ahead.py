"""What was worked out of an upload before it was signed: one sealed note, and clean files.

The note is ciphertext under the submission's own key, as the originals are, and goes with it. The
files lie in the work space of the research store, where nothing is found by name. No row tells of
either: losing them costs time, and what is half written counts as nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from audit.durable import fsync_file, fsync_files
from audit.errors import RuleBroken
from imaging.storage import keys
from imaging.storage.arrivals import ArrivalStore
from imaging.storage.content import research
from imaging.storage.sealing import SealBroken, seal, unseal

NOTE = "note"
PLACE = "ahead"
KEPT = timedelta(days=14)
GONE = ("rejected", "withdrawn")


class AheadStore:
    """The work done ahead for one submission."""

    def __init__(self, submission_id: UUID | str) -> None:
        self.submission_id = UUID(str(submission_id))
        self._place = f"{self.submission_id.hex}-{PLACE}"

    def folder(self, run: str) -> Path:
        """Return where the clean files of one run wait for their names."""
        folder = research().workspace(self._place) / run
        folder.mkdir(exist_ok=True, mode=0o750)
        return folder

    @property
    def _notes(self) -> Path:
        return ArrivalStore(self.submission_id).store.workspace(self._place)

    def keep(self, note: bytes, files: Sequence[Path]) -> None:
        """Seal a note; it is there only when every file that it tells of is on the disk.

        Raises:
            FileNotFoundError: the files were dropped meanwhile.
            RuleBroken: IMG-020 the key was destroyed.
        """
        fsync_files(files)
        key = keys.submission_key(self.submission_id)
        temporary = self._notes / uuid4().hex
        with temporary.open("xb") as stream:
            for chunk in seal([note], key):
                stream.write(chunk)
        fsync_file(temporary)
        temporary.replace(self._notes / NOTE)

    def note(self) -> bytes | None:
        """Return the note in clear, or ``None`` where there is none, or none that is whole."""
        try:
            key = keys.submission_key(self.submission_id)
            with (self._notes / NOTE).open("rb") as stream:
                return b"".join(unseal(stream, key))
        except (FileNotFoundError, SealBroken, RuleBroken):
            return None

    def drop(self) -> None:
        """Forget all of it."""
        research().clear_workspace(self._place)
        root = ArrivalStore(self.submission_id).store.root
        if root is None or root.exists():  # a destroyed folder is not made again
            shutil.rmtree(self._notes, ignore_errors=True)


def drop_stale() -> int:
    """Forget what was worked out for uploads that nobody has signed since; return how many.

    It costs time when they are signed after all, and until then a second copy on the disk.
    """
    oldest = datetime.now(UTC).timestamp() - KEPT.total_seconds()
    stale = [
        folder
        for folder in research().workspace(PLACE).parent.glob(f"*-{PLACE}")
        if folder.stat().st_mtime < oldest
    ]
    for folder in stale:
        AheadStore(folder.name.removesuffix(f"-{PLACE}")).drop()
    return len(stale)


def drop_with(row: Any, **_: Any) -> None:  # Any: whatever the signal of a state tells
    """Forget what was worked out for a submission that is rejected or withdrawn now."""
    if row.state in GONE:
        transaction.on_commit(AheadStore(row.pk).drop, robust=True)
