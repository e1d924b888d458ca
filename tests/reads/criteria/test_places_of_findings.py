"""Where a check points: every finding names the item of the form that it is about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from reads.criteria.base import Record
from reads.criteria.cheson2007 import LymphomaTimePoint, MassFacts
from reads.criteria.percist import PercistTimePoint
from reads.criteria.registry import get
from reads.criteria.vectorfile import derive


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
    scans = [
        PercistTimePoint(id=f"D{day}", day=day, liver_sul=Decimal(sul))
        for day, sul in ((0, "2.0"), (56, "2.1"), (112, "2.6"))
    ]
    (found,) = get("PERCIST").edit_checks(scans)
    assert (found.id, found.level.value) == ("PERCIST_LIVER_NOT_COMPARABLE", "warning")
    assert found.message == "The liver uptake of the two scans is not comparable."
    assert (found.clause, found.field) == ("PERCIST 1.0, Wahl 2009 table", "visits[1].liver_sul")
    masses = tuple(MassFacts(id=f"N{n}", ldi_mm=Decimal(20), sdi_mm=Decimal(9)) for n in range(7))
    (found,) = get("CHESON2007").edit_checks([LymphomaTimePoint(id="BL", lesions=masses)])
    assert (found.id, found.level.value) == ("TARGET_COUNT_MAX", "error")
    told = "7 lesions: There are more measured lesions than the criteria allow."
    assert (found.message, found.clause) == (told, "Cheson 2007 table 2")
    assert found.field == "baseline.lesions"


def test_cheson_tells_the_nadir_by_its_time_point_and_growth_by_its_side() -> None:
    def scan(day: int, ldi: object, **more: Any) -> LymphomaTimePoint:
        mass = MassFacts(id="N1", ldi_mm=Decimal(str(ldi)), sdi_mm=Decimal(10))
        return LymphomaTimePoint(id=f"D{day}", day=day, lesions=(mass,), **more)

    found = get("CHESON2007").assess([scan(0, 20), scan(56, 20), scan(112, 10), scan(168, 12)])
    clause = "Cheson 2007 table 2"
    assert found.time_points[1].because == (
        f"Sum of products 200 mm² = N1 200 mm², {clause}",
        f"Nadir before this time point is 200 mm² (D0), {clause}",
        f"Sum 200 mm² is 0 % above the baseline of 200 mm², {clause}",
        f"SPD 200 mm² is 0 % above the baseline of 200 mm²: SD, {clause}",
    )
    assert found.time_points[3].because[1] == (
        f"Nadir before this time point is 100 mm² (D112), {clause}"
    )
    avid = [
        scan(0, 20, avid=True),
        scan(56, 0, pet_positive=True),
        scan(112, 0, pet_positive=True),
        scan(168, 20, pet_positive=False, assessed=False),
    ]
    responses = [r.overall_response for r in get("CHESON2007").assess(avid).time_points[1:]]
    assert responses == ["PR", "PR", "NE"]


# --- PCWG3: targets at baseline decide what CR of soft tissue is with bone disease -------------


@pytest.mark.parametrize(
    ("baseline", "visit", "response"),
    [
        ({}, {}, "PR"),
        ({"target_lesions_at_baseline": True}, {}, "PR"),
        ({"target_lesions_at_baseline": False}, {}, "NON-CR/NON-PD"),
        ({"target_lesions_at_baseline": False}, {"target_lesions_at_baseline": True}, None),
        (
            {"target": [{"id": "T", "ld_mm": 20}]},
            {"target": [{"id": "T", "state": "ABSENT"}]},
            "PR",
        ),
        (
            {"non_target": [{"id": "NT"}]},
            {"non_target": [{"id": "NT", "state": "ABSENT"}]},
            "NON-CR/NON-PD",
        ),
        (
            {"target": [{"id": "T", "ld_mm": 20}], "target_lesions_at_baseline": False},
            {"target": [{"id": "T", "state": "ABSENT"}]},
            "NON-CR/NON-PD",
        ),
        (
            {"target": []},
            {"soft_tissue_response": "CR"},
            "NON-CR/NON-PD",
        ),
    ],
)
def test_soft_tissue_that_has_gone_with_bone_lesions_left(
    baseline: dict[str, Any], visit: dict[str, Any], response: str | None
) -> None:
    measured = "target" in visit or "non_target" in visit
    soft = {} if measured else {"soft_tissue_response": "CR"}
    entry = {
        "criterion": "PCWG3",
        "baseline": {"bone_lesions": 3, **baseline},
        "visits": [{"day": 56, "any_bone_lesion_visible": True, **soft, **visit}],
    }
    found = derive({"subjects": [entry]}).document["subjects"][0]["visits"][0]["derived"]
    assert found["bone_response_final"] == "NON-PD"
    assert found["overall_response"] == (response or "NON-CR/NON-PD")
