"""Shape of a response criterion, and how to write one.

A criterion module is a set of pure functions beside its citations. To add one, write one module
in this package (or in a package of your own, registered under the entry-point group
`icro.criteria`) and its tests; nothing else changes. The module ends with

    CRITERIA = (MY_CRITERION,)

which `reads.criteria.registry` finds. An entry point names a `Criterion` or a tuple of them.

1. Facts. Use `MeasuredTimePoint` (targets, non-targets, new lesions) or derive a frozen data class
   of your own from `TimePointFacts` and `LesionFacts`. All numbers are Decimal; states are enums.
   Facts may be clinically wrong (edit checks look at that), never of a wrong type.
2. Parameters. Everything that a charter may change is a `Parameter` with default, permitted range
   and clause. A fact that is not verified in its source gets verified=False and a default that
   switches it off. An open question is a parameter with a question number and its readings.
3. Rules. Every derived value comes out of `Rule.derive(name, inputs)`, where `compute` is a pure
   function of `inputs` (thresholds included), so that the trace recomputes. Published tables are
   `DecisionTable` data, looked up by a rule.
4. assess(history, options) gets the whole history of one reader's stream: history[0] is the
   baseline, the others in any order; `dates.timeline` orders them. It returns an `Assessment`
   whose time_points stand in the order of the history, the baseline included. Build each
   `TimePointResult` from its trace with `result_of`. Values are named as in the exchange files
   (`sum_mm`, `overall_response`, ...). Raise nothing but CriteriaError; name the field.
5. Edit checks are data (`EditCheck`) plus one function that returns `Finding`s.
6. Exchange files. `FileFormat` tells `vectorfile` how to read a subject of your criterion and
   which values to write at the baseline and at the visits, how to answer component tables and
   response sequences. Use `records.Record` to read JSON.

`Criterion.assess` and `Criterion.edit_checks` wrap your functions: they supply default options,
run in the exact decimal context and check the type of the facts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from reads.criteria.arithmetic import exact
from reads.criteria.errors import CriteriaError, missing
from reads.criteria.facts import EnteredResponses, TimePointFacts
from reads.criteria.parameters import Options, Parameter, options_from
from reads.criteria.records import Record
from reads.criteria.trace import Rule, TraceStep, Value, encoded

__all__ = [
    "Assessment",
    "BestResponse",
    "CriteriaError",
    "Criterion",
    "DecisionTable",
    "EcrfItem",
    "EditCheck",
    "EnteredResponses",
    "FileFormat",
    "Finding",
    "Level",
    "Options",
    "Parameter",
    "Record",
    "Rule",
    "SdtmItem",
    "TimePointFacts",
    "TimePointResult",
    "TraceStep",
    "Value",
    "input_digest",
    "result_of",
]


class Level(StrEnum):
    """Level of an edit check: error blocks, warning needs a reason, info is shown."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCheck:
    """A check as data: identifier, level, when it fires, message for the reader, clause."""

    id: str
    level: Level
    when: str
    message: str
    clause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check that fired: `field` is the path of the item, for example `visits[0].target[1]`."""

    id: str
    level: Level
    message: str
    clause: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EcrfItem:
    """An item that the eCRF must collect for the criterion; `when` is baseline or follow-up."""

    name: str
    when: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SdtmItem:
    """Where a fact or a derived value goes in SDTM; `source` is its name in this package."""

    source: str
    domain: str
    test_code: str
    category: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTable:
    """A published table as data: inputs named by `columns` to an outcome; ANY matches all.

    Rows are tried in order.
    """

    key: str
    title: str
    clause: str
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], str], ...]

    def look_up(self, *values: str) -> str | None:
        """Return the outcome of the first row that matches, or None."""
        for row, outcome in self.rows:
            if all(cell in ("ANY", value) for cell, value in zip(row, values, strict=True)):
                return outcome
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePointResult:
    """Derived values of one time point with the steps that led there."""

    id: str
    day: int
    baseline: bool
    values: Mapping[str, Value]
    trace: tuple[TraceStep, ...]

    def text(self, name: str) -> str | None:
        """Return a derived response by its name, None when it was not derived."""
        value = self.values.get(name)
        return None if value is None else str(value)

    @property
    def overall_response(self) -> str | None:
        """Return the overall response; None at the baseline."""
        return self.text("overall_response")

    @property
    def target_response(self) -> str | None:
        """Return the response of the target lesions."""
        return self.text("target_response")

    @property
    def non_target_response(self) -> str | None:
        """Return the response of the non-target disease."""
        return self.text("non_target_response")

    @property
    def because(self) -> tuple[str, ...]:
        """Return the sentences of the derivation, each with its citation."""
        return tuple(step.sentence for step in self.trace)


@dataclass(frozen=True, slots=True, kw_only=True)
class BestResponse:
    """Best overall response of a stream under one way of confirmation.

    Days are those of the time points: response_day of the first response that counts (CR or PR),
    progression_day of the first progression; duration_days from the first response to
    progression, both counted, None while either is open.
    """

    confirmation_required: bool
    response: str
    response_day: int | None
    progression_day: int | None
    duration_days: int | None
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Result of a criterion over the whole history of one stream.

    time_points[i] belongs to history[i]. best holds one entry per way of confirmation, the way
    that the criterion itself prescribes first. values holds results of the stream as a whole,
    for example `progression_day`.
    """

    criterion: str
    version: str
    time_points: tuple[TimePointResult, ...]
    best: tuple[BestResponse, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    trace: tuple[TraceStep, ...] = ()

    def best_response(self, *, confirmation_required: bool) -> str | None:
        """Return the best overall response under one way of confirmation."""
        for entry in self.best:
            if entry.confirmation_required is confirmation_required:
                return entry.response
        return None


def result_of(
    point: TimePointFacts,
    *,
    day: int,
    trace: Sequence[TraceStep],
) -> TimePointResult:
    """Return the result of a time point: its values are those of the steps, last one wins."""
    return TimePointResult(
        id=point.id,
        day=day,
        baseline=point.baseline,
        values={step.name: step.value for step in trace},
        trace=tuple(trace),
    )


HistoryReader = Callable[[Record], Sequence[TimePointFacts]]
Assess = Callable[[Sequence[TimePointFacts], Options], Assessment]
Check = Callable[[Sequence[TimePointFacts], Options], Sequence[Finding]]
Answer = Callable[[Record, Options], Mapping[str, Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How the exchange files of a criterion are read and answered (`vectorfile`).

    history: a subject (or the input of an edit-check case) to facts, baseline first, visits in
    the order of the file.
    baseline_keys, visit_keys: names of derived values written there.
    subject_keys: name of a value of the whole stream to the key suffix in the file, for example
    {"progression_day": "progression_day"} is written as `derived_progression_day`.
    writes_best: whether `derived_bor` is written.
    component: input of a component-table case to the derived responses.
    sequence: a response sequence to the derived best responses.
    conversion: a conversion case to its derived values.
    ignored_settings: settings of the files that are no parameters.
    """

    history: HistoryReader | None = None
    baseline_keys: tuple[str, ...] = ()
    visit_keys: tuple[str, ...] = ()
    subject_keys: Mapping[str, str] = field(default_factory=dict)
    writes_best: bool = False
    component: Answer | None = None
    sequence: Answer | None = None
    conversion: Answer | None = None
    ignored_settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A registered criterion: everything that the eCRF, checks, exports and docs need.

    key is the `criterion` string of the exchange files; version changes with every change of a
    result; facts_type is the class that each time point must have. assess_history and
    check_history are the module's own functions; call `assess` and `edit_checks`.
    """

    key: str
    title: str
    version: str
    citation: str
    facts_type: type[TimePointFacts] = TimePointFacts
    items: tuple[EcrfItem, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    rules: tuple[Rule, ...] = ()
    tables: tuple[DecisionTable, ...] = ()
    checks: tuple[EditCheck, ...] = ()
    sdtm: tuple[SdtmItem, ...] = ()
    notes: tuple[str, ...] = ()
    assess_history: Assess | None = None
    check_history: Check | None = None
    files: FileFormat = FileFormat()

    def options(self, settings: Mapping[str, object] | None = None) -> Options:
        """Return validated options: the defaults overridden by `settings`.

        Raises CriteriaError naming `settings.<name>`.
        """
        return options_from(self.parameters, settings)

    def assess(
        self,
        history: Sequence[TimePointFacts],
        options: Options | None = None,
    ) -> Assessment:
        """Derive all responses of one stream; history[0] is the baseline.

        Raises CriteriaError naming the field for input that cannot be assessed.
        """
        if self.assess_history is None:
            raise CriteriaError("criterion", f"{self.key} has component tables only")
        self._check_types(history)
        with exact():
            return self.assess_history(history, options or self.options())

    def edit_checks(
        self,
        history: Sequence[TimePointFacts],
        options: Options | None = None,
    ) -> tuple[Finding, ...]:
        """Return the checks that fire over a history; history[0] is the baseline.

        Raises CriteriaError when the facts are of a wrong type.
        """
        if self.check_history is None:
            return ()
        self._check_types(history)
        with exact():
            return tuple(self.check_history(history, options or self.options()))

    def check_named(self, identifier: str) -> EditCheck:
        """Return a check of the catalogue; raises CriteriaError for an unknown identifier."""
        for check in self.checks:
            if check.id == identifier:
                return check
        raise CriteriaError("check", f"{identifier} is not a check of {self.key}")

    def _check_types(self, history: object) -> None:
        if isinstance(history, (str, bytes)) or not isinstance(history, Sequence):
            raise CriteriaError("history", "must be a sequence of time points")
        if not history:
            raise missing("baseline")
        for position, point in enumerate(history):
            if not isinstance(point, self.facts_type):
                where = "baseline" if position == 0 else f"visits[{position - 1}]"
                raise CriteriaError(where, f"must be {self.facts_type.__name__}")


def input_digest(history: Sequence[TimePointFacts], options: Options) -> str:
    """Return the SHA-256 of facts and options, to be stored beside an assessment."""
    content = {
        "history": [_canonical(point) for point in history],
        "options": {name: encoded(options[name]) for name in sorted(options)},
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _canonical(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_canonical(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return encoded(value)
