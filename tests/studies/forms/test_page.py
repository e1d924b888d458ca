"""The page of a form: the templates, the names they write, and the parser that reads them."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.forms import evaluate
from studies.forms.documents import load
from studies.forms.posted import parse_posted
from studies.forms.presentation import present
from tests.studies.forms.browser import Page
from tests.studies.forms.edits import GONE, changed
from tests.studies.forms.small import clean, form
from tests.studies.forms.test_ecrf_recist11 import (
    BASELINE,
    BASELINE_CONTEXT,
    FOLLOW,
    FOLLOW_CONTEXT,
    engine,
)
from tests.studies.forms.test_qc_checklist import CONTEXT as QC_CONTEXT
from tests.studies.forms.test_qc_checklist import GOOD
from tests.studies.forms.test_transmittal import CONTEXT as TRANSMITTAL_CONTEXT
from tests.studies.forms.test_transmittal import CT, PET

FORM = form()
ABSENT = {"status": "not_done", "reason": "Scale broken & away."}
FULL = changed(
    clean(),
    scan__onset="2025-11",
    scan__start="09:30",
    scan__weight={"value": "88,2", "unit": "lb"},
    scan__count="3",
    scan__regions=["CHEST", "ABDOMEN"],
    scan__remark="First line\nsecond <b>line</b>",
    target__lesions__1__organ=ABSENT,
)
CASES = {
    "small": (FORM, FULL, {}, None),
    "small, warning with reason": (
        FORM,
        changed(FULL, scan__weight="39", reasons={"LIGHT": "Weighed twice."}),
        {},
        None,
    ),
    "CT": (load("transmittal_ct"), CT, TRANSMITTAL_CONTEXT, None),
    "PET": (load("transmittal_ct"), PET, TRANSMITTAL_CONTEXT, None),
    "QC": (load("qc_checklist_ct"), GOOD, QC_CONTEXT, None),
    "baseline": (load("ecrf_recist11"), BASELINE, BASELINE_CONTEXT, None),
    "follow-up": (load("ecrf_recist11"), FOLLOW, FOLLOW_CONTEXT, BASELINE),
}


def page(a_form, answers, context=None, previous=None, **options):
    before = evaluate(a_form, previous or {}, context=BASELINE_CONTEXT) if previous else None
    result = evaluate(
        a_form, answers, previous=before, context=context or {}, derivations=engine(), final=True
    )
    view = present(result, answers, previous=before, context=context or {}, **options)
    return Page(render_to_string("components/form/form.html", {"page": view}))


def as_typed(value):
    """Numbers are kept as text once they have been on a page."""
    if isinstance(value, dict):
        return {key: as_typed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_typed(each) for each in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("case", CASES)
def test_what_a_page_shows_is_what_its_post_says(case):
    a_form, answers, context, previous = CASES[case]
    posted = page(a_form, answers, context, previous).posted
    assert parse_posted(a_form, posted) == as_typed(answers)


@pytest.mark.parametrize("case", CASES)
def test_every_control_has_one_id_and_a_label_and_every_reference_an_aim(case):
    a_form, answers, context, previous = CASES[case]
    seen = page(a_form, changed(answers, zz="unknown"), context, previous)
    assert len(seen.ids) == len(set(seen.ids))
    named = [each for each in seen.controls if each.get("type") != "hidden"]
    assert all(each["id"] in seen.labelled or each.get("aria-label") for each in named)
    assert seen.described <= set(seen.ids)
    assert seen.links <= set(seen.ids)


def test_a_page_has_neither_inline_styles_nor_scripts():
    seen = page(FORM, FULL)
    assert "style" not in seen.attributes
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert not seen.tags & {"script", "style"}


def test_an_error_is_told_in_the_summary_and_at_its_field():
    seen = page(FORM, changed(FULL, scan__date="soon", target__lesions__0__size=GONE))
    assert {"form-scan-date", "form-target-lesions-0-size"} <= seen.links
    assert "form-message-scan-date-not_a_date" in seen.described
    assert seen.posted["answers[scan.date]"] == ["soon"]


def test_a_yes_or_no_is_never_answered_in_advance():
    assert "answers[scan.contrast]" not in page(FORM, {}).posted


def test_a_signed_form_has_no_controls():
    seen = page(FORM, FULL, read_only=True)
    assert seen.controls == []
    assert seen.posted == {}


def test_the_answer_of_the_prior_time_point_is_beside_the_field():
    a_form, answers, context, previous = CASES["follow-up"]
    before = evaluate(a_form, previous, context=BASELINE_CONTEXT)
    result = evaluate(a_form, answers, previous=before, context=context)
    (section,) = [
        each for each in present(result, answers, previous=before).sections if each.key == "target"
    ]
    (lesions,) = [each for each in section.fields if each.rows]
    sizes = {part.label: part.before for part in lesions.rows.rows[0].fields}
    assert sizes["Longest diameter"] == "30 mm"


# The parser


def test_a_field_that_was_not_on_the_page_keeps_its_answer():
    posted = {"shown[scan.date]": "1", "answers[scan.date]": "2026-03-06"}
    assert parse_posted(FORM, posted, stored=clean()) == changed(clean(), scan__date="2026-03-06")


def test_a_field_that_was_emptied_on_the_page_is_blank():
    posted = {"shown[scan.date]": "1", "answers[scan.date]": "  "}
    assert parse_posted(FORM, posted, stored=clean()) == changed(clean(), scan__date=GONE)


def test_a_derived_value_is_never_taken_from_a_post():
    posted = {"shown[target.sum]": "1", "answers[target.sum]": "1"}
    assert parse_posted(FORM, posted) == {}


def test_rows_are_added_and_left_out():
    seen = page(FORM, clean()).posted
    fewer = parse_posted(FORM, seen | {"remove[target.lesions.0]": ["1"]}, stored=clean())
    assert [row["label"] for row in fewer["target"]["lesions"]] == ["T2"]
    more = parse_posted(FORM, seen | {"add[target.lesions]": ["1"]}, stored=clean())
    assert more["target"]["lesions"] == [*clean()["target"]["lesions"], {}]


def test_a_row_keeps_what_its_page_did_not_show():
    posted = {
        "row[target.lesions.0]": "1",
        "shown[target.lesions.0.size]": "1",
        "answers[target.lesions.0.size]": "25",
    }
    rows = parse_posted(FORM, posted, stored=clean())["target"]["lesions"]
    assert rows == [{"label": "T2", "organ": "LUNG", "size": "25"}]


def test_parsing_does_not_change_what_was_stored():
    stored = clean()
    parse_posted(FORM, {"shown[scan.date]": "1", "remove[target.lesions.0]": "1"}, stored=stored)
    assert stored == clean()


NAMES = st.one_of(
    st.text(max_size=20),
    st.builds(
        "{}[{}]".format,
        st.sampled_from(
            ["answers", "shown", "row", "remove", "add", "absence", "because", "units", "reasons"]
        ),
        st.sampled_from(
            [
                "scan.date",
                "scan.weight",
                "target.lesions",
                "target.lesions.0",
                "target.lesions.99999",
                "target.lesions.x.size",
                "target.lesions.0.size",
                "LIGHT",
                "..",
                "target.lesions.²",
            ]
        ),
    ),
)


@settings(max_examples=200, deadline=None)
@given(
    posted=st.dictionaries(
        NAMES, st.one_of(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=3))
    )
)
def test_any_post_gives_answers_that_can_be_evaluated_and_posted_again(posted):
    answers = parse_posted(FORM, posted)
    evaluate(FORM, answers, final=True)
    assert parse_posted(FORM, {}, stored=answers) == answers
