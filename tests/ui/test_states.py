"""The palette is complete, and what it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ui.states import TONES, UnknownState, palette, state_of

ROOT = Path(__file__).resolve().parents[2]
SPRITE = (ROOT / "frontend" / "src" / "icons.svg").read_text(encoding="utf-8")
ICONS = set(re.findall(r'<symbol id="([^"]+)"', SPRITE))
# The stored states of docs/model.md, written by hand.
STORED = {
    "submission": "draft uploading received deidentified in_qc released held rejected withdrawn",
    "time_point": (
        "expected received in_qc accepted ready reading read checked locked not_done "
        "due overdue query_open delivered"
    ),
    "query": "open answered reopened closed cancelled overdue escalated",
    "read": "planned assigned accepted in_progress signed on_hold declined reassigned cancelled",
    "session": "open signed final voided",
    "document": "draft in_review in_test approved effective superseded withdrawn",
    "cut": "planned cleaning frozen generated released acknowledged superseded",
}


def test_every_state_has_a_tone_of_the_design_and_an_icon_of_the_sprite() -> None:
    states = [state for kind in palette().values() for state in kind.values()]
    assert {state.tone for state in states} == set(TONES)
    assert {state.icon for state in states} - ICONS == set()


@pytest.mark.parametrize(("kind", "codes"), STORED.items())
def test_every_stored_state_has_a_look(kind: str, codes: str) -> None:
    assert all(state_of(kind, code).label for code in codes.split())


def test_the_word_stands_in_the_matrix_as_short_form() -> None:
    assert state_of("time_point", "QUERY_OPEN").short == "Query"
    assert state_of("time_point", "QUERY_OPEN").label == "Open query"


def test_an_unknown_state_is_refused_and_not_drawn_as_something() -> None:
    with pytest.raises(UnknownState, match="time_point LOST"):
        state_of("time_point", "LOST")


def test_templates_and_code_name_only_icons_of_the_sprite() -> None:
    named: set[str] = set()
    for folder, pattern in (("templates", "*.html"), ("ui", "*.py")):
        for file in (ROOT / folder).rglob(pattern):
            text = file.read_text(encoding="utf-8")
            named |= set(re.findall(r'\{% (?:icon|system_mark) "([a-z0-9-]+)"', text))
            named |= set(re.findall(r'icon="([a-z0-9-]+)"', text))
    assert named - ICONS == set()
    assert len(named) > 40
