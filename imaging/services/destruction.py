"""Destroying originals and clean images, each with its proof.

Originals go by their key (cryptographic erasure, NIST SP 800-88 2.6) and then as files. Clean
images go as files; their rows stay and say that they were there.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from audit.actors import require_act
from audit.durable import fsync_folder
from audit.models import record
from imaging.models import (
    ConsentWithdrawal,
    Destruction,
    Instance,
    InstanceIndex,
    Move,
    Preview,
    Series,
    SeriesDocument,
    SeriesIndex,
    Submission,
)
from imaging.storage import ArrivalStore, destroy_submission_key, previews, research
from imaging.storage.content import ContentStore, metadata_documents

KEY_DESTROYED = "key of 256 bits overwritten and removed, then the sealed files"
FILES_REMOVED = "files removed from the store"


@dataclass(frozen=True)
class Why:
    """The reason of a destruction and what asked for it."""

    reason: str
    withdrawal: ConsentWithdrawal | None = None
    move: Move | None = None


def list_digest(digests: Iterable[str]) -> str:
    """Return SHA-256 (hex) over sorted digests, one a line."""
    text = "".join(f"{digest}\n" for digest in sorted(digests))
    return hashlib.sha256(text.encode()).hexdigest()


def originals(submission: Submission, why: Why) -> Destruction | None:
    """Destroy every original of a submission; return the proof, or ``None`` if none was left."""
    if not destroy_submission_key(submission.pk):
        return None
    root = ArrivalStore(submission.pk).store.root
    if root is not None:
        shutil.rmtree(root, ignore_errors=True)
    rows = list(submission.files.exclude(outcome="announced").values_list("sha256", "size"))
    return _proof(
        submission,
        Destruction.What.ORIGINALS,
        [digest for digest, _ in rows],
        size=sum(size for _, size in rows),
        method=KEY_DESTROYED,
        why=why,
    )


def some_originals(submission: Submission, digests: Sequence[str], why: Why) -> Destruction | None:
    """Destroy some originals of a submission; the others stay under its key."""
    store = ArrivalStore(submission.pk).store
    gone = {digest: _removed(store, digest) for digest in digests}
    there = {digest: size for digest, size in gone.items() if size}
    if not there:
        return None
    return _proof(
        submission,
        Destruction.What.ORIGINALS,
        list(there),
        size=sum(there.values()),
        method=FILES_REMOVED,
        why=why,
    )


def outputs(
    submission: Submission,
    series: Sequence[Series],
    why: Why,
    *,
    spares: Callable[[Series], bool] = lambda _: False,
) -> Destruction | None:
    """Destroy clean images, pictures and metadata of series; return the proof.

    What another series still holds (a correction that carried slices over) stays.

    Args:
        spares: series whose bytes must stay because readers saw them.
    """
    doomed = [row for row in series if not spares(row)]
    images = _only_theirs(doomed)
    size = 0
    gone: list[str] = []
    for digest in images:
        bytes_there = _removed(research(), digest)
        if bytes_there:
            size, gone = size + bytes_there, [*gone, digest]
    for digest in _pictures(doomed):
        bytes_there = _removed(previews(), digest)
        if bytes_there:
            size, gone = size + bytes_there, [*gone, digest]
    _forget_index(doomed)
    if not gone:
        return None
    return _proof(
        submission, Destruction.What.OUTPUTS, gone, size=size, method=FILES_REMOVED, why=why
    )


def _removed(store: ContentStore, digest: str) -> int:
    """Remove content for good and return how many bytes there were; 0 when there was none."""
    if not store.exists(digest):
        return 0
    size = store.size(digest)
    store.remove(digest)
    if store.root is not None:
        folder = store.root / digest[:2] / digest[2:4]
        if folder.exists():
            fsync_folder(folder)
    return size


def _only_theirs(series: Sequence[Series]) -> list[str]:
    own = set(Instance.objects.filter(series__in=series).values_list("sha256", flat=True))
    shared = set(
        Instance.objects.filter(sha256__in=own)
        .exclude(series__in=series)
        .exclude(series__submission__state__in=["withdrawn", "rejected"])
        .values_list("sha256", flat=True)
    )
    return sorted(own - shared)


def _pictures(series: Sequence[Series]) -> list[str]:
    own: set[str] = set()
    for row in Preview.objects.filter(series__in=series):
        own |= {row.thumbnail_sha256, *row.objects_sha256}
    kept: set[str] = set()
    for row in Preview.objects.filter(study_id__in={s.study_id for s in series}).exclude(
        series__in=series
    ):
        kept |= {row.thumbnail_sha256, *row.objects_sha256} & own
    return sorted(own - kept - {""})


def _forget_index(series: Sequence[Series]) -> None:
    """Take series out of the archive's index, which is derived from the files."""
    for document in SeriesDocument.objects.filter(series__in=series):
        if (
            not SeriesDocument.objects.filter(sha256=document.sha256)
            .exclude(series__in=series)
            .exists()
        ):
            metadata_documents().remove(document.sha256)
    SeriesDocument.objects.filter(series__in=series).delete()
    InstanceIndex.objects.filter(series__in=series).delete()
    SeriesIndex.objects.filter(series__in=series).delete()


def _proof(
    submission: Submission, what: str, digests: list[str], *, size: int, method: str, why: Why
) -> Destruction:
    act = require_act()
    row = Destruction.objects.create(
        study_id=submission.study_id,
        submission=submission,
        withdrawal=why.withdrawal,
        move=why.move,
        what=what,
        count=len(digests),
        byte_count=size,
        list_digest=list_digest(digests),
        method=method,
        reason=why.reason[:300],
        by=act.actor.name,
    )
    record(
        f"submission.destroy_{what}",
        submission,
        reason=why.reason,
        details={"files": len(digests), "bytes": size, "digest": row.list_digest},
    )
    return row
