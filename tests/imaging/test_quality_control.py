"""People's quality control: claim, ask, correct, decide by signature, release, reset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.errors import Conflict, RuleBroken
from imaging.models import Finding, QcReview, Series, Submission
from imaging.phantom import Defects, write_series
from imaging.services import manifest, package, qc, submission
from queries.models import Query
from studies.scoping import scope
from studies.services import forms
from tests.imaging.upload_world import (
    fill_form,
    in_qc,
    make_imaging_study,
    run_jobs,
    send,
    spec_for,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


def _fill_checklist(world: StudyWorld, review: QcReview) -> None:
    """Answer every asked place: no doubt anywhere, nothing to compare with at baseline."""
    actor = world.actor("image_operations")
    for _ in range(3):
        record = review.form_record
        record.refresh_from_db()
        result = forms.evaluated(record, context=qc.checklist_context(review), final=True)
        answers: dict[str, Any] = json.loads(json.dumps(record.answers))
        for place in result.missing:
            section, key = place.split(".")
            codes = [choice.code for choice in result.form.items[place].choices]
            value = "NA" if "NA" in codes else codes[0] if codes else "as expected"
            answers.setdefault(section, {})[key] = "5" if key == "quality" else value
        if answers != record.answers:
            review.form_record = qc.save_checklist(
                review, answers, seen_version=record.version, actor=actor
            )


def _signed(world: StudyWorld, review: QcReview, decision: str, **more: str) -> QcReview:
    actor = world.actor("image_operations")
    _fill_checklist(world, review)
    decided = qc.decide(review, decision=decision, actor=actor, **more)
    record = decided.form_record
    record.refresh_from_db()
    result = forms.evaluated(record, context=qc.checklist_context(decided), final=True)
    reasons = {m.key: "seen by eye" for m in result.messages if m.level == "warning"}
    if reasons:
        qc.save_checklist(
            decided,
            {**record.answers, "reasons": reasons},
            seen_version=record.version,
            actor=actor,
        )
    qc.complete_checklist(decided, actor=actor)
    return qc.sign(decided, actor=actor, assent=world.assent("image_operations", qc.MEANING))


def test_a_signed_pass_releases_the_visit_to_the_readers(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path)
        review = qc.claim(row, actor=world.actor("image_operations"))
        _signed(world, review, "pass")
        row.refresh_from_db()
        row.time_point.refresh_from_db()
        assert (row.state, row.time_point.state) == ("released", "ready")
        built = package.released(row.time_point)
        assert built is not None
        assert [entry.series.submission_id for entry in built.entries.all()] == [row.pk]
        series = Series.objects.get(submission=row)
        stack = package.stack(series)
        assert sorted(stack["windows"]) == ["lung", "soft"]
        assert len(stack["windows"]["soft"]["slices"]) == 12
        assert stack["positions"] == sorted(stack["positions"], reverse=True)
        uids = [uid for uid, _frame, _height in series.previews.first().slices]
        assert sorted(uids) == sorted(series.instances.values_list("sop_instance_uid", flat=True))


def test_two_people_cannot_claim_one_submission(tmp_path: Path) -> None:
    from studies.services import people
    from tests.world import BUILDER, make_user

    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path)
        world.users["second"] = make_user("second_analyst")
        people.grant_role(
            world.users["second"], "image_operations", study=world.study, actor=BUILDER
        )
        first = qc.claim(row, actor=world.actor("image_operations"))
        assert qc.claim(row, actor=world.actor("image_operations")).pk == first.pk
        with pytest.raises(Conflict, match="has claimed"):
            qc.claim(row, actor=world.actor("image_operations", "second"))


def test_a_correction_completes_the_series_and_closes_the_query_that_asked(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path, defects=Defects(missing_slices=(4, 5)))
        staff, site = world.actor("image_operations"), world.actor("site_user")
        missing = Finding.objects.get(submission=row, code="missing_slices")
        query = qc.ask_site([missing], actor=staff)
        assert (query.cause, query.blocking) == ("missing_images", True)
        assert [a.kind for a in query.actions.all()] == ["send_images"]
        review = qc.claim(row, actor=staff)
        with pytest.raises(RuleBroken, match="major finding waits"):
            _signed(world, review, "pass")

        second = submission.start(row.time_point, actor=site, answers_query=query)
        assert second.corrects_id == row.pk
        write_series(tmp_path / "whole", spec_for(row.time_point))
        (tmp_path / "rest").mkdir()
        for name in ("IM00005", "IM00006"):
            (tmp_path / "whole" / name).rename(tmp_path / "rest" / name)
        manifest.upload_folder(second, tmp_path / "rest", actor=site)
        run_jobs(second)
        fill_form(world, second)
        send(world, second)
        assert run_jobs(second) == ["done"]
        second.refresh_from_db()
        missing.refresh_from_db()
        assert (second.state, missing.state) == ("in_qc", "resolved")
        assert Query.objects.get(pk=query.pk).state == "closed"
        whole = Series.objects.get(submission=second)
        assert whole.instance_count == 12
        assert Series.objects.get(submission=row).superseded_by_id == whole.pk

        _signed(world, qc.claim(second, actor=staff), "pass")
        states = Submission.objects.filter(time_point=row.time_point)
        assert set(states.values_list("state", flat=True)) == {"released"}


def test_a_failure_asks_the_site_to_scan_again(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path)
        review = qc.claim(row, actor=world.actor("image_operations"))
        with pytest.raises(RuleBroken, match="missing"):
            _signed(world, review, "fail")
        _signed(world, review, "fail", comment="Motion over the liver.")
        row.refresh_from_db()
        row.time_point.refresh_from_db()
        assert (row.state, row.time_point.state) == ("rejected", "expected")
        query = Query.objects.get(time_point=row.time_point)
        assert [a.kind for a in query.actions.all()] == ["rescan"]


def test_a_reset_takes_the_decision_back_with_its_reason(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path)
        review = qc.claim(row, actor=world.actor("image_operations"))
        _signed(world, review, "pass")
        qc.reset(row, actor=world.actor("scientific"), reason="wrong series was judged")
        row.refresh_from_db()
        row.time_point.refresh_from_db()
        review.refresh_from_db()
        assert (row.state, row.time_point.state, review.state) == ("in_qc", "in_qc", "voided")


def test_an_accepted_answer_in_words_explains_the_finding(tmp_path: Path) -> None:
    from queries.services import answer, close

    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path, defects=Defects(date_shift_days=-40))
        late = Finding.objects.get(submission=row, code="date_out_of_window")
        staff = world.actor("image_operations")
        query = qc.ask_site([late], actor=staff)
        answered = answer(
            query, text="The scanner was out of service.", actor=world.actor("site_user")
        )
        close(answered, actor=staff, reason="answer accepted")
        late.refresh_from_db()
        assert (late.state, late.explanation) == ("explained", "The scanner was out of service.")


def test_images_of_two_subjects_are_held_for_a_person(tmp_path: Path) -> None:
    from tests.imaging.upload_world import received

    world = make_imaging_study()
    with scope(world.study):
        row = received(world, tmp_path, defects=Defects(second_patient_from=8))
        assert run_jobs(row) == ["done"]
        row.refresh_from_db()
        assert row.state == "held"
        assert "two persons" in row.hold_reason
        assert not row.series.exists()
        staff = world.actor("image_operations")
        submission.resume(
            row, actor=staff, reason="same person, number changed", lifted=("two_subjects",)
        )
        run_jobs(row)
        row.refresh_from_db()
        assert row.state == "in_qc"


def test_a_hostile_file_is_refused_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        from tests.imaging.upload_world import draft

        row = draft(world)
        written = write_series(tmp_path / "scan", spec_for(row.time_point))
        whole = written.files[3].read_bytes()
        written.files[3].write_bytes(whole[: len(whole) // 2])
        (tmp_path / "scan" / "DICOMDIR").write_bytes(
            b"\0" * 128 + b"DICM" + b"1.2.840.10008.1.3.10"
        )
        manifest.upload_folder(row, tmp_path / "scan", actor=world.actor("site_user"))
        run_jobs(row)
        fill_form(world, row)
        send(world, row)
        assert run_jobs(row) == ["done"]
        outcomes = sorted(row.files.values_list("outcome", "code"))
        assert outcomes.count(("cleaned", "")) == 11
        assert ("refused", "pixel_data_cut") in outcomes
        assert ("ignored", "dicomdir") in outcomes
