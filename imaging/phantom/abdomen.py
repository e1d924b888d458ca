"""Upper abdominal organs of the phantom (CT numbers in HU, portal venous phase)."""

from __future__ import annotations

from dataclasses import dataclass

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
    section,
)
from imaging.phantom.vessels import Segment, TreePlan, grow, paint_vessels

LIVER, SPLEEN, CORTEX, MEDULLA, WALL = 112.0, 122.0, 195.0, 150.0, 48.0
LIVER_RIGHT = ((-62.0, -6.0, -45.0), (73.0, 82.0, 84.0))
LIVER_LEFT = ((2.0, -48.0, -28.0), (60.0, 34.0, 46.0))
LEFT_DOME = ((70.0, -10.0, -52.0), (64.0, 80.0, 72.0))
SPLEEN_BODY = ((97.0, 30.0, -34.0), (27.0, 46.0, 45.0))
STOMACH = ((60.0, -32.0, -30.0), (46.0, 40.0, 50.0))


@dataclass(frozen=True)
class Loop:
    """One bowel loop: an ellipsoid, with gas or without."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    angle_deg: float
    gas: bool


def liver_trees(seed: int) -> tuple[Segment, ...]:
    """Portal and hepatic veins of the right lobe."""
    portal = TreePlan(
        root=(-28.0, 2.0, -42.0),
        directions=((-0.9, -0.1, 0.3), (-0.7, 0.5, -0.3), (-0.6, -0.6, 0.3), (-0.5, 0.2, -0.8)),
        length_mm=24.0,
        radius_mm=4.2,
        generations=4,
        spread=0.45,
        taper=0.68,
    )
    veins = TreePlan(
        root=(-22.0, 18.0, 14.0),
        directions=((-0.9, -0.2, -0.35), (-0.5, -0.8, -0.3), (-0.8, 0.2, -0.7)),
        length_mm=30.0,
        radius_mm=4.5,
        generations=3,
        spread=0.3,
        taper=0.65,
    )
    return grow(portal, seed=seed + 11) + grow(veins, seed=seed + 12)


def bowel_loops(seed: int) -> tuple[Loop, ...]:
    """Bowel in the front of the belly, different for every subject."""
    rng = np.random.default_rng(seed + 21)
    loops = []
    for number in range(86):
        upper_left = number % 3 == 0
        loops.append(
            Loop(
                centre=(
                    float(rng.uniform(34, 108) if upper_left else rng.uniform(-92, 100)),
                    float(rng.uniform(-62, 22) if upper_left else rng.uniform(-72, 12)),
                    float(rng.uniform(-105, -62) if upper_left else rng.uniform(-250, -92)),
                ),
                radii=(
                    float(rng.uniform(11, 20)),
                    float(rng.uniform(9, 14)),
                    float(rng.uniform(14, 26)),
                ),
                angle_deg=float(rng.uniform(-60, 60)),
                gas=bool(rng.random() < 0.3),
            )
        )
    return tuple(loops)


def _cut_distance(
    grid: Grid,
    z: float,
    body: tuple[tuple[float, float, float], tuple[float, float, float]],
    grow_mm: float = 0.0,
) -> Field | None:
    centre, radii = body
    wider = (radii[0] + grow_mm, radii[1] + grow_mm, radii[2] + grow_mm)
    cut = section(z, centre=centre, radii=wider)
    if cut is None:
        return None
    return ellipse_distance(grid.x, grid.y, centre=centre[:2], radii=cut)


def paint_domes(image: Field, grid: Grid, z: float, *, cavity: Field) -> None:
    """The diaphragm and the fat below it, pushing the lungs up and outwards."""
    lung = (image < -300.0).astype(np.float32)
    for body in (LIVER_RIGHT, LEFT_DOME, LIVER_LEFT):
        distance = _cut_distance(grid, z, body)
        if distance is None:
            continue
        # Widened in the plane only: a shell grown in space would fill the slice at the top.
        for wider_mm, value in ((2.6, 58.0), (0.6, -98.0)):
            alpha = coverage(np.maximum(distance - np.float32(wider_mm), cavity), grid.pixel_mm)
            paint(image, alpha=alpha * lung, value=value)


def paint_liver(
    image: Field,
    grid: Grid,
    z: float,
    *,
    cavity: Field,
    trees: tuple[Segment, ...],
    slab_mm: float,
) -> None:
    """Both lobes as one organ, its veins, the fissure and the gall bladder."""
    right, left = _cut_distance(grid, z, LIVER_RIGHT), _cut_distance(grid, z, LIVER_LEFT)
    parts = [part for part in (right, left) if part is not None]
    if not parts:
        return
    whole = np.maximum(np.minimum.reduce(parts), cavity + 1.5)
    # The visceral face is hollowed where kidney and bowel lie against it.
    for centre, radii in (((-2.0, 62.0), (46.0, 52.0)), ((34.0, 4.0), (42.0, 36.0))):
        hollow = ellipse_distance(grid.x, grid.y, centre=centre, radii=radii)
        whole = np.maximum(whole, -hollow)
    if z < -44.0:
        bed = ellipse_distance(grid.x, grid.y, centre=(-58.0, 50.0), radii=(36.0, 34.0))
        whole = np.maximum(whole, -bed)
    layer = np.full_like(image, LIVER)
    paint_vessels(layer, grid, z=z, half_slab_mm=slab_mm / 2, segments=trees, value=172.0)
    paint(image, alpha=coverage(whole, grid.pixel_mm), value=layer)
    if -62.0 < z < -14.0:
        paint_capsule(
            image, grid, start=(-16, -62), end=(-26, -34), radius=1.5, value=-70.0, strength=0.8
        )
    paint_ellipsoid(
        image, grid, z=z, centre=(-42, -50, -76), radii=(15, 18, 24), value=12.0, angle_deg=25
    )


def paint_stomach_and_spleen(image: Field, grid: Grid, z: float, *, cavity: Field) -> None:
    """Stomach with an air level (the subject lies on the back), spleen, pancreas."""
    spleen = _cut_distance(grid, z, SPLEEN_BODY)
    if spleen is not None:
        alpha = coverage(np.maximum(spleen, cavity + 1.5), grid.pixel_mm)
        paint(image, alpha=alpha, value=SPLEEN)
    outer = _cut_distance(grid, z, STOMACH)
    inner = _cut_distance(grid, z, STOMACH, -3.2)
    if outer is not None:
        inside = np.maximum(outer, cavity + 2.0)
        paint(image, alpha=coverage(inside, grid.pixel_mm), value=WALL + 20)
        if inner is not None:
            lumen = np.maximum(inner, cavity + 5.0)
            paint(image, alpha=coverage(lumen, grid.pixel_mm), value=22.0)
            gas = np.maximum(lumen, np.float32(0.0) + grid.y + 54.0)
            paint(image, alpha=coverage(gas, grid.pixel_mm), value=-980.0)
    if -92.0 < z < -58.0:
        lift = (z + 75.0) * 0.25
        paint_capsule(image, grid, start=(-20, 2 - lift), end=(12, -12), radius=9.0, value=98.0)
        paint_capsule(image, grid, start=(12, -12), end=(62, 12 + lift), radius=8.0, value=96.0)
        paint_capsule(image, grid, start=(-8, 6), end=(56, 20 + lift), radius=4.0, value=168.0)


def paint_retroperitoneum(image: Field, grid: Grid, z: float) -> None:
    """Aorta, caval vein, kidneys, adrenals, psoas and crura."""
    chest = min(1.0, max(0.0, (z + 20.0) / 70.0))
    aorta = (6.0 + 18.0 * chest, 38.0 + 8.0 * chest)
    if z < -45.0:
        for side in (-1.0, 1.0):
            size = min(18.0, 7.0 + (-45.0 - z) * 0.16)
            paint_ellipse(
                image, grid, centre=(side * (27 + size * 0.5), 66), radii=(size, size * 1.15),
                value=58.0,
            )  # fmt: skip
    if z < 134.0:
        paint_ellipse(image, grid, centre=aorta, radii=(11.6, 11.4), value=176.0)
    if z < 30.0:
        paint_ellipse(image, grid, centre=(-19, 24), radii=(12.5, 10), value=152.0, angle_deg=-20)
    _paint_crura_and_adrenals(image, grid, z)
    for side, level in ((-1.0, -98.0), (1.0, -86.0)):
        _paint_kidney(image, grid, z - level, side)


def _paint_crura_and_adrenals(image: Field, grid: Grid, z: float) -> None:
    if -60.0 < z < 10.0:
        for side in (-1.0, 1.0):
            paint_capsule(
                image, grid, start=(6 + side * 14, 34), end=(side * 17, 58), radius=2.2, value=55.0
            )
    if -76.0 < z < -46.0:
        for side, back in ((-1.0, 40.0), (1.0, 36.0)):
            apex = (side * 34.0, back - 10)
            for end in ((side * 42.0, back + 8), (side * 31.0, back + 9)):
                paint_capsule(image, grid, start=apex, end=end, radius=1.6, value=70.0)


def _paint_kidney(image: Field, grid: Grid, height: float, side: float) -> None:
    centre = (side * 64.0, 50.0)
    cut = section(height, centre=(0, 0, 0), radii=(27.0, 23.0, 52.0))
    if cut is None:
        return
    paint_ellipse(
        image, grid, centre=centre, radii=cut, value=CORTEX, angle_deg=side * 24, power=2.2
    )
    if min(cut) > 9.0:
        core = (cut[0] - 7.0, cut[1] - 7.0)
        paint_ellipse(
            image, grid, centre=centre, radii=core, value=MEDULLA, angle_deg=side * 24, soft=3
        )
    if abs(height) < 26.0:
        hilum = (centre[0] - side * 14.0, centre[1] - 5.0)
        paint_ellipse(image, grid, centre=hilum, radii=(13, 7.5), value=-88.0, angle_deg=side * 20)
        paint_ellipse(image, grid, centre=hilum, radii=(7, 3.4), value=35.0, angle_deg=side * 20)


def paint_bowel(
    image: Field, grid: Grid, z: float, *, cavity: Field, loops: tuple[Loop, ...]
) -> None:
    """Small bowel and colon in the front; gas collects at the top of a loop."""
    if z > -38.0:
        return
    layer = image.copy()
    for loop in loops:
        cut = section(z, centre=loop.centre, radii=loop.radii)
        if cut is None or min(cut) < 3.0:
            continue
        centre = loop.centre[:2]
        paint_ellipse(
            layer, grid, centre=centre, radii=cut, value=WALL + 22, angle_deg=loop.angle_deg
        )
        inner = (cut[0] - 2.2, cut[1] - 2.2)
        paint_ellipse(layer, grid, centre=centre, radii=inner, value=24.0, angle_deg=loop.angle_deg)
        if loop.gas:
            top = (centre[0], centre[1] - cut[1] * 0.25)
            gas = (inner[0] * 0.6, inner[1] * 0.55)
            paint_ellipse(layer, grid, centre=top, radii=gas, value=-960.0)
    paint(image, alpha=coverage(cavity + 5.0, grid.pixel_mm), value=layer)
