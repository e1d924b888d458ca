"""Exchange files: read any of them, write derived values beside the places of expected ones.

The shape of a file tells its kind: `subjects` are assessed by the criterion that each one names
(or the file names), `sequences` by its best-response rule, `conversions` by its conversions, and
`cases` are component tables, edit checks or reader statistics by the `kind` of the file.
What the criterion reads and writes is told by its `FileFormat`; this module knows no criterion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from reads.criteria import registry
from reads.criteria.arithmetic import exact, plain
from reads.criteria.base import Assessment, BestResponse, Criterion, Options
from reads.criteria.errors import CriteriaError, missing
from reads.criteria.records import Record
from reads.criteria.trace import Value

LISTS = ("subjects", "sequences", "cases", "conversions")


@dataclass(slots=True)
class Derivation:
    """A file with its derived values, and the records that could not be assessed."""

    document: dict[str, Any]
    errors: list[CriteriaError] = field(default_factory=list)
    ignored_settings: list[str] = field(default_factory=list)


def derive(document: object) -> Derivation:
    """Return a copy of the file with `derived…` values; expected ones are ignored.

    A record that cannot be assessed gets `derived_error` and is listed in `errors`; the others
    are still derived. Raises CriteriaError when the file as a whole has no known shape.
    """
    top = Record(document)
    if not any(name in top.data for name in LISTS):
        raise CriteriaError("file", f"has none of {', '.join(LISTS)}")
    derivation = Derivation(document=deepcopy(dict(top.data)))
    copy = Record(derivation.document)
    for name, handler in (
        ("subjects", _subject),
        ("sequences", _sequence),
        ("cases", _case),
        ("conversions", _conversion),
    ):
        for entry in copy.records(name):
            _apply(handler, entry, copy, derivation)
    return derivation


Handler = Callable[[Record, Record, Derivation], None]


def _apply(handler: Handler, entry: Record, top: Record, derivation: Derivation) -> None:
    inner = Record(entry.data)
    try:
        with exact():
            handler(inner, top, derivation)
    except CriteriaError as error:
        located = error.under(entry.path)
        derivation.errors.append(located)
        _put(inner, "derived_error", {"field": error.field, "problem": error.problem})


def _put(record: Record, key: str, value: object) -> None:
    if isinstance(record.data, dict):
        record.data[key] = value


def criterion_of(entry: Record, top: Record) -> Criterion:
    """Return the criterion that a record, or else its file, names."""
    key = entry.text("criterion") or top.text("criterion")
    if key is None:
        raise missing("criterion")
    return registry.get(key)


def options_of(entry: Record, criterion: Criterion, derivation: Derivation) -> Options:
    """Return the options from the settings of a record; unknown settings are noted and ignored."""
    known = {parameter.name for parameter in criterion.parameters}
    settings: dict[str, object] = {}
    record = entry.record("settings")
    for name, raw in (record.data if record else {}).items():
        if name in known:
            settings[name] = raw
        elif name not in criterion.files.ignored_settings:
            note = f"{name} is not a parameter of {criterion.key}"
            if note not in derivation.ignored_settings:
                derivation.ignored_settings.append(note)
    return criterion.options(settings)


def _subject(entry: Record, top: Record, derivation: Derivation) -> None:
    criterion = criterion_of(entry, top)
    form = criterion.files
    if form.history is None:
        raise CriteriaError("criterion", f"{criterion.key} does not assess subjects")
    history = form.history(entry)
    assessment = criterion.assess(history, options_of(entry, criterion, derivation))
    baseline = entry.record("baseline")
    if baseline is not None and form.baseline_keys:
        _put(baseline, "derived", _values(assessment.time_points[0].values, form.baseline_keys))
    for visit, result in zip(entry.records("visits"), assessment.time_points[1:], strict=True):
        _put(visit, "derived", _values(result.values, form.visit_keys))
        _put(visit, "derived_because", list(result.because))
    _put_stream(entry, assessment, criterion)


def _put_stream(entry: Record, assessment: Assessment, criterion: Criterion) -> None:
    if criterion.files.writes_best:
        _put(entry, "derived_bor", [best_entry(best) for best in assessment.best])
    for name, suffix in criterion.files.subject_keys.items():
        _put(entry, f"derived_{suffix}", written(assessment.values.get(name)))


def best_entry(best: BestResponse) -> dict[str, Value]:
    """Return the shape of one entry of `derived_bor`."""
    return {"confirmation_required": best.confirmation_required, "bor": best.response}


def _values(values: Mapping[str, Value], keys: tuple[str, ...]) -> dict[str, Value]:
    return {key: written(values[key]) for key in keys if key in values}


def _sequence(entry: Record, top: Record, derivation: Derivation) -> None:
    criterion = criterion_of(entry, top)
    if criterion.files.sequence is None:
        raise CriteriaError("criterion", f"{criterion.key} has no best response of sequences")
    options = options_of(entry, criterion, derivation)
    _put(entry, "derived", _written(criterion.files.sequence(entry, options)))


def _conversion(entry: Record, top: Record, derivation: Derivation) -> None:
    criterion = criterion_of(entry, top)
    if criterion.files.conversion is None:
        raise CriteriaError("criterion", f"{criterion.key} has no conversions")
    options = options_of(entry, criterion, derivation)
    _put(entry, "derived", _written(criterion.files.conversion(entry, options)))


def _case(entry: Record, top: Record, derivation: Derivation) -> None:
    if case_input(entry) is None:
        raise missing("input")
    if is_statistics(entry, top):
        _put(entry, "derived", _written(statistics_of(entry)))
    elif is_edit_check(entry, top):
        _edit_checks(entry, top, derivation)
    else:
        _component(entry, top, derivation)


def case_input(entry: Record) -> Record | None:
    """Return the input of a case."""
    return entry.record("input")


def is_statistics(entry: Record, top: Record) -> bool:
    """Return whether a case is one of reader statistics: the file says so, or no criterion does."""
    if top.text("kind") == "reader_statistics":
        return True
    return top.text("kind") is None and entry.has("kind") and not entry.has("criterion")


def is_edit_check(entry: Record, top: Record) -> bool:
    """Return whether a case is a record for the edit checks."""
    if top.text("kind") == "edit_checks":
        return True
    found = case_input(entry)
    return top.text("kind") is None and found is not None and found.has("baseline", "visits")


def statistics_of(entry: Record) -> Mapping[str, Value]:
    """Return the reader statistics of a case."""
    from reads.criteria.statistics.cases import derive_case

    found = case_input(entry)
    if found is None:
        raise missing("input")
    return derive_case(entry.required_text("kind"), found.data)


def _component(entry: Record, top: Record, derivation: Derivation) -> None:
    criterion = criterion_of(entry, top)
    found = case_input(entry)
    if criterion.files.component is None or found is None:
        raise CriteriaError("criterion", f"{criterion.key} has no component table")
    options = options_of(entry, criterion, derivation)
    _put(entry, "derived", _written(criterion.files.component(found, options)))


def _edit_checks(entry: Record, top: Record, derivation: Derivation) -> None:
    criterion = criterion_of(entry, top)
    found = case_input(entry)
    if criterion.files.history is None or found is None:
        raise CriteriaError("criterion", f"{criterion.key} has no edit checks")
    history = criterion.files.history(found)
    findings = criterion.edit_checks(history, options_of(entry, criterion, derivation))
    fired = {finding.id for finding in findings}
    catalogue = top.record("catalogue")
    labels = {check.id for check in criterion.checks} | set(catalogue.data if catalogue else ())
    _put(
        entry,
        "derived",
        {"fires": sorted(fired), "silent": sorted(label for label in labels - fired)},
    )
    _put(
        entry,
        "derived_findings",
        [
            {
                "id": finding.id,
                "level": finding.level.value,
                "message": finding.message,
                "clause": finding.clause,
                "field": finding.field,
            }
            for finding in findings
        ],
    )


def _written(values: Mapping[str, Value]) -> dict[str, Value]:
    return {key: written(value) for key, value in values.items()}


def written(value: Value) -> Value:
    """Return a value as JSON data: decimals become numbers of the same digits."""
    if isinstance(value, Decimal):
        return _json_number(plain(value))
    if isinstance(value, (tuple, list)):
        return [written(item) for item in value]
    if isinstance(value, Mapping):
        return {key: written(item) for key, item in value.items()}
    return value


def _json_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
