"""Painting of smooth-edged shapes into one axial slice, in mm.

Every shape is a signed distance (mm, negative inside); its edge is softened over one pixel, so
that structures look alike at any matrix size and do not flicker from slice to slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Box = tuple[slice, slice]
ELLIPSE = 2.0  # the power of a true ellipse; higher ones are squarer


@dataclass(frozen=True)
class Grid:
    """Pixel centres of a slice in mm; ``x`` is a row vector, ``y`` a column vector."""

    x: Field
    y: Field
    pixel_mm: float

    @classmethod
    def square(cls, *, matrix: int, field_mm: float) -> Grid:
        pixel = field_mm / matrix
        axis = (np.arange(matrix, dtype=np.float32) + 0.5) * pixel - field_mm / 2
        return cls(x=axis[None, :], y=axis[:, None], pixel_mm=pixel)

    def box(self, *, centre: tuple[float, float], reach: float) -> Box | None:
        """The window of pixels within ``reach`` mm of a point, or None when it is outside."""
        spans = []
        for middle, axis in ((centre[1], self.y[:, 0]), (centre[0], self.x[0])):
            low = int(np.searchsorted(axis, middle - reach))
            high = int(np.searchsorted(axis, middle + reach))
            if low >= high:
                return None
            spans.append(slice(low, high))
        return spans[0], spans[1]


def coverage(distance: Field, pixel_mm: float) -> Field:
    """How much of each pixel a shape covers, 0 to 1, from its signed distance."""
    part: Field = np.clip(0.5 - distance / np.float32(pixel_mm), 0.0, 1.0).astype(np.float32)
    return part


def ellipse_distance(
    x: Field,
    y: Field,
    *,
    centre: tuple[float, float],
    radii: tuple[float, float],
    angle_deg: float = 0.0,
    power: float = ELLIPSE,
) -> Field:
    """First-order signed distance in mm to a (super-)ellipse; exact on its edge."""
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    if angle_deg:
        turn = np.deg2rad(angle_deg)
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        dx, dy = dx * cos + dy * sin, dy * cos - dx * sin
    u, v = np.abs(dx) / np.float32(radii[0]), np.abs(dy) / np.float32(radii[1])
    if power == ELLIPSE:
        value = np.sqrt(u * u + v * v)
        slope = np.sqrt((u / radii[0]) ** 2 + (v / radii[1]) ** 2)
        distance: Field = (value - 1.0) * value / np.maximum(slope, np.float32(1e-6))
        return distance
    value = (u**power + v**power) ** np.float32(1.0 / power)
    rough: Field = (value - 1.0) * np.float32(min(radii))
    return rough


def paint(image: Field, *, alpha: Field, value: float | Field, box: Box | None = None) -> None:
    """Mix a value (HU) into the image in place by coverage."""
    target = image if box is None else image[box]
    target += alpha * (np.asarray(value, dtype=np.float32) - target)


def paint_ellipse(
    image: Field,
    grid: Grid,
    *,
    centre: tuple[float, float],
    radii: tuple[float, float],
    value: float,
    angle_deg: float = 0.0,
    power: float = ELLIPSE,
    soft: float = 1.0,
) -> None:
    """Paint one filled ellipse; ``soft`` widens the edge to that many pixels."""
    if min(radii) <= 0:
        return
    reach = max(radii) + grid.pixel_mm * (1 + soft)
    box = grid.box(centre=centre, reach=reach)
    if box is None:
        return
    distance = ellipse_distance(
        grid.x[:, box[1]],
        grid.y[box[0], :],
        centre=centre,
        radii=radii,
        angle_deg=angle_deg,
        power=power,
    )
    paint(image, alpha=coverage(distance, grid.pixel_mm * soft), value=value, box=box)


def section(
    z: float, *, centre: tuple[float, float, float], radii: tuple[float, float, float]
) -> tuple[float, float] | None:
    """In-plane radii (mm) of an ellipsoid cut at height ``z``, or None when it is missed."""
    part = 1.0 - ((z - centre[2]) / radii[2]) ** 2
    if part <= 0:
        return None
    root = float(np.sqrt(part))
    return radii[0] * root, radii[1] * root


def paint_ellipsoid(
    image: Field,
    grid: Grid,
    *,
    z: float,
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
    value: float,
    angle_deg: float = 0.0,
    soft: float = 1.0,
) -> None:
    """Paint the cut of an ellipsoid at height ``z``."""
    cut = section(z, centre=centre, radii=radii)
    if cut is not None:
        paint_ellipse(
            image,
            grid,
            centre=centre[:2],
            radii=cut,
            value=value,
            angle_deg=angle_deg,
            soft=soft,
        )


def paint_capsule(
    image: Field,
    grid: Grid,
    *,
    start: tuple[float, float],
    end: tuple[float, float],
    radius: float,
    value: float,
    strength: float = 1.0,
) -> None:
    """Paint a thick in-plane line with round ends; ``strength`` < 1 for partial volume."""
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    run = (end[0] - start[0], end[1] - start[1])
    length = float(np.hypot(*run))
    box = grid.box(centre=middle, reach=length / 2 + radius + 2 * grid.pixel_mm)
    if box is None:
        return
    dx, dy = grid.x[:, box[1]] - np.float32(start[0]), grid.y[box[0], :] - np.float32(start[1])
    along = np.zeros((), dtype=np.float32)
    if length > 0:
        along = np.clip((dx * run[0] + dy * run[1]) / length**2, 0.0, 1.0).astype(np.float32)
    distance = np.hypot(dx - along * run[0], dy - along * run[1]) - np.float32(radius)
    alpha = coverage(distance.astype(np.float32), grid.pixel_mm) * np.float32(strength)
    paint(image, alpha=alpha, value=value, box=box)
