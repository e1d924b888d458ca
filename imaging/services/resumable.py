"""Large announced files in parts, so that a cut connection costs one part at most."""

from __future__ import annotations

from collections.abc import Iterable

from audit.actors import Actor
from audit.errors import Conflict, Refused, RuleBroken
from imaging.models import ReceivedFile, Submission
from imaging.services.manifest import OPEN_STATES, WRONG_CONTENT, mark_stored
from imaging.storage import ArrivalStore
from imaging.storage.arrivals import WrongContent
from imaging.storage.partial import PartialArrival, WrongOffset

LARGE_BYTES = 32 * 1024 * 1024
PART_BYTES = 8 * 1024 * 1024


class OffsetMismatch(Refused):
    """A part does not begin where the arrived bytes end; ``details["offset"]`` says where."""

    status = 409
    code = "offset"


def announced(submission: Submission, sha256: str, *, actor: Actor) -> ReceivedFile:
    """Return the row of a file that may be sent in parts.

    Raises:
        Conflict: IMG-010 the submission was sent already.
        RuleBroken: IMG-014 the file was not announced.
    """
    actor.require("submission.upload")
    if submission.state not in OPEN_STATES:
        raise Conflict(f"{submission} was sent already; its files cannot change.", rule="IMG-010")
    row: ReceivedFile | None = submission.files.filter(sha256=sha256).first()
    if row is None:
        raise RuleBroken("This file was not announced. Choose the files again.", rule="IMG-014")
    return row


def offset_of(submission: Submission, row: ReceivedFile) -> int:
    """Return how many bytes of a file are durable; a file that is all here is taken in at once."""
    if row.outcome != ReceivedFile.Outcome.ANNOUNCED:
        return row.size
    partial = PartialArrival(submission.pk, sha256=row.sha256, size=row.size)
    if partial.offset < row.size:
        return partial.offset
    return _completed(partial, row)


def add_part(
    submission: Submission, row: ReceivedFile, offset: int, chunks: Iterable[bytes]
) -> int:
    """Add a part that begins at ``offset`` and return the new offset; the last part proves the
    whole file by its hash before it counts.

    Raises:
        OffsetMismatch: IMG-016 the part begins elsewhere; nothing was taken.
        RuleBroken: IMG-015 the bytes are not the announced ones; nothing of the file was kept.
    """
    if row.outcome != ReceivedFile.Outcome.ANNOUNCED:
        raise _mismatch(row.size)
    partial = PartialArrival(submission.pk, sha256=row.sha256, size=row.size)
    try:
        reached = partial.append(offset, chunks)
    except WrongOffset as wrong:
        raise _mismatch(wrong.offset) from None
    except WrongContent as wrong:
        raise _wrong(wrong) from None
    return reached if reached < row.size else _completed(partial, row)


def _completed(partial: PartialArrival, row: ReceivedFile) -> int:
    try:
        staged = partial.finished()
    except WrongContent as wrong:
        raise _wrong(wrong) from None
    ArrivalStore(partial.arrivals.submission_id).commit([staged])
    mark_stored(row)
    return row.size


def _mismatch(offset: int) -> OffsetMismatch:
    return OffsetMismatch(
        f"The next byte is {offset:,}.", rule="IMG-016", details={"offset": offset}
    )


def _wrong(wrong: WrongContent) -> RuleBroken:
    return RuleBroken(
        f"{WRONG_CONTENT[str(wrong)]} Nothing of it was kept. Choose the file again to send it "
        "once more.",
        rule="IMG-015",
    )
