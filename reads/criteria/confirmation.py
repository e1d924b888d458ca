"""Confirmation of a response by a later time point."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

# Day and response of each time point, in chronological order.
Sequenced = Sequence[tuple[int, str]]


def confirming_position(
    sequence: Sequenced,
    position: int,
    *,
    confirmed_by: Collection[str],
    min_days: int,
    between: Mapping[str, int],
) -> int | None:
    """Return the position that confirms the response at `position`, or None.

    A time point confirms when its response is one of `confirmed_by` and it lies at least
    `min_days` later. Until then, responses of `confirmed_by` may stand in between freely and each
    response of `between` as often as its number says; anything else ends the search.
    """
    day = sequence[position][0]
    left = dict(between)
    for later in range(position + 1, len(sequence)):
        later_day, response = sequence[later]
        if response in confirmed_by:
            if later_day - day >= min_days:
                return later
            continue
        left[response] = left.get(response, 0) - 1
        if left[response] < 0:
            return None
    return None
