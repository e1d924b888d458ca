"""The body of one invented subject: all organs of a slice, computed once and kept.

Organs are described for a reference adult and stretched to the subject's own width and depth.
Nothing here is random except through the subject's seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.phantom import abdomen, bones, chest
from imaging.phantom.shapes import (
    Field,
    Grid,
    coverage,
    ellipse_distance,
    paint,
    paint_capsule,
    paint_ellipse,
)
from imaging.phantom.spec import FIELD_OF_VIEW_MM

NOISE_SD_HU = 11.0
BODY = (162.0, 114.0)


@dataclass(frozen=True)
class Build:
    """How much wider and deeper than the reference adult a subject is."""

    width: float
    depth: float

    def to_subject(self, point: tuple[float, float, float]) -> tuple[float, float, float]:
        """Reference coordinates (mm) to the subject's own."""
        return point[0] * self.width, point[1] * self.depth, point[2]


def build_of(seed: int) -> Build:
    """The subject's build: up to 7 % off the reference in each direction."""
    rng = np.random.default_rng(seed + 1000)
    width, depth = rng.uniform(0.94, 1.06, 2)
    return Build(width=float(width), depth=float(depth))


@lru_cache(maxsize=3)
def base_volume(
    *, seed: int, positions: tuple[float, ...], matrix: int, thickness_mm: float
) -> NDArray[np.float32]:
    """Noise-free HU of all slices, shape (slices, matrix, matrix); read-only.

    Three subjects are kept, so that the time points of one subject cost one computation.
    """
    build = build_of(seed)
    grid = Grid.square(matrix=matrix, field_mm=FIELD_OF_VIEW_MM)
    stretched = Grid(
        x=grid.x / np.float32(build.width),
        y=grid.y / np.float32(build.depth),
        pixel_mm=grid.pixel_mm / np.sqrt(build.width * build.depth),
    )
    body = _Body(seed=seed, slab_mm=min(thickness_mm, 5.0))
    volume = np.empty((len(positions), matrix, matrix), dtype=np.float32)
    for index, z in enumerate(positions):
        volume[index] = body.slice_at(stretched, z)
    volume.setflags(write=False)
    return volume


class _Body:
    """The seeded parts of a subject and the order in which a slice is painted."""

    def __init__(self, *, seed: int, slab_mm: float) -> None:
        self.slab_mm = slab_mm
        self.lung = chest.lung_trees(seed)
        self.liver = abdomen.liver_trees(seed)
        self.loops = abdomen.bowel_loops(seed)

    def slice_at(self, grid: Grid, z: float) -> Field:
        image = np.full((grid.y.shape[0], grid.x.shape[1]), -1000.0, dtype=np.float32)
        _paint_table(image, grid)
        cavity = _paint_trunk(image, grid, z)
        chest.paint_lungs(image, grid, z, trees=self.lung)
        chest.paint_mediastinum(image, grid, z)
        abdomen.paint_domes(image, grid, z, cavity=cavity)
        abdomen.paint_bowel(image, grid, z, cavity=cavity, loops=self.loops)
        abdomen.paint_liver(image, grid, z, cavity=cavity, trees=self.liver, slab_mm=self.slab_mm)
        abdomen.paint_stomach_and_spleen(image, grid, z, cavity=cavity)
        abdomen.paint_retroperitoneum(image, grid, z)
        bones.paint_spine(image, grid, z)
        return image


def _paint_table(image: Field, grid: Grid) -> None:
    """Two curved sheets below the subject."""
    for depth, value in ((124.0, -420.0), (132.0, -560.0)):
        ring = ellipse_distance(grid.x, grid.y, centre=(0, depth - 900.0), radii=(900.0, 900.0))
        band = np.maximum(np.abs(ring) - np.float32(0.9), np.abs(grid.x) - np.float32(150.0))
        band = np.maximum(band, np.float32(40.0) - grid.y)
        paint(image, alpha=coverage(band, grid.pixel_mm), value=value)


def _paint_trunk(image: Field, grid: Grid, z: float) -> Field:
    """Skin, fat, muscle wall, ribs; returns the signed distance to the inner cavity."""
    wide, deep = BODY
    high = min(1.0, max(0.0, (z + 10.0) / 60.0))
    skin = {"centre": (0.0, 2.0), "power": 2.25}
    paint_ellipse(image, grid, radii=(wide, deep), value=20.0, **skin)  # type: ignore[arg-type]
    paint_ellipse(
        image,
        grid,
        radii=(wide - 1.8, deep - 1.8),
        value=chest.FAT,
        **skin,  # type: ignore[arg-type]
    )
    if z > 5.0:
        for side in (-1.0, 1.0):
            paint_ellipse(
                image, grid, centre=(side * 62, -86), radii=(52 * high, 13 * high), value=58.0,
                angle_deg=side * 14,
            )  # fmt: skip
    muscle = (wide - 15.0 - 3 * high, deep - 12.0 - 4 * high)
    paint_ellipse(image, grid, centre=(0, 3), radii=muscle, value=chest.MUSCLE, power=2.15)
    hollow = (muscle[0] - 9.0, muscle[1] - 9.0)
    paint_ellipse(image, grid, centre=(0, 1), radii=hollow, value=chest.FAT, power=2.1)
    cavity = ellipse_distance(grid.x, grid.y, centre=(0, 1), radii=hollow, power=2.1)
    for side in (-1.0, 1.0):
        paint_ellipse(
            image, grid, centre=(side * 29, 92), radii=(31, 16), value=57.0, angle_deg=side * -8
        )
        if z < -70.0:
            paint_ellipse(
                image, grid, centre=(side * 72, 84), radii=(20, 11), value=57.0,
                angle_deg=side * -40,
            )  # fmt: skip
            paint_capsule(
                image, grid, start=(side * 14, -88), end=(side * 46, -80), radius=6.5, value=56.0
            )
    bones.paint_ribs(image, grid, z, wall=(muscle[0] - 4.5, muscle[1] - 4.5))
    bones.paint_sternum(image, grid, z, front=-muscle[1] + 6.0)
    return cavity


def noise_field(*, seed: int, matrix: int) -> NDArray[np.float32]:
    """A tile of correlated noise (SD ``NOISE_SD_HU``) that each slice shifts and flips."""
    rng = np.random.default_rng(seed)
    raw = rng.standard_normal((matrix, matrix), dtype=np.float32)
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(raw, 0.75, mode="wrap")
    return smooth * np.float32(NOISE_SD_HU / smooth.std())
