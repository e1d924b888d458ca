"""RECIST 1.1 tables 1 and 2, cell by cell, written by hand from criteria.md 2.6."""

from __future__ import annotations

from itertools import product

import pytest

from reads.criteria.base import Record
from reads.criteria.errors import CriteriaError
from reads.criteria.recist_files import new_lesion_word
from reads.criteria.registry import get

NA = "NOT_APPLICABLE"
NON = "NON-CR/NON-PD"

# Target response, then the overall response for each non-target response without a new lesion.
#          CR    NON   NE    PD    none at baseline
TABLE_1 = {
    "CR": ("CR", "PR", "PR", "PD", "CR"),
    "PR": ("PR", "PR", "PR", "PD", "PR"),
    "SD": ("SD", "SD", "SD", "PD", "SD"),
    "NE": ("NE", "NE", "NE", "PD", "NE"),
    "PD": ("PD", "PD", "PD", "PD", "PD"),
}
TABLE_2 = ("CR", NON, "NE", "PD", "NED")
NON_TARGETS = ("CR", NON, "NE", "PD", NA)


def answer(target: str | None, non_target: str | None, new: object) -> str:
    criterion = get("RECIST11")
    record = Record(
        {"target_response": target, "non_target_response": non_target, "new_lesion": new}, "input"
    )
    assert criterion.files.component is not None
    return str(criterion.files.component(record, criterion.options())["overall_response"])


def test_every_cell_of_both_tables_is_hit_with_and_without_a_new_lesion() -> None:
    hit = 0
    for (target, row), new in product(TABLE_1.items(), ("NONE", "EQUIVOCAL")):
        for non_target, expected in zip(NON_TARGETS, row, strict=True):
            assert answer(target, non_target, new) == expected, (target, non_target, new)
            hit += 1
    for new in ("NONE", "EQUIVOCAL"):
        for non_target, expected in zip(NON_TARGETS, TABLE_2, strict=True):
            assert answer(NA, non_target, new) == expected, (non_target, new)
            hit += 1
    for target, non_target in product((*TABLE_1, NA), NON_TARGETS):
        assert answer(target, non_target, "UNEQUIVOCAL") == "PD"
        hit += 1
    assert hit == 6 * 5 * 3


@pytest.mark.parametrize("word", [None, "NA", "N/A", "NONE", "NOT APPLICABLE"])
def test_words_for_no_such_disease_at_baseline_mean_the_same(word: str | None) -> None:
    assert answer("CR", word, "NONE") == "CR"
    assert answer(word, "CR", "NONE") == "CR"


@pytest.mark.parametrize(
    ("word", "expected"), [(True, "PD"), (False, "SD"), (None, "SD"), ("Y", "PD")]
)
def test_a_new_lesion_may_be_given_as_yes_or_no(word: object, expected: str) -> None:
    assert answer("SD", "NE", word) == expected


@pytest.mark.parametrize(
    ("target", "non_target", "new", "field"),
    [
        ("XX", "CR", "NONE", "input.target_response"),
        ("CR", "PR", "NONE", "input.non_target_response"),
        ("CR", "CR", "MAYBE", "input.new_lesion"),
        ("CR", "CR", 1, "input.new_lesion"),
        ("CR", "CR", [], "input.new_lesion"),
    ],
)
def test_an_unknown_word_raises_one_error_that_names_the_field(
    target: str, non_target: str, new: object, field: str
) -> None:
    with pytest.raises(CriteriaError) as caught:
        answer(target, non_target, new)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (True, "UNEQUIVOCAL"),
        (False, "NONE"),
        (None, "NONE"),
        ("N", "NONE"),
        ("EQUIVOCAL", "EQUIVOCAL"),
    ],
)
def test_words_for_a_new_lesion(raw: object, word: str) -> None:
    assert new_lesion_word(Record({"new_lesion": raw})) == word


def test_the_permitted_words_are_told() -> None:
    for target, new, problem in (
        ("XX", "NONE", "must be one of CR, NE, NOT_APPLICABLE, PD, PR, SD"),
        ("CR", "MAYBE", "must be one of NONE, EQUIVOCAL, UNEQUIVOCAL"),
    ):
        with pytest.raises(CriteriaError) as caught:
            answer(target, "CR", new)
        assert caught.value.problem == problem
