"""Safe listing and unpacking of what a site sends."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imaging.pipeline.package import Kind, PackageLimits, PackageRefused, list_folder, unpack_zip


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


DICOM = b"\0" * 128 + b"DICM" + b"\x02\0\0\0UL\x04\0\0\0\0\0"


def test_members_are_written_under_numbers_and_hashed(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"DOE JANE/1.dcm": DICOM, "readme.txt": b"hello"})
    package = unpack_zip(archive, tmp_path / "out")
    assert [file.path.name for file in package.files] == ["000001", "000002"]
    assert [file.kind for file in package.files] == [Kind.DICOM, Kind.OTHER]
    assert package.files[1].sha256 == hashlib.sha256(b"hello").hexdigest()
    assert package.files[0].shown_name == "DOE JANE/1.dcm"


def test_a_name_that_escapes_writes_nothing_outside(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"../../evil.dcm": DICOM, "/abs.dcm": DICOM})
    package = unpack_zip(archive, tmp_path / "in" / "out")
    assert sorted(p.name for p in (tmp_path / "in" / "out").iterdir()) == ["000001", "000002"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "in"]
    assert len(package.files) == 2


def test_the_corpus_bomb_is_refused_by_its_ratio(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(PackageRefused) as refusal:
        unpack_zip(corpus / "odd/made/zip_ratio_1000.zip", tmp_path / "out")
    assert refusal.value.code == "archive_ratio"
    assert not (tmp_path / "out").exists()


def test_the_corpus_escape_is_unpacked_inside(tmp_path: Path, corpus: Path) -> None:
    unpack_zip(corpus / "odd/made/zip_path_escape.zip", tmp_path / "deep" / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]


def test_a_member_larger_than_stated_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"a.dcm": DICOM + b"\0" * 5_000_000})
    data = bytearray(archive.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    archive.write_bytes(data)
    with pytest.raises(PackageRefused) as refusal:
        unpack_zip(archive, tmp_path / "out")
    assert refusal.value.code in ("archive_broken", "archive_member_lies")


def test_a_zip_in_a_zip_is_refused(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a", "b")
    outer = zip_of(tmp_path / "a.zip", {"inner.zip": inner.getvalue()})
    with pytest.raises(PackageRefused) as refusal:
        unpack_zip(outer, tmp_path / "out")
    assert refusal.value.code == "archive_in_archive"


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"a.dcm": DICOM})
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(signature) + offset] |= 1
    archive.write_bytes(data)
    with pytest.raises(PackageRefused) as refusal:
        unpack_zip(archive, tmp_path / "out")
    assert refusal.value.code == "archive_encrypted"


def test_a_link_in_a_zip_is_left_out(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    package = unpack_zip(tmp_path / "a.zip", tmp_path / "out")
    assert package.files == ()
    assert [entry.code for entry in package.left_out] == ["special_file"]


def test_too_many_members_are_refused_before_unpacking(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {str(n): b"x" for n in range(5)})
    with pytest.raises(PackageRefused) as refusal:
        unpack_zip(archive, tmp_path / "out", limits=PackageLimits(files=4))
    assert refusal.value.code == "too_many_files"
    assert not (tmp_path / "out").exists()


def test_a_folder_is_listed_in_a_stable_order_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.dcm").write_bytes(DICOM)
    (tmp_path / "1.dcm").write_bytes(DICOM)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "DICOMDIR").write_bytes(DICOM)
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "b" / "root").symlink_to("/")
    package = list_folder(tmp_path)
    assert [(file.shown_name, file.kind) for file in package.files] == [
        ("1.dcm", Kind.DICOM),
        ("DICOMDIR", Kind.DICOMDIR),
        ("empty", Kind.EMPTY),
        ("b/2.dcm", Kind.DICOM),
    ]
    assert {entry.shown_name: entry.code for entry in package.left_out} == {
        "link": "link_outside",
        "b/root": "link_outside",
    }


def test_a_link_within_the_folder_is_told_from_one_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(DICOM)
    (tmp_path / "again").symlink_to("1.dcm")
    (tmp_path / "lost").symlink_to("absent")
    (tmp_path / "round").symlink_to("round")
    assert {entry.shown_name: entry.code for entry in list_folder(tmp_path).left_out} == {
        "again": "special_file",
        "lost": "link_outside",
        "round": "link_outside",
    }


def test_a_folder_that_cannot_be_opened_is_told_not_passed_over() -> None:
    """As a user without rights: the superuser opens every folder."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "closed").mkdir(mode=0o000)
        (folder / "1.dcm").write_bytes(DICOM)
        folder.chmod(0o755)
        with as_nobody():
            package = list_folder(folder)
        (folder / "closed").chmod(0o700)
    assert [file.shown_name for file in package.files] == ["1.dcm"]
    assert [(entry.shown_name, entry.code) for entry in package.left_out] == [
        ("closed/", "unreadable_folder")
    ]


@contextmanager
def as_nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_every_dicomdir_of_the_corpus_is_told_from_images(corpus: Path) -> None:
    kinds = {file.shown_name: file.kind for file in list_folder(corpus / "odd/dicomdir").files}
    assert set(kinds.values()) == {Kind.DICOMDIR}
