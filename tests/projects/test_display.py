"""What a time point shows: stored state and flags in, display state out. The table is by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from projects.display import OUT_OF_WINDOW, QUERY, Facts, display_state, flags
from queries.models import Query
from studies.models import TimePoint
from ui.states import palette

TODAY = date(2026, 3, 16)
OPEN_WINDOW = (date(2026, 3, 10), date(2026, 3, 20))
PAST_WINDOW = (date(2026, 3, 1), date(2026, 3, 15))
COMING_WINDOW = (date(2026, 4, 1), date(2026, 4, 10))


def time_point(
    state: str = "expected", window: Any = OPEN_WINDOW, scanned: Any = None
) -> TimePoint:
    """Return an unsaved time point in a state."""
    return TimePoint(
        state=state, window_from=window[0], window_to=window[1], assessment_date=scanned
    )


def facts(tp: TimePoint, *queries: tuple[str, str], **more: Any) -> Facts:
    """Return facts with queries given as (state, cause)."""
    rows = [Query(state=state, cause=cause) for state, cause in queries]
    return Facts(today=TODAY, queries={tp.pk: rows} if rows else {}, **more)


@pytest.mark.parametrize(
    ("state", "window", "queries", "shown"),
    [
        ("expected", COMING_WINDOW, [], "EXPECTED"),
        ("expected", OPEN_WINDOW, [], "DUE"),
        ("expected", (TODAY, TODAY), [], "DUE"),
        ("expected", PAST_WINDOW, [], "OVERDUE"),
        ("expected", (None, None), [], "EXPECTED"),
        ("expected", PAST_WINDOW, [("open", "missing_images")], "QUERY_OPEN"),
        ("expected", PAST_WINDOW, [("open", "quality")], "RESCAN"),
        ("expected", PAST_WINDOW, [("answered", "quality")], "OVERDUE"),
        ("received", OPEN_WINDOW, [], "RECEIVED"),
        ("in_qc", OPEN_WINDOW, [], "IN_QC"),
        ("in_qc", OPEN_WINDOW, [("open", "missing_images")], "QUERY_OPEN"),
        ("in_qc", OPEN_WINDOW, [("reopened", "missing_images")], "QUERY_OPEN"),
        ("in_qc", OPEN_WINDOW, [("answered", "missing_images")], "IN_QC"),
        ("accepted", OPEN_WINDOW, [], "QC_ACCEPTED"),
        ("ready", OPEN_WINDOW, [], "READ_READY"),
        ("reading", OPEN_WINDOW, [], "READ_IN_PROGRESS"),
        ("read", OPEN_WINDOW, [], "READ"),
        ("checked", OPEN_WINDOW, [], "CHECKED"),
        ("locked", OPEN_WINDOW, [], "READ_COMPLETE"),
        ("not_done", PAST_WINDOW, [], "NOT_DONE"),
    ],
)
def test_the_display_state_follows_state_window_and_queries(
    state: str, window: Any, queries: list[tuple[str, str]], shown: str
) -> None:
    tp = time_point(state, window)
    assert display_state(tp, facts(tp, *queries)) == shown
    assert shown in palette()["time_point"]


def test_one_signed_read_shows_one_of_two() -> None:
    tp = time_point("reading")
    assert display_state(tp, facts(tp, signed={tp.pk: 1})) == "READ_1_DONE"


def test_an_open_case_shows_adjudication() -> None:
    tp = time_point("read")
    assert display_state(tp, facts(tp, cases=frozenset([tp.pk]))) == "ADJUDICATION"


def test_a_query_asks_for_action_before_an_adjudication_does() -> None:
    tp = time_point("read")
    known = facts(tp, ("open", "identity"), cases=frozenset([tp.pk]))
    assert display_state(tp, known) == "QUERY_OPEN"


def test_a_locked_time_point_of_a_released_cut_is_delivered() -> None:
    tp = time_point("locked")
    assert display_state(tp, facts(tp, delivered=frozenset([str(tp.pk)]))) == "DELIVERED"


@pytest.mark.parametrize(
    ("scanned", "found"),
    [
        (date(2026, 3, 9), (OUT_OF_WINDOW,)),
        (date(2026, 3, 10), ()),
        (date(2026, 3, 20), ()),
        (date(2026, 3, 21), (OUT_OF_WINDOW,)),
    ],
)
def test_a_scan_outside_its_window_is_flagged(scanned: date, found: tuple[Any, ...]) -> None:
    tp = time_point("ready", scanned=scanned)
    assert flags(tp, facts(tp), "READ_READY") == found


def test_an_answered_query_stays_visible_as_a_flag() -> None:
    tp = time_point("in_qc")
    assert flags(tp, facts(tp, ("answered", "quality")), "IN_QC") == (QUERY,)
