"""The criteria of a design against the published cases that the platform brings along.

The cases lie in ``reads/criteria/vectors``: subjects, response sequences, component tables and
edit checks with expected values, written by hand from the papers and charters. Those of a
criterion that the design uses are derived with the engines that will derive the study's reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from reads.criteria import registry
from reads.criteria.comparison import compare
from reads.criteria.errors import CriteriaError
from reads.criteria.records import Record, loads
from reads.criteria.vectorfile import LISTS, criterion_of, derive


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One published case: how many expected values were compared, and which differ."""

    criterion: str
    file: str
    case: str
    compared: int
    different: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every expected value was derived."""
        return bool(self.compared) and not self.different


@cache
def _files() -> tuple[tuple[str, str], ...]:
    folder = files("reads.criteria") / "vectors"
    found = sorted(folder.iterdir(), key=lambda one: one.name)
    return tuple((one.name, one.read_text("utf-8")) for one in found if one.name.endswith(".json"))


def cases(criteria: Iterable[str]) -> list[CaseResult]:
    """Derive every published case of the criteria named, and compare it."""
    wanted = set(criteria)
    return [result for name, text in _files() for result in _of_file(name, loads(text), wanted)]


def _of_file(name: str, document: Any, wanted: set[str]) -> Iterator[CaseResult]:
    top = Record(document)
    for kind in LISTS:
        for entry in top.records(kind):
            key = _criterion(entry, top)
            if key in wanted:
                single = {**top.data, **{other: [] for other in LISTS if other in top.data}}
                single[kind] = [entry.data]
                yield _result(key, name, entry, single)


def _criterion(entry: Record, top: Record) -> str:
    try:
        return criterion_of(entry, top).key
    except CriteriaError:
        return ""


def _result(key: str, name: str, entry: Record, document: Mapping[str, Any]) -> CaseResult:
    label = entry.text("id") or entry.path
    try:
        derivation = derive(document)
    except CriteriaError as error:
        return CaseResult(key, name, label, 0, (str(error),))
    found = compare(derivation.document)
    wrong = [
        f"{one.place} {one.name}: expected {_short(one.expected)}, derived {_short(one.derived)}"
        for one in found
        if not one.equal
    ]
    wrong += [str(error) for error in derivation.errors]
    return CaseResult(key, name, label, len(found), tuple(wrong))


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def engines(criteria: Iterable[str]) -> dict[str, str]:
    """Return the version of every engine that a design uses."""
    return {key: registry.get(key).version for key in criteria}
