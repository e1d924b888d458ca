"""A water cylinder as scanners are checked with: known CT number, noise and cupping."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imaging.phantom import headers
from imaging.phantom.series import write_slices
from imaging.phantom.shapes import Grid, coverage, ellipse_distance
from imaging.phantom.spec import FIELD_OF_VIEW_MM, SeriesSpec, WrittenSeries

RADIUS_MM = 100.0
CENTRE_MM = (4.0, -3.0)


@dataclass(frozen=True)
class WaterTruth:
    """What the cylinder is made of, in HU: CT number, noise (standard deviation), cupping.

    Cupping is the rise from the axis to 80 % of the radius, where uniformity is measured.
    """

    water_hu: float = 0.0
    noise_hu: float = 6.0
    cupping_hu: float = 0.0


def write_water_phantom(
    folder: Path, spec: SeriesSpec, truth: WaterTruth | None = None
) -> WrittenSeries:
    """Write a scan of a 200 mm water cylinder along the table.

    Lesions of the spec are not painted; its defects are. Raises FileExistsError when the folder
    already holds a series.
    """
    made_of = truth or WaterTruth()
    grid = Grid.square(matrix=spec.matrix, field_mm=FIELD_OF_VIEW_MM)
    edge = ellipse_distance(grid.x, grid.y, centre=CENTRE_MM, radii=(RADIUS_MM, RADIUS_MM))
    from_axis = np.hypot(grid.x - CENTRE_MM[0], grid.y - CENTRE_MM[1])
    water = made_of.water_hu + made_of.cupping_hu * (from_axis / (0.8 * RADIUS_MM)) ** 2
    image = -1000.0 + coverage(edge, grid.pixel_mm) * (water + 1000.0)
    seed = (spec.seed, spec.study_date.toordinal())

    def stored(index: int) -> NDArray[np.int16]:
        rng = np.random.default_rng((*seed, index))
        noisy = image + rng.normal(0.0, made_of.noise_hu, image.shape)
        values = np.clip(np.rint(noisy) - headers.RESCALE_INTERCEPT, 0, 4095)
        return values.astype(np.int16)

    return write_slices(folder, spec, stored=stored)
