"""Archives that came as one object: opened in a child process, their files take their place.

The browser opens ordinary zips by itself; what it finds odd or too large comes here. A name in an
archive never becomes a path, limits count the bytes that really come out, and an archive that kills
its reader is refused while the files around it go on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path

from django.conf import settings

from audit.actors import Actor, acting
from audit.errors import Refused
from imaging.models import ReceivedFile, Submission
from imaging.pipeline.package import Package, PackageLimits, PackageRefused, unpack_zip
from imaging.pipeline.reasons import sentence
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits
from imaging.services.manifest import CHUNK, MAX_BYTES, MAX_FILES, add_opened
from imaging.storage import ArrivalStore

Tick = Callable[[int, str], None]
# Inflating 5 GB takes about half a minute; the rest is room for a busy machine.
LIMITS = SandboxLimits(cpu_seconds=600, wall_seconds=900.0)
BATCH = 200


def open_all(submission: Submission, keys: Collection[int], *, actor: Actor, tick: Tick) -> int:
    """Open stored archives of an upload, by the keys of their files; return how many were opened.

    An archive that cannot be taken is refused with its reason; repeating this changes nothing.
    """
    archives = list(submission.files.filter(pk__in=keys))
    opened = 0
    for number, row in enumerate(archives, start=1):
        tick(0, f"Opening archive {number} of {len(archives)}")
        code = _open(submission, row, actor, tick)
        if code:
            ReceivedFile.objects.filter(pk=row.pk).update(
                outcome=ReceivedFile.Outcome.REFUSED, code=code, reason=sentence(code)[:300]
            )
        else:
            opened += 1
    return opened


def _open(submission: Submission, row: ReceivedFile, actor: Actor, tick: Tick) -> str:
    folder = Path(settings.DATA_DIR) / "work" / f"{submission.pk.hex}-archive"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        archive = folder / "archive.zip"
        ArrivalStore(submission.pk).write_to(row.sha256, archive)
        others = submission.files.exclude(pk=row.pk)
        limits = PackageLimits(
            files=MAX_FILES - others.count(),
            total_bytes=MAX_BYTES - sum(others.values_list("size", flat=True)),
        )
        result = _unpacked(archive, folder / "files", limits)
        if isinstance(result, str):
            return result
        members = [(item.sha256, item.size) for item in result.files]
        _take_in(submission, result, tick)
        with acting(actor):
            add_opened(submission, row, members)
    except Refused:
        return "too_many_bytes"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return ""


def _unpacked(archive: Path, into: Path, limits: PackageLimits) -> Package | str:
    def setup() -> Callable[[str], Package | str]:
        def unpack(path: str) -> Package | str:
            try:
                return unpack_zip(Path(path), into, limits=limits)
            except PackageRefused as refused:
                return refused.code

        return unpack

    with Sandbox(setup, limits=LIMITS) as sandbox:
        _, result = next(sandbox.map([str(archive)]))
    return result.code if isinstance(result, Contained) else result


def _take_in(submission: Submission, package: Package, tick: Tick) -> None:
    arrivals = ArrivalStore(submission.pk)
    files = iter(package.files)
    done = 0
    while batch := list(islice(files, BATCH)):
        new = {item.sha256: item for item in batch if not arrivals.exists(item.sha256)}
        arrivals.commit(
            [
                arrivals.stage(_chunks(item.path), sha256=item.sha256, size=item.size)
                for item in new.values()
            ]
        )
        done += len(batch)
        tick(0, f"Opening the archive, {done:,} of {len(package.files):,} files")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk
