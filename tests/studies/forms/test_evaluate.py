"""The evaluator: total on any answers, honest about blanks, the same for every caller."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.forms import DerivedValue, Form, Level, Status, evaluate
from studies.forms.canonical import canonical_json
from studies.forms.documents import load
from studies.forms.presentation import present
from tests.studies.forms.edits import GONE, changed
from tests.studies.forms.small import clean, document, form

FORM = form()
ENGINE = {"small.response": lambda facts: DerivedValue("PD", ("Because.",))}


def final(answers):
    return evaluate(FORM, answers, derivations=ENGINE, final=True)


def codes(result):
    return [message.check for message in result.messages]


def test_clean_answers_can_be_signed():
    result = final(clean())
    assert codes(result) == []
    assert result.can_sign


def test_a_draft_is_never_ready_to_be_signed():
    assert not evaluate(FORM, clean(), derivations=ENGINE).can_sign


READ = [
    ("scan.date", {"scan__date": "2026"}, "imprecise_date"),
    ("scan.date", {"scan__date": "yesterday"}, "not_a_date"),
    ("scan.start", {"scan__start": "25:00"}, "not_a_time"),
    ("scan.contrast", {"scan__contrast": "perhaps"}, "not_a_boolean"),
    ("scan.agent", {"scan__agent": 7}, "not_a_text"),
    ("scan.agent", {"scan__agent": "a\x00b"}, "not_storable"),
    ("scan.agent", {"scan__agent": "x" * 201}, "too_long"),
    ("scan.weight", {"scan__weight": "71.55"}, "too_many_decimals"),
    ("scan.weight", {"scan__weight": "0.5"}, "below"),
    ("scan.weight", {"scan__weight": "400.1"}, "above"),
    ("scan.weight", {"scan__weight": {"value": "900", "unit": "lb"}}, "above"),
    ("scan.weight", {"scan__weight": {"value": "11", "unit": "stone"}}, "unknown_unit"),
    ("scan.weight", {"scan__weight": "1,234"}, "ambiguous_comma"),
    ("scan.count", {"scan__count": "2.5"}, "not_whole"),
    ("scan.regions", {"scan__regions": ["LEG"]}, "not_a_choice"),
    ("scan.remark", {"scan__remark": {"status": "not_done", "reason": "x"}}, "absence_refused"),
    ("scan.date", {"scan__date": {"status": "not_done"}}, "absence_unreasoned"),
    ("target.lesions", {"target__lesions": "two"}, "not_rows"),
    ("target.lesions", {"target__lesions": [7]}, "not_a_row"),
    ("target.lesions", {"target__lesions": [{}] * 7}, "max_rows"),
    ("target.lesions.0.organ", {"target__lesions__0__organ": "SKULL"}, "not_a_choice"),
]


@pytest.mark.parametrize(("place", "edits", "code"), READ)
def test_an_answer_that_cannot_be_read_is_an_error_at_its_place(place, edits, code):
    result = final(changed(clean(), **edits))
    (message,) = [each for each in result.messages_at(place) if each.check == code]
    assert message.level is Level.ERROR
    assert not result.can_sign


def test_a_number_is_kept_as_entered_and_as_standardised():
    answer = final(changed(clean(), scan__weight={"value": "160,0", "unit": "lb"})).answer(
        "scan.weight"
    )
    assert (answer.number, answer.unit) == (Decimal("160.0"), "lb")
    assert answer.value == Decimal("72.574779200")


def test_a_blank_required_item_is_missing_and_a_reasoned_absence_is_not():
    blank = changed(clean(), scan__date=GONE)
    assert final(blank).missing == ("scan.date",)
    assert "required" in codes(final(blank))
    assert "required" not in codes(evaluate(FORM, blank, derivations=ENGINE))
    reasoned = changed(clean(), scan__date={"status": "not_evaluable", "reason": "Page torn."})
    assert final(reasoned).can_sign


def test_a_warning_needs_a_reason_before_signing():
    light = changed(clean(), scan__weight="39.9")
    (message,) = final(light).messages
    assert (message.key, message.level, message.clause) == ("LIGHT", Level.WARNING, "Manual 4.2")
    assert message.text == "A weight of 39.9 kg is low."
    assert not final(light).can_sign
    explained = final(changed(light, reasons={"LIGHT": "Weighed twice."}))
    assert explained.can_sign
    assert explained.reasons == {"LIGHT": "Weighed twice."}


@pytest.mark.parametrize("reason", ["", "   ", None, 7, "\x00", ["yes"]])
def test_an_empty_reason_is_no_reason(reason):
    answers = changed(clean(), scan__weight="39.9", reasons={"LIGHT": reason})
    assert not final(answers).can_sign


def test_an_error_cannot_be_explained_away():
    answers = changed(
        clean(), target__lesions__1__size="9.9", reasons={"SMALL_LESION:T2": "Small."}
    )
    (message,) = final(answers).messages
    assert (message.key, message.place) == ("SMALL_LESION:T2", "target.lesions.1.size")
    assert message.text == "T2 has 9.9 mm."
    assert not final(answers).can_sign


def test_final_checks_wait_for_the_signature():
    answers = changed(clean(), scan__remark=GONE)
    assert "REMARK_AT_SIGNING" not in codes(evaluate(FORM, answers, derivations=ENGINE))
    assert "REMARK_AT_SIGNING" in codes(final(answers))
    assert final(answers).can_sign  # an info is shown and blocks nothing


def test_a_hidden_answer_is_kept_apart_and_counts_for_nothing():
    result = final(changed(clean(), scan__contrast=False))
    assert result.hidden_answers == ("scan.agent",)
    assert "scan.agent" not in result.record()["answers"]
    assert result.can_sign


@pytest.mark.parametrize(
    ("edits", "name"),
    [
        ({"scann__date": "x"}, "scann"),
        ({"scan__dat": "x"}, "scan.dat"),
        ({"target__lesions__0__sise": "x"}, "target.lesions.sise"),
    ],
)
def test_an_answer_that_the_form_does_not_know_is_never_dropped_in_silence(edits, name):
    result = final(changed(clean(), **edits))
    assert [each.text for each in result.messages] == [f"This form has no item {name}."]
    assert not result.can_sign


def test_the_record_holds_what_was_asked_and_what_was_answered():
    record = final(clean()).record()
    assert record["form"] == {"key": "small", "version": "1.0", "sha256": FORM.digest}
    assert record["answers"]["scan.onset"] == {"status": "blank"}
    assert record["answers"]["scan.weight"] == {
        "status": "answered",
        "value": "71.5",
        "entered": "71.5",
        "entered_unit": "kg",
    }
    assert record["answers"]["target.sum"] == {"status": "answered", "value": "56.0"}
    assert record["answers"]["target.response"]["because"] == ["Because."]
    assert record["rows"] == {"target.lesions": ["T1", "T2"]}


def test_a_check_of_an_item_that_is_not_shown_is_silent():
    raw = document()
    raw["checks"][0] |= {"item": "scan.agent", "must": {"item": "scan.date", "answered": False}}
    a_form = Form.from_document(raw)
    assert "LIGHT" in codes(evaluate(a_form, clean()))
    assert "LIGHT" not in codes(evaluate(a_form, changed(clean(), scan__contrast=False)))


def test_a_derived_value_may_stand_before_what_it_follows_from():
    raw = document()
    twice = {"key": "twice", "label": "Twice", "kind": "decimal", "decimals": 1}
    thrice = {**twice, "key": "thrice", "derived": {"sum": ["target.twice", "target.sum"]}}
    twice["derived"] = {"sum": ["target.sum", "target.sum"]}
    raw["sections"][1]["items"][:0] = [thrice, twice]
    result = evaluate(Form.from_document(raw), clean())
    assert result.answer("target.thrice").value == Decimal("168.0")


def test_two_rows_of_one_name_have_messages_of_their_own():
    answers = changed(clean(), target__lesions__1__label="T1")
    for number in (0, 1):
        answers = changed(answers, **{f"target__lesions__{number}__size": "5"})
    keys = [message.key for message in final(answers).messages]
    assert keys == ["SMALL_LESION:T1#1", "SMALL_LESION:T1#2"]


# Properties

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["12,5", "2026-03", "09:30", "CR", "MEASURED", "PET", "YES", "LYMPH NODE"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["status", "reason", "value", "unit", "x"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)


def answers_to(a_form):
    """Answers of the form's own shape, with anything at all in every place."""

    def row(items):
        return st.fixed_dictionaries({}, optional={item.key: ANYTHING for item in items})

    def item_of(item):
        rows = st.lists(st.one_of(row(item.items), ANYTHING), max_size=3)
        return st.one_of(rows, ANYTHING) if item.items else ANYTHING

    sections = {
        section.key: st.one_of(
            st.fixed_dictionaries({}, optional={item.key: item_of(item) for item in section.items}),
            ANYTHING,
        )
        for section in a_form.sections
    }
    return st.fixed_dictionaries({}, optional={**sections, "reasons": ANYTHING, "zz": ANYTHING})


FORMS = [FORM, *(load(name) for name in ("transmittal_ct", "qc_checklist_ct", "ecrf_recist11"))]


@pytest.mark.parametrize("a_form", FORMS, ids=lambda each: each.key)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_answers_are_evaluated_and_shown_without_an_exception(a_form, data):
    answers = data.draw(st.one_of(answers_to(a_form), ANYTHING))
    previous = data.draw(st.one_of(st.none(), answers_to(a_form)))
    context = {name: data.draw(SCALARS) for name, _ in a_form.context}
    result = evaluate(a_form, answers, previous=previous, context=context, final=True)
    shown = result.visible | {""}
    assert {message.place for message in result.messages} <= shown
    canonical_json(result.record())
    present(result, answers, context=context)


@settings(max_examples=60, deadline=None)
@given(answers=answers_to(FORM))
def test_evaluating_what_was_written_and_read_again_gives_the_same(answers):
    again = json.loads(json.dumps(answers))
    assert (
        evaluate(FORM, again, final=True).record() == evaluate(FORM, answers, final=True).record()
    )


SIZES = st.lists(st.integers(0, 4999), min_size=1, max_size=6)


@given(sizes=SIZES, data=st.data())
def test_the_order_of_rows_changes_neither_the_sum_nor_the_messages(sizes, data):
    rows = [
        {"label": f"T{number}", "organ": "LIVER", "size": f"{size // 10}.{size % 10}"}
        for number, size in enumerate(sizes)
    ]
    mixed = data.draw(st.permutations(rows))
    one, other = (final(changed(clean(), target__lesions=each)) for each in (rows, mixed))
    assert one.answer("target.sum").value == Decimal(sum(sizes)) / 10
    assert other.answer("target.sum").value == one.answer("target.sum").value
    assert sorted(each.key for each in one.messages) == sorted(each.key for each in other.messages)


@given(agent=ANYTHING)
def test_what_is_not_shown_says_nothing(agent):
    result = final(changed(clean(), scan__contrast=False, scan__agent=agent))
    assert result.messages_at("scan.agent") == ()
    assert result.answer("scan.agent").status is Status.BLANK


@given(whole=st.integers(1, 399), tenth=st.integers(0, 9))
def test_a_comma_and_a_point_give_the_same_record(whole, tenth):
    records = [
        final(changed(clean(), scan__weight=f"{whole}{mark}{tenth}")).record() for mark in ",."
    ]
    assert records[0] == records[1]
