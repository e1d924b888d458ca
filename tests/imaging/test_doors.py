"""Machine doors: sealed and durable before the sender is told, sorted, assigned, never signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit import jobs
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.models import Event, Job
from imaging.models import Arrival, ArrivedExamination, ArrivedFile, Door, Submission
from imaging.phantom import write_series
from imaging.phantom.identity import Identity
from imaging.services import doors
from imaging.services.doors import Sender
from imaging.storage import ArrivalStore
from imaging.storage.keys import submission_key
from studies.scoping import scope
from tests.imaging.upload_world import fill_form, make_imaging_study, run_jobs, send, spec_for
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_imaging_study()
    with scope(made.study):
        yield made


def sender(world: StudyWorld, **changes: Any) -> Sender:
    made = Sender(world.sites[0], Door.DICOM, "PACS_LISBON", world.users["site_user"])
    return replace(made, **changes)


def scan(world: StudyWorld, folder: Path, *, patient_id: str, visit: int = 0, **how: Any) -> Path:
    """Write a series of one person for a visit of the first subject."""
    point = world.time_points(world.subjects[0])[visit]
    spec = spec_for(point, **how)
    write_series(folder, replace(spec, identity=replace(spec.identity, patient_id=patient_id)))
    return folder


def files(folder: Path) -> list[list[bytes]]:
    return [[path.read_bytes()] for path in sorted(folder.rglob("*")) if path.is_file()]


def sorted_now(world: StudyWorld, arrival: Arrival) -> list[ArrivedExamination]:
    """Let the workers close, sort and deliver."""
    doors.close(arrival, actor=world.actor("site_user"))
    while waiting := Job.objects.filter(
        kind__in=["imaging.arrival", "imaging.deliver"], state="pending", not_before=None
    ).first():
        assert jobs.run(str(waiting.pk)) == "done", Job.objects.get(pk=waiting.pk).error
    arrival.refresh_from_db()
    return list(arrival.examinations.all())


def kinds(row: Any) -> list[str]:
    found = Event.objects.filter(object_id=str(row.pk)).order_by("id")
    return list(found.values_list("kind", flat=True))


def test_the_identity_is_a_field_of_the_phantom() -> None:
    assert "patient_id" in Identity.__dataclass_fields__


def test_a_subject_code_in_the_headers_leads_to_the_visit_that_waits(
    world: StudyWorld, tmp_path: Path
) -> None:
    subject = world.subjects[0]
    folder = scan(world, tmp_path, patient_id=subject.code)
    actor = world.actor("site_user")
    arrival, taken = doors.receive(sender(world), files(folder), actor=actor)
    assert {one.outcome for one in taken} == {"stored"}
    (examination,) = sorted_now(world, arrival)
    assert examination.state == "delivered"
    draft = examination.submission
    assert draft is not None
    assert draft.time_point == world.time_points(subject)[0]
    assert draft.state == "uploading"
    assert draft.sender == world.users["site_user"]
    assert draft.file_count == len(taken) == 12
    assert kinds(arrival) == ["arrival.open", "arrival.close", "arrival.sort"]
    assert kinds(examination) == ["arrivedexamination.assign", "arrivedexamination.deliver"]
    assert kinds(draft)[:2] == ["submission.start", "submission.begin_upload"]


def test_a_machine_never_signs_a_person_of_the_site_does(world: StudyWorld, tmp_path: Path) -> None:
    folder = scan(world, tmp_path, patient_id=world.subjects[0].code)
    arrival, _ = doors.receive(sender(world), files(folder), actor=world.actor("site_user"))
    (examination,) = sorted_now(world, arrival)
    draft = examination.submission
    assert draft is not None
    assert run_jobs(draft) == ["done"]
    draft.refresh_from_db()
    assert (draft.state, draft.received_at) == ("uploading", None)
    assert draft.check_result["images"] == 12
    fill_form(world, draft)
    assert send(world, draft).state == "received"


def test_what_arrived_lies_as_ciphertext_and_its_key_dies_when_it_was_handed_on(
    world: StudyWorld, tmp_path: Path
) -> None:
    folder = scan(world, tmp_path, patient_id=world.subjects[0].code)
    arrival, taken = doors.receive(sender(world), files(folder), actor=world.actor("site_user"))
    store = ArrivalStore(arrival.pk)
    assert store.store.root is not None
    for path in store.store.root.rglob("*"):
        assert path.is_dir() or world.subjects[0].code.encode() not in path.read_bytes()
    assert b"DICM" in b"".join(store.chunks(taken[0].sha256))
    sorted_now(world, arrival)
    with pytest.raises(RuleBroken, match="destroyed"):
        submission_key(arrival.pk)
    assert not store.store.root.exists()


def test_an_unknown_person_waits_in_the_inbox_and_no_identity_is_kept_in_clear(
    world: StudyWorld, tmp_path: Path
) -> None:
    folder = scan(world, tmp_path, patient_id="HOSP-778812")
    arrival, _ = doors.receive(sender(world), files(folder), actor=world.actor("site_user"))
    (examination,) = sorted_now(world, arrival)
    assert (examination.state, examination.submission) == ("unassigned", None)
    assert examination.why == "The headers name no subject of this site."
    assert examination.facts["images"] == 12
    assert examination.facts["modalities"] == ["CT"]
    assert list(doors.inbox(world.study)) == [examination]
    kept = str(examination.__dict__) + str(arrival.__dict__) + str(list(arrival.files.values()))
    assert "778812" not in kept
    assert not Submission.objects.exists()


def test_a_person_assigns_from_the_inbox_with_a_reason(world: StudyWorld, tmp_path: Path) -> None:
    folder = scan(world, tmp_path, patient_id="HOSP-778812")
    arrival, _ = doors.receive(sender(world), files(folder), actor=world.actor("site_user"))
    (examination,) = sorted_now(world, arrival)
    visit = world.time_points(world.subjects[0])[1]
    staff = world.actor("image_operations")
    with pytest.raises(ReasonRequired):
        doors.assign(examination, visit, actor=staff, reason=" ")
    with pytest.raises(NotPermitted):
        doors.assign(examination, visit, actor=world.actor("data_manager"), reason="x")
    doors.assign(examination, visit, actor=staff, reason="site confirmed by telephone")
    (examination,) = sorted_now(world, arrival)
    assert examination.state == "delivered"
    assert examination.submission is not None
    assert examination.submission.time_point == visit
    event = Event.objects.get(kind="arrivedexamination.assign")
    assert (event.reason, event.actor_role) == ("site confirmed by telephone", "image_operations")


def test_an_examination_of_one_site_is_not_assigned_to_another_sites_subject(
    world: StudyWorld, tmp_path: Path
) -> None:
    folder = scan(world, tmp_path, patient_id="HOSP-778812")
    arrival, _ = doors.receive(sender(world), files(folder), actor=world.actor("site_user"))
    (examination,) = sorted_now(world, arrival)
    elsewhere = world.time_points(world.subjects[1])[0]
    with pytest.raises(RuleBroken, match="another site"):
        doors.assign(examination, elsewhere, actor=world.actor("image_operations"), reason="x")


def test_two_people_in_one_arrival_become_two_examinations(
    world: StudyWorld, tmp_path: Path
) -> None:
    one = scan(world, tmp_path / "1", patient_id=world.subjects[0].code)
    two = scan(world, tmp_path / "2", patient_id="HOSP-1", seed=9, slices=5)
    arrival, _ = doors.receive(
        sender(world), files(one) + files(two), actor=world.actor("site_user")
    )
    found = {row.state: row.facts["images"] for row in sorted_now(world, arrival)}
    assert found == {"delivered": 12, "unassigned": 5}
    # The one that waits keeps its sealed files.
    assert submission_key(arrival.pk)


def test_a_scan_outside_every_window_waits_for_a_person(world: StudyWorld, tmp_path: Path) -> None:
    far = date(2020, 1, 1)
    folder = scan(world, tmp_path, patient_id=world.subjects[0].code, study_date=far)
    arrival, _ = doors.receive(sender(world), files(folder), actor=world.actor("site_user"))
    (examination,) = sorted_now(world, arrival)
    assert examination.why == "No visit of the subject waits for images of this date."
    assert examination.subject == world.subjects[0]


def test_bad_files_are_listed_with_their_reason_and_the_good_ones_go_on(
    world: StudyWorld, tmp_path: Path
) -> None:
    folder = scan(world, tmp_path, patient_id=world.subjects[0].code)
    whole = sorted(p for p in folder.rglob("*") if p.is_file())[0].read_bytes()
    bad = [[b""], [b"exported by the workstation"], [whole[:700]], [b"PK\x03\x04" + bytes(60)]]
    arrival, _ = doors.receive(sender(world), bad + files(folder), actor=world.actor("site_user"))
    (examination,) = sorted_now(world, arrival)
    assert examination.facts["images"] == 12
    left = arrival.files.exclude(outcome=ArrivedFile.Outcome.DELIVERED)
    found = {(row.outcome, row.code) for row in left}
    assert found == {
        ("ignored", "empty_file"),
        ("ignored", "not_dicom"),
        ("refused", "truncated_header"),
        ("refused", "archive_not_opened"),
    }
    assert all(row.reason for row in left)


def test_the_same_file_twice_is_kept_once(world: StudyWorld, tmp_path: Path) -> None:
    folder = scan(world, tmp_path, patient_id="X")
    twice = files(folder)[:1] * 2
    arrival, taken = doors.receive(sender(world), twice, actor=world.actor("site_user"))
    assert [one.outcome for one in taken] == ["stored", "duplicate"]
    assert arrival.files.count() == 1


def test_an_open_arrival_takes_the_next_association_until_it_was_quiet(
    world: StudyWorld, tmp_path: Path
) -> None:
    folder = scan(world, tmp_path, patient_id="X")
    actor = world.actor("site_user")
    first, _ = doors.receive(sender(world), files(folder)[:6], actor=actor)
    second, _ = doors.receive(sender(world), files(folder)[6:], actor=actor)
    assert first.pk == second.pk
    waiting = Job.objects.get(key=f"imaging.arrival:{first.pk}")
    Job.objects.filter(pk=waiting.pk).update(not_before=None)
    assert jobs.run(str(waiting.pk)) == "pending"  # not quiet yet: postponed
    arrived = first.files.first()
    assert arrived is not None
    first.files.update(stored_at=arrived.stored_at - timedelta(seconds=301))
    Job.objects.filter(pk=waiting.pk).update(not_before=None)
    assert jobs.run(str(waiting.pk)) == "done"
    first.refresh_from_db()
    assert (first.state, first.file_count) == ("sorted", 12)
    with pytest.raises(Conflict, match="is closed"):
        doors.take(first, files(folder)[0], actor=actor)
    third, _ = doors.receive(sender(world), files(folder)[:1], actor=actor)
    assert third.pk != first.pk


def test_objects_are_answered_one_by_one_at_the_web_door(world: StudyWorld, tmp_path: Path) -> None:
    folder = scan(world, tmp_path, patient_id=world.subjects[0].code)
    good = files(folder)
    found = doors.receive_objects(
        world.study,
        world.sites[0],
        [good[0], [b"no image"], [good[1][0][:500], good[1][0][500:]], [good[2][0][:700]], good[0]],
        actor=world.actor("site_user"),
        close=True,
    )
    assert [(one.outcome, one.code) for one in found] == [
        ("stored", ""),
        ("refused", "not_dicom"),
        ("stored", ""),
        ("refused", "truncated_header"),
        ("duplicate", ""),
    ]
    assert found[0].sop_class_uid == "1.2.840.10008.5.1.4.1.1.2"
    assert found[0].sop_instance_uid
    assert found[1].reason == "The file is not a DICOM image. It was left out."
    arrival = Arrival.objects.get()
    assert (arrival.door, arrival.files.filter(outcome="refused").count()) == ("stow", 2)
    (examination,) = sorted_now(world, arrival)
    assert examination.state == "delivered"


def test_nobody_sends_for_another_site_or_through_a_closed_one(world: StudyWorld) -> None:
    from studies.workflows import STUDY_SITE

    with pytest.raises(NotPermitted, match="own sites"):
        doors.receive(sender(world, study_site=world.sites[1]), [], actor=world.actor("site_user"))
    STUDY_SITE.move(world.sites[0], "suspend", actor=world.actor("project_manager"), reason="audit")
    with pytest.raises(RuleBroken, match="is not active"):
        doors.receive(sender(world), [], actor=world.actor("site_user"))


def test_a_set_aside_examination_can_be_taken_up_again(world: StudyWorld, tmp_path: Path) -> None:
    folder = scan(world, tmp_path, patient_id="HOSP-2")
    arrival, _ = doors.receive(sender(world), files(folder), actor=world.actor("site_user"))
    (examination,) = sorted_now(world, arrival)
    staff = world.actor("image_operations")
    doors.set_aside(examination, actor=staff, reason="a phantom scan of the site")
    assert not doors.inbox(world.study).exists()
    doors.take_up(examination, actor=staff, reason="it is a subject after all")
    assert doors.inbox(world.study).exists()
