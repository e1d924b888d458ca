"""A zip that came whole: opened in a child process, its files counted in its place."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from imaging.models import Submission
from imaging.phantom import write_series
from imaging.services import manifest
from studies.scoping import scope
from tests.imaging.upload_world import (
    draft,
    fill_form,
    make_imaging_study,
    run_jobs,
    send,
    spec_for,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


def _zip(files: dict[str, bytes], **how: Any) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def _checked(world: StudyWorld, content: bytes) -> Submission:
    row, actor = draft(world), world.actor("site_user")
    digest = hashlib.sha256(content).hexdigest()
    manifest.announce(row, [(digest, len(content))], actor=actor)
    manifest.store_file(row, digest, [content], actor=actor)
    manifest.finish(row, actor=actor)
    assert run_jobs(row) == ["done"]
    row.refresh_from_db()
    return row


def _scan(row: Submission, folder: Path) -> dict[str, bytes]:
    written = write_series(folder, spec_for(row.time_point))
    return {f"export/{path.name}": path.read_bytes() for path in written.files}


def test_the_files_of_a_zip_are_counted_in_its_place(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        files = _scan(draft(world), tmp_path / "scan")
        content = _zip({**files, "export/readme.txt": b"exported"})
        row = _checked(world, content)
        assert row.file_count == 13
        assert row.byte_count == sum(len(one) for one in files.values()) + len(b"exported")
        assert row.check_result["images"] == 12
        opened = row.files.get(outcome="opened")
        assert opened.sha256 == hashlib.sha256(content).hexdigest()
        lines = sorted(
            f"{hashlib.sha256(one).hexdigest()} {len(one)}\n"
            for one in [*files.values(), b"exported"]
        )
        assert row.manifest_digest == hashlib.sha256("".join(lines).encode()).hexdigest()
        fill_form(world, row)
        send(world, row)
        assert run_jobs(row) == ["done"]
        row.refresh_from_db()
        assert row.state == "in_qc"
        assert row.series.get().instance_count == 12


def test_choosing_the_same_zip_again_sends_nothing(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        content = _zip(_scan(draft(world), tmp_path / "scan"))
        row = _checked(world, content)
        entry = (hashlib.sha256(content).hexdigest(), len(content))
        assert manifest.announce(row, [entry], actor=world.actor("site_user")) == []
        assert row.file_count == 12


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_zip({"a": b"\0" * 50_000_000}), "archive_ratio"),
        (_zip({"inner.zip": _zip({"a": b"a"})}), "archive_in_archive"),
        (_zip({"a": b"a" * 4000})[:-40], "archive_broken"),
    ],
    ids=["bomb", "nested", "cut"],
)
def test_a_zip_that_cannot_be_taken_is_refused_with_its_reason(content: bytes, code: str) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _checked(world, content)
        (left_out,) = row.check_result["set_aside"]
        assert left_out["code"] == code
        assert row.files.get().outcome == "refused"
        assert row.files.get().code == code


def test_good_files_beside_a_bad_zip_go_on(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        write_series(tmp_path / "scan", spec_for(row.time_point))
        (tmp_path / "scan" / "more.zip").write_bytes(_zip({"a": b"a" * 4000})[:-40])
        manifest.upload_folder(row, tmp_path / "scan", actor=world.actor("site_user"))
        assert run_jobs(row) == ["done"]
        row.refresh_from_db()
        assert row.check_result["images"] == 12
        assert [item["code"] for item in row.check_result["set_aside"]] == ["archive_broken"]


def test_names_in_a_zip_never_become_paths(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _checked(world, _zip({"../../../../tmp/icro-escaped": b"not here", "ok": b"x"}))
        assert not Path("/tmp/icro-escaped").exists()
        assert row.file_count == 2
