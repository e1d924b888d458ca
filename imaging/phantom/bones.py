"""Spine, ribs and sternum of the phantom (CT numbers in HU)."""

from __future__ import annotations

import numpy as np

from imaging.phantom.shapes import Field, Grid, coverage, paint, paint_capsule, paint_ellipse

CORTEX, SPONGIOSA, DISC, CORD = 720.0, 210.0, 85.0, 30.0
VERTEBRA_PITCH_MM, DISC_MM = 29.0, 6.0
RIB_PITCH_MM, RIB_DROP_MM = 26.0, 62.0


def paint_spine(image: Field, grid: Grid, z: float) -> None:
    """A vertebral body or disc with canal, arch, transverse and spinous processes."""
    phase = (z + 7.0) % VERTEBRA_PITCH_MM
    in_disc = phase < DISC_MM
    body = (21.0, 16.0) if z < 0 else (18.5, 15.0)
    if in_disc:
        paint_ellipse(image, grid, centre=(0, 62), radii=body, value=DISC, power=2.3)
    else:
        paint_ellipse(image, grid, centre=(0, 62), radii=body, value=CORTEX, power=2.3)
        inner = (body[0] - 1.8, body[1] - 1.8)
        paint_ellipse(image, grid, centre=(0, 62), radii=inner, value=SPONGIOSA, power=2.3)
    if 9.0 < phase < 22.0:
        for side in (-1.0, 1.0):
            paint_capsule(
                image, grid, start=(side * 11, 80), end=(side * 37, 88), radius=3.6, value=CORTEX
            )
            paint_capsule(
                image, grid, start=(side * 12, 81), end=(side * 35, 87), radius=1.6, value=300.0
            )
    paint_ellipse(image, grid, centre=(0, 86), radii=(13.5, 11.5), value=CORTEX)
    paint_ellipse(image, grid, centre=(0, 85), radii=(10.0, 8.5), value=CORD)
    reach = 114.0 if phase < 17.0 else 106.0
    paint_capsule(image, grid, start=(0, 98), end=(0, reach), radius=3.0, value=CORTEX)


def paint_ribs(image: Field, grid: Grid, z: float, *, wall: tuple[float, float]) -> None:
    """All ribs that meet the slice: they run down and forward along an elliptic chest wall.

    A rib's height falls with the angle from the back, so an axial cut meets each rib once per
    side as a slanted, elongated patch.
    """
    x, y = grid.x / np.float32(wall[0]), grid.y / np.float32(wall[1])
    radius = np.sqrt(x * x + y * y)
    near = np.abs(radius - 1.0) * np.float32(min(wall)) < 7.0
    rows, columns = np.nonzero(near)
    if rows.size == 0:
        return
    turn = np.arctan2(np.abs(x[0, columns]), y[rows, 0]) / np.float32(np.pi)
    across = (radius[rows, columns] - 1.0) * np.float32(min(wall))
    height = z + RIB_DROP_MM * turn
    along = (height + 5.0) % RIB_PITCH_MM - RIB_PITCH_MM / 2
    rib = np.sqrt((along / 5.8) ** 2 + (across / 3.9) ** 2)
    present = (turn > 0.12) & (turn < (0.86 if z > -10 else max(0.42, 0.72 + z * 0.003)))
    present &= height > -95.0
    outer = coverage(np.where(present, (rib - 1.0) * 3.9, 9.0), grid.pixel_mm)
    inner = coverage(np.where(present, (rib - 0.55) * 3.9, 9.0), grid.pixel_mm)
    patch = image[rows, columns]
    paint(patch, alpha=outer, value=CORTEX)
    paint(patch, alpha=inner, value=330.0)
    image[rows, columns] = patch


def paint_sternum(image: Field, grid: Grid, z: float, *, front: float) -> None:
    """The breast bone, above the xiphoid."""
    if z < 8.0:
        return
    half = 21.0 if z < 110 else 26.0
    paint_ellipse(image, grid, centre=(0, front), radii=(half, 5.6), value=CORTEX, power=5.0)
    paint_ellipse(image, grid, centre=(0, front), radii=(half - 2, 3.6), value=240.0, power=5.0)
