"""Charts start at zero, keep proportions and stay inside their box."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import charts

COUNTS = st.lists(st.integers(min_value=0, max_value=10_000), min_size=1, max_size=6)


def test_parts_of_a_bar_lie_side_by_side_in_proportion() -> None:
    spans = charts.stack_spans([30, 10], largest=80, width=400, start=100, gap=0)
    assert [(span.x, span.width) for span in spans] == [(100, 150), (250, 50)]


def test_a_part_of_nothing_is_not_drawn() -> None:
    spans = charts.stack_spans([3, 0, 2], largest=5, width=100, start=0, gap=0)
    assert [span.part for span in spans] == [1, 3]


@given(COUNTS)
def test_no_bar_is_longer_than_the_room_for_the_largest(values: list[int]) -> None:
    largest = sum(values) or 1
    spans = charts.stack_spans(values, largest=largest, width=400, start=100)
    assert all(span.x >= 100 and span.x + span.width <= 500.1 for span in spans)


@pytest.mark.parametrize(
    ("low", "high", "lines"),
    [
        (52.2, 74.6, [50, 60, 70, 80]),
        (0, 12, [0, 5, 10, 15]),
        (0, 1, [0, 0.5, 1.0]),
        (5, 5, [5, 6]),
    ],
)
def test_grid_lines_are_round_and_enclose_the_values(
    low: float, high: float, lines: list[float]
) -> None:
    assert charts.ticks(low, high) == lines


def test_a_larger_value_stands_higher() -> None:
    chart = charts.line_chart([("TP1", 74.6), ("TP2", 56.5), ("TP3", 68.9)])
    first, second, third = chart.points
    assert second.y > third.y > first.y
    assert first.x < second.x < third.x


def test_a_limit_lies_at_the_height_of_its_value() -> None:
    chart = charts.line_chart([("TP1", 60.0), ("TP2", 80.0)], [("limit", 70.0, "stop")])
    height = chart.limits[0][0]
    assert height == pytest.approx((chart.points[0].y + chart.points[1].y) / 2, abs=0.1)


@given(st.lists(st.floats(min_value=-1e4, max_value=1e4), min_size=2, max_size=24))
def test_a_spark_stays_inside_its_box(values: list[float]) -> None:
    points = charts.spark_path(values)
    assert all(0 <= point.x <= 92 and 0 <= point.y <= 24 for point in points)


def test_the_funnel_fills_the_width_and_shrinks_with_the_counts() -> None:
    stages = charts.funnel_stages([100, 50, 25], width=1160, top=0, bottom=100)
    assert [stage.height for stage in stages] == [100, 50, 25]
    assert stages[-1].x + stages[-1].width == pytest.approx(1160, abs=0.3)
    assert stages[0].ramp
    assert not stages[-1].ramp


def test_the_figure_of_a_low_column_of_the_funnel_stands_above_it() -> None:
    stages = charts.funnel_stages([100, 40, 10, 0])
    assert [stage.number_dy for stage in stages] == [25, 25, -6, -6]
