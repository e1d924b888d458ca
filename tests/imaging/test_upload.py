"""Announcing and sending files: resumable, checked byte by byte, and only once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from audit.errors import Conflict, RuleBroken
from imaging.models import ReceivedFile, Submission
from imaging.services import manifest, submission
from imaging.storage import ArrivalStore
from studies.scoping import scope
from studies.services import subjects
from tests.imaging.upload_world import (
    draft,
    fill_form,
    make_imaging_study,
    received,
    run_jobs,
    send,
)

pytestmark = pytest.mark.django_db

ONE, TWO = b"first file" * 100, b"second file" * 100


def _entry(content: bytes) -> tuple[str, int]:
    return hashlib.sha256(content).hexdigest(), len(content)


def _sent(row: Submission, content: bytes, actor: Any) -> ReceivedFile:
    return manifest.store_file(row, _entry(content)[0], [content], actor=actor)


def test_an_upload_goes_on_where_it_stopped() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, actor = draft(world), world.actor("site_user")
        both = [_entry(ONE), _entry(TWO)]
        assert manifest.announce(row, both, actor=actor) == [_entry(ONE)[0], _entry(TWO)[0]]
        _sent(row, ONE, actor)
        assert manifest.announce(row, both, actor=actor) == [_entry(TWO)[0]]
        with pytest.raises(RuleBroken, match="1 of 2 files have not arrived"):
            manifest.finish(row, actor=actor)
        _sent(row, TWO, actor)
        assert manifest.announce(row, both, actor=actor) == []
        finished = manifest.finish(row, actor=actor)
        assert (finished.file_count, finished.byte_count) == (2, len(ONE) + len(TWO))
        lines = sorted(f"{digest} {size}\n" for digest, size in both)
        assert finished.manifest_digest == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_sending_a_file_twice_changes_nothing() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, actor = draft(world), world.actor("site_user")
        manifest.announce(row, [_entry(ONE), _entry(ONE)], actor=actor)
        first = _sent(row, ONE, actor).stored_at
        assert _sent(row, ONE, actor).stored_at == first
        assert row.files.count() == 1
        arrivals = ArrivalStore(row.pk)
        assert b"".join(arrivals.chunks(_entry(ONE)[0])) == ONE


def test_bytes_that_differ_from_the_announcement_are_refused_in_words() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, actor = draft(world), world.actor("site_user")
        manifest.announce(row, [_entry(ONE)], actor=actor)
        digest = _entry(ONE)[0]
        wrong = b"x" * len(ONE)
        for sent, words in ((wrong, "not those of the file"), (ONE[:9], "did not arrive whole")):
            with pytest.raises(RuleBroken, match=words):
                manifest.store_file(row, digest, [sent], actor=actor)
        assert row.files.get().outcome == "announced"
        with pytest.raises(RuleBroken, match="was not announced"):
            manifest.store_file(row, _entry(TWO)[0], [TWO], actor=actor)


@pytest.mark.parametrize(
    "entry",
    [("x" * 64, 1), ("A" * 64, 1), ("a" * 64, -1), ("a" * 64, "1"), ("a" * 64, True), (None, 1)],
)
def test_a_manifest_that_makes_no_sense_is_refused(entry: Any) -> None:
    world = make_imaging_study()
    with scope(world.study), pytest.raises(RuleBroken, match="SHA-256 and its size"):
        manifest.announce(draft(world), [entry], actor=world.actor("site_user"))


def test_more_than_one_submission_may_hold_is_refused() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, actor = draft(world), world.actor("site_user")
        many = [(f"{n:064x}", 1) for n in range(10_001)]
        with pytest.raises(manifest.TooLarge, match="at most 10,000 files"):
            manifest.announce(row, many, actor=actor)
        with pytest.raises(manifest.TooLarge, match="at most 5 GB"):
            manifest.announce(row, [("a" * 64, 3 << 30), ("b" * 64, 3 << 30)], actor=actor)
        assert row.files.count() == 0


def test_a_second_draft_of_a_visit_is_the_first_one() -> None:
    world = make_imaging_study()
    with scope(world.study):
        assert draft(world).pk == draft(world).pk


def test_of_two_tabs_one_saves_the_form_and_the_other_is_told() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, actor = draft(world), world.actor("site_user")
        submission.save_form(row, {"scan": {"time": "09:30"}}, seen_version=0, actor=actor)
        with pytest.raises(Conflict, match="changed in another tab") as told:
            submission.save_form(row, {"scan": {"time": "10:00"}}, seen_version=0, actor=actor)
        assert told.value.details["answers"] == {"scan": {"time": "09:30"}}


def test_the_checks_before_sending_fill_the_form_from_the_headers(tmp_path: Path) -> None:
    from imaging.phantom import Defects, write_series
    from tests.imaging.upload_world import spec_for

    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        spec = spec_for(row.time_point, defects=Defects(missing_slices=(4,)))
        write_series(tmp_path / "scan", spec)
        (tmp_path / "scan" / "readme.txt").write_text("exported by the workstation")
        manifest.upload_folder(row, tmp_path / "scan", actor=world.actor("site_user"))
        assert run_jobs(row) == ["done"]
        row.refresh_from_db()
        result = row.check_result
        assert (result["files"], result["images"], result["patients"]) == (12, 11, 1)
        assert [line["count"] for line in result["set_aside"]] == [1]
        assert "missing_slices" in {found["code"] for found in result["findings"]}
        assert result["header"]["scan_date"] == spec.study_date.isoformat()
        assert result["header"]["slice_thickness_mm"] == "5"
        row.form_record.refresh_from_db()
        assert row.form_record.answers["scan"]["date"] == spec.study_date.isoformat()


def test_the_signature_gives_a_receipt_and_locks_files_and_form(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = received(world, tmp_path)
        assert row.state == "received"
        assert row.time_point.state == "received"
        assert row.received_at is not None
        assert row.qc_due_at is not None
        assert row.qc_due_at > row.received_at
        assert row.qc_due_by == "Project plan v1, calendar EU-2026"
        actor = world.actor("site_user")
        with pytest.raises(Conflict, match="was sent already"):
            manifest.announce(row, [_entry(ONE)], actor=actor)
        with pytest.raises(Conflict, match="was sent already"):
            submission.save_form(row, {}, seen_version=9, actor=actor)


def test_a_form_without_a_needed_answer_cannot_be_sent(tmp_path: Path) -> None:
    from imaging.phantom import write_series
    from tests.imaging.upload_world import spec_for

    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        write_series(tmp_path / "scan", spec_for(row.time_point))
        manifest.upload_folder(row, tmp_path / "scan", actor=world.actor("site_user"))
        with pytest.raises(RuleBroken):
            submission.complete_form(row, actor=world.actor("site_user"))
        with pytest.raises(RuleBroken, match="not complete"):
            send(world, row)


def test_a_withdrawn_submission_lets_the_visit_wait_for_images_again(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = received(world, tmp_path)
        submission.withdraw(row, actor=world.actor("site_user"), reason="wrong subject")
        row.time_point.refresh_from_db()
        assert (row.state, row.time_point.state) == ("withdrawn", "expected")


def test_a_visit_declared_not_done_takes_no_images() -> None:
    world = make_imaging_study()
    with scope(world.study):
        visit = world.time_points(world.subjects[0])[0]
        site = world.actor("site_user")
        subjects.declare_not_done(visit, reason="subject was ill", actor=site)
        with pytest.raises(RuleBroken, match="it is not done"):
            submission.start(visit, actor=site)


def test_a_site_cannot_send_for_another_sites_visit() -> None:
    from django.http import Http404

    from studies.access import fetch
    from studies.models import TimePoint

    world = make_imaging_study()
    with scope(world.study):
        others = world.time_points(world.subjects[1])[0]
        with pytest.raises(Http404):
            fetch(TimePoint, world.actor("site_user"), others.pk)


def test_originals_are_destroyed_only_when_the_submission_is_over(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = received(world, tmp_path)
        staff = world.actor("image_operations")
        with pytest.raises(RuleBroken, match="after release, rejection or withdrawal"):
            submission.destroy_originals(row, actor=staff, reason="rule of the study")
        submission.withdraw(row, actor=world.actor("site_user"), reason="wrong subject")
        assert submission.destroy_originals(row, actor=staff, reason="rule of the study")
        with pytest.raises(RuleBroken, match="destroyed"):
            list(ArrivalStore(row.pk).chunks(row.files.values_list("sha256", flat=True)[0]))


def test_the_form_is_filled_with_reasons_where_it_warns(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        fill_form(world, row, scan={"slice_thickness": "9"})
        row.form_record.refresh_from_db()
        assert row.form_record.completed_at is not None
