"""The manifest of an upload: announcing files by digest and size, taking them in, one by one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet, Sum

from audit import clock, jobs
from audit.actors import Actor, acting
from audit.errors import Conflict, Refused, RuleBroken
from audit.models import record
from imaging.models import ReceivedFile, Submission
from imaging.storage import ArrivalStore
from imaging.storage.ahead import AheadStore
from imaging.storage.arrivals import WrongContent
from imaging.workflows import SUBMISSION

MAX_FILES = 10_000
MAX_BYTES = 5 * 1024**3
MAX_FILE_BYTES = 4 * 1024**3
CHUNK = 1024 * 1024
SAID = ("explained", "said")
MOST_SAID, LONGEST_SAID = 50, 300
_DIGEST = re.compile(r"[0-9a-f]{64}")
OPEN_STATES = ("draft", "uploading")
WRONG_CONTENT = {
    "longer": "More bytes arrived than were announced.",
    "shorter": "The file did not arrive whole.",
    "different": "The bytes that arrived are not those of the file that was announced.",
}


class TooLarge(Refused):
    """An upload is larger than one submission may be."""

    status = 413
    code = "too_large"


def _locked(submission: Submission, actor: Actor) -> Submission:
    row: Submission = (
        Submission.objects.in_study(submission.study_id).select_for_update().get(pk=submission.pk)
    )
    if row.state not in OPEN_STATES:
        raise Conflict(f"{row} was sent already; its files cannot change.", rule="IMG-010")
    if row.sender_id != actor.user_id and not actor.may("submission.upload"):
        raise RuleBroken("Only the sending site adds files.", rule="IMG-011")
    return row


def announce(
    submission: Submission, entries: Sequence[tuple[str, int]], *, actor: Actor
) -> list[str]:
    """Add files to an upload by SHA-256 and size; return the digests that are still missing.

    Announcing again is how an upload goes on after a break: what has arrived is not asked for.

    Raises:
        RuleBroken: IMG-012 an entry is no digest with a size, or a digest has two sizes.
        TooLarge: the upload would be larger than one submission may be.
        Conflict: IMG-010 the submission was sent already.
    """
    actor.require("submission.upload")
    wanted = _checked(entries)
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        row = _locked(submission, actor)
        known = dict(row.files.values_list("sha256", "size"))
        counted = dict(_counted(row).values_list("sha256", "size"))
        for sha256, size in wanted.items():
            if known.get(sha256, size) != size:
                raise RuleBroken("One file was announced with two sizes.", rule="IMG-012")
        new = {s: n for s, n in wanted.items() if s not in known}
        _check_quota(len(counted) + len(new), sum(counted.values()) + sum(new.values()))
        ReceivedFile.objects.bulk_create(
            [
                ReceivedFile(study_id=row.study_id, submission=row, sha256=s, size=n)
                for s, n in new.items()
            ],
            batch_size=1000,
        )
        if row.state == "draft":
            row = SUBMISSION.move(row, "begin_upload", actor=actor)
        if new:
            _count(row)
        submission.refresh_from_db()
        return missing(row)


def _checked(entries: Iterable[tuple[str, int]]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for sha256, size in entries:
        well_formed = isinstance(sha256, str) and _DIGEST.fullmatch(sha256)
        if not well_formed or not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise RuleBroken("A file needs its SHA-256 and its size in bytes.", rule="IMG-012")
        if size > MAX_FILE_BYTES:
            raise TooLarge("One file is larger than 4 GB. Send it by courier.", rule="IMG-013")
        if wanted.setdefault(sha256, size) != size:
            raise RuleBroken("One file was announced with two sizes.", rule="IMG-012")
    return wanted


def _check_quota(files: int, size: int) -> None:
    if files > MAX_FILES:
        raise TooLarge(
            f"One submission holds at most {MAX_FILES:,} files; these are {files:,}. "
            "Send the visit in two parts.",
            rule="IMG-013",
        )
    if size > MAX_BYTES:
        raise TooLarge(
            "One submission holds at most 5 GB. Send the visit in two parts.", rule="IMG-013"
        )


def _counted(row: Submission) -> QuerySet[ReceivedFile]:
    """Return the files that count: an archive that was opened is counted by what was in it."""
    return row.files.exclude(outcome=ReceivedFile.Outcome.OPENED)


def _count(row: Submission) -> None:
    totals = _counted(row).aggregate(size=Sum("size"))
    row.file_count = _counted(row).count()
    row.byte_count = totals["size"] or 0
    digest = manifest_digest(row)
    if digest != row.manifest_digest:
        row.manifest_digest = digest
        # The checks are made anew; what the site said about findings stays.
        kept = {name: row.check_result[name] for name in SAID if name in row.check_result}
        row.check_result = kept
    row.save()


def count(submission: Submission) -> None:
    """Bring the totals and the manifest of a submission up to its files."""
    _count(submission)


def add_opened(
    submission: Submission, archive: ReceivedFile, members: Sequence[tuple[str, int]]
) -> Submission:
    """Put what was in an archive in its place; the caller made the contents durable before.

    Raises:
        TooLarge: IMG-013 with it the upload is larger than one submission may be.
    """
    with transaction.atomic():
        row: Submission = (
            Submission.objects.in_study(submission.study_id)
            .select_for_update()
            .get(pk=submission.pk)
        )
        if row.state not in OPEN_STATES:
            raise Conflict(f"{row} was sent already; its files cannot change.", rule="IMG-010")
        row.files.filter(pk=archive.pk).update(outcome=ReceivedFile.Outcome.OPENED)
        known = dict(_counted(row).values_list("sha256", "size"))
        new = {sha256: size for sha256, size in members if sha256 not in known}
        _check_quota(len(known) + len(new), sum(known.values()) + sum(new.values()))
        now = clock.now()
        ReceivedFile.objects.bulk_create(
            [
                ReceivedFile(
                    study_id=row.study_id,
                    submission=row,
                    sha256=sha256,
                    size=size,
                    outcome=ReceivedFile.Outcome.STORED,
                    stored_at=now,
                )
                for sha256, size in new.items()
            ],
            batch_size=1000,
        )
        record(
            "submission.open_archive",
            row,
            details={"archive": archive.sha256, "files": len(members), "new": len(new)},
        )
        _count(row)
        submission.refresh_from_db()
        return row


def missing(submission: Submission) -> list[str]:
    """Return the digests of announced files that have not arrived."""
    waiting = submission.files.filter(outcome=ReceivedFile.Outcome.ANNOUNCED)
    return list(waiting.values_list("sha256", flat=True))


def manifest_digest(submission: Submission) -> str:
    """Return SHA-256 (hex) over the sorted lines ``digest size`` of all files."""
    lines = _counted(submission).order_by("sha256").values_list("sha256", "size")
    text = "".join(f"{sha256} {size}\n" for sha256, size in lines)
    return hashlib.sha256(text.encode()).hexdigest()


def store_file(
    submission: Submission, sha256: str, chunks: Iterable[bytes], *, actor: Actor
) -> ReceivedFile:
    """Take one announced file in: checked while it streams, sealed, durable before it counts.

    Sending a file again that has arrived changes nothing.

    Raises:
        RuleBroken: IMG-014 it was not announced; IMG-015 the bytes are not the announced ones.
        Conflict: IMG-010 the submission was sent already.
    """
    actor.require("submission.upload")
    if submission.state not in OPEN_STATES:
        raise Conflict(f"{submission} was sent already; its files cannot change.", rule="IMG-010")
    row: ReceivedFile | None = submission.files.filter(sha256=sha256).first()
    if row is None:
        raise RuleBroken("This file was not announced. Choose the folder again.", rule="IMG-014")
    return _take_in(row, chunks)


def take_file(
    rows: QuerySet[Submission],
    pk: UUID | str,
    sha256: str,
    chunks: Iterable[bytes],
    *,
    actor: Actor,
) -> bool:
    """Take one announced file of a submission in, as ``store_file`` does, asking once.

    Args:
        rows: the submissions that the actor may see.

    Returns:
        False, with nothing read, unless there is such a submission, still open, with such a file:
        then ``store_file`` says what is wrong.

    Raises:
        RuleBroken: IMG-015 the bytes are not the announced ones.
    """
    actor.require("submission.upload")
    is_open = rows.filter(pk=pk, state__in=OPEN_STATES).order_by()
    row = ReceivedFile.objects.filter(submission__in=is_open, sha256=sha256).first()
    if row is None:
        return False
    _take_in(row, chunks)
    return True


def _take_in(row: ReceivedFile, chunks: Iterable[bytes]) -> ReceivedFile:
    if row.outcome != ReceivedFile.Outcome.ANNOUNCED:
        return row
    arrivals = ArrivalStore(row.submission_id)
    try:
        staged = arrivals.stage(chunks, sha256=row.sha256, size=row.size)
    except WrongContent as wrong:
        raise RuleBroken(
            f"{WRONG_CONTENT[str(wrong)]} Nothing of it was kept. Choose the folder again to send "
            "it once more.",
            rule="IMG-015",
        ) from None
    arrivals.commit([staged])
    mark_stored(row)
    return row


# One statement, so that the setting holds for its own commit and for nothing else.
_MARK = """
UPDATE imaging_receivedfile SET outcome = 'stored', stored_at = %s
WHERE id = %s AND outcome = 'announced'
  AND set_config('synchronous_commit', 'off', true) IS NOT NULL
"""


def mark_stored(row: ReceivedFile) -> None:
    """Note that an announced file is durable; of several senders the first one counts.

    The mark by itself does not wait for the disk: after a crash, a file whose mark was lost is
    asked for again. What counts, the end of the upload, is committed after all marks.
    """
    row.outcome, row.stored_at = ReceivedFile.Outcome.STORED, clock.now()
    if connection.in_atomic_block:
        ReceivedFile.objects.filter(pk=row.pk, outcome=ReceivedFile.Outcome.ANNOUNCED).update(
            outcome=row.outcome, stored_at=row.stored_at
        )
        return
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [row.stored_at, row.pk])


def leave_out(submission: Submission, digests: Iterable[str], *, actor: Actor) -> int:
    """Take single files out of an upload that was not sent yet: series that are not chosen, files
    that cannot be read. Digests that are not in it are passed over. Return how many went.

    Raises:
        Conflict: IMG-010 the submission was sent already.
    """
    actor.require("submission.upload")
    unwanted = {str(sha256) for sha256 in digests}
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        row = _locked(submission, actor)
        count, _ = row.files.filter(sha256__in=unwanted).delete()
        if count:
            _count(row)
            record("submission.leave_out", row, details={"files": count})
        submission.refresh_from_db()
        return count


def remove_files(submission: Submission, *, actor: Actor) -> Submission:
    """Take all files out of an upload that was not sent yet, to choose others."""
    actor.require("submission.upload")
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        row = _locked(submission, actor)
        count = row.files.count()
        row.files.all().delete()
        ArrivalStore(row.pk).store.clear_workspace("parts")
        AheadStore(row.pk).drop()
        _count(row)
        record("submission.clear", row, details={"files": count})
        return row


def finish(
    submission: Submission, *, actor: Actor, said: Sequence[Mapping[str, Any]] = ()
) -> Submission:
    """Say that all files have been sent; the checks before signing begin.

    Args:
        said: why something that was found before sending cannot be fixed: ``code`` of the finding,
            ``files`` (digests of the files it is about, none for the whole upload), ``text``.

    Raises:
        RuleBroken: IMG-001 files are missing; IMG-012 what was said is not readable.
    """
    actor.require("submission.upload")
    told = _told(said)
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        row = _locked(submission, actor)
        left = len(missing(row))
        if left:
            raise RuleBroken(
                f"{left} of {row.file_count} files have not arrived yet. Choose the same folder "
                "again: only these are sent.",
                rule="IMG-001",
            )
        _count(row)
        if told:
            row.check_result = {**row.check_result, "said": told}
            row.save()
        if told or row.check_result.get("manifest") != row.manifest_digest:
            over = [job for job in jobs.of(row) if job.kind == "imaging.check" and job.is_over]
            jobs.enqueue(
                "imaging.check",
                key=f"imaging.check:{row.pk}:{row.manifest_digest}:{len(over)}",
                row=row,
                total=row.file_count,
                submission=str(row.pk),
            )
        return row


def _told(said: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    told = []
    for item in said[:MOST_SAID]:
        code, text, files = item.get("code"), item.get("text"), item.get("files", [])
        known = isinstance(files, list) and all(
            isinstance(f, str) and _DIGEST.fullmatch(f) for f in files
        )
        if not isinstance(code, str) or not isinstance(text, str) or not known:
            raise RuleBroken("What was said about the files is not readable.", rule="IMG-012")
        if text.strip():
            told.append({"code": code[:60], "files": files, "text": text.strip()[:LONGEST_SAID]})
    return told


def upload_folder(submission: Submission, folder: Path, *, actor: Actor) -> Submission:
    """Send every file under a folder, for imports from a disk. Resumable like any upload."""
    paths: dict[str, Path] = {}
    entries = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        paths[sha256] = path
        entries.append((sha256, path.stat().st_size))
    for sha256 in announce(submission, entries, actor=actor):
        store_file(submission, sha256, _read(paths[sha256]), actor=actor)
    return finish(submission, actor=actor)


def _read(path: Path) -> Any:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk
