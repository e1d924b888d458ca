"""A courier's disk: every file of a folder, with the list of whose images they are.

The list says ``PatientID,subject_id`` and optionally ``site_id,time_point_id``, as for the command
``deidentify``. Only keyed hashes of the identities are kept, and no file name.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from accounts.models import User
from audit.actors import Actor
from audit.errors import RuleBroken
from imaging.models import Arrival, Door
from imaging.pipeline.package import PackageLimits, PackageRefused, list_folder
from imaging.pipeline.verify import keyed_hash
from imaging.services import doors
from imaging.services.manifest import CHUNK, MAX_BYTES, MAX_FILES
from imaging.storage import study_key
from studies.models import StudySite, Subject, TimePoint

# A disk holds several visits; each arrival holds no more than one submission may.
DISK = PackageLimits(files=200_000, total_bytes=200 * 1024**3)


@dataclass
class Imported:
    """What became of a disk."""

    arrivals: list[Arrival] = field(default_factory=list)
    stored: int = 0
    duplicates: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)


def read_map(path: Path, site: StudySite) -> dict[str, dict[str, str]]:
    """Return where each identity of a courier's list belongs, under its keyed hash.

    Raises:
        RuleBroken: DOOR-030 the list cannot be read; DOOR-031 a row names what does not exist.
    """
    key = study_key(site.study_id)
    found: dict[str, dict[str, str]] = {}
    for number, row in enumerate(_rows(path), start=2):
        if row.get("site_id", "").strip() not in {"", site.number}:
            continue
        code = row.get("subject_id", "").strip()
        subject = Subject.objects.in_study(site.study_id).filter(study_site=site, code=code).first()
        if subject is None:
            raise RuleBroken(
                f"Row {number}: site {site.number} has no subject {code or 'without a code'}.",
                rule="DOOR-031",
            )
        place = {"subject": str(subject.pk)}
        visit = row.get("time_point_id", "").strip()
        if visit:
            place["time_point"] = str(_visit(subject, visit, number).pk)
        found[keyed_hash(key, "patient", row["PatientID"].strip())] = place
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = [{str(k): v or "" for k, v in row.items()} for row in reader]
            columns = set(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise RuleBroken(
            f"The list cannot be read ({type(problem).__name__}).", rule="DOOR-030"
        ) from problem
    if not {"PatientID", "subject_id"} <= columns:
        raise RuleBroken(
            "The list needs the columns PatientID and subject_id (UTF-8, commas).",
            rule="DOOR-030",
        )
    return rows


def _visit(subject: Subject, text: str, number: int) -> TimePoint:
    for point in subject.time_points.select_related("definition"):
        if text in {point.label, point.definition.code if point.definition else ""}:
            return point
    raise RuleBroken(
        f"Row {number}: subject {subject.code} has no visit “{text}”.", rule="DOOR-031"
    )


def import_folder(
    folder: Path,
    site: StudySite,
    *,
    responsible: User,
    directions: dict[str, dict[str, str]],
    actor: Actor,
    source: str,
    tick: Callable[[int, int], None] = lambda done, of: None,
) -> Imported:
    """Take every file of a folder in; arrivals are closed and sorted when all is there.

    Doing it again after a break stores nothing twice within an open arrival.

    Raises:
        RuleBroken: DOOR-032 the folder holds more than a disk may.
    """
    try:
        package = list_folder(folder, limits=DISK)
    except PackageRefused as refused:
        raise RuleBroken(str(refused), rule="DOOR-032") from refused
    result = Imported(left_out=[(one.shown_name, one.code) for one in package.left_out])
    sender = doors.Sender(site, Door.FOLDER, source, responsible, directions=directions)
    arrival: Arrival | None = None
    held = [0, 0]
    for number, file in enumerate(package.files, start=1):
        full = held[0] + 1 > MAX_FILES or held[1] + file.size > MAX_BYTES
        if arrival is None or full:
            arrival = _next(arrival, sender, actor, number)
            result.arrivals.append(arrival)
            held = [0, 0]
        taken = doors.take(arrival, _chunks(file.path), actor=actor)
        if taken.outcome == "refused":
            result.left_out.append((file.shown_name, taken.code))
        elif taken.outcome == "duplicate":
            result.duplicates += 1
        else:
            result.stored += 1
            held = [held[0] + 1, held[1] + file.size]
        tick(number, len(package.files))
    for one in result.arrivals:
        doors.close(one, actor=actor)
    return result


def _next(before: Arrival | None, sender: doors.Sender, actor: Actor, number: int) -> Arrival:
    """Open the arrival of a disk, or the one after a full one."""
    if before is None:
        return doors.open_arrival(sender, actor=actor)
    part = f"{sender.source} (from file {number:,})"
    return doors.open_arrival(
        doors.Sender(
            sender.study_site, sender.door, part, sender.responsible, directions=sender.directions
        ),
        actor=actor,
    )


def disk_name(folder: Path) -> str:
    """Return a name for a disk that tells no file name: a digest of the sizes of its files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            digest.update(f"{path.stat().st_size} ".encode())
    return f"disk {digest.hexdigest()[:8]}"


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk
