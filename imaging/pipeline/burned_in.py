"""Text in pixels: boxes and a suspicion score for a person, and the hold rule for a machine.

Recognition is an aid, never a release: it can only hold a file.  `rapidocr` is imported when the
first image is looked at, or before by ``recogniser()`` in a process whose children look.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from imaging.pipeline.deidentify.holds import Look

Grey = npt.NDArray[np.uint8]

# Letters that technologists place on images: side, direction and position.
SIDE_MARKERS: Final = frozenset(
    "L R LT RT LEFT RIGHT A P H F S I AP PA LAT LL RL LPO RPO LAO RAO ML MLO CC LCC RCC LMLO RMLO "
    "SUP SUPINE PRONE ERECT UPRIGHT STANDING SITTING PORTABLE MOBILE AX COR SAG".split()
)
LEAST_SCORE: Final = 0.5
# One to three letters are read into vertebrae and vessels; real letters are read with certainty.
SHORT_TEXT: Final = 3
LEAST_SCORE_SHORT: Final = 0.9
GREY_DIMENSIONS: Final = 2
TILE_ROWS: Final = 8
TILE_COLUMNS: Final = 24
STRONG_STEP: Final = 40
STROKES_PER_TILE: Final = 20
MAX_SIDE: Final = 1600
# The detector is made for images with shorter sides like this; letters of a tiny image, enlarged
# more than a few times, are not found any better.
DETECTOR_SIDE: Final = 736
MOST_ENLARGED: Final = 4
BLANK: Final = np.zeros((64, 64, 3), np.uint8)
FRAMES_LOOKED_AT: Final = 3
FRAMES_SCORED: Final = 64


@dataclass(frozen=True, slots=True)
class TextBox:
    """A place where text was found, in pixels of the frame, with the recogniser's score 0-1."""

    frame: int
    left: int
    top: int
    right: int
    bottom: int
    score: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen in one file.  `code` is the reason to hold it, or empty."""

    code: str
    boxes: tuple[TextBox, ...] = ()


class TextFinder:
    """Looks for text in images; the recogniser is loaded when it is first needed."""

    def look(self, path: Path, how: Look) -> Finding:
        """Look at up to six frames of a file.  An image that cannot be decoded is held."""
        try:
            frames = frames_of(path)
        except MemoryError:
            raise
        except Exception:  # any decoder failure: a person must look
            return Finding("pixels_not_decoded")
        boxes: list[TextBox] = []
        for number, frame in frames:
            if how is Look.EACH or strokes(frame) >= STROKES_PER_TILE:
                boxes += self.boxes(number, frame)
            if boxes:
                return Finding("text_in_pixels", tuple(boxes))
        return Finding("")

    def boxes(self, number: int, frame: Grey) -> list[TextBox]:
        """Recognise at two scales; the second only when the first finds nothing.

        Nor where it would show the detector nothing more: it enlarges small images by itself.
        """
        side = min(frame.shape[:2])
        for scale in (1, 2):
            if scale > 1 and _shown_at(side * scale) <= _shown_at(side):
                break
            image = np.repeat(np.repeat(frame, scale, 0), scale, 1) if scale > 1 else frame
            image, shrunk = _no_larger(image)
            found = self._recognise(image)
            boxes = [
                _box(number, corners, score, shrunk / scale)
                for corners, text, score in found
                if score >= _least_score(text)
                and not is_side_marker(text)
                and _is_line(corners, image.shape[0])
            ]
            if boxes:
                return boxes
        return []

    def _recognise(self, image: Grey) -> list[tuple[Any, str, float]]:
        engine = recogniser()
        engine.text_det.limit_side_len = _shown_at(min(image.shape[:2]))
        colour = image if image.ndim > GREY_DIMENSIONS else np.stack([image] * 3, axis=-1)
        image = np.ascontiguousarray(colour)
        result = engine(image, use_det=True, use_cls=False, use_rec=True)
        if result.txts is None:
            return []
        return list(zip(result.boxes, result.txts, result.scores, strict=True))


@cache
def recogniser() -> Any:  # Any: its package tells no types
    """Return the recogniser of this process; what it forks has it as well."""
    from rapidocr import RapidOCR  # heavy, optional for those who never look at pixels

    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Det.limit_side_len": BLANK.shape[0],
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    # It loads its two models when it is used first.
    engine(BLANK, use_det=True, use_cls=False, use_rec=False)
    engine(BLANK, use_det=False, use_cls=False, use_rec=True)
    return engine


def _shown_at(side: int) -> int:
    """Return how many pixels the shorter side of an image has when the detector looks at it."""
    return max(side, min(DETECTOR_SIDE, side * MOST_ENLARGED))


def is_side_marker(text: str) -> bool:
    """Tell whether a recognised text is only side or position letters, or nothing readable."""
    words = re.findall(r"[^\W_]+", text.upper())
    return all(word in SIDE_MARKERS or len(word) == 1 or not word.strip("0O") for word in words)


def _least_score(text: str) -> float:
    letters = sum(character.isalnum() for character in text)
    return LEAST_SCORE_SHORT if letters <= SHORT_TEXT else LEAST_SCORE


def _is_line(corners: Any, height: int) -> bool:
    """A line of text is lower than a third of its image; recognisers read whole organs as `O`."""
    points = np.asarray(corners)
    return float(np.ptp(points[:, 1])) < height / 3


def frames_of(path: Path) -> list[tuple[int, Grey]]:
    """Decode frames as 8-bit images: the first, middle and last, and the three most print-like.

    Of many frames, 64 are scored by strokes.  Raises what decoders raise.
    """
    dataset = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        )
    count = int(dataset.get("NumberOfFrames", 1) or 1)
    chosen = {0, count // 2, count - 1}
    if count > FRAMES_LOOKED_AT:
        scored = range(0, count, -(-count // FRAMES_SCORED))
        by_strokes = sorted(scored, key=lambda n: (-strokes(_frame(dataset, n)), n))
        chosen.update(by_strokes[:FRAMES_LOOKED_AT])
    return [(number, _frame(dataset, number)) for number in sorted(chosen)]


def _frame(dataset: pydicom.Dataset, number: int) -> Grey:
    pixels = pixel_array(dataset, index=number)
    is_palette = "PALETTE" in str(dataset.get("PhotometricInterpretation", ""))
    if is_palette:
        pixels = apply_color_lut(pixels, dataset)
    is_colour = is_palette or int(dataset.get("SamplesPerPixel", 1)) > 1
    return _eight_bit_colour(pixels) if is_colour else _eight_bit(pixels)


def _eight_bit(pixels: npt.NDArray[Any]) -> Grey:
    low, high = np.percentile(pixels, (0.5, 99.5))
    if high <= low:
        low, high = float(pixels.min()), float(pixels.max())
    scaled = (pixels.astype(np.float32) - low) * (255.0 / max(high - low, 1e-6))
    grey: Grey = np.clip(scaled, 0, 255).astype(np.uint8)
    return grey


def _eight_bit_colour(pixels: npt.NDArray[Any]) -> Grey:
    if pixels.dtype == np.uint8:
        return pixels
    colour: Grey = (pixels / max(int(pixels.max()), 1) * 255).astype(np.uint8)
    return colour


def stroke_score(path: Path) -> int:
    """The highest stroke count of the frames looked at.  Raises what decoders raise."""
    return max(strokes(frame) for _, frame in frames_of(path))


def strokes(image: Grey) -> int:
    """Count the strong horizontal steps of the densest 8 x 24 pixels.

    A word of ten-pixel letters makes 30 and more; the outline of an organ makes one or two per
    row.  Used only to choose which images of a sampled series the recogniser sees.
    """
    grey = image if image.ndim == GREY_DIMENSIONS else image.max(axis=2)
    steps = np.abs(np.diff(grey.astype(np.int16), axis=1)) > STRONG_STEP
    rows, columns = steps.shape
    most = 0
    for top in (0, TILE_ROWS // 2):
        for left in (0, TILE_COLUMNS // 2):
            # A picture smaller than a tile has none.
            high = max(rows - top, 0) // TILE_ROWS
            wide = max(columns - left, 0) // TILE_COLUMNS
            part = steps[top : top + high * TILE_ROWS, left : left + wide * TILE_COLUMNS]
            tiles = part.reshape(high, TILE_ROWS, wide, TILE_COLUMNS).sum(axis=(1, 3))
            most = max(most, int(tiles.max(initial=0)))
    return most


def _no_larger(image: Grey) -> tuple[Grey, float]:
    step = -(-max(image.shape[:2]) // MAX_SIDE)
    return (image[::step, ::step], float(step)) if step > 1 else (image, 1.0)


def _box(frame: int, corners: Any, score: float, factor: float) -> TextBox:
    points = np.asarray(corners) * factor
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return TextBox(frame, int(left), int(top), int(right), int(bottom), round(float(score), 3))
