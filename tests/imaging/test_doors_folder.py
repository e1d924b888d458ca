"""A courier's disk and the interface: the same receipt service, by other hands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import tokens
from audit.models import Event
from imaging.models import Arrival, ArrivedExamination, Submission
from studies.scoping import scope
from tests.imaging.test_doors import scan, sorted_now
from tests.imaging.upload_world import make_imaging_study
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_imaging_study()
    with scope(made.study):
        yield made


def imported(world: StudyWorld, folder: Path, **options: Any) -> str:
    out = StringIO()
    facts = {
        "study": world.study.code,
        "site": world.sites[0].number,
        "by": world.users["image_operations"].email,
        "stdout": out,
    }
    call_command("import_folder", str(folder), **{**facts, **options})
    return out.getvalue()


def listed(folder: Path, *rows: str) -> Path:
    path = folder / "list.csv"
    path.write_text("PatientID,subject_id,site_id,time_point_id\n" + "\n".join(rows) + "\n")
    return path


def test_a_disk_with_a_list_becomes_drafts_at_the_visits_it_names(
    world: StudyWorld, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    scan(world, disk / "one", patient_id="HOSP-1")
    scan(world, disk / "two", patient_id="HOSP-9", seed=7, slices=5)
    (disk / "autorun.inf").write_text("[autorun]")
    (disk / "link").symlink_to("/etc/passwd")
    subject = world.subjects[0]
    names = listed(tmp_path, f"HOSP-1,{subject.code},{world.sites[0].number},week8")
    said = imported(world, disk, map=names)
    assert "18 files stored, 0 twice on the disk, 1 left out" in said
    assert (
        "left out: link: The entry is a link to a place outside the folder, or to nothing." in said
    )
    arrival = Arrival.objects.get()
    assert arrival.door == "folder"
    found = {row.state: row for row in sorted_now(world, arrival)}
    delivered = found["delivered"].submission
    assert delivered is not None
    assert (delivered.subject, delivered.time_point.label) == (subject, "Week 8")
    assert delivered.sender == world.users["site_user"]
    assert found["unassigned"].facts["images"] == 5
    kept = str(list(ArrivedExamination.objects.values())) + str(arrival.__dict__)
    assert "HOSP" not in kept
    opened = Event.objects.get(kind="arrival.open")
    assert opened.actor_name == f"Folder import by {world.users['image_operations']}"


def test_the_same_disk_twice_brings_nothing_new_while_it_is_open(
    world: StudyWorld, tmp_path: Path
) -> None:
    disk = scan(world, tmp_path / "disk", patient_id="HOSP-1")
    imported(world, disk)
    assert "0 files stored, 12 twice" in imported(world, disk)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("HOSP-1,999-999,,", "no subject 999-999"),
        ("HOSP-1,101-001,,week99", "no visit “week99”"),
    ],
)
def test_a_list_that_names_what_does_not_exist_imports_nothing(
    world: StudyWorld, tmp_path: Path, row: str, told: str
) -> None:
    disk = scan(world, tmp_path / "disk", patient_id="HOSP-1")
    with pytest.raises(CommandError, match=told):
        imported(world, disk, map=listed(tmp_path, row))
    assert not Arrival.objects.exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"study": "NONE"}, "no such study"),
        ({"site": "999"}, "no such site"),
        ({"by": "nobody@example.org"}, "nobody who may assign"),
        ({"responsible": "nobody@example.org"}, "nobody who sends"),
    ],
)
def test_an_import_names_people_and_places_that_exist(
    world: StudyWorld, tmp_path: Path, options: dict[str, str], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        imported(world, tmp_path, **options)


def test_who_may_not_assign_may_not_import(world: StudyWorld, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nobody who may assign"):
        imported(world, tmp_path, by=world.users["site_user"].email)


def test_a_machine_sends_over_the_interface_with_a_person_s_key(
    world: StudyWorld, tmp_path: Path
) -> None:
    folder = scan(world, tmp_path, patient_id=world.subjects[0].code)
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    user = world.users["site_user"]
    _, secret = tokens.issue(user, label="archive", days=1, actor=world.actor("site_user"))
    client, base = Client(), f"/api/v1/studies/{world.study.code}/arrivals/"
    how = {"headers": {"authorization": f"Bearer {secret}"}}
    body = {"site": world.sites[0].number, "sender": "archive of the hospital"}
    made = client.post(base, body, content_type="application/json", **how)
    assert made.status_code == 201, made.content
    place = f"{base}{made.json()['id']}/"
    for path in paths:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        put = client.put(f"{place}files/{digest}/", content, **how)
        assert put.json()["outcome"] == "stored"
    wrong = client.put(f"{place}files/{'0' * 64}/", b"other bytes", **how)
    assert wrong.status_code == 422
    assert client.post(f"{place}close/", **how).status_code == 200
    sorted_now(world, Arrival.objects.get())
    told = client.get(place, **how).json()
    assert (told["state"], told["source"]) == ("sorted", "archive of the hospital")
    (line,) = told["examinations"]
    assert line["state"] == "delivered"
    assert line["submission"] == str(Submission.objects.get().pk)
    elsewhere = {**body, "site": world.sites[1].number}
    refused = client.post(base, elsewhere, content_type="application/json", **how)
    assert refused.status_code == 404
