"""Published cases and probes of edit checks: what a validation rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from reads.criteria import registry
from reads.design import conformance
from reads.design.conformance import cases, engines
from reads.design.ecrf.filling import NotCompletable, Script, completed
from reads.design.ecrf.probing import fired, probe
from reads.design.standard_form import standard_form
from studies.forms import Form, evaluate
from studies.forms.documents import load

VISIBLE = Path(__file__).parents[1] / "criteria" / "vectors"
SHIPPED = Path(registry.__file__).parent / "vectors"


def test_the_cases_that_ship_are_those_of_the_tests_byte_for_byte() -> None:
    shipped = {path.name: path.read_bytes() for path in SHIPPED.glob("*.json")}
    assert shipped
    assert shipped == {name: (VISIBLE / name).read_bytes() for name in shipped}
    assert {path.name for path in VISIBLE.glob("*.json")} - set(shipped) == {
        "reader_statistics.json"
    }


def test_only_the_cases_of_the_criteria_asked_for_are_run() -> None:
    found = cases(["VOLUMETRIC"])
    assert {one.criterion for one in found} == {"VOLUMETRIC"}
    assert len(found) == 4
    assert all(one.passed for one in found)
    assert cases([]) == []


def test_an_engine_that_errs_is_named_with_the_case_and_both_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = [
        (name, text.replace('"PR"', '"SD"') if name == "recist11.json" else text)
        for name, text in conformance._files()
    ]
    monkeypatch.setattr(conformance, "_files", lambda: tuple(wrong))
    failed = [one for one in cases(["RECIST11"]) if not one.passed]
    assert failed
    assert 'expected "SD", derived "PR"' in " ".join(failed[0].different)


def test_the_engines_versions_are_those_that_reads_pin() -> None:
    assert engines(["RECIST11"]) == {"RECIST11": registry.get("RECIST11").version}


#: one form for each set of lesions, with everything that it can be asked
SETS = {
    "solid": ("RECIST11", "iRECIST", "VOLUMETRIC", "PCWG3"),
    "lymphoma": ("LUGANO2014", "CHESON2007"),
    "brain": ("RANO_LGG_2011", "RANO20_MIXED", "RANO20_CE_VOL"),
    "uptake": ("PERCIST",),
}
FORMS = {
    name: Form.from_document(standard_form({key: {} for key in keys}, key="x", title="X"))
    for name, keys in SETS.items()
}


@pytest.mark.parametrize("form", [load("ecrf_recist11"), *FORMS.values()], ids=["recist11", *FORMS])
def test_every_edit_check_is_made_to_fire_once_and_to_stay_silent_once(form: Form) -> None:
    for check in form.checks:
        found = probe(form, check)
        assert found.fires is not None, check.id
        assert found.silent is not None, check.id
        assert fired(form, check, found.fires), check.id
        assert not fired(form, check, found.silent), check.id


def test_a_check_that_cannot_fire_is_not_proved() -> None:
    document = load("ecrf_recist11").document()
    document["checks"] = [
        {
            "id": "NEVER",
            "item": "quality.overall",
            "level": "error",
            "message": "Never.",
            "must": {"item": "quality.overall", "one_of": ["ADEQUATE", "LIMITED", "NOT READABLE"]},
        }
    ]
    form = Form.from_document(document)
    found = probe(form, form.checks[0])
    assert found.fires is None
    assert not found.is_proved


def test_plain_answers_complete_a_small_form_and_give_reasons_for_warnings() -> None:
    form = Form.from_document(
        {
            "key": "f", "version": "1.0", "title": "F", "checks": [
                {"id": "BIG", "item": "a.size", "level": "warning", "message": "Large.",
                 "must": {"item": "a.size", "at_most": 30}}],
            "sections": [{"key": "a", "title": "A", "items": [
                {"key": "seen", "label": "Seen", "kind": "boolean", "required": True},
                {"key": "size", "label": "Size", "kind": "decimal", "unit": "mm", "decimals": 1,
                 "required": True}]}],
        }
    )  # fmt: skip
    answers = completed(form, {}, lambda given: evaluate(form, given, final=True), Script())
    assert answers["a"] == {"seen": False, "size": "40.0"}
    assert answers["reasons"] == {"BIG": "Scripted read of the validation."}


def test_a_form_that_no_answer_completes_is_named_with_what_is_left() -> None:
    form = Form.from_document(
        {
            "key": "f", "version": "1.0", "title": "F", "checks": [
                {"id": "STOP", "item": "a.size", "level": "error", "message": "Never right.",
                 "must": {"item": "a.size", "more_than": 400}}],
            "sections": [{"key": "a", "title": "A", "items": [
                {"key": "size", "label": "Size", "kind": "integer", "required": True}]}],
        }
    )  # fmt: skip
    with pytest.raises(NotCompletable, match="Never right"):
        completed(form, {}, lambda given: evaluate(form, given, final=True), Script())
