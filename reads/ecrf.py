"""Between the eCRF and the criteria engines: answers become facts, derivations come back.

Pure translation: no database. The form's words ("TOO SMALL TO MEASURE") and the engines' words
("TOO_SMALL_TO_MEASURE") differ by blanks only; what has no word in a form stays out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reads.brain_facts import rano
from reads.criteria import registry
from reads.criteria.base import Assessment, CriteriaError, Criterion, TimePointFacts, input_digest
from reads.criteria.cheson2007 import LymphomaTimePoint
from reads.criteria.facts import (
    Certainty,
    LesionState,
    MeasuredTimePoint,
    NewLesionCategory,
    NewLesionFacts,
    NewLesionState,
    NonTargetFacts,
    NonTargetState,
    TargetFacts,
)
from reads.criteria.lugano_facts import LuganoTimePoint
from reads.criteria.pcwg3_facts import PcwgTimePoint
from reads.criteria.percist import PercistTimePoint
from reads.criteria.rano_facts import RanoTimePoint
from reads.criteria.volumetric import VolumeTimePoint
from reads.design.response_items import RECIST, derivation, items_of
from reads.lymphoma_facts import cheson, lugano
from reads.prostate_facts import pcwg
from reads.rows import Rows, code, diameters_of_pieces, lesion, number
from reads.uptake_facts import percist
from studies.forms.conditions import Facts
from studies.forms.definition import Form
from studies.forms.derivations import DerivationError, DerivedValue
from studies.forms.evaluation import Evaluation

Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ReadPoint:
    """One time point of a stream: its evaluated answers and what the form does not ask.

    ``id`` stands in the engines' sentences, so it is the blinded name: TP1, TP2, …
    """

    id: str
    day: date
    baseline: bool
    evaluation: Evaluation
    answers: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> MeasuredTimePoint:
        """Return what the reader recorded as the engines take it."""
        rows = Rows(self.evaluation)
        readable = rows.text("quality.overall") != "NOT READABLE"
        return MeasuredTimePoint(
            id=self.id,
            date=self.day,
            baseline=self.baseline,
            assessed=readable,
            target=tuple(_target(row) for row in rows.of("target.lesions")),
            non_target=tuple(_non_target(row) for row in rows.of("non_target.lesions")),
            new_lesions=tuple(_new(row) for row in rows.of("new.lesions")),
        )

    def volumes(self, labels: Sequence[str]) -> VolumeTimePoint:
        """Return the volumes of the targets in the order of their labels at baseline."""
        rows = {str(row["label"]): row for row in Rows(self.evaluation).of("target.lesions")}
        seen = self.facts()
        return VolumeTimePoint(
            id=self.id,
            date=self.day,
            baseline=self.baseline,
            assessed=seen.assessed,
            volumes_ml=tuple(number(rows.get(label, {}).get("volume_value")) for label in labels),
            new_lesion=any(
                lesion.certainty is Certainty.UNEQUIVOCAL
                and lesion.state is not NewLesionState.ABSENT
                for lesion in seen.new_lesions
            ),
        )


def _target(row: Mapping[str, Any]) -> TargetFacts:
    state = code(row.get("state"))
    return TargetFacts(
        **lesion(row),
        state=LesionState(state) if state else None,
        ld_mm=number(row.get("long_axis")),
        sa_mm=number(row.get("short_axis")),
        fragments_mm=diameters_of_pieces(row),
        merged_into=str(row.get("merged_into") or ""),
        prior_local_therapy=row.get("irradiated") is True,
        grown_since_therapy=row.get("grown_since") is True,
        soft_tissue_component=row.get("soft_tissue"),
    )


def _non_target(row: Mapping[str, Any]) -> NonTargetFacts:
    state = code(row.get("state"))
    return NonTargetFacts(
        **lesion(row),
        state=NonTargetState(state) if state else None,
        further_increase=row.get("further_increase"),
        ld_mm=number(row.get("long_axis")),
        sa_mm=number(row.get("short_axis")),
    )


def _new(row: Mapping[str, Any]) -> NewLesionFacts:
    certainty = code(row.get("certainty")) or Certainty.UNEQUIVOCAL.value
    category, state = code(row.get("category")), code(row.get("state"))
    return NewLesionFacts(
        **lesion(row),
        certainty=Certainty(certainty),
        category=NewLesionCategory(category) if category else None,
        state=NewLesionState(state) if state else None,
        first_seen=str(row.get("first_seen") or ""),
        ld_mm=number(row.get("long_axis")),
        sa_mm=number(row.get("short_axis")),
    )


def formcode(value: str | None) -> str:
    """Return an engine's response in the form's words."""
    return (value or "").replace("_", " ")


@dataclass(frozen=True, slots=True)
class Derived:
    """What one criterion makes of a stream up to its last time point."""

    criterion: Criterion
    assessment: Assessment
    digest: str

    @property
    def last(self) -> Any:
        """The result of the newest time point."""
        return self.assessment.time_points[-1]


def history_of(points: Sequence[ReadPoint], criterion: Criterion) -> list[TimePointFacts]:
    """Return the one set of lesions as the facts that a criterion takes, baseline first.

    Raises:
        CriteriaError: the eCRF does not hold what this criterion needs.
    """
    if criterion.facts_type is VolumeTimePoint:
        labels = [key for key in points[0].evaluation.rows.get("target.lesions", ()) if key]
        return [point.volumes(labels) for point in points]
    if criterion.facts_type is MeasuredTimePoint:
        return [point.facts() for point in points]
    teller = _FACTS.get(criterion.facts_type)
    if teller is None:
        raise CriteriaError("criteria", f"{criterion.title} is not derived from this form")
    return [teller(point) for point in points]


#: class of the facts that a criterion takes -> how a read point tells them
_FACTS: Mapping[type[TimePointFacts], Callable[[ReadPoint], TimePointFacts]] = {
    LuganoTimePoint: lugano,
    LymphomaTimePoint: cheson,
    RanoTimePoint: rano,
    PcwgTimePoint: pcwg,
    PercistTimePoint: percist,
}


def derive(
    points: Sequence[ReadPoint], criterion_key: str, parameters: Parameters | None = None
) -> Derived:
    """Derive every response of a stream, baseline first, with one criterion.

    Raises:
        CriteriaError: the facts cannot be assessed; names the field.
    """
    criterion = registry.get(criterion_key)
    options = criterion.options(parameters)
    history = history_of(points, criterion)
    return Derived(criterion, criterion.assess(history, options), input_digest(history, options))


Outcomes = Mapping[str, Derived | str]


def derive_all(
    points: Sequence[ReadPoint], criteria: Mapping[str, Parameters], form: Form
) -> Outcomes:
    """Derive every criterion of a design, and those whose responses the form asks for.

    A criterion that cannot be derived has the reason in words instead.
    """
    found: dict[str, Derived | str] = {}
    for key, parameters in {**{name: {} for name in _asked(form)}, **criteria}.items():
        try:
            found[key] = derive(points, key, parameters)
        except CriteriaError as error:
            found[key] = str(error)
    return found


def _asked(form: Form) -> list[str]:
    """The form of RECIST 1.1 alone may serve a design that names no criterion."""
    wanted = {item.derived.name for item in form.items.values() if item.derived is not None}
    return [RECIST] if any(derivation(RECIST, each) in wanted for each in items_of(RECIST)) else []


def named_derivations(outcomes: Outcomes) -> dict[str, Callable[[Facts], DerivedValue]]:
    """Return the form's named derivations from what the engines made of the facts as typed."""
    return {
        derivation(key, item): _answer(outcome, item.value)
        for key, outcome in outcomes.items()
        for item in items_of(key)
    }


def _answer(outcome: Derived | str, name: str) -> Callable[[Facts], DerivedValue]:
    def named(_: Facts) -> DerivedValue:
        if isinstance(outcome, str):
            raise DerivationError(outcome)
        leads = {name, *_LEADS.get(name, ())}
        steps = [step.sentence for step in outcome.last.trace if step.name in leads]
        value = formcode(outcome.last.text(name))
        return DerivedValue(value or None, tuple(steps))

    return named


#: which steps of the trace explain a response to a reader
_LEADS = {
    "target_response": ("percent_from_baseline", "percent_from_nadir", "sum_mm"),
    "overall_response": ("new_lesion", "measured_response", "pct_change_baseline", "steroids"),
    "measured_response": ("sum", "pct_change_baseline", "pct_change_nadir"),
    "ct_response": ("spd_mm2", "progressed_lesions", "spleen", "new_lesions"),
    "bone_response_as_read": ("bone_verdict",),
}
