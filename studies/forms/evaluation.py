"""What an evaluation says: messages, answers as read, and the record that is signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from studies.forms.definition import Form
from studies.forms.values import BLANK, Answer, Level, PartialDate, Status, Value

REASONS = "reasons"


@dataclass(frozen=True)
class Message:
    """What one check says about one place.

    `key` names it for a reason (`EC_TL_01:T1` in the row T1), `check` is the check's id or the
    code of a built-in check, `facts` what its sentence names.
    """

    key: str
    check: str
    place: str
    level: Level
    text: str
    label: str
    clause: str = ""
    reason: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def is_accepted(self) -> bool:
        """A warning for which a reason was given."""
        return self.level is Level.WARNING and bool(self.reason)

    @property
    def blocks(self) -> bool:
        """Errors always block; a warning blocks until a reason is given; an info never does."""
        return self.level is Level.ERROR or (self.level is Level.WARNING and not self.reason)


@dataclass(frozen=True)
class Evaluation:
    """What a form makes of a set of answers.

    Places are item paths; a row's item has the row's number in it: `targets.lesions.0.long_axis`.
    """

    form: Form
    final: bool
    visible: frozenset[str]
    answers: Mapping[str, Answer]
    messages: tuple[Message, ...]
    missing: tuple[str, ...]
    asked: tuple[str, ...]
    hidden_answers: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether every required visible item has an answer or a reasoned absence."""
        return not self.missing

    @property
    def can_sign(self) -> bool:
        """Whether this final evaluation lets the form be signed."""
        return self.final and self.is_complete and not any(each.blocks for each in self.messages)

    @property
    def reasons(self) -> dict[str, str]:
        """The reasons given for warnings that stand, by message key."""
        return {each.key: each.reason for each in self.messages if each.is_accepted}

    def answer(self, place: str) -> Answer:
        """The answer at a place; blank when it is hidden or unknown."""
        return self.answers.get(place, BLANK)

    def messages_at(self, place: str) -> tuple[Message, ...]:
        return tuple(each for each in self.messages if each.place == place)

    def record(self) -> dict[str, Any]:
        """The visible answers as JSON: what is signed, exported and compared.

        Each has its status, the value as standardised, and, where they differ, what was entered
        and in which unit. Blank items are listed as blank: what was asked is part of the record.
        """
        return {
            "form": {
                "key": self.form.key,
                "version": self.form.version,
                "sha256": self.form.digest,
            },
            "answers": {
                place: _recorded(answer)
                for place, answer in self.answers.items()
                if place in self.visible
            },
            "rows": {group: list(keys) for group, keys in self.rows.items()},
            "reasons": self.reasons,
        }


def _recorded(answer: Answer) -> dict[str, Any]:
    content: dict[str, Any] = {"status": answer.status.value}
    if answer.value is not None:
        content["value"] = _json(answer.value)
    if answer.number is not None:
        content |= {"entered": format(answer.number, "f"), "entered_unit": answer.unit}
    elif answer.status is Status.INVALID:
        content["entered"] = answer.entered
    if answer.reason:
        content["reason"] = answer.reason
    if answer.because:
        content["because"] = list(answer.because)
    return content


def _json(value: Value) -> object:
    match value:
        case bool() | str():
            return value
        case tuple():
            return list(value)
        case Decimal():
            return format(value, "f")
        case PartialDate():
            return value.iso
        case _:
            return value.isoformat()
