"""Many announced files in one message: their bytes one after the other, made durable together.

The first line names the files by SHA-256, separated by spaces; the bytes follow in that order, as
many of each as were announced. What arrived whole before a fault or a cut is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from audit import clock
from audit.actors import Actor
from audit.errors import Conflict, RuleBroken
from imaging.models import ReceivedFile, Submission
from imaging.services.manifest import CHUNK, OPEN_STATES, WRONG_CONTENT
from imaging.storage import ArrivalStore, Staged
from imaging.storage.arrivals import WrongContent

MOST_FILES = 500
LONGEST_LINE = MOST_FILES * 65
_LINE = re.compile(rb"[0-9a-f]{64}(?: [0-9a-f]{64})*\r?\n")

Read = Callable[[int], bytes]


def named_in(line: bytes) -> list[str]:
    """Return the digests that the first line of a message names, each once, in their order.

    Raises:
        RuleBroken: IMG-017 it names none, or too many.
    """
    if not _LINE.fullmatch(line):
        raise RuleBroken(
            f"The first line names 1 to {MOST_FILES} files by their SHA-256, with spaces between.",
            rule="IMG-017",
        )
    digests = line.decode().split()
    if len(set(digests)) != len(digests):
        raise RuleBroken("A file is named twice in one message.", rule="IMG-017")
    return digests


def take_files(
    rows: QuerySet[Submission],
    pk: UUID | str,
    digests: Sequence[str],
    read: Read,
    *,
    actor: Actor,
) -> bool:
    """Take announced files of a submission in: each checked while it streams, sealed, all durable
    before any of them counts. One that has arrived before is passed over.

    Args:
        rows: the submissions that the actor may see.
        read: returns at most that many of the following bytes, none at the end.

    Returns:
        False, with nothing read, when the actor sees no such submission.

    Raises:
        Conflict: IMG-010 the submission was sent already.
        RuleBroken: IMG-014 a file was not announced; IMG-015 the bytes are not the announced ones.
    """
    actor.require("submission.upload")
    mine = rows.filter(pk=pk).order_by()
    found = {
        row.sha256: row
        for row in ReceivedFile.objects.filter(submission__in=mine, sha256__in=digests)
        .select_related("submission")
        .only("sha256", "size", "outcome", "submission__state")
    }
    if not found and not mine.exists():
        return False
    if any(row.submission.state not in OPEN_STATES for row in found.values()):
        raise Conflict("This was sent already; its files cannot change.", rule="IMG-010")
    if len(found) != len(digests):
        raise RuleBroken("A file was not announced. Choose the folder again.", rule="IMG-014")
    _take_in(ArrivalStore(pk), [found[sha256] for sha256 in digests], read)
    return True


def _take_in(arrivals: ArrivalStore, rows: Sequence[ReceivedFile], read: Read) -> None:
    staged: list[Staged] = []
    whole: list[int] = []
    try:
        for row in rows:
            chunks = _bytes_of(row, read)
            if row.outcome != ReceivedFile.Outcome.ANNOUNCED:
                for _ in chunks:
                    pass
                continue
            staged.append(arrivals.stage(chunks, sha256=row.sha256, size=row.size))
            whole.append(row.pk)
    except WrongContent as wrong:
        raise RuleBroken(
            f"{WRONG_CONTENT[str(wrong)]} Nothing of it was kept, and nothing of what followed it.",
            rule="IMG-015",
        ) from None
    finally:
        if staged:
            arrivals.commit(staged)
            _mark_stored(whole)


def _bytes_of(row: ReceivedFile, read: Read) -> Iterator[bytes]:
    left = row.size
    while left and (chunk := read(min(left, CHUNK))):
        left -= len(chunk)
        yield chunk


# See ``manifest.mark_stored``: the marks need not wait for the disk, the end of the upload does.
_MARK = """
UPDATE imaging_receivedfile SET outcome = 'stored', stored_at = %s
WHERE id = ANY(%s) AND outcome = 'announced'
  AND set_config('synchronous_commit', 'off', true) IS NOT NULL
"""


def _mark_stored(keys: list[int]) -> None:
    if connection.in_atomic_block:
        ReceivedFile.objects.filter(pk__in=keys, outcome=ReceivedFile.Outcome.ANNOUNCED).update(
            outcome=ReceivedFile.Outcome.STORED, stored_at=clock.now()
        )
        return
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [clock.now(), keys])
