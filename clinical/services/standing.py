"""How a dossier stands against its definition: what is asked for, missing, and wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from audit import clock
from clinical.definition import Definition, Entered, Item, Moment, checked, read
from clinical.models import Dossier, DossierItem
from studies.models import Configuration, TimePoint
from studies.services import configuration

KIND = Configuration.Kind.DOSSIER
NO_ITEMS = Definition()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an item: its code, its label, and a sentence."""

    code: str
    label: str
    text: str

    def __str__(self) -> str:
        return f"{self.label}: {self.text}"


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a definition and what the dossier says to it."""

    item: Item
    kept: DossierItem | None
    problems: tuple[str, ...] = ()

    @property
    def is_answered(self) -> bool:
        """Whether there is a value, or a reason why there is none."""
        return self.kept is not None and is_answered(self.kept)

    @property
    def is_missing(self) -> bool:
        """Whether the dossier waits for it."""
        return self.item.required and not self.is_answered


def is_answered(kept: DossierItem) -> bool:
    """Tell whether an item has a value, or a reason why there is none."""
    return bool(kept.value or kept.rows or kept.document_id or kept.missing_reason)


def moment_of(time_point: TimePoint) -> Moment:
    """Return a time point as definitions name it."""
    definition = time_point.definition
    return Moment(definition.code, definition.is_baseline) if definition else Moment("")


#: digest of a document -> what it says; a document is read and judged once, not for every dossier
_read: dict[str, Definition] = {}
_MOST_KEPT = 64


def held_in(made: Configuration) -> Definition:
    """Return what a version says; the same digest is the same definition."""
    found = _read.get(made.digest)
    if found is None:
        if len(_read) >= _MOST_KEPT:
            _read.clear()
        found = _read[made.digest] = read(made.document)
    return found


def effective(study: Any) -> tuple[Configuration, Definition] | None:
    """Return the definition that holds in a study, or nothing."""
    made = configuration.effective_or_none(study, KIND)
    return None if made is None else (made, held_in(made))


def definition_of(dossier: Dossier) -> Definition:
    """Return the definition by which a dossier was asked for."""
    return held_in(dossier.definition)


def items_of(dossier: Dossier) -> tuple[Item, ...]:
    """Return the items that the definition asks for at the time point of a dossier."""
    return definition_of(dossier).at(moment_of(dossier.time_point))


def kept_of(dossier: Dossier) -> dict[str, DossierItem]:
    """Return what a dossier holds, by code."""
    return {item.code: item for item in dossier.items.select_related("document", "entered_by")}


def lines_of(dossier: Dossier) -> list[Line]:
    """Return every item asked for with its answer and what is wrong with it, in order."""
    today = clock.today(dossier.study.time_zone)
    kept = kept_of(dossier)
    return lines(items_of(dossier), kept, today=today)


def lines(items: Iterable[Item], kept: Mapping[str, DossierItem], *, today: date) -> list[Line]:
    """Return items with their answers."""
    return [
        Line(item, kept.get(item.code), _problems(item, kept.get(item.code), today))
        for item in items
    ]


def _problems(item: Item, kept: DossierItem | None, today: date) -> tuple[str, ...]:
    if kept is None:
        return ()
    found = checked(item, entered_of(kept), today=today).problems
    if item.kind == "document" and kept.document is not None and kept.document.state == "refused":
        found = (*found, "The document was refused; send it again.")
    return found


def entered_of(kept: DossierItem) -> Entered:
    """Return a kept item as it would be entered again."""
    return Entered(
        value=kept.value,
        unit=kept.unit,
        on=kept.observed_on,
        rows=tuple(kept.rows),
        missing_reason=kept.missing_reason,
        has_document=kept.document_id is not None,
    )


def missing_of(dossier: Dossier) -> list[str]:
    """Return the labels of required items that have neither a value nor a reason."""
    return [line.item.label for line in lines_of(dossier) if line.is_missing]


def problems_of(dossier: Dossier) -> list[Problem]:
    """Return every problem of the items, and items that the definition does not ask for."""
    known = lines_of(dossier)
    found = [
        Problem(line.item.code, line.item.label, text) for line in known for text in line.problems
    ]
    codes = {line.item.code for line in known}
    found += [
        Problem(code, code, "The definition does not ask for it here.")
        for code in kept_of(dossier)
        if code not in codes
    ]
    return found
