"""Keys of originals and of studies: files under ``KEYS_DIR``, outside database and backups.

A submission's key seals its originals; destroying it is how originals are destroyed. A study's key
makes keyed hashes of identity, new UIDs and date offsets the same in every upload of the study.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from django.conf import settings

from audit.durable import fsync_folder, write_once
from audit.errors import RuleBroken

KEY_BYTES = 32


def _path(kind: str, row_id: UUID | str) -> Path:
    # The id is parsed, so that nothing else can become part of a path.
    return Path(settings.KEYS_DIR) / kind / f"{UUID(str(row_id)).hex}.key"


def study_key(study_id: UUID | str) -> bytes:
    """Return the secret of a study; it is made when it is asked for the first time."""
    path = _path("studies", study_id)
    if path.exists():
        return path.read_bytes()
    return write_once(path, os.urandom(KEY_BYTES))


def make_submission_key(submission_id: UUID | str) -> bytes:
    """Return the key that seals a submission's originals, made when it does not exist yet."""
    path = _path("submissions", submission_id)
    if path.exists():
        return path.read_bytes()
    return write_once(path, os.urandom(KEY_BYTES))


def submission_key(submission_id: UUID | str) -> bytes:
    """Return the key of a submission's originals.

    Raises:
        RuleBroken: IMG-020 the key was destroyed, the originals cannot be read any more.
    """
    try:
        return _path("submissions", submission_id).read_bytes()
    except FileNotFoundError:
        raise RuleBroken(
            "The original files were destroyed by the study's rule.", rule="IMG-020"
        ) from None


def has_submission_key(submission_id: UUID | str) -> bool:
    """Tell whether a submission's originals can still be read."""
    return _path("submissions", submission_id).exists()


def destroy_submission_key(submission_id: UUID | str) -> bool:
    """Overwrite and remove a submission's key; tell whether there was one."""
    path = _path("submissions", submission_id)
    try:
        with path.open("r+b") as stream:
            stream.write(b"\0" * KEY_BYTES)
            stream.flush()
            os.fsync(stream.fileno())
    except FileNotFoundError:
        return False
    path.unlink()
    fsync_folder(path.parent)
    return True
