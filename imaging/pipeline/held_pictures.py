"""Pictures of a held file for the person who decides, and the proof that a mask did what it says.

Everything here decodes pixels of files that nobody has judged yet: it runs in a sandboxed child.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pydicom
from PIL import Image
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from imaging.pipeline.burned_in import TextBox, TextFinder
from imaging.pipeline.deidentify.masking import ALL_FRAMES, Mask, stored_frames

ENGINE: Final = "held-pictures 1"
SHOWN_FRAMES: Final = 12
READ_FRAMES: Final = 3
LAID_OVER: Final = 400
LONGEST_SIDE: Final = 2048
AS_PNG: Final = 1_000_000
COLOUR_DIMENSIONS: Final = 3
HALF: Final = 0.5
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class HeldPicture:
    """One picture: its frame counted from 0 (-1: every frame laid over the others), PNG or JPEG."""

    frame: int
    content: bytes


@dataclass(frozen=True, slots=True)
class HeldPictures:
    """What a person needs to judge one file.  `problem` is a reason code, or empty."""

    frames: int = 0
    rows: int = 0
    columns: int = 0
    pictures: tuple[HeldPicture, ...] = ()
    boxes: tuple[TextBox, ...] = ()
    score: float = 0.0
    problem: str = ""


def pictures_of(path: Path, finder: TextFinder) -> HeldPictures:
    """Render up to twelve frames and all frames over another, and look for text in four of them.

    The suspicion score is the recogniser's best score of a text that is no side marker, 0 to 1.
    """
    try:
        return _pictures(path, finder)
    except MemoryError:
        raise
    except Exception:  # decoders raise many kinds; each means that nothing can be shown
        return HeldPictures(problem="pixels_not_decoded")


def _pictures(path: Path, finder: TextFinder) -> HeldPictures:
    dataset = pydicom.dcmread(path, force=True)
    count = int(dataset.get("NumberOfFrames", 1) or 1)
    shown = _spread(count, SHOWN_FRAMES)
    read = {shown[place] for place in _spread(len(shown), READ_FRAMES)}
    pictures: list[HeldPicture] = []
    boxes: list[TextBox] = []
    for number in shown:
        frame = shown_frame(dataset, number)
        pictures.append(HeldPicture(number, _encoded(frame)))
        if number in read:
            boxes += finder.boxes(number, frame)
    if count > 1:
        over = _laid_over(dataset, count)
        pictures.insert(0, HeldPicture(ALL_FRAMES, _encoded(over)))
        everywhere = finder.boxes(ALL_FRAMES, over)
        # What stands in every frame is found in each again: one box of all frames is enough.
        boxes = everywhere + _beside(boxes, everywhere)
    score = max((box.score for box in boxes), default=0.0)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    return HeldPictures(count, rows, columns, tuple(pictures), tuple(boxes), score)


def _beside(boxes: Sequence[TextBox], others: Sequence[TextBox]) -> list[TextBox]:
    """The boxes that no other box covers by half, each place once."""
    found: list[TextBox] = []
    for box in boxes:
        if not any(_covered(box, other) > HALF for other in (*others, *found)):
            found.append(box)
    return found


def _covered(box: TextBox, other: TextBox) -> float:
    """Return the part of a box that another covers, 0 to 1; a box of another frame covers too."""
    wide = min(box.right, other.right) - max(box.left, other.left)
    high = min(box.bottom, other.bottom) - max(box.top, other.top)
    area = (box.right - box.left) * (box.bottom - box.top)
    return max(wide, 0) * max(high, 0) / max(area, 1)


def _spread(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})


def shown_frame(dataset: pydicom.Dataset, number: int) -> Picture:
    """Return one frame as people see it, in 8 bits: grey or RGB.  Raises what decoders raise."""
    pixels = pixel_array(dataset, index=number)
    interpretation = str(dataset.get("PhotometricInterpretation", ""))
    if "PALETTE" in interpretation:
        pixels = apply_color_lut(pixels, dataset)
    if pixels.ndim == COLOUR_DIMENSIONS:
        return _in_eight_bits(pixels)
    low, high = np.percentile(pixels, (0.5, 99.5))
    if high <= low:
        low, high = float(pixels.min()), float(pixels.max())
    grey = (pixels.astype(np.float32) - low) * (255.0 / max(float(high - low), 1e-6))
    shown = np.clip(grey, 0, 255).astype(np.uint8)
    return 255 - shown if interpretation == "MONOCHROME1" else shown


def _in_eight_bits(pixels: npt.NDArray[Any]) -> Picture:
    if pixels.dtype == np.uint8:
        return pixels
    scaled: Picture = (pixels / max(int(pixels.max()), 1) * 255).astype(np.uint8)
    return scaled


def _laid_over(dataset: pydicom.Dataset, count: int) -> Picture:
    """The brightest value of every frame at each place: text of any frame shows."""
    over: Picture | None = None
    for number in _spread(count, LAID_OVER):
        frame = shown_frame(dataset, number)
        over = frame if over is None else np.maximum(over, frame)
    if over is None:
        raise ValueError("no frame")
    return over


def _encoded(frame: Picture) -> bytes:
    picture = Image.fromarray(frame)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = BytesIO()
    if picture.width * picture.height <= AS_PNG:
        picture.save(out, "PNG")
    else:
        picture.save(out, "JPEG", quality=92)
    return out.getvalue()


def pixel_digest(path: Path, *, offset: int, length: int) -> str:
    """Return SHA-256 (hex) of the bytes of the pixel data value as they came."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        stream.seek(offset)
        while length > 0:
            chunk = stream.read(min(length, 1024 * 1024))
            if not chunk:
                break
            digest.update(chunk)
            length -= len(chunk)
    return digest.hexdigest()


def check_masked(original: Path, masked: Path, masks: Sequence[Mask]) -> str:
    """Return a reason code unless inside every mask one value is left and nothing else changed.

    Both files are decoded anew; values are compared as stored.
    """
    try:
        before, _ = stored_frames(pydicom.dcmread(original, force=True))
        after, _ = stored_frames(pydicom.dcmread(masked, force=True))
    except MemoryError:
        raise
    except Exception:  # a picture that cannot be opened again is not released
        return "not_readable_after"
    if before.shape != after.shape:
        return "pixels_changed"
    untouched = np.ones(before.shape[:3], bool)
    for frames, place in _places(masks):
        untouched[(frames, *place)] = False
        inside = after[(frames, *place)]
        flat = inside.reshape(-1, *inside.shape[3:])
        if flat.size and (flat != flat[:1]).any():
            return "mask_not_applied"
    same = bool((before[untouched] == after[untouched]).all())
    return "" if same else "pixels_changed"


def _places(masks: Sequence[Mask]) -> Iterator[tuple[slice, tuple[slice, slice]]]:
    for mask in masks:
        frames = slice(None) if mask.frame == ALL_FRAMES else slice(mask.frame, mask.frame + 1)
        rows = slice(max(mask.top, 0), mask.bottom)
        yield frames, (rows, slice(max(mask.left, 0), mask.right))
