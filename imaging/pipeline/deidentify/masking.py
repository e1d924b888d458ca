"""Masks: rectangles that a person drew over identity in pixels, blanked for good.

Compressed pixels are decoded, blanked and written uncompressed (Explicit VR Little Endian): a
second lossy compression would change what a reader measures.  Pixels are never converted: chroma
that was subsampled is written in full, which shows the same picture.  Runs in the sandboxed child
only.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

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
    """Return the file with the masked pixels set to what shows darkest.

    Raises Malformed with `pixels_not_decoded` when the image cannot be decoded or is packed in
    single bits (PS3.5 8.1.1), which carry no burned-in text.
    """
    try:
        dataset = pydicom.dcmread(BytesIO(data), force=True)
        frames, interpretation = stored_frames(dataset)
    except Exception as problem:  # decoders raise many kinds; each means the file stays held
        raise Malformed("pixels_not_decoded") from problem
    dark = _darkest(dataset, frames, interpretation)
    for mask in masks:
        chosen = slice(None) if mask.frame == ALL_FRAMES else slice(mask.frame, mask.frame + 1)
        frames[chosen, max(mask.top, 0) : mask.bottom, max(mask.left, 0) : mask.right] = dark
    big = dataset.file_meta.TransferSyntaxUID == ExplicitVRBigEndian  # the engine turns it round
    native = frames.astype(frames.dtype.newbyteorder(">" if big else "<"), copy=False).tobytes()
    dataset.PixelData = native + b"\0" * (len(native) & 1)
    dataset["PixelData"].VR = "OB" if dataset.BitsAllocated <= 8 else "OW"
    dataset.PhotometricInterpretation = interpretation
    if dataset.SamplesPerPixel > 1:
        dataset.PlanarConfiguration = 0
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            delattr(dataset, keyword)
    dataset.BurnedInAnnotation = "NO"
    if not big:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = BytesIO()
    dataset.save_as(out, implicit_vr=False, little_endian=not big)
    return out.getvalue()


def stored_frames(dataset: pydicom.Dataset) -> tuple[npt.NDArray[Any], str]:
    """Return the stored values as (frame, row, column[, sample]) and how they are to be shown.

    Decoders undo the component transform of JPEG 2000 and the subsampling of chroma, so the
    photometric interpretation may differ from the header's.  Raises what decoders raise.
    """
    if int(dataset.BitsAllocated) == 1:
        raise Malformed("pixels_not_decoded")
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, _ = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = syntax
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    decoded, meta = decoder.as_array(dataset, raw=True)
    frames = np.array(decoded)
    if int(dataset.get("NumberOfFrames", 1) or 1) == 1:
        frames = frames[np.newaxis]
    interpretation = str(meta["photometric_interpretation"])
    return frames, "YBR_FULL" if interpretation == "YBR_FULL_422" else interpretation


def _darkest(dataset: pydicom.Dataset, frames: npt.NDArray[Any], interpretation: str) -> Any:
    """The stored value that shows darkest under the photometric interpretation (C.7.6.3.1.2)."""
    if interpretation == "MONOCHROME1":
        return frames.max()
    if interpretation == "PALETTE COLOR":
        return _darkest_of_palette(dataset, frames)
    if interpretation.startswith("YBR"):
        middle = 1 << (int(dataset.BitsStored) - 1)
        return np.array([0, middle, middle], frames.dtype)
    return frames.min() if int(dataset.SamplesPerPixel) == 1 else 0


def _darkest_of_palette(dataset: pydicom.Dataset, frames: npt.NDArray[Any]) -> int:
    """Of the entries that the picture uses, the one with the least light."""
    used = np.unique(frames)
    try:
        shown = apply_color_lut(used.reshape(1, -1), dataset).astype(np.int64).sum(axis=2)
    except Exception:  # a broken palette shows nothing that could be preferred
        return int(used[0])
    return int(used[int(shown.argmin())])
