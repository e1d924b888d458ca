"""Differences in words: between answers, and between versions of a form."""

from __future__ import annotations

from studies.forms import Form, evaluate
from studies.forms.difference import answer_changes, form_changes
from studies.forms.prefill import carried_forward, prefilled
from tests.studies.forms.edits import GONE, changed
from tests.studies.forms.small import clean, document, form

FORM = form()


def sentences(old, new):
    changes = answer_changes(evaluate(FORM, old), evaluate(FORM, new))
    return [change.sentence for change in changes]


def test_equal_answers_have_no_difference():
    assert sentences(clean(), clean()) == []


def test_a_changed_measurement_is_told_with_its_lesion_and_units():
    new = changed(clean(), target__lesions__1__size="12.9")
    assert sentences(clean(), new) == ["T2, Diameter: 21.8 mm → 12.9 mm", "Sum: 56.0 mm → 47.1 mm"]


def test_choices_dates_and_absences_are_told_in_words():
    new = changed(
        clean(),
        scan__date="2026-03-06",
        scan__weight={"status": "not_done", "reason": "Scale broken."},
        target__lesions__0__organ="LUNG",
    )
    assert sentences(clean(), new) == [
        "Scan date: 05 Mar 2026 → 06 Mar 2026",
        "Weight: 71.5 kg → Not done: Scale broken.",
        "T1, Organ: Liver → Lung",
    ]


def test_rows_are_matched_by_name_and_not_by_place():
    rows = clean()["target"]["lesions"]
    assert sentences(clean(), changed(clean(), target__lesions=rows[::-1])) == []


def test_another_unit_for_the_same_weight_is_a_difference():
    new = changed(clean(), scan__weight={"value": "157.6", "unit": "lb"})
    assert sentences(clean(), new) == ["Weight: 71.5 kg → 157.6 lb"]


def test_an_answer_that_is_no_longer_shown_is_told():
    assert sentences(clean(), changed(clean(), scan__contrast=False)) == [
        "Contrast: Yes → No",
        "Agent: Iohexol 350 → –",
    ]


def test_equal_forms_have_no_difference():
    assert form_changes(FORM, FORM) == ()


def test_a_new_version_is_told_by_what_its_author_changed():
    raw = document()
    scan = raw["sections"][0]["items"]
    scan[5]["maximum"] = 500
    del scan[6]
    scan.append({"key": "height", "label": "Height", "kind": "decimal", "decimals": 1})
    raw["checks"][0]["level"] = "error"
    del raw["checks"][3]
    changes = form_changes(FORM, Form.from_document(raw))
    told = {(change.what, change.id, change.kind): change.sentence for change in changes}
    assert told["item", "scan.weight", "changed"] == (
        "Item scan.weight “Weight” changed: maximum 400 → 500"
    )
    assert told["item", "scan.height", "added"] == "Item scan.height “Height” was added"
    assert told["item", "scan.count", "removed"] == "Item scan.count “Series” was removed"
    assert told["check", "LIGHT", "changed"] == "Check LIGHT changed: level “warning” → “error”"
    assert told["check", "REMARK_AT_SIGNING", "removed"] == "Check REMARK_AT_SIGNING was removed"


def test_blank_items_are_filled_from_their_source_and_answers_are_left_alone():
    context = {"header.weight_kg": 80}
    assert prefilled(FORM, changed(clean(), scan__weight=GONE), context) == changed(
        clean(), scan__weight="80"
    )
    assert prefilled(FORM, clean(), context) == clean()


def test_lesions_are_carried_forward_with_their_names_only():
    assert carried_forward(FORM, clean()) == {
        "target": {"lesions": [{"label": "T1", "organ": "LIVER"}, {"label": "T2", "organ": "LUNG"}]}
    }
