"""Facts of one stream of signed reads, as the checks take them: no database, no form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionFact:
    """What one session says of one lesion. Sizes in millimetres.

    Attributes:
        size: the diameter that counts: the short axis of a node, else the long axis.
        state: as the form has it, such as MEASURED, ABSENT, EQUIVOCAL.
    """

    label: str
    category: str
    organ: str = ""
    nodal: bool = False
    state: str = ""
    size: Decimal | None = None
    long_axis: Decimal | None = None
    short_axis: Decimal | None = None
    method: str = ""
    slice: Decimal | None = None
    reason: str = ""
    irradiated: bool | None = None
    grown_since: bool | None = None
    soft_tissue: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFact:
    """What one criterion says of a session: derived, entered, and the override.

    ``counts`` holds the response that counts by variable: the reader's own, else the derived one.
    """

    criterion: str
    derived: Mapping[str, str] = field(default_factory=dict)
    entered: Mapping[str, str] = field(default_factory=dict)
    override_class: str = ""
    override_reason: str = ""

    def counts(self, variable: str) -> str | None:
        """Return the response that counts, or nothing when there is none."""
        value = self.entered.get(variable) or self.derived.get(variable) or ""
        return value.replace("_", " ") or None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointFacts:
    """One signed time point: its place in the stream, day counted from the baseline, answers."""

    number: int
    day: int
    quality: str = ""
    minutes_active: Decimal | None = None
    lesions: tuple[LesionFact, ...] = ()
    responses: tuple[ResponseFact, ...] = ()

    @property
    def baseline(self) -> bool:
        """The first time point of a stream is its baseline."""
        return self.number == 1

    def lesion(self, label: str) -> LesionFact | None:
        """Return a lesion by its label."""
        return next((one for one in self.lesions if one.label == label), None)

    def response(self, criterion: str) -> ResponseFact | None:
        """Return what a criterion says."""
        return next((one for one in self.responses if one.criterion == criterion), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseFacts:
    """The signed global review of one criterion.

    Attributes:
        derived_best: what follows from the responses as they were signed at the time points.
        entered_best: what follows from the responses as the review left them.
    """

    criterion: str
    derived_best: str = ""
    entered_best: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """All signed reads of one reader on one subject, baseline first."""

    points: tuple[PointFacts, ...]
    courses: tuple[CourseFacts, ...] = ()


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


_NUMBERS = ("size", "long_axis", "short_axis", "slice")


def lesion_from(document: Mapping[str, Any]) -> LesionFact:
    """Read a lesion of an example; numbers are texts."""
    values: dict[str, Any] = {k: _decimal(v) if k in _NUMBERS else v for k, v in document.items()}
    if "size" not in values:
        axis = "short_axis" if values.get("nodal") else "long_axis"
        values["size"] = values.get(axis)
    return LesionFact(**values)


def stream_from(document: Mapping[str, Any]) -> StreamFacts:
    """Read the facts of an example of the library.

    Raises:
        TypeError: the document has a key that no fact has.
    """
    points = []
    for number, point in enumerate(document["points"], start=1):
        rest = {k: v for k, v in point.items() if k not in ("lesions", "responses")}
        if "minutes_active" in rest:
            rest["minutes_active"] = _decimal(rest["minutes_active"])
        lesions: Sequence[Mapping[str, Any]] = point.get("lesions", ())
        responses: Sequence[Mapping[str, Any]] = point.get("responses", ())
        points.append(
            PointFacts(
                number=number,
                lesions=tuple(lesion_from(one) for one in lesions),
                responses=tuple(ResponseFact(**one) for one in responses),
                **rest,
            )
        )
    courses = tuple(CourseFacts(**one) for one in document.get("courses", ()))
    return StreamFacts(points=tuple(points), courses=courses)
