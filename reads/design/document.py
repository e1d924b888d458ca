"""A read design document as typed values; what a document leaves out has its default here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reads.criteria import registry

Part = TypeVar("Part")

#: what a design may compare between two readers at a time point, and over a subject
TIME_POINT_VARIABLES = ("overall_response", "target_response", "non_target_response", "new_lesion")
SUBJECT_VARIABLES = ("best_overall_response", "progression_date")
VARIABLES = TIME_POINT_VARIABLES + SUBJECT_VARIABLES
PRESENTATIONS = ("time_sequential", "simultaneous", "simultaneous_random", "hybrid")
EVERYBODY = 100
DAYS = "business_days"
#: what a charter usually allows, offered where one is written
USUAL_TURNAROUND = {
    "read_days": 10,
    "global_review_days": 10,
    "adjudication_days": 5,
    "oncology_review_days": 10,
    "eligibility_hours": 48,
    "confirmation_hours": 48,
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that the images serve."""

    name: str
    level: str = "primary"
    criterion: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Which sessions a subject has besides its time points."""

    global_review: bool = False
    eligibility: bool = False
    eligibility_reader_may_read: bool = False
    confirmation_of_progression: bool = False
    preliminary_analysis: bool = False


@dataclass(frozen=True, slots=True)
class OncologyReview:
    """The oncologist's review after the locked radiology read: own form, own rule."""

    form: str = ""
    readers: int = 1
    adjudicate_on: tuple[str, ...] = ()

    @property
    def is_wanted(self) -> bool:
        """Whether the design has such a review at all."""
        return bool(self.form)


@dataclass(frozen=True, slots=True)
class Adjudication:
    """When two reads make a case and what the adjudicator may do."""

    variables: tuple[str, ...] = ()
    at: str = "time_point"
    outcome: str = "choose"
    sees: tuple[str, ...] = ("images", "answers")


@dataclass(frozen=True, slots=True)
class Batches:
    """Limits against recall and fatigue; 0 is no limit (FDA 2018, presentation and fatigue)."""

    size: int = 0
    minimal_interval_days: int = 0
    session_maximum: int = 0


@dataclass(frozen=True, slots=True)
class StopRules:
    """What is still read after the course of a subject has ended."""

    after_progression: str = "continue"
    after_withdrawal: str = "read_received"
    after_death: str = "read_received"


@dataclass(frozen=True, slots=True)
class Sampling:
    """Central review of a random sample of the subjects, and when it becomes full review."""

    percent: int = EVERYBODY
    seed: str = ""
    escalate_above_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Variability:
    """Share of signed reads that are read again, hidden among live reads."""

    intra_percent: int = 0
    inter_percent: int = 0
    washout_days: int = 28


@dataclass(frozen=True, slots=True)
class Training:
    """What a reader passes before the first read."""

    cases: int = 0
    pass_mark_percent: int = 80


@dataclass(frozen=True, slots=True)
class ReadDesign:
    """How reads are done.

    Attributes:
        readers: readers per subject, 1 or 2.
        criteria: key of a criterion -> its parameters (protocol modifications). Empty in a
            diagnostic design, whose form alone decides.
        form: key of the eCRF.
        adjudicate_on: variables whose difference makes a case; empty: no adjudication.
        turnaround: clocks that the charter sets, business days or hours as the name says; the
            project plan sets the others.
        truth: key of the form with the standard of truth, hidden from readers; diagnostic only.
    """

    form: str
    readers: int
    criteria: Mapping[str, Mapping[str, object]]
    blinding: str = "blinding"
    endpoints: Sequence[Endpoint] = ()
    presentation: str = "time_sequential"
    sessions: Sessions = Sessions()
    oncology_review: OncologyReview = OncologyReview()
    dossiers: str = "never"
    adjudication: Adjudication = Adjudication()
    batches: Batches = Batches()
    turnaround: Mapping[str, int] = field(default_factory=dict)
    stop_rules: StopRules = StopRules()
    sampling: Sampling = Sampling()
    checks: tuple[str, ...] = ()
    variability: Variability = Variability()
    training: Training = Training()
    truth: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)

    @property
    def clocks(self) -> dict[str, dict[str, object]]:
        """The charter's turnarounds in the plan's form: clock name -> amount and unit."""
        found: dict[str, dict[str, object]] = {}
        for name, amount in self.turnaround.items():
            clock, _, unit = name.rpartition("_")
            found[clock] = {"amount": amount, "unit": "hours" if unit == "hours" else DAYS}
        return found

    @property
    def adjudicate_on(self) -> tuple[str, ...]:
        """Variables whose difference makes a case."""
        return self.adjudication.variables


def design_from(document: Mapping[str, Any]) -> ReadDesign:
    """Read a design document that has no problems."""
    adjudication = _part(Adjudication, document.get("adjudication"))
    return ReadDesign(
        form=str(document["form"]),
        readers=int(document.get("readers_per_subject", 2)),
        criteria={c["key"]: c.get("parameters", {}) for c in document["criteria"]},
        blinding=str(document.get("blinding", "blinding")),
        endpoints=tuple(_part(Endpoint, one) for one in document.get("endpoints", ())),
        presentation=str(document.get("presentation", "time_sequential")),
        sessions=_part(Sessions, document.get("sessions")),
        oncology_review=_part(OncologyReview, document.get("oncology_review")),
        dossiers=str(document.get("dossiers", "never")),
        adjudication=adjudication,
        batches=_part(Batches, document.get("batches")),
        turnaround=dict(document.get("turnaround", {})),
        stop_rules=_part(StopRules, document.get("stop_rules")),
        sampling=_part(Sampling, document.get("sampling")),
        checks=tuple(document.get("checks", ())),
        variability=_part(Variability, document.get("variability")),
        training=_part(Training, document.get("training")),
        truth=str(document.get("truth", "")),
        sections=dict(document.get("sections", {})),
    )


def _part(kind: type[Part], given: Mapping[str, Any] | None) -> Part:
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in (given or {}).items()
    }
    return kind(**values)


def versions_of(design: ReadDesign) -> dict[str, str]:
    """Return the engine versions to pin."""
    return {key: registry.get(key).version for key in design.criteria}
