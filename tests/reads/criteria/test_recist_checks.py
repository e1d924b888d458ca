"""Edit checks of the RECIST family: each label fires where it should, and only there."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from reads.criteria.base import Level, Record
from reads.criteria.recist_checks import CATALOGUE
from reads.criteria.records import loads
from reads.criteria.registry import get
from tests.reads.criteria.test_vectors import FOLDER

LIVER = {"id": "T01", "organ": "LIVER", "nodal": False, "ld_mm": 30, "sa_mm": 20}
NODE = {"id": "T02", "organ": "LYMPH NODE", "nodal": True, "sa_mm": 17}
PLEURA = {"id": "NT01", "organ": "PLEURA", "nodal": False}
LIVER_LATER = {"id": "T01", "state": "MEASURED", "ld_mm": 28}
NODE_LATER = {"id": "T02", "state": "MEASURED", "sa_mm": 16}
PLEURA_LATER = {"id": "NT01", "state": "PRESENT"}
NEW = {"id": "NL1", "certainty": "UNEQUIVOCAL", "organ": "LUNG"}

CLEAN: dict[str, Any] = {
    "baseline": {"day": 0, "target": [LIVER, NODE], "non_target": [PLEURA]},
    "visits": [
        {"day": 42, "target": [LIVER_LATER, NODE_LATER], "non_target": [PLEURA_LATER]},
        {"day": 84, "target": [LIVER_LATER, NODE_LATER], "non_target": [PLEURA_LATER]},
    ],
}


def fired(record: dict[str, Any], **settings: object) -> set[str]:
    criterion = get("RECIST11")
    assert criterion.files.history is not None
    history = criterion.files.history(Record(record))
    findings = criterion.edit_checks(history, criterion.options(settings))
    for finding in findings:
        assert finding.message.endswith(".")
        assert finding.clause
        assert finding.field.startswith(("baseline", "visits["))
        assert finding.level is criterion.check_named(finding.id).level
    return {finding.id for finding in findings}


def changed(*path_and_value: Any) -> dict[str, Any]:
    """Return the clean record with one item replaced: path, then value."""
    record = deepcopy(CLEAN)
    *path, last, value = path_and_value
    place: Any = record
    for step in path:
        place = place[step]
    if isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return record


def baseline_target(**more: Any) -> dict[str, Any]:
    return changed("baseline", "target", 0, {**LIVER, **more})


def visit_target(**more: Any) -> dict[str, Any]:
    return changed("visits", 0, "target", 0, {**LIVER_LATER, **more})


def visit_node(**more: Any) -> dict[str, Any]:
    return changed("visits", 0, "target", 1, {**NODE_LATER, **more})


def targets(*organs: str) -> dict[str, Any]:
    lesions = [{**LIVER, "id": f"T{n}", "organ": organ} for n, organ in enumerate(organs)]
    return {"baseline": {"target": lesions}}


def entered(visit: int = 0, **responses: Any) -> dict[str, Any]:
    return changed("visits", visit, "entered", responses)


FIVE = ("LIVER", "LUNG", "ADRENAL", "KIDNEY", "SPLEEN")
SPREAD = {**CLEAN, "visits": [CLEAN["visits"][1], CLEAN["visits"][0]]}

# Label, a record in which it fires, and one beside the limit in which it is silent.
CASES: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("TARGET_COUNT_MAX", targets(*FIVE, "PANCREAS"), targets(*FIVE)),
    ("TARGET_PER_ORGAN_MAX", targets("LUNG, LEFT", "LUNG", "RIGHT LUNG"), targets("LUNG", "LUNG")),
    ("TARGET_NOT_MEASURABLE", baseline_target(ld_mm="9.9"), baseline_target(ld_mm=10)),
    (
        "TARGET_NOT_MEASURABLE",
        baseline_target(ld_mm=19, modality="CHEST X-RAY"),
        baseline_target(ld_mm=20, modality="CHEST X-RAY"),
    ),
    ("TARGET_NOT_MEASURABLE", baseline_target(ld_mm=None), CLEAN),
    (
        "TARGET_NODE_TOO_SMALL",
        changed("baseline", "target", 1, {**NODE, "sa_mm": "14.9"}),
        changed("baseline", "target", 1, {**NODE, "sa_mm": 15}),
    ),
    (
        "TARGET_SLICE_THICKNESS",
        baseline_target(ld_mm=13, slice_thickness_mm=7),
        baseline_target(ld_mm=14, slice_thickness_mm=7),
    ),
    (
        "TARGET_SLICE_THICKNESS",
        baseline_target(ld_mm=10, slice_thickness_mm="5.1"),
        baseline_target(ld_mm=9, slice_thickness_mm=5),
    ),
    (
        "TARGET_BONE",
        baseline_target(organ="BONE"),
        baseline_target(organ="BONE", soft_tissue_component=True),
    ),
    (
        "TARGET_PRIOR_RT",
        baseline_target(prior_rt=True),
        baseline_target(prior_rt=True, progression_documented=True),
    ),
    (
        "NODE_NORMAL_AS_NONTARGET",
        changed("baseline", "non_target", 0, {**PLEURA, "nodal": True, "sa_mm": "9.9"}),
        changed("baseline", "non_target", 0, {**PLEURA, "nodal": True, "sa_mm": 10}),
    ),
    (
        "NODE_NORMAL_AS_NONTARGET",
        changed("visits", 0, "new_lesions", [{**NEW, "nodal": True, "sa_mm": 9}]),
        changed("visits", 0, "new_lesions", [{**NEW, "nodal": True, "sa_mm": 10}]),
    ),
    (
        "NODE_NONTARGET_COULD_BE_TARGET",
        changed("baseline", "non_target", 0, {**PLEURA, "nodal": True, "sa_mm": 15}),
        changed("baseline", "non_target", 0, {**PLEURA, "nodal": True, "sa_mm": "14.9"}),
    ),
    (
        "NODE_NONTARGET_COULD_BE_TARGET",
        changed("baseline", "non_target", 0, {**PLEURA, "ld_mm": 10}),
        changed("baseline", "non_target", 0, {**PLEURA, "ld_mm": "9.9"}),
    ),
    (
        "NODE_NONTARGET_COULD_BE_TARGET",
        changed("baseline", "non_target", 0, {**PLEURA, "ld_mm": 10}),
        {
            "baseline": {
                "target": targets(*FIVE)["baseline"]["target"],
                "non_target": [{**PLEURA, "ld_mm": 10}],
            }
        },
    ),
    (
        "NODE_NONTARGET_COULD_BE_TARGET",
        changed("baseline", "non_target", 0, {**PLEURA, "ld_mm": 10}),
        {
            "baseline": {
                "target": targets("LUNG", "LUNG")["baseline"]["target"],
                "non_target": [{**PLEURA, "organ": "LUNG", "ld_mm": 10}],
            }
        },
    ),
    ("SHORT_AXIS_GT_LONG", baseline_target(sa_mm="30.1"), baseline_target(sa_mm=30)),
    ("NEGATIVE_OR_UNIT", visit_target(ld_mm=-1), visit_target(ld_mm=0)),
    ("NEGATIVE_OR_UNIT", visit_target(ld_mm="500.1"), visit_target(ld_mm=500)),
    (
        "NEGATIVE_OR_UNIT",
        visit_target(state="SPLIT", fragments_mm=[10, -2]),
        visit_target(state="SPLIT", fragments_mm=[10, 2]),
    ),
    (
        "TARGET_ADDED_AFTER_BASELINE",
        changed("visits", 0, "target", 2, {**LIVER_LATER, "id": "T09"}),
        CLEAN,
    ),
    ("TARGET_MISSING_AT_VISIT", changed("visits", 0, "target", [NODE_LATER]), CLEAN),
    (
        "TARGET_MISSING_AT_VISIT",
        changed("visits", 0, "target", 0, {"id": "T01"}),
        changed("visits", 0, {"day": 42, "assessed": False}),
    ),
    ("ZERO_VS_ABSENT", visit_target(ld_mm=0), visit_target(state="ABSENT", ld_mm=0)),
    ("UNDER_5MM_MEASURED", visit_target(ld_mm="4.9"), visit_target(ld_mm=5)),
    ("UNDER_5MM_MEASURED", visit_node(sa_mm=4), visit_node(sa_mm=4, state="TOO_SMALL_TO_MEASURE")),
    (
        "TSTM_VALUE",
        visit_target(state="TOO_SMALL_TO_MEASURE", ld_mm=4),
        visit_target(state="TOO_SMALL_TO_MEASURE", ld_mm=5),
    ),
    ("NT_MISSING_AT_VISIT", changed("visits", 0, "non_target", []), CLEAN),
    ("NT_MISSING_AT_VISIT", changed("visits", 0, "non_target", [{"id": "NT01"}]), CLEAN),
    (
        "NT_PD_ALONE",
        changed("visits", 0, "non_target", 0, {**PLEURA_LATER, "state": "UNEQUIVOCAL_PROGRESSION"}),
        {
            **CLEAN,
            "visits": [
                {
                    "day": 42,
                    "target": [{**LIVER_LATER, "ld_mm": 60}, NODE_LATER],
                    "non_target": [{**PLEURA_LATER, "state": "UNEQUIVOCAL_PROGRESSION"}],
                }
            ],
        },
    ),
    (
        "NEW_LESION_NO_LOCATION",
        changed("visits", 0, "new_lesions", [{"id": "NL1"}]),
        changed("visits", 0, "new_lesions", [NEW]),
    ),
    (
        "NEW_LESION_NO_LOCATION",
        {**visit_target(modality="CT")}
        | {"visits": [{**visit_target(modality="CT")["visits"][0], "new_lesions": [NEW]}]},
        changed("visits", 0, "new_lesions", [{**NEW, "modality": "CT"}]),
    ),
    (
        "NEW_LESION_EXISTS_AT_BASELINE",
        changed("visits", 0, "new_lesions", [{**NEW, "id": "NT01"}]),
        changed("visits", 0, "new_lesions", [{**NEW, "organ": "LIVER"}]),
    ),
    (
        "NEW_LESION_EXISTS_AT_BASELINE",
        {
            "baseline": {"target": [{**LIVER, "location": "segment 5"}]},
            "visits": [
                {
                    "day": 42,
                    "target": [LIVER_LATER],
                    "new_lesions": [{**NEW, "organ": "LIVER", "location": "Segment 5"}],
                }
            ],
        },
        {
            "baseline": {"target": [{**LIVER, "location": "segment 5"}]},
            "visits": [
                {
                    "day": 42,
                    "target": [LIVER_LATER],
                    "new_lesions": [{**NEW, "organ": "LIVER", "location": "segment 6"}],
                }
            ],
        },
    ),
    ("RESPONSE_MISMATCH_TARGET", entered(target_response="PR"), entered(target_response="SD")),
    ("RESPONSE_MISMATCH_OVERALL", entered(overall_response="PR"), entered(overall_response="SD")),
    (
        "RESPONSE_AT_BASELINE",
        changed("baseline", "entered", {"overall_response": "SD"}),
        changed("baseline", "entered", {"sum_mm": 47}),
    ),
    (
        "CR_WITH_RESIDUAL",
        entered(target_response="CR"),
        changed(
            "visits",
            0,
            {
                "day": 42,
                "target": [
                    {"id": "T01", "state": "ABSENT"},
                    {"id": "T02", "state": "MEASURED", "sa_mm": "9.9"},
                ],
                "non_target": [PLEURA_LATER],
                "entered": {"target_response": "CR"},
            },
        ),
    ),
    (
        "CR_WITH_RESIDUAL",
        changed(
            "visits",
            0,
            {
                "day": 42,
                "target": [
                    {"id": "T01", "state": "ABSENT"},
                    {"id": "T02", "state": "MEASURED", "sa_mm": 10},
                ],
                "non_target": [PLEURA_LATER],
                "entered": {"overall_response": "CR"},
            },
        ),
        entered(target_response="PR"),
    ),
    (
        "CR_THEN_NOT_PD",
        {
            **CLEAN,
            "visits": [
                {**CLEAN["visits"][0], "entered": {"overall_response": "CR"}},
                {**CLEAN["visits"][1], "entered": {"overall_response": "PR"}},
            ],
        },
        {
            **CLEAN,
            "visits": [
                {**CLEAN["visits"][0], "entered": {"overall_response": "CR"}},
                {**CLEAN["visits"][1], "entered": {"overall_response": "NE"}},
            ],
        },
    ),
    ("VISIT_BEFORE_BASELINE", changed("visits", 0, "day", -1), changed("visits", 0, "day", 1)),
    ("VISIT_ORDER", SPREAD, CLEAN),
    (
        "VISIT_ORDER",
        {
            **CLEAN,
            "visits": [
                {**CLEAN["visits"][0], "id": "TP2"},
                {**CLEAN["visits"][1], "id": "TP1"},
            ],
        },
        {
            **SPREAD,
            "visits": [
                {**CLEAN["visits"][1], "visit_number": 2},
                {**CLEAN["visits"][0], "visit_number": 1},
            ],
        },
    ),
    ("DUPLICATE_DATE", changed("visits", 1, "day", 42), CLEAN),
    ("DUPLICATE_DATE", changed("visits", 0, "day", 0), CLEAN),
    (
        "MODALITY_CHANGED",
        {
            "baseline": {"target": [{**LIVER, "modality": "CT"}]},
            "visits": [{"day": 42, "target": [{**LIVER_LATER, "modality": "MR"}]}],
        },
        {
            "baseline": {"target": [LIVER], "modality": "CT"},
            "visits": [{"day": 42, "target": [{**LIVER_LATER, "modality": "ct"}]}],
        },
    ),
    (
        "SLICE_THICKNESS_CHANGED",
        {
            "baseline": {"target": [{**LIVER, "slice_thickness_mm": 5}]},
            "visits": [{"day": 42, "slice_thickness_mm": 3, "target": [LIVER_LATER]}],
        },
        {
            "baseline": {"target": [{**LIVER, "slice_thickness_mm": 5}]},
            "visits": [{"day": 42, "target": [{**LIVER_LATER, "slice_thickness_mm": "5.0"}]}],
        },
    ),
    (
        "BASELINE_TOO_OLD",
        changed("baseline", "day", -29),
        changed("baseline", "day", -28),
    ),
    (
        "BASELINE_TOO_OLD",
        {"baseline": {"date": "2024-01-01", "treatment_start": "2024-01-30", "target": [LIVER]}},
        {"baseline": {"date": "2024-01-01", "treatment_start": "2024-01-29", "target": [LIVER]}},
    ),
    (
        "BASELINE_TOO_OLD",
        {"treatment_start_day": 29, "baseline": {"day": 0, "target": [LIVER]}},
        {"treatment_start_day": 28, "baseline": {"day": 0, "target": [LIVER]}},
    ),
    (
        "TARGET_PRIOR_RT",
        baseline_target(irradiated="2023-04-01"),
        baseline_target(irradiated="2023-04-01", progression_after_rt="2023-09-01"),
    ),
    ("SUM_MISMATCH", entered(sum_mm=45), entered(sum_mm="44.0")),
    ("SUM_MISMATCH", changed("baseline", "recorded_sum_mm", 46), changed("baseline", "sum_mm", 47)),
    (
        "NE_WITHOUT_REASON",
        visit_target(state="NOT_EVALUABLE"),
        visit_target(state="NOT_EVALUABLE", reason="motion"),
    ),
    (
        "NE_WITHOUT_REASON",
        changed("visits", 0, "non_target", 0, {"id": "NT01", "state": "NOT_EVALUABLE"}),
        changed(
            "visits",
            0,
            "non_target",
            0,
            {"id": "NT01", "state": "NOT_EVALUABLE", "ne_reason": "not imaged"},
        ),
    ),
    (
        "READ_AFTER_PD",
        changed("visits", 0, "new_lesions", [NEW]),
        changed("visits", 1, "new_lesions", [NEW]),
    ),
    ("LARGE_CHANGE", visit_target(ld_mm="45.1"), visit_target(ld_mm=45)),
    ("LARGE_CHANGE", visit_target(ld_mm="14.9"), visit_target(ld_mm=19)),
    (
        "SPLIT_WITHOUT_CHILD_SIZES",
        visit_target(state="SPLIT"),
        visit_target(state="SPLIT", fragments_mm=[10]),
    ),
    (
        "MERGE_PARTNER_NOT_TARGET",
        visit_target(state="MERGED", merged_into="NT01"),
        visit_node(state="MERGED", merged_into="T01"),
    ),
    ("MERGE_PARTNER_NOT_TARGET", visit_target(state="MERGED", merged_into="T01"), CLEAN),
    (
        "NON_TARGET_CR_WITH_HIGH_MARKER",
        changed(
            "visits",
            0,
            {
                **CLEAN["visits"][0],
                "non_target": [{"id": "NT01", "state": "ABSENT"}],
                "tumour_marker_normal": False,
            },
        ),
        changed("visits", 0, {**CLEAN["visits"][0], "tumour_marker_normal": False}),
    ),
    ("NODE_ABSENT_AS_ZERO", visit_node(state="ABSENT"), visit_target(state="ABSENT")),
)


def test_the_clean_record_is_silent() -> None:
    assert fired(CLEAN) == set()


@pytest.mark.parametrize(("label", "wrong", "right"), CASES)
def test_the_check_fires_and_stays_silent_beside_its_limit(
    label: str, wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    assert label in fired(wrong)
    assert label not in fired(right)


def test_every_check_of_the_catalogue_is_tested() -> None:
    assert {label for label, _wrong, _right in CASES} == {check.id for check in CATALOGUE}


def test_labels_and_levels_are_those_of_the_published_catalogue() -> None:
    published = loads((FOLDER / "edit_checks.json").read_text(encoding="utf-8"))["catalogue"]
    elsewhere = {
        "DEAUVILLE_MISSING_REFERENCE",
        "RANO_STEROID_MISSING",
        "RANO_CLINICAL_MISSING",
        "BONE_SCAN_COUNT_INCONSISTENT",
    }
    ours = {check.id: check.level for check in CATALOGUE}
    for label, row in published.items():
        if label not in elsewhere:
            assert ours[label] is Level(row["severity"].lower()), label


def test_limits_of_the_charter_are_used() -> None:
    assert "TARGET_COUNT_MAX" in fired(targets(*FIVE[:3]), max_targets=2)
    assert "TARGET_PER_ORGAN_MAX" in fired(targets("LUNG", "LUNG"), max_targets_per_organ=1)
    assert "BASELINE_TOO_OLD" not in fired(
        changed("baseline", "day", -40), baseline_max_age_days=42
    )


def test_a_finding_names_lesion_values_field_and_clause() -> None:
    criterion = get("RECIST11")
    assert criterion.files.history is not None
    history = criterion.files.history(Record(baseline_target(ld_mm=8)))
    finding = next(f for f in criterion.edit_checks(history) if f.id == "TARGET_NOT_MEASURABLE")
    assert finding.level is Level.ERROR
    assert finding.field == "baseline.target[0].ld_mm"
    assert finding.clause == "RECIST 1.1 §3.1.1"
    assert finding.message == (
        "T01 8 mm, limit 10 mm: The target is too small to be measurable at baseline."
    )


def test_visits_without_day_and_date_are_compared_in_their_order() -> None:
    record = deepcopy(CLEAN)
    for visit in record["visits"]:
        del visit["day"]
    record["visits"][1]["entered"] = {"overall_response": "PR"}
    assert fired(record) == {"RESPONSE_MISMATCH_OVERALL"}


def test_what_cannot_be_assessed_is_still_checked() -> None:
    record = visit_target(ld_mm=-3)
    record["visits"][0]["entered"] = {"overall_response": "PR"}
    assert fired(record) == {"NEGATIVE_OR_UNIT", "LARGE_CHANGE"}
