"""Files of the clinical CRO: read in as text, run dry as often as wanted, imported as a whole.

Nothing is written by a dry run, and nothing by an import of which one row is wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from clinical.definition import Checked, Item
from clinical.definition.sheet import (
    COLUMNS,
    Known,
    Place,
    Result,
    dry_run,
    missing_columns,
)
from clinical.models import Dossier, DossierImport
from clinical.services import blinding, dossiers, standing
from clinical.workflows import DOSSIER_IMPORT
from studies.cells import SheetRefused, sheets_of
from studies.models import Study, Subject, TimePoint

NAME_LENGTH = 120
REASON_LENGTH = 200


def read_in(
    study: Study, content: bytes, *, name: str, reason: str, actor: Actor, sheet: str = ""
) -> DossierImport:
    """Read a spreadsheet in as a draft. The same file twice is the same import.

    Args:
        reason: what the file brings; the reason of every new version that it opens.
        sheet: name of the sheet; without it the first one that holds a table.

    Raises:
        RuleBroken: CLI-001 the file cannot be read; CLI-002 nothing says what it brings; CLI-003 a
            needed column is missing.
    """
    actor.require("dossier.enter")
    if not reason.strip():
        raise RuleBroken("Say what this file brings.", rule="CLI-002")
    try:
        sheets = sheets_of(content)
    except SheetRefused as refused:
        raise RuleBroken(str(refused), rule="CLI-001") from refused
    chosen = sheet if sheet in sheets else next(iter(sheets))
    cells = sheets[chosen]
    missing = missing_columns(cells[0])
    if missing:
        raise RuleBroken(
            f"The sheet has no column {', '.join(f'“{one}”' for one in missing)}. Name the "
            "columns as in the template.",
            rule="CLI-003",
        )
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic(), acting(actor.acting_as("dossier.enter")):
        Study.objects.select_for_update().get(pk=study.pk)
        same = DossierImport.objects.in_study(study).filter(sha256=digest, sheet=chosen)
        held: DossierImport | None = same.exclude(state="discarded").first()
        if held is not None:
            return held
        made = DossierImport(
            study=study,
            sha256=digest,
            file_name=name.replace("\\", "/").rpartition("/")[2][:NAME_LENGTH],
            sheet=chosen,
            reason=reason.strip()[:REASON_LENGTH],
            cells=cells,
        )
        made.save()
        record("dossierimport.read_in", made, details={"rows": len(cells) - 1})
        return made


def try_out(row: DossierImport) -> Result:
    """Run an import dry: what becomes of each row."""
    known = _known(row.study)
    words = _Words()
    return dry_run(row.cells, known, telling=words.sentences)


class _Words:
    """The known words of each subject, found once."""

    def __init__(self) -> None:
        self._known: dict[str, blinding.Known] = {}

    def sentences(self, place: str, item: Item, texts: Iterable[str]) -> list[str]:
        """Say which words of an answer could unblind."""
        given = [text for text in texts if text]
        if not given:
            return []
        if place not in self._known:
            subject = Subject._base_manager.get(time_points=UUID(place))
            self._known[place] = blinding.known_words(subject)
        return blinding.sentences(item, given, self._known[place])


def _known(study: Study) -> Known:
    subjects = Subject.objects.in_study(study)
    points = TimePoint.objects.in_study(study).select_related("subject", "definition")
    holds = standing.effective(study)
    today = clock.today(study.time_zone)
    current = _current(study)
    places: dict[tuple[str, str], Place] = {}
    for point in points:
        dossier = current.get(point.pk)
        if dossier is not None and dossier.state == "requested":
            items = standing.items_of(dossier)
        else:
            items = holds[1].at(standing.moment_of(point)) if holds else ()
        place = Place(
            key=str(point.pk),
            items=items,
            closed=_closed(point, dossier, items, today),
            holds=_held(dossier) if dossier is not None else {},
        )
        names = {point.label, point.definition.code if point.definition else point.label}
        for name in names:
            places[(point.subject.code.casefold(), name.casefold())] = place
    return Known(
        subjects=frozenset(code.casefold() for code in subjects.values_list("code", flat=True)),
        places=places,
        today=today,
    )


def _current(study: Study) -> dict[object, Dossier]:
    """Return of each time point the open dossier, else the applied one."""
    rows = (
        Dossier.objects.in_study(study)
        .exclude(state__in=("superseded", "cancelled"))
        .select_related("time_point__definition", "definition", "study")
        .prefetch_related("items")
        .order_by("version")
    )
    return {row.time_point_id: row for row in rows}


def _closed(point: TimePoint, dossier: Dossier | None, items: tuple[Item, ...], today: date) -> str:
    if point.state == "not_done":
        return "The time point was not done; it has no dossier."
    if not items:
        return "The definition asks for nothing at this time point."
    if dossier is not None and dossier.state in ("received", "reconciled", "approved"):
        return (
            f"Its dossier is {dossier.get_state_display().lower()}; it must be sent back before "
            "anything can change."
        )
    begins = point.window_from or point.planned_date
    if dossier is None and point.state == "expected" and begins and begins > today:
        return "The time point is not due yet."
    return ""


def _held(dossier: Dossier) -> dict[str, Checked]:
    return {
        item.code: Checked(item.value, item.unit, item.observed_on, tuple(item.rows))
        for item in dossier.items.all()
        if not item.missing_reason
    }


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote: dossiers, those that are complete now, and items."""

    dossiers: int
    received: int
    items: int


def take_over(row: DossierImport, *, actor: Actor) -> Imported:
    """Import every row in one transaction; complete dossiers are received with it.

    Raises:
        RuleBroken: CLI-005 a row has a problem, or nothing is new: nothing is imported.
        Conflict: CLI-004 the file was imported or discarded already.
    """
    actor.require("dossier.enter")
    with transaction.atomic(), acting(actor.acting_as("dossier.enter")):
        Study.objects.select_for_update().get(pk=row.study_id)
        rows = DossierImport.objects.in_study(row.study_id).select_for_update(of=("self",))
        locked: DossierImport = rows.select_related("study").get(pk=row.pk)
        if locked.state != "draft":
            raise Conflict("This file was imported or discarded already.", rule="CLI-004")
        result = try_out(locked)
        wrong, changes = len(result.problems), result.changes
        if wrong:
            raise RuleBroken(
                f"{wrong} {'row has' if wrong == 1 else 'rows have'} a problem. Nothing was "
                "imported: correct the file and read it in again.",
                rule="CLI-005",
            )
        if not changes:
            raise RuleBroken("Nothing in this file is new. Nothing was imported.", rule="CLI-005")
        touched: dict[str, Dossier] = {}
        for answer in changes:
            if answer.place not in touched:
                point = TimePoint.objects.in_study(row.study_id).get(pk=answer.place)
                touched[answer.place] = dossiers.open_version(point, reason=locked.reason)
            dossiers.enter(
                touched[answer.place],
                answer.item.code,
                answer.entered,
                actor=actor,
                kept=dossiers.Kept(source=answer.source, batch=locked),
            )
        received = [
            dossiers.receive(one, actor=actor)
            for one in touched.values()
            if not standing.missing_of(one)
        ]
        done = Imported(len(touched), len(received), len(changes))
        DOSSIER_IMPORT.move(
            locked,
            "take_over",
            actor=actor,
            changes={"imported_at": clock.now()},
            details={"dossiers": done.dossiers, "items": done.items, "received": done.received},
        )
        return done


def discard(row: DossierImport, *, actor: Actor, reason: str) -> DossierImport:
    """Discard a draft; the same file may then be read in again."""
    return DOSSIER_IMPORT.move(row, "discard", actor=actor, reason=reason)


def template(study: Study) -> list[list[str]]:
    """Return the sheet to fill in: one row for each value that requested dossiers wait for."""
    rows = [list(COLUMNS.values())]
    waiting = (
        Dossier.objects.in_study(study)
        .filter(state="requested")
        .select_related("subject", "time_point__definition", "definition", "study")
        .order_by("subject__code", "time_point__planned_date")
    )
    for dossier in waiting:
        for line in standing.lines_of(dossier):
            if line.item.kind == "document" or line.is_answered:
                continue
            rows += [
                [dossier.subject.code, dossier.time_point.label, code, number, "", unit, "",
                 line.item.source, ""]
                for code, number, unit in _cells(line.item)
            ]  # fmt: skip
    return rows


def _cells(item: Item) -> list[tuple[str, str, str]]:
    if item.kind == "table":
        return [(f"{item.code}.{column.code}", "1", "") for column in item.columns]
    return [(item.code, "", item.unit)]
