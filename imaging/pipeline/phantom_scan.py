"""Measures the files of one phantom scan: figures, header facts and a picture with its regions.

Runs in a sandboxed child. Of everything that a site exported, the largest series of the phantom's
modality is measured. No text that a person types is taken out of the headers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from imaging.pipeline.technical_qc.phantom_metrics import (
    CtMetrics,
    PetMetrics,
    PhantomError,
    Region,
    Volume,
    ct_metrics,
    ct_regions,
    pet_metrics,
    pet_regions,
    read_volume,
)
from imaging.pipeline.technical_qc.phantom_plan import MODALITY_OF, NEMA

ENGINE: Final = "phantom 1"
EDGE: Final = 800
_RED: Final = (214, 57, 57)
_BLUE: Final = (99, 179, 237)
KBQ: Final = 1000.0


@dataclass(frozen=True)
class Filling:
    """Activity concentrations in kBq/ml at the time to which the images are decay corrected."""

    background: float
    spheres: float


@dataclass(frozen=True)
class MeasuredScan:
    """What was measured: metrics, facts of the scanner and the scan, and a JPEG."""

    metrics: CtMetrics | PetMetrics
    header: Mapping[str, str]
    picture: bytes


def measure(files: Sequence[Path], phantom: str, filling: Filling | None) -> MeasuredScan:
    """Measure a phantom scan.

    Raises PhantomError when the files do not show the phantom, or its filling is not known.
    """
    chosen = series_of(files, MODALITY_OF[phantom])
    volume = read_volume(chosen)
    header = _header(pydicom.dcmread(chosen[0], stop_before_pixels=True), len(chosen))
    if phantom != NEMA:
        return MeasuredScan(ct_metrics(volume), header, _water_picture(volume))
    if filling is None:
        message = "the activity in the phantom is not stated"
        raise PhantomError(message)
    _check_units(chosen[0])
    metrics = pet_metrics(
        volume,
        background_bq_ml=filling.background * KBQ,
        sphere_bq_ml=filling.spheres * KBQ,
    )
    return MeasuredScan(metrics, header, _nema_picture(volume))


def series_of(files: Sequence[Path], modality: str) -> list[Path]:
    """Return the files of the largest series of a modality.  Raises PhantomError without one."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in files:
        try:
            header = pydicom.dcmread(path, specific_tags=["Modality", "SeriesInstanceUID"])
        except Exception:  # noqa: S112 - what is no DICOM file is no image of the phantom
            continue
        if header.get("Modality") == modality:
            found[str(header.get("SeriesInstanceUID", ""))].append(path)
    if not found:
        message = f"no {'PET' if modality == 'PT' else modality} series was sent"
        raise PhantomError(message)
    return max(found.values(), key=len)


def _check_units(path: Path) -> None:
    header = pydicom.dcmread(path, specific_tags=["Units", "CorrectedImage"])
    if header.get("Units") != "BQML":
        message = "the PET images are not in Bq/ml"
        raise PhantomError(message)
    if "DECY" not in header.get("CorrectedImage", []):
        message = "the PET images are not corrected for decay"
        raise PhantomError(message)


def _header(dataset: Any, images: int) -> dict[str, str]:
    """Facts that a machine sets; the serial number by its end only."""
    serial = str(dataset.get("DeviceSerialNumber", "") or "")
    facts = {
        "manufacturer": dataset.get("Manufacturer"),
        "model": dataset.get("ManufacturerModelName"),
        "software": dataset.get("SoftwareVersions"),
        "serial": f"ends {serial[-4:]}" if serial else "",
        "scan_date": dataset.get("AcquisitionDate") or dataset.get("SeriesDate"),
        "slice_thickness": dataset.get("SliceThickness"),
        "kernel": dataset.get("ConvolutionKernel") or dataset.get("ReconstructionMethod"),
    }
    return {"images": str(images)} | {n: str(v)[:80] for n, v in facts.items() if v}


# --- pictures -------------------------------------------------------------------------------

Array = NDArray[np.float64]


def _water_picture(volume: Volume) -> bytes:
    image = volume.values[volume.values.shape[0] // 2]
    canvas, scale = _canvas(np.clip((image + 100.0) / 200.0, 0, 1), volume.spacing[1:])
    for number, region in enumerate(ct_regions(volume)):
        _circle(canvas, region, volume, scale, _RED if number == 0 else _BLUE)
    return _jpeg(_cropped(canvas, image > -300, volume, scale))


def _nema_picture(volume: Volume) -> bytes:
    """The highest value along the axis, hot spheres dark, as PET is shown."""
    image = volume.values.max(axis=0)
    top = float(np.percentile(image, 99.9)) or 1.0
    canvas, scale = _canvas(1.0 - np.clip(image / top, 0, 1), volume.spacing[1:])
    for region in pet_regions(volume):
        _circle(canvas, region, volume, scale, _RED)
    return _jpeg(_cropped(canvas, image > 0.1 * top, volume, scale))


def _canvas(shades: Array, spacing: Sequence[float]) -> tuple[Image.Image, float]:
    """Return a picture of square pixels and its pixels per mm."""
    height, width = shades.shape[0] * spacing[0], shades.shape[1] * spacing[1]
    scale = EDGE / max(height, width)
    grey = Image.fromarray((shades * 255).astype(np.uint8)).convert("RGB")
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return grey.resize(size, Image.Resampling.BICUBIC), scale


def _cropped(
    canvas: Image.Image, shown: NDArray[np.bool_], volume: Volume, scale: float
) -> Image.Image:
    """The part of the picture that shows the phantom, with a margin of 20 mm."""
    rows, columns = np.nonzero(ndimage.binary_opening(shown, iterations=2))
    top, bottom = (float(edge) * volume.spacing[1] for edge in (rows.min(), rows.max() + 1))
    left, right = (float(edge) * volume.spacing[2] for edge in (columns.min(), columns.max() + 1))
    inside = (
        max(0, round((left - 20) * scale)),
        max(0, round((top - 20) * scale)),
        min(canvas.width, round((right + 20) * scale)),
        min(canvas.height, round((bottom + 20) * scale)),
    )
    return canvas.crop(inside)


def _circle(
    canvas: Image.Image,
    region: Region,
    volume: Volume,
    scale: float,
    colour: tuple[int, int, int],
) -> None:
    # Distances count from the middle of the first pixel, the picture from its edge.
    (row, column), radius = region
    down = (row + volume.spacing[1] / 2) * scale
    across = (column + volume.spacing[2] / 2) * scale
    edge = radius * scale
    box = (across - edge, down - edge, across + edge, down + edge)
    ImageDraw.Draw(canvas).ellipse(box, outline=colour, width=2)


def _jpeg(canvas: Image.Image) -> bytes:
    out = BytesIO()
    canvas.save(out, "JPEG", quality=88)
    return out.getvalue()
