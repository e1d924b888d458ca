"""A design as fields of a page, and back: what was typed becomes a document, wrong or right.

Nothing is refused here; ``problems`` says what is wrong with the document that comes out, so a
half-written charter can be kept as a draft.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from reads.criteria import registry
from reads.criteria.parameters import Parameter
from reads.design.clauses import SECTIONS
from reads.design.document import (
    PRESENTATIONS,
    SUBJECT_VARIABLES,
    TIME_POINT_VARIABLES,
    USUAL_TURNAROUND,
)
from reads.design.references import PRESENTATION, words

Kind = Literal["choice", "flag", "number", "text", "many", "area"]
ENDPOINT_ROWS = 6
LEVELS = ("primary", "secondary", "exploratory")


class Posted(Protocol):
    """What a form sent: the last value of a name, or all of them."""

    def get(self, key: str, default: str, /) -> Any: ...

    def getlist(self, key: str, /) -> list[Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input; ``name`` is the dotted place in the document."""

    name: str
    label: str
    kind: Kind
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    unit: str = ""
    usual: object = None
    value: object = None

    @property
    def anchor(self) -> str:
        """The id of the input on the page."""
        return self.name.replace(".", "-")

    @property
    def shown(self) -> str:
        """The value as the input takes it."""
        return "" if self.value is None else str(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields under one heading."""

    key: str
    title: str
    hint: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionChoice:
    """A criterion that may be used, with its parameters."""

    key: str
    title: str
    citation: str
    used: bool
    parameters: tuple[Field, ...]


def _pairs(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, words(name).capitalize()) for name in names)


_PLAIN: tuple[tuple[str, str, str, tuple[Field, ...]], ...] = (
    (
        "reads",
        "Readers and sessions",
        "Who reads a subject, and in which sessions.",
        (
            Field(
                name="readers_per_subject",
                label="Readers per subject",
                kind="choice",
                choices=(("1", "One reader"), ("2", "Two independent readers")),
                usual=2,
            ),
            Field(
                name="presentation",
                label="Time points are shown",
                kind="choice",
                choices=tuple((key, PRESENTATION[key].capitalize()) for key in PRESENTATIONS),
                usual="time_sequential",
            ),
            Field(name="sessions.global_review", label="Global review", kind="flag"),
            Field(name="sessions.eligibility", label="Eligibility read", kind="flag"),
            Field(
                name="sessions.eligibility_reader_may_read",
                label="The eligibility reader may read the subject for efficacy",
                kind="flag",
            ),
            Field(
                name="sessions.confirmation_of_progression",
                label="Sites may ask for confirmation of progression",
                kind="flag",
            ),
            Field(
                name="sessions.preliminary_analysis",
                label="Image operations prepare measurements",
                kind="flag",
            ),
        ),
    ),
    (
        "adjudication",
        "Adjudication",
        "Two reads that differ in one of these make a case.",
        (
            Field(
                name="adjudication.variables",
                label="Variables compared",
                kind="many",
                choices=_pairs((*TIME_POINT_VARIABLES, *SUBJECT_VARIABLES)),
            ),
            Field(
                name="adjudication.at",
                label="Compared",
                kind="choice",
                choices=(
                    ("time_point", "At each time point"),
                    ("subject", "For the subject, after both global reviews"),
                ),
                usual="time_point",
            ),
            Field(
                name="adjudication.outcome",
                label="The adjudicator",
                kind="choice",
                choices=(
                    ("choose", "Chooses one of the two reads"),
                    ("choose_or_third", "Chooses one or gives a third result"),
                ),
                usual="choose",
            ),
            Field(
                name="adjudication.sees",
                label="The adjudicator sees",
                kind="many",
                choices=_pairs(("images", "answers", "measurements", "comments", "dossier")),
            ),
        ),
    ),
    (
        "oncology",
        "Oncology review and clinical data",
        "A review of the locked radiology read with the clinical dossier.",
        (
            Field(
                name="oncology_review.form",
                label="Form of the oncologist",
                kind="text",
                hint="Key of a form. Empty: no oncology review.",
            ),
            Field(
                name="oncology_review.readers",
                label="Oncologists per subject",
                kind="choice",
                choices=(("1", "One"), ("2", "Two")),
                usual=1,
            ),
            Field(
                name="dossiers",
                label="The clinical dossier is shown",
                kind="choice",
                choices=(
                    ("never", "Never"),
                    ("time_point", "At each time point"),
                    ("global_review", "At the global review only"),
                    ("oncology_review", "To the oncologist only"),
                ),
                usual="never",
            ),
        ),
    ),
    (
        "limits",
        "Turnaround and limits",
        "Days are business days of the study's calendar. 0 is no limit.",
        (
            *(
                Field(
                    name=f"turnaround.{name}",
                    label=words(name.rpartition("_")[0]).capitalize(),
                    kind="number",
                    unit="business days" if name.endswith("_days") else "hours",
                    hint=f"Usually {usual}. Empty: by the project plan.",
                )
                for name, usual in USUAL_TURNAROUND.items()
            ),
            Field(name="batches.size", label="Batch", kind="number", unit="reads", usual=0),
            Field(
                name="batches.minimal_interval_days",
                label="Interval before the same case is read again",
                kind="number",
                unit="days",
                usual=0,
            ),
            Field(
                name="batches.session_maximum",
                label="Most reads of one reader a day",
                kind="number",
                unit="reads",
                usual=0,
            ),
        ),
    ),
    (
        "stops",
        "Stop rules and sampling",
        "What is still read when a subject's course has ended, and how many subjects are read.",
        (
            Field(
                name="stop_rules.after_progression",
                label="After progression",
                kind="choice",
                choices=(
                    ("continue", "Go on reading"),
                    ("stop_after_confirmed", "Stop after confirmed progression"),
                    ("stop", "Stop"),
                ),
                usual="continue",
            ),
            *(
                Field(
                    name=f"stop_rules.after_{event}",
                    label=f"After {event}",
                    kind="choice",
                    choices=(("read_received", "Read what was received"), ("stop", "Stop")),
                    usual="read_received",
                )
                for event in ("withdrawal", "death")
            ),
            Field(
                name="sampling.percent",
                label="Subjects reviewed centrally",
                kind="number",
                unit="%",
                usual=100,
            ),
            Field(name="sampling.seed", label="Seed of the sample", kind="text"),
            Field(
                name="sampling.escalate_above_percent",
                label="Review all when results differ in more than",
                kind="number",
                unit="%",
            ),
        ),
    ),
    (
        "performance",
        "Reader training and variability",
        "What a reader passes first, and which reads are read again.",
        (
            Field(
                name="training.cases",
                label="Training cases",
                kind="number",
                unit="cases",
                usual=0,
            ),
            Field(
                name="training.pass_mark_percent",
                label="Pass mark",
                kind="number",
                unit="%",
                usual=80,
            ),
            Field(
                name="variability.intra_percent",
                label="Read again by the same reader",
                kind="number",
                unit="%",
                usual=0,
            ),
            Field(
                name="variability.inter_percent",
                label="Read again by another reader",
                kind="number",
                unit="%",
                usual=0,
            ),
            Field(
                name="variability.washout_days",
                label="Wash-out",
                kind="number",
                unit="days",
                usual=28,
            ),
        ),
    ),
)


def groups(document: Mapping[str, Any]) -> tuple[Group, ...]:
    """Return the plain fields of a design with their values."""
    return tuple(
        Group(key=key, title=title, hint=hint, fields=tuple(_filled(f, document) for f in fields))
        for key, title, hint, fields in _PLAIN
    )


def sections_of(document: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the authored sections."""
    texts = document.get("sections") or {}
    return tuple(
        Field(name=f"sections.{key}", label=title, kind="area", value=texts.get(key, ""))
        for key, title in SECTIONS.items()
    )


def criteria_of(document: Mapping[str, Any]) -> tuple[CriterionChoice, ...]:
    """Return every registered criterion with what the design sets of it."""
    set_by_key = {
        entry.get("key"): entry.get("parameters") or {} for entry in document.get("criteria") or ()
    }
    return tuple(
        CriterionChoice(
            key=criterion.key,
            title=criterion.title,
            citation=criterion.citation,
            used=criterion.key in set_by_key,
            parameters=tuple(
                _parameter(criterion.key, parameter, set_by_key.get(criterion.key, {}))
                for parameter in criterion.parameters
            ),
        )
        for criterion in registry.all_criteria()
        if criterion.assess_history is not None
    )


def endpoints_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rows of endpoints, with empty ones to write into."""
    rows = list(document.get("endpoints") or ())
    return rows + [{} for _ in range(max(1, ENDPOINT_ROWS - len(rows)))]


def _parameter(key: str, parameter: Parameter, given: Mapping[str, Any]) -> Field:
    choices = tuple(
        (choice, parameter.readings.get(choice) or words(choice)) for choice in parameter.choices
    )
    if parameter.kind == "flag":
        choices = (("false", "No"), ("true", "Yes"))
    value = given.get(parameter.name)
    return Field(
        name=f"criteria.{key}.{parameter.name}",
        label=parameter.meaning + ("" if parameter.verified else " (unverified)"),
        kind="choice" if choices else "number",
        choices=choices,
        hint=parameter.clause,
        unit=parameter.unit,
        usual=_as_text(parameter.default),
        value=None if value is None else _as_text(value),
    )


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _filled(field: Field, document: Mapping[str, Any]) -> Field:
    value: Any = document
    for part in field.name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        value = field.usual
    if field.kind == "many" and not isinstance(value, list):
        value = []
    return Field(
        name=field.name,
        label=field.label,
        kind=field.kind,
        choices=field.choices,
        hint=field.hint,
        unit=field.unit,
        usual=field.usual,
        value=value,
    )


def document_from(posted: Posted, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document that a page describes; what it does not ask is kept from ``before``."""
    made = deepcopy(dict(before))
    for name in ("form", "blinding", "truth"):
        _put(made, name, str(posted.get(name, "")).strip() or None)
    for _, _, _, fields in _PLAIN:
        for field in fields:
            _put(made, field.name, _typed(field, posted))
    _put(made, "readers_per_subject", _number(posted.get("readers_per_subject", "")))
    _put(made, "oncology_review.readers", _number(posted.get("oncology_review.readers", "")))
    if not made.get("oncology_review", {}).get("form"):
        made.pop("oncology_review", None)
    made["criteria"] = list(_criteria(posted))
    made["endpoints"] = list(_endpoints(posted))
    made["sections"] = {
        key: text
        for key in SECTIONS
        if (text := str(posted.get(f"sections.{key}", "")).replace("\r\n", "\n").strip())
    }
    return made


def _typed(field: Field, posted: Posted) -> object:
    if field.kind == "flag":
        return posted.get(field.name, "") == "on"
    if field.kind == "many":
        return list(posted.getlist(field.name))
    text = str(posted.get(field.name, "")).strip()
    if field.kind == "number":
        return _number(text)
    return text or None


def _number(text: object) -> object:
    """Return a whole number, None for nothing, and whatever else was typed as it was typed."""
    typed = str(text).strip()
    try:
        return int(typed) if typed else None
    except ValueError:
        return typed


def _put(document: dict[str, Any], name: str, value: object) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        document = document.setdefault(parent, {})
    if value is None:
        document.pop(last, None)
    else:
        document[last] = value


def _criteria(posted: Posted) -> Iterator[dict[str, Any]]:
    used = posted.getlist("criteria")
    for criterion in registry.all_criteria():
        if criterion.key in used:
            parameters = {}
            for parameter in criterion.parameters:
                typed = str(posted.get(f"criteria.{criterion.key}.{parameter.name}", "")).strip()
                if typed and typed != _as_text(parameter.default):
                    parameters[parameter.name] = _setting(parameter, typed)
            yield {"key": criterion.key, "parameters": parameters}


def _setting(parameter: Parameter, typed: str) -> object:
    if parameter.kind == "flag":
        return {"true": True, "false": False}.get(typed, typed)
    return _number(typed) if parameter.kind == "integer" else typed


def _endpoints(posted: Posted) -> Iterator[dict[str, str]]:
    columns = {
        name: posted.getlist(f"endpoint.{name}")
        for name in ("name", "level", "criterion", "variable")
    }
    for number, name in enumerate(columns["name"]):
        if str(name).strip():
            row = {"name": str(name).strip()}
            for column in ("level", "criterion", "variable"):
                if number < len(columns[column]) and columns[column][number]:
                    row[column] = str(columns[column][number])
            yield row
