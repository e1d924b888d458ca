"""`manage.py deidentify` as an operator meets it: no environment, exit codes, held files."""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pydicom
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from imaging.management.commands.deidentify import read_subjects
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
    held = [line for line in result.stdout.splitlines() if line.startswith("held\t")]
    listed = dict(line.split("\t")[1:] for line in held)
    assert listed["other.dcm"] == "unmapped_subject"
    assert listed["capture.dcm"] == "always_looked_at"
    assert listed["cut.dcm"] in ("length_past_end", "pixel_data_cut", "truncated_header")
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 2


FAULTS = {
    "no_map": "The subject list cannot be read.",
    "no_source": "SRC is not a folder.",
    "key_in_destination": "The key file must not lie under DST.",
    "bad_profile": "profile",
    "destination_is_a_file": "DST is a file, not a folder.",
    "no_jobs": "a whole number of 1 or more is needed",
    "report_without_folder": "The report cannot be written there",
    "report_is_a_folder": "The report cannot be written there",
    "report_over_the_map": "--report would replace the subject list or the key.",
    "unknown_option": "unrecognized arguments",
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_failure_gives_exit_code_1_and_a_plain_sentence(
    source: Path, subjects: Path, tmp_path: Path, fault: str
) -> None:
    arguments: list[object] = [source, tmp_path / "out", "--subjects", subjects]
    if fault == "destination_is_a_file":
        arguments[1] = subjects
    arguments += {
        "no_jobs": ["--jobs", "0"],
        "report_without_folder": ["--report", tmp_path / "absent" / "report.json"],
        "report_is_a_folder": ["--report", source],
        "report_over_the_map": ["--report", subjects],
        "unknown_option": ["--mask"],
    }.get(fault, [])
    names = subjects.read_text()
    if fault == "no_map":
        arguments[3] = tmp_path / "absent.csv"
    if fault == "no_source":
        arguments[0] = tmp_path / "absent"
    key = tmp_path / "out" / "key" if fault == "key_in_destination" else tmp_path / "key"
    arguments += ["--key-file", key]
    if fault == "bad_profile":
        arguments += ["--profile", tmp_path / "absent.json"]
    with pytest.raises(CommandError, match=re.escape(FAULTS[fault])) as problem:
        call_command("deidentify", *map(str, arguments))
    assert problem.value.returncode == 1
    assert not list(tmp_path.glob("out/**/*.dcm"))
    assert subjects.read_text() == names


def told_with_held_files(*arguments: object) -> list[str]:
    """What the command tells in this process; some files must be held."""
    told = io.StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("deidentify", *map(str, arguments), stdout=told)
    assert stop.value.code == 3
    return told.getvalue().splitlines()


def test_a_wrong_command_line_gives_exit_code_1_too(tmp_path: Path) -> None:
    result = command(tmp_path, tmp_path / "out")
    assert result.returncode == 1
    assert "--subjects" in result.stderr and "Traceback" not in result.stderr


def test_what_nobody_could_look_into_is_held_and_explained(source: Path, tmp_path: Path) -> None:
    (source / "again.dcm").symlink_to(source / "1.dcm")
    (tmp_path / "elsewhere.dcm").write_bytes((source / "2.dcm").read_bytes())
    (source / "moved.dcm").symlink_to(tmp_path / "elsewhere.dcm")
    (source / "lost.dcm").symlink_to(tmp_path / "absent.dcm")
    listing = tmp_path / "map.csv"
    listing.write_text(f"PatientID,subject_id\n{PEOPLE[0].patient_id},S-001\n7711,S-002\n")
    told = told_with_held_files(
        source, tmp_path / "out", "--subjects", listing, "--key-file", tmp_path / "key"
    )
    assert told == [
        "2 written, 2 held, 2 ignored.",
        "held\tlost.dcm\tlink_outside",
        "held\tmoved.dcm\tlink_outside",
        (
            "link_outside (2): The entry is a link to a place outside the folder, or to nothing. "
            "Links are not followed: copy what it stands for into the folder."
        ),
    ]


def test_unmapped_files_and_outputs_of_earlier_runs_are_told(
    source: Path, subjects: Path, tmp_path: Path
) -> None:
    arguments = (source, tmp_path / "out", "--key-file", tmp_path / "key", "--subjects")
    call_command("deidentify", *map(str, (*arguments, subjects)), stdout=io.StringIO())
    other = tmp_path / "other.csv"
    other.write_text("PatientID,subject_id\n7711,S-002\n")
    told = told_with_held_files(*arguments, other)
    assert told[0] == "0 written, 2 held, 1 ignored."
    assert told[3].startswith("unmapped_subject (2): ")
    assert told[4].startswith("The subject list names 1 PatientID that no file has. ")
    assert told[5] == "DST also holds 2 .dcm of earlier runs. They were left alone."


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


def listing(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.dcm"))}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffPatientID,subject_id\r\n{id},S-001\r\n\r\n",
        "PatientID;subject_id;site_id\n{id};S-001;01\n;;\n",
        "patientid\tSUBJECT_ID\n{id}\tS-001\n{id}\tS-001\n",
        'subject_id,note,"PatientID"\nS-001,"a, b","{id}"\n',
    ],
)
def test_a_subject_list_is_read_as_offices_write_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.csv"
    path.write_bytes(text.format(id="X-1").encode())
    assert {key: one.subject_id for key, one in read_subjects(path).items()} == {"X-1": "S-001"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PatientID,code\nX,1\n", "lacks the column subject_id"),
        (b"a,b\n1,2\n", "lacks the column PatientID and subject_id"),
        (b"", "lacks the column PatientID and subject_id"),
        (b"PatientID,subject_id\n", "names no subject"),
        (b"PatientID,subject_id\nX,\n", "in line 2"),
        (b"PatientID,subject_id\nA,S1\n\nX\n", "in line 4"),
        (b"PatientID,subject_id\nX,S1\nX,S2\n", "two subjects (line 3)"),
        (b"PatientID,subject_id\nX,S\\1\n", "DICOM forbids"),
        (b"PatientID,subject_id\nX," + b"S" * 65 + b"\n", "longer than 64"),
        ("PatientID,subject_id\nX,S1\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_wrong_subject_list_is_refused_with_the_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "map.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=re.escape(words)):
        read_subjects(path)


def test_a_second_run_over_the_same_destination_changes_no_byte(
    source: Path, subjects: Path, tmp_path: Path
) -> None:
    arguments = (source, tmp_path / "out", "--subjects", subjects, "--key-file", tmp_path / "key")
    assert command(*arguments).returncode == 0
    first = listing(tmp_path / "out")
    assert command(*arguments, "--jobs", 2).returncode == 0
    assert listing(tmp_path / "out") == first
    assert len(first) == 2


def test_a_killed_run_leaves_no_half_file_and_the_next_one_is_whole(
    source: Path, subjects: Path, tmp_path: Path
) -> None:
    for number in range(3, 203):
        write(image(PEOPLE[0], number), source / f"{number}.dcm", PEOPLE[0],
              syntax=EXPLICIT, dirty=False)  # fmt: skip
    out = tmp_path / "out"
    arguments = [source, out, "--subjects", subjects, "--key-file", tmp_path / "key"]
    running = subprocess.Popen(
        [sys.executable, "manage.py", "deidentify", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not any(out.glob(".incoming-*/*")) and time.monotonic() < deadline:
        time.sleep(0.005)
    running.kill()
    running.wait()
    assert all(pydicom.dcmread(path).PatientID == "S-001" for path in out.rglob("*.dcm"))
    time.sleep(0.5)  # its children end when their pipe closes
    assert command(*arguments).returncode == 0
    assert len(listing(out)) == 202
    assert not list(out.glob(".incoming*"))


def test_two_runs_into_one_destination_do_not_mix(
    source: Path, subjects: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    handle = os.open(out, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        result = command(source, out, "--subjects", subjects, "--key-file", tmp_path / "key")
    finally:
        os.close(handle)
    assert result.returncode == 1
    assert "Another run writes into DST. Nothing was written." in result.stderr


def test_progress_goes_to_the_error_stream_and_names_no_file(
    source: Path, subjects: Path, tmp_path: Path
) -> None:
    result = command(
        source, tmp_path / "out", "--subjects", subjects, "--key-file", tmp_path / "key"
    )
    assert "read: 2/2" in result.stderr
    assert "clean and check: 2/2" in result.stderr
    assert ".dcm" not in result.stderr


def test_hostile_files_are_held_and_the_good_ones_go_on(
    source: Path, subjects: Path, tmp_path: Path
) -> None:
    good = (source / "1.dcm").read_bytes()
    unknown = image(PEOPLE[0], 7)
    write(unknown, source / "syntax.dcm", PEOPLE[0], syntax=EXPLICIT, dirty=False)
    data = (source / "syntax.dcm").read_bytes()
    odd = data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.1\0")
    (source / "syntax.dcm").write_bytes(odd)
    twice = image(PEOPLE[0], 8)
    write(twice, source / "twice.dcm", PEOPLE[0], syntax=EXPLICIT, dirty=False)
    element = b"\xe0\x7f\x10\0OW\0\0" + (8192).to_bytes(4, "little") + b"\1" * 8192
    (source / "twice.dcm").write_bytes((source / "twice.dcm").read_bytes() + element)
    (source / "huge.dcm").write_bytes(good[:2000] + b"\x10\0\x10\0UN\0\0\xf0\xff\xff\xff")
    result = command(
        source, tmp_path / "out", "--subjects", subjects, "--key-file", tmp_path / "key"
    )
    held = [line for line in result.stdout.splitlines() if line.startswith("held\t")]
    listed = dict(line.split("\t")[1:] for line in held)
    assert result.returncode == 3, result.stderr
    assert listed["syntax.dcm"] == "unknown_syntax"
    assert listed["twice.dcm"] == "pixel_data_twice"
    assert listed["huge.dcm"] in ("length_past_end", "missing_uid")
    assert {"1.dcm", "2.dcm"}.isdisjoint(listed)


@pytest.mark.parametrize("code", ["S-001", "1001-004", "ONC2041-101-004", "101004"])
def test_a_site_that_typed_the_subjects_code_as_patient_id_is_not_held(
    code: str, corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    found = next(path for path in sorted((corpus / "series").rglob("*.dcm")) if path.is_file())
    dataset = pydicom.dcmread(found)
    dataset.PatientID, dataset.PatientName = code, code.replace("-", "^")
    dataset.save_as(folder / "1.dcm")
    (tmp_path / "map.csv").write_text(f"PatientID,subject_id\n{code},{code}\n")
    result = command(
        folder, tmp_path / "out", "--subjects", tmp_path / "map.csv", "--key-file", tmp_path / "key"
    )
    assert result.returncode == 0, result.stdout
    (output,) = (tmp_path / "out").rglob("*.dcm")
    assert pydicom.dcmread(output).PatientID == code
