"""Opening what a site sent, in child processes that may die: originals, verdicts, identity, facts.

The originals are in clear in memory; the few of which somebody needs a file lie in a working folder
that is removed when the work ends and again before it starts anew. Identity lives in memory for the
length of one run, and in the sealed note of work done ahead (``imaging.services.ahead``), under the
submission's own key.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings

from imaging.dicomweb.objects import Described
from imaging.models import ReceivedFile, Submission
from imaging.pipeline.deidentify import IdentityTokens, Profile, merge_tokens
from imaging.pipeline.deidentify.profile import compile_profile
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.examining import Examiner, Opened
from imaging.pipeline.package import HEAD, Kind, sniff
from imaging.pipeline.reasons import sentence
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits
from imaging.pipeline.technical_qc import SeriesFacts, read_facts
from imaging.pipeline.technical_qc.facts import Value
from imaging.pipeline.technical_qc.file_facts import FileFacts
from imaging.pipeline.technical_qc.reading import joined
from imaging.pipeline.travel import travels
from imaging.pipeline.verify import Refused, Verified
from imaging.services import site_cleaning
from imaging.storage import ArrivalStore, ContentDamaged, study_key
from imaging.storage.content import write_all
from imaging.storage.originals import IN_MEMORY, Originals

Tick = Callable[[int, str], None]
LIMITS = SandboxLimits()
# Writing out an original of some gigabytes on a slow disk.
OPENING = SandboxLimits(wall_seconds=600.0)
OPENED_AT_ONCE = 2
# What the checks take from the originals; every other value comes from the clean files.
TRUE_VALUES = frozenset({"serial"})
# Why an archive as a whole was refused when it was opened.
ARCHIVE_CODES = frozenset(
    {
        "archive_in_archive",
        "archive_encrypted",
        "archive_broken",
        "archive_ratio",
        "archive_member_lies",
        "too_many_files",
        "too_many_bytes",
    }
)
KEPT_REFUSALS = ARCHIVE_CODES | site_cleaning.REFUSED_CODES

_NOT_IMAGES = {
    Kind.EMPTY: "empty_file",
    Kind.OTHER: "not_dicom",
    Kind.DICOMDIR: "dicomdir",
    Kind.ARCHIVE: "archive_not_opened",
}


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that can be judged: its row, its header's verdict, and where it is had.

    ``place`` is where it lies in clear if somebody needed a file of it.
    """

    row: ReceivedFile
    originals: Originals = field(repr=False, compare=False)
    place: Path
    verified: Verified
    facts: FileFacts | None = None

    @property
    def order(self) -> tuple[str, str, int]:
        """What a child is told to read it: SHA-256, place, bytes."""
        return self.row.sha256, str(self.place), self.row.size

    @property
    def path(self) -> Path:
        """The original as a file in clear; it is written out when it is first asked for."""
        return self.originals.file(self.row.sha256, self.place)


@travels
@dataclass(frozen=True, slots=True)
class Left:
    """What the verifier's process read of a clean file while it had it open."""

    height_mm: float | None
    values: Mapping[str, tuple[Value, ...]]
    described: Described


@dataclass
class Intake:
    """Everything known of an upload's files during one run.

    ``left`` holds what was read of clean files, by their SHA-256; files that an earlier run cleaned
    are not in it.
    """

    key: bytes = field(repr=False)
    profile: Profile
    examined: list[Examined] = field(default_factory=list)
    left: dict[str, Left] = field(default_factory=dict, repr=False)
    set_aside: dict[int, tuple[str, str]] = field(default_factory=dict)
    tokens: IdentityTokens = field(default_factory=IdentityTokens, repr=False)
    at_site: set[int] = field(default_factory=set)

    @property
    def archives(self) -> list[int]:
        """Keys of the files that were not opened because others are in them."""
        code = _NOT_IMAGES[Kind.ARCHIVE]
        return [pk for pk, (_, told) in self.set_aside.items() if told == code]

    @property
    def by_series(self) -> dict[str, list[Examined]]:
        """Examined files by the series identifier in their headers."""
        found: dict[str, list[Examined]] = {}
        for item in self.examined:
            found.setdefault(item.verified.identity.series_uid, []).append(item)
        return found


def profile_of(submission: Submission) -> Profile:
    """Return the compiled profile that the submission pins."""
    return compile_profile(submission.profile.document, submission.profile.digest)


def working_folder(submission: Submission) -> Path:
    """Return where a submission's originals lie in clear while they are worked on."""
    return Path(settings.DATA_DIR) / "work" / submission.pk.hex


@contextmanager
def opened(
    submission: Submission, tick: Tick, *, only: frozenset[str] | None = None
) -> Iterator[Intake]:
    """Open an upload: decrypt, examine and collect identity; clean the working folder afterwards.

    Args:
        tick: told how many files were examined, often enough to keep a lease.
        only: parameters whose values are wanted of the originals; all without it.
    """
    with working(submission) as folder:
        yield _examine(submission, folder, tick, only)


@contextmanager
def working(submission: Submission) -> Iterator[Path]:
    """Make the folder in which originals lie open for a while; it is removed afterwards."""
    folder = working_folder(submission)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _examine(
    submission: Submission, folder: Path, tick: Tick, only: frozenset[str] | None
) -> Intake:
    intake = Intake(study_key(submission.study_id), profile_of(submission))
    arrivals = ArrivalStore(submission.pk)
    # An archive that was opened is read by its files; one that was refused keeps its reason.
    rows = submission.files.exclude(
        outcome__in=[ReceivedFile.Outcome.ANNOUNCED, ReceivedFile.Outcome.OPENED]
    ).exclude(outcome=ReceivedFile.Outcome.REFUSED, code__in=KEPT_REFUSALS)
    # What a person left out is not part of the upload any more.
    rows = rows.exclude(decision__verdict="left_out", decision__state="effective")
    to_read = [(row, folder / f"{number:06d}") for number, row in enumerate(rows)]
    if arrivals.store.root is None:
        to_read = _fetched(intake, arrivals, to_read, tick)
    parts: list[IdentityTokens] = []
    originals = Originals(arrivals)
    with Sandbox(_examiner(intake, originals, only), processes=2, limits=OPENING) as sandbox:
        work = [(row.sha256, str(place), row.size) for row, place in to_read]
        for position, result in sandbox.map(work):
            row, place = to_read[position]
            if isinstance(result, str):
                intake.set_aside[row.pk] = (_outcome_of(result), result)
            elif isinstance(result, Contained | Refused):
                intake.set_aside[row.pk] = (ReceivedFile.Outcome.REFUSED, result.code)
            else:
                verified, tokens, facts = result
                intake.examined.append(Examined(row, originals, place, verified, facts))
                parts.append(tokens)
            tick(0, f"Reading the headers, {position + 1:,} of {len(to_read):,}")
    # Results come in no fixed order; work and names derived from it must not depend on that.
    intake.examined.sort(key=lambda item: item.row.sha256)
    intake.tokens = merge_tokens(parts)
    site_cleaning.sort_out(submission, intake)
    return intake


Place = tuple[ReceivedFile, Path]


def _fetched(
    intake: Intake, arrivals: ArrivalStore, places: Sequence[Place], tick: Tick
) -> list[Place]:
    """Open originals of an object store here: its connections do not outlive a fork."""
    found = []
    with ThreadPoolExecutor(OPENED_AT_ONCE) as threads:
        codes = threads.map(lambda place: _materialise(arrivals, place[0].sha256, place[1]), places)
        for number, ((row, path), code) in enumerate(zip(places, codes, strict=True)):
            if code:
                intake.set_aside[row.pk] = (_outcome_of(code), code)
            else:
                found.append((row, path))
            if number % 50 == 0:
                tick(0, "Opening the files")
    return found


def _materialise(arrivals: ArrivalStore, sha256: str, path: Path) -> str:
    """Write an original in clear, or return the code of why not: what is no image is not opened."""
    try:
        chunks = arrivals.chunks(sha256)
        first = next(chunks, b"")
        code = _NOT_IMAGES.get(sniff(first[:HEAD]), "")
        if not code:
            with path.open("wb", buffering=0) as stream:
                for chunk in chain([first], chunks):
                    write_all(stream, chunk)
    except (ContentDamaged, FileNotFoundError):
        return "unreadable"
    return code


def _outcome_of(code: str) -> str:
    refused = {"unreadable", "archive_not_opened"}
    return ReceivedFile.Outcome.REFUSED if code in refused else ReceivedFile.Outcome.IGNORED


def _examiner(
    intake: Intake, originals: Originals, only: frozenset[str] | None
) -> Callable[[], Callable[[tuple[str, str, int]], Any]]:
    """Return the set-up of a child that opens files and reads headers; it learns as it reads.

    Its results: a reason code for what is no image or cannot be opened, what the header is refused
    for, or the header's verdict with its identity and its facts.
    """

    def setup() -> Callable[[tuple[str, str, int]], Any]:
        examiner = Examiner(intake.profile, key=intake.key, only=only)

        def examine(work: tuple[str, str, int]) -> str | Refused | Opened:
            sha256, place, size = work[0], Path(work[1]), work[2]
            code = ""
            if size > IN_MEMORY and not place.exists():  # of an object store it lies here already
                code = _materialise(originals.arrivals, sha256, place)
            if code:
                return code
            try:
                data = originals.read(sha256, place, size)
                code = _NOT_IMAGES.get(sniff(data[:HEAD]), "")
                return code or examiner.examine(data, partial(originals.file, sha256, place))
            except (ContentDamaged, FileNotFoundError):
                return "unreadable"
            except Malformed as problem:
                return Refused(problem.code)
            except RecursionError:
                return Refused("too_deep")

        return examine

    return setup


def facts_of(
    files_by_series: Mapping[str, Sequence[Examined]], key: bytes
) -> dict[str, SeriesFacts]:
    """Return the facts of series, joined from those of their files.

    Where a file has none, or an identifier stands in two files and their pixels are compared, the
    files of the series are read again.
    """
    found: dict[str, SeriesFacts] = {}
    again: dict[str, list[Path]] = {}
    for name, items in files_by_series.items():
        if items and say_all(items):
            found[name] = joined([item.facts for item in items if item.facts is not None])
        elif items:
            again[name] = [item.path for item in items]
    return found | (read_again(again, key) if again else {})


def say_all(items: Sequence[Examined]) -> bool:
    """Tell whether the facts of a series' files are known without reading any file again."""
    keys = {item.facts.instance_key for item in items if item.facts is not None}
    return len(keys) == len(items)


def read_again(paths_by_series: Mapping[str, Sequence[Path]], key: bytes) -> dict[str, SeriesFacts]:
    """Read the facts of series in a child process; a series that kills it has none."""

    def setup() -> Callable[[list[str]], SeriesFacts | None]:
        def read(paths: list[str]) -> SeriesFacts | None:
            found = read_facts([Path(path) for path in paths], key=key).series
            return found[0] if found else None

        return read

    names = list(paths_by_series)
    found: dict[str, SeriesFacts] = {}
    with Sandbox(setup, processes=2, limits=LIMITS) as sandbox:
        work = [[str(path) for path in paths_by_series[name]] for name in names]
        for position, result in sandbox.map(work):
            if isinstance(result, SeriesFacts):
                found[names[position]] = result
    return found


def joined_facts(
    original: SeriesFacts, clean_values: Mapping[str, tuple[Value, ...]]
) -> SeriesFacts:
    """Join what the rules need of the original with what people may see of the clean series.

    Dates and keyed identity come from the original; every parameter value comes from the clean
    files, so that no free text of a header reaches a finding. Of the serial number the end stays,
    which tells the scanners of one site apart.
    """
    return _end_of_serial(replace(original, values=clean_values), original.text("serial"))


def before_cleaning(facts: SeriesFacts) -> SeriesFacts:
    """Return facts of original files as the checks before sending may show them."""
    return _end_of_serial(facts, facts.text("serial"))


def _end_of_serial(facts: SeriesFacts, serial: str) -> SeriesFacts:
    values = {name: value for name, value in facts.values.items() if name != "serial"}
    if serial:
        values["serial"] = (serial_in_words(serial),)
    return replace(facts, values=values)


def serial_in_words(serial: str) -> str:
    """Return the end of a device's serial number."""
    return f"ends {serial[-4:]}"


def apply_set_aside(submission: Submission, set_aside: Mapping[int, tuple[str, str]]) -> None:
    """Write down which files are no images or cannot be judged, each with its reason."""
    for pk, (outcome, code) in set_aside.items():
        submission.files.filter(pk=pk).update(
            outcome=outcome, code=code, reason=sentence(code)[:300]
        )
