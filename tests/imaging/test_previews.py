"""Previews are 8-bit pictures in named windows, ordered by position."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from imaging.phantom import SeriesSpec, invented_identity, write_series
from imaging.pipeline.previews import full_range, linear_window, render_series

SPEC = SeriesSpec(
    identity=invented_identity(2), study_date=date(2026, 3, 5), slices=5, matrix=128, seed=2
)


def picture(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)))


@pytest.fixture
def phantom(tmp_path: Path) -> tuple[Path, ...]:
    return write_series(tmp_path, SPEC).files


def test_every_slice_gives_one_preview_per_window(phantom: tuple[Path, ...]) -> None:
    result = render_series(phantom, windows=("soft", "lung", "bone", "full"))
    assert len(result.previews) == 5 * 4
    assert result.undecoded == ()
    assert {(item.width, item.height) for item in result.previews} == {(128, 128)}


def test_previews_are_ordered_by_position_whatever_the_order_of_files(
    phantom: tuple[Path, ...],
) -> None:
    shuffled = [phantom[index] for index in (3, 0, 4, 2, 1)]
    result = render_series(shuffled)
    assert [item.source.name for item in result.previews] == [
        "IM00001", "IM00002", "IM00003", "IM00004", "IM00005",
    ]  # fmt: skip
    assert [item.index for item in result.previews] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("hounsfield", "soft", "lung"),
    [
        # soft: centre 50, width 400; lung: centre -600, width 1500 (PS3.3 C.11.2.1.2.1).
        (-1000.0, 0, 60),
        (-150.0, 0, 204),
        (50.0, 128, 238),
        (250.0, 255, 255),
    ],
)
def test_grey_values_follow_the_linear_window(hounsfield: float, soft: int, lung: int) -> None:
    values = np.full((2, 2), hounsfield, dtype=np.float32)
    assert int(linear_window(values, 50.0, 400.0)[0, 0]) == soft
    assert abs(int(linear_window(values, -600.0, 1500.0)[0, 0]) - lung) <= 1


def test_air_is_black_in_the_soft_window_and_grey_in_the_lung_window(
    phantom: tuple[Path, ...],
) -> None:
    result = render_series(phantom, windows=("soft", "lung"))
    soft, lung = (picture(item.jpeg)[:10, :10].mean() for item in result.previews[:2])
    assert soft < 3
    assert 55 < lung < 66


def test_full_range_ignores_single_hot_pixels() -> None:
    values = np.tile(np.arange(1000, dtype=np.float32), (10, 1))
    values[0, 0] = 1e6
    grey = full_range(values)
    assert abs(int(grey[5, 500]) - 128) <= 2


def test_a_flat_image_does_not_divide_by_zero() -> None:
    assert int(full_range(np.full((4, 4), 7, dtype=np.float32)).max()) == 0


def test_the_thumbnail_has_96_pixels(phantom: tuple[Path, ...]) -> None:
    thumbnail = render_series(phantom).thumbnail
    assert thumbnail is not None
    assert picture(thumbnail).shape == (96, 96)


def test_the_longer_side_can_be_limited(phantom: tuple[Path, ...]) -> None:
    assert {item.width for item in render_series(phantom, edge_px=64).previews} == {64}


def test_pixels_that_are_not_square_are_shown_in_true_shape(
    phantom: tuple[Path, ...], tmp_path: Path
) -> None:
    dataset = pydicom.dcmread(phantom[0])
    dataset.PixelSpacing = [6.25, 3.125]
    dataset.save_as(tmp_path / "flat")
    (item,) = render_series([tmp_path / "flat"]).previews
    assert (item.width, item.height) == (128, 256)


def test_monochrome1_is_inverted(phantom: tuple[Path, ...], tmp_path: Path) -> None:
    dataset = pydicom.dcmread(phantom[0])
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.save_as(tmp_path / "inverse")
    (item,) = render_series([tmp_path / "inverse"]).previews
    assert picture(item.jpeg)[:10, :10].mean() > 250


def test_an_unknown_window_is_refused(phantom: tuple[Path, ...]) -> None:
    with pytest.raises(KeyError):
        render_series(phantom, windows=("liver",))


def _cut(path: Path) -> bytes:
    return path.read_bytes()[:-500]


def _text(path: Path) -> bytes:
    return b"not an image at all" * 20


def _headless(path: Path) -> bytes:
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    stream = io.BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("damage", "code"),
    [(_cut, "bad_pixels"), (_text, "unreadable"), (_headless, "no_pixels")],
)
def test_a_damaged_file_is_named_with_a_reason_and_the_rest_is_shown(
    phantom: tuple[Path, ...], damage: Callable[[Path], bytes], code: str
) -> None:
    phantom[1].write_bytes(damage(phantom[1]))
    result = render_series(phantom)
    assert [(item.source.name, item.code) for item in result.undecoded] == [("IM00002", code)]
    assert result.undecoded[0].sentence.endswith(".")
    assert len(result.previews) == 4


@pytest.mark.parametrize(
    "name",
    [
        "CT1_J2KI", "CT2_JLSN", "MR3_RLE", "MR4_JPLL", "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm",
        "SC_rgb_rle_2frame.dcm", "XA1_J2KI",
    ],
)  # fmt: skip
def test_compressed_syntaxes_are_shown(corpus: Path, name: str) -> None:
    result = render_series([corpus / "compressed" / name])
    assert result.undecoded == ()
    assert all(picture(item.jpeg).std() > 5 for item in result.previews)


def test_what_no_decoder_knows_is_named(corpus: Path) -> None:
    result = render_series([corpus / "compressed" / "JPGExtended.dcm"])
    assert [item.code for item in result.undecoded] == ["not_decodable"]
    assert result.thumbnail is None


def test_palette_images_are_shown_in_colour(corpus: Path) -> None:
    (first, *_) = render_series([corpus / "us" / "examples_palette.dcm"]).previews
    assert picture(first.jpeg).shape[2] == 3


def test_a_multi_frame_object_gives_a_preview_per_frame(corpus: Path) -> None:
    result = render_series([corpus / "compressed" / "SC_rgb_rle_2frame.dcm"])
    assert [item.frame for item in result.previews] == [0, 1]
