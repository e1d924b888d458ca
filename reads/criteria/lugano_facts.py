"""What a reader records for Lugano 2014: CT sizes, spleen, non-measured disease and PET."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from reads.criteria.base import EnteredResponses, Record, TimePointFacts
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import Certainty, LesionFacts, LesionState
from reads.criteria.history import moment_of, read_points

HIGHEST_SCORE = 5
LIVER = ("liver_suv", "liver_suvmax", "liver_suv_max", "liver_reference")
MEDIASTINUM = (
    "mediastinum_suv",
    "mediastinum_suvmax",
    "mediastinum_suv_max",
    "mediastinum_reference",
)
# Other words in use for the same finding, by vocabulary.
OTHER_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Kind": {"NODAL": "NODE", "LYMPH_NODE": "NODE", "EXTRA_NODAL": "EXTRANODAL"},
        "NonMeasured": {
            "NONE": "ABSENT",
            "GONE": "ABSENT",
            "NOT_APPLICABLE": "ABSENT",
            "REGRESSED": "DECREASED",
            "REDUCED": "DECREASED",
            "SMALLER": "DECREASED",
            "UNCHANGED": "STABLE",
            "INCREASED": "PROGRESSED",
            "PROGRESSION": "PROGRESSED",
            "UNEQUIVOCAL_PROGRESSION": "PROGRESSED",
            "NEW": "PROGRESSED",
            "NE": "NOT_EVALUABLE",
        },
        "Marrow": {
            "NEGATIVE": "NORMAL",
            "ABSENT": "NORMAL",
            "PRESENT": "INVOLVED",
            "POSITIVE": "INVOLVED",
            "RECURRENT": "NEW",
            "NE": "NOT_EVALUABLE",
        },
        "UptakeChange": {
            "DECREASED": "REDUCED",
            "LOWER": "REDUCED",
            "NO_CHANGE": "UNCHANGED",
            "STABLE": "UNCHANGED",
            "HIGHER": "INCREASED",
        },
        "AvidLesion": {
            "YES": "CONSISTENT_WITH_LYMPHOMA",
            "NO": "NONE",
            "UNLIKELY_LYMPHOMA": "UNRELATED",
            "OTHER_CAUSE": "UNRELATED",
            "NOT_LYMPHOMA": "UNRELATED",
            "INFLAMMATORY": "UNRELATED",
            "INFECTIOUS": "UNRELATED",
            "UNCERTAIN": "EQUIVOCAL",
        },
    }
)


class Word(StrEnum):
    """A vocabulary that also takes the other words for its members."""

    @classmethod
    def _missing_(cls, value: object) -> Word | None:
        known = OTHER_WORDS.get(cls.__name__, {}).get(value) if isinstance(value, str) else None
        return next((member for member in cls if member.value == known), None)


class Kind(Word):
    """Kind of a lesion: it decides when the lesion counts as gone or as new."""

    NODE = "NODE"
    EXTRANODAL = "EXTRANODAL"
    OTHER = "OTHER"


class NonMeasured(Word):
    """Non-measured disease as a whole; PRESENT is not increased, without a comparison."""

    ABSENT = "ABSENT"
    NORMAL = "NORMAL"
    DECREASED = "DECREASED"
    PRESENT = "PRESENT"
    STABLE = "STABLE"
    PROGRESSED = "PROGRESSED"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class Marrow(Word):
    """Bone marrow; NEW covers recurrent involvement."""

    NORMAL = "NORMAL"
    INVOLVED = "INVOLVED"
    NEW = "NEW"
    INDETERMINATE = "INDETERMINATE"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class UptakeChange(Word):
    """Uptake against baseline."""

    REDUCED = "REDUCED"
    UNCHANGED = "UNCHANGED"
    INCREASED = "INCREASED"


class AvidLesion(Word):
    """New FDG-avid focus."""

    NONE = "NONE"
    CONSISTENT_WITH_LYMPHOMA = "CONSISTENT_WITH_LYMPHOMA"
    UNRELATED = "UNRELATED"
    EQUIVOCAL = "EQUIVOCAL"


@dataclass(frozen=True, kw_only=True)
class LuganoLesion(LesionFacts):
    """A target: longest diameter LDi and perpendicular SDi in mm; kind is set at baseline.

    Of a split target the diameters are those of the largest piece, fragments_mm2 the products of
    all pieces.
    """

    kind: Kind = Kind.NODE
    state: LesionState | None = None
    ldi_mm: Decimal | None = None
    sdi_mm: Decimal | None = None
    fragments_mm2: tuple[Decimal, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LuganoNewLesion(LesionFacts):
    """A finding that was not there before."""

    kind: Kind = Kind.NODE
    certainty: Certainty = Certainty.UNEQUIVOCAL
    due_to_lymphoma: bool = True
    ldi_mm: Decimal | None = None
    sdi_mm: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Pet:
    """PET of one time point: the highest five-point score of the known sites, 1 to 5.

    readable False: done but not evaluable. unrelated_uptake_x: new uptake unlikely to be
    lymphoma (score X). marrow_avid: FDG-avid marrow disease.
    """

    readable: bool = True
    deauville: int | None = None
    uptake_change: UptakeChange | None = None
    new_avid_lesion: AvidLesion = AvidLesion.NONE
    unrelated_uptake_x: bool = False
    marrow_avid: bool = False
    liver_reference: Decimal | None = None
    mediastinum_reference: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class LuganoTimePoint(TimePointFacts):
    """One time point of Lugano 2014.

    ct_done: a CT was read. nonmeasured_sites are given at baseline, nonmeasured at the visits.
    """

    ct_done: bool = True
    lesions: tuple[LuganoLesion, ...] = ()
    spleen_mm: Decimal | None = None
    nonmeasured_sites: tuple[str, ...] = ()
    nonmeasured: NonMeasured | None = None
    marrow: Marrow | None = None
    new_lesions: tuple[LuganoNewLesion, ...] = ()
    pet: Pet | None = None


def read_history(entry: Record) -> tuple[LuganoTimePoint, ...]:
    """Read a subject of an exchange file: baseline first, then the visits in file order."""
    return read_points(entry, _time_point)


def _time_point(record: Record, position: int) -> LuganoTimePoint:
    sites, state = _nonmeasured(record)
    pet = record.record("pet")
    ct_done = record.flag("ct_done")
    return LuganoTimePoint(
        **moment_of(record, position),
        number=record.decimal("number"),
        new_therapy=record.flag("new_therapy") or False,
        entered=_entered(record),
        ct_done=record.has("lesions") or pet is None if ct_done is None else ct_done,
        lesions=tuple(_lesion(item) for item in record.records("lesions")),
        spleen_mm=record.decimal("spleen_mm"),
        nonmeasured_sites=sites,
        nonmeasured=state,
        marrow=record.choice(Marrow, "marrow", "bone_marrow"),
        new_lesions=tuple(
            _new_lesion(item, f"NL{i + 1}") for i, item in enumerate(record.records("new_lesions"))
        ),
        pet=_pet(pet) if pet is not None else None,
    )


def _nonmeasured(record: Record) -> tuple[tuple[str, ...], NonMeasured | None]:
    if isinstance(record.data.get("nonmeasured"), str):
        return (), record.choice(NonMeasured, "nonmeasured")
    return record.texts("nonmeasured"), None


def _entered(record: Record) -> EnteredResponses | None:
    entered = record.record("entered")
    if entered is None:
        return None
    return EnteredResponses(
        target_response=entered.text("ct_response", "target_response"),
        overall_response=entered.text("overall_response"),
    )


def _lesion(record: Record) -> LuganoLesion:
    return LuganoLesion(
        id=record.required_text("id"),
        organ=record.text("organ") or "",
        location=record.text("location") or "",
        reason=record.text("reason") or "",
        kind=_kind(record),
        state=_state(record),
        ldi_mm=record.decimal("ldi_mm"),
        sdi_mm=record.decimal("sdi_mm"),
        fragments_mm2=record.decimals("fragments_mm2"),
    )


def _kind(record: Record) -> Kind:
    return Kind(record.choice(Kind, "kind") or Kind.NODE)


def _state(record: Record) -> LesionState | None:
    if record.data.get("state") == "NOT_VISIBLE":
        return LesionState.ABSENT
    return record.choice(LesionState, "state")


def _new_lesion(record: Record, fallback_id: str) -> LuganoNewLesion:
    return LuganoNewLesion(
        id=record.text("id") or fallback_id,
        organ=record.text("organ") or "",
        location=record.text("location") or "",
        kind=_kind(record),
        certainty=record.choice(Certainty, "certainty") or Certainty.UNEQUIVOCAL,
        due_to_lymphoma=record.flag("due_to_lymphoma") is not False,
        ldi_mm=record.decimal("ldi_mm"),
        sdi_mm=record.decimal("sdi_mm"),
    )


def _pet(record: Record) -> Pet:
    readable = record.flag("readable", "evaluable")
    score, is_x = _score(record)
    return Pet(
        readable=readable is not False,
        deauville=score,
        uptake_change=record.choice(UptakeChange, "uptake_change_vs_baseline", "uptake_change"),
        new_avid_lesion=_avid(record),
        unrelated_uptake_x=record.flag("unrelated_uptake_x") or is_x,
        marrow_avid=record.flag("marrow_avid", "avid_marrow") or False,
        liver_reference=record.decimal(*LIVER),
        mediastinum_reference=record.decimal(*MEDIASTINUM),
    )


def _score(record: Record) -> tuple[int | None, bool]:
    if record.data.get("deauville") in ("X", "x"):
        return None, True
    score = record.integer("deauville")
    if score is not None and not 1 <= score <= HIGHEST_SCORE:
        raise CriteriaError(record.field("deauville"), "must be 1 to 5, or X")
    return score, False


def _avid(record: Record) -> AvidLesion:
    if isinstance(record.data.get("new_fdg_avid_lesion"), bool):
        found = record.flag("new_fdg_avid_lesion")
        return AvidLesion.CONSISTENT_WITH_LYMPHOMA if found else AvidLesion.NONE
    return AvidLesion(record.choice(AvidLesion, "new_fdg_avid_lesion") or AvidLesion.NONE)
