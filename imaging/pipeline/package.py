"""What a site sent: a folder or a zip, listed or unpacked without trusting anything in it.

Members are streamed; limits count the bytes that really arrive, never the sizes an archive
states.  A name from outside is kept for display only and never becomes a path.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

from imaging.pipeline.encoding import SHORT_VRS
from imaging.pipeline.reasons import sentence

CHUNK: Final = 1024 * 1024
HEAD: Final = 2048
DICOMDIR_CLASS: Final = b"1.2.840.10008.1.3.10"


class Kind(StrEnum):
    """What the first bytes of a file say it is."""

    DICOM = "dicom"
    DICOMDIR = "dicomdir"
    ARCHIVE = "archive"
    EMPTY = "empty"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PackageLimits:
    """Limits on one submission; sizes in bytes, `ratio` = bytes unpacked per byte received."""

    files: int = 10_000
    total_bytes: int = 5 * 1024**3
    file_bytes: int = 4 * 1024**3
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """One file of a package.  `shown_name` is for display only; `path` is a name of our own."""

    number: int
    shown_name: str
    path: Path
    size: int
    kind: Kind
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that was not taken, with its reason."""

    shown_name: str
    code: str

    @property
    def sentence(self) -> str:
        return sentence(self.code)


@dataclass(frozen=True, slots=True)
class Package:
    """Everything that came in one submission."""

    files: tuple[ReceivedFile, ...]
    left_out: tuple[LeftOut, ...]


class PackageRefused(Exception):
    """The package as a whole cannot be taken; `code` names the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(sentence(code))
        self.code = code


def sniff(head: bytes, name: str = "") -> Kind:
    """Tell the kind of a file from its first 2,048 bytes; the name only marks a DICOMDIR."""
    if not head:
        return Kind.EMPTY
    if head[128:132] == b"DICM":
        if DICOMDIR_CLASS in head or Path(name).name.upper() == "DICOMDIR":
            return Kind.DICOMDIR
        return Kind.DICOM
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return Kind.ARCHIVE
    return Kind.DICOM if _looks_like_data_set(head) else Kind.OTHER


def _looks_like_data_set(head: bytes) -> bool:
    """A data set without preamble: a low group number, then a VR or a small length."""
    if len(head) < 16 or head[:2] not in (b"\x02\x00", b"\x08\x00") or head[3] > 0x30:
        return False
    if head[4:6].decode("latin-1") in SHORT_VRS | {"OB", "UN", "SQ"}:
        return True
    return int.from_bytes(head[4:8], "little") <= 1024


def list_folder(
    folder: Path, *, limits: PackageLimits | None = None, hashed: bool = True
) -> Package:
    """List every regular file under `folder` in a stable order, with kind and SHA-256.

    Links and devices are left out, never followed; a link to what lies outside the folder, or to
    nothing, has a code of its own, because what it stands for was not seen.  So has a folder that
    cannot be opened.  Raises PackageRefused over a limit.
    """
    limits = limits or PackageLimits()
    files: list[ReceivedFile] = []
    closed: list[OSError] = []
    left_out: list[LeftOut] = []
    total = 0
    for path in _walk(folder, closed):
        shown = path.relative_to(folder).as_posix()
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            left_out.append(LeftOut(shown, _code_of_special(path, folder)))
            continue
        total += status.st_size
        if len(files) >= limits.files:
            raise PackageRefused("too_many_files")
        if total > limits.total_bytes:
            raise PackageRefused("too_many_bytes")
        if status.st_size > limits.file_bytes:
            left_out.append(LeftOut(shown, "file_too_large"))
            continue
        try:
            kind, digest = _kind_and_digest(path, shown, hashed)
        except OSError:
            left_out.append(LeftOut(shown, "unreadable"))
            continue
        files.append(ReceivedFile(len(files) + 1, shown, path, status.st_size, kind, digest))
    for problem in closed:
        shown = Path(problem.filename).relative_to(folder).as_posix()
        left_out.append(LeftOut(f"{shown}/", "unreadable_folder"))
    return Package(tuple(files), tuple(left_out))


def _code_of_special(path: Path, folder: Path) -> str:
    if not path.is_symlink():
        return "special_file"
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        inside = False
    return "special_file" if inside else "link_outside"


def _walk(folder: Path, closed: list[OSError]) -> Iterator[Path]:
    """Every file and every link of a folder; folders that cannot be opened go to `closed`."""
    for parent, folders, names in os.walk(folder, onerror=closed.append):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))
        links = [name for name in folders if Path(parent, name).is_symlink()]
        yield from (Path(parent, name) for name in links)


def _kind_and_digest(path: Path, shown: str, hashed: bool) -> tuple[Kind, str]:
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        if not hashed:
            return sniff(head, shown), ""
        digest = hashlib.sha256(head)
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return sniff(head, shown), digest.hexdigest()


def unpack_zip(archive: Path, into: Path, *, limits: PackageLimits | None = None) -> Package:
    """Unpack a zip of depth one into files named by number under `into`.

    Stated sizes are used only to refuse early; the limits count the bytes that come out.
    Raises PackageRefused for encrypted, broken, lying, overgrown or too large archives.  What was
    written before a refusal stays in `into`, which the caller owns and removes.
    """
    limits = limits or PackageLimits()
    try:
        with zipfile.ZipFile(archive) as opened:
            return _unpack_members(opened, archive.stat().st_size, into, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as problem:
        raise PackageRefused("archive_broken") from problem


def _unpack_members(
    opened: zipfile.ZipFile, received: int, into: Path, limits: PackageLimits
) -> Package:
    members = [member for member in opened.infolist() if not member.is_dir()]
    _refuse_by_statement(members, received, limits)
    allowed = min(limits.total_bytes, limits.ratio * max(received, 1))
    files: list[ReceivedFile] = []
    left_out: list[LeftOut] = []
    into.mkdir(parents=True, exist_ok=True)
    for member in members:
        if stat.S_ISLNK(member.external_attr >> 16):
            left_out.append(LeftOut(member.filename, "special_file"))
            continue
        number = len(files) + 1
        path = into / f"{number:06d}"
        with opened.open(member) as source, path.open("xb") as target:
            head, size, digest = _copy(source, target, min(allowed, limits.file_bytes))
        allowed -= size
        kind = sniff(head, member.filename)
        if kind is Kind.ARCHIVE:
            raise PackageRefused("archive_in_archive")
        files.append(ReceivedFile(number, member.filename, path, size, kind, digest))
    return Package(tuple(files), tuple(left_out))


def _refuse_by_statement(
    members: list[zipfile.ZipInfo], received: int, limits: PackageLimits
) -> None:
    if len(members) > limits.files:
        raise PackageRefused("too_many_files")
    if any(member.flag_bits & 1 for member in members):
        raise PackageRefused("archive_encrypted")
    stated = sum(member.file_size for member in members)
    if stated > limits.total_bytes:
        raise PackageRefused("too_many_bytes")
    if stated > limits.ratio * max(received, 1):
        raise PackageRefused("archive_ratio")


def _copy(source: IO[bytes], target: IO[bytes], allowed: int) -> tuple[bytes, int, str]:
    digest = hashlib.sha256()
    head, size = b"", 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > allowed:
            raise PackageRefused("archive_member_lies")
        head = head or chunk[:HEAD]
        digest.update(chunk)
        target.write(chunk)
    return head, size, digest.hexdigest()
