"""Facts of RANO, Lugano and PCWG3 as they are read from a file: every item, every spelling."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from reads.criteria.base import EnteredResponses, Record
from reads.criteria.facts import (
    Certainty,
    LesionState,
    MeasuredTimePoint,
    NonTargetFacts,
    NonTargetState,
    TargetFacts,
)
from reads.criteria.lugano_facts import (
    AvidLesion,
    Kind,
    LuganoLesion,
    LuganoNewLesion,
    LuganoTimePoint,
    Marrow,
    NonMeasured,
    Pet,
    UptakeChange,
)
from reads.criteria.lugano_facts import read_history as lugano_history
from reads.criteria.measurements import history_of
from reads.criteria.pcwg3_facts import BoneScan, PcwgTimePoint
from reads.criteria.pcwg3_facts import read_history as pcwg_history
from reads.criteria.rano_facts import (
    ClinicalStatus,
    Component,
    Enhancement,
    NonMeasurable,
    RanoLesion,
    RanoTimePoint,
    Steroids,
    T2Flair,
)
from reads.criteria.rano_facts import read_history as rano_history

WHEN = {
    "id": "W6",
    "day": 42,
    "date": "2024-02-19",
    "assessed": False,
    "number": "2.5",
    "new_therapy": True,
}


# --- RANO -------------------------------------------------------------------------------------


def rano(**visit: Any) -> RanoTimePoint:
    return rano_history(Record({"baseline": {}, "visits": [visit]}))[1]


def test_every_item_of_a_rano_time_point_is_read() -> None:
    found = rano(
        **WHEN,
        lesions=[
            {
                "id": "E1",
                "organ": "SPINAL CORD",
                "location": "C3",
                "modality": "MR",
                "slice_thickness_mm": "1.5",
                "reason": "motion",
                "state": "NOT_EVALUABLE",
                "component": "NON_ENHANCING",
                "d1_mm": "20.5",
                "d2_mm": 10,
                "volume_ml": "3.25",
            },
            {"id": "E2", "sequence": "T1"},
        ],
        t2_flair="DECREASED",
        non_measurable="PRESENT",
        new_lesion=True,
        new_lesion_outside_rt_field=False,
        histology=True,
        enhancement="STABLE",
        steroids="DECREASED",
        dexamethasone_mg="4.5",
        steroid_replacement=True,
        clinical_status="BETTER",
        weeks_since_rt=8,
        entered={"measured_response": "SD", "overall_response": "PR"},
    )
    assert found == RanoTimePoint(
        id="W6",
        day=42,
        date=date(2024, 2, 19),
        assessed=False,
        number=Decimal("2.5"),
        new_therapy=True,
        entered=EnteredResponses(target_response="SD", overall_response="PR"),
        lesions=(
            RanoLesion(
                id="E1",
                organ="SPINAL CORD",
                location="C3",
                modality="MR",
                slice_thickness_mm=Decimal("1.5"),
                reason="motion",
                state=LesionState.NOT_EVALUABLE,
                component=Component.NON_ENHANCING,
                d1_mm=Decimal("20.5"),
                d2_mm=Decimal(10),
                volume_ml=Decimal("3.25"),
            ),
            RanoLesion(id="E2", organ="BRAIN", modality="T1"),
        ),
        t2_flair=T2Flair.DECREASED,
        non_measurable=NonMeasurable.PRESENT,
        new_lesion=True,
        new_lesion_outside_rt_field=False,
        histology=True,
        enhancement=Enhancement.STABLE,
        steroids=Steroids.DECREASED,
        dexamethasone_mg=Decimal("4.5"),
        steroid_replacement=True,
        clinical_status=ClinicalStatus.BETTER,
        weeks_since_rt=Decimal(8),
    )


def test_a_rano_subject_without_names_and_items_gets_the_usual_ones() -> None:
    subject = {"baseline": {"day": -3}, "visits": [{"day": 1}, {"day": 2}]}
    assert rano_history(Record(subject)) == (
        RanoTimePoint(id="BL", day=-3, baseline=True),
        RanoTimePoint(id="TP1", day=1),
        RanoTimePoint(id="TP2", day=2),
    )


@pytest.mark.parametrize(
    ("visit", "name", "value"),
    [
        ({"histology_confirmed": True}, "histology", True),
        ({"steroid_dose_mg": 2}, "dexamethasone_mg", 2),
        ({"new_lesions": [{"id": "A"}]}, "new_lesion", True),
        ({"new_lesions": [{"id": "A", "certainty": "EQUIVOCAL"}]}, "new_lesion", False),
        ({"new_lesions": [{"certainty": "UNEQUIVOCAL"}]}, "new_lesion", True),
        ({"new_lesions": []}, "new_lesion", False),
        ({"new_enhancement": True}, "enhancement", Enhancement.INCREASED),
        ({"new_enhancement": False}, "enhancement", Enhancement.NONE),
        ({"new_enhancement": "INCREASED"}, "enhancement", Enhancement.INCREASED),
        ({"enhancement": "NEW"}, "enhancement", Enhancement.INCREASED),
        ({"t2_flair": "NE"}, "t2_flair", T2Flair.NOT_EVALUABLE),
        ({"t2_flair": "NOT_ASSESSED"}, "t2_flair", T2Flair.NOT_EVALUABLE),
        ({"t2_flair": "UNKNOWN"}, "t2_flair", T2Flair.NOT_EVALUABLE),
        ({"t2_flair": "UNCHANGED"}, "t2_flair", T2Flair.STABLE),
        ({"t2_flair": "GONE"}, "t2_flair", T2Flair.NONE),
        ({"t2_flair": "ABSENT"}, "t2_flair", T2Flair.NONE),
        ({"t2_flair": "NOT_APPLICABLE"}, "t2_flair", T2Flair.NONE),
        ({"t2_flair": "SIGNIFICANT_INCREASE"}, "t2_flair", T2Flair.INCREASED),
        ({"t2_flair": "SIGNIFICANTLY_INCREASED"}, "t2_flair", T2Flair.INCREASED),
        ({"t2_flair": "IMPROVED"}, "t2_flair", T2Flair.DECREASED),
        ({"t2_flair": "BETTER"}, "t2_flair", T2Flair.DECREASED),
        ({"t2_flair": "WORSE"}, "t2_flair", T2Flair.INCREASED),
        ({"non_measurable": "STABLE"}, "non_measurable", NonMeasurable.PRESENT),
        ({"non_measurable": "UNCHANGED"}, "non_measurable", NonMeasurable.PRESENT),
        ({"non_measurable": "DECREASED"}, "non_measurable", NonMeasurable.PRESENT),
        ({"non_measurable": "REDUCED"}, "non_measurable", NonMeasurable.PRESENT),
        ({"non_measurable": "INCREASED"}, "non_measurable", NonMeasurable.PROGRESSED),
        ({"non_measurable": "WORSE"}, "non_measurable", NonMeasurable.PROGRESSED),
        ({"non_measurable": "PD"}, "non_measurable", NonMeasurable.PROGRESSED),
        ({"non_measurable": "PROGRESSION"}, "non_measurable", NonMeasurable.PROGRESSED),
        ({"non_measurable": "CLEAR_PROGRESSION"}, "non_measurable", NonMeasurable.PROGRESSED),
        ({"non_measurable": "UNEQUIVOCAL_PROGRESSION"}, "non_measurable", NonMeasurable.PROGRESSED),
        ({"steroids": "REDUCED"}, "steroids", Steroids.DECREASED),
        ({"steroids": "LOWER"}, "steroids", Steroids.DECREASED),
        ({"steroids": "HIGHER"}, "steroids", Steroids.INCREASED),
        ({"steroids": "STOPPED"}, "steroids", Steroids.NONE),
        ({"steroids": "REPLACEMENT_ONLY"}, "steroids", Steroids.REPLACEMENT),
        ({"steroids": "PHYSIOLOGIC_REPLACEMENT"}, "steroids", Steroids.REPLACEMENT),
        ({"steroids": "PHYSIOLOGICAL_REPLACEMENT"}, "steroids", Steroids.REPLACEMENT),
        ({"steroids": "PHYSIOLOGIC"}, "steroids", Steroids.REPLACEMENT),
        ({"steroids": "PHYSIOLOGICAL"}, "steroids", Steroids.REPLACEMENT),
        ({"clinical_status": "IMPROVED"}, "clinical_status", ClinicalStatus.BETTER),
        ({"clinical_status": "DETERIORATED"}, "clinical_status", ClinicalStatus.WORSE),
        ({"clinical_status": "DECLINED"}, "clinical_status", ClinicalStatus.WORSE),
        ({"clinical_status": "WORSENED"}, "clinical_status", ClinicalStatus.WORSE),
        (
            {"entered": {"target_response": "PD"}},
            "entered",
            EnteredResponses(target_response="PD"),
        ),
    ],
)
def test_other_words_of_rano_mean_the_same(visit: dict[str, Any], name: str, value: object) -> None:
    assert getattr(rano(day=1, **visit), name) == value


@pytest.mark.parametrize("word", ["CE", "NON_CE", "NCE"])
def test_short_names_of_the_components_are_known(word: str) -> None:
    found = rano(day=1, lesions=[{"id": "E", "component": word}]).lesions[0].component
    assert found is (Component.ENHANCING if word == "CE" else Component.NON_ENHANCING)


# --- Lugano -----------------------------------------------------------------------------------


def lugano(**visit: Any) -> LuganoTimePoint:
    return lugano_history(Record({"baseline": {}, "visits": [visit]}))[1]


def test_every_item_of_a_lugano_time_point_is_read() -> None:
    found = lugano(
        **WHEN,
        ct_done=False,
        lesions=[
            {
                "id": "N1",
                "organ": "SPLEEN",
                "location": "hilum",
                "reason": "motion",
                "kind": "EXTRANODAL",
                "state": "MEASURED",
                "ldi_mm": "20.5",
                "sdi_mm": 10,
            },
            {"id": "N2", "state": "NOT_VISIBLE"},
        ],
        spleen_mm=140,
        nonmeasured="DECREASED",
        marrow="INVOLVED",
        new_lesions=[
            {
                "id": "L1",
                "organ": "LIVER",
                "location": "S4",
                "kind": "OTHER",
                "certainty": "EQUIVOCAL",
                "due_to_lymphoma": False,
                "ldi_mm": 9,
                "sdi_mm": "8.5",
            },
            {},
        ],
        pet={
            "readable": False,
            "deauville": 4,
            "uptake_change_vs_baseline": "REDUCED",
            "new_fdg_avid_lesion": "UNRELATED",
            "unrelated_uptake_x": True,
            "marrow_avid": True,
            "liver_suv": "2.1",
            "mediastinum_suv": "1.5",
        },
        entered={"ct_response": "SD", "overall_response": "PR"},
    )
    assert found == LuganoTimePoint(
        id="W6",
        day=42,
        date=date(2024, 2, 19),
        assessed=False,
        number=Decimal("2.5"),
        new_therapy=True,
        entered=EnteredResponses(target_response="SD", overall_response="PR"),
        ct_done=False,
        lesions=(
            LuganoLesion(
                id="N1",
                organ="SPLEEN",
                location="hilum",
                reason="motion",
                kind=Kind.EXTRANODAL,
                state=LesionState.MEASURED,
                ldi_mm=Decimal("20.5"),
                sdi_mm=Decimal(10),
            ),
            LuganoLesion(id="N2", kind=Kind.NODE, state=LesionState.ABSENT),
        ),
        spleen_mm=Decimal(140),
        nonmeasured=NonMeasured.DECREASED,
        marrow=Marrow.INVOLVED,
        new_lesions=(
            LuganoNewLesion(
                id="L1",
                organ="LIVER",
                location="S4",
                kind=Kind.OTHER,
                certainty=Certainty.EQUIVOCAL,
                due_to_lymphoma=False,
                ldi_mm=Decimal(9),
                sdi_mm=Decimal("8.5"),
            ),
            LuganoNewLesion(id="NL2"),
        ),
        pet=Pet(
            readable=False,
            deauville=4,
            uptake_change=UptakeChange.REDUCED,
            new_avid_lesion=AvidLesion.UNRELATED,
            unrelated_uptake_x=True,
            marrow_avid=True,
            liver_reference=Decimal("2.1"),
            mediastinum_reference=Decimal("1.5"),
        ),
    )


def test_a_lugano_baseline_lists_its_non_measured_sites() -> None:
    subject = {"baseline": {"nonmeasured": ["ascites", "pleura"]}, "visits": [{"day": 1}]}
    assert lugano_history(Record(subject)) == (
        LuganoTimePoint(id="BL", baseline=True, nonmeasured_sites=("ascites", "pleura")),
        LuganoTimePoint(id="TP1", day=1),
    )


@pytest.mark.parametrize(
    ("visit", "name", "value"),
    [
        ({"pet": {"deauville": 2}}, "ct_done", False),
        ({"pet": {"deauville": 2}, "lesions": []}, "ct_done", True),
        ({"pet": {"deauville": 2}, "ct_done": True}, "ct_done", True),
        ({}, "ct_done", True),
        ({}, "pet", None),
        ({"pet": {}}, "pet", Pet()),
        ({"pet": {"deauville": "X"}}, "pet", Pet(unrelated_uptake_x=True)),
        ({"pet": {"deauville": "x"}}, "pet", Pet(unrelated_uptake_x=True)),
        ({"pet": {"deauville": 1}}, "pet", Pet(deauville=1)),
        ({"pet": {"deauville": 5}}, "pet", Pet(deauville=5)),
        ({"pet": {"evaluable": False}}, "pet", Pet(readable=False)),
        ({"pet": {"avid_marrow": True}}, "pet", Pet(marrow_avid=True)),
        (
            {"pet": {"new_fdg_avid_lesion": True}},
            "pet",
            Pet(new_avid_lesion=AvidLesion.CONSISTENT_WITH_LYMPHOMA),
        ),
        ({"pet": {"new_fdg_avid_lesion": False}}, "pet", Pet()),
        ({"pet": {"uptake_change": "HIGHER"}}, "pet", Pet(uptake_change=UptakeChange.INCREASED)),
        *(
            ({"pet": {name: 2}}, "pet", Pet(liver_reference=Decimal(2)))
            for name in ("liver_suv", "liver_suvmax", "liver_suv_max", "liver_reference")
        ),
        *(
            ({"pet": {f"mediastinum_{name}": 2}}, "pet", Pet(mediastinum_reference=Decimal(2)))
            for name in ("suv", "suvmax", "suv_max", "reference")
        ),
        ({"bone_marrow": "NEW"}, "marrow", Marrow.NEW),
        ({"marrow": "NEGATIVE"}, "marrow", Marrow.NORMAL),
        ({"marrow": "ABSENT"}, "marrow", Marrow.NORMAL),
        ({"marrow": "PRESENT"}, "marrow", Marrow.INVOLVED),
        ({"marrow": "POSITIVE"}, "marrow", Marrow.INVOLVED),
        ({"marrow": "RECURRENT"}, "marrow", Marrow.NEW),
        ({"marrow": "NE"}, "marrow", Marrow.NOT_EVALUABLE),
        *(
            ({"nonmeasured": word}, "nonmeasured", NonMeasured.ABSENT)
            for word in ("NONE", "GONE", "NOT_APPLICABLE")
        ),
        *(
            ({"nonmeasured": word}, "nonmeasured", NonMeasured.DECREASED)
            for word in ("REGRESSED", "REDUCED", "SMALLER")
        ),
        *(
            ({"nonmeasured": word}, "nonmeasured", NonMeasured.PROGRESSED)
            for word in ("INCREASED", "PROGRESSION", "UNEQUIVOCAL_PROGRESSION", "NEW")
        ),
        ({"nonmeasured": "UNCHANGED"}, "nonmeasured", NonMeasured.STABLE),
        ({"nonmeasured": "NE"}, "nonmeasured", NonMeasured.NOT_EVALUABLE),
        (
            {"entered": {"target_response": "PD"}},
            "entered",
            EnteredResponses(target_response="PD"),
        ),
    ],
)
def test_other_words_of_lugano_mean_the_same(
    visit: dict[str, Any], name: str, value: object
) -> None:
    assert getattr(lugano(day=1, **visit), name) == value


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("NODAL", Kind.NODE),
        ("LYMPH_NODE", Kind.NODE),
        ("EXTRA_NODAL", Kind.EXTRANODAL),
        (None, Kind.NODE),
    ],
)
def test_other_words_for_the_kind_of_a_lesion_are_known(word: str | None, kind: Kind) -> None:
    lesion = {"id": "N", "kind": word}
    found = lugano(day=1, lesions=[lesion], new_lesions=[lesion])
    assert (found.lesions[0].kind, found.new_lesions[0].kind) == (kind, kind)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("YES", AvidLesion.CONSISTENT_WITH_LYMPHOMA),
        ("NO", AvidLesion.NONE),
        *(
            (word, AvidLesion.UNRELATED)
            for word in (
                "UNLIKELY_LYMPHOMA",
                "OTHER_CAUSE",
                "NOT_LYMPHOMA",
                "INFLAMMATORY",
                "INFECTIOUS",
            )
        ),
        ("UNCERTAIN", AvidLesion.EQUIVOCAL),
    ],
)
def test_other_words_for_a_new_focus_are_known(word: str, value: AvidLesion) -> None:
    pet = lugano(day=1, pet={"new_fdg_avid_lesion": word}).pet
    assert pet is not None
    assert pet.new_avid_lesion is value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("DECREASED", UptakeChange.REDUCED),
        ("LOWER", UptakeChange.REDUCED),
        ("NO_CHANGE", UptakeChange.UNCHANGED),
        ("STABLE", UptakeChange.UNCHANGED),
        ("HIGHER", UptakeChange.INCREASED),
    ],
)
def test_other_words_for_a_change_of_uptake_are_known(word: str, value: UptakeChange) -> None:
    assert lugano(day=1, pet={"uptake_change_vs_baseline": word}).pet == Pet(uptake_change=value)


# --- PCWG3 ------------------------------------------------------------------------------------


def pcwg(**visit: Any) -> PcwgTimePoint:
    return pcwg_history(Record({"baseline": {}, "visits": [visit]}))[1]


def test_every_item_of_a_pcwg_time_point_is_read() -> None:
    found = pcwg(
        **WHEN,
        bone_lesions=4,
        target_lesions_at_baseline=False,
        bone_scan_done=False,
        bone_scan_evaluable=False,
        new_lesions_first_seen=["B1"],
        new_lesions_persisting=["B0"],
        any_bone_lesion_visible=True,
        new_lesion_count=3,
        soft_tissue_response="SD",
        soft_tissue={"target": [{"id": "T01", "ld_mm": 12}]},
        entered={"bone_response": "PD", "overall_response": "SD"},
    )
    assert found == PcwgTimePoint(
        id="W6",
        day=42,
        date=date(2024, 2, 19),
        assessed=False,
        number=Decimal("2.5"),
        new_therapy=True,
        entered=EnteredResponses(target_response="PD", overall_response="SD"),
        bone_lesions=4,
        target_lesions_at_baseline=False,
        bone=BoneScan(
            done=False,
            readable=False,
            first_seen=("B1",),
            persisting=("B0",),
            lesions_visible=True,
            new_lesion_count=3,
        ),
        soft_tissue_response="SD",
        soft_tissue=MeasuredTimePoint(
            id="W6",
            day=42,
            date=date(2024, 2, 19),
            assessed=False,
            number=Decimal("2.5"),
            new_therapy=True,
            entered=EnteredResponses(overall_response="SD"),
            target=(TargetFacts(id="T01", ld_mm=Decimal(12)),),
        ),
    )


def test_soft_tissue_may_stand_beside_the_bone_scan() -> None:
    subject = {
        "baseline": {"targets": [{"id": "T01", "ld_mm": 12}], "bone_lesions": ["B1", "B2"]},
        "visits": [{"day": 9, "non_targets": [{"id": "NT", "state": "ABSENT"}]}, {"day": 10}],
    }
    baseline, first, second = pcwg_history(Record(subject))
    assert baseline.bone_lesions == 2
    assert baseline.soft_tissue == MeasuredTimePoint(
        id="BL", baseline=True, target=(TargetFacts(id="T01", ld_mm=Decimal(12)),)
    )
    assert first.soft_tissue == MeasuredTimePoint(
        id="TP1", day=9, non_target=(NonTargetFacts(id="NT", state=NonTargetState.ABSENT),)
    )
    assert second.soft_tissue is None
    assert second.bone == BoneScan()


@pytest.mark.parametrize("name", ["target", "targets", "non_target", "non_targets"])
def test_any_list_of_lesions_makes_soft_tissue(name: str) -> None:
    assert pcwg(day=1, **{name: []}).soft_tissue is not None


@pytest.mark.parametrize(
    ("visit", "name", "value"),
    [
        ({"week": 8}, "day", 56),
        ({"week": 8, "day": 57}, "day", 57),
        ({"week": 8, "date": "2024-01-08"}, "day", None),
        ({"bone_scan_readable": False}, "bone", BoneScan(readable=False)),
        ({"new_lesions_count": 2}, "bone", BoneScan(new_lesion_count=2)),
        ({"new_lesions_total": ["A"]}, "bone", BoneScan(new_lesion_count=1)),
        ({"bone_lesions": 0}, "bone_lesions", 0),
    ],
)
def test_other_spellings_of_pcwg_mean_the_same(
    visit: dict[str, Any], name: str, value: object
) -> None:
    assert getattr(pcwg(**visit), name) == value


def test_a_bone_scan_counts_when_it_was_done_and_can_be_read() -> None:
    assert BoneScan().evaluable
    assert not BoneScan(done=False).evaluable
    assert not BoneScan(readable=False).evaluable


# --- RECIST: further spellings ----------------------------------------------------------------


def recist(**visit: Any) -> MeasuredTimePoint:
    return history_of(Record({"baseline": {}, "visits": [visit]}))[1]


@pytest.mark.parametrize("name", ["visit_number", "visit_num", "visitnum", "number"])
def test_the_number_of_a_visit_has_several_names(name: str) -> None:
    assert recist(**{name: 3}).number == 3


@pytest.mark.parametrize(
    ("item", "name", "value"),
    [
        *(({word: 7}, "ld_mm", 7) for word in ("ld_mm", "longest_diameter_mm", "value_mm")),
        *(({word: 7}, "sa_mm", 7) for word in ("sa_mm", "short_axis_mm", "value_mm")),
        *(
            ({word: 4}, "slice_thickness_mm", 4)
            for word in ("slice_thickness_mm", "slice_mm", "slice_thickness")
        ),
        *(({word: "CT"}, "modality", "CT") for word in ("modality", "method")),
        *(
            ({word: "x"}, "reason", "x")
            for word in ("reason", "ne_reason", "not_evaluable_reason", "reason_not_evaluable")
        ),
        *(({word: "x"}, "location", "x") for word in ("location", "location_text", "site")),
        *(({word: "LEFT"}, "side", "LEFT") for word in ("side", "laterality")),
        *(({word: [1, 2]}, "fragments_mm", (1, 2)) for word in ("fragments_mm", "fragments")),
    ],
)
def test_items_of_a_lesion_have_several_names(
    item: dict[str, Any], name: str, value: object
) -> None:
    found = recist(target=[{"id": "T", **item}], new_lesions=[{"id": "N", **item}])
    assert getattr(found.target[0], name) == value
    assert getattr(found.new_lesions[0], name) == value


@pytest.mark.parametrize("name", ["further_increase_from_last", "further_increase"])
def test_a_further_increase_has_two_names(name: str) -> None:
    lesion = {"id": "A", name: True}
    found = recist(non_target=[lesion], new_lesions=[lesion])
    assert found.non_target[0].further_increase is True
    assert found.new_lesions[0].further_increase is True


@pytest.mark.parametrize("place", ["entered", "reported", "recorded"])
@pytest.mark.parametrize(
    "name", ["sum_mm", "recorded_sum_mm", "entered_sum_mm", "reported_sum_mm", "target_sum_mm"]
)
def test_an_entered_sum_has_several_names_and_places(place: str, name: str) -> None:
    expected = EnteredResponses(sum_mm=Decimal(9))
    assert recist(**{place: {name: 9}}).entered == expected
    assert recist(**{name: 9}).entered == expected
    both = recist(**{name: 9, place: {"sum_mm": 8, "overall_response": "PD"}})
    assert both.entered == EnteredResponses(sum_mm=Decimal(9), overall_response="PD")


@pytest.mark.parametrize(
    "name", ["treatment_start_date", "treatment_start", "first_dose_date", "treatment_start_day"]
)
def test_the_start_of_treatment_may_stand_at_the_subject_or_at_the_baseline(name: str) -> None:
    value, other = (3, 5) if name.endswith("day") else ("2024-01-08", "2024-02-08")
    read = "treatment_start_day" if name.endswith("day") else "treatment_start_date"
    parsed = value if isinstance(value, int) else date.fromisoformat(value)
    at_subject = history_of(Record({name: value, "baseline": {}}))[0]
    at_baseline = history_of(Record({name: other, "baseline": {name: value}}))[0]
    assert getattr(at_subject, read) == parsed
    assert getattr(at_baseline, read) == parsed
    visit = history_of(Record({name: value, "baseline": {}, "visits": [{"day": 1}]}))[1]
    assert getattr(visit, read) is None


def test_the_series_of_a_time_point_holds_for_lesions_that_do_not_tell_their_own() -> None:
    found = recist(
        modality="CT",
        slice_thickness_mm=5,
        target=[{"id": "A"}, {"id": "B", "method": "MR", "slice_mm": 3}],
        non_target=[{"id": "C"}],
        new_lesions=[{"id": "D"}, {"organ": "LIVER"}],
    )
    assert [(x.modality, x.slice_thickness_mm) for x in found.target] == [("CT", 5), ("MR", 3)]
    assert (found.non_target[0].modality, found.new_lesions[0].modality) == ("CT", "CT")
    assert [lesion.id for lesion in found.new_lesions] == ["D", "NL2"]
