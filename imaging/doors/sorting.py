"""Sorting of what came through a door: by person and examination, then to the visit that waits.

Headers are read in a child process. Who it is stays there and in memory for the length of one run;
the database keeps keyed hashes and what describes images.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from audit.actors import Actor, service
from audit.errors import Refused as RefusedByRule
from audit.jobs import Postpone, Progress
from audit.models import Job
from imaging.models import (
    AcquisitionFacts,
    Arrival,
    ArrivedExamination,
    ArrivedFile,
    Submission,
)
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.package import HEAD, Kind, sniff
from imaging.pipeline.reasons import sentence
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits
from imaging.pipeline.verify import check_nesting, load, read_header, verify_header
from imaging.services import consent, doors, manifest
from imaging.services import submission as submissions
from imaging.storage import ArrivalStore, ContentDamaged, destroy_submission_key, study_key
from imaging.workflows import ARRIVAL, ARRIVED_EXAMINATION
from studies.models import Study, Subject, TimePoint
from studies.scoping import across_studies, scope

BATCH = 64
# A door answers while its sender waits: one file gets less than a worker would give it.
LIMITS = SandboxLimits(memory_bytes=2 * 1024**3, cpu_seconds=20, wall_seconds=40.0)
_TRIAL_SUBJECT = 0x00120040
_TRIAL_TIME_POINT = 0x00120050
_NOT_IMAGES = {
    Kind.EMPTY: "empty_file",
    Kind.OTHER: "not_dicom",
    Kind.DICOMDIR: "dicomdir",
    Kind.ARCHIVE: "archive_not_opened",
}
_IGNORED = frozenset({"empty_file", "not_dicom", "dicomdir"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What the header of one file says; names and numbers of people never leave memory."""

    code: str = ""
    sop_class: str = ""
    sop_uid: str = ""
    patient_id: str = ""
    trial_subject: str = ""
    trial_time_point: str = ""
    patient_key: str = ""
    study_key: str = ""
    series_key: str = ""
    modality: str = ""
    scanned: date | None = None


def read(path: str, key: bytes) -> Seen:
    """Read one file's header; runs in a child process."""
    place = Path(path)
    with place.open("rb") as stream:
        code = _NOT_IMAGES.get(sniff(stream.read(HEAD)), "")
    if code:
        return Seen(code)
    try:
        header = read_header(load(place, whole=False))
        check_nesting(header)
        verified = verify_header(header, key=key)
    except Malformed as problem:
        return Seen(problem.code)
    except RecursionError:
        return Seen("too_deep")
    sealed = verified.sealed

    def text(tag: int) -> str:
        return header.raw(tag).decode("latin-1").strip("\0 ")[:64]

    return Seen(
        sop_class=verified.image.sop_class,
        sop_uid=verified.identity.sop_uid,
        patient_id=verified.identity.patient_id,
        trial_subject=text(_TRIAL_SUBJECT),
        trial_time_point=text(_TRIAL_TIME_POINT),
        patient_key=sealed.patient_hash,
        study_key=sealed.study_uid_hash,
        series_key=sealed.series_uid_hash,
        modality=verified.image.modality,
        scanned=_day(sealed.acquisition_date) or _day(sealed.study_date),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:8])
    except ValueError:
        return None


@contextmanager
def working_folder(name: str) -> Iterator[Path]:
    """Give a folder for files in clear; it is emptied before and removed afterwards."""
    folder = Path(settings.DATA_DIR) / "work" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reader(key: bytes) -> Callable[[], Callable[[str], Seen]]:
    return lambda: lambda path: read(path, key)


@contextmanager
def examined_once(arrival: Arrival) -> Iterator[Callable[[Path], Seen]]:
    """Give a function that reads one file in a child process that may die."""
    with Sandbox[str, Seen](_reader(study_key(arrival.study_id)), limits=LIMITS) as sandbox:

        def examine(path: Path) -> Seen:
            for _, result in sandbox.map([str(path)]):
                return Seen(result.code) if isinstance(result, Contained) else result
            return Seen("process_died")

        yield examine


# --- closing and sorting --------------------------------------------------------------------


def found_anywhere(arrival_id: str) -> tuple[Arrival, Study]:
    """Return an arrival and its study, for a worker that knows the id only."""
    with across_studies("a worker takes up an arrival"):
        row = Arrival.objects.select_related("study", "study_site").get(pk=UUID(arrival_id))
    return row, row.study


def run(job: Job, arrival_id: str, *, at_once: bool) -> None:
    """Close an arrival when its sender has been quiet long enough, and sort it; repeatable.

    Raises:
        Postpone: files still come.
    """
    row, study = found_anywhere(arrival_id)
    system = service("Machine doors", study_id=study.pk)
    with scope(study):
        if row.state == "open":
            left = row.quiet_seconds - doors.quiet_seconds(row)
            if left > 0 and not at_once:
                raise Postpone(max(1, int(left) + 1), "the sender is not quiet yet")
            row = doors.close_now(row, actor=system)
        if row.state == "closed":
            sort(row, system, Progress(job))
        for examination in row.examinations.filter(state="unassigned", time_point=None, why=""):
            place(row, examination, system)


def sort(row: Arrival, system: Actor, progress: Progress) -> None:
    """Read every file's header and write one examination for each person and DICOM study."""
    groups: dict[tuple[str, str], list[tuple[ArrivedFile, Seen]]] = defaultdict(list)
    bad: list[tuple[ArrivedFile, str]] = []
    files = list(row.files.filter(outcome=ArrivedFile.Outcome.STORED, examination=None))
    for number, (file, seen) in enumerate(_read_all(row, files), start=1):
        if seen.code:
            bad.append((file, seen.code))
        else:
            groups[seen.patient_key, seen.study_key].append((file, seen))
        if number % BATCH == 0:
            progress.at(number, f"Reading the headers, {number:,} of {len(files):,}")
    with transaction.atomic():
        locked = Arrival.objects.in_study(row.study_id).select_for_update().get(pk=row.pk)
        if locked.state != "closed":
            return
        for file, code in bad:
            ignored = code in _IGNORED
            outcome = ArrivedFile.Outcome.IGNORED if ignored else ArrivedFile.Outcome.REFUSED
            row.files.filter(pk=file.pk).update(
                outcome=outcome, code=code, reason=sentence(code)[:300]
            )
        for number, ((patient, examined), members) in enumerate(sorted(groups.items()), start=1):
            _examination(locked, number, patient, examined, members)
        ARRIVAL.move(
            locked,
            "sort",
            actor=system,
            details={"examinations": len(groups), "set_aside": len(bad)},
        )
        row.refresh_from_db()


def _read_all(row: Arrival, files: Sequence[ArrivedFile]) -> Iterator[tuple[ArrivedFile, Seen]]:
    store, key = ArrivalStore(row.pk), study_key(row.study_id)
    with (
        working_folder(f"arrival-{row.pk.hex}") as folder,
        Sandbox[str, Seen](_reader(key), limits=LIMITS) as sandbox,
    ):
        for start in range(0, len(files), BATCH):
            there: list[tuple[ArrivedFile, Path]] = []
            for file in files[start : start + BATCH]:
                path = folder / str(file.pk)
                try:
                    store.write_to(file.sha256, path)
                except (ContentDamaged, FileNotFoundError):
                    yield file, Seen("unreadable")
                    continue
                there.append((file, path))
            for position, result in sandbox.map([str(path) for _, path in there]):
                file, path = there[position]
                path.unlink(missing_ok=True)
                yield file, Seen(result.code) if isinstance(result, Contained) else result


def _examination(
    row: Arrival, number: int, patient: str, study: str, members: Sequence[tuple[ArrivedFile, Seen]]
) -> None:
    seen = [one for _, one in members]
    facts = {
        "modalities": sorted({one.modality for one in seen if one.modality}),
        "series": len({one.series_key for one in seen}),
        "images": len(members),
        "bytes": sum(file.size for file, _ in members),
        "named": sorted({one for s in seen for one in _named(row, s)}),
        "visit": sorted({one for s in seen for one in _visits_named(row, s)}),
    }
    made = ArrivedExamination(
        study_id=row.study_id,
        arrival=row,
        study_site=row.study_site,
        number=number,
        patient_key=patient,
        study_key=study,
        facts=facts,
        scan_date=min((one.scanned for one in seen if one.scanned), default=None),
    )
    made.save()
    row.files.filter(pk__in=[file.pk for file, _ in members]).update(examination=made)


def _named(row: Arrival, seen: Seen) -> set[str]:
    """Return the subjects of the site whose code a header carries; other texts are not kept."""
    texts = {_plain(seen.patient_id), _plain(seen.trial_subject)} - {""}
    subjects = Subject.objects.in_study(row.study_id).filter(study_site=row.study_site)
    return {str(one.pk) for one in subjects if _plain(one.code) in texts}


def _visits_named(row: Arrival, seen: Seen) -> set[str]:
    text = _plain(seen.trial_time_point)
    if not text:
        return set()
    points = TimePoint.objects.in_study(row.study_id).filter(subject__study_site=row.study_site)
    return {
        str(one.pk)
        for one in points.select_related("definition")
        if text in {_plain(one.label), _plain(one.definition.code) if one.definition else ""}
    }


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


# --- to the visit ---------------------------------------------------------------------------


def place(row: Arrival, examination: ArrivedExamination, system: Actor) -> None:
    """Assign an examination whose subject and visit are beyond doubt; say why not otherwise."""
    directed = row.directions.get(examination.patient_key, {})
    subject, why = _subject(examination, directed)
    point = None
    if subject is not None:
        point, why = _visit(examination, subject, directed)
    if point is None:
        examination.why, examination.subject = why, subject
        examination.save()
        return
    by = "the courier's list" if directed else "the headers"
    doors.assign(examination, point, actor=system, reason=f"{by} name the subject and the visit")


def _subject(
    examination: ArrivedExamination, directed: Mapping[str, str]
) -> tuple[Subject | None, str]:
    named = [directed["subject"]] if directed.get("subject") else examination.facts["named"]
    found = list(Subject.objects.in_study(examination.study_id).filter(pk__in=named))
    if len(found) != 1:
        return None, (
            "The headers name several subjects."
            if found
            else "The headers name no subject of this site."
        )
    if consent.effective(found[0]) is not None:
        return None, "Consent of the subject that the headers name was withdrawn."
    if _known_as(examination) - {found[0].pk}:
        return None, "This person's earlier images belong to another subject."
    return found[0], ""


def _known_as(examination: ArrivedExamination) -> set[UUID]:
    """Return the subjects whose sealed identity is that of the examination."""
    if not examination.patient_key:
        return set()
    facts = AcquisitionFacts.objects.filter(
        study_id=examination.study_id, patient_key=examination.patient_key
    ).exclude(series__submission__state__in=["withdrawn", "rejected"])
    return set(facts.values_list("series__submission__subject_id", flat=True))


def suggested(examination: ArrivedExamination) -> list[Subject]:
    """Return subjects of the site that the examination may belong to, for the person who looks."""
    rows = Subject.objects.in_study(examination.study_id).filter(
        study_site=examination.study_site_id
    )
    hinted = {UUID(pk) for pk in examination.facts.get("named", [])} | _known_as(examination)
    return list(rows.filter(pk__in=hinted))


def open_visits(site_id: UUID, study: Study) -> list[TimePoint]:
    """Return the visits of a site that can take images."""
    rows = TimePoint.objects.in_study(study).filter(
        Q(state__in=["expected", "received", "in_qc"]), subject__study_site=site_id
    )
    return list(
        rows.exclude(subject__state="withdrawn")
        .select_related("subject", "definition")
        .order_by("subject__code", "planned_date")
    )


def _visit(
    examination: ArrivedExamination, subject: Subject, directed: Mapping[str, str]
) -> tuple[TimePoint | None, str]:
    points = [p for p in subject.time_points.all() if p.state == "expected"]
    if directed.get("time_point"):
        points = [p for p in points if str(p.pk) == directed["time_point"]]
    elif named := set(examination.facts["visit"]):
        points = [p for p in points if str(p.pk) in named]
    elif examination.scan_date is None:
        return None, "The headers tell no scan date."
    else:
        points = [p for p in points if _holds(p, examination.scan_date)]
    if len(points) == 1:
        return points[0], ""
    return None, (
        "Several visits fit the scan date."
        if points
        else "No visit of the subject waits for images of this date."
    )


def _holds(point: TimePoint, day: date) -> bool:
    if point.window_from is None or point.window_to is None:
        return False
    return point.window_from <= day <= point.window_to


def deliver(job: Job, examination_id: str) -> None:
    """Put an assigned examination into its visit's draft, whole; repeatable."""
    with across_studies("a worker delivers an examination"):
        row = ArrivedExamination.objects.select_related(
            "study", "arrival__responsible", "time_point__subject__study_site"
        ).get(pk=UUID(examination_id))
    if row.state != "assigned":
        return
    system = service("Machine doors", study_id=row.study_id)
    with scope(row.study):
        try:
            draft = _into_draft(row, system, Progress(job))
        except RefusedByRule as refused:
            ARRIVED_EXAMINATION.move(
                row,
                "give_back",
                actor=system,
                reason=refused.message,
                changes={"time_point": None, "why": refused.message[:200]},
            )
            return
        with transaction.atomic():
            row.files.update(outcome=ArrivedFile.Outcome.DELIVERED)
            ARRIVED_EXAMINATION.move(
                row,
                "deliver",
                actor=system,
                changes={"submission": draft},
                details={"submission": str(draft), "files": row.files.count()},
            )
        let_go(row.arrival, system)


def _into_draft(row: ArrivedExamination, system: Actor, progress: Progress) -> Submission:
    files = dict(row.files.values_list("sha256", "size"))
    assert row.time_point is not None, "an assigned examination has its visit"  # noqa: S101
    draft = submissions.start(row.time_point, actor=system, sender=row.arrival.responsible)
    store = ArrivalStore(row.arrival_id)
    missing = manifest.announce(draft, list(files.items()), actor=system)
    for number, sha256 in enumerate((s for s in missing if s in files), start=1):
        manifest.store_file(draft, sha256, store.chunks(sha256), actor=system)
        if number % BATCH == 0:
            progress.at(number, f"Into the submission, {number:,} of {len(files):,}")
    if not manifest.missing(draft):
        manifest.finish(draft, actor=system)
    return draft


def let_go(arrival: Arrival, system: Actor) -> bool:
    """Destroy the sealed copies of an arrival when every file of worth was handed on."""
    waiting = arrival.examinations.exclude(state="delivered").exists()
    if waiting or arrival.state != "sorted":
        return False
    gone = destroy_submission_key(arrival.pk)
    folder = ArrivalStore(arrival.pk).store.root
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    return gone


def facts_in_words(facts: Mapping[str, Any]) -> str:
    """Return what an examination holds, for people."""
    images, series = facts.get("images", 0), facts.get("series", 0)
    kinds = ", ".join(facts.get("modalities", [])) or "unknown kind"
    return f"{kinds}: {images:,} {'image' if images == 1 else 'images'} in {series:,} series"
