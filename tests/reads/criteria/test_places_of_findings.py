"""Where a check points: every finding names the item of the form that it is about."""

from __future__ import annotations

from typing import Any

import pytest

from reads.criteria.base import Record
from reads.criteria.cheson2007 import LymphomaTimePoint, MassFacts
from reads.criteria.percist import PercistTimePoint
from reads.criteria.registry import get


def fired(key: str, baseline: dict[str, Any], *visits: dict[str, Any]) -> set[tuple[str, str]]:
    criterion = get(key)
    days = [{"day": 56 * n, **visit} for n, visit in enumerate(visits, start=1)]
    assert criterion.files.history is not None
    history = criterion.files.history(Record({"baseline": baseline, "visits": days}))
    return {(finding.id, finding.field) for finding in criterion.edit_checks(history)}


NODE = {"id": "N1", "kind": "NODE", "ldi_mm": 20, "sdi_mm": 15}
BRAIN = {"id": "E1", "state": "MEASURED", "d1_mm": 20, "d2_mm": 15}
CALM = {"steroids": "NONE", "clinical_status": "STABLE"}


@pytest.mark.parametrize(
    ("baseline", "visit", "finding"),
    [
        ({"lesions": [NODE] * 7}, {}, ("TARGET_COUNT_MAX", "baseline.lesions")),
        (
            {"lesions": [NODE, {**NODE, "ldi_mm": 15}]},
            {},
            ("TARGET_NOT_MEASURABLE", "baseline.lesions[1]"),
        ),
        (
            {"lesions": [{**NODE, "kind": "EXTRANODAL", "ldi_mm": 10, "sdi_mm": 9}]},
            {},
            ("TARGET_NOT_MEASURABLE", "baseline.lesions[0]"),
        ),
        (
            {"lesions": [NODE]},
            {"lesions": [{**NODE, "sdi_mm": 21}]},
            ("SHORT_AXIS_GT_LONG", "visits[0].lesions[0]"),
        ),
        (
            {"lesions": [NODE]},
            {"new_lesions": [{"id": "A", "organ": "LIVER"}, {"id": "B"}]},
            ("NEW_LESION_NO_LOCATION", "visits[0].new_lesions[1]"),
        ),
        (
            {"lesions": [NODE]},
            {"new_lesions": [{"id": "N1", "location": "neck"}]},
            ("NEW_LESION_EXISTS_AT_BASELINE", "visits[0].new_lesions[0]"),
        ),
        (
            {"lesions": [NODE]},
            {"pet": {"deauville": 4, "liver_suv": 2}},
            ("DEAUVILLE_MISSING_REFERENCE", "visits[0].pet.deauville"),
        ),
        (
            {"lesions": [NODE]},
            {"lesions": [{**NODE, "ldi_mm": 501}]},
            ("NEGATIVE_OR_UNIT", "visits[0].lesions[0].ldi_mm"),
        ),
        (
            {"lesions": [NODE]},
            {"lesions": [{**NODE, "sdi_mm": -1}]},
            ("NEGATIVE_OR_UNIT", "visits[0].lesions[0].sdi_mm"),
        ),
        (
            {"lesions": [NODE]},
            {"lesions": [{**NODE, "ldi_mm": 0, "state": "MEASURED"}]},
            ("ZERO_VS_ABSENT", "visits[0].lesions[0].ldi_mm"),
        ),
        (
            {"lesions": [NODE]},
            {"lesions": [{"id": "N1", "state": "NOT_EVALUABLE", "reason": " "}]},
            ("NE_WITHOUT_REASON", "visits[0].lesions[0].reason"),
        ),
        (
            {"lesions": [NODE]},
            {"lesions": [NODE, {**NODE, "id": "N2"}]},
            ("TARGET_ADDED_AFTER_BASELINE", "visits[0].lesions[1]"),
        ),
        (
            {"lesions": [NODE, {**NODE, "id": "N2"}]},
            {"lesions": [NODE]},
            ("TARGET_MISSING_AT_VISIT", "visits[0].lesions"),
        ),
        (
            {"entered": {"overall_response": "SD"}},
            {},
            ("RESPONSE_AT_BASELINE", "baseline.entered.overall_response"),
        ),
        (
            {"lesions": [NODE]},
            {"lesions": [NODE], "entered": {"ct_response": "PR"}},
            ("RESPONSE_MISMATCH_TARGET", "visits[0].entered"),
        ),
        (
            {"lesions": [NODE]},
            {"lesions": [NODE], "entered": {"overall_response": "PR"}},
            ("RESPONSE_MISMATCH_OVERALL", "visits[0].entered"),
        ),
        ({"day": 60}, {}, ("VISIT_BEFORE_BASELINE", "visits[0].date")),
        ({"day": 56}, {}, ("DUPLICATE_DATE", "visits[0].date")),
    ],
)
def test_lugano_findings_point_at_their_item(
    baseline: dict[str, Any], visit: dict[str, Any], finding: tuple[str, str]
) -> None:
    assert finding in fired("LUGANO2014", baseline, visit)


def test_a_clean_lugano_subject_fires_nothing() -> None:
    extranodal = {**NODE, "id": "L1", "kind": "EXTRANODAL", "ldi_mm": "10.1", "sdi_mm": 9}
    small = {**NODE, "id": "N2", "ldi_mm": "15.1", "sdi_mm": "15.1"}
    lesions = [NODE, extranodal, small]
    pet = {"deauville": 4, "liver_suv": 2, "mediastinum_suv": 1, "uptake_change": "REDUCED"}
    new = [{"id": "A", "location": "neck"}, {"id": "B", "organ": "LIVER"}]
    visit = {"lesions": lesions, "pet": pet, "nonmeasured": "ABSENT", "new_lesions": new}
    assert fired("LUGANO2014", {"lesions": lesions}, visit) == set()
    tiny = {"id": "N1", "kind": "NODE", "state": "TOO_SMALL_TO_MEASURE", "ldi_mm": 5, "sdi_mm": 5}
    assert fired("LUGANO2014", {"lesions": [tiny]}) == set()


@pytest.mark.parametrize(
    ("baseline", "visit", "finding"),
    [
        ({"lesions": [BRAIN] * 6}, CALM, ("TARGET_COUNT_MAX", "baseline.lesions")),
        (
            {"lesions": [BRAIN, {**BRAIN, "d2_mm": "9.9"}]},
            CALM,
            ("TARGET_NOT_MEASURABLE", "baseline.lesions[1]"),
        ),
        (
            {"lesions": [{**BRAIN, "slice_thickness_mm": 8}]},
            CALM,
            ("TARGET_SLICE_THICKNESS", "baseline.lesions[0]"),
        ),
        ({"lesions": [BRAIN]}, CALM, ("RANO_STEROID_MISSING", "baseline.steroids")),
        ({}, {"clinical_status": "STABLE"}, ("RANO_STEROID_MISSING", "visits[0].steroids")),
        ({}, {"steroids": "NONE"}, ("RANO_CLINICAL_MISSING", "visits[0].clinical_status")),
        *(
            (
                {"lesions": [BRAIN]},
                {"lesions": [{**BRAIN, name: 501}]},
                ("NEGATIVE_OR_UNIT", f"visits[0].lesions[0].{name}"),
            )
            for name in ("d1_mm", "d2_mm", "volume_ml")
        ),
    ],
)
def test_rano_findings_point_at_their_item(
    baseline: dict[str, Any], visit: dict[str, Any], finding: tuple[str, str]
) -> None:
    assert finding in fired("RANO_HGG_2010", baseline, visit)


def test_a_clean_rano_subject_fires_nothing() -> None:
    least = {**BRAIN, "id": "E2", "d1_mm": 10, "d2_mm": 10, "slice_thickness_mm": 5}
    thick = {**BRAIN, "id": "E3", "d1_mm": 16, "d2_mm": 16, "slice_thickness_mm": 8}
    lesions = [BRAIN, least, thick]
    baseline = {"lesions": lesions, "steroids": "NONE"}
    visit = {**CALM, "lesions": lesions, "t2_flair": "STABLE"}
    missed = {"assessed": False}
    assert fired("RANO_HGG_2010", baseline, visit, missed) == set()
    by_dose = {**baseline, "steroids": None, "dexamethasone_mg": 0}
    assert fired("RANO_HGG_2010", by_dose, visit) == set()


def test_findings_of_percist_and_cheson_hold_all_that_the_form_shows() -> None:
    two, three = (PercistTimePoint(id="A", day=n, liver_sul=n + 1) for n in (1, 2))  # type: ignore[arg-type]
