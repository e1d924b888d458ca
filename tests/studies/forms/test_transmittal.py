"""The transmittal form: every check fires where it should and is silent where it should."""

from __future__ import annotations

from decimal import Decimal

import pytest

from studies.forms import Status, evaluate
from studies.forms.documents import load
from tests.studies.forms.edits import GONE, changed

FORM = load("transmittal_ct")
CONTEXT = {
    "time_point.label": "Week 16",
    "time_point.window_start": "2026-02-26",
    "time_point.window_end": "2026-03-12",
    "header.scan_date": "2026-03-10",
    "header.scan_time": "09:42",
    "header.slice_thickness_mm": "1.25",
    "header.scanner": "CT 1",
    "header.weight_kg": "71",
    "header.height_cm": "172",
    "header.contrast_agent": "Iohexol 350",
    "header.contrast_volume_ml": "100",
    "header.contrast_delay_s": "70",
    "header.contrast_phase": "PORTAL VENOUS",
    "header.tracer": "FDG",
    "header.injection_date": "2026-03-10",
    "header.injection_time": "08:30",
    "header.injected_activity_mbq": "250",
    "guideline.slice_thickness_max_mm": "3",
    "guideline.contrast_phase": "PORTAL VENOUS",
    "clock.today_at_site": "2026-03-11",
}
CT = {
    "scan": {
        "modality": "CT",
        "date": "2026-03-10",
        "time": "09:30",
        "scanner": "CT 1",
        "technologist": "IC",
        "regions": ["CHEST", "ABDOMEN"],
        "slice_thickness": "1.25",
    },
    "subject": {"weight": "71"},
    "contrast": {
        "given": True,
        "agent": "Iohexol 350",
        "volume": "100",
        "phase": "PORTAL VENOUS",
        "delay": "70",
    },
    "deviations": {"any": False},
}
PET = changed(
    CT,
    scan__modality="PET",
    subject__height="172",
    pet={
        "tracer": "FDG",
        "activity": "250",
        "activity_time": "08:20",
        "residual": "5",
        "residual_time": "08:35",
        "injection_date": "2026-03-10",
        "injection_time": "08:30",
        "glucose": "5.6",
        "fasting": "6",
    },
)
DEVIATION = [{"what": "OTHER", "description": "Described."}]
CASES = {  # check: (base, edits that fire, edits that stay silent)
    "SCAN_IN_FUTURE": (CT, {"scan__date": "2026-03-12"}, {"scan__date": "2026-03-11"}),
    "SCAN_OUT_OF_WINDOW": (CT, {"scan__date": "2026-02-25"}, {"scan__date": "2026-02-26"}),
    "SCAN_DATE_NOT_IN_FILES": (CT, {"scan__date": "2026-03-09"}, {}),
    "SLICES_TOO_THICK": (CT, {"scan__slice_thickness": "5"}, {"scan__slice_thickness": "3.0"}),
    "SLICE_THICKNESS_NOT_IN_FILES": (
        CT,
        {"scan__slice_thickness": "1.5"},
        {"scan__slice_thickness": "1,250"},
    ),
    "WEIGHT_NOT_IN_FILES": (
        CT,
        {"subject__weight": "74.6"},
        {"subject__weight": {"value": "156.5", "unit": "lb"}},
    ),
    "WEIGHT_CHANGED": (CT, {"subject__weight": "56.7"}, {"subject__weight": "56.8"}),
    "CONTRAST_PHASE_NOT_AS_ASKED": (
        CT,
        {"contrast__phase": "ARTERIAL"},
        {"contrast__phase": "MULTIPHASE"},
    ),
    "CONTRAST_LEFT_OUT": (
        CT,
        {"contrast__given": False, "contrast__not_given_reason": "PROTOCOL"},
        {"contrast__given": False, "contrast__not_given_reason": "ALLERGY"},
    ),
    "INJECTION_AFTER_SCAN": (
        PET,
        {"pet__injection_time": "09:31"},
        {"pet__injection_time": "09:30"},
    ),
    "UPTAKE_TIME_FDG": (PET, {"pet__injection_time": "08:36"}, {"pet__injection_time": "08:35"}),
    "GLUCOSE_HIGH": (
        PET,
        {"pet__glucose": {"value": "201", "unit": "mg/dL"}},
        {"pet__glucose": {"value": "200", "unit": "mg/dL"}},
    ),
    "FASTING_SHORT": (PET, {"pet__fasting": "3.9"}, {"pet__fasting": "4"}),
    "RESIDUAL_TOO_LARGE": (PET, {"pet__residual": "250"}, {"pet__residual": "249.99"}),
    "ACTIVITY_NOT_IN_FILES": (
        PET,
        {"pet__activity": "224.99"},
        {"pet__activity": {"value": "6.75", "unit": "mCi"}},
    ),
    "SCAN_TIME_NOT_IN_FILES": (CT, {"scan__time": "09:26"}, {"scan__time": "09:57"}),
    "SCANNER_NOT_IN_FILES": (CT, {"scan__scanner": "CT 2"}, {}),
    "HEIGHT_NOT_IN_FILES": (
        PET,
        {"subject__height": "177.2"},
        {"subject__height": {"value": "1.77", "unit": "m"}},
    ),
    "CONTRAST_IN_FILES": (
        CT,
        {"contrast__given": False, "contrast__not_given_reason": "RENAL"},
        {},
    ),
    "CONTRAST_AGENT_NOT_IN_FILES": (CT, {"contrast__agent": "Iopamidol 370"}, {}),
    "CONTRAST_VOLUME_NOT_IN_FILES": (
        CT,
        {"contrast__volume": "89.9"},
        {"contrast__volume": "110"},
    ),
    "CONTRAST_PHASE_NOT_IN_FILES": (
        CT,
        {"contrast__phase": "DELAYED"},
        {"contrast__phase": "MULTIPHASE"},
    ),
    "CONTRAST_DELAY_NOT_IN_FILES": (CT, {"contrast__delay": "86"}, {"contrast__delay": "55"}),
    "TRACER_NOT_IN_FILES": (PET, {"pet__tracer": "DCFPYL"}, {}),
    "INJECTION_DATE_NOT_IN_FILES": (PET, {"pet__injection_date": "2026-03-09"}, {}),
    "INJECTION_TIME_NOT_IN_FILES": (
        PET,
        {"pet__injection_time": "08:24"},
        {"pet__injection_time": "08:35"},
    ),
    "OTHER_TRACER_UNDESCRIBED": (
        PET,
        {"pet__tracer": "OTHER"},
        {"pet__tracer": "OTHER", "deviations__any": True, "deviations__rows": DEVIATION},
    ),
    "CONTRAST_REASON_UNDESCRIBED": (
        CT,
        {"contrast__given": False, "contrast__not_given_reason": "OTHER"},
        {
            "contrast__given": False,
            "contrast__not_given_reason": "OTHER",
            "deviations__any": True,
            "deviations__rows": DEVIATION,
        },
    ),
}


def checks(answers):
    previous = changed(CT, subject__weight="71")
    result = evaluate(FORM, answers, previous=previous, context=CONTEXT, final=True)
    return {message.check for message in result.messages}


def test_every_check_of_the_document_is_in_the_table():
    assert {check.id for check in FORM.checks} == set(CASES)


@pytest.mark.parametrize("check", CASES)
def test_the_check_fires(check):
    base, fires, _ = CASES[check]
    assert check in checks(changed(base, **fires))


@pytest.mark.parametrize("check", CASES)
def test_the_check_stays_silent(check):
    base, _, silent = CASES[check]
    assert check not in checks(changed(base, **silent))


def test_the_document_has_no_problems():
    assert FORM.problems() == ()


@pytest.mark.parametrize("answers", [CT, PET], ids=["CT", "PET"])
def test_a_complete_form_can_be_signed(answers):
    result = evaluate(FORM, answers, previous=CT, context=CONTEXT, final=True)
    assert [message.text for message in result.messages] == []
    assert result.can_sign


def test_the_pet_part_is_shown_for_pet_only():
    assert "pet.tracer" in evaluate(FORM, PET).visible
    assert "pet.tracer" not in evaluate(FORM, CT).visible


def test_uptake_follows_from_injection_and_scan_across_midnight():
    late = changed(
        PET, pet__injection_date="2026-03-09", pet__injection_time="23:40", scan__time="00:42"
    )
    assert evaluate(FORM, late).answer("pet.uptake").value == Decimal(62)


def test_activity_in_millicuries_is_kept_as_entered_and_standardised():
    answer = evaluate(FORM, changed(PET, pet__activity={"value": "6,75", "unit": "mCi"})).answer(
        "pet.activity"
    )
    assert (answer.number, answer.unit) == (Decimal("6.75"), "mCi")
    assert answer.value == Decimal("249.75")


def test_nobody_is_taken_to_have_said_that_no_contrast_was_given():
    result = evaluate(FORM, changed(CT, contrast=GONE), context=CONTEXT, final=True)
    assert "contrast.not_given_reason" not in result.visible
    assert result.answer("contrast.given").status is Status.BLANK
    assert "contrast.given" in result.missing


def test_glucose_not_measured_is_an_answer_with_its_reason():
    unmeasured = {"status": "not_done", "reason": "The meter was out of order."}
    result = evaluate(
        FORM, changed(PET, pet__glucose=unmeasured), previous=CT, context=CONTEXT, final=True
    )
    assert result.can_sign
    assert result.record()["answers"]["pet.glucose"] == unmeasured
