"""Branching vessel trees of lung and liver: line segments in space, grown from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.phantom.shapes import Field, Grid, paint_capsule

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Segment:
    """A straight piece of vessel in mm; the radius is that of a round tube."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: float


@dataclass(frozen=True)
class TreePlan:
    """How a tree grows: root, main directions, first length and radius, generations."""

    root: tuple[float, float, float]
    directions: tuple[tuple[float, float, float], ...]
    length_mm: float
    radius_mm: float
    generations: int
    spread: float = 0.55
    taper: float = 0.72


def _unit(vector: Vector) -> Vector:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def grow(plan: TreePlan, *, seed: int) -> tuple[Segment, ...]:
    """Grow a tree by forking: each piece gives two, thinner and shorter, turned at random."""
    rng = np.random.default_rng(seed)
    segments: list[Segment] = []
    front = [
        (np.array(plan.root), _unit(np.array(direction)), plan.length_mm, plan.radius_mm)
        for direction in plan.directions
    ]
    for generation in range(plan.generations):
        following = []
        for point, direction, length, radius in front:
            end = point + direction * length * rng.uniform(0.75, 1.2)
            segments.append(Segment(tuple(point.tolist()), tuple(end.tolist()), radius))
            for _ in range(2 if generation + 1 < plan.generations else 0):
                turned = _unit(direction + rng.normal(0.0, plan.spread, 3))
                following.append((end, turned, length * 0.78, radius * plan.taper))
        front = following
    return tuple(segments)


def paint_vessels(
    image: Field,
    grid: Grid,
    *,
    z: float,
    half_slab_mm: float,
    segments: tuple[Segment, ...],
    value: float,
) -> None:
    """Paint the parts of the segments that lie within a slab around ``z``.

    Thin vessels show at less than full density: a tube thinner than the slab fills part of it.
    """
    for segment in segments:
        (x0, y0, z0), (x1, y1, z1) = segment.start, segment.end
        slab = half_slab_mm + segment.radius * 0.5
        low, high = z - slab, z + slab
        if max(z0, z1) < low or min(z0, z1) > high:
            continue
        first, last = 0.0, 1.0
        if z1 != z0:
            enter, leave = sorted(((low - z0) / (z1 - z0), (high - z0) / (z1 - z0)))
            first, last = max(first, enter), min(last, leave)
        paint_capsule(
            image,
            grid,
            start=(x0 + (x1 - x0) * first, y0 + (y1 - y0) * first),
            end=(x0 + (x1 - x0) * last, y0 + (y1 - y0) * last),
            radius=segment.radius,
            value=value,
            strength=min(1.0, 0.35 + segment.radius / 2.2),
        )
