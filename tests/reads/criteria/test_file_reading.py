"""Reading facts from files: every item of the form, its other spellings and its defaults."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from reads.criteria.base import Record
from reads.criteria.cheson2007 import LymphomaTimePoint, MassFacts
from reads.criteria.cheson2007 import history_of as lymphoma_history
from reads.criteria.facts import (
    Certainty,
    EnteredResponses,
    LesionState,
    MeasuredTimePoint,
    NewLesionCategory,
    NewLesionFacts,
    NewLesionState,
    NonTargetFacts,
    NonTargetState,
    TargetFacts,
)
from reads.criteria.measurements import history_of
from reads.criteria.percist import PercistTimePoint
from reads.criteria.percist import history_of as uptake_history
from reads.criteria.volumetric import VolumeTimePoint
from reads.criteria.volumetric import history_of as volume_history

FULL_LESION = {
    "id": "T01",
    "organ": "LUNG",
    "location": "upper lobe",
    "side": "LEFT",
    "nodal": False,
    "modality": "CT",
    "slice_thickness_mm": 3,
    "reason": "motion",
    "ld_mm": "14.1",
    "sa_mm": 9,
}
SHARED = {
    "id": "T01",
    "organ": "LUNG",
    "location": "upper lobe",
    "side": "LEFT",
    "nodal": False,
    "modality": "CT",
    "slice_thickness_mm": Decimal(3),
    "reason": "motion",
    "ld_mm": Decimal("14.1"),
    "sa_mm": Decimal(9),
}


def test_every_item_of_a_time_point_is_read() -> None:
    subject = {
        "baseline": {
            "id": "SCR",
            "day": -7,
            "date": "2024-01-01",
            "treatment_start_day": 1,
            "treatment_start_date": "2024-01-08",
            "target": [
                {
                    **FULL_LESION,
                    "prior_rt": True,
                    "progression_documented": True,
                    "soft_tissue_component": True,
                    "simple_cyst": True,
                }
            ],
        },
        "visits": [
            {
                "id": "W6",
                "day": 42,
                "date": "2024-02-19",
                "assessed": False,
                "visit_number": 2,
                "new_therapy": True,
                "tumour_marker_normal": False,
                "target": [
                    {
                        **FULL_LESION,
                        "state": "SPLIT",
                        "fragments_mm": ["5.5", 4],
                        "merged_into": "T02",
                        "treated_on_study": True,
                    }
                ],
                "non_target": [
                    {**FULL_LESION, "state": "PRESENT", "further_increase_from_last": True}
                ],
                "new_lesions": [
                    {
                        **FULL_LESION,
                        "certainty": "EQUIVOCAL",
                        "category": "NEW_TARGET",
                        "state": "INCREASED",
                        "first_seen": "W6",
                        "fragments_mm": [3],
                        "further_increase": False,
                    }
                ],
                "entered": {
                    "target_response": "SD",
                    "non_target_response": "CR",
                    "overall_response": "PR",
                    "sum_mm": "14.1",
                },
            }
        ],
    }
    baseline, visit = history_of(Record(subject))
    assert baseline == MeasuredTimePoint(
        id="SCR",
        day=-7,
        date=date(2024, 1, 1),
        baseline=True,
        treatment_start_day=1,
        treatment_start_date=date(2024, 1, 8),
        target=(
            TargetFacts(
                **SHARED,  # type: ignore[arg-type]
                prior_local_therapy=True,
                grown_since_therapy=True,
                soft_tissue_component=True,
                simple_cyst=True,
            ),
        ),
    )
    assert visit == MeasuredTimePoint(
        id="W6",
        day=42,
        date=date(2024, 2, 19),
        assessed=False,
        number=Decimal(2),
        new_therapy=True,
        tumour_marker_normal=False,
        target=(
            TargetFacts(
                **SHARED,  # type: ignore[arg-type]
                state=LesionState.SPLIT,
                fragments_mm=(Decimal("5.5"), Decimal(4)),
                merged_into="T02",
                treated_on_study=True,
            ),
        ),
        non_target=(
            NonTargetFacts(**SHARED, state=NonTargetState.PRESENT, further_increase=True),  # type: ignore[arg-type]
        ),
        new_lesions=(
            NewLesionFacts(
                **SHARED,  # type: ignore[arg-type]
                certainty=Certainty.EQUIVOCAL,
                category=NewLesionCategory.NEW_TARGET,
                state=NewLesionState.INCREASED,
                first_seen="W6",
                fragments_mm=(Decimal(3),),
                further_increase=False,
            ),
        ),
        entered=EnteredResponses(
            target_response="SD",
            non_target_response="CR",
            overall_response="PR",
            sum_mm=Decimal("14.1"),
        ),
    )


def test_other_spellings_are_read_alike() -> None:
    subject = {
        "treatment_start": "2024-01-08",
        "baseline": {"date": "2024-01-01", "targets": [{"id": "T01", "longest_diameter_mm": 12}]},
        "visits": [
            {
                "name": "W6",
                "day": 42,
                "method": "MR",
                "slice_mm": 4,
                "new_anticancer_therapy": True,
                "tumor_marker_normal": True,
                "targets": [
                    {
                        "id": "T01",
                        "short_axis_mm": 8,
                        "location_text": "x",
                        "laterality": "RIGHT",
                        "ne_reason": "y",
                        "method": "CT",
                        "fragments": [1],
                        "soft_tissue": False,
                        "local_treatment_on_study": True,
                    }
                ],
                "non_targets": [{"id": "NT", "further_increase": True}],
                "overall_response": "SD",
                "recorded_sum_mm": 8,
            }
        ],
    }
    baseline, visit = history_of(Record(subject))
    assert baseline.treatment_start_date == date(2024, 1, 8)
    assert baseline.target[0].ld_mm == 12
    assert visit.id == "W6"
    assert visit.new_therapy
    assert visit.tumour_marker_normal is True
    assert visit.target == (
        TargetFacts(
            id="T01",
            sa_mm=Decimal(8),
            location="x",
            side="RIGHT",
            reason="y",
            modality="CT",
            slice_thickness_mm=Decimal(4),
            fragments_mm=(Decimal(1),),
            soft_tissue_component=False,
            treated_on_study=True,
        ),
    )
    assert visit.non_target[0].modality == "MR"
    assert visit.non_target[0].further_increase is True
    assert visit.entered == EnteredResponses(overall_response="SD", sum_mm=Decimal(8))


def test_what_is_left_out_has_its_default() -> None:
    baseline, first, second = history_of(
        Record({"baseline": {}, "visits": [{"day": 1, "new_lesions": [{}, {}]}, {"day": 2}]})
    )
    assert baseline == MeasuredTimePoint(id="BL", baseline=True)
    assert second == MeasuredTimePoint(id="TP2", day=2)
    assert first.new_lesions == (NewLesionFacts(id="NL1"), NewLesionFacts(id="NL2"))
    assert first.new_lesions[0].certainty is Certainty.UNEQUIVOCAL


def test_volumes_uptake_and_masses_are_read() -> None:
    stamp = {"id": "X", "day": 5, "date": "2024-01-01", "assessed": False}
    known = {"id": "X", "day": 5, "date": date(2024, 1, 1), "assessed": False}
    subject = Record(
        {
            "baseline": {"volume_ml": 3},
            "visits": [{**stamp, "volumes_ml": ["1.5", None], "new_lesion": True}, {}],
        }
    )
    assert volume_history(subject) == (
        VolumeTimePoint(id="BL", baseline=True, volumes_ml=(Decimal(3),)),
        VolumeTimePoint(**known, volumes_ml=(Decimal("1.5"), None), new_lesion=True),  # type: ignore[arg-type]
        VolumeTimePoint(id="TP2"),
    )
    subject = Record(
        {
            "baseline": {"sul_peak": 3, "tlg": 4},
            "visits": [
                {
                    **stamp,
                    "sul_peak": 1,
                    "liver_sul": 2,
                    "glycolysis": 5,
                    "resolved": True,
                    "new_lesion": True,
                },
                {},
            ],
        }
    )
    assert uptake_history(subject) == (
        PercistTimePoint(id="BL", baseline=True, sul_peak=Decimal(3), glycolysis=Decimal(4)),
        PercistTimePoint(
            **known,  # type: ignore[arg-type]
            sul_peak=Decimal(1),
            liver_sul=Decimal(2),
            glycolysis=Decimal(5),
            resolved=True,
            new_lesion=True,
        ),
        PercistTimePoint(id="TP2"),
    )
    subject = Record(
        {
            "baseline": {"fdg_avid": True},
            "visits": [
                {
                    **stamp,
                    "lesions": [{"id": "N1", "state": "MEASURED", "ldi_mm": 2, "sdi_mm": 1}],
                    "avid": True,
                    "pet_positive": False,
                    "new_lesions_mm": [16],
                    "growth_elsewhere": True,
                },
                {},
            ],
        }
    )
    assert lymphoma_history(subject) == (
        LymphomaTimePoint(id="BL", baseline=True, avid=True),
        LymphomaTimePoint(
            **known,  # type: ignore[arg-type]
            lesions=(
                MassFacts(
                    id="N1", state=LesionState.MEASURED, ldi_mm=Decimal(2), sdi_mm=Decimal(1)
                ),
            ),
            avid=True,
            pet_positive=False,
            new_lesions_mm=(Decimal(16),),
            growth_elsewhere=True,
        ),
        LymphomaTimePoint(id="TP2"),
    )
