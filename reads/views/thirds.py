"""The adjudicator's own result on a page: one field for each variable that differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reads.criteria import registry
from reads.design.references import words
from reads.design.response_items import items_of
from reads.models import AdjudicationCase
from reads.services.settling import asked_name

PREFIX = "third"
NOTHING = "NONE"


@dataclass(frozen=True, slots=True)
class ThirdField:
    """A variable that differs, with the values that the criterion knows."""

    name: str
    label: str
    choices: tuple[str, ...]
    value: str

    @property
    def id(self) -> str:
        """The control's id."""
        return "".join(c if c.isalnum() else "-" for c in self.name)


def fields(case: AdjudicationCase) -> tuple[ThirdField, ...]:
    """Return a field for each variable of a case."""
    found = []
    for entry in case.variables:
        criterion, name = entry["criterion"], asked_name(entry)
        point = entry.get("point", "")
        label = f"{words(entry['variable']).capitalize()}{', ' + point if point else ''}"
        found.append(
            ThirdField(
                name=f"{PREFIX}|{criterion}|{name}",
                label=f"{label}, {registry.get(criterion).title}",
                choices=_choices(case, criterion, entry["variable"]),
                value=case.third.get(criterion, {}).get(name, ""),
            )
        )
    return tuple(found)


def _choices(case: AdjudicationCase, criterion: str, variable: str) -> tuple[str, ...]:
    if variable == "progression_date":
        last = case.session_1.task.sequence
        return (*(f"TP{number}" for number in range(2, last)), NOTHING)
    wanted = "overall_response" if variable == "best_overall_response" else variable
    for item in items_of(criterion):
        if item.value == wanted:
            return item.choices
    return ("YES", "NO")


def from_post(posted: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the third result that a page holds: criterion -> variable -> value."""
    found: dict[str, dict[str, str]] = {}
    for control, value in posted.items():
        prefix, _, rest = control.partition("|")
        criterion, _, name = rest.partition("|")
        if prefix == PREFIX and name and value:
            found.setdefault(criterion, {})[name] = str(value)
    return found
