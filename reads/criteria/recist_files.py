"""Component tables and response sequences of RECIST files (`vectorfile`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reads.criteria.base import (
    Options,
    Record,
)
from reads.criteria.errors import CriteriaError, missing, not_among
from reads.criteria.recist_rules import (
    OVERALL,
)
from reads.criteria.recist_targets import (
    NOT_APPLICABLE,
)
from reads.criteria.trace import Value

TARGET_WORDS = frozenset({"CR", "PR", "SD", "PD", "NE", NOT_APPLICABLE})
NON_TARGET_WORDS = frozenset({"CR", "NON-CR/NON-PD", "PD", "NE", NOT_APPLICABLE})
NOTHING_WORDS = frozenset({"NA", "N/A", "NONE", "NOT APPLICABLE", "NED", "ND"})
NEW_LESION_WORDS = {
    "NONE": "NONE",
    "NO": "NONE",
    "N": "NONE",
    "EQUIVOCAL": "EQUIVOCAL",
    "UNEQUIVOCAL": "UNEQUIVOCAL",
    "YES": "UNEQUIVOCAL",
    "Y": "UNEQUIVOCAL",
}


def component_word(record: Record, name: str, permitted: frozenset[str]) -> str:
    """Return a component response; absent means that there is no such disease at baseline."""
    value = record.text(name)
    if value is None or value in NOTHING_WORDS:
        return NOT_APPLICABLE
    if value not in permitted:
        raise not_among(record.field(name), sorted(permitted))
    return value


def new_lesion_word(record: Record) -> str:
    """Return NONE, EQUIVOCAL or UNEQUIVOCAL."""
    raw = record.data.get("new_lesion")
    if raw is None or isinstance(raw, bool):
        return "UNEQUIVOCAL" if raw else "NONE"
    found = NEW_LESION_WORDS.get(raw) if isinstance(raw, str) else None
    if found is None:
        raise CriteriaError(
            record.field("new_lesion"), "must be one of NONE, EQUIVOCAL, UNEQUIVOCAL"
        )
    return found


def component(record: Record, _options: Options) -> Mapping[str, Value]:
    """Answer a case of the component tables."""
    step = OVERALL.derive(
        "overall_response",
        {
            "target_response": component_word(record, "target_response", TARGET_WORDS),
            "non_target_response": component_word(record, "non_target_response", NON_TARGET_WORDS),
            "new_lesion": new_lesion_word(record),
        },
    )
    return {step.name: step.value}


def sequence_of(record: Record, permitted: Sequence[str]) -> list[tuple[int, str]]:
    """Return a response sequence in order of its days.

    Raises CriteriaError for a missing day or a response that the criterion does not know.
    """
    sequence: list[tuple[int, str]] = []
    for entry in record.records("sequence"):
        day = entry.integer("day")
        response = entry.required_text("response")
        if day is None:
            raise missing(entry.field("day"))
        if response not in permitted:
            raise not_among(entry.field("response"), permitted)
        sequence.append((day, response))
    return sorted(sequence, key=lambda item: item[0])
