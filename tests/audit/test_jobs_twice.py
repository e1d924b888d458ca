"""Every kind of job that runs twice leaves what it left once (trust T06)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from audit import clock, jobs
from audit.guards import own_models
from audit.models import ChainLink, Event, Job, SealedShape
from imaging.models import Sweep
from imaging.services import consent, doors, moving
from imaging.storage import nightly
from reads.services import confirmation, sampling
from studies.scoping import scope
from tests.imaging import phantom_world
from tests.imaging.test_doors import files, scan, sender, sorted_now
from tests.imaging.test_identity import second_subject
from tests.imaging.upload_world import in_qc, make_imaging_study
from tests.reads.read_world import READERS, make_read_study, read_baseline, ready
from tests.reads.read_world import run_jobs as run_reads
from tests.reads.session_world import (
    PARTIAL,
    PROGRESS,
    global_review,
    images_of,
    make_session_study,
    read_course,
)

pytestmark = pytest.mark.django_db

#: Where a kind is run twice; a new kind has to be put here with its test.
PROVED = {
    "imaging.check": "here",
    "imaging.process": "here",
    "reads.plan": "here",
    "reads.settle": "here",
    "reads.settle_review": "here",
    "reads.sessions": "here",
    "reads.confirm": "here",
    "reads.sample": "here",
    "projects.notify": "here",
    "reads.accept": "test_readers_who_differ_open_one_case_and_the_adjudicators_choice_counts",
    "clinical.open_document": "test_a_document_that_is_opened_twice_is_as_opened_once",
    "clinical.check_import": "test_a_large_file_is_judged_and_imported_in_the_background",
    "clinical.import": "test_an_import_that_was_killed_goes_on_and_writes_nothing_twice",
    "imaging.arrival": "here",
    "imaging.consent": "here",
    "imaging.deliver": "here",
    "imaging.move": "here",
    "imaging.phantom": "here",
    "imaging.sweep": "here",
    "reads.read_again": "test_a_reread_appears_after_the_washout_and_looks_like_any_other_read",
    "reads.validate": "test_a_validation_that_runs_twice_writes_one_report",
    "reads.twin": "test_a_twin_that_is_furnished_twice_has_its_subjects_once",
    "reads.check": "test_the_nightly_job_runs_once_a_day_for_studies_in_conduct",
    "reads.recall": "test_a_recall_run_twice_does_nothing_twice",
    "reads.score": "test_a_training_read_marked_twice_has_its_marks_once",
    "reads.remind": "test_reminders_that_run_twice_write_nothing_new",
    "reads.welcome": "test_a_welcome_that_runs_twice_brings_nobody_twice",
    "exports.generate": "test_verifying_makes_the_files_again_and_finds_a_damaged_one",
    "projects.verify_chain": "test_a_flushed_broker_loses_no_work",
}


IMAGING = "imaging."


def contents() -> dict[str, str | None]:
    """Return a digest of every table of ours, but for the jobs and the seals."""
    found = {}
    with connection.cursor() as cursor:
        for model in own_models():
            if model in {Job, ChainLink, SealedShape}:
                continue
            table = model._meta.db_table
            cursor.execute(
                f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t'
            )
            (found[table],) = cursor.fetchone()
    return found


def run_waiting(kinds: str = "") -> None:
    """Run the jobs that wait, those of one app alone if its name is given."""
    for _ in range(50):
        pending = Job.objects.filter(state="pending", kind__startswith=kinds)
        waiting = pending.exclude(not_before__gt=clock.now())
        row = waiting.order_by("created_at").first()
        if row is None:
            return
        assert jobs.run(str(row.pk)) == "done", (row.kind, row.error)
    raise AssertionError("the jobs do not end")


def run_everything_again(of: str = "") -> set[str]:
    """Run every finished job again, those of one app alone if its name is given."""
    kinds = set()
    finished = Job.objects.filter(kind__startswith=of, state=Job.State.DONE)
    for row in list(finished.order_by("created_at")):
        Job.objects.filter(pk=row.pk).update(state="pending", attempts=0, finished_at=None)
        assert jobs.run(str(row.pk)) == "done", row.kind
        kinds.add(row.kind)
    run_waiting(of)
    return kinds


def test_every_kind_of_job_says_where_it_is_run_twice() -> None:
    assert set(jobs.KINDS) == set(PROVED)


def test_the_jobs_of_an_upload_run_twice_change_nothing(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        in_qc(world, tmp_path)
        run_waiting()
        before = contents()
        kinds = run_everything_again()
        assert contents() == before
    assert kinds >= {"imaging.check", "imaging.process"}


def test_the_jobs_of_a_read_run_twice_change_nothing() -> None:
    world = make_read_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_reads()
        for name in ("central_reader", "central_reader_2"):
            read_baseline(world, name, "40", "20")
        run_waiting()
        before = contents()
        kinds = run_everything_again()
        assert contents() == before
    assert kinds >= {"reads.plan", "reads.settle"}
    assert {kind for kind, where in PROVED.items() if where == "here"} - kinds <= {
        "imaging.check",
        "imaging.process",
        "projects.notify",
        "imaging.arrival",
        "imaging.consent",
        "imaging.deliver",
        "imaging.move",
        "imaging.phantom",
        "imaging.sweep",
        "reads.settle_review",
        "reads.sessions",
        "reads.confirm",
        "reads.sample",
    }


def test_the_jobs_of_sessions_run_twice_change_nothing() -> None:
    world = make_session_study(
        sessions={"global_review": True, "confirmation_of_progression": True}
    )
    with scope(world.study):
        images_of(world, 3)
        point = world.time_points(world.subjects[0])[1]
        site = world.actor("site_user")
        confirmation.ask(point, opinion="PD", why="New lesion", actor=site)
        sampling.record_local(point, "PD", actor=site)
        for name in READERS:
            read_course(world, name, (("25", "12"), PARTIAL), (("60", "30"), PROGRESS))
        run_waiting()
        for name in READERS:
            global_review(world, name)
        run_waiting()
        before = contents()
        kinds = run_everything_again()
        assert contents() == before
    assert kinds >= {"reads.settle_review", "reads.sessions", "reads.confirm", "reads.sample"}


def test_the_jobs_of_an_arrival_run_twice_change_nothing(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        folder = scan(world, tmp_path, patient_id=world.subjects[0].code)
        actor = world.actor("site_user")
        arrival, _ = doors.receive(sender(world), files(folder), actor=actor)
        (examination,) = sorted_now(world, arrival)
        assert examination.state == "delivered"
        run_waiting(IMAGING)
        before = contents()
        kinds = run_everything_again(IMAGING)
        assert contents() == before
    assert kinds >= {"imaging.arrival", "imaging.deliver"}


def test_the_job_of_a_move_run_twice_changes_nothing(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        first = in_qc(world, tmp_path)
        target = second_subject(world)
        operations = world.actor("image_operations")
        plan = moving.plan(first, target, actor=operations, reason="the letter of the site")
        assent = world.assent("image_operations", moving.MEANING)
        made = moving.carry_out(plan, actor=operations, assent=assent)
        run_waiting(IMAGING)
        made.refresh_from_db()
        assert made.state == "in_qc"
        before = contents()
        kinds = run_everything_again(IMAGING)
        assert contents() == before
    assert "imaging.move" in kinds


def test_the_job_of_a_withdrawn_consent_run_twice_changes_nothing(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path)
        consent.record_withdrawal(
            row.subject,
            withdrawn_on=clock.today(),
            scope="use",
            source="site letter of 05 Mar 2026",
            reason="",
            actor=world.actor("project_manager"),
        )
        run_waiting(IMAGING)
        before = contents()
        kinds = run_everything_again(IMAGING)
        assert contents() == before
    assert "imaging.consent" in kinds


def test_the_job_of_a_phantom_run_twice_changes_nothing(tmp_path: Path) -> None:
    world = phantom_world.make_phantom_study()
    with scope(world.study):
        made = phantom_world.water_files(tmp_path, clock.today(), water_hu=1.5, noise_hu=8.0)
        measured = phantom_world.sent(world, phantom_world.draft(world), made)
        assert measured.state == "measured"
        run_waiting(IMAGING)
        before = contents()
        kinds = run_everything_again(IMAGING)
        assert contents() == before
    assert "imaging.phantom" in kinds


def test_a_sweep_run_twice_adds_a_second_proof_that_says_the_same(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        in_qc(world, tmp_path)
        run_waiting(IMAGING)
        row = nightly.ask()
        assert jobs.run(str(row.pk)) == "done"
        before = contents()
        Job.objects.filter(pk=row.pk).update(state="pending", attempts=0, finished_at=None)
        assert jobs.run(str(row.pk)) == "done"
        after = contents()
    changed = {table for table in before if before[table] != after[table]}
    assert changed == {Sweep._meta.db_table, Event._meta.db_table}
    second, first = Sweep.objects.order_by("-started_at")
    assert (first.objects_read, first.bytes_read, first.faults) == (
        second.objects_read,
        second.bytes_read,
        second.faults,
    )
