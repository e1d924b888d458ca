"""The guideline is data: checked, exchangeable as YAML, special rules before general ones."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from imaging.pipeline.technical_qc import (
    GuidelineError,
    default_guideline,
    from_document,
    from_yaml,
)


def document(*rules: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": "acquisition-guideline/1",
        "name": "Study X",
        "version": "2.0",
        "rules": [{"severity": "error", "source": "protocol 4.2", **rule} for rule in rules],
    }


THICKNESS = {"modality": "CT", "parameter": "slice_thickness_mm", "kind": "max", "value": 5}


def test_the_default_guideline_is_valid_and_asks_for_ct_slices_of_at_most_5_mm() -> None:
    rules = default_guideline().comparisons(modality="CT")
    (thickness,) = [rule for rule in rules if rule.parameter == "slice_thickness_mm"]
    assert thickness.expectation() == "at most 5 mm"
    assert thickness.severity == "error"
    assert "RECIST" in thickness.source


def test_every_rule_of_the_default_guideline_names_its_source() -> None:
    assert all(rule.source for rule in default_guideline().rules)


def test_yaml_export_and_import_give_the_same_guideline() -> None:
    default = default_guideline()
    assert from_yaml(default.to_yaml()) == default
    assert from_yaml(default.to_yaml()).digest() == default.digest()


def test_a_changed_value_changes_the_digest() -> None:
    thin = copy.deepcopy(THICKNESS) | {"value": 3}
    assert from_document(document(THICKNESS)).digest() != from_document(document(thin)).digest()


def test_a_rule_for_a_time_point_goes_before_a_rule_for_all() -> None:
    baseline = THICKNESS | {"value": 2.5, "time_points": ["BL"]}
    guideline = from_document(document(baseline, THICKNESS))
    limits = [
        guideline.comparisons(modality="CT", time_point=name)[0].value for name in ("BL", "W8")
    ]
    assert limits == [2.5, 5]


def test_a_rule_for_a_modality_goes_before_a_rule_for_all() -> None:
    general = {"modality": "*", "parameter": "lossy_compression", "kind": "check"}
    guideline = from_document(
        document(
            {**general, "modality": "CT", "severity": "error"}, {**general, "severity": "info"}
        )
    )
    levels = [guideline.check("lossy_compression", modality=name) for name in ("CT", "US")]
    assert [rule.severity for rule in levels if rule] == ["error", "info"]


def test_a_check_that_is_not_in_the_guideline_is_off() -> None:
    assert from_document(document(THICKNESS)).check("missing_slices", modality="CT") is None


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({**THICKNESS, "parameter": "slice_width"}, "no parameter named slice_width"),
        ({**THICKNESS, "kind": "check", "parameter": "ghosts"}, "no check named ghosts"),
        ({**THICKNESS, "kind": "range", "value": [9, 3]}, "lower limit is above"),
        ({**THICKNESS, "kind": "range", "value": [3]}, "too short"),
        ({**THICKNESS, "value": "thin"}, "not of type 'number'"),
        ({**THICKNESS, "severity": "fatal"}, "not one of"),
        ({**THICKNESS, "colour": "red"}, "Additional properties"),
        ({**THICKNESS, "source": ""}, "non-empty"),
    ],
)
def test_faults_are_named_with_their_place(rule: dict[str, Any], problem: str) -> None:
    with pytest.raises(GuidelineError) as caught:
        from_document(document(rule))
    assert problem in str(caught.value)
    assert "rules/0" in str(caught.value)


@pytest.mark.parametrize("text", ["[1, 2", "just words", "- a\n- b"])
def test_yaml_that_is_no_guideline_is_refused(text: str) -> None:
    with pytest.raises(GuidelineError):
        from_yaml(text)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (THICKNESS, "at most 5 mm"),
        (
            {"modality": "PT", "parameter": "uptake_minutes", "kind": "range", "value": [50, 70]},
            "50 to 70 min",
        ),
        (
            {"modality": "CT", "parameter": "kernel", "kind": "one_of", "value": ["B30f", "B40f"]},
            "B30f or B40f",
        ),
        (
            {"modality": "MR", "parameter": "b_value", "kind": "contains", "value": [0, 800]},
            "0 and 800 s/mm²",
        ),
        (
            {"modality": "MR", "parameter": "field_strength_t", "kind": "equals", "value": 3},
            "3 T",
        ),
    ],
)
def test_rules_read_like_sentences(rule: dict[str, Any], words: str) -> None:
    assert from_document(document(rule)).rules[0].expectation() == words
