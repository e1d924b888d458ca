"""The standard eCRF: one set of lesions for all criteria of a design."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from reads.criteria import registry
from reads.criteria.errors import CriteriaError
from reads.design.lesion_sets import grouped
from reads.design.standard_form import standard_form, supported
from studies.forms.definition import Form
from studies.forms.documents import load
from studies.forms.evaluate import evaluate

EVERY = [c for n in (1, 2, 3) for c in combinations(("RECIST11", "iRECIST", "VOLUMETRIC"), n)]


def form_for(**criteria: dict[str, object]) -> Form:
    """Return the standard form of some criteria with their parameters."""
    return Form.from_document(standard_form(criteria, key="ecrf_study", title="Tumour assessment"))


def baseline_row(label: str, size: str, **more: Any) -> dict[str, Any]:
    """Return a measured liver target."""
    row = {"label": label, "location": "LIVER", "method": "CT SCAN", "state": "MEASURED"}
    return {**row, "slice": "4", "long_axis": size, "irradiated": False, **more}


def texts(form: Form, answers: dict[str, Any], **given: Any) -> list[str]:
    """Return the checks that fire."""
    context = {"time_point.kind": "baseline", **given.pop("context", {})}
    return [m.check for m in evaluate(form, answers, context=context, **given).messages]


@pytest.mark.parametrize("keys", EVERY, ids="+".join)
def test_every_combination_of_criteria_gives_a_form_without_problems(keys: tuple[str, ...]) -> None:
    form = form_for(**{key: {} for key in keys})
    assert form.problems() == ()
    assert form.purpose == "ecrf"


def test_the_form_of_recist_alone_asks_and_checks_all_that_the_stored_recist_form_does() -> None:
    stored, made = load("ecrf_recist11"), form_for(RECIST11={})
    assert set(stored.items) - set(made.items) == {"quality.reason"}  # asked by modality now
    assert {check.id for check in stored.checks} == {check.id for check in made.checks}
    differs = {p for p, item in stored.items.items() if made.items.get(p, item) != item}
    # Needed at once now, and the comment for "other" among the reasons by modality.
    assert differs == {
        "remarks.comment",
        "new.lesions",
        "new.lesions.location",
        "new.lesions.method",
    }


def test_each_criterion_has_its_own_responses_and_its_own_override() -> None:
    form = form_for(RECIST11={}, iRECIST={}, VOLUMETRIC={})
    titles = [section.title for section in form.sections]
    assert titles[-4:] == [
        "Response by RECIST 1.1",
        "Response by iRECIST",
        "Volumetric response",
        "Comments",
    ]
    for section in ("response", "response_irecist", "response_volumetric"):
        for item in ("derived_overall", "overall", "override_class", "override_reason"):
            assert f"{section}.{item}" in form.items


def test_the_design_limits_the_lesions_that_one_may_choose() -> None:
    form = form_for(RECIST11={"max_targets": 3, "max_targets_per_organ": 3})
    rows = [baseline_row(f"T0{n}", "20") for n in range(1, 5)]
    assert "TARGET_COUNT_MAX" in texts(form, {"target": {"lesions": rows}})
    assert "TARGET_COUNT_MAX" not in texts(form, {"target": {"lesions": rows[:3]}})
    message = next(c.message for c in form.checks if c.id == "TARGET_COUNT_MAX")
    assert message.startswith("There are more than three target lesions.")


def test_where_two_criteria_limit_the_lesions_differently_the_stricter_limit_holds() -> None:
    form = form_for(RECIST11={"max_targets": 5}, iRECIST={"max_targets": 2})
    rows = [baseline_row("T01", "20"), baseline_row("T02", "20")]
    third = baseline_row("T03", "20", location="LUNG")
    assert "TARGET_COUNT_MAX" not in texts(form, {"target": {"lesions": rows}})
    assert "TARGET_COUNT_MAX" in texts(form, {"target": {"lesions": [*rows, third]}})


def test_a_lesion_too_small_to_measure_counts_what_the_design_says() -> None:
    form = form_for(RECIST11={"too_small_mm": "4"}, VOLUMETRIC={})
    rows = [baseline_row("T01", "", state="TOO SMALL TO MEASURE")]
    seen = evaluate(form, {"target": {"lesions": rows}}, context={"time_point.kind": "follow_up"})
    assert str(seen.answer("target.sum").value) == "4"
    # pi / 6 * 4^3 = 33.51 mm3
    assert str(seen.answer("target.volume_sum").value) == "0.034"


def test_volumes_are_asked_of_the_same_targets_and_a_lesion_that_is_gone_counts_none() -> None:
    form = form_for(VOLUMETRIC={})
    rows = [
        baseline_row("T01", "20", volume="4.2"),
        baseline_row("T02", "", state="ABSENT"),
        baseline_row("T03", "", state="TOO SMALL TO MEASURE"),
    ]
    seen = evaluate(form, {"target": {"lesions": rows}}, context={"time_point.kind": "follow_up"})
    assert str(seen.answer("target.volume_sum").value) == "4.265"  # 4.2 + 0 + 0.065
    rows[0].pop("volume")
    seen = evaluate(form, {"target": {"lesions": rows}}, context={"time_point.kind": "follow_up"})
    assert "target.lesions.0.volume" in seen.missing
    assert seen.answer("target.volume_sum").value is None


def test_what_cannot_be_read_is_said_with_its_reason_for_each_modality() -> None:
    form = form_for(RECIST11={})
    quality = {"overall": "LIMITED", "affected": ["CT", "PET"], "ct_grade": "NOT READABLE"}
    seen = evaluate(form, {"quality": quality}, context={"time_point.kind": "baseline"})
    asked = {place for place in seen.missing if place.startswith("quality.")}
    assert asked == {"quality.ct_reason", "quality.pet_grade", "quality.pet_reason"}
    assert "quality.mr_reason" not in seen.visible


def test_a_new_target_has_the_size_of_a_target_when_it_is_first_seen() -> None:
    form = form_for(iRECIST={})
    row = {
        "label": "NL01",
        "location": "LUNG",
        "method": "CT SCAN",
        "certainty": "UNEQUIVOCAL",
        "category": "NEW TARGET",
        "state": "MEASURED",
        "slice": "3",
        "long_axis": "9.9",
    }
    follow_up = {"context": {"time_point.kind": "follow_up"}}
    answers = {"new": {"any": True, "lesions": [row]}}
    assert "NEW_TARGET_TOO_SMALL" in texts(form, answers, **follow_up)
    row["long_axis"] = "10.0"
    assert "NEW_TARGET_TOO_SMALL" not in texts(form, answers, **follow_up)
    before = evaluate(form, answers, context={"time_point.kind": "follow_up"})
    row["long_axis"] = "4.0"  # a new target that shrinks stays one
    assert "NEW_TARGET_TOO_SMALL" not in texts(form, answers, previous=before, **follow_up)
    row["category"] = "NEW NON TARGET"
    fired = texts(form, answers, previous=before, **follow_up)
    assert {"NEW_NON_TARGET_STATE", "NEW_LESION_RECLASSIFIED"} <= set(fired)


def test_new_targets_are_limited_like_targets() -> None:
    form = form_for(iRECIST={})
    rows = [
        {"label": f"NL0{n}", "location": "LUNG", "certainty": "UNEQUIVOCAL"}
        | {"category": "NEW TARGET", "state": "MEASURED", "long_axis": "12"}
        for n in range(1, 4)
    ]
    answers = {"new": {"any": True, "lesions": rows}}
    fired = texts(form, answers, context={"time_point.kind": "follow_up"})
    assert "NEW_TARGET_PER_ORGAN_MAX" in fired
    rows[2]["category"] = "NEW NON TARGET"
    fired = texts(form, answers, context={"time_point.kind": "follow_up"})
    assert "NEW_TARGET_PER_ORGAN_MAX" not in fired


def test_a_further_increase_is_asked_only_of_a_non_target_that_had_progressed() -> None:
    form = form_for(iRECIST={})
    follow_up = {"time_point.kind": "follow_up"}
    row = {"label": "NT01", "location": "PLEURA", "state": "UNEQUIVOCAL PROGRESSION"}
    answers = {"non_target": {"lesions": [row]}}
    first = evaluate(form, answers, context=follow_up)
    assert "non_target.lesions.0.further_increase" not in first.visible
    second = evaluate(form, answers, context=follow_up, previous=first)
    assert "non_target.lesions.0.further_increase" in second.missing


def test_a_criterion_without_a_standard_form_is_refused_by_name() -> None:
    with pytest.raises(CriteriaError, match="CHOI"):
        standard_form({"CHOI": {}}, key="ecrf_x", title="Density")
    with pytest.raises(CriteriaError, match="at least one"):
        standard_form({}, key="ecrf_x", title="Nothing")
    assert set(supported()) == {criterion.key for criterion in registry.all_criteria()}
    offered = [key for _, keys in grouped() for key in keys]
    assert sorted(offered) == sorted(supported())
