"""Moving images: listed before, signed, cleaned anew, and nothing of the first subject remains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from pydicom import dcmread

from audit import clock, jobs
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken, SignatureRequired
from audit.models import Event
from imaging.models import Destruction, Instance, Move, Submission
from imaging.phantom import write_series
from imaging.services import manifest, moving, qc, submission
from imaging.services.effects import Effect
from imaging.storage import ArrivalStore, research
from imaging.storage.keys import submission_key
from reads.models import ReadTask
from reads.services import planning
from studies.models import TimePoint
from studies.scoping import scope
from tests.imaging.test_identity import second_subject
from tests.imaging.test_quality_control import _signed
from tests.imaging.upload_world import (
    draft,
    fill_form,
    in_qc,
    make_imaging_study,
    run_jobs,
    send,
    spec_for,
)
from tests.world import StudyWorld, logged_in

pytestmark = pytest.mark.django_db

WHY = "the site sent the scan for the wrong subject (letter of 05 Mar 2026)"


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path) -> None:
    """A store of one's own, so that every byte in it can be searched."""
    own = {**settings.STORAGES}
    for alias in ("arrivals", "research"):
        options = {**own[alias].get("OPTIONS", {}), "location": str(tmp_path / alias)}
        own[alias] = {**own[alias], "OPTIONS": options}
    settings.STORAGES = own


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_imaging_study()
    with scope(made.study):
        yield made


def planned(world: StudyWorld, row: Submission, target: TimePoint, **how: Any) -> Move:
    return moving.plan(row, target, actor=world.actor("image_operations"), reason=WHY, **how)


def moved(world: StudyWorld, move: Move) -> Submission:
    made = moving.carry_out(
        move,
        actor=world.actor("image_operations"),
        assent=world.assent("image_operations", moving.MEANING),
    )
    assert set(run_jobs(made)) == {"done"}, [job.error for job in jobs.of(made)]
    assert set(run_jobs(made)) == {"done"}, [job.error for job in jobs.of(made)]
    made.refresh_from_db()
    return made


def passed(world: StudyWorld, row: Submission) -> Submission:
    """Let quality control release a submission."""
    review = qc.claim(row, actor=world.actor("image_operations"))
    for finding in row.findings.filter(state="open"):
        qc.explain(finding, actor=world.actor("image_operations"), reason="seen, as scanned")
    _signed(world, review, "pass")
    row.refresh_from_db()
    return row


def store_bytes() -> Iterator[bytes]:
    root = research().root
    assert root is not None
    for path in root.rglob("*"):
        if path.is_file():
            yield path.read_bytes()


def test_a_submission_goes_to_another_subject_and_nothing_of_the_first_remains(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    series = first.series.get()
    uids = {series.uid, series.imaging_study.uid}
    uids |= set(Instance.objects.values_list("sop_instance_uid", flat=True))
    header = dcmread(research().path_of(Instance.objects.all()[0].sha256, place="x"))
    dates = {str(header.StudyDate)}
    target = second_subject(world)
    made = moved(world, planned(world, first, target))

    assert made.state == "in_qc", made.hold_reason
    assert (made.subject, made.time_point) == (target.subject, target)
    assert made.moved_from == first
    cleaned = list(Instance.objects.filter(series__submission=made))
    assert len(cleaned) == 12
    code = world.subjects[0].code.encode()
    for content in store_bytes():
        assert code not in content
        for text in uids | dates:
            assert text.encode() not in content
    for instance in cleaned:
        with research().open(instance.sha256) as stream:
            found = dcmread(stream)
        assert found.PatientID == target.subject.code
        assert found.ClinicalTrialSubjectID == target.subject.code
    first.refresh_from_db()
    first.time_point.refresh_from_db()
    assert (first.state, first.time_point.state) == ("withdrawn", "expected")
    assert first.time_point.assessment_date is None
    with pytest.raises(RuleBroken, match="destroyed"):
        submission_key(first.pk)
    kinds = {proof.what: proof for proof in Destruction.objects.filter(submission=first)}
    assert kinds["originals"].count == 12
    assert kinds["outputs"].count >= 12
    assert kinds["outputs"].move is not None


def test_the_page_of_what_went_away_says_where_it_is_and_shows_no_picture(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    client = logged_in(world, "image_operations")
    address = reverse("submission", args=[world.study.code, first.pk])
    before = client.get(address).content.decode()
    assert '<span class="ic-thumb m">' in before
    assert "QC answer due" in before
    target = second_subject(world)
    made = moved(world, planned(world, first, target))
    page = client.get(address).content.decode()
    assert f"These images belong to {target}." in page
    assert f"They were moved to {made}. What was here was destroyed; the record stays." in page
    assert '<span class="ic-thumb m">' not in page
    assert "QC answer due" not in page


def test_what_is_affected_is_listed_before_the_signature_and_recorded(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = passed(world, in_qc(world, tmp_path))
    target = second_subject(world)
    move = planned(world, first, target)
    listed = [effect["text"] for effect in move.effects]
    visit = first.time_point
    assert f"Read package v1 of {visit} is superseded; QC of the visit is open again." in listed
    assert f"{visit} waits for images again." in listed
    assert f"{target} receives the images and goes through QC." in listed
    assert not any(effect["blocks"] for effect in move.effects)
    visit.refresh_from_db()
    assert visit.state == "ready"
    made = moved(world, move)
    assert made.state == "in_qc"
    visit.refresh_from_db()
    assert visit.state == "expected"
    assert list(visit.packages.values_list("state", flat=True)) == ["superseded"]
    move.refresh_from_db()
    event = Event.objects.get(kind="move.carry_out")
    assert event.reason == WHY
    assert event.details["signature"]
    assert move.effects and move.result == made


def test_unsigned_reads_are_listed_and_end_with_the_move(world: StudyWorld, tmp_path: Path) -> None:
    first = passed(world, in_qc(world, tmp_path))
    _design(world)
    tasks = planning.plan_reads(first.subject, actor=world.actor("reviewer_operations"))
    assert len(tasks) == 2
    move = planned(world, first, second_subject(world))
    assert f"2 unsigned reads of {first.time_point}" in [e["text"] for e in move.effects]
    moved(world, move)
    assert set(ReadTask.objects.values_list("state", flat=True)) == {"cancelled"}


def _design(world: StudyWorld) -> None:
    from tests.imaging.test_consent import configure_reads

    configure_reads(world)


def test_images_that_readers_signed_do_not_move_before_a_roll_back(
    world: StudyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = passed(world, in_qc(world, tmp_path))
    from studies.workflows import TIME_POINT
    from tests.world import BUILDER

    TIME_POINT.move(first.time_point, "begin_reading", actor=BUILDER)
    with pytest.raises(RuleBroken, match="roll their reads back first"):
        planned(world, first, second_subject(world))


def test_what_changed_since_the_list_was_made_is_looked_at_again(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    move = planned(world, first, second_subject(world))
    passed(world, first)
    with pytest.raises(Conflict, match="has changed since it was listed"):
        moved(world, move)
    first.refresh_from_db()
    assert first.state == "released"


def test_a_move_needs_a_reason_the_right_and_a_signature(world: StudyWorld, tmp_path: Path) -> None:
    first = in_qc(world, tmp_path)
    target = second_subject(world)
    staff = world.actor("image_operations")
    with pytest.raises(ReasonRequired):
        moving.plan(first, target, actor=staff, reason="  ")
    with pytest.raises(NotPermitted):
        moving.plan(first, target, actor=world.actor("site_user"), reason=WHY)
    move = planned(world, first, target)
    with pytest.raises(SignatureRequired):
        moving.carry_out(move, actor=staff, assent=None)  # type: ignore[arg-type]
    moving.cancel(move, actor=staff)
    assert move.state == "cancelled"


def test_a_locked_study_moves_nothing(world: StudyWorld, tmp_path: Path) -> None:
    from studies.workflows import STUDY

    first = in_qc(world, tmp_path)
    target = second_subject(world)
    STUDY.move(
        world.study,
        "lock",
        actor=world.actor("data_manager"),
        assent=world.assent("data_manager", "database_lock"),
    )
    with pytest.raises(RuleBroken, match="database of the study is locked"):
        planned(world, first, target)


def test_images_whose_originals_are_gone_cannot_be_cleaned_anew(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = passed(world, in_qc(world, tmp_path))
    submission.destroy_originals(
        first, actor=world.actor("image_operations"), reason="rule of the study"
    )
    target = second_subject(world)
    with pytest.raises(RuleBroken, match=r"originals? files were destroyed|original files were"):
        planned(world, first, target)
    page = logged_in(world, "image_operations").get(
        reverse("move-plan", args=[world.study.code, first.pk]), {"target": target.pk}
    )
    assert "The images stay where they are. What is marked red comes first." in (
        page.content.decode()
    )
    assert "Go to signature" not in page.content.decode()


def test_a_visit_that_has_images_takes_no_others(world: StudyWorld, tmp_path: Path) -> None:
    first = in_qc(world, tmp_path)
    with pytest.raises(RuleBroken, match="at this time point already"):
        planned(world, first, first.time_point)


def test_one_series_of_two_goes_alone(world: StudyWorld, tmp_path: Path) -> None:
    row = draft(world)
    day = clock.today()
    write_series(tmp_path / "scan" / "1", spec_for(row.time_point, study_date=day))
    write_series(
        tmp_path / "scan" / "2", spec_for(row.time_point, study_date=day, seed=9, slices=8)
    )
    manifest.upload_folder(row, tmp_path / "scan", actor=world.actor("site_user"))
    run_jobs(row)
    fill_form(world, row)
    row = send(world, row)
    assert run_jobs(row) == ["done"]
    row.refresh_from_db()
    assert row.state == "in_qc", row.hold_reason
    goes = next(s for s in row.series.all() if s.instance_count == 8)
    stays = next(s for s in row.series.all() if s.instance_count == 12)
    gone = set(goes.instances.values_list("sha256", flat=True))
    kept = set(stays.instances.values_list("sha256", flat=True))
    sources = set(goes.instances.values_list("source_sha256", flat=True))
    target = second_subject(world)
    move = planned(world, row, target, series=[goes])
    assert move.series_uids == [goes.uid]
    made = moved(world, move)
    assert made.state == "in_qc", made.hold_reason
    assert made.series.get().instance_count == 8
    row.refresh_from_db()
    assert row.state == "in_qc"
    from imaging.services.series import effective_series

    assert effective_series(row.time_point) == [stays]
    assert not any(research().exists(digest) for digest in gone)
    assert all(research().is_whole(digest) for digest in kept)
    assert not any(ArrivalStore(row.pk).exists(digest) for digest in sources)
    assert submission_key(row.pk)


def test_a_move_between_visits_of_one_subject_keeps_the_subject_and_corrects_the_visit(
    world: StudyWorld, tmp_path: Path
) -> None:
    first = in_qc(world, tmp_path)
    target = world.time_points(world.subjects[0])[1]
    made = moved(world, planned(world, first, target))
    assert made.state == "in_qc", made.hold_reason
    instance = Instance.objects.filter(series__submission=made)[0]
    with research().open(instance.sha256) as stream:
        found = dcmread(stream)
    assert found.ClinicalTrialTimePointID == target.label
    label = first.time_point.label.encode()
    for content in store_bytes():
        assert label not in content


def test_a_worker_killed_in_the_middle_does_the_rest_later(
    world: StudyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = in_qc(world, tmp_path)
    move = planned(world, first, second_subject(world))
    made = moving.carry_out(
        move,
        actor=world.actor("image_operations"),
        assent=world.assent("image_operations", moving.MEANING),
    )
    job = next(job for job in jobs.of(made) if job.kind == "imaging.move")

    def lost(_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(moving, "_destroy", lost)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(str(job.pk))
    made.refresh_from_db()
    assert made.state == "received"
    moving.run(job, str(move.pk))
    moving.run(job, str(move.pk))
    assert Destruction.objects.filter(submission=first, what="originals").count() == 1


def test_the_registry_of_effects_names_and_never_decides() -> None:
    effect = Effect("read", "2 signed reads", blocks=True, keeps=True)
    assert effect.plain() == {
        "kind": "read",
        "text": "2 signed reads",
        "url": "",
        "blocks": True,
        "keeps": True,
    }
