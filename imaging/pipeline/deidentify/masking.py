"""Masks: rectangles that a person drew over identity in pixels, blanked for good.

Compressed pixels are decoded, blanked and written uncompressed (Explicit VR Little Endian): a
second lossy compression would change what a reader measures.  Runs in the sandboxed child only.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
import pydicom
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRLittleEndian

from imaging.pipeline.encoding import Malformed

ALL_FRAMES: Final = -1


@dataclass(frozen=True, slots=True)
class Mask:
    """A rectangle in pixels of a frame: `left` and `top` inside, `right` and `bottom` outside.

    `frame` counts from 0; -1 means every frame.
    """

    left: int
    top: int
    right: int
    bottom: int
    frame: int = ALL_FRAMES


def apply_masks(data: bytes, masks: tuple[Mask, ...]) -> bytes:
    """Return the file with the masked pixels set to the lowest value of the picture.

    Raises Malformed with `pixels_not_decoded` when the image cannot be decoded.
    """
    dataset = pydicom.dcmread(BytesIO(data))
    try:
        pixels = np.array(pixel_array(dataset, raw=True))
    except Exception as problem:  # decoders raise many kinds; each means the file stays held
        raise Malformed("pixels_not_decoded") from problem
    single = int(dataset.get("NumberOfFrames", 1) or 1) == 1
    frames = pixels[np.newaxis] if single else pixels
    dark = _darkest(dataset, frames)
    for mask in masks:
        chosen = slice(None) if mask.frame == ALL_FRAMES else slice(mask.frame, mask.frame + 1)
        frames[chosen, max(mask.top, 0) : mask.bottom, max(mask.left, 0) : mask.right] = dark
    native = pixels.tobytes()
    dataset.PixelData = native + b"\0" * (len(native) & 1)
    dataset["PixelData"].VR = "OB" if dataset.BitsAllocated <= 8 else "OW"
    if dataset.SamplesPerPixel > 1:
        dataset.PlanarConfiguration = 0
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            delattr(dataset, keyword)
    dataset.BurnedInAnnotation = "NO"
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = BytesIO()
    dataset.save_as(out, implicit_vr=False, little_endian=True)
    return out.getvalue()


def _darkest(dataset: pydicom.Dataset, frames: np.ndarray) -> int:
    """The stored value that shows darkest: the highest for MONOCHROME1, else the lowest."""
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        return int(frames.max())
    return int(frames.min()) if dataset.SamplesPerPixel == 1 else 0
