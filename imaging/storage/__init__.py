"""Stores of bytes: identified arrivals as ciphertext, clean images and previews in the open.

Everything is addressed by the SHA-256 of its plain content, so a file is kept once, can be proved
at any time and can be written again without harm. The arrivals of a submission are sealed with a
key of their own; destroying the key destroys them wherever copies lie.
"""

from audit.durable import fsync_file, fsync_folder
from imaging.storage.arrivals import ArrivalStore
from imaging.storage.content import (
    ContentDamaged,
    ContentStore,
    Staged,
    deliveries,
    metadata_documents,
    previews,
    research,
)
from imaging.storage.keys import destroy_submission_key, study_key

__all__ = [
    "ArrivalStore",
    "ContentDamaged",
    "ContentStore",
    "Staged",
    "deliveries",
    "destroy_submission_key",
    "fsync_file",
    "fsync_folder",
    "metadata_documents",
    "previews",
    "research",
    "study_key",
]
