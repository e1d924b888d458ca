"""Files of the clinical CRO: read in as text, run dry as often as wanted, imported as a whole.

Nothing is written by a dry run, and nothing by an import of which one row is wrong. A sheet of up
to ``AT_ONCE`` rows is answered at once; for larger ones see ``clinical.services.importing``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from clinical.definition import Checked, Item
from clinical.definition.sheet import (
    COLUMNS,
    Answer,
    Known,
    Place,
    Result,
    dry_run,
    missing_columns,
)
from clinical.models import Dossier, DossierImport
from clinical.services import blinding, dossiers, entering, files, standing
from clinical.workflows import DOSSIER_IMPORT
from studies.models import Study, Subject, TimePoint

REASON_LENGTH = 200
#: the most rows that a page waits for: about a second of work
AT_ONCE = 500


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
    sheet_of = files.opened(content, name=name, sheet=sheet, rule="CLI-001")
    cells = sheet_of.cells
    missing = missing_columns(cells[0])
    if missing:
        raise RuleBroken(
            f"The sheet has no column {', '.join(f'“{one}”' for one in missing)}. Name the "
            "columns as in the template.",
            rule="CLI-003",
        )
    with transaction.atomic(), acting(actor.acting_as("dossier.enter")):
        Study.objects.select_for_update().get(pk=study.pk)
        same = DossierImport.objects.in_study(study).filter(
            sha256=sheet_of.sha256, sheet=sheet_of.name
        )
        held: DossierImport | None = same.exclude(state="discarded").first()
        if held is not None:
            return held
        made = DossierImport(
            study=study,
            sha256=sheet_of.sha256,
            file_name=sheet_of.file_name,
            sheet=sheet_of.name,
            reason=reason.strip()[:REASON_LENGTH],
            cells=cells,
        )
        made.save()
        record("dossierimport.read_in", made, details={"rows": made.rows})
        return made


def try_out(row: DossierImport) -> Result:
    """Run an import dry: what becomes of each row."""
    return judged(row, known_now(row.study), Words(row.study))


def judged(row: DossierImport, known: Known, words: Words) -> Result:
    """Judge each row of an import by what the study holds."""
    return dry_run(row.cells, known, telling=words.sentences)


def by_place(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    """Return answers by their time point."""
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.place, []).append(answer)
    return found


class Words:
    """The known words of each subject, found once: those of the study are the same for all."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._shared: blinding.Known | None = None
        self._subjects: dict[str, Subject] = {}
        self._known: dict[object, blinding.Known] = {}

    def of(self, place: str) -> blinding.Known:
        """Return the words of the subject of a time point."""
        if self._shared is None:
            self._shared = blinding.words_of_study(self._study)
            rows = TimePoint.objects.in_study(self._study).select_related("subject")
            self._subjects = {str(row.pk): row.subject for row in rows}
        subject = self._subjects[place]
        if subject.pk not in self._known:
            self._known[subject.pk] = (*blinding.words_of_subject(subject), *self._shared)
        return self._known[subject.pk]

    def sentences(self, place: str, item: Item, texts: Iterable[str]) -> list[str]:
        """Say which words of an answer could unblind."""
        given = [text for text in texts if text]
        return blinding.sentences(item, given, self.of(place)) if given else []


def known_now(study: Study) -> Known:
    """Return what a study holds now, as the rows of a file are judged by it."""
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
            holds=held_by(dossier) if dossier is not None else {},
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


def held_by(dossier: Dossier) -> dict[str, Checked]:
    """Return the answers of a dossier by their code."""
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
        Study.objects.select_for_update(no_key=True).get(pk=row.study_id)
        locked = locked_draft(row)
        words = Words(locked.study)
        result = judged(locked, known_now(locked.study), words)
        if why := why_not(len(result.problems), len(result.changes)):
            raise RuleBroken(why, rule="CLI-005")
        places = by_place(result.changes)
        points = points_of(locked.study_id, places)
        received = sum(
            write(
                locked,
                dossiers.open_version(points[place], reason=locked.reason),
                answers,
                actor=actor,
                known=words.of(place),
            )
            for place, answers in places.items()
        )
        done = Imported(len(places), received, len(result.changes))
        DOSSIER_IMPORT.move(
            locked,
            "take_over",
            actor=actor,
            changes={"imported_at": clock.now()},
            details={"dossiers": done.dossiers, "items": done.items, "received": done.received},
        )
        return done


def locked_draft(row: DossierImport) -> DossierImport:
    """Return a draft as it is now, locked until the end of the transaction.

    Raises:
        Conflict: CLI-004 the file was imported or discarded already; CLI-006 it is being imported.
    """
    rows = DossierImport.objects.in_study(row.study_id).select_for_update(of=("self",))
    locked: DossierImport = rows.select_related("study").get(pk=row.pk)
    if locked.state == "importing":
        raise Conflict("This file is being imported already.", rule="CLI-006")
    if locked.state != "draft":
        raise Conflict("This file was imported or discarded already.", rule="CLI-004")
    return locked


def why_not(wrong: int, changes: int) -> str:
    """Say why nothing of a file with so many problems and changes can be imported, or nothing."""
    if wrong:
        return (
            f"{wrong:,} {'row has' if wrong == 1 else 'rows have'} a problem. Nothing was "
            "imported: correct the file and read it in again."
        )
    return "" if changes else "Nothing in this file is new. Nothing was imported."


def points_of(study: object, places: Iterable[str]) -> dict[str, TimePoint]:
    """Return time points by their key."""
    found = TimePoint.objects.in_study(study).in_bulk(list(places))
    return {str(pk): point for pk, point in found.items()}


def write(
    row: DossierImport,
    dossier: Dossier,
    answers: Iterable[Answer],
    *,
    actor: Actor,
    known: blinding.Known,
    work: str = "",
) -> int:
    """Write what a file says to a dossier that is asked for; return 1 when it is received then."""
    entries = [
        entering.Entry(one.item.code, one.entered, entering.Kept(source=one.source, batch=row))
        for one in answers
    ]
    entering.enter_all(dossier, entries, actor=actor, known=known, work=work)
    return _received(dossier, actor)


def _received(dossier: Dossier, actor: Actor) -> int:
    """Receive a dossier that is complete; return how many were."""
    try:
        dossiers.receive(dossier, actor=actor)
    except RuleBroken as refused:
        if refused.rule != "CLD-001":
            raise
        return 0
    return 1


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
