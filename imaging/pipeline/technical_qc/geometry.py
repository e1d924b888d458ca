"""Slice geometry from Image Position and Orientation (PS3.3 C.7.6.2), never from SliceLocation."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imaging.pipeline.technical_qc.facts import SliceFacts, Vector

# Directions that differ by less than about 0.6° count as one orientation.
_SAME_DIRECTION = 0.99995
# Positions closer than this are the same position, mm.
SAME_PLACE_MM = 0.01


@dataclass(frozen=True)
class Stack:
    """The main stack of a series. Heights in mm along the slice normal, ascending.

    ``repeats`` is how many volumes lie over each other (time points, echoes, b-values).
    """

    heights: tuple[float, ...]
    counts: tuple[int, ...]
    spacing: float | None
    repeats: int
    strays: tuple[SliceFacts, ...]
    duplicated: tuple[float, ...]
    incomplete: tuple[float, ...]
    normal: tuple[float, float, float] = (0.0, 0.0, 1.0)

    def height_of(self, item: SliceFacts) -> float | None:
        """Return where a slice lies along the stack's normal, mm; None when it states no place."""
        if item.position is None or len(item.position) != len(self.normal):
            return None
        return sum(p * n for p, n in zip(item.position, self.normal, strict=True))

    @property
    def span(self) -> float:
        return self.heights[-1] - self.heights[0] if self.heights else 0.0

    def missing(self, *, tolerance: float) -> tuple[float, ...]:
        """Heights at which slices are lacking: steps of a whole multiple of the spacing."""
        if self.spacing is None:
            return ()
        found = []
        for low, high in zip(self.heights, self.heights[1:], strict=False):
            steps = round((high - low) / self.spacing)
            if steps > 1 and abs((high - low) - steps * self.spacing) <= tolerance * steps:
                found += [low + (high - low) * k / steps for k in range(1, steps)]
        return tuple(found)

    def irregular(self, *, tolerance: float) -> tuple[float, ...]:
        """Heights after which the step is neither the spacing nor a multiple of it."""
        if self.spacing is None:
            return ()
        found = []
        for low, high in zip(self.heights, self.heights[1:], strict=False):
            steps = max(1, round((high - low) / self.spacing))
            if abs((high - low) - steps * self.spacing) > tolerance * steps:
                found.append(low)
        return tuple(found)


def orientation_groups(slices: Sequence[SliceFacts]) -> list[list[SliceFacts]]:
    """Slices by common orientation, the largest group first."""
    groups: list[tuple[np.ndarray, list[SliceFacts]]] = []
    alike: dict[Vector, list[SliceFacts]] = {}
    for item in slices:
        if item.orientation is None or len(item.orientation) != 6:
            continue
        if item.orientation in alike:
            alike[item.orientation].append(item)
            continue
        axes = np.asarray(item.orientation, dtype=float)
        for reference, members in groups:
            same_rows = float(axes[:3] @ reference[:3]) > _SAME_DIRECTION
            if same_rows and float(axes[3:] @ reference[3:]) > _SAME_DIRECTION:
                members.append(item)
                alike[item.orientation] = members
                break
        else:
            alike[item.orientation] = [item]
            groups.append((axes, alike[item.orientation]))
    return sorted((members for _, members in groups), key=len, reverse=True)


def stack_of(slices: Sequence[SliceFacts], *, temporal_positions: int = 0) -> Stack | None:
    """The main stack, or None when no slice has a position and orientation.

    ``temporal_positions`` is the number the header states (0020,0105), 0 when it states none.
    """
    placed = [item for item in slices if item.position is not None and len(item.position) == 3]
    groups = orientation_groups(placed)
    if not groups:
        return None
    # Heights of one group are measured along its first slice's normal, so that rounding of the
    # direction cosines cannot move slices against each other.
    reference = groups[0][0].orientation
    axes = np.asarray(reference, dtype=float)
    normal = np.cross(axes[:3], axes[3:])
    places = np.asarray([item.position for item in groups[0]], dtype=float) @ normal
    by_height = _by_height(groups[0], [round(float(place), 4) for place in places])
    heights = tuple(sorted(by_height))
    counts = tuple(len(by_height[height]) for height in heights)
    repeats = _repeats(by_height, counts, temporal_positions)
    return Stack(
        heights=heights,
        counts=counts,
        spacing=_usual_step(heights),
        repeats=repeats,
        strays=tuple(item for group in groups[1:] for item in group),
        duplicated=tuple(h for h in heights if len(by_height[h]) > repeats),
        incomplete=tuple(h for h in heights if len(by_height[h]) < repeats),
        normal=(float(normal[0]), float(normal[1]), float(normal[2])),
    )


def _by_height(
    slices: Sequence[SliceFacts], heights: Sequence[float]
) -> dict[float, list[SliceFacts]]:
    """Gather slices that lie in one place, under the height of the first of them."""
    found: dict[float, list[SliceFacts]] = {}
    known: list[float] = []  # in their order along the normal
    came: dict[float, int] = {}
    for item, height in zip(slices, heights, strict=True):
        at = bisect_left(known, height)
        near = [h for h in known[max(0, at - 1) : at + 1] if abs(h - height) < SAME_PLACE_MM]
        place = min(near, key=came.__getitem__, default=height)
        if not near:
            known.insert(at, place)
            came[place] = len(came)
        found.setdefault(place, []).append(item)
    return found


def _usual_step(heights: Sequence[float]) -> float | None:
    """The lower median of the steps: half of the slices may be missing before it misleads."""
    steps = sorted(np.diff(np.asarray(heights)).tolist())
    return round(float(steps[(len(steps) - 1) // 2]), 4) if steps else None


def _repeats(by_height: dict[float, list[SliceFacts]], counts: Sequence[int], stated: int) -> int:
    """How many volumes the series holds: more than one only when the headers say so.

    Either the stated number of temporal positions fits, or times, echoes or b-values differ.
    """
    usual = Counter(counts).most_common(1)[0][0]
    if usual in {1, stated}:
        return usual
    told_apart = all(
        len({item.volume for item in members}) == len(members)
        for members in by_height.values()
        if len(members) == usual
    )
    return usual if told_apart else 1
