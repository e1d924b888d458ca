"""8-bit previews of clean images, for lists, workbench and read package thumbnails.

Window presets follow common reading practice (centre, width in HU); the display value is
computed as PS3.3 C.11.2.1.2 says for the LINEAR function. Compressed images are decoded by
pydicom's plug-ins; what cannot be decoded is reported with a reason, never raised.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array

WINDOWS: Mapping[str, tuple[float, float]] = {
    "soft": (50.0, 400.0),
    "lung": (-600.0, 1500.0),
    "bone": (500.0, 2000.0),
}
FULL_RANGE = "full"
THUMBNAIL_PX = 96
_JPEG_QUALITY = 88

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Preview:
    """One frame of one file in one window: ``index`` counts from 0 in order of position."""

    source: Path
    frame: int
    index: int
    window: str
    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Undecoded:
    """A file without previews. ``code``: unreadable, no_pixels, not_decodable or bad_pixels."""

    source: Path
    code: str
    sentence: str


@dataclass(frozen=True)
class PreviewSet:
    """All previews of a series, its thumbnail (JPEG) and the files that gave none."""

    previews: tuple[Preview, ...]
    thumbnail: bytes | None
    undecoded: tuple[Undecoded, ...]


_SENTENCES = {
    "unreadable": "The file cannot be read as DICOM.",
    "no_pixels": "The object holds no image.",
    "not_decodable": "The image's compression cannot be decoded here.",
    "bad_pixels": "The pixel data do not fit the size in the header.",
}


@dataclass(frozen=True)
class _Source:
    path: Path
    order: tuple[float, ...]


def render_series(
    files: Iterable[Path], *, windows: Sequence[str] = ("soft",), edge_px: int | None = None
) -> PreviewSet:
    """Render previews of every slice of one series, and a thumbnail of its middle slice.

    ``windows`` are names of ``WINDOWS`` or "full"; other modalities than CT have no Hounsfield
    units and are shown in the window their header names, or their full range, whatever is
    asked. ``edge_px`` limits the longer side. One file is in memory at a time.

    Raises KeyError for an unknown window name.
    """
    for name in windows:
        if name != FULL_RANGE:
            WINDOWS[name]
    sources, undecoded = _ordered(files)
    previews: list[Preview] = []
    middle = len(sources) // 2
    thumbnail: bytes | None = None
    for place, source in enumerate(sources):
        rendered = _render(source.path, windows, edge_px, first_index=_slices(previews, windows))
        if isinstance(rendered, Undecoded):
            undecoded.append(rendered)
            continue
        previews += rendered.previews
        if place == middle or thumbnail is None:
            thumbnail = rendered.thumbnail
    return PreviewSet(tuple(previews), thumbnail, tuple(undecoded))


def _slices(previews: Sequence[Preview], windows: Sequence[str]) -> int:
    return len(previews) // max(len(windows), 1)


def _render(
    path: Path, windows: Sequence[str], edge_px: int | None, *, first_index: int
) -> PreviewSet | Undecoded:
    """All previews of one file and the thumbnail of its middle frame."""
    decoded = _decode(path)
    if isinstance(decoded, Undecoded):
        return decoded
    dataset, frames = decoded
    previews = []
    try:
        for number, frame in enumerate(frames):
            for name in windows:
                shown = _shown(dataset, frame, name)
                previews.append(
                    _preview(path, shown, name, (number, first_index + number), edge_px)
                )
        best = _shown(dataset, frames[len(frames) // 2], windows[0] if windows else "soft")
    except Exception:  # untrusted headers may break any conversion
        return _undecoded(path, "bad_pixels")
    return PreviewSet(tuple(previews), _jpeg(best, THUMBNAIL_PX)[0], ())


def _preview(
    path: Path, shown: Image.Image, window: str, place: tuple[int, int], edge_px: int | None
) -> Preview:
    jpeg, (width, height) = _jpeg(shown, edge_px)
    return Preview(path, place[0], place[1], window, jpeg, width, height)


# --- reading --------------------------------------------------------------------------------


def _ordered(files: Iterable[Path]) -> tuple[list[_Source], list[Undecoded]]:
    """Files by position along the normal, then instance number; broken ones apart."""
    found: list[_Source] = []
    broken: list[Undecoded] = []
    for path in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.append(_Source(path, _order(_read(path, headers_only=True))))
        except Exception:  # untrusted bytes may raise anything
            broken.append(_undecoded(path, "unreadable"))
    return sorted(found, key=lambda source: (source.order, source.path.name)), broken


def _read(path: Path, *, headers_only: bool = False) -> Dataset:
    return pydicom.dcmread(path, stop_before_pixels=headers_only)


def _order(dataset: Dataset) -> tuple[float, ...]:
    number = dataset.get("InstanceNumber")
    tail = float(number) if number is not None else 0.0
    position = dataset.get("ImagePositionPatient")
    axes = dataset.get("ImageOrientationPatient")
    if not position or not axes:
        return (0.0, tail)
    normal = np.cross(np.asarray(axes[:3], dtype=float), np.asarray(axes[3:], dtype=float))
    # From head to foot, as series are scrolled.
    return (-round(float(np.asarray(position, dtype=float) @ normal), 3), tail)


def _decode(path: Path) -> tuple[Dataset, NDArray[np.generic]] | Undecoded:
    """The data set and its frames as (frame, row, column[, sample])."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = _read(path)
            if "PixelData" not in dataset or not int(dataset.get("Rows") or 0):
                return _undecoded(path, "no_pixels")
            frames = pixel_array(dataset)
    except (RuntimeError, NotImplementedError):
        return _undecoded(path, "not_decodable")
    except Exception:  # untrusted bytes may raise anything
        return _undecoded(path, "bad_pixels")
    samples = int(dataset.get("SamplesPerPixel") or 1)
    dimensions = 2 if samples == 1 else 3
    return dataset, frames if frames.ndim > dimensions else frames[None, ...]


def _undecoded(path: Path, code: str) -> Undecoded:
    return Undecoded(path, code, _SENTENCES[code])


# --- showing --------------------------------------------------------------------------------


def _shown(dataset: Dataset, frame: NDArray[np.generic], window: str) -> Image.Image:
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        return _colour(apply_color_lut(frame, dataset))
    if frame.ndim > 2:
        return _colour(frame)
    is_hounsfield = dataset.get("Modality") == "CT"
    values = np.asarray(apply_modality_lut(frame, dataset), dtype=np.float32)
    if is_hounsfield and window != FULL_RANGE:
        grey = linear_window(values, *WINDOWS[window])
    elif window != FULL_RANGE and "WindowWidth" in dataset:
        shown = np.asarray(apply_voi_lut(values, dataset), dtype=np.float32)
        grey = full_range(shown)
    else:
        grey = full_range(values)
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        grey = 255 - grey
    return _square_pixels(Image.fromarray(grey), dataset)


def linear_window(values: Pixels, centre: float, width: float) -> NDArray[np.uint8]:
    """The LINEAR VOI function (PS3.3 C.11.2.1.2.1) to 0…255."""
    scaled = ((values - (centre - 0.5)) / (width - 1.0) + 0.5) * 255.0
    grey: NDArray[np.float32] = np.clip(np.rint(scaled), 0, 255)
    return grey.astype(np.uint8)


def full_range(values: Pixels) -> NDArray[np.uint8]:
    """The range from the 0.5th to the 99.5th percentile to 0…255: single hot pixels are cut."""
    low, high = (float(part) for part in np.percentile(values, (0.5, 99.5)))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    scaled = (values - low) / max(high - low, 1e-6) * 255.0
    grey: NDArray[np.float32] = np.clip(np.rint(scaled), 0, 255)
    return grey.astype(np.uint8)


def _colour(frame: NDArray[np.generic]) -> Image.Image:
    values = np.asarray(frame)
    if values.dtype != np.uint8:
        values = full_range(values.astype(np.float32))
    return Image.fromarray(np.ascontiguousarray(values[..., :3]))


def _square_pixels(image: Image.Image, dataset: Dataset) -> Image.Image:
    """Stretch images whose pixels are not square, so that shapes are true."""
    spacing = dataset.get("PixelSpacing")
    if not spacing:
        return image
    down, across = float(spacing[0]), float(spacing[1])
    if down <= 0 or across <= 0 or abs(down / across - 1) < 0.01:
        return image
    return image.resize((image.width, max(1, round(image.height * down / across))))


def _jpeg(image: Image.Image, edge_px: int | None) -> tuple[bytes, tuple[int, int]]:
    if edge_px is not None and max(image.size) > edge_px:
        image = image.copy()
        image.thumbnail((edge_px, edge_px), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue(), image.size
