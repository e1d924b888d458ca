"""What a reader records for RANO: sizes of lesions, T2/FLAIR, steroids and clinical status.

Sizes are two perpendicular diameters in mm or a volume in ml. Vocabularies accept the other words
in use for the same finding (`OTHER_WORDS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from reads.criteria.base import EnteredResponses, Record, TimePointFacts
from reads.criteria.facts import Certainty, LesionFacts, LesionState
from reads.criteria.history import moment_of, read_points

OTHER_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "NE": "NOT_EVALUABLE",
        "NOT_ASSESSED": "NOT_EVALUABLE",
        "UNKNOWN": "NOT_EVALUABLE",
        "IMPROVED": "BETTER",
        "DETERIORATED": "WORSE",
        "DECLINED": "WORSE",
        "REDUCED": "DECREASED",
        "LOWER": "DECREASED",
        "HIGHER": "INCREASED",
        "UNCHANGED": "STABLE",
        "ABSENT": "NONE",
        "GONE": "NONE",
        "NOT_APPLICABLE": "NONE",
        "NEW": "INCREASED",
        "SIGNIFICANT_INCREASE": "INCREASED",
        "PROGRESSION": "PROGRESSED",
        "UNEQUIVOCAL_PROGRESSION": "PROGRESSED",
        "PD": "PROGRESSED",
        "CLEAR_PROGRESSION": "PROGRESSED",
        "SIGNIFICANTLY_INCREASED": "INCREASED",
        "WORSENED": "WORSE",
        "STOPPED": "NONE",
        "REPLACEMENT_ONLY": "REPLACEMENT",
        "PHYSIOLOGIC_REPLACEMENT": "REPLACEMENT",
        "PHYSIOLOGICAL_REPLACEMENT": "REPLACEMENT",
        "PHYSIOLOGIC": "REPLACEMENT",
        "PHYSIOLOGICAL": "REPLACEMENT",
    }
)
# A word that means something else for one kind of finding than for the others.
SPECIAL_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "T2Flair": {"IMPROVED": "DECREASED", "BETTER": "DECREASED", "WORSE": "INCREASED"},
        "NonMeasurable": {
            "STABLE": "PRESENT",
            "UNCHANGED": "PRESENT",
            "DECREASED": "PRESENT",
            "REDUCED": "PRESENT",
            "INCREASED": "PROGRESSED",
            "WORSE": "PROGRESSED",
        },
        "Component": {"CE": "ENHANCING", "NON_CE": "NON_ENHANCING", "NCE": "NON_ENHANCING"},
    }
)


class Word(StrEnum):
    """A vocabulary that also takes the other words for its members."""

    @classmethod
    def _missing_(cls, value: object) -> Word | None:
        if not isinstance(value, str):
            return None
        special = SPECIAL_WORDS.get(cls.__name__, {})
        known = special.get(value, OTHER_WORDS.get(value))
        return next((member for member in cls if member.value == known), None)


class T2Flair(Word):
    """T2/FLAIR lesion against the best earlier scan; INCREASED means significantly."""

    NONE = "NONE"
    DECREASED = "DECREASED"
    STABLE = "STABLE"
    INCREASED = "INCREASED"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class NonMeasurable(Word):
    """Non-measurable enhancing disease; PROGRESSED means clearly."""

    NONE = "NONE"
    PRESENT = "PRESENT"
    PROGRESSED = "PROGRESSED"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class Enhancement(Word):
    """Enhancement in a low-grade glioma; INCREASED covers new enhancement."""

    NONE = "NONE"
    STABLE = "STABLE"
    DECREASED = "DECREASED"
    INCREASED = "INCREASED"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class Steroids(Word):
    """Steroid dose against baseline; PRESENT is a dose above replacement, not compared."""

    NONE = "NONE"
    REPLACEMENT = "REPLACEMENT"
    PRESENT = "PRESENT"
    DECREASED = "DECREASED"
    STABLE = "STABLE"
    INCREASED = "INCREASED"


class ClinicalStatus(Word):
    """Clinical status against baseline; WORSE means a clear decline not explained otherwise."""

    BETTER = "BETTER"
    STABLE = "STABLE"
    WORSE = "WORSE"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class Component(Word):
    """Part of the tumour that a lesion belongs to (RANO 2.0, mixed tumours)."""

    ENHANCING = "ENHANCING"
    NON_ENHANCING = "NON_ENHANCING"


@dataclass(frozen=True, kw_only=True)
class RanoLesion(LesionFacts):
    """A target lesion: perpendicular diameters in mm, or a volume in ml.

    fragments_mm2 are the products of the pieces of a split lesion; its volume_ml is of all pieces.
    """

    state: LesionState | None = None
    component: Component = Component.ENHANCING
    d1_mm: Decimal | None = None
    d2_mm: Decimal | None = None
    fragments_mm2: tuple[Decimal, ...] = ()
    volume_ml: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class RanoTimePoint(TimePointFacts):
    """One time point of RANO.

    new_lesion_outside_rt_field: the new enhancement lies outside the high-dose field; None when
    not stated. dexamethasone_mg: daily dose in mg of dexamethasone or its equivalent;
    steroid_replacement: the dose only replaces. histology: viable tumour proven by histology.
    weeks_since_rt counts from the end of chemoradiation.
    """

    lesions: tuple[RanoLesion, ...] = ()
    t2_flair: T2Flair | None = None
    non_measurable: NonMeasurable | None = None
    new_lesion: bool = False
    new_lesion_outside_rt_field: bool | None = None
    histology: bool = False
    enhancement: Enhancement | None = None
    steroids: Steroids | None = None
    dexamethasone_mg: Decimal | None = None
    steroid_replacement: bool = False
    clinical_status: ClinicalStatus | None = None
    weeks_since_rt: Decimal | None = None


def read_history(entry: Record) -> tuple[RanoTimePoint, ...]:
    """Read a subject of an exchange file: baseline first, then the visits in file order."""
    return read_points(entry, _time_point)


def _time_point(record: Record, position: int) -> RanoTimePoint:
    return RanoTimePoint(
        **moment_of(record, position),
        number=record.decimal("number"),
        new_therapy=record.flag("new_therapy") or False,
        entered=_entered(record),
        lesions=tuple(_lesion(item) for item in record.records("lesions")),
        t2_flair=record.choice(T2Flair, "t2_flair"),
        non_measurable=record.choice(NonMeasurable, "non_measurable"),
        new_lesion=_new_lesion(record),
        new_lesion_outside_rt_field=record.flag("new_lesion_outside_rt_field"),
        histology=record.flag("histology", "histology_confirmed") or False,
        enhancement=_enhancement(record),
        steroids=record.choice(Steroids, "steroids"),
        dexamethasone_mg=record.decimal("dexamethasone_mg", "steroid_dose_mg"),
        steroid_replacement=record.flag("steroid_replacement") or False,
        clinical_status=record.choice(ClinicalStatus, "clinical_status"),
        weeks_since_rt=record.decimal("weeks_since_rt"),
    )


def _entered(record: Record) -> EnteredResponses | None:
    entered = record.record("entered")
    if entered is None:
        return None
    return EnteredResponses(
        target_response=entered.text("measured_response", "target_response"),
        overall_response=entered.text("overall_response"),
    )


def _new_lesion(record: Record) -> bool:
    listed = record.records("new_lesions")
    sure = [item for item in listed if item.text("certainty") != Certainty.EQUIVOCAL]
    return bool(record.flag("new_lesion")) or bool(sure)


def _enhancement(record: Record) -> Enhancement | None:
    if isinstance(record.data.get("new_enhancement"), bool):
        return Enhancement.INCREASED if record.flag("new_enhancement") else Enhancement.NONE
    return record.choice(Enhancement, "enhancement", "new_enhancement")


def _lesion(record: Record) -> RanoLesion:
    return RanoLesion(
        id=record.required_text("id"),
        organ=record.text("organ") or "BRAIN",
        location=record.text("location") or "",
        modality=record.text("modality", "sequence") or "",
        slice_thickness_mm=record.decimal("slice_thickness_mm"),
        reason=record.text("reason") or "",
        state=record.choice(LesionState, "state"),
        component=record.choice(Component, "component") or Component.ENHANCING,
        d1_mm=record.decimal("d1_mm"),
        d2_mm=record.decimal("d2_mm"),
        fragments_mm2=record.decimals("fragments_mm2"),
        volume_ml=record.decimal("volume_ml"),
    )
