"""What the checks before signing clean already: taken over when signed, or done anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.models import Instance, Series, Submission
from imaging.phantom import write_series
from imaging.pipeline import notes
from imaging.pipeline.deidentify import DeidOutcome, Status
from imaging.pipeline.technical_qc.facts import SliceFacts, TracerFacts
from imaging.pipeline.technical_qc.file_facts import FileFacts
from imaging.services import cleaning, manifest, submission
from imaging.storage import ArrivalStore, research
from imaging.storage.ahead import AheadStore, drop_stale
from studies.scoping import scope
from tests.imaging.upload_world import (
    draft,
    fill_form,
    make_imaging_study,
    run_jobs,
    send,
    spec_for,
)
from tests.remembering import continued
from tests.world import StudyWorld

FEW = 4


def _uploaded(world: StudyWorld, folder: Path) -> Submission:
    row = draft(world)
    write_series(folder, spec_for(row.time_point, slices=FEW))
    manifest.upload_folder(row, folder, actor=world.actor("site_user"))
    return row


@continued
def _checked(world: StudyWorld, folder: Path) -> Submission:
    """Upload a series and let the checks run; nothing is signed."""
    row = _uploaded(world, folder)
    assert run_jobs(row) == ["done"]
    row.refresh_from_db()
    return row


def _signed(world: StudyWorld, row: Submission) -> Submission:
    fill_form(world, row)
    sent = send(world, row)
    assert run_jobs(sent) == ["done"]
    sent.refresh_from_db()
    return sent


def _waiting(row: Submission) -> list[Path]:
    folder = research().workspace(f"{row.pk.hex}-ahead")
    return sorted(folder.glob("*/*.part"))


def _outputs(row: Submission) -> dict[str, str]:
    found = Instance.objects.filter(series__submission=row)
    return dict(found.values_list("source_sha256", "sha256"))


@pytest.mark.django_db
def test_what_was_cleaned_ahead_goes_to_qc_without_opening_an_original_again(
    tmp_path: Path,
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _checked(world, tmp_path)
        assert len(_waiting(row)) == FEW
        for sha256 in row.files.values_list("sha256", flat=True):
            ArrivalStore(row.pk).remove(sha256)
        sent = _signed(world, row)
        assert sent.state == "in_qc", sent.hold_reason
        assert len(_outputs(sent)) == FEW
        assert all(research().is_whole(sha256) for sha256 in _outputs(sent).values())
        assert _waiting(row) == []
        assert AheadStore(row.pk).note() is None


@pytest.mark.django_db
def test_the_outputs_are_those_of_an_upload_that_was_not_cleaned_ahead(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _checked(world, tmp_path)
        ahead = {path.name: path.read_bytes() for path in _waiting(row)}
        AheadStore(row.pk).drop()
        sent = _signed(world, row)
        assert sent.state == "in_qc", sent.hold_reason
        stored = {research().read(sha256) for sha256 in _outputs(sent).values()}
        assert stored == set(ahead.values())
        series = Series.objects.get(submission=sent)
        assert series.instance_count == FEW
        assert series.sealed_facts.document["slices"]


def _checked_while(
    world: StudyWorld,
    folder: Path,
    meanwhile: Callable[[Submission], object],
    monkeypatch: pytest.MonkeyPatch,
    *,
    first: bool = False,
) -> Submission:
    """Upload a series and let the checks run; something happens while they clean it.

    Args:
        first: it happens when one file is clean; else when all are.
    """
    row = _uploaded(world, folder)
    go_on = cleaning.Ahead.go_on

    def interrupted(self: cleaning.Ahead, tick: Any, is_signed: Callable[[], bool]) -> bool:
        def after_one() -> bool:
            if first and len(self.done) == 1:
                meanwhile(row)
            return is_signed()

        passed = go_on(self, tick, after_one)
        if not first:
            meanwhile(row)
        return passed

    monkeypatch.setattr(cleaning, "BATCH", 1)
    monkeypatch.setattr(cleaning.Ahead, "go_on", interrupted)
    assert run_jobs(row) == ["done"]
    row.refresh_from_db()
    return row


@pytest.mark.django_db
@pytest.mark.parametrize("first", [True, False], ids=["one file is clean", "all are clean"])
def test_what_is_signed_while_it_is_cleaned_goes_on_to_qc_in_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    world = make_imaging_study()

    def sign(row: Submission) -> None:
        fill_form(world, row)
        send(world, row)

    with scope(world.study):
        row = _checked_while(world, tmp_path, sign, monkeypatch, first=first)
        assert row.state == "in_qc", row.hold_reason
        assert len(_outputs(row)) == FEW
        assert AheadStore(row.pk).note() is None
        # The job that the signature asked for finds nothing left to clean, and draws.
        assert run_jobs(row) == ["done"]
        assert row.series.filter(previews__isnull=False).exists()
        assert _waiting(row) == []


@pytest.mark.django_db
def test_a_file_that_does_not_pass_after_it_was_signed_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_imaging_study()
    clean = cleaning._cleaned

    def last_one_dies(*given: Any) -> Any:
        *others, last = clean(*given)
        yield from others
        yield last.work.item, "refused", "process_died"

    def sign(row: Submission) -> None:
        fill_form(world, row)
        send(world, row)

    monkeypatch.setattr(cleaning, "_cleaned", last_one_dies)
    with scope(world.study):
        row = _checked_while(world, tmp_path, sign, monkeypatch, first=True)
        outcomes = sorted(row.files.values_list("outcome", "code"))
        assert outcomes == [("cleaned", "")] * (FEW - 1) + [("refused", "process_died")]
        assert len(_outputs(row)) == FEW - 1
        assert row.state == "in_qc", row.hold_reason
        assert row.findings.filter(state="open", key__contains="process_died").exists()


@pytest.mark.django_db
def test_a_plan_that_changed_meanwhile_is_worked_out_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_imaging_study()

    def sign_and_change(row: Submission) -> None:
        fill_form(world, row)
        send(world, row)
        plan_of = cleaning.plan_of
        monkeypatch.setattr(
            cleaning, "plan_of", lambda *given: replace(plan_of(*given), key=b"another key" * 3)
        )

    with scope(world.study):
        row = _checked_while(world, tmp_path, sign_and_change, monkeypatch, first=True)
        assert (row.state, _outputs(row)) == ("received", {})
        assert run_jobs(row) == ["done"]
        row.refresh_from_db()
        assert (row.state, len(_outputs(row))) == ("in_qc", FEW)
        assert _waiting(row) == []


@pytest.mark.django_db
def test_files_that_are_left_out_while_they_are_cleaned_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_imaging_study()

    def leave_out(row: Submission) -> None:
        gone = row.files.all()[0].sha256
        manifest.leave_out(row, [gone], actor=world.actor("site_user"))

    with scope(world.study):
        row = _checked_while(world, tmp_path, leave_out, monkeypatch)
        assert _waiting(row) == []
        assert AheadStore(row.pk).note() is None


@pytest.mark.django_db
def test_nothing_of_it_shows_before_the_submission_is_signed(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        named = {sha256 for sha256, _ in research().names()}
        row = _checked(world, tmp_path)
        assert row.state == "uploading"
        assert not Instance.objects.exists()
        assert not Series.objects.exists()
        assert {sha256 for sha256, _ in research().names()} == named
        assert set(row.files.values_list("outcome", flat=True)) == {"stored"}


@pytest.mark.django_db
def test_the_note_on_the_disk_is_ciphertext(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _checked(world, tmp_path)
        note = AheadStore(row.pk).note()
        assert note is not None
        (sealed,) = ArrivalStore(row.pk).store.workspace(f"{row.pk.hex}-ahead").iterdir()
        for word in (b'"2.25.', row.files.all()[0].sha256.encode()):
            assert word in note
            assert word not in sealed.read_bytes()


@pytest.mark.django_db
@pytest.mark.parametrize("lost", ["a file", "the end of a file", "the note"])
def test_what_was_lost_meanwhile_is_done_anew(lost: str, tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _checked(world, tmp_path)
        first = _waiting(row)[0]
        if lost == "a file":
            first.unlink()
        elif lost == "the end of a file":
            first.write_bytes(first.read_bytes()[:-1])
        else:
            (sealed,) = ArrivalStore(row.pk).store.workspace(f"{row.pk.hex}-ahead").iterdir()
            sealed.write_bytes(sealed.read_bytes()[:-1])
        sent = _signed(world, row)
        assert sent.state == "in_qc", sent.hold_reason
        assert len(_outputs(sent)) == FEW
        assert all(research().is_whole(sha256) for sha256 in _outputs(sent).values())


@pytest.mark.django_db
def test_files_that_change_after_the_checks_are_cleaned_anew(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _checked(world, tmp_path)
        gone = row.files.all()[0].sha256
        manifest.leave_out(row, [gone], actor=world.actor("site_user"))
        manifest.finish(row, actor=world.actor("site_user"))
        run_jobs(row)
        assert len(_waiting(row)) == FEW - 1
        sent = _signed(world, row)
        assert gone not in _outputs(sent)
        assert len(_outputs(sent)) == FEW - 1


@pytest.mark.django_db
def test_a_file_that_a_person_must_see_keeps_the_whole_upload_from_being_cleaned_ahead(
    tmp_path: Path,
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        written = write_series(tmp_path, spec_for(row.time_point, slices=FEW))
        dataset = pydicom.dcmread(written.files[0])
        dataset.BurnedInAnnotation = "YES"
        dataset.save_as(written.files[0])
        manifest.upload_folder(row, tmp_path, actor=world.actor("site_user"))
        run_jobs(row)
        assert _waiting(row) == []
        assert AheadStore(row.pk).note() is None


@pytest.mark.django_db(transaction=True)
def test_a_withdrawn_upload_leaves_nothing_of_it(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _checked(world, tmp_path)
        submission.withdraw(row, actor=world.actor("site_user"), reason="The wrong visit.")
        assert _waiting(row) == []
        assert AheadStore(row.pk).note() is None


@pytest.mark.django_db
def test_an_upload_that_nobody_signs_for_two_weeks_loses_its_clean_copies(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _checked(world, tmp_path)
        drop_stale()
        assert len(_waiting(row)) == FEW
        folder = _waiting(row)[0].parent.parent
        long_ago = folder.stat().st_mtime - 15 * 24 * 3600
        os.utime(folder, (long_ago, long_ago))
        assert drop_stale() == 1
        assert _waiting(row) == []
        assert _signed(world, row).state == "in_qc"


_texts = st.text(max_size=8)
_numbers = st.floats(allow_nan=False)
_slices = st.builds(
    SliceFacts,
    instance_key=_texts,
    subject_key=_texts,
    study_key=_texts,
    number=st.none() | st.integers(),
    position=st.none() | st.tuples(_numbers, _numbers, _numbers),
    thickness=st.none() | _numbers,
)
_tracers = st.builds(
    TracerFacts,
    corrections=st.lists(_texts, max_size=3).map(tuple),
    injection=st.none() | st.datetimes(),
    dose_bq=st.none() | _numbers,
)
_facts = st.builds(
    FileFacts,
    series_key=_texts,
    modality=_texts,
    slices=st.lists(_slices, max_size=2).map(tuple),
    values=st.dictionaries(_texts, st.lists(_texts | _numbers, max_size=3).map(tuple), max_size=3),
    image_type=st.lists(_texts, max_size=3).map(tuple),
    temporal_positions=st.integers(),
    study_date=st.none() | st.datetimes(),
    acquired=st.none() | st.datetimes(),
    birth_date_after_study=st.booleans(),
    traits_key=_texts,
    tracer=st.none() | _tracers,
)


@given(_facts)
def test_a_record_comes_back_from_its_note_as_it_was(facts: FileFacts) -> None:
    assert notes.read(FileFacts, notes.written(facts)) == facts


def test_an_outcome_comes_back_with_its_kind() -> None:
    outcome = DeidOutcome(Status.WRITTEN, counts=(("kept", 3),), notes=("padding",))
    assert notes.read(DeidOutcome, notes.written(outcome)) == outcome
    assert notes.read(DeidOutcome, notes.written(outcome)).status is Status.WRITTEN


def test_an_instant_with_its_zone_comes_back() -> None:
    instant = datetime.fromisoformat("2026-03-05T08:30:00+01:00")
    tracer = TracerFacts(injection=instant)
    assert notes.read(TracerFacts, notes.written(tracer)).injection == instant


def test_a_note_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="fields"):
        notes.read(SliceFacts, b'["too", "short"]')


@pytest.mark.parametrize(
    ("files", "sizes"),
    [
        (0, []),
        (5, [5]),
        (64, [32, 32]),
        (1000, [256, 256, 244, 122, 61, 32, 29]),
    ],
)
def test_batches_become_smaller_towards_the_end(files: int, sizes: list[int]) -> None:
    refused = [(None, "refused", str(number)) for number in range(files)]
    found = list(cleaning._batches(iter(refused), expected=files))  # type: ignore[arg-type]
    assert [len(failed) for _, failed in found] == sizes
    assert [one for _, failed in found for one in failed] == refused
