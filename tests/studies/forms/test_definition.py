"""A form document is read, proof-read and pinned by its digest."""

from __future__ import annotations

import json

import pytest

from studies.forms import Form, FormError
from studies.forms.documents import NAMES, load
from tests.studies.forms.small import DOCUMENT, document, form


def with_item(index: int = 5, **changes):
    """The small document with one item of the first section changed (5 is the weight)."""
    changed = document()
    changed["sections"][0]["items"][index] |= changes
    return changed


def with_check(**changes):
    changed = document()
    changed["checks"][0] |= changes
    return changed


UNREADABLE = [
    ([], "document"),
    ({}, "document"),
    (document(version="one"), "version"),
    (document(sections=[]), "sections"),
    (with_item(kind="number"), "sections[0].items[5].kind"),
    (with_item(shown_when={"item": "scan.contrast"}), "sections[0].items[5].shown_when"),
    (with_item(derived={"total": "x"}), "sections[0].items[5].derived"),
    (with_check(must={"all": []}), "checks[0].must.all"),
    (with_check(level="soft"), "checks[0].level"),
    (document(title=float("nan")), "document"),
    (document(title={1, 2}), "document"),
]


@pytest.mark.parametrize(("raw", "path"), UNREADABLE)
def test_a_document_that_cannot_be_read_names_the_place(raw, path):
    with pytest.raises(FormError) as refusal:
        Form.from_document(raw)
    assert str(refusal.value).startswith(path)


def test_a_document_nested_without_end_is_refused():
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(FormError):
        Form.from_document(document(source=deep))


PROBLEMS = [
    (with_item(key="count"), "duplicate_id", "scan.count"),
    (document(sections=DOCUMENT["sections"] + DOCUMENT["sections"][:1]), "duplicate_id", "scan"),
    (with_check(id="SMALL_LESION"), "duplicate_id", "SMALL_LESION"),
    (with_check(item="scan.weigth"), "unknown_item", "LIGHT"),
    (with_check(must={"item": "scan.weigth", "is": 1}), "unknown_item", "LIGHT"),
    (with_check(must={"context": "visit.knid", "is": "x"}), "unknown_context", "LIGHT"),
    (with_check(must={"item": "target.lesions.size", "is": 1}), "row_needed", "LIGHT"),
    (with_check(must={"count": "scan.weight", "is": 1}), "wrong_type", "LIGHT"),
    (with_check(must={"item": "scan.weight", "is": "heavy"}), "wrong_type", "LIGHT"),
    (with_check(must={"item": "scan.contrast", "at_least": 1}), "wrong_type", "LIGHT"),
    (with_check(must={"item": "scan.regions", "contains": "LEG"}), "unknown_choice", "LIGHT"),
    (with_item(0, unit="mm"), "wrong_type", "scan.date"),
    (with_item(choices=[{"code": "A", "label": "A"}]), "wrong_type", "scan.weight"),
    (with_item(7, choices=[{"code": "A", "label": "A"}] * 2), "duplicate_id", "scan.regions=A"),
    (with_item(minimum=500), "wrong_range", "scan.weight"),
    (with_item(prefill="header.height"), "unknown_context", "scan.weight"),
    (with_item(3, prefill="visit.kind"), "prefilled_boolean", "scan.contrast"),
    (with_item(8, read_only=True), "no_source", "scan.remark"),
    (with_item(shown_when={"item": "scan.weight", "answered": True}), "cycle", "scan.weight"),
    (
        with_item(3, shown_when={"item": "scan.agent", "answered": True}),
        "cycle",
        "scan.agent",
    ),
    (
        with_item(
            shown_when={
                "all": [
                    {"item": "scan.contrast", "is": True},
                    {"item": "scan.contrast", "is": False},
                ]
            }
        ),
        "unreachable",
        "scan.weight",
    ),
    (
        with_item(shown_when={"item": "scan.remark", "status": "not_done"}),
        "unreachable",
        "scan.weight",
    ),
    (
        document(
            sections=[*DOCUMENT["sections"][:1], {**DOCUMENT["sections"][1], "key": "reasons"}]
        ),
        "reserved_key",
        "reasons",
    ),
]


@pytest.mark.parametrize(("raw", "code", "path"), PROBLEMS)
def test_a_problem_is_found_and_named(raw, code, path):
    assert (code, path) in {(each.code, each.path) for each in Form.from_document(raw).problems()}


def test_derivations_that_need_each_other_are_a_cycle():
    raw = document()
    raw["sections"][1]["items"][1]["derived"] = {"sum": ["target.twice"]}
    twice = {"key": "twice", "label": "Twice", "kind": "decimal", "decimals": 1}
    raw["sections"][1]["items"].append({**twice, "derived": {"sum": ["target.sum"]}})
    found = {each.path for each in Form.from_document(raw).problems() if each.code == "cycle"}
    assert {"target.sum", "target.twice"} <= found


def test_the_small_form_has_no_problems():
    assert form().problems() == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_form_survives_being_written_and_read(name):
    first = load(name)
    again = Form.from_document(first.document())
    assert again == first
    assert again.digest == first.digest


def test_the_digest_does_not_depend_on_the_order_of_keys():
    shuffled = json.loads(json.dumps(DOCUMENT, sort_keys=True))
    assert Form.from_document(shuffled).digest == form().digest


def test_the_digest_changes_with_any_word():
    assert Form.from_document(with_item(help="In kilograms.")).digest != form().digest


def test_what_an_item_needs_comes_before_it():
    order = list(load("ecrf_recist11").order)
    for path, needed in load("ecrf_recist11").needs.items():
        assert all(order.index(each) < order.index(path) for each in needed)


def test_there_is_no_form_of_another_name():
    with pytest.raises(KeyError):
        load("ecrf_recist12")
