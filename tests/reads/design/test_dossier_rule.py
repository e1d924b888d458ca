"""Who may see the clinical dossier, and when (charter; FDA 2018 III.C; Wen 2010, Wen 2023)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reads.design import design_from
from reads.design import dossiers as rule

KINDS = ("time_point", "global", "eligibility", "oncology")
SHOWN = {
    "never": set(),
    "time_point": {"time_point", "global", "oncology"},
    "global_review": {"global"},
    "oncology_review": {"oncology"},
}


def design(shown: str = "time_point", *criteria: str, **parts: Any) -> Any:
    return design_from(
        {
            "form": "ecrf",
            "readers_per_subject": 2,
            "criteria": [{"key": key} for key in criteria or ("RECIST11",)],
            "dossiers": shown,
            **parts,
        }
    )


@pytest.mark.parametrize("shown", SHOWN)
def test_each_choice_of_the_charter_shows_the_dossier_in_its_reads_only(shown: str) -> None:
    assert {kind for kind in KINDS if rule.is_shown(design(shown), kind)} == SHOWN[shown]


@given(
    shown=st.sampled_from(sorted(SHOWN)),
    kind=st.sampled_from(KINDS),
    sequence=st.integers(1, 12),
    there=st.sets(st.integers(1, 12)),
)
def test_no_dossier_of_a_later_time_point_is_ever_shown(
    shown: str, kind: str, sequence: int, there: set[int]
) -> None:
    found = rule.sequences_shown(design(shown), kind, sequence, there)
    assert all(place <= sequence for place in found)
    expected = {n for n in there if n <= sequence} if kind in SHOWN[shown] else set()
    assert set(found) == expected


def test_a_read_that_was_not_started_opens_nothing() -> None:
    answer = rule.may_open(
        design(), "time_point", is_open=False, images_judged=False, was_seen=False
    )
    assert answer == rule.Answer(False, "Start the read before you open its dossier.")


def test_what_was_seen_may_be_opened_again_after_the_read_has_ended() -> None:
    assert rule.may_open(
        design(), "time_point", is_open=False, images_judged=False, was_seen=True
    ).allowed


def test_a_charter_that_shows_none_wins_over_what_was_seen_before() -> None:
    answer = rule.may_open(
        design("never"), "time_point", is_open=True, images_judged=True, was_seen=True
    )
    assert answer == rule.Answer(
        False, "The charter does not show the clinical dossier in this read."
    )


@pytest.mark.parametrize("criterion", ["RANO20_CE_2D", "RANO_HGG_2010", "RANO_LGG_2011"])
def test_in_the_rano_family_the_images_are_judged_before_the_dossier(criterion: str) -> None:
    brain = design("time_point", criterion)
    state = {"is_open": True, "was_seen": False}
    before = rule.may_open(brain, "time_point", images_judged=False, **state)
    assert not before.allowed and before.why.startswith("Judge the images first.")
    assert rule.may_open(brain, "time_point", images_judged=True, **state).allowed
    # The reviews that follow have no images to judge.
    assert rule.may_open(brain, "global", images_judged=False, **state).allowed


def test_an_adjudicator_sees_it_when_the_charter_says_so_and_readers_were_shown_it() -> None:
    sees = {"adjudication": {"variables": ["overall_response"], "sees": ["images", "dossier"]}}
    assert rule.is_shown_in_case(design("time_point", **sees))
    assert not rule.is_shown_in_case(design("never", **sees))
    assert not rule.is_shown_in_case(design("time_point"))
