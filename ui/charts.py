"""Geometry of the charts: plain numbers for inline SVG, no colours and no text layout.

Bars start at zero, the plan is a dark tick, values stand at the mark. Widths are in units of the
view box, which scales with the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, log10


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a horizontal bar."""

    x: float
    width: float
    value: float
    part: int

    @property
    def centre(self) -> float:
        """Middle of the stretch, where its number stands."""
        return round(self.x + self.width / 2, 1)

    @property
    def shows_number(self) -> bool:
        """Whether a number fits inside."""
        return self.width >= 7 + 7 * len(f"{self.value:g}")


@dataclass(frozen=True, slots=True)
class Point:
    """A value on a line chart."""

    x: float
    y: float
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line with its number."""

    at: float
    value: float


def stack_spans(
    values: Sequence[float], *, largest: float, width: float, start: float, gap: float = 1
) -> list[Span]:
    """Lay the parts of one bar side by side; ``largest`` fills the whole width."""
    scale = width / largest if largest > 0 else 0
    edges = [0.0, *accumulate(values)]
    return [
        Span(
            round(start + edges[i] * scale, 1),
            round(max(0.0, value * scale - gap), 1),
            value,
            i + 1,
        )
        for i, value in enumerate(values)
        if value > 0
    ]


def nice_step(span: float, wanted: int = 4) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that gives about ``wanted`` grid lines."""
    if span <= 0:
        return 1.0
    rough = span / wanted
    power = 10.0 ** floor(log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999999)


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Return round grid values that enclose a range."""
    step = nice_step(high - low, wanted)
    first, last = floor(low / step), ceil(high / step)
    if first == last:
        last += 1
    return [round(n * step, 10) for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line chart ready to draw."""

    points: tuple[Point, ...]
    path: str
    grid: tuple[Tick, ...]
    limits: tuple[tuple[float, str, str], ...]
    left: float
    right: float
    bottom: float
    width: float
    height: float


def line_chart(
    rows: Sequence[tuple[str, float]],
    limits: Sequence[tuple[str, float, str]] = (),
    *,
    width: float = 420,
    height: float = 140,
    from_zero: bool = False,
) -> LineChart:
    """Place labelled values on a line; limits are (words, value, tone) and drawn dashed."""
    values = [value for _, value in rows] + [value for _, value, _ in limits]
    low = 0.0 if from_zero else min(values, default=0)
    lines = ticks(low, max(values, default=1))
    left, right = 34.0, width - (128 if limits else 16)
    top, bottom = 18.0, height - 24

    def height_of(value: float) -> float:
        share = (value - lines[0]) / (lines[-1] - lines[0])
        return round(bottom - share * (bottom - top), 1)

    step = (right - left - 28) / max(1, len(rows) - 1)
    points = tuple(
        Point(round(left + 14 + i * step, 1), height_of(value), label, value)
        for i, (label, value) in enumerate(rows)
    )
    return LineChart(
        points=points,
        path="M" + "L".join(f"{point.x} {point.y}" for point in points),
        grid=tuple(Tick(height_of(value), value) for value in lines),
        limits=tuple((height_of(value), words, tone) for words, value, tone in limits),
        left=left,
        right=right,
        bottom=bottom,
        width=width,
        height=height,
    )


def spark_path(values: Sequence[float], *, width: float = 92, height: float = 24) -> list[Point]:
    """Return the points of a word-sized line, scaled to its own range."""
    low, high = min(values), max(values)
    span = high - low or 1
    step = (width - 8) / max(1, len(values) - 1)
    return [
        Point(
            round(4 + i * step, 1),
            round(height - 4 - (value - low) / span * (height - 8), 1),
            "",
            value,
        )
        for i, value in enumerate(values)
    ]


#: a column of the funnel that is this high holds its figure
ROOM_FOR_FIGURE = 30


@dataclass(frozen=True, slots=True)
class Stage:
    """One column of the funnel: what reached it, and the way down to the next one."""

    x: float
    y: float
    width: float
    height: float
    ramp: str
    middle: float

    @property
    def number_dy(self) -> int:
        """How far the figure stands below the column's top: in it, or above one that is too low."""
        return 25 if self.height >= ROOM_FOR_FIGURE else -6


def funnel_stages(
    values: Sequence[float], *, width: float = 1160, top: float = 8, bottom: float = 104
) -> list[Stage]:
    """Lay the stages of the scan's way side by side, each as high as its share of the largest."""
    largest = max(values, default=0) or 1
    body = width / (1.54 * max(1, len(values)) - 0.54)
    pitch = body * 1.54
    heights = [round((bottom - top) * value / largest, 1) for value in values]
    stages = []
    for i, height in enumerate(heights):
        x, y = round(i * pitch, 1), round(bottom - height, 1)
        ramp = ""
        if i + 1 < len(heights):
            edge, next_x = round(x + body, 1), round((i + 1) * pitch, 1)
            next_y = round(bottom - heights[i + 1], 1)
            ramp = f"M{edge} {y}L{next_x} {next_y}V{bottom}H{edge}Z"
        middle = round(x + body + (pitch - body) / 2, 1)
        stages.append(Stage(x, y, round(body, 1), height, ramp, middle))
    return stages
