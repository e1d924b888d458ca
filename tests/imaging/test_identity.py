"""Whose images are these: each doubt is found, told in words, held, and answered by a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from audit import clock, jobs
from audit.errors import ReasonRequired
from audit.models import Event
from imaging.models import Finding, Instance, Submission
from imaging.phantom import invented_identity, write_series
from imaging.services import manifest, submission
from imaging.storage import research
from studies.models import TimePoint
from studies.scoping import scope
from tests.imaging.upload_world import (
    fill_form,
    in_qc,
    make_imaging_study,
    run_jobs,
    spec_for,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_imaging_study()
    with scope(made.study):
        yield made


def written(point: TimePoint, folder: Path, **how: Any) -> Path:
    write_series(folder, spec_for(point, **how))
    return folder


def second_subject(world: StudyWorld, *, site: int = 0) -> TimePoint:
    """Enrol one more subject and return its first visit."""
    from studies.services import subjects
    from tests.world import BUILDER

    made = subjects.register_subject(
        world.sites[site],
        code=f"{world.sites[site].number}-0{site + 8}",
        anchors={"enrolment": clock.today()},
        actor=BUILDER,
        source="site",
    )
    subjects.enrol(made, actor=BUILDER)
    return world.time_points(made)[0]


def sent(world: StudyWorld, point: TimePoint, folder: Path, *, by: str = "site_user") -> Submission:
    """Send a folder for a visit and let the workers go as far as they go."""
    actor = world.actor("site_user", by)
    row = submission.start(point, actor=actor)
    manifest.upload_folder(row, folder, actor=actor)
    run_jobs(row)
    row.refresh_from_db()
    fill_form(world, row) if by == "site_user" else _fill_as(world, row, by)
    row.refresh_from_db()
    row = submission.sign_and_receive(
        row,
        actor=actor,
        assent=world.assent("site_user", submission.MEANING, name=by),
    )
    assert run_jobs(row) == ["done"], [job.error for job in jobs.of(row)]
    row.refresh_from_db()
    return row


def _fill_as(world: StudyWorld, row: Submission, name: str) -> None:
    kept = world.users["site_user"]
    world.users["site_user"] = world.users[name]
    try:
        fill_form(world, row)
    finally:
        world.users["site_user"] = kept


def codes(row: Submission) -> list[str]:
    return sorted(row.findings.filter(key__startswith="identity:").values_list("code", flat=True))


def test_an_upload_that_came_before_is_already_there_and_makes_no_second_copy(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    folder = tmp_path / f"upload-{first.number}"
    stored = set(Instance.objects.values_list("sha256", flat=True))
    again = sent(world, first.time_point, folder)
    assert again.state == "held"
    assert again.hold_reason.startswith("Every file was received before for this visit")
    assert codes(again) == ["already_have_it"]
    assert set(Instance.objects.values_list("sha256", flat=True)) == stored
    assert not again.series.exists()
    first.refresh_from_db()
    assert first.state == "in_qc"


def test_a_correction_that_brings_old_files_along_keeps_one_copy_of_each(
    world: StudyWorld, tmp_path: Path
) -> None:
    point = world.time_points(world.subjects[0])[0]
    folder = written(point, tmp_path / "scan")
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    half = tmp_path / "half"
    half.mkdir()
    for path in paths[:6]:
        (half / path.name).write_bytes(path.read_bytes())
    sent(world, point, half)
    whole = sent(world, point, folder)
    assert whole.state == "in_qc", whole.hold_reason
    outcomes = list(whole.files.values_list("outcome", flat=True))
    assert (outcomes.count("duplicate"), outcomes.count("cleaned")) == (6, 6)
    (series,) = whole.series.all()
    assert series.instances.count() == 12
    assert len(set(Instance.objects.values_list("sha256", flat=True))) == 12


def test_one_identifier_with_other_pixels_is_held_and_the_first_is_never_overwritten(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    folder = tmp_path / f"upload-{first.number}"
    before = {i.original_key: i.sha256 for i in Instance.objects.all()}
    changed = tmp_path / "changed"
    changed.mkdir()
    for path in sorted(p for p in folder.rglob("*") if p.is_file())[:3]:
        made = dcmread(path)
        pixels = made.pixel_array.copy()
        pixels[10:20, 10:20] += 100
        made.PixelData = pixels.tobytes()
        made.save_as(changed / path.name)
    second = sent(world, first.time_point, changed)
    assert second.state == "held"
    assert codes(second) == ["same_uid_other_pixels"]
    finding = second.findings.get(code="same_uid_other_pixels")
    assert finding.measured == "3 images"
    assert (finding.level, finding.state) == ("error", "open")
    assert "first stays as it is" in finding.what_it_means
    assert "which is the original" in finding.what_to_do
    for instance in Instance.objects.filter(series__submission=first):
        assert before[instance.original_key] == instance.sha256
        assert research().is_whole(instance.sha256)


def test_the_same_pixels_under_other_identifiers_are_found(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    folder = tmp_path / f"upload-{first.number}"
    renamed = tmp_path / "renamed"
    renamed.mkdir()
    study, series = generate_uid(), generate_uid()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        made = dcmread(path)
        made.StudyInstanceUID, made.SeriesInstanceUID = study, series
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        made.save_as(renamed / path.name)
    second = sent(world, world.time_points(world.subjects[0])[1], renamed)
    assert second.state == "held"
    assert codes(second) == ["same_pixels_other_uid"]
    assert second.findings.get(code="same_pixels_other_uid").measured == "12 images"


def test_single_slices_of_air_are_alike_and_put_nothing_in_doubt(
    world: StudyWorld, tmp_path: Path
) -> None:
    def with_air(folder: Path) -> Path:
        for path in sorted(p for p in folder.rglob("*") if p.is_file())[:5]:
            made = dcmread(path)
            made.PixelData = np.full_like(made.pixel_array, 24).tobytes()
            made.save_as(path)
        return folder

    points, day = world.time_points(world.subjects[0]), clock.today()
    first = written(points[0], tmp_path / "1", seed=3, study_date=day)
    second = written(points[1], tmp_path / "2", seed=4, study_date=day)
    one = sent(world, points[0], with_air(first))
    two = sent(world, points[1], with_air(second))
    assert (one.state, two.state) == ("in_qc", "in_qc"), two.hold_reason
    assert codes(two) == []


def test_two_persons_in_one_upload_are_held(world: StudyWorld, tmp_path: Path) -> None:
    point = world.time_points(world.subjects[0])[0]
    written(point, tmp_path / "scan" / "1")
    written(point, tmp_path / "scan" / "2", identity=invented_identity(2), seed=8)
    row = sent(world, point, tmp_path / "scan")
    assert row.state == "held"
    assert codes(row) == ["two_subjects"]
    assert row.findings.get(code="two_subjects").measured == "2 patient numbers"
    assert not Instance.objects.exists()


def test_an_examination_sent_before_for_another_subject_is_held(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    other = second_subject(world)
    row = sent(world, other, tmp_path / f"upload-{first.number}")
    assert row.state == "held"
    assert codes(row) == ["other_subjects_study", "person_of_other_subject"]
    assert row.hold_reason == (
        "This examination was received before for another subject. A person must look."
    )


def test_an_examination_sent_before_from_another_site_is_held(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    other = world.time_points(world.subjects[1])[0]
    row = sent(world, other, tmp_path / f"upload-{first.number}", by="site_user_2")
    assert row.state == "held"
    assert codes(row) == ["other_sites_study", "person_of_other_subject"]


def test_a_patient_number_of_another_site_alone_is_no_doubt(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    other = world.time_points(world.subjects[1])[0]
    same_number = replace(
        invented_identity(5), patient_id=spec_for(first.time_point).identity.patient_id
    )
    folder = written(other, tmp_path / "other", identity=same_number, seed=11)
    row = sent(world, other, folder, by="site_user_2")
    assert row.state == "in_qc", row.hold_reason
    assert codes(row) == []


def test_a_new_scan_of_a_person_known_under_another_subject_is_held(
    world: StudyWorld, tmp_path: Path
) -> None:
    in_qc(world, tmp_path)
    other = second_subject(world)
    row = sent(world, other, written(other, tmp_path / "new", seed=21))
    assert row.state == "held"
    assert codes(row) == ["person_of_other_subject"]


def test_a_subject_that_differs_from_its_earlier_visits_is_a_finding_of_quality_control(
    world: StudyWorld, tmp_path: Path
) -> None:
    today = clock.today()
    in_qc(world, tmp_path, study_date=today - timedelta(days=1))
    point = world.time_points(world.subjects[0])[1]
    folder = written(
        point, tmp_path / "other", identity=invented_identity(7), seed=31, study_date=today
    )
    row = sent(world, point, folder)
    assert row.state == "in_qc"
    assert "other_subject" in set(row.findings.values_list("code", flat=True))


def test_a_person_lifts_the_doubt_with_a_reason_and_the_submission_goes_on(
    world: StudyWorld, tmp_path: Path
) -> None:
    in_qc(world, tmp_path)
    other = second_subject(world)
    row = sent(world, other, written(other, tmp_path / "new", seed=21))
    staff = world.actor("image_operations")
    with pytest.raises(ReasonRequired):
        submission.resume(row, actor=staff, reason="", lifted=("person_of_other_subject",))
    why = "the subject was screened twice, the site's letter of 05 Mar 2026"
    submission.resume(row, actor=staff, reason=why, lifted=("person_of_other_subject",))
    run_jobs(row)
    row.refresh_from_db()
    assert row.state == "in_qc"
    finding = Finding.objects.get(submission=row, code="person_of_other_subject")
    assert (finding.state, finding.explanation) == ("explained", why)
    event = Event.objects.get(kind="finding.explain", object_id=str(finding.pk))
    assert (event.reason, event.actor_role) == (why, "image_operations")


def test_the_site_is_told_before_it_sends_and_what_to_do(world: StudyWorld, tmp_path: Path) -> None:
    first = in_qc(world, tmp_path)
    other = second_subject(world)
    actor = world.actor("site_user")
    row = submission.start(other, actor=actor)
    manifest.upload_folder(row, tmp_path / f"upload-{first.number}", actor=actor)
    run_jobs(row)
    row.refresh_from_db()
    told = {found["code"]: found for found in row.check_result["findings"]}
    assert told["other_subjects_study"]["level"] == "error"
    assert told["other_subjects_study"]["do"] == (
        "Check the subject of this upload. Choose other files if it is wrong."
    )
    assert "other_subjects_study" in told


def test_no_finding_about_identity_says_who_it_is(world: StudyWorld, tmp_path: Path) -> None:
    first = in_qc(world, tmp_path)
    row = sent(world, second_subject(world), tmp_path / f"upload-{first.number}")
    identity = spec_for(first.time_point).identity
    shown = str(list(row.findings.values())) + row.hold_reason + str(row.check_result)
    for text in (identity.patient_id, *identity.patient_name.split("^")):
        assert text
        assert text not in shown
