"""De-identification of a folder: the production stages in order, without database.

scan (verify and collect identity) -> holds over the whole upload -> look at pixels -> clean ->
verify the outputs in another process -> rename all into place.  A file that is held is not
written; outputs carry names made of new identifiers only.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from imaging.pipeline.burned_in import STROKES_PER_TILE, Finding, TextFinder, stroke_score
from imaging.pipeline.deidentify import (
    DeidOutcome,
    DeidPlan,
    IdentityTokens,
    Profile,
    Status,
    Subject,
    TrialValues,
    deidentify_file,
    merge_tokens,
)
from imaging.pipeline.deidentify.holds import Look
from imaging.pipeline.durable import NotWritten, SyncGroup
from imaging.pipeline.package import Kind, LeftOut, PackageLimits, ReceivedFile, list_folder
from imaging.pipeline.reasons import sentence
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits
from imaging.pipeline.scanning import Scanned, Scanner
from imaging.pipeline.verifier import OutputVerifier, Verdict

WINDOW: Final = 512
NOT_ASKED: Final = "-"
STAGING: Final = ".incoming-"
NO_LIMITS: Final = PackageLimits(files=10**8, total_bytes=1 << 60, file_bytes=4 * 1024**3)
LOOK_LIMITS: Final = SandboxLimits(memory_bytes=8 * 1024**3, cpu_seconds=120, wall_seconds=300.0)
SCORED_PER_STACK: Final = 100
SAMPLES_PER_STACK: Final = 3
STACK_LOOKED_THROUGH: Final = 400
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FolderRun:
    """What to clean, for whom, with what, and where to.

    `subjects` maps the identity in the files (Patient ID) to the trial's subject.  Without
    `digests` nothing is hashed: nobody reads a digest when there is no report.
    """

    source: Path
    destination: Path
    subjects: Mapping[str, Subject]
    profile: Profile
    key: bytes = field(repr=False)
    jobs: int = 1
    digests: bool = True


@dataclass(slots=True)
class FileRecord:
    """One received file and what became of it: `written`, `held` or `ignored`."""

    number: int
    shown_name: str
    state: str = ""
    code: str = ""
    where: str = ""
    outcome: DeidOutcome | None = None
    output: str = ""


@dataclass
class FolderReport:
    """The result of a run.

    `unmatched` counts the people of the subject list who have no file, `left_alone` the outputs of
    earlier runs that lie in the destination and were not written anew.
    """

    records: list[FileRecord]
    profile: Profile
    counts: Counter[str] = field(default_factory=Counter)
    unmatched: int = 0
    left_alone: int = 0

    def states(self) -> Counter[str]:
        return Counter(record.state for record in self.records)

    @property
    def exit_code(self) -> int:
        """0 when all is written or ignored, 3 when something is held."""
        return 3 if any(record.state == "held" for record in self.records) else 0

    def summary(self) -> dict[str, Any]:
        """What the report says of the run as a whole, as JSON data."""
        return {
            "profile": {
                "name": self.profile.name,
                "version": self.profile.version,
                "sha256": self.profile.digest,
                "methods": [list(method) for method in self.profile.methods],
            },
            "files": dict(sorted(self.states().items())),
            "elements": dict(sorted(self.counts.items())),
        }


def _entry(record: FileRecord, with_names: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"number": record.number, "state": record.state}
    if with_names and record.state != "written":
        entry["source"] = record.shown_name
    if record.code:
        entry |= {"code": record.code, "reason": sentence(record.code)}
    if record.where:
        entry["where"] = record.where
    outcome = record.outcome
    if outcome is not None:
        entry |= {"sha256_before": outcome.sha256_before}
        if record.state == "written":
            entry |= {
                "output": record.output,
                "sha256_after": outcome.sha256_after,
                "pixel_sha256": outcome.pixel_sha256,
                "elements": dict(outcome.counts),
                "notes": list(outcome.notes),
            }
    return entry


class RunRefused(Exception):
    """The run cannot start; the message says why and what was kept."""


@contextmanager
def _owned(destination: Path) -> Iterator[None]:
    """Hold the destination for one run, and remove what a run left that was killed."""
    try:
        destination.mkdir(parents=True, exist_ok=True)
        handle = os.open(destination, os.O_RDONLY)
    except OSError as problem:
        raise RunRefused(f"DST: {problem.strerror}. Nothing was written.") from None
    try:
        if not os.access(destination, os.W_OK | os.X_OK):
            raise RunRefused("DST may not be written to. Nothing was written.")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunRefused("Another run writes into DST. Nothing was written.") from None
        for left in destination.glob(f"{STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(handle)


def run_folder(run: FolderRun, progress: Progress) -> FolderReport:
    """Clean a folder.

    Raises OSError when the source or destination cannot be used, RunRefused when another run
    writes into the destination.
    """
    with _owned(run.destination):
        return _run(run, progress)


def _run(run: FolderRun, progress: Progress) -> FolderReport:
    package = list_folder(run.source, limits=NO_LIMITS, hashed=False)
    records = [_left_out(entry) for entry in package.left_out]
    report = FolderReport(records, run.profile)
    taken: dict[int, tuple[ReceivedFile, FileRecord]] = {}
    for file in package.files:
        record = FileRecord(file.number, file.shown_name)
        records.append(record)
        if file.kind is Kind.DICOM:
            taken[file.number] = (file, record)
        else:
            record.state, record.code = "ignored", _IGNORED[file.kind]
    scanned, tokens, words = _scan(run, taken, progress)
    report.unmatched = len(run.subjects.keys() - {facts.patient_id for facts in scanned.values()})
    _hold_over_upload(run, taken, scanned)
    _look(run, taken, scanned, progress)
    plans = _plans(run, scanned, tokens, words)
    _clean(run, taken, scanned, plans, report=report, progress=progress)
    records.sort(key=lambda record: record.number)
    outputs = {run.destination / record.output for record in records if record.output}
    report.left_alone = sum(path not in outputs for path in run.destination.rglob("*.dcm"))
    return report


# What nobody has looked into: it may hold images, so a person must know of it.
_NOT_SEEN: Final = frozenset({"unreadable", "unreadable_folder", "link_outside", "file_too_large"})
_IGNORED: Final = {
    Kind.EMPTY: "empty_file",
    Kind.OTHER: "not_dicom",
    Kind.DICOMDIR: "dicomdir",
    Kind.ARCHIVE: "archive_not_opened",
}
Taken = dict[int, tuple[ReceivedFile, FileRecord]]


def _left_out(entry: LeftOut) -> FileRecord:
    state = "held" if entry.code in _NOT_SEEN else "ignored"
    return FileRecord(0, entry.shown_name, state, entry.code)


def _hold(record: FileRecord, code: str, where: str = "") -> None:
    record.state, record.code, record.where = "held", code, where


def _scan(
    run: FolderRun, taken: Taken, progress: Progress
) -> tuple[dict[int, Scanned], IdentityTokens, dict[str, set[str]]]:
    """Read every header; return the facts, the tokens of all, and the field words of each name.

    A name that is also a word of the field (`Head`) counts in the files of its bearer only.
    """
    scanned: dict[int, Scanned] = {}
    tokens: list[IdentityTokens] = []
    words: dict[str, set[str]] = defaultdict(set)
    numbers = list(taken)
    with Sandbox[Path, tuple[Scanned | str, IdentityTokens]](
        lambda: Scanner(run.profile), processes=run.jobs
    ) as box:
        for done, (position, result) in enumerate(
            box.map([taken[number][0].path for number in numbers]), start=1
        ):
            progress("read", done, len(numbers))
            number = numbers[position]
            if isinstance(result, Contained):
                _hold(taken[number][1], result.code)
                continue
            facts, found = result
            owner = "" if isinstance(facts, str) else facts.patient_id
            words[owner].update(found.patient)
            tokens.append(replace(found, patient=frozenset()))
            if len(tokens) > 256:
                tokens = [merge_tokens(tokens)]
            if isinstance(facts, str):
                _hold(taken[number][1], facts)
            else:
                scanned[number] = facts
    return scanned, merge_tokens(tokens), words


def _hold_over_upload(run: FolderRun, taken: Taken, scanned: dict[int, Scanned]) -> None:
    """Holds that need the whole upload: unmapped subjects, two subjects, one UID twice."""
    people: dict[bytes, set[str]] = defaultdict(set)
    instances: dict[bytes, list[int]] = defaultdict(list)
    for number, facts in scanned.items():
        subject = run.subjects.get(facts.patient_id)
        who = f"subject {subject.subject_id}" if subject else f"unmapped {facts.patient_id}"
        people[facts.study].add(who)
        people[facts.series].add(who)
        instances[facts.instance].append(number)
    for number, facts in scanned.items():
        record = taken[number][1]
        if len(people[facts.study]) > 1 or len(people[facts.series]) > 1:
            _hold(record, "two_subjects")
        elif facts.patient_id not in run.subjects:
            _hold(record, "unmapped_subject")
        elif facts.hold:
            _hold(record, facts.hold)
    for numbers in instances.values():
        if len(numbers) > 1:
            _settle_same_uid(taken, numbers)


def _settle_same_uid(taken: Taken, numbers: list[int]) -> None:
    digests = {number: _digest(taken[number][0].path) for number in numbers}
    if len(set(digests.values())) > 1:
        for number in numbers:
            _hold(taken[number][1], "same_uid_other_content")
        return
    for number in numbers[1:]:
        record = taken[number][1]
        record.state, record.code = "ignored", "duplicate"


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _look(run: FolderRun, taken: Taken, scanned: dict[int, Scanned], progress: Progress) -> None:
    """Look for text in pixels: at each image or at a sample of each stack of like images."""
    each: list[tuple[int, Look]] = []
    stacks: dict[bytes, list[int]] = defaultdict(list)
    for number, facts in scanned.items():
        if taken[number][1].state:
            continue
        if facts.look is Look.EACH:
            each.append((number, Look.EACH))
        elif facts.look is Look.SAMPLE:
            stacks[facts.stack].append(number)
    if not each and not stacks:
        return
    with Sandbox[tuple[Path, Look], Finding](
        _start_looking, processes=run.jobs, limits=LOOK_LIMITS
    ) as box:
        work = each + _most_suspicious(run, taken, scanned, stacks, progress)
        hit = _look_at(box, taken, work, progress)
        more: list[tuple[int, Look]] = []
        for numbers in stacks.values():
            if hit.isdisjoint(numbers):
                continue
            rest = [number for number in numbers if not taken[number][1].state]
            if len(numbers) > STACK_LOOKED_THROUGH:
                for number in rest:
                    _hold(taken[number][1], "text_in_pixels")
            else:
                more += [(number, Look.EACH) for number in rest]
        _look_at(box, taken, more, progress)


def _most_suspicious(
    run: FolderRun,
    taken: Taken,
    scanned: dict[int, Scanned],
    stacks: Mapping[bytes, list[int]],
    progress: Progress,
) -> list[tuple[int, Look]]:
    """Score up to a hundred images of each stack by strokes; choose the three most like print."""
    scored = [number for numbers in stacks.values() for number in _spread(numbers, scanned)]
    scores: dict[int, int] = {}
    with Sandbox[Path, int](lambda: stroke_score, processes=run.jobs, limits=LOOK_LIMITS) as box:
        paths = [taken[number][0].path for number in scored]
        for done, (position, score) in enumerate(box.map(paths), start=1):
            progress("score pixels", done, len(scored))
            if isinstance(score, Contained):
                _hold(taken[scored[position]][1], "pixels_not_decoded")
            else:
                scores[scored[position]] = score
    chosen: list[tuple[int, Look]] = []
    for numbers in stacks.values():
        known = sorted((n for n in numbers if n in scores), key=lambda n: (-scores[n], n))
        print_like = [n for n in known[:SAMPLES_PER_STACK] if scores[n] >= STROKES_PER_TILE]
        chosen += [(number, Look.SAMPLE) for number in print_like]
    return chosen


def _spread(numbers: list[int], scanned: dict[int, Scanned]) -> list[int]:
    ordered = sorted(numbers, key=lambda number: (scanned[number].order, number))
    step = -(-len(ordered) // SCORED_PER_STACK)
    return ordered[::step]


def _start_looking() -> Callable[[tuple[Path, Look]], Finding]:
    finder = TextFinder()
    return lambda work: finder.look(*work)


def _look_at(
    box: Sandbox[tuple[Path, Look], Finding],
    taken: Taken,
    work: list[tuple[int, Look]],
    progress: Progress,
) -> set[int]:
    hit: set[int] = set()
    items = [(taken[number][0].path, how) for number, how in work]
    for done, (position, finding) in enumerate(box.map(items), start=1):
        progress("look at pixels", done, len(work))
        number = work[position][0]
        code = finding.code
        if code:
            _hold(
                taken[number][1], "pixels_not_decoded" if isinstance(finding, Contained) else code
            )
            hit.add(number)
    return hit


def _clean(
    run: FolderRun,
    taken: Taken,
    scanned: dict[int, Scanned],
    plans: Mapping[str, DeidPlan],
    *,
    report: FolderReport,
    progress: Progress,
) -> None:
    numbers = [number for number in scanned if not taken[number][1].state]
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=run.destination))
    try:
        with (
            SyncGroup() as disk,
            Sandbox[tuple[Path, Path, str], DeidOutcome](
                lambda: _cleaner(run, plans), processes=run.jobs
            ) as cleaners,
            Sandbox[tuple[Path, Path, str], Verdict](
                lambda: _Checker(plans), processes=run.jobs
            ) as checkers,
        ):
            for start in range(0, len(numbers), WINDOW):
                window = numbers[start : start + WINDOW]
                jobs = [_job(number, taken, scanned, run, staging) for number in window]
                _clean_window(window, jobs, taken, cleaners, checkers, disk=disk)
                progress("clean and check", start + len(window), len(numbers))
        _publish(run, numbers, taken, scanned, staging=staging, report=report)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _plans(
    run: FolderRun,
    scanned: dict[int, Scanned],
    tokens: IdentityTokens,
    words: Mapping[str, set[str]],
) -> dict[str, DeidPlan]:
    defaults = run.profile.trial_defaults
    trial = TrialValues(**{name: str(value) for name, value in defaults.items()})
    people = {facts.patient_id for facts in scanned.values()} & run.subjects.keys()
    own: dict[str, set[str]] = defaultdict(set)
    for person in people:
        own[run.subjects[person].subject_id] |= words.get(person, set())
    by_subject: dict[Subject, DeidPlan] = {}
    plans: dict[str, DeidPlan] = {}
    for person in sorted(people):
        subject = run.subjects[person]
        if subject not in by_subject:
            mine = replace(tokens, patient=frozenset(own[subject.subject_id]))
            by_subject[subject] = DeidPlan(run.key, run.profile, subject, trial, mine)
        plans[person] = by_subject[subject]
    return plans


def _cleaner(
    run: FolderRun, plans: Mapping[str, DeidPlan]
) -> Callable[[tuple[Path, Path, str]], DeidOutcome]:
    """What a child does with one file; the parent syncs the outputs, many at a time."""
    known = "" if run.digests else NOT_ASKED

    def clean(job: tuple[Path, Path, str]) -> DeidOutcome:
        source, output, person = job
        plan = plans[person]
        return deidentify_file(
            source,
            output,
            plan=plan,
            sha256_before=known,
            digests=run.digests,
            durable=False,
        )

    return clean


class _Checker:
    """Verifies outputs in a child process, one memory per plan."""

    def __init__(self, plans: Mapping[str, DeidPlan]) -> None:
        self._plans = plans
        self._verifiers: dict[str, OutputVerifier] = {}

    def __call__(self, job: tuple[Path, Path, str]) -> Verdict:
        source, output, person = job
        verifier = self._verifiers.get(person)
        if verifier is None:
            verifier = self._verifiers[person] = OutputVerifier(self._plans[person])
        return verifier.check(source, output)


def _job(
    number: int, taken: Taken, scanned: dict[int, Scanned], run: FolderRun, staging: Path
) -> tuple[Path, Path, str]:
    return taken[number][0].path, staging / f"{number:08d}", scanned[number].patient_id


def _clean_window(
    window: list[int],
    jobs: list[tuple[Path, Path, str]],
    taken: Taken,
    cleaners: Sandbox[tuple[Path, Path, str], DeidOutcome],
    checkers: Sandbox[tuple[Path, Path, str], Verdict],
    *,
    disk: SyncGroup,
) -> None:
    written: list[int] = []
    for position, outcome in cleaners.map(jobs):
        record = taken[window[position]][1]
        if isinstance(outcome, Contained):
            if outcome.cause == NotWritten.__name__:
                raise OSError(errno.EIO, "The disk of DST did not take a file")
            _hold(record, outcome.code, outcome.cause)
            continue
        record.outcome = _shared(outcome)
        if outcome.status is Status.WRITTEN:
            disk.add(jobs[position][1])
            written.append(position)
        else:
            _hold(record, outcome.code)
    for index, verdict in checkers.map([jobs[position] for position in written]):
        position = written[index]
        record = taken[window[position]][1]
        if isinstance(verdict, Contained):
            _hold(record, verdict.code, verdict.cause)
        elif not verdict.passed:
            _hold(record, verdict.code, verdict.where)
        if record.state:
            jobs[position][1].unlink(missing_ok=True)


_ONCE: Final[dict[object, Any]] = {}


def _shared(outcome: DeidOutcome) -> DeidOutcome:
    """Hold equal parts of many outcomes once, so that memory grows slowly with the files."""
    if len(_ONCE) > 10_000:
        _ONCE.clear()
    return replace(
        outcome,
        counts=_ONCE.setdefault(outcome.counts, outcome.counts),
        notes=_ONCE.setdefault(outcome.notes, outcome.notes),
        study_uid=sys.intern(outcome.study_uid),
        series_uid=sys.intern(outcome.series_uid),
    )


def _publish(
    run: FolderRun,
    numbers: list[int],
    taken: Taken,
    scanned: dict[int, Scanned],
    *,
    staging: Path,
    report: FolderReport,
) -> None:
    """Rename every verified output into place, then sync the folders that changed."""
    folders: set[Path] = set()
    for number in numbers:
        record = taken[number][1]
        if record.state or record.outcome is None:
            continue
        outcome = record.outcome
        subject = run.subjects[scanned[number].patient_id]
        name = Path(folder_name(subject.subject_id), outcome.study_uid, outcome.series_uid)
        target = run.destination / name
        target.mkdir(parents=True, exist_ok=True)
        (staging / f"{number:08d}").replace(target / f"{outcome.sop_uid}.dcm")
        folders.update((target, target.parent, target.parent.parent, run.destination))
        record.state, record.output = "written", f"{name.as_posix()}/{outcome.sop_uid}.dcm"
        report.counts.update(dict(outcome.counts))
    for folder in sorted(folders):
        _sync_folder(folder)


def folder_name(subject_id: str) -> str:
    """A folder name for a subject code: the code itself where it is plain, else its digest."""
    plain = subject_id.isascii() and subject_id.replace("-", "").replace("_", "").isalnum()
    return subject_id if plain else hashlib.sha256(subject_id.encode()).hexdigest()[:16]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_report(report: FolderReport, path: Path, *, with_names: bool) -> None:
    """Write the report as JSON, entry by entry, through a temporary name.

    Without names, files are told by number and digest.
    """
    waiting = path.with_name(path.name + ".part")
    with waiting.open("w", encoding="utf-8") as stream:
        head = json.dumps(report.summary(), indent=1, ensure_ascii=False)
        stream.write(head.removesuffix("\n}") + ',\n "entries": [')
        for number, record in enumerate(report.records):
            entry = json.dumps(_entry(record, with_names), ensure_ascii=False)
            stream.write((",\n  " if number else "\n  ") + entry)
        stream.write("\n ]\n}\n")
    waiting.replace(path)


def held(report: FolderReport) -> Iterator[FileRecord]:
    """The files that wait for a person, in order."""
    return (record for record in report.records if record.state == "held")
