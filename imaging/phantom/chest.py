"""Lungs, heart, great vessels and airways of the phantom (CT numbers in HU, portal phase)."""

from __future__ import annotations

import numpy as np

from imaging.phantom.shapes import (
    Field,
    Grid,
    coverage,
    ellipse_distance,
    paint,
    paint_capsule,
    paint_ellipse,
    paint_ellipsoid,
)
from imaging.phantom.vessels import Segment, TreePlan, grow, paint_vessels

AIR, FAT, MUSCLE, BLOOD = -1000.0, -95.0, 55.0, 165.0
LUNG_TOP_MM, LUNG_TAPER_MM = 178.0, 95.0
LUNG_SLAB_MM = 15.0  # wider than a slice: a few thick trees then look like many fine ones


def lung_trees(seed: int) -> tuple[Segment, ...]:
    """Pulmonary vessels of both lungs, grown from the hila."""
    segments: tuple[Segment, ...] = ()
    for side in (-1.0, 1.0):
        rays = [
            (side * np.cos(turn), np.sin(turn), lift)
            for turn, lift in (
                (-1.15, 0.15), (-0.6, 0.55), (-0.55, -0.5), (-0.1, 0.25), (0.05, -0.35),
                (0.5, 0.5), (0.6, -0.75), (0.95, 0.1), (1.15, -0.6), (0.2, 1.0),
            )
        ]  # fmt: skip
        plan = TreePlan(
            root=(side * 38.0, 6.0, 68.0),
            directions=tuple((float(a), float(b), float(c)) for a, b, c in rays),
            length_mm=23.0,
            radius_mm=2.9,
            generations=6,
            spread=0.36,
            taper=0.68,
        )
        segments += grow(plan, seed=seed * 2 + int(side > 0))
    return segments


def lung_distance(grid: Grid, z: float, *, side: float) -> Field | None:
    """Signed distance (mm) to the cut of one lung, or None outside its height."""
    if z > LUNG_TOP_MM or z < -48.0:
        return None
    apex = 1.0 - max(0.0, (z - (LUNG_TOP_MM - LUNG_TAPER_MM)) / LUNG_TAPER_MM) ** 2.2
    base = 1.0 if z > 15 else max(0.0, 1.0 - ((15.0 - z) / 63.0) ** 2)
    size = max(apex, 0.02) ** 0.5 * max(base, 0.02) ** 0.25
    back = 0.0 if z > 15 else (15.0 - z) * 0.12
    outer = ellipse_distance(
        grid.x,
        grid.y,
        centre=(side * (74.0 - 8.0 * (1 - size)), 3.0 + back),
        radii=(58.0 * size, 84.0 * size),
        angle_deg=side * -7.0,
        power=2.5,
    )
    inner = ellipse_distance(
        grid.x, grid.y, centre=(6.0, -22.0), radii=(47.0, 66.0), angle_deg=-6.0
    )
    spine = ellipse_distance(grid.x, grid.y, centre=(0.0, 72.0), radii=(30.0, 30.0))
    return np.maximum(outer, np.maximum(-inner, -spine))


def paint_lungs(image: Field, grid: Grid, z: float, *, trees: tuple[Segment, ...]) -> None:
    """Both lungs with dependent density, vessels and a thin pleural edge."""
    for side in (-1.0, 1.0):
        distance = lung_distance(grid, z, side=side)
        if distance is None:
            continue
        alpha = coverage(distance, grid.pixel_mm)
        air = np.broadcast_to(np.float32(-872.0) + grid.y * np.float32(0.32), image.shape)
        paint(image, alpha=alpha, value=np.ascontiguousarray(air))
        layer = image.copy()
        own = tuple(s for s in trees if (s.start[0] > 0) == (side > 0))
        paint_vessels(layer, grid, z=z, half_slab_mm=LUNG_SLAB_MM / 2, segments=own, value=60.0)
        # Vessels stay inside their lung: the layer is only taken where lung is.
        paint(image, alpha=coverage(distance + 1.5, grid.pixel_mm), value=layer)


def paint_mediastinum(image: Field, grid: Grid, z: float) -> None:
    """Fat, heart or great vessels, airways and oesophagus between the lungs."""
    if z < 2.0:
        return
    paint_ellipse(
        image, grid, centre=(5, -24), radii=(40, 58), value=FAT + 25, angle_deg=-6, soft=2
    )
    if z > 52.0:
        _paint_great_vessels(image, grid, z)
    paint_ellipsoid(
        image, grid, z=z, centre=(19, -33, 50), radii=(50, 44, 45), value=118.0, angle_deg=28
    )
    paint_ellipsoid(
        image, grid, z=z, centre=(32, -28, 44), radii=(25, 20, 30), value=BLOOD, angle_deg=35
    )
    paint_ellipsoid(
        image, grid, z=z, centre=(0, -46, 48), radii=(22, 20, 32), value=BLOOD + 8, angle_deg=15
    )
    paint_ellipsoid(image, grid, z=z, centre=(8, -2, 66), radii=(28, 15, 20), value=BLOOD + 4)
    paint_ellipse(image, grid, centre=(8, 32), radii=(7, 5.5), value=45.0)
    if z < 170:
        paint_ellipse(image, grid, centre=(7.5, 32), radii=(2.2, 1.4), value=-500.0)
    _paint_airways(image, grid, z)


def _paint_great_vessels(image: Field, grid: Grid, z: float) -> None:
    paint_ellipse(image, grid, centre=(3, -6), radii=(27, 25), value=42.0, soft=3)
    if z < 122:
        paint_ellipse(image, grid, centre=(-14, -38), radii=(15.5, 15.5), value=BLOOD + 15)
        paint_ellipse(image, grid, centre=(-32, -26), radii=(9.5, 12), value=BLOOD + 40)
    if 72 < z < 112:
        paint_ellipse(image, grid, centre=(16, -38), radii=(15, 14), value=BLOOD + 10)
    if 74 < z < 92:
        paint_capsule(image, grid, start=(12, -26), end=(-30, -8), radius=8.5, value=BLOOD + 5)
        paint_capsule(image, grid, start=(20, -30), end=(44, 0), radius=8.5, value=BLOOD + 5)
    if 108 <= z < 134:
        paint_capsule(image, grid, start=(-12, -28), end=(22, 34), radius=12.5, value=BLOOD + 12)
    if z >= 122:
        for centre in ((-24.0, -18.0), (-10.0, -22.0), (12.0, -12.0), (20.0, 4.0)):
            paint_ellipse(image, grid, centre=centre, radii=(6, 6), value=BLOOD + 15)


def _paint_airways(image: Field, grid: Grid, z: float) -> None:
    carina = 96.0
    if z >= carina:
        paint_ellipse(image, grid, centre=(-2, 8), radii=(10.2, 9.4), value=50.0)
        paint_ellipse(image, grid, centre=(-2, 8), radii=(8.6, 7.8), value=AIR + 10)
        return
    if z < 58.0:
        return
    depth = carina - z
    for side, rate in ((-1.0, 0.85), (1.0, 1.05)):
        centre = (side * (6.0 + depth * rate) - 2.0, 9.0 + depth * 0.12)
        paint_ellipse(image, grid, centre=centre, radii=(7.8, 6.9), value=45.0)
        paint_ellipse(image, grid, centre=centre, radii=(6.3, 5.4), value=AIR + 12)
