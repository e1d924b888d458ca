"""Sentences of Lugano as a radiologist reads them, and the limits of the spleen."""

from __future__ import annotations

from typing import Any

import pytest

from reads.criteria.vectorfile import derive

CT, CLAUSE = "Lugano 2014 CT-based response (Cheson 2014)", "Lugano 2014 (Cheson 2014)"
PET = "Lugano 2014 five-point scale (Barrington 2014)"
NODE = {"id": "N1", "kind": "NODE", "ldi_mm": 20, "sdi_mm": 15}
SPOT = {"id": "L1", "kind": "EXTRANODAL", "ldi_mm": 12, "sdi_mm": 10}


def told(baseline: dict[str, Any], *visits: dict[str, Any], **settings: object) -> dict[str, str]:
    """Return the sentences of the last visit by the value that each derives."""
    days = [{"day": 56 * n, **visit} for n, visit in enumerate(visits, start=1)]
    entry = {
        "criterion": "LUGANO2014",
        "settings": settings,
        "baseline": baseline,
        "visits": days,
    }
    visit = derive({"subjects": [entry]}).document["subjects"][0]["visits"][-1]
    names = ("spd", "change", "progressed", "spleen", "new", "ct", "pet", "overall")
    return dict(zip(names, visit["derived_because"], strict=True))


def size(lesion: dict[str, Any], ldi: object, sdi: object) -> dict[str, Any]:
    return {**lesion, "ldi_mm": ldi, "sdi_mm": sdi}


def test_a_stable_node_without_pet_is_told_in_full() -> None:
    found = told({"lesions": [NODE]}, {"lesions": [size(NODE, 20, 15)], "nonmeasured": "ABSENT"})
    assert found == {
        "spd": f"Sum of products 300 mm² = N1 300 mm², {CT}",
        "change": f"Sum 300 mm² is 0 % above the baseline of 300 mm², {CT}",
        "progressed": f"No target progressed on its own, {CT}",
        "spleen": f"No length of the spleen: NOT_APPLICABLE, {CT}",
        "new": f"No new lesion, {CT}",
        "ct": (
            "Sum of products 300 mm² is 0 % below baseline, non-measured disease ABSENT, spleen "
            f"NOT_APPLICABLE: SD, {CT}"
        ),
        "pet": f"No PET: NOT_DONE, {PET}",
        "overall": f"CT SD decides: SD, {CLAUSE}",
    }


def test_growth_is_told_lesion_by_lesion_also_from_nothing() -> None:
    other = {**NODE, "id": "N2"}
    found = told(
        {"lesions": [NODE, other]},
        {"lesions": [size(NODE, 0, 0), size(other, 20, 15)], "nonmeasured": "ABSENT"},
        {"lesions": [size(NODE, 16, 5), size(other, 30, "22.5")], "nonmeasured": "ABSENT"},
    )
    assert found["progressed"] == (
        "Progression of N1 16 x 5 mm, product after its nadir of 0 mm²; N2 30 x 22.5 mm, product "
        f"125 % above its nadir of 300 mm², {CT}"
    )
    assert found["ct"] == f"Progression on CT because target N1, N2 progressed: PD, {CT}"


def test_findings_that_are_no_new_lesion_are_told_as_well() -> None:
    small = [{"id": name, "kind": "NODE", "ldi_mm": 12, "sdi_mm": 9} for name in ("A", "B")]
    visit = {"lesions": [NODE], "nonmeasured": "ABSENT"}
    found = told({"lesions": [NODE]}, {**visit, "new_lesions": small})
    assert found["new"] == f"No new lesion among A, B, {CT}"
    large = [size(lesion, 16, 9) for lesion in small]
    found = told({"lesions": [NODE]}, {**visit, "new_lesions": large})
    assert found["new"] == f"New or regrown lesion A, B, {CT}"


def test_disease_without_targets_and_scans_that_were_not_read_are_told() -> None:
    found = told({}, {"nonmeasured": "STABLE", "lesions": [], "spleen_mm": 120})
    assert found["ct"] == (
        f"No target at baseline, non-measured disease STABLE, spleen NORMAL: SD, {CT}"
    )
    assert found["spleen"] == f"Spleen 120 mm, normal up to 130 mm: NORMAL, {CT}"
    found = told({"lesions": [NODE]}, {"pet": {"deauville": 3}})
    assert found["ct"] == f"No CT was read: NOT_DONE, {CT}"
    assert found["pet"] == f"Five-point score 3: CMR, {PET}"
    assert found["overall"] == f"PET CMR decides, CT NOT_DONE is reported beside it: CR, {CLAUSE}"
    found = told({"lesions": [NODE]}, {"assessed": False, "lesions": [NODE]})
    assert found["ct"] == f"No imaging at this time point: NE, {CT}"
    assert found["pet"] == f"The PET cannot be evaluated: NE, {PET}"


def test_pet_is_told_with_everything_that_was_seen() -> None:
    def pet(**items: object) -> str:
        return told({"lesions": [NODE]}, {"lesions": [NODE], "pet": items})["pet"]

    assert pet(deauville=4) == f"Five-point score 4: NE, {PET}"
    assert pet(deauville=5, uptake_change="UNCHANGED", marrow_avid=True) == (
        f"Five-point score 5, uptake unchanged against baseline, FDG-avid marrow: NMR, {PET}"
    )
    assert pet(deauville="X") == (
        f"No five-point score of known sites, new uptake unlikely to be lymphoma (X): NE, {PET}"
    )
    assert pet(deauville=1, new_fdg_avid_lesion=True) == (
        f"New FDG-avid focus consistent with lymphoma: PMD, {PET}"
    )
    assert pet(readable=False, deauville=1) == f"The PET cannot be evaluated: NE, {PET}"


def test_growth_against_the_baseline_is_told_with_its_side() -> None:
    def ct(ldi: object, sdi: object) -> str:
        lesions = [size({**NODE, "kind": "EXTRANODAL"}, ldi, sdi)]
        baseline = {"lesions": [{**NODE, "kind": "EXTRANODAL"}]}
        return told(baseline, {"lesions": lesions, "nonmeasured": "ABSENT"})["ct"]

    rest = "non-measured disease ABSENT, spleen NOT_APPLICABLE"
    assert ct(21, 15) == f"Sum of products 315 mm² is 5 % above baseline, {rest}: SD, {CT}"
    assert ct(10, 15) == f"Sum of products 150 mm² is 50 % below baseline, {rest}: PR, {CT}"


# Excess over 130 mm; growth by more than half of the excess, or 20 mm from a normal spleen.
@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        (150, 160, "ENLARGED"),
        (150, "160.1", "PROGRESSED"),
        (130, 149, "ENLARGED"),
        (130, 150, "PROGRESSED"),
        (100, 119, "NORMAL"),
        (100, 120, "PROGRESSED"),
        ("130.1", 131, "PROGRESSED"),
        ("130.1", "130.15", "ENLARGED"),
        (170, 150, "ENLARGED"),
        (170, "149.9", "REGRESSED"),
        (170, 130, "NORMAL"),
        (None, 131, "ENLARGED"),
        (None, 130, "NORMAL"),
    ],
)
def test_the_spleen_at_its_limits(before: object, now: object, state: str) -> None:
    found = told({"spleen_mm": before}, {"lesions": [], "spleen_mm": now, "nonmeasured": "ABSENT"})
    after = "" if before is None else f" after {before} mm"
    assert found["spleen"] == f"Spleen {now} mm{after}, normal up to 130 mm: {state}, {CT}"


def test_growth_of_a_normal_spleen_may_have_to_pass_the_normal_length() -> None:
    def state(now: object) -> str:
        found = told(
            {"spleen_mm": 105},
            {"lesions": [], "spleen_mm": now, "nonmeasured": "ABSENT"},
            new_splenomegaly_must_exceed_normal=True,
        )
        return found["spleen"].rpartition(": ")[2].partition(",")[0]

    assert (state(130), state("130.1")) == ("NORMAL", "PROGRESSED")


def test_growth_of_the_spleen_is_measured_from_its_smallest_length() -> None:
    visits = [
        {"lesions": [], "spleen_mm": length, "nonmeasured": "ABSENT"} for length in (140, 150)
    ]
    # 140 after 170: excess 10 mm, so growth of more than 5 mm is progression.
    found = told({"spleen_mm": 170}, *visits)
    assert found["spleen"] == f"Spleen 150 mm after 140 mm, normal up to 130 mm: PROGRESSED, {CT}"
    found = told({"spleen_mm": 170}, *visits, spleen_reference="baseline")
    assert found["spleen"] == f"Spleen 150 mm after 170 mm, normal up to 130 mm: ENLARGED, {CT}"
    missed = {"assessed": False, "spleen_mm": 140}
    found = told({"spleen_mm": 170}, missed, visits[1])
    assert found["spleen"] == f"Spleen 150 mm after 170 mm, normal up to 130 mm: ENLARGED, {CT}"


def test_an_extranodal_lesion_that_had_gone_is_new_again_above_10_mm() -> None:
    gone = {"lesions": [size(SPOT, 0, 0)], "nonmeasured": "ABSENT"}
    for ldi, sdi, back in (("10.1", 5, True), (10, 10, False)):
        visit = {"lesions": [size(SPOT, ldi, sdi)], "nonmeasured": "ABSENT"}
        found = told({"lesions": [SPOT]}, gone, visit)
        assert found["new"] == (
            f"New or regrown lesion L1, {CT}" if back else f"No new lesion, {CT}"
        )
    node = {**SPOT, "kind": "NODE", "ldi_mm": 16}
    gone = {"lesions": [size(node, 0, 0)], "nonmeasured": "ABSENT"}
    found = told({"lesions": [node]}, gone, {**gone, "lesions": [size(node, 14, 5)]})
    assert found["new"] == f"No new lesion, {CT}"


def test_the_component_table_takes_ct_where_the_disease_is_not_avid_or_pet_is_not_told() -> None:
    def answer(**given: object) -> object:
        case = {"criterion": "LUGANO2014", "input": given}
        return derive({"cases": [case]}).document["cases"][0]["derived"]

    assert answer(pet_response="CMR", ct_response="PD", fdg_avid=False) == {
        "overall_response": "PD"
    }
    assert answer(pet_response="CMR", ct_response="PD", fdg_avid=True) == {"overall_response": "CR"}
    assert answer(ct_response="PAR") == {"overall_response": "PR"}
    assert answer(pet_response="NOT_DONE") == {"overall_response": "NE"}
    assert answer() == {"overall_response": "NE"}
