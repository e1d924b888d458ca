"""`manage.py deidentify` as an operator meets it: no environment, exit codes, held files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest

from tests.imaging.pipeline.planted import PEOPLE, image, write

ROOT = Path(__file__).resolve().parents[3]
EXPLICIT = "1.2.840.10008.1.2.1"


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [sys.executable, "manage.py", "deidentify", *map(str, arguments)],
        cwd=ROOT, env=bare, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for number in (1, 2):
        write(image(PEOPLE[0], number), folder / f"{number}.dcm", PEOPLE[0],
              syntax=EXPLICIT, dirty=True)  # fmt: skip
    (folder / "readme.txt").write_text("viewer instructions")
    return folder


@pytest.fixture
def subjects(tmp_path: Path) -> Path:
    path = tmp_path / "map.csv"
    path.write_text(
        f"PatientID,subject_id,site_id,time_point_id\n{PEOPLE[0].patient_id},S-001,01,V1\n"
    )
    return path


def test_all_written_or_ignored_gives_exit_code_0(
    source: Path, subjects: Path, tmp_path: Path
) -> None:
    result = command(
        source, tmp_path / "out", "--subjects", subjects, "--key-file", tmp_path / "key",
        "--report", tmp_path / "report.json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "2 written, 0 held, 1 ignored." in result.stdout
    outputs = sorted((tmp_path / "out").rglob("*.dcm"))
    assert [pydicom.dcmread(path).PatientID for path in outputs] == ["S-001", "S-001"]
    assert sorted(int(pydicom.dcmread(path).InstanceNumber) for path in outputs) == [1, 2]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["files"] == {"ignored": 1, "written": 2}
    written = [entry for entry in report["entries"] if entry["state"] == "written"]
    assert all(len(entry["sha256_after"]) == 64 for entry in written)
    assert PEOPLE[0].family not in (tmp_path / "report.json").read_text()


def test_a_held_file_is_listed_not_written_and_gives_exit_code_3(
    source: Path, subjects: Path, tmp_path: Path
) -> None:
    write(image(PEOPLE[1], 1), source / "other.dcm", PEOPLE[1], syntax=EXPLICIT, dirty=False)
    capture = image(PEOPLE[0], 3)
    capture.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    write(capture, source / "capture.dcm", PEOPLE[0], syntax=EXPLICIT, dirty=False)
    (source / "cut.dcm").write_bytes((source / "1.dcm").read_bytes()[:3000])
    result = command(
        source, tmp_path / "out", "--subjects", subjects, "--key-file", tmp_path / "key"
    )
    assert result.returncode == 3, result.stderr
    listed = dict(line.split("\t")[1:] for line in result.stdout.splitlines()[1:])
    assert listed["other.dcm"] == "unmapped_subject"
    assert listed["capture.dcm"] == "always_looked_at"
    assert listed["cut.dcm"] in ("length_past_end", "pixel_data_cut", "truncated_header")
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 2


@pytest.mark.parametrize("fault", ["no_map", "no_source", "key_in_destination", "bad_profile"])
def test_a_failure_gives_exit_code_1_and_a_plain_sentence(
    source: Path, subjects: Path, tmp_path: Path, fault: str
) -> None:
    arguments: list[object] = [source, tmp_path / "out", "--subjects", subjects]
    if fault == "no_map":
        arguments[3] = tmp_path / "absent.csv"
    if fault == "no_source":
        arguments[0] = tmp_path / "absent"
    key = tmp_path / "out" / "key" if fault == "key_in_destination" else tmp_path / "key"
    arguments += ["--key-file", key]
    if fault == "bad_profile":
        arguments += ["--profile", tmp_path / "absent.json"]
    result = command(*arguments)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.glob("out/**/*.dcm"))


def test_the_key_decides_the_identifiers(source: Path, subjects: Path, tmp_path: Path) -> None:
    names = []
    for key in ("one", "two"):
        result = command(
            source, tmp_path / key, "--subjects", subjects, "--key-file", tmp_path / f"{key}.key"
        )
        assert result.returncode == 0, result.stderr
        names.append({path.name for path in (tmp_path / key).rglob("*.dcm")})
    assert len(names[0]) == len(names[1]) == 2
    assert names[0].isdisjoint(names[1])
