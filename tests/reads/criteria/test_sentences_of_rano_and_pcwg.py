"""Sentences of RANO and PCWG3 and the words for lymph nodes."""

from __future__ import annotations

from typing import Any

import pytest

from reads.criteria.base import Record
from reads.criteria.locations import location_of, organ_group
from reads.criteria.registry import get

PCWG, RANO = "PCWG3 (Scher 2016)", "RANO-HGG (Wen 2010)"
BONE = "PCWG3 bone scan (Scher 2016)"
CALM = {
    "t2_flair": "STABLE",
    "non_measurable": "NONE",
    "steroids": "NONE",
    "clinical_status": "STABLE",
}


def assessed(key: str, baseline: dict[str, Any], *visits: dict[str, Any]) -> Any:
    criterion = get(key)
    assert criterion.files.history is not None
    days = [{"day": 84 * n, **visit} for n, visit in enumerate(visits, start=1)]
    return criterion.assess(criterion.files.history(Record({"baseline": baseline, "visits": days})))


def sentence(steps: Any, name: str) -> str:
    return str(next(step.sentence for step in steps if step.name == name))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("axillary node", "AXILLARY LYMPH NODE"),
        ("left inguinal LN", "INGUINAL LYMPH NODE"),
        ("supraclavicular lymph", "SUPRACLAVICULAR LYMPH NODE"),
        ("node of the neck", "LYMPH NODE"),
        ("nodal", "LYMPH NODE"),
    ],
)
def test_a_lymph_node_is_known_by_its_region(text: str, code: str) -> None:
    found = location_of(text)
    assert found is not None
    assert found.code == code


def test_an_unknown_organ_counts_by_its_words_without_the_side() -> None:
    assert organ_group("left  big toe", nodal=False) == "BIG TOE"


def test_a_bone_progression_is_told_from_first_sign_to_decision() -> None:
    found = assessed(
        "PCWG3",
        {"bone_lesions": 2},
        {"new_lesions_first_seen": ["B1", "B2"], "soft_tissue_response": "SD"},
        {"new_lesions_first_seen": ["B3", "B4"], "new_lesions_persisting": ["B1", "B2"]},
    )
    first, second = found.time_points[1:]
    assert sentence(first.trace, "bone_verdict") == (
        f"No unconfirmed bone progression is pending, {BONE}"
    )
    assert sentence(second.trace, "bone_verdict") == (
        f"By additional new lesions this scan confirms the unconfirmed progression of TP1, {BONE}"
    )
    assert sentence(first.trace, "overall_response_as_read") == (
        f"Soft tissue SD, bone PDu: SD, {PCWG}"
    )
    assert sentence(second.trace, "overall_response") == (
        f"Soft tissue not given, bone PD: PD, {PCWG}"
    )
    assert sentence(found.trace, "progression_day") == (
        f"Radiographic progression on day 84, the earlier of bone progression on day 84, {PCWG}"
    )


def test_progression_of_both_parts_dates_from_the_earlier_one() -> None:
    found = assessed(
        "PCWG3",
        {"bone_lesions": 2},
        {"new_lesions_first_seen": ["B1", "B2"], "soft_tissue_response": "SD"},
        {"new_lesions_first_seen": ["B3", "B4"], "soft_tissue_response": "PD"},
    )
    assert sentence(found.trace, "progression_day") == (
        "Radiographic progression on day 84, the earlier of bone progression on day 84 and soft "
        f"tissue progression on day 168, {PCWG}"
    )


def test_a_flare_and_a_course_without_progression_are_told() -> None:
    found = assessed(
        "PCWG3",
        {"bone_lesions": 2},
        {"new_lesions_first_seen": ["B1", "B2"]},
        {"new_lesions_persisting": ["B1", "B2"]},
    )
    assert sentence(found.time_points[2].trace, "bone_verdict") == (
        "By additional new lesions this scan does not confirm the unconfirmed progression of TP1, "
        f"{BONE}"
    )
    assert sentence(found.time_points[2].trace, "overall_response") == (
        f"Soft tissue not given, bone NON-PD: no combined response, {PCWG}"
    )
    assert sentence(found.trace, "progression_day") == f"No progression, {PCWG}"


def test_the_flare_window_counts_from_the_day_of_the_baseline() -> None:
    # 98 days after the baseline of day -14 is past twelve weeks, day 84 is not what counts.
    found = assessed(
        "PCWG3",
        {"bone_lesions": 2, "day": -14},
        {"new_lesions_first_seen": ["B1", "B2"]},
        {"new_lesions_persisting": ["B1", "B2"]},
    )
    responses = [r.values["bone_response_final"] for r in found.time_points[1:]]
    assert responses == ["PD", "PD"]


@pytest.mark.parametrize(
    ("visits", "fired"),
    [
        (
            [{"new_lesions_persisting": ["B1"], "new_lesion_count": 0}],
            {
                ("BONE_SCAN_COUNT_INCONSISTENT", "visits[0].new_lesion_count"),
                ("BONE_LESION_UNKNOWN", "visits[0].new_lesions_persisting"),
            },
        ),
        (
            [
                {"new_lesions_first_seen": ["B1"]},
                {"new_lesions_first_seen": ["B2"]},
                {"new_lesions_first_seen": ["B1"], "new_lesions_persisting": ["B2"]},
            ],
            {("BONE_LESION_UNKNOWN", "visits[2].new_lesions_first_seen")},
        ),
    ],
)
def test_findings_of_bone_scans_point_at_their_item(
    visits: list[dict[str, Any]], fired: set[tuple[str, str]]
) -> None:
    criterion = get("PCWG3")
    days = [{"day": 84 * n, **visit} for n, visit in enumerate(visits, start=1)]
    history = criterion.files.history(Record({"baseline": {}, "visits": days}))  # type: ignore[misc]
    found = {(finding.id, finding.field) for finding in criterion.edit_checks(history)}
    wanted = {"BONE_SCAN_COUNT_INCONSISTENT", "BONE_LESION_UNKNOWN"}
    assert {entry for entry in found if entry[0] in wanted} == fired


def brain(d1: int, d2: int) -> dict[str, Any]:
    return {"lesions": [{"id": "E1", "state": "MEASURED", "d1_mm": d1, "d2_mm": d2}]}


def test_the_course_of_rano_is_told() -> None:
    stable = {**CALM, **brain(20, 20)}
    found = assessed("RANO_HGG_2010", {**brain(20, 20), "steroids": "NONE"}, stable, stable)
    assert sentence(found.trace, "counted_responses") == (
        f"Responses that count: SD day 84, SD day 168, {RANO}"
    )
    assert sentence(found.trace, "progression_day") == f"No progression, {RANO}"
    found = assessed("RANO_HGG_2010", {**brain(20, 20), "steroids": "NONE"})
    assert sentence(found.trace, "counted_responses") == f"Responses that count: none, {RANO}"
    grown = {**CALM, **brain(25, 20)}
    found = assessed("RANO_HGG_2010", {**brain(20, 20), "steroids": "NONE"}, stable, grown)
    assert sentence(found.trace, "progression_day") == f"First progression on day 168, {RANO}"


def test_both_parts_of_a_mixed_tumour_are_told() -> None:
    lesions = [
        {"id": "A", "component": "ENHANCING", "d1_mm": 20, "d2_mm": 20},
        {"id": "B", "component": "NON_ENHANCING", "d1_mm": 20, "d2_mm": 20},
    ]
    later = [lesions[0], {**lesions[1], "d1_mm": 10}]
    found = assessed(
        "RANO20_MIXED", {"lesions": lesions, "steroids": "NONE"}, {**CALM, "lesions": later}
    )
    assert sentence(found.time_points[1].trace, "measured_response") == (
        "Enhancing tumour SD, non-enhancing tumour PR: PR, RANO 2.0 (Wen 2023)"
    )
