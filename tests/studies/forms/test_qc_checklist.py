"""The visual checklist: every check fires where it should and is silent where it should."""

from __future__ import annotations

import pytest

from studies.forms import evaluate
from studies.forms.documents import load
from tests.studies.forms.edits import changed

FORM = load("qc_checklist_ct")
CONTEXT = {
    "findings.open_major": 0,
    "findings.open_minor": 0,
    "queries.open": 0,
    "time_point.kind": "follow_up",
    "header.slice_thickness_mm": "1.25",
    "guideline.slice_thickness_max_mm": "3",
}
GOOD = {
    "identity": {"pixels": "YES", "header": "YES"},
    "technique": {
        "complete": "YES",
        "reconstruction": "YES",
        "orientation": "YES",
        "same_scanner": "YES",
    },
    "visual": {
        "coverage": "YES",
        "motion": "YES",
        "artefact": "YES",
        "contrast_phase": "YES",
        "arms": "YES",
        "liver": "YES",
        "same_region": "YES",
        "quality": "4",
    },
    "decision": {"verdict": "PASS"},
}
PHASE = {"visual__contrast_phase": "NO", "visual__contrast_phase_finding": "Late arterial look."}
DEVIATION = {
    "decision__verdict": "PASS_WITH_DEVIATION",
    "decision__deviation_class": "MINOR",
    "decision__comment": "Late arterial phase, readable.",
}
FAIL = {"decision__verdict": "FAIL", "decision__rescan": True, "decision__comment": "Liver cut."}
COVERAGE = {"visual__coverage": "NO", "visual__coverage_finding": "Liver dome missing."}
CASES = {  # check: (edits that fire, context then, edits that stay silent, context then)
    "IDENTITY_SEEN": ({"identity__pixels": "NO"}, {}, {**FAIL, "identity__pixels": "NO"}, {}),
    "PASS_WITH_NO": (PHASE, {}, {**PHASE, **DEVIATION}, {}),
    "PASS_WITH_MAJOR_FINDING": ({}, {"findings.open_major": 1}, {}, {"findings.open_minor": 3}),
    "PASS_WITH_OPEN_QUERY": ({}, {"queries.open": 1}, FAIL, {"queries.open": 1}),
    "FAIL_AGAINST_SUGGESTION": (FAIL, {}, {**FAIL, **COVERAGE}, {}),
    "PASS_AGAINST_SUGGESTION": ({**COVERAGE, **DEVIATION}, {}, {**PHASE, **DEVIATION}, {}),
    "QUALITY_CONTRADICTS": (COVERAGE, {}, {**COVERAGE, "visual__quality": "2"}, {}),
    "SAME_REGION_AT_BASELINE": (
        {},
        {"time_point.kind": "baseline"},
        {"visual__same_region": "NA"},
        {"time_point.kind": "baseline"},
    ),
    "SAME_REGION_NOT_COMPARED": ({"visual__same_region": "NA"}, {}, {}, {}),
    "RECONSTRUCTION_TOO_THICK": (
        {},
        {"header.slice_thickness_mm": "5"},
        {},
        {"header.slice_thickness_mm": "3.0"},
    ),
    "CRITICAL_DEVIATION": (
        {**DEVIATION, "decision__deviation_class": "CRITICAL", "decision__comment": ""},
        {},
        {**DEVIATION, "decision__deviation_class": "CRITICAL"},
        {},
    ),
    "DEVIATION_WITHOUT_CAUSE": (DEVIATION, {}, {**DEVIATION, **PHASE}, {}),
}


def checked(edits, context):
    return evaluate(FORM, changed(GOOD, **edits), context=CONTEXT | context, final=True)


def fired(edits, context):
    return {message.check for message in checked(edits, context).messages}


def test_every_check_of_the_document_is_in_the_table():
    assert {check.id for check in FORM.checks} == set(CASES)


@pytest.mark.parametrize("check", CASES)
def test_the_check_fires(check):
    edits, context, _, _ = CASES[check]
    assert check in fired(edits, context)


@pytest.mark.parametrize("check", CASES)
def test_the_check_stays_silent(check):
    _, _, edits, context = CASES[check]
    assert check not in fired(edits, context)


def test_the_document_has_no_problems():
    assert FORM.problems() == ()


def test_good_images_can_be_passed():
    assert checked({}, {}).can_sign


@pytest.mark.parametrize(
    ("edits", "context", "suggestion"),
    [
        ({}, {}, "PASS"),
        (PHASE, {}, "PASS_WITH_DEVIATION"),
        ({}, {"findings.open_major": 1}, "PASS_WITH_DEVIATION"),
        (COVERAGE, {}, "FAIL"),
        ({"identity__header": "NO"}, {}, "FAIL"),
        ({"visual__quality": "1"}, {}, "FAIL"),
    ],
)
def test_the_answers_suggest_a_decision_but_never_make_it(edits, context, suggestion):
    result = checked(edits, context)
    assert result.answer("decision.suggested").value == suggestion
    assert result.answer("decision.verdict").value == "PASS"


def test_a_no_asks_for_what_was_seen():
    result = checked({"visual__motion": "NO"}, {})
    assert "visual.motion_finding" in result.missing
    assert not result.can_sign


def test_nothing_is_suggested_while_identity_is_not_answered():
    result = checked({"identity__pixels": "", "visual__motion": "NO"}, {})
    assert result.answer("decision.suggested").value is None
