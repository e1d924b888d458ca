"""The transmittal form of an MR visit: what it asks, and every check on either side of its edge."""

from __future__ import annotations

from typing import Any

import pytest

from studies.forms import evaluate
from studies.forms.documents import load
from tests.studies.forms.edits import GONE, changed

FORM = load("transmittal_mr")
CONTEXT = {
    "time_point.label": "Week 16",
    "time_point.window_start": "2026-02-26",
    "time_point.window_end": "2026-03-12",
    "header.scan_date": "2026-03-10",
    "header.scan_time": "09:42",
    "header.slice_thickness_mm": "4",
    "header.scanner": "MR 2",
    "header.weight_kg": "71",
    "header.contrast_agent": "Gadobutrol",
    "header.contrast_volume_ml": "7",
    "header.field_strength_t": "1.494",
    "guideline.slice_thickness_max_mm": "5",
    "guideline.contrast_phase": "DYNAMIC",
    "clock.today_at_site": "2026-03-11",
}
MR: dict[str, Any] = {
    "scan": {
        "modality": "MR",
        "date": "2026-03-10",
        "time": "09:30",
        "scanner": "MR 2",
        "field_strength": "1.5",
        "coil": "Body 18",
        "technologist": "IC",
        "regions": ["ABDOMEN"],
        "sequences": ["T2", "DWI", "DCE"],
        "b_values": "0, 50, 800",
        "slice_thickness": "4",
    },
    "subject": {"weight": "71", "sedation": False, "breath_hold": "GOOD"},
    "contrast": {
        "given": True,
        "agent": "Gadobutrol",
        "volume": "7",
        "rate": "1.5",
        "time": "09:50",
    },
    "deviations": {"any": False},
}
CASES = {  # check: (edits that fire, edits that stay silent)
    "SCAN_IN_FUTURE": ({"scan__date": "2026-03-12"}, {"scan__date": "2026-03-11"}),
    "SCAN_OUT_OF_WINDOW": ({"scan__date": "2026-02-25"}, {"scan__date": "2026-02-26"}),
    "SCAN_DATE_NOT_IN_FILES": ({"scan__date": "2026-03-09"}, {}),
    "SCAN_TIME_NOT_IN_FILES": ({"scan__time": "09:26"}, {"scan__time": "09:57"}),
    "SCANNER_NOT_IN_FILES": ({"scan__scanner": "MR 1"}, {}),
    "SLICES_TOO_THICK": ({"scan__slice_thickness": "5.5"}, {"scan__slice_thickness": "5"}),
    "SLICE_THICKNESS_NOT_IN_FILES": ({"scan__slice_thickness": "3"}, {}),
    "WEIGHT_NOT_IN_FILES": ({"subject__weight": "74.6"}, {"subject__weight": "74.5"}),
    "WEIGHT_CHANGED": ({"subject__weight": "56.7"}, {"subject__weight": "56.8"}),
    "FIELD_NOT_IN_FILES": ({"scan__field_strength": "3"}, {"scan__field_strength": "1.5"}),
    "FIELD_CHANGED": ({"scan__field_strength": "3"}, {"scan__field_strength": "1.5"}),
    "CONTRAST_LEFT_OUT": (
        {"contrast__given": False, "contrast__not_given_reason": "PROTOCOL"},
        {"contrast__given": False, "contrast__not_given_reason": "RENAL"},
    ),
    "CONTRAST_SERIES_WITHOUT_CONTRAST": (
        {"contrast__given": False, "contrast__not_given_reason": "RENAL"},
        {
            "contrast__given": False,
            "contrast__not_given_reason": "RENAL",
            "scan__sequences": ["T2", "DWI"],
        },
    ),
    "CONTRAST_IN_FILES": ({"contrast__given": False, "contrast__not_given_reason": "RENAL"}, {}),
    "CONTRAST_AGENT_NOT_IN_FILES": ({"contrast__agent": "Gadoterate"}, {}),
    "CONTRAST_VOLUME_NOT_IN_FILES": ({"contrast__volume": "14"}, {"contrast__volume": "7"}),
}


def checks(answers: Any) -> set[str]:
    result = evaluate(FORM, answers, previous=MR, context=CONTEXT, final=True)
    return {message.check for message in result.messages}


def test_a_form_that_agrees_with_the_files_can_be_signed() -> None:
    result = evaluate(FORM, MR, previous=MR, context=CONTEXT, final=True)
    assert [message.text for message in result.messages] == []
    assert result.can_sign
    assert FORM.problems() == ()


def test_every_check_has_its_case() -> None:
    assert {check.id for check in FORM.checks} == set(CASES)


@pytest.mark.parametrize("check", sorted(CASES))
def test_each_check_fires_on_its_side_of_the_edge_only(check: str) -> None:
    fires, silent = CASES[check]
    assert check in checks(changed(MR, **fires))
    assert check not in checks(changed(MR, **silent))


def test_b_values_are_asked_for_with_a_diffusion_series_only() -> None:
    assert "scan.b_values" in evaluate(FORM, MR).visible
    assert "scan.b_values" not in evaluate(FORM, changed(MR, scan__sequences=["T2"])).visible


def test_the_weight_is_asked_for_when_contrast_was_given() -> None:
    without = changed(MR, subject__weight=GONE)
    assert "subject.weight" in evaluate(FORM, without, final=True).missing
    plain = changed(
        without, contrast={"given": False, "not_given_reason": "RENAL"}, scan__sequences=["T2"]
    )
    assert "subject.weight" not in evaluate(FORM, plain, final=True).missing
