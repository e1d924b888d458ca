"""Slices are sorted to places by their positions, however many they are and in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imaging.pipeline.technical_qc.facts import SliceFacts
from imaging.pipeline.technical_qc.geometry import SAME_PLACE_MM, orientation_groups, stack_of

AXIAL, CORONAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
# Less than 0.6° off: cos 0.3° = 0.99998629, sin 0.3° = 0.00523596.
NEARLY = (0.99998629, 0.00523596, 0.0, -0.00523596, 0.99998629, 0.0)


def lying(height: float, orientation: tuple[float, ...] = AXIAL) -> SliceFacts:
    return SliceFacts("i", "s", "t", position=(0.0, 0.0, height), orientation=orientation)


@given(st.lists(st.integers(-400, 400), min_size=1, max_size=60))
def test_slices_share_a_place_with_the_first_that_came_within_a_hundredth(steps: list[int]) -> None:
    heights = [step * 0.004 for step in steps]
    places: dict[float, int] = {}
    for height in (round(one, 4) for one in heights):
        near = next((p for p in places if abs(p - height) < SAME_PLACE_MM), height)
        places[near] = places.get(near, 0) + 1
    stack = stack_of([lying(height) for height in heights])
    assert stack is not None
    assert dict(zip(stack.heights, stack.counts, strict=True)) == places
    assert list(stack.heights) == sorted(places)


def test_a_slice_between_two_places_goes_to_the_one_that_came_first() -> None:
    for first, second in ((0.0, 0.015), (0.015, 0.0)):
        stack = stack_of([lying(first), lying(second), lying(0.0075)])
        assert stack is not None
        counts = dict(zip(stack.heights, stack.counts, strict=True))
        assert counts == {first: 2, second: 1}


def test_directions_within_half_a_degree_are_one_orientation() -> None:
    mixed = [lying(1), lying(2, NEARLY), lying(3, CORONAL), lying(4, NEARLY), lying(5, CORONAL)]
    sizes = [
        [int(s.position[2]) for s in group if s.position] for group in orientation_groups(mixed)
    ]
    assert sizes == [[1, 2, 4], [3, 5]]
