"""Images in which identity may be visible wait for a person; what the person decides is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw
from pydicom.uid import generate_uid

from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.models import Event
from imaging.models import HoldDecision, Instance, Screening, Submission
from imaging.phantom import write_series
from imaging.services import hold_decisions, manifest, screening
from imaging.storage import ArrivalStore, research
from studies.actors import actor_for
from studies.models import Configuration
from studies.scoping import scope
from studies.services import people
from tests.imaging.upload_world import (
    draft,
    fill_form,
    make_imaging_study,
    run_jobs,
    send,
    spec_for,
)
from tests.remembering import continued
from tests.world import BUILDER, StudyWorld, _configure, make_user

pytestmark = pytest.mark.django_db

NAME = "VANDERSLOOT 1948"
NAME_PLACE = {"left": 10, "top": 10, "right": 190, "bottom": 40}


def _printed(text: str = NAME) -> Any:
    picture = Image.new("L", (240, 160), 40)
    ImageDraw.Draw(picture).text((16, 14), text, fill=230, font_size=18)
    return np.array(picture)


def _capture(like: Path, path: Path, *, number: int, frames: int = 1) -> None:
    """Write a secondary capture of the same patient and study, with a name in its pixels."""
    dataset = pydicom.dcmread(like)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(dataset, keyword)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[dataset.StudyInstanceUID])
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "OT", 900, number
    pixels = _printed()
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    if frames > 1:
        dataset.NumberOfFrames = frames
        pixels = np.stack([pixels] * frames)
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path)


@pytest.fixture
def world() -> StudyWorld:
    return make_imaging_study()


@continued
def sent(world: StudyWorld, tmp_path: Path, *, captures: int = 1, frames: int = 1) -> Submission:
    """Send a CT with screen captures that show a name, and run the workers."""
    row = draft(world)
    folder = tmp_path / "upload"
    write_series(folder, spec_for(row.time_point))
    like = next(p for p in sorted(folder.rglob("*")) if p.is_file())
    for number in range(captures):
        _capture(like, folder / f"capture{number}", number=number + 1, frames=frames)
    manifest.upload_folder(row, folder, actor=world.actor("site_user"))
    run_jobs(row)
    fill_form(world, row)
    row = send(world, row)
    run_jobs(row)
    row.refresh_from_db()
    return row


def test_a_capture_with_a_name_holds_the_visit_and_shows_the_box_that_was_found(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = sent(world, tmp_path)
        assert row.state == "held"
        assert row.hold_reason == "One file may show identity and waits for a decision."
        held = row.files.get(outcome="held")
        assert (held.code, held.held_at is not None) == ("always_looked_at", True)
        shown = held.screening
        assert (shown.columns, shown.rows, shown.frames) == (240, 160, 1)
        box = shown.boxes[0]
        assert 5 <= box["left"] <= 25 and 5 <= box["top"] <= 25
        assert box["right"] > 120 and box["bottom"] < 50
        assert shown.score > 0.8
        assert shown.pixel_sha256
        # The picture shows the name: what lies on the disk is ciphertext.
        _, digest = shown.pictures[0]
        stored = ArrivalStore(row.pk).store.open(digest).read()
        assert not stored.startswith(b"\x89PNG")
        assert not research().exists(digest)


def test_a_masked_file_is_cleaned_verified_and_the_visit_goes_on_by_itself(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = sent(world, tmp_path)
        held = row.files.get(outcome="held")
        decision = hold_decisions.decide(
            row,
            held,
            verdict="masked",
            reach="file",
            masks=[{**NAME_PLACE, "frame": 0}],
            reason="the name stands in the upper left corner",
            actor=world.actor("image_operations"),
        )
        row.refresh_from_db()
        assert (decision.state, row.state) == ("effective", "received")
        run_jobs(row)
        row.refresh_from_db()
        assert row.state == "in_qc", row.hold_reason
        clean = Instance.objects.get(source_sha256=held.sha256)
        dataset = pydicom.dcmread(research().open(clean.sha256))
        after, before = dataset.pixel_array, _printed()
        assert np.unique(after[10:40, 10:190]).size == 1
        outside = np.ones(before.shape, bool)
        outside[10:40, 10:190] = False
        assert (after[outside] == before[outside]).all()
        assert clean.transfer_syntax == "1.2.840.10008.1.2.1"
        assert clean.effects["places_masked"] == 1
        assert dataset.BurnedInAnnotation == "NO"
        kept = HoldDecision.objects.get()
        assert kept.decided_by == world.users["image_operations"]
        assert kept.reason == "the name stands in the upper left corner"
        assert kept.masks == [{**NAME_PLACE, "frame": -1}]
        assert kept.proposed == held.screening.boxes
        report = row.reports.get().document
        line = next(f for f in report["files"] if f["before"] == held.sha256)
        assert line["masked"] == 1
        assert line["pixels"] != line["pixels_before"] == held.screening.pixel_sha256
        assert report["verified"]["pixels_masked"] == 1
        assert report["verified"]["pixels_unchanged"] == 12


def test_a_decision_reaches_the_whole_series(world: StudyWorld, tmp_path: Path) -> None:
    with scope(world.study):
        row = sent(world, tmp_path, captures=3)
        first = row.files.filter(outcome="held").first()
        assert first is not None
        hold_decisions.decide(
            row,
            first,
            verdict="left_out",
            reach="series",
            reason="report pages, not asked for",
            actor=world.actor("image_operations"),
        )
        run_jobs(row)
        row.refresh_from_db()
        assert row.state == "in_qc"
        left_out = row.files.filter(outcome="refused", code="left_out_by_person")
        assert left_out.count() == 3
        assert Instance.objects.filter(series__submission=row).count() == 12


def test_a_mask_of_one_frame_leaves_the_other_frames_as_they_are(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = sent(world, tmp_path, frames=3)
        held = row.files.get(outcome="held")
        assert [frame for frame, _ in held.screening.pictures] == [-1, 0, 1, 2]
        hold_decisions.decide(
            row,
            held,
            verdict="masked",
            reach="frame",
            masks=[{**NAME_PLACE, "frame": 1}],
            reason="only there",
            actor=world.actor("image_operations"),
        )
        run_jobs(row)
        clean = Instance.objects.get(source_sha256=held.sha256)
        frames = pydicom.dcmread(research().open(clean.sha256)).pixel_array
        assert np.unique(frames[1, 10:40, 10:190]).size == 1
        assert (frames[0] == _printed()).all() and (frames[2] == _printed()).all()


def test_a_second_look_is_another_persons_and_nothing_goes_on_before_it(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        profile = Configuration.objects.get(kind="deid_profile", state="effective")
        document = {**profile.document, "second_look": True}
        _configure(world, "deid_profile", profile.key, profile.title, document)
        row = sent(world, tmp_path)
        held = row.files.get(outcome="held")
        first = world.actor("image_operations")
        made = hold_decisions.decide(
            row, held, verdict="clean", reach="file", reason="phantom text", actor=first
        )
        row.refresh_from_db()
        assert (made.state, row.state) == ("proposed", "held")
        with pytest.raises(RuleBroken, match="another person"):
            hold_decisions.confirm(made, reason="I looked twice", actor=first)
        colleague = make_user("second_analyst")
        people.grant_role(colleague, "image_operations", study=world.study, actor=BUILDER)
        other = actor_for(colleague, world.study)
        assert other is not None
        hold_decisions.confirm(made, reason="no identity", actor=other)
        row.refresh_from_db()
        made.refresh_from_db()
        assert (made.state, made.second_by, row.state) == ("effective", colleague, "received")


def test_who_looks_is_written_down_and_nobody_else_sees_anything(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = sent(world, tmp_path)
        shown = Screening.objects.get(file__submission=row)
        _, digest = shown.pictures[0]
        content = screening.picture(shown, digest, actor=world.actor("image_operations"))
        assert content is not None and content.startswith(b"\x89PNG")
        event = Event.objects.get(kind="arrival.view")
        assert (event.actor_id, event.object_id) == (
            world.users["image_operations"].pk,
            str(row.pk),
        )
        for role in ("project_manager", "site_user", "data_manager", "inspector"):
            with pytest.raises(NotPermitted):
                screening.picture(shown, digest, actor=world.actor(role))


def test_masks_outside_the_picture_and_decisions_without_a_reason_are_refused(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = sent(world, tmp_path)
        held = row.files.get(outcome="held")
        actor = world.actor("image_operations")
        outside = {"left": 0, "top": 0, "right": 241, "bottom": 10, "frame": 0}
        for masks, reason, words in (
            ([outside], "name", "outside the picture"),
            ([], "name", "Draw 1 to 200 masks"),
            ([NAME_PLACE], " ", "Say why"),
        ):
            with pytest.raises(RuleBroken, match=words):
                hold_decisions.decide(
                    row,
                    held,
                    verdict="masked",
                    reach="file",
                    masks=masks,
                    reason=reason,
                    actor=actor,
                )
        hold_decisions.decide(
            row, held, verdict="clean", reach="file", reason="phantom text", actor=actor
        )
        with pytest.raises(Conflict):
            hold_decisions.decide(
                row, held, verdict="left_out", reach="file", reason="again", actor=actor
            )
