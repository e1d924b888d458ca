"""Identity in pixels: what is held, what recognition finds, and what a mask blanks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw

from imaging.pipeline.burned_in import STROKES_PER_TILE, TextFinder, is_side_marker, strokes
from imaging.pipeline.deidentify import (
    DeidPlan,
    IdentityTokens,
    Mask,
    Status,
    Subject,
    TrialValues,
    deidentify_file,
    load_profile,
)
from imaging.pipeline.deidentify.holds import Look, look_of
from imaging.pipeline.verify import judge_header, load, read_header
from tests.imaging.pipeline.planted import PEOPLE, image, write

EXPLICIT = "1.2.840.10008.1.2.1"
PLAN = DeidPlan(
    b"k" * 32,
    load_profile("trial"),
    Subject("S-001"),
    TrialValues("SPONSOR", "PROTOCOL"),
    IdentityTokens(),
)

HELD = {
    "us/examples_rgb_color.dcm": "always_looked_at",
    "us/examples_ybr_color.dcm": "always_looked_at",
    "us/examples_palette.dcm": "always_looked_at",
    "us/JPGLosslessP14SV1_1s_1f_8b.dcm": "always_looked_at",
    "sc_burned_in/sc0.dcm": "declared_burned_in",
    "sc_burned_in/sc1.dcm": "always_looked_at",
    "sc_burned_in/sc2.dcm": "always_looked_at",
    "nm/NM1_RLE": "always_looked_at",
    "compressed/SC_rgb_rle_2frame.dcm": "always_looked_at",
}


@pytest.mark.parametrize(("name", "code"), HELD.items())
def test_kinds_that_often_show_names_are_always_held(
    corpus: Path, tmp_path: Path, name: str, code: str
) -> None:
    outcome = deidentify_file(corpus / name, tmp_path / "out", plan=PLAN)
    assert (outcome.status, outcome.code) == (Status.HELD, code)
    assert not (tmp_path / "out").exists()


def test_a_hold_that_a_person_lifted_lets_the_file_through(corpus: Path, tmp_path: Path) -> None:
    outcome = deidentify_file(
        corpus / "us/examples_palette.dcm",
        tmp_path / "out",
        plan=PLAN,
        accepted=frozenset({"always_looked_at"}),
    )
    assert outcome.status is Status.WRITTEN


def with_text(text: str) -> np.ndarray:  # type: ignore[type-arg]
    picture = Image.new("L", (256, 256), 30)
    ImageDraw.Draw(picture).text((20, 20), text, fill=230, font_size=14)
    return np.array(picture).astype(np.uint16) * 16


def test_text_in_a_slice_is_found_and_a_clean_slice_is_not(tmp_path: Path) -> None:
    finder = TextFinder()
    for text, code in (("VANDERSLOOT Q 1948", "text_in_pixels"), ("", "")):
        dataset = image(PEOPLE[0], 1)
        dataset.Rows = dataset.Columns = 256
        dataset.PixelData = with_text(text).tobytes()
        write(dataset, tmp_path / "a", PEOPLE[0], syntax=EXPLICIT, dirty=False)
        assert finder.look(tmp_path / "a", Look.SAMPLE).code == code


def test_text_in_any_frame_of_a_run_is_found(tmp_path: Path) -> None:
    frames = [with_text("VANDERSLOOT Q 1948" if number == 7 else "") for number in range(24)]
    dataset = image(PEOPLE[0], 1)
    dataset.Rows = dataset.Columns = 256
    dataset.NumberOfFrames = len(frames)
    dataset.PixelData = b"".join(frame.tobytes() for frame in frames)
    write(dataset, tmp_path / "a", PEOPLE[0], syntax=EXPLICIT, dirty=False)
    finding = TextFinder().look(tmp_path / "a", Look.SAMPLE)
    assert (finding.code, {box.frame for box in finding.boxes}) == ("text_in_pixels", {7})


@pytest.mark.parametrize(
    ("modality", "ending", "look"),
    [("PR", "2", Look.EACH), ("REG", "12.1", Look.EACH), ("SEG", "66.4", Look.NEVER),
     ("RTDOSE", "481.2", Look.NEVER), ("SEG", "4", Look.EACH), ("CT", "2", Look.SAMPLE)],
)  # fmt: skip
def test_a_picture_is_looked_at_whatever_it_calls_itself(
    tmp_path: Path, modality: str, ending: str, look: Look
) -> None:
    dataset = image(PEOPLE[0], 1)
    dataset.Modality, dataset.SOPClassUID = modality, f"1.2.840.10008.5.1.4.1.1.{ending}"
    write(dataset, tmp_path / "a", PEOPLE[0], syntax=EXPLICIT, dirty=False)
    _, facts, _ = judge_header(read_header(load(tmp_path / "a")))
    assert look_of(facts) is look


def test_printed_words_have_more_strokes_than_outlines() -> None:
    words = (with_text("DOE JANE 1956") // 16).astype(np.uint8)
    disc = np.zeros((256, 256), np.uint8)
    y, x = np.mgrid[:256, :256]
    disc[(x - 128) ** 2 + (y - 128) ** 2 < 90**2] = 200
    assert strokes(words) >= STROKES_PER_TILE > strokes(disc)


@pytest.mark.parametrize("text", ["L", "R", "LT", "AP ERECT", "O", "000", "-"])
def test_side_markers_do_not_hold_an_image(text: str) -> None:
    assert is_side_marker(text)


def test_a_name_is_not_a_side_marker() -> None:
    assert not is_side_marker("LEFT DOE")


@pytest.mark.parametrize(
    "name", ["us/examples_rgb_color.dcm", "compressed/MR1_J2KR", "compressed/MR3_RLE"]
)
def test_a_mask_blanks_its_rectangle_and_nothing_else(
    corpus: Path, tmp_path: Path, name: str
) -> None:
    mask = Mask(left=5, top=3, right=25, bottom=13)
    outcome = deidentify_file(
        corpus / name,
        tmp_path / "out",
        plan=PLAN,
        accepted=frozenset({"always_looked_at"}),
        masks=(mask,),
    )
    assert outcome.status is Status.WRITTEN
    before = pydicom.dcmread(corpus / name).pixel_array
    after = pydicom.dcmread(tmp_path / "out").pixel_array
    assert np.unique(after[3:13, 5:25]).size == 1
    inside = np.zeros(before.shape[:2], bool)
    inside[3:13, 5:25] = True
    assert (after[~inside] == before[~inside]).all()
