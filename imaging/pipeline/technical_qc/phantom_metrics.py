"""Metrics of phantom scans: CT water cylinder and NEMA NU 2 body phantom in PET.

CT follows the usual acceptance tests (IEC 61223-3-5): CT number of water and noise in a central
region of 40 % of the diameter, uniformity as the largest difference between the centre and four
regions near the edge. PET follows the EARL accreditation: calibration bias of the background,
and recovery of hot spheres as SUVmax and as SUVmean over the background-adapted 50 % isocontour
(A50). Volumes are (slice, row, column); CT in HU, PET in Bq/ml.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]

NEMA_DIAMETERS_MM = (37.0, 28.0, 22.0, 17.0, 13.0, 10.0)


@dataclass(frozen=True)
class Volume:
    """Rescaled values with the distances between voxel centres in mm (slice, row, column)."""

    values: Array
    spacing: tuple[float, float, float]


@dataclass(frozen=True)
class Limit:
    """Lowest and highest allowed value; ``verified`` tells a figure seen in its source."""

    lowest: float
    highest: float
    source: str
    verified: bool = True

    def holds(self, value: float) -> bool:
        return self.lowest <= value <= self.highest


@dataclass(frozen=True)
class CtMetrics:
    """Water CT number, noise (standard deviation) and uniformity, all in HU."""

    water_hu: float
    noise_hu: float
    uniformity_hu: float


@dataclass(frozen=True)
class SphereRecovery:
    """Recovery coefficients of one hot sphere: measured over true concentration."""

    diameter_mm: float
    maximum: float
    mean_a50: float


@dataclass(frozen=True)
class PetMetrics:
    """Relative calibration bias, background variation (SD over mean) and sphere recovery."""

    calibration_bias: float
    background_variation: float
    spheres: tuple[SphereRecovery, ...]


class PhantomError(ValueError):
    """The images do not show the phantom that was expected."""


def read_volume(files: Iterable[Path]) -> Volume:
    """Read one axial series into a volume, ordered by position, each slice with its own rescale.

    Raises PhantomError when there are fewer than two slices, or positions or sizes do not make
    a stack.
    """
    datasets = [pydicom.dcmread(path) for path in files]
    placed = sorted(
        (item for item in datasets if "ImagePositionPatient" in item),
        key=lambda item: float(item.ImagePositionPatient[2]),
    )
    sizes = {(int(item.Rows), int(item.Columns)) for item in placed}
    if len(placed) < 2 or len(sizes) != 1:
        message = "a phantom series needs at least two slices of one size"
        raise PhantomError(message)
    heights = [float(item.ImagePositionPatient[2]) for item in placed]
    steps = np.diff(heights)
    if float(steps.min()) <= 0 or float(np.ptp(steps)) > 0.1:
        message = "the slices of the phantom series are not evenly spaced"
        raise PhantomError(message)
    values = np.stack(
        [
            item.pixel_array.astype(np.float64) * float(item.get("RescaleSlope", 1))
            + float(item.get("RescaleIntercept", 0))
            for item in placed
        ]
    )
    rows, columns = (float(part) for part in placed[0].PixelSpacing)
    return Volume(values, (float(steps.mean()), rows, columns))


# --- CT -------------------------------------------------------------------------------------


def ct_metrics(volume: Volume) -> CtMetrics:
    """Metrics of a water cylinder whose axis lies along the slices; the middle slices are used.

    Raises PhantomError when no round object of water density is found.
    """
    middle = volume.values.shape[0] // 2
    centre, radius = _cylinder(volume.values[middle], volume.spacing[1:])
    depth = min(2, middle)
    slices = range(middle - depth, middle + depth + 1)
    grid = _distances(volume, centre)
    core = grid <= 0.4 * radius
    cores = [volume.values[index][core] for index in slices if index < volume.values.shape[0]]
    water = float(np.mean([part.mean() for part in cores]))
    noise = float(np.mean([part.std(ddof=1) for part in cores]))
    small, way = 0.1 * radius, 0.8 * radius
    image = volume.values[middle - depth : middle + depth + 1].mean(axis=0)
    middle_value = float(image[grid <= small].mean())
    edges = []
    for down, across in ((-way, 0.0), (way, 0.0), (0.0, -way), (0.0, way)):
        spot = _distances(volume, (centre[0] + down, centre[1] + across)) <= small
        edges.append(float(image[spot].mean()))
    uniformity = max(abs(edge - middle_value) for edge in edges)
    return CtMetrics(round(water, 3), round(noise, 3), round(uniformity, 3))


Region = tuple[tuple[float, float], float]


def ct_regions(volume: Volume) -> tuple[Region, ...]:
    """The regions of the middle slice as (centre, radius) in mm: core, centre, four at the edge.

    Raises PhantomError when no round object of water density is found.
    """
    middle = volume.values.shape[0] // 2
    centre, radius = _cylinder(volume.values[middle], volume.spacing[1:])
    small, way = 0.1 * radius, 0.8 * radius
    edges = [
        ((centre[0] + down, centre[1] + across), small)
        for down, across in ((-way, 0.0), (way, 0.0), (0.0, -way), (0.0, way))
    ]
    return ((centre, 0.4 * radius), (centre, small), *edges)


def _cylinder(image: Array, spacing: Sequence[float]) -> tuple[tuple[float, float], float]:
    """Centre (mm from the first pixel) and smaller radius (mm) of the object in a slice."""
    inside = ndimage.binary_opening((image > -300) & (image < 300), iterations=2)
    labels, count = ndimage.label(inside)
    if count == 0:
        message = "no object of water density was found"
        raise PhantomError(message)
    sizes = ndimage.sum_labels(inside, labels, index=range(1, count + 1))
    rows, columns = np.nonzero(labels == int(np.argmax(sizes)) + 1)
    centre = (float(rows.mean()) * spacing[0], float(columns.mean()) * spacing[1])
    radius = min(float(np.ptp(rows)) * spacing[0], float(np.ptp(columns)) * spacing[1]) / 2
    if radius < 20:
        message = "the object of water density is too small for a phantom"
        raise PhantomError(message)
    return centre, radius


def _distances(volume: Volume, centre: tuple[float, float]) -> Array:
    """In-plane distance of every pixel from a point, mm."""
    rows, columns = volume.values.shape[1:]
    down = np.arange(rows) * volume.spacing[1] - centre[0]
    across = np.arange(columns) * volume.spacing[2] - centre[1]
    return np.hypot(down[:, None], across[None, :])


# --- PET ------------------------------------------------------------------------------------


def pet_metrics(volume: Volume, *, background_bq_ml: float, sphere_bq_ml: float) -> PetMetrics:
    """Metrics of a NEMA body phantom of known filling (Bq/ml at the decay reference).

    Spheres are found as the hottest separate objects, the largest first. Raises PhantomError
    when the six spheres cannot be told apart.
    """
    labels, found = _hot_spheres(volume)
    background = _background(volume, labels > 0)
    mean = float(background.mean())
    spheres = tuple(
        _recovery(volume, labels, label, diameter=diameter, background=mean, true=sphere_bq_ml)
        for label, diameter in zip(found, NEMA_DIAMETERS_MM, strict=True)
    )
    return PetMetrics(
        calibration_bias=mean / background_bq_ml - 1,
        background_variation=float(background.std(ddof=1)) / mean,
        spheres=spheres,
    )


def pet_regions(volume: Volume) -> tuple[Region, ...]:
    """The six spheres in the plane as (centre, radius) in mm, the largest first.

    Raises PhantomError when they cannot be told apart.
    """
    labels, found = _hot_spheres(volume)
    centres = ndimage.center_of_mass(labels > 0, labels, found)
    return tuple(
        ((float(row) * volume.spacing[1], float(column) * volume.spacing[2]), diameter / 2)
        for (_, row, column), diameter in zip(centres, NEMA_DIAMETERS_MM, strict=True)
    )


def _hot_spheres(volume: Volume) -> tuple[NDArray[np.int32], list[int]]:
    """Labels of the hot objects and the six sphere labels, largest volume first."""
    body = volume.values > 0.25 * np.percentile(volume.values, 99)
    usual = float(np.median(volume.values[body]))
    labels, count = ndimage.label(volume.values > 1.4 * usual)
    index = np.arange(1, count + 1)
    activity = ndimage.sum_labels(volume.values - usual, labels, index=index)
    order = np.argsort(activity)[::-1][: len(NEMA_DIAMETERS_MM)]
    if len(order) < len(NEMA_DIAMETERS_MM):
        message = f"found {len(order)} hot spheres, expected {len(NEMA_DIAMETERS_MM)}"
        raise PhantomError(message)
    return labels, [int(index[number]) for number in order]


def _background(volume: Volume, hot: NDArray[np.bool_]) -> Array:
    """Values of the warm body away from its edge and from the spheres by at least 15 mm."""
    body = volume.values > 0.25 * np.percentile(volume.values, 99)
    body = ndimage.binary_fill_holes(ndimage.binary_opening(body))
    padded = np.pad(body, ((1, 1), (0, 0), (0, 0)), mode="edge")
    inside = ndimage.distance_transform_edt(padded, sampling=volume.spacing)[1:-1]
    away = ndimage.distance_transform_edt(~hot, sampling=volume.spacing)
    chosen = (inside > 15) & (away > 15)
    if int(chosen.sum()) < 1000:
        message = "too little background was found between the spheres"
        raise PhantomError(message)
    values: Array = volume.values[chosen]
    return values


def _recovery(
    volume: Volume,
    labels: NDArray[np.int32],
    label: int,
    *,
    diameter: float,
    background: float,
    true: float,
) -> SphereRecovery:
    """Recovery in the box around one sphere, so that the 50 % contour may leave the label."""
    box = ndimage.find_objects((labels == label).astype(np.int32))[0]
    margin = [int(np.ceil(diameter / 4 / step)) for step in volume.spacing]
    wide = tuple(
        slice(max(part.start - more, 0), part.stop + more)
        for part, more in zip(box, margin, strict=True)
    )
    values = np.where(np.isin(labels[wide], (0, label)), volume.values[wide], background)
    highest = float(values[labels[wide] == label].max())
    contour, _ = ndimage.label(values >= (highest + background) / 2)
    core = contour[np.unravel_index(int(np.argmax(values)), values.shape)]
    mean = float(values[contour == core].mean())
    return SphereRecovery(diameter, highest / true, mean / true)
