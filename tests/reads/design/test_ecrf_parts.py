"""The parts of an eCRF in fields: nothing is lost, everything is said in words."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from reads.design.ecrf import outline, rules
from reads.design.ecrf.annotations import annotated, listed_checks
from reads.design.ecrf.editing import editor_of, form_from, part_from
from reads.design.ecrf.proofs import proofs
from reads.design.ecrf.wording import Names, said
from studies.forms import Form
from studies.forms.documents import load

RECIST = load("ecrf_recist11").document()


def small(**item: Any) -> dict[str, Any]:
    """A form of one section with one item."""
    return {
        "key": "small",
        "version": "1.0",
        "title": "Small form",
        "context": {"time_point.kind": "text"},
        "sections": [
            {
                "key": "liver",
                "title": "Liver",
                "items": [
                    {"key": "seen", "label": "Lesion seen", "kind": "boolean", "required": True},
                    {
                        "key": "size",
                        "label": "Size",
                        "kind": "decimal",
                        "unit": "mm",
                        "decimals": 1,
                        **item,
                    },
                ],
            }
        ],
        "checks": [],
    }


def posted_of(document: dict[str, Any], place: str) -> QueryDict:  # noqa: C901 - one per kind
    """What the page sends when a person saves a part without touching it."""
    editor = editor_of(document, place, outline.find(document, place))
    sent = QueryDict(mutable=True)
    for name, value in editor.values.items():
        if name == "choices":
            for one in value:
                for column in ("code", "label", "tone"):
                    sent.appendlist(f"choice.{column}", one[column])
        elif isinstance(value, bool):
            if value:
                sent[name] = "on"
        elif isinstance(value, list):
            sent.setlist(name, value)
        else:
            sent[name] = value
    for rule in editor.rules:
        sent[f"{rule.name}.mode"] = rule.mode
        for row in rule.rows:
            sent.appendlist(f"{rule.name}.subject", row.subject)
            sent.appendlist(f"{rule.name}.operator", row.operator)
            sent.appendlist(f"{rule.name}.value", row.value)
    if editor.derivation is not None:
        sent["derived.kind"] = editor.derivation.kind
        sent["derived.first"] = editor.derivation.first
        sent["derived.named"] = editor.derivation.first
        sent["derived.second"] = editor.derivation.second
        sent["derived.decimals"] = editor.derivation.decimals
    return sent


EVERY_PLACE = [
    *(node.place for node in outline.nodes(RECIST)),
    *(f"check:{one['id']}" for one in RECIST["checks"]),
]


@pytest.mark.parametrize("place", EVERY_PLACE)
def test_saving_a_part_without_touching_it_changes_nothing_of_what_the_form_means(
    place: str,
) -> None:
    part = outline.find(RECIST, place)
    assert part is not None
    made = part_from(posted_of(RECIST, place), RECIST, place, part)
    after = Form.from_document(outline.replaced(RECIST, place, made))
    before = Form.from_document(RECIST)
    assert after.items == before.items
    assert after.sections == before.sections
    assert after.checks == before.checks


def test_a_condition_is_said_in_the_words_of_the_form() -> None:
    condition = {
        "all": [
            {"context": "time_point.kind", "is": "baseline"},
            {"item": "target.lesions.location", "is_not": "LYMPH NODE"},
        ]
    }
    assert said(condition, Names(RECIST)) == (
        "the kind of time point is “baseline” and “Target lesions: Organ” is not “Lymph node”"
    )


def test_a_rule_is_written_with_the_words_of_an_answer_or_its_code() -> None:
    document = small()
    sent = QueryDict(mutable=True)
    sent["shown_when.mode"] = "all"
    sent.setlist("shown_when.subject", ["liver.seen", "context:time_point.kind", ""])
    sent.setlist("shown_when.operator", ["is", "is", "is"])
    sent.setlist("shown_when.value", ["Yes", "baseline", ""])
    assert rules.condition_from(sent, "shown_when", None, document) == {
        "all": [
            {"item": "liver.seen", "is": True},
            {"context": "time_point.kind", "is": "baseline"},
        ]
    }


def test_a_rule_too_deep_for_rows_is_shown_in_words_and_kept() -> None:
    deep = {"not": {"any_row": "target.lesions", "where": {"item": "target.lesions.pieces",
                                                           "answered": True}}}  # fmt: skip
    rule = rules.rule_of("must", deep, RECIST)
    assert rule.mode == "keep"
    assert rule.words.startswith("not (in some row of “Target lesions”")
    sent = QueryDict(mutable=True)
    sent["must.mode"] = "keep"
    assert rules.condition_from(sent, "must", deep, RECIST) == deep


def test_a_new_item_gets_a_name_from_its_words_that_nobody_else_has() -> None:
    document, first = outline.with_item(small(), "liver", "Größe (mm)", "decimal")
    document, second = outline.with_item(document, "liver", "Größe (mm)", "decimal")
    assert (first, second) == ("liver.groe_mm", "liver.groe_mm_2")
    assert proofs(document) == []


def test_removing_an_item_takes_its_checks_and_names_what_still_asks_for_it() -> None:
    document = small(shown_when={"item": "liver.seen", "is": True})
    document["checks"] = [
        {
            "id": "SEEN",
            "item": "liver.seen",
            "level": "info",
            "message": "Look.",
            "must": {"item": "liver.seen", "is": True},
        }
    ]
    left = outline.removed(document, "liver.seen")
    assert left["checks"] == []
    (proof,) = proofs(left)
    assert (proof.place, proof.where) == ("liver.size", "Liver › Size")
    assert "there is no item liver.seen" in proof.text


@pytest.mark.parametrize(
    ("item", "where", "text"),
    [
        ({"decimals": "two"}, "Liver › Size", "the decimals: a whole number from 0 to 6"),
        ({"label": ""}, "Liver › size", "is empty"),
        ({"minimum": "a lot"}, "Liver › Size", "the smallest value: a number"),
        ({"minimum": 10, "maximum": 5}, "Liver › Size", "the minimum is above the maximum"),
        ({"cdisc": {"dataset": "TR"}}, "Liver › Size", "a CDISC data set without its variable"),
        ({"cdisc": {"dataset": "tr", "variable": "X"}}, "Liver › Size", "capital letters"),
    ],
)
def test_what_is_wrong_is_said_in_words_with_its_place(
    item: dict[str, Any], where: str, text: str
) -> None:
    found = proofs(small(**item))
    assert [proof.where for proof in found] == [where]
    assert text in found[0].sentence
    assert found[0].place == "liver.size"


def test_a_form_without_items_says_where_to_add_one() -> None:
    document, _ = outline.with_section(small(), "Spleen")
    assert [proof.sentence for proof in proofs(document)] == [
        "Spleen: has no item yet. Add one, or remove it."
    ]


def test_a_file_that_is_no_form_is_refused_before_it_is_a_draft() -> None:
    assert "no sections" in outline.skeleton_problem({"title": "x"})
    assert "has no key" in outline.skeleton_problem({"sections": [{"key": "a", "items": [{}]}]})
    assert outline.skeleton_problem(RECIST) == ""


def test_changing_the_kind_of_an_item_leaves_nothing_of_the_old_kind_behind() -> None:
    document = small(minimum=0, maximum=300, units={"cm": "10"})
    sent = posted_of(document, "liver.size")
    sent["kind"] = "text"
    part = outline.find(document, "liver.size")
    assert part is not None
    made = part_from(sent, document, "liver.size", part)
    assert made == {"key": "size", "label": "Size", "kind": "text"}
    assert proofs(outline.replaced(document, "liver.size", made)) == []


def test_moving_a_part_down_and_up_again_gives_the_same_form() -> None:
    there = outline.moved(RECIST, "target.lesions.location", 1)
    assert there != RECIST
    assert outline.moved(there, "target.lesions.location", -1) == RECIST


@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=6))
def test_a_name_made_of_any_words_is_a_valid_key_and_new(words: str, taken: list[str]) -> None:
    key = outline.key_for(words, taken, "item")
    assert key not in taken
    document, place = outline.with_item(small(), "liver", words or "x", "text")
    assert outline.find(document, place) is not None
    assert key == key.lower()
    assert key[0].isalpha()


def test_the_annotated_form_has_every_item_with_its_codes_and_its_place_in_sdtm() -> None:
    form = Form.from_document(RECIST)
    rows = {one["path"]: one for section in annotated(form) for one in section["items"]}
    assert set(rows) == set(form.items)
    assert rows["target.lesions.location"]["target"] == "TU.TULOC"
    assert ["LIVER", "Liver"] in rows["target.lesions.location"]["answers"]
    assert rows["target.lesions.label"]["depth"] == 1
    assert rows["target.lesions.label"]["notes"] == ["Required"]
    assert len(listed_checks(form)) == len(form.checks)


def test_a_title_and_a_source_are_changed_without_touching_the_rest() -> None:
    before = copy.deepcopy(RECIST)
    sent = QueryDict(mutable=True)
    sent["title"], sent["source"] = "Our form", "Charter 5"
    made = form_from(sent, RECIST)
    assert made["title"] == "Our form"
    assert made["sections"] == before["sections"] == RECIST["sections"]
