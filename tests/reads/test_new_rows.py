"""Names of lesions: given when a row is added, kept for the whole study."""

from __future__ import annotations

from typing import Any

from reads.design.standard_form import standard_form
from reads.newrows import begun
from studies.forms.definition import Form
from studies.forms.documents import load

RECIST = load("ecrf_recist11")
IMMUNE = Form.from_document(standard_form({"iRECIST": {}}, key="ecrf_i", title="Immune"))


def rows(answers: dict[str, Any], section: str) -> list[dict[str, Any]]:
    """Return the lesion rows of a section."""
    found: list[dict[str, Any]] = answers[section]["lesions"]
    return found


def test_the_first_target_of_a_baseline_is_t01_and_measured_by_the_method_of_the_images() -> None:
    answers = begun(RECIST, {"target": {"lesions": [{}]}}, labels=(), sequence=1, modality="CT")
    assert rows(answers, "target") == [{"label": "T01", "method": "CT SCAN", "state": "MEASURED"}]


def test_a_non_target_is_present_at_baseline() -> None:
    answers = begun(RECIST, {"non_target": {"lesions": [{}]}}, labels=(), sequence=1)
    assert rows(answers, "non_target") == [{"label": "NT01", "state": "PRESENT"}]


def test_a_name_that_the_stream_has_used_is_never_given_again() -> None:
    answers = {"new": {"any": True, "lesions": [{"label": "NL02"}, {}]}}
    answers = begun(IMMUNE, answers, labels=["NL01", "NL03", "T09"], sequence=3)
    assert rows(answers, "new")[1] == {"label": "NL04", "first_seen": "TP3"}


def test_the_state_of_a_new_lesion_is_never_proposed() -> None:
    answers = begun(IMMUNE, {"new": {"lesions": [{}]}}, labels=(), sequence=2, modality="MR")
    assert rows(answers, "new") == [{"label": "NL01", "method": "MRI", "first_seen": "TP2"}]


def test_rows_that_hold_anything_and_other_sections_stay_as_they_are() -> None:
    answers = {
        "quality": {"overall": "LIMITED"},
        "target": {"lesions": [{"label": "left kidney"}, {"long_axis": "12"}]},
    }
    assert begun(RECIST, answers, labels=(), sequence=1) == answers
