"""Every visible vector file is reproduced, with and without its expected values."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from reads.criteria.comparison import compare
from reads.criteria.records import loads
from reads.criteria.vectorfile import derive

FOLDER = Path(__file__).parent / "vectors"
FILES = sorted(path.name for path in FOLDER.glob("*.json"))


def without_expected(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: without_expected(item)
            for key, item in value.items()
            if not key.startswith("expected")
        }
    if isinstance(value, list):
        return [without_expected(item) for item in value]
    return value


def with_expected(derived: Any, original: Any) -> Any:
    """Put the expected values of a file back beside derived ones."""
    merged = deepcopy(derived)
    if isinstance(original, dict):
        for key, item in original.items():
            merged[key] = item if key.startswith("expected") else with_expected(merged[key], item)
    elif isinstance(original, list):
        merged = [with_expected(one, other) for one, other in zip(merged, original, strict=True)]
    return merged


def test_all_eleven_files_are_there() -> None:
    assert len(FILES) == 11


@pytest.mark.parametrize("name", FILES)
def test_every_expected_value_of_the_file_is_derived(name: str) -> None:
    derivation = derive(loads((FOLDER / name).read_text(encoding="utf-8")))
    found = compare(derivation.document)
    assert derivation.errors == []
    assert found
    assert [item for item in found if not item.equal] == []


@pytest.mark.parametrize("name", FILES)
def test_expected_values_are_not_needed_and_not_looked_at(name: str) -> None:
    original = loads((FOLDER / name).read_text(encoding="utf-8"))
    derivation = derive(without_expected(original))
    found = compare(with_expected(derivation.document, original))
    assert [item for item in found if not item.equal] == []


def test_wrong_expected_values_are_reported_one_by_one() -> None:
    document = loads((FOLDER / "recist11.json").read_text(encoding="utf-8"))
    subject = document["subjects"][0]
    subject["visits"][0]["expected"]["overall_response"] = "PD"
    subject["visits"][1]["expected"]["sum_mm"] = "47.02"
    subject["expected_bor"][1]["bor"] = "CR"
    different = [item for item in compare(derive(document).document) if not item.equal]
    assert [(item.place, item.name, item.derived) for item in different] == [
        ("R11-S-001 TP1", "overall_response", "PR"),
        ("R11-S-001 TP2", "sum_mm", 47),
        ("R11-S-001", "bor, confirmed", "PR"),
    ]


def test_a_value_that_must_not_be_returned_is_reported_when_it_is() -> None:
    document = {
        "criterion": "RECIST11",
        "cases": [
            {
                "id": "C1",
                "input": {"target_response": "PR", "new_lesion": "NONE"},
                "expected": {"overall_response_not_in": ["PR", "CR"]},
            },
            {
                "id": "C2",
                "input": {"target_response": "SD", "new_lesion": "NONE"},
                "expected": {"overall_response_not_in": ["PR", "CR"]},
            },
        ],
    }
    derived = derive(document).document
    assert derived["cases"][0]["derived"] == {"overall_response": "PR"}
    assert [item.equal for item in compare(derived)] == [False, True]


def test_a_subject_that_cannot_be_assessed_does_not_stop_the_others() -> None:
    document = loads((FOLDER / "recist11.json").read_text(encoding="utf-8"))
    document["subjects"][1]["visits"][0]["target"][0]["ld_mm"] = "many"
    derivation = derive(document)
    assert [error.field for error in derivation.errors] == ["subjects[1].visits[0].target[0].ld_mm"]
    assert document["subjects"][1].get("derived_error") is None
    assert derivation.document["subjects"][1]["derived_error"] == {
        "field": "visits[0].target[0].ld_mm",
        "problem": "must be a number",
    }
    assert derivation.document["subjects"][2]["derived_bor"][0]["bor"] == "SD"
