"""What a finding of the RECIST checks tells: the item of the form, the lesion, the values."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from reads.criteria.base import Record
from reads.criteria.registry import get
from tests.reads.criteria.test_recist_checks import (
    CLEAN,
    LIVER,
    LIVER_LATER,
    NEW,
    NODE,
    NODE_LATER,
    baseline_target,
    changed,
    entered,
    targets,
    visit_node,
    visit_target,
)


def found(
    record: dict[str, Any], key: str = "RECIST11", **settings: object
) -> list[tuple[str, ...]]:
    """Return label, place and the part of the message that names lesion and values."""
    criterion = get(key)
    assert criterion.files.history is not None
    history = criterion.files.history(Record(record))
    return [
        (
            finding.id,
            finding.field,
            finding.message.removesuffix(criterion.check_named(finding.id).message).rstrip(": "),
        )
        for finding in criterion.edit_checks(history, criterion.options(settings))
    ]


def visits(*targets_of_visits: dict[str, Any], baseline: dict[str, Any] = LIVER) -> dict[str, Any]:
    """Return a record of one target over several visits."""
    return {
        "baseline": {"day": 0, "target": [baseline]},
        "visits": [
            {"day": 42 * n, "target": [one]} for n, one in enumerate(targets_of_visits, start=1)
        ],
    }


def later(size: object, **more: Any) -> dict[str, Any]:
    return {"id": LIVER["id"], "state": "MEASURED", "ld_mm": size, **more}


SIX = ("LIVER", "LUNG", "ADRENAL", "KIDNEY", "SPLEEN", "PANCREAS")


@pytest.mark.parametrize(
    ("record", "label", "field", "detail"),
    [
        (targets(*SIX), "TARGET_COUNT_MAX", "baseline.target", "6 targets, limit 5"),
        (
            targets("LUNG, LEFT", "LUNG", "RIGHT LUNG"),
            "TARGET_PER_ORGAN_MAX",
            "baseline.target",
            "LUNG: 3 targets, limit 2",
        ),
        (
            baseline_target(ld_mm="9.9"),
            "TARGET_NOT_MEASURABLE",
            "baseline.target[0].ld_mm",
            "T01 9.9 mm, limit 10 mm",
        ),
        (
            baseline_target(ld_mm=None),
            "TARGET_NOT_MEASURABLE",
            "baseline.target[0].ld_mm",
            "T01 no value, limit 10 mm",
        ),
        (
            baseline_target(ld_mm=19, modality="x-ray"),
            "TARGET_NOT_MEASURABLE",
            "baseline.target[0].ld_mm",
            "T01 19 mm, limit 20 mm",
        ),
        (
            changed("baseline", "target", 1, {**NODE, "sa_mm": "14.9"}),
            "TARGET_NODE_TOO_SMALL",
            "baseline.target[1].sa_mm",
            "T02 14.9 mm",
        ),
        (
            baseline_target(ld_mm=13, slice_mm=7),
            "TARGET_SLICE_THICKNESS",
            "baseline.target[0].slice_thickness_mm",
            "T01 13 mm, slices 7 mm",
        ),
        (
            baseline_target(organ="BONE"),
            "TARGET_BONE",
            "baseline.target[0].organ",
            "T01",
        ),
        (
            baseline_target(prior_rt=True),
            "TARGET_PRIOR_RT",
            "baseline.target[0].prior_local_therapy",
            "T01",
        ),
        (
            changed("baseline", "non_target", 0, {"id": "NT01", "nodal": True, "sa_mm": "9.9"}),
            "NODE_NORMAL_AS_NONTARGET",
            "baseline.non_target[0].sa_mm",
            "NT01 9.9 mm",
        ),
        (
            changed("baseline", "non_target", 0, {"id": "NT01", "organ": "LUNG", "ld_mm": 10}),
            "NODE_NONTARGET_COULD_BE_TARGET",
            "baseline.non_target[0]",
            "NT01",
        ),
        (
            changed("baseline", "treatment_start_day", 29),
            "BASELINE_TOO_OLD",
            "baseline",
            "29 days before treatment",
        ),
        (
            changed("baseline", "entered", {"non_target_response": "CR"}),
            "RESPONSE_AT_BASELINE",
            "baseline.entered",
            "",
        ),
        (
            visit_target(ld_mm=500, sa_mm="500.1"),
            "NEGATIVE_OR_UNIT",
            "visits[0].target[0].sa_mm",
            "T01 500.1 mm",
        ),
        (
            changed("visits", 0, "non_target", 0, {"id": "NT01", "state": "PRESENT", "ld_mm": -1}),
            "NEGATIVE_OR_UNIT",
            "visits[0].non_target[0].ld_mm",
            "NT01 -1 mm",
        ),
        (
            changed("visits", 0, "new_lesions", [{**NEW, "fragments_mm": [1, 501]}]),
            "NEGATIVE_OR_UNIT",
            "visits[0].new_lesions[0].fragments_mm[1]",
            "NL1 501 mm",
        ),
        (
            visit_target(ld_mm=12, sa_mm="12.1"),
            "SHORT_AXIS_GT_LONG",
            "visits[0].target[0].sa_mm",
            "T01",
        ),
        (visit_target(ld_mm=0), "ZERO_VS_ABSENT", "visits[0].target[0].ld_mm", "T01"),
        (visit_node(sa_mm=0), "ZERO_VS_ABSENT", "visits[0].target[1].sa_mm", "T02"),
        (
            visit_target(ld_mm="0.5"),
            "UNDER_5MM_MEASURED",
            "visits[0].target[0].ld_mm",
            "T01",
        ),
        (
            visit_target(state="TOO_SMALL_TO_MEASURE", ld_mm=4),
            "TSTM_VALUE",
            "visits[0].target[0].ld_mm",
            "T01",
        ),
        (
            visit_node(state="ABSENT", sa_mm=None),
            "NODE_ABSENT_AS_ZERO",
            "visits[0].target[1].state",
            "T02",
        ),
        (
            visit_target(state="SPLIT", ld_mm=None),
            "SPLIT_WITHOUT_CHILD_SIZES",
            "visits[0].target[0].fragments_mm",
            "T01",
        ),
        (
            visit_target(state="NOT_EVALUABLE", ld_mm=None, reason=" "),
            "NE_WITHOUT_REASON",
            "visits[0].target[0].reason",
            "T01",
        ),
        (
            changed("visits", 0, "non_target", 0, {"id": "NT01", "state": "NOT_EVALUABLE"}),
            "NE_WITHOUT_REASON",
            "visits[0].non_target[0].reason",
            "NT01",
        ),
        (
            changed("visits", 1, "target", [NODE_LATER]),
            "TARGET_MISSING_AT_VISIT",
            "visits[1].target",
            "T01",
        ),
        (
            changed("visits", 1, "target", 2, {**LIVER_LATER, "id": "T03"}),
            "TARGET_ADDED_AFTER_BASELINE",
            "visits[1].target[2].id",
            "T03",
        ),
        (
            visit_target(state="MERGED", ld_mm=None, merged_into="T09"),
            "MERGE_PARTNER_NOT_TARGET",
            "visits[0].target[0].merged_into",
            "T01",
        ),
        (
            changed("visits", 1, "non_target", []),
            "NT_MISSING_AT_VISIT",
            "visits[1].non_target",
            "NT01",
        ),
        (
            changed("visits", 1, "new_lesions", [{"id": "NL1"}]),
            "NEW_LESION_NO_LOCATION",
            "visits[1].new_lesions[0]",
            "NL1",
        ),
        (
            changed("visits", 1, "new_lesions", [{**NEW, "id": "NT01"}]),
            "NEW_LESION_EXISTS_AT_BASELINE",
            "visits[1].new_lesions[0]",
            "NT01",
        ),
        (
            changed("visits", 1, "new_lesions", [{**NEW, "nodal": True, "sa_mm": 9}]),
            "NODE_NORMAL_AS_NONTARGET",
            "visits[1].new_lesions[0].sa_mm",
            "NL1",
        ),
        (
            visits(later(30, modality="MR"), baseline={**LIVER, "ld_mm": 30, "modality": "CT"}),
            "MODALITY_CHANGED",
            "visits[0].target[0].modality",
            "T01 MR, before CT",
        ),
        (
            visits(later(30, slice_mm="2.5"), baseline={**LIVER, "ld_mm": 30, "slice_mm": 5}),
            "SLICE_THICKNESS_CHANGED",
            "visits[0].target[0].slice_thickness_mm",
            "T01 2.5 mm, baseline 5 mm",
        ),
        (
            visits(later(20), later("30.5"), baseline={**LIVER, "ld_mm": 20}),
            "LARGE_CHANGE",
            "visits[1].target[0]",
            "T01 20 mm to 30.5 mm",
        ),
        (entered(sum_mm=1), "SUM_MISMATCH", "visits[0].entered.sum_mm", None),
        (
            entered(target_response="PD"),
            "RESPONSE_MISMATCH_TARGET",
            "visits[0].entered.target_response",
            "PD entered, SD derived",
        ),
        (
            entered(overall_response="PD"),
            "RESPONSE_MISMATCH_OVERALL",
            "visits[0].entered.overall_response",
            "PD entered, SD derived",
        ),
        (
            entered(overall_response="CR"),
            "CR_WITH_RESIDUAL",
            "visits[0].target[0]",
            "T01",
        ),
        (
            entered(overall_response="CR"),
            "CR_THEN_NOT_PD",
            "visits[1].overall_response",
            "SD",
        ),
        (entered(overall_response="PD"), "READ_AFTER_PD", "visits[1]", ""),
        (
            changed(
                "visits", 0, "non_target", 0, {"id": "NT01", "state": "UNEQUIVOCAL_PROGRESSION"}
            ),
            "NT_PD_ALONE",
            "visits[0].non_target",
            "",
        ),
        (changed("visits", 1, "day", 42), "DUPLICATE_DATE", "visits[1].date", ""),
        (changed("visits", 1, "day", -1), "VISIT_BEFORE_BASELINE", "visits[1].date", ""),
    ],
)
def test_a_finding_names_its_item_and_its_values(
    record: dict[str, Any], label: str, field: str, detail: str | None
) -> None:
    match = [entry for entry in found(record) if entry[:2] == (label, field)]
    assert match
    if detail is not None:
        assert match == [(label, field, detail)]


def test_a_sum_that_differs_is_told_with_both_values_also_when_none_is_derived() -> None:
    record = visits(later(20), baseline={**LIVER, "ld_mm": 20})
    record["visits"][0]["entered"] = {"sum_mm": "20.5"}
    assert found(record) == [
        ("SUM_MISMATCH", "visits[0].entered.sum_mm", "20.5 mm entered, 20 mm derived")
    ]
    record["visits"][0]["entered"] = {"sum_mm": "20.0"}
    assert found(record) == []
    record["visits"][0]["target"] = [{"id": "T01", "state": "NOT_EVALUABLE", "reason": "motion"}]
    assert found(record) == [
        ("SUM_MISMATCH", "visits[0].entered.sum_mm", "20 mm entered, no value derived")
    ]
    at_baseline = visits(baseline={**LIVER, "ld_mm": 20})
    at_baseline["baseline"]["entered"] = {"sum_mm": 19}
    assert found(at_baseline) == [
        ("SUM_MISMATCH", "baseline.entered.sum_mm", "19 mm entered, 20 mm derived")
    ]


# --- iRECIST: the same checks with its responses ------------------------------------------------


def course(*sizes: object, **last: Any) -> dict[str, Any]:
    record = visits(*(later(size) for size in sizes), baseline={**LIVER, "ld_mm": 100})
    record["visits"][-1].update(last)
    return record


def labels(record: dict[str, Any], **settings: object) -> list[tuple[str, str]]:
    ignored = {"LARGE_CHANGE", "ZERO_VS_ABSENT", "UNDER_5MM_MEASURED"}
    entries = found(record, "iRECIST", **settings)
    return [(label, field) for label, field, _ in entries if label not in ignored]


def test_after_icr_only_icr_progression_or_ne_can_follow() -> None:
    gone = {"id": "T01", "state": "ABSENT"}
    for response, silent in (
        ("iCR", True),
        ("iUPD", True),
        ("iCPD", True),
        ("NE", True),
        ("PD", True),
        ("CR", True),
        ("iPR", False),
        ("iSD", False),
    ):
        record = visits(gone, gone, baseline={**LIVER, "ld_mm": 100})
        record["visits"][0]["entered"] = {"overall_response": "iCR"}
        record["visits"][1]["entered"] = {"overall_response": response}
        fired = ("CR_THEN_NOT_PD", "visits[1].overall_response") in labels(record)
        assert fired is not silent, response


def test_only_confirmed_progression_ends_the_reading() -> None:
    assert ("READ_AFTER_PD", "visits[1]") not in labels(course(130, 131))
    assert ("READ_AFTER_PD", "visits[2]") in labels(course(130, 136, 137))


def test_an_icr_that_was_entered_with_a_lesion_left_is_an_error() -> None:
    record = course(90, entered={"target_response": "iCR"})
    assert ("CR_WITH_RESIDUAL", "visits[0].target[0]") in labels(record)
    for size, fires in ((1, True), (0, False)):
        record = course(size, entered={"overall_response": "iCR"})
        assert (("CR_WITH_RESIDUAL", "visits[0].target[0]") in labels(record)) is fires


def with_non_target(state: str, size: object, **more: Any) -> dict[str, Any]:
    record = course(size, **more)
    record["baseline"]["non_target"] = [{"id": "NT01", "organ": "BONE"}]
    for visit in record["visits"]:
        visit["non_target"] = [{"id": "NT01", "state": state}]
    return record


def test_progression_by_non_targets_alone_is_a_warning_in_irecist_too() -> None:
    alone = ("NT_PD_ALONE", "visits[0].non_target")
    worse = "UNEQUIVOCAL_PROGRESSION"
    assert alone in labels(with_non_target(worse, 100))
    assert alone not in labels(with_non_target(worse, 130))
    assert alone not in labels(with_non_target("PRESENT", 100))
    assert alone not in labels(with_non_target(worse, 100, new_lesions=[NEW]))
    doubtful = [{**NEW, "certainty": "EQUIVOCAL"}]
    assert alone in labels(with_non_target(worse, 100, new_lesions=doubtful))
    confirmed = with_non_target(worse, 100)
    confirmed["visits"].append(deepcopy(confirmed["visits"][0]) | {"day": 84})
    confirmed["visits"][1]["non_target"][0]["further_increase_from_last"] = True
    assert ("NT_PD_ALONE", "visits[1].non_target") in labels(confirmed)


def test_a_high_marker_speaks_against_a_non_target_cr_that_was_seen_or_entered() -> None:
    against = ("NON_TARGET_CR_WITH_HIGH_MARKER", "visits[0].tumour_marker_normal")
    high = {"tumour_marker_normal": False}
    assert against in labels(with_non_target("ABSENT", 100, **high))
    assert against not in labels(with_non_target("PRESENT", 100, **high))
    assert against not in labels(with_non_target("ABSENT", 100, tumour_marker_normal=True))
    assert against not in labels(with_non_target("ABSENT", 100))
    for response, fires in (("CR", True), ("iCR", True), ("NE", False)):
        given = {"non_target_response": response}
        record = with_non_target("PRESENT", 100, entered=given, **high)
        assert (against in labels(record)) is fires
    assert against not in labels(course(100, **high))


# --- course and dates ---------------------------------------------------------------------------


def test_visit_numbers_and_dates_that_run_against_each_other_are_told_once_per_step() -> None:
    record = deepcopy(CLEAN)
    third = deepcopy(record["visits"][1]) | {"day": 63}
    record["visits"].append(third)
    order = [entry for entry in found(record) if entry[0] == "VISIT_ORDER"]
    assert order == [("VISIT_ORDER", "visits[2].date", "")]
    for number, visit in zip((1, 3, 2), record["visits"], strict=True):
        visit["number"] = number
    assert [entry for entry in found(record) if entry[0] == "VISIT_ORDER"] == []
    for name, visit in zip(("V1", "Visit 2", "TP3"), record["visits"], strict=True):
        visit["id"] = name
        del visit["number"]
    order = [entry for entry in found(record) if entry[0] == "VISIT_ORDER"]
    assert order == [("VISIT_ORDER", "visits[2].date", "")]


def test_what_follows_is_judged_in_the_order_of_time() -> None:
    record = visits(later(100), later(130), baseline={**LIVER, "ld_mm": 100})
    record["visits"].reverse()
    assert [(label, field) for label, field, _ in found(record) if label == "READ_AFTER_PD"] == []
    record = visits(later(130), later(131), baseline={**LIVER, "ld_mm": 100})
    record["visits"].reverse()
    after = [(label, field) for label, field, _ in found(record) if label == "READ_AFTER_PD"]
    assert after == [("READ_AFTER_PD", "visits[0]")]


def test_dates_stand_for_days_from_the_baseline_on() -> None:
    record = visits(later(100), later(100), baseline={**LIVER, "ld_mm": 100})
    record["baseline"].update(date="2024-01-08", day=5)
    for visit, day in zip(record["visits"], ("2024-01-08", "2024-01-07"), strict=True):
        del visit["day"]
        visit["date"] = day
    dated = {(label, field) for label, field, _ in found(record)}
    assert ("DUPLICATE_DATE", "visits[0].date") in dated
    assert ("VISIT_BEFORE_BASELINE", "visits[1].date") in dated
    assert ("VISIT_BEFORE_BASELINE", "visits[0].date") not in dated
