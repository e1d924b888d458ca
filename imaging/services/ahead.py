"""Cleaning ahead: what the checks opened is cleaned and verified while the site fills in the form.

Nothing of it shows before the submission is signed, and nothing is decided here: when it is signed
the work is taken over only if it is exactly what would be done then, for the same files, by the
same profile, plan and engine, and if no file needs a person. Otherwise everything is done anew. A
worker that is lost on the way leaves nothing that counts.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import uuid4

import imaging
from audit.errors import RuleBroken
from audit.models import Job, kind_of
from imaging.models import Submission
from imaging.pipeline import notes
from imaging.pipeline.deidentify import DeidOutcome, IdentityTokens
from imaging.pipeline.technical_qc.file_facts import FileFacts
from imaging.pipeline.verify import Verified
from imaging.services import cleaning, identity, intake, looking, site_cleaning
from imaging.services.cleaning import Ahead
from imaging.services.intake import Examined, Intake, Left, Tick
from imaging.services.storing import Cleaned
from imaging.storage import ArrivalStore, study_key
from imaging.storage.ahead import AheadStore
from imaging.storage.originals import Originals

# What decides the bytes of an output: work of another version is not taken over.
ENGINE_FOLDERS = ("pipeline", "deid_profiles", "dicomweb")
OPEN_STATES = ("uploading", "received")
WAIT_S = 0.05


@dataclass(frozen=True, slots=True)
class _File:
    """One file: its header's verdict, and what became of it; a file known before is not cleaned."""

    sha256: str
    verified: Verified
    facts: FileFacts | None
    outcome: DeidOutcome | None
    left: Left | None
    place: str
    size: int


@dataclass(frozen=True, slots=True)
class _Note:
    """All that was worked out of an upload, and what it holds for."""

    engine: str
    manifest: str
    run: str
    plan: str
    tokens: IdentityTokens
    files: tuple[_File, ...]
    aside: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ready:
    """An upload that was worked through ahead: what is known of its files, and clean ones.

    It holds for the files of a manifest and for the plan with this digest. What is signed while it
    is cleaned is ready before all of it is clean.
    """

    intake: Intake
    work: Ahead
    run: str
    plan: str
    manifest: str


@cache
def engine() -> str:
    """Return SHA-256 (hex) over the code and the word lists that clean, verify and describe."""
    root = Path(imaging.__file__).parent
    digest = hashlib.sha256()
    for name in ENGINE_FOLDERS:
        for path in sorted((root / name).rglob("*.*")):
            if path.suffix in {".py", ".json", ".txt"}:
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def work(submission: Submission, opened: Intake, tick: Tick) -> Ready | None:
    """Look at, clean and verify an opened upload, until all is done or it is signed.

    Returns:
        The clean files when every file passed so far; nothing otherwise.
    """
    store, run = AheadStore(submission.pk), uuid4().hex
    store.drop()
    if not opened.examined or site_cleaning.option_of(submission).at_site != "off":
        return None
    if not all(intake.say_all(items) for items in opened.by_series.values()):
        return None  # an original would be opened again
    if looking.may_show_text(opened, tick):
        return None
    plan = cleaning.plan_of(submission, opened)
    known = identity.known_files(submission)
    fresh = [item for item in opened.examined if item.row.sha256 not in known]
    folder = store.folder(run)
    begun = cleaning.begin_ahead(fresh, plan, folder=folder)
    ready = Ready(opened, begun, run, plan.digest, submission.manifest_digest)
    if ready.work.go_on(tick, lambda: is_signed(submission, ready)):
        return ready
    shutil.rmtree(folder, ignore_errors=True)
    return None


def is_signed(submission: Submission, ready: Ready) -> bool:
    """Tell whether it was signed meanwhile, and what is at hand can go on as it is."""
    submission.refresh_from_db()
    if submission.state != "received" or submission.lifted_holds:
        return False
    return holds_now(submission, ready)


def holds_now(submission: Submission, ready: Ready) -> bool:
    """Tell whether what was worked out is what would be done now: same files, same plan."""
    return (
        ready.manifest == submission.manifest_digest
        and not submission.files.exclude(decision=None).exists()
        and cleaning.plan_of(submission, ready.intake).digest == ready.plan
    )


def keep(submission: Submission, ready: Ready) -> None:
    """Keep what was worked out until the submission is signed, if it still has these files."""
    store, opened = AheadStore(submission.pk), ready.intake
    ready.work.stop()
    if not _is_wanted(submission, ready):
        shutil.rmtree(store.folder(ready.run), ignore_errors=True)
        return
    by_source = {one.work.item.row.sha256: one for one in ready.work.done}
    digests = dict(submission.files.filter(pk__in=opened.set_aside).values_list("pk", "sha256"))
    note = _Note(
        engine(),
        ready.manifest,
        ready.run,
        ready.plan,
        opened.tokens,
        tuple(_file(item, by_source.get(item.row.sha256)) for item in opened.examined),
        {digests[pk]: told for pk, told in opened.set_aside.items()},
    )
    # It may be dropped meanwhile: other files were chosen, or it was withdrawn.
    with suppress(FileNotFoundError, RuleBroken):
        store.keep(notes.written(note), [one.staged.path for one in ready.work.done])


def _file(item: Examined, cleaned: Cleaned | None) -> _File:
    if cleaned is None:
        return _File(item.row.sha256, item.verified, item.facts, None, None, "", 0)
    staged = cleaned.staged
    return _File(
        item.row.sha256,
        item.verified,
        item.facts,
        cleaned.outcome,
        cleaned.left,
        staged.path.name,
        staged.size,
    )


def _is_wanted(submission: Submission, ready: Ready) -> bool:
    """Tell whether the upload is still there with the same files."""
    rows = Submission.objects.in_study(submission.study_id).filter(pk=submission.pk)
    return rows.filter(state__in=OPEN_STATES, manifest_digest=ready.manifest).exists()


def ready(submission: Submission) -> Ready | None:
    """Return the work done ahead when it is what would be done now; nothing otherwise."""
    store = AheadStore(submission.pk)
    text = store.note()
    if text is None:
        return None
    with suppress(ValueError, TypeError, KeyError):
        note = notes.read(_Note, text)
        found = _ready(submission, note, store) if note.engine == engine() else None
        if found is not None and holds_now(submission, found):
            return found
    return None


def _ready(submission: Submission, note: _Note, store: AheadStore) -> Ready | None:
    rows = {row.sha256: row for row in submission.files.all()}
    found = Intake(study_key(submission.study_id), intake.profile_of(submission))
    found.tokens = note.tokens
    known = identity.known_files(submission)
    folder = store.folder(note.run)
    originals = Originals(ArrivalStore(submission.pk))
    cleaned = []
    for one in note.files:
        path = folder / one.place
        item = Examined(rows[one.sha256], originals, path, one.verified, one.facts)
        found.examined.append(item)
        if one.sha256 in known:
            continue
        if one.outcome is None or one.left is None or not _is_there(path, one.size):
            return None
        cleaned.append(cleaning.cleaned_ahead(item, path, one.outcome, one.left, size=one.size))
    found.set_aside = {rows[sha256].pk: told for sha256, told in note.aside.items()}
    return Ready(found, cleaning.all_ahead(cleaned), note.run, note.plan, note.manifest)


def _is_there(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def wait_for_checks(submission: Submission, tick: Tick) -> None:
    """Wait while a worker still works ahead on a submission that was signed meanwhile."""
    mine = Job.objects.filter(
        kind="imaging.check",
        object_kind=kind_of(submission),
        object_id=str(submission.pk),
        state=Job.State.RUNNING,
    )
    while mine.filter(lease_until__gt=datetime.now(UTC)).exists():
        tick(0, "Removing identity and verifying")
        time.sleep(WAIT_S)


def drop(submission: Submission) -> None:
    """Forget the work done ahead for a submission."""
    AheadStore(submission.pk).drop()
