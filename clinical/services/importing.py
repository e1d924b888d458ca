"""Large files of the clinical CRO: judged and imported by background work that may be repeated.

A dry run is kept with every row. An import first judges the whole file; a row with a problem keeps
all of it out. Then it writes one dossier after the other, each in a transaction of its own whose
event names the work: what a killed run has written is found there and not written again. What can
no longer be written, because somebody else changed the dossier meanwhile, is left out and told row
by row; the file is a draft again then, so that nothing of it is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from audit import clock, jobs
from audit.actors import Actor, acting, service
from audit.errors import Conflict, Refused, RuleBroken
from audit.models import Event, Job
from clinical.definition import Checked
from clinical.definition.sheet import Answer, Known, Line, Result, columns_of
from clinical.models import Dossier, DossierImport, DossierImportRun
from clinical.services import dossiers, imports
from clinical.workflows import DOSSIER_IMPORT
from studies.actors import actor_for
from studies.models import Study, TimePoint

DESK = "Dossier desk"
CHECK = "clinical.check_import"
IMPORT = "clinical.import"
#: dossiers between two reports of progress
STEP = 10
ENDED_BADLY = (Job.State.FAILED, Job.State.QUARANTINED, Job.State.CANCELLED)


def is_large(row: DossierImport) -> bool:
    """Tell whether a file has more rows than a page waits for."""
    return row.rows > imports.AT_ONCE


def last_dry_run(row: DossierImport) -> DossierImportRun | None:
    """Return the newest dry run that was kept."""
    return row.runs.filter(is_dry=True).first()


def last_import(row: DossierImport) -> DossierImportRun | None:
    """Return what the newest import of the file wrote."""
    return row.runs.filter(is_dry=False).first()


def lines_of(run: DossierImportRun) -> list[Line]:
    """Return the rows that a run speaks of, with what it said of each."""
    cells = run.batch.cells
    where = columns_of(cells[0])

    def said(number: int, name: str) -> str:
        return cells[number - 1][where[name]] if name in where else ""

    return [
        Line(
            number,
            said(number, "subject"),
            said(number, "time_point"),
            said(number, "item"),
            said(number, "value"),
            problem,
            outcome,
        )
        for number, outcome, problem in run.lines
    ]


def job_of(row: DossierImport) -> Job | None:
    """Return the newest work on a file."""
    return next((job for job in jobs.of(row) if job.kind in (CHECK, IMPORT)), None)


def askers(row: DossierImport) -> list[User]:
    """Return who asked for the import that is done in the background, to be told of its end."""
    job = next((one for one in jobs.of(row) if one.kind == IMPORT), None)
    return list(User.objects.filter(pk=job.arguments["by"], is_active=True)) if job else []


def is_at_work(row: DossierImport) -> bool:
    """Tell whether a file is being judged or imported now."""
    job = job_of(row)
    return job is not None and not job.is_over


# --- what a person does: at once where the file is small ---


def read_in(
    study: Study, content: bytes, *, name: str, reason: str, actor: Actor, sheet: str = ""
) -> DossierImport:
    """Read a spreadsheet in as a draft; a large one is judged in the background.

    Raises:
        RuleBroken: see ``imports.read_in``.
    """
    with transaction.atomic():
        made = imports.read_in(study, content, name=name, reason=reason, actor=actor, sheet=sheet)
        if is_large(made) and made.state == "draft" and last_dry_run(made) is None:
            ask_dry_run(made, actor=actor)
        return made


def take_over(row: DossierImport, *, actor: Actor) -> imports.Imported | None:
    """Import every row, or nothing; a large file later, which returns nothing now.

    Raises:
        RuleBroken, Conflict: see ``imports.take_over`` and ``ask_import``.
    """
    if not is_large(row):
        return imports.take_over(row, actor=actor)
    ask_import(row, actor=actor)
    return None


# --- asking ---------------------------------------------------------------------------------------


def ask_dry_run(row: DossierImport, *, actor: Actor) -> Job:
    """Let a large draft be judged again; one that is being judged already is not judged twice.

    Raises:
        Conflict: CLI-004 it is no draft any more.
    """
    actor.require("dossier.enter")
    with transaction.atomic(), acting(actor.acting_as("dossier.enter")):
        return _enqueue(CHECK, imports.locked_draft(row), is_dry=True)


def ask_import(row: DossierImport, *, actor: Actor) -> Job:
    """Let a large file be imported; a run that was stopped goes on where it stopped.

    Raises:
        RuleBroken: CLI-005 the newest dry run found a problem, or nothing new; CLI-007 there is no
            dry run yet.
        Conflict: CLI-004 it was imported or discarded; CLI-006 it is being imported.
    """
    actor.require("dossier.enter")
    with transaction.atomic(), acting(actor.acting_as("dossier.enter")):
        rows = DossierImport.objects.in_study(row.study_id).select_for_update(of=("self",))
        locked: DossierImport = rows.select_related("study").get(pk=row.pk)
        if locked.state == "importing" and not is_at_work(locked):
            return _enqueue(IMPORT, locked, is_dry=False, by=str(actor.user_id))
        locked = imports.locked_draft(row)
        found = last_dry_run(locked)
        if found is None or is_at_work(locked):
            raise RuleBroken("The dry run of this file is not finished yet.", rule="CLI-007")
        if why := imports.why_not(found.problems, found.changes):
            raise RuleBroken(why, rule="CLI-005")
        DOSSIER_IMPORT.move(locked, "begin", actor=actor)
        return _enqueue(IMPORT, locked, is_dry=False, by=str(actor.user_id))


def _enqueue(kind: str, row: DossierImport, *, is_dry: bool, **more: Any) -> Job:
    turn = row.runs.filter(is_dry=is_dry).count() + 1
    job = jobs.enqueue(
        kind, key=f"{kind}:{row.pk}:{turn}", row=row, total=row.rows, of=str(row.pk), **more
    )
    if job.state in ENDED_BADLY:
        jobs.retry(job)
    return job


# --- the work -------------------------------------------------------------------------------------


def check(job: Job, of: str) -> None:
    """Judge every row of a draft and keep what was found."""
    row = _found(job, of)
    if row.state != "draft" or row.runs.filter(work=job.key).exists():
        return
    result = imports.try_out(row)
    DossierImportRun.objects.get_or_create(
        work=job.key,
        defaults={
            "study_id": row.study_id,
            "batch": row,
            "is_dry": True,
            "changes": len(result.changes),
            "dossiers": len(imports.by_place(result.changes)),
            "problems": len(result.problems),
            "lines": [[one.number, one.outcome, one.problem] for one in result.lines],
        },
    )


def _found(job: Job, of: str) -> DossierImport:
    rows = DossierImport.objects.in_study(job.study_id).select_related("study")
    row: DossierImport = rows.get(pk=of)
    return row


def carry_out(job: Job, of: str, by: str) -> None:
    """Import a file for the person who asked for it, as far as it was not imported before."""
    row = _found(job, of)
    if row.state != "importing" or row.runs.filter(work=job.key).exists():
        return
    progress = jobs.Progress(job)
    progress.at(0, "judging the rows")
    done = _Done()
    person = User.objects.filter(pk=by, is_active=True).first()
    actor = actor_for(person, row.study) if person is not None else None
    if actor is None or not actor.may("dossier.enter"):
        _leave(row, job, done, "Whoever asked for the import may not enter items here any more.")
        return
    known, words = imports.known_now(row.study), imports.Words(row.study)
    result = imports.judged(row, known, words)
    rows = _Rows(known, result)
    written = _written_before(job)
    problems = [one for one in result.problems if rows.place_of(one) not in written]
    done.left_out = {one.number: one.problem for one in problems}
    if problems and not written:
        _leave(row, job, done, imports.why_not(len(problems), len(result.changes)))
        return
    for items, received in written.values():
        done.count(items, received)
    to_write = imports.by_place(one for one in result.changes if one.place not in written)
    progress.total(done.items + sum(map(len, to_write.values())))
    points = imports.points_of(row.study_id, to_write)
    for number, (place, answers) in enumerate(to_write.items()):
        if number % STEP == 0:
            progress.at(done.items, f"{done.dossiers:,} dossiers written")
        try:
            items, received = _write(
                row, points[place], answers, job=job, actor=actor, words=words,
                holds=rows.holds.get(place, {}),
            )  # fmt: skip
        except Refused as refused:
            done.left_out |= dict.fromkeys(rows.of(place, answers), refused.message)
        else:
            done.count(items, received)
    _end(row, job, done, actor=actor)


@dataclass(slots=True)
class _Done:
    """What an import has written, and the rows that it left out with the reason."""

    items: int = 0
    dossiers: int = 0
    received: int = 0
    left_out: dict[int, str] = field(default_factory=dict)

    def count(self, items: int, received: int) -> None:
        """Count one dossier."""
        self.items += items
        self.dossiers += 1
        self.received += received


class _Rows:
    """Which rows of a sheet speak of which time point and item, and what was held there."""

    def __init__(self, known: Known, result: Result) -> None:
        self._places = {names: place.key for names, place in known.places.items()}
        self.holds = {place.key: place.holds for place in known.places.values()}
        self._numbers: dict[tuple[str, str], list[int]] = {}
        for line in result.lines:
            code = line.item.strip().casefold().partition(".")[0]
            self._numbers.setdefault((self.place_of(line), code), []).append(line.number)

    def place_of(self, line: Line) -> str:
        """Return the time point of a row, "" when there is none."""
        return self._places.get((line.subject.casefold(), line.time_point.casefold()), "")

    def of(self, place: str, answers: Iterable[Answer]) -> list[int]:
        """Return the rows of some answers of a time point."""
        return [n for one in answers for n in self._numbers.get((place, one.item.code), [])]


def _events(job: Job) -> QuerySet[Event]:
    found = Event.objects.filter(kind="dossier.enter", object_kind=Dossier._meta.label_lower)
    return found.filter(study_id=job.study_id, details__work=job.key)


def _written_before(job: Job) -> dict[str, tuple[int, int]]:
    """Return the time points that a killed run of this work has written: items, and received."""
    items = {one.object_id: len(one.details["item"].split(", ")) for one in _events(job)}
    rows = Dossier.objects.in_study(job.study_id).filter(pk__in=items)
    return {
        str(row.time_point_id): (items[str(row.pk)], int(row.received_at is not None))
        for row in rows
    }


def _write(
    row: DossierImport,
    point: TimePoint,
    answers: Sequence[Answer],
    *,
    job: Job,
    actor: Actor,
    words: imports.Words,
    holds: Mapping[str, Checked],
) -> tuple[int, int]:
    """Write one dossier, unless somebody changed what it holds since the rows were judged.

    Returns:
        How many items were written, and 1 when the dossier is received.

    Raises:
        Conflict: CLI-008 it holds something else by now.
        Refused: whatever the dossier itself refuses.
    """
    with transaction.atomic(), acting(actor.acting_as("dossier.enter")):
        dossier = dossiers.open_version(point, reason=row.reason)
        now = imports.held_by(dossier)
        if now and _events(job).filter(object_id=str(dossier.pk)).exists():
            # A worker that was thought lost wrote it meanwhile.
            return len(answers), int(dossier.received_at is not None)
        if any(now.get(one.item.code) != holds.get(one.item.code) for one in answers):
            raise Conflict(
                "Somebody changed this item while the file was being imported.", rule="CLI-008"
            )
        received = imports.write(
            row, dossier, answers, actor=actor, known=words.of(str(point.pk)), work=job.key
        )
        return len(answers), received


def _end(row: DossierImport, job: Job, done: _Done, *, actor: Actor) -> None:
    """Close the import; with rows left out the file is a draft again."""
    left = len(done.left_out)
    if left:
        what = "row was" if left == 1 else "rows were"
        _leave(row, job, done, f"{left:,} {what} left out.")
        return
    with transaction.atomic():
        DOSSIER_IMPORT.move(
            row,
            "take_over",
            actor=actor,
            changes={"imported_at": clock.now()},
            details={"dossiers": done.dossiers, "items": done.items, "received": done.received},
        )
        _keep(row, job, done)


def _leave(row: DossierImport, job: Job, done: _Done, why: str) -> None:
    """Make the file a draft again, keep what was written and left out, and judge it anew."""
    desk = service(DESK, study_id=row.study_id)
    with transaction.atomic(), acting(desk):
        DOSSIER_IMPORT.move(
            row,
            "leave",
            actor=desk,
            reason=why,
            details={"dossiers": done.dossiers, "items": done.items, "received": done.received},
        )
        _keep(row, job, done)
        _enqueue(CHECK, row, is_dry=True)


def _keep(row: DossierImport, job: Job, done: _Done) -> None:
    DossierImportRun.objects.create(
        study_id=row.study_id,
        batch=row,
        work=job.key,
        is_dry=False,
        changes=done.items,
        dossiers=done.dossiers,
        received=done.received,
        problems=len(done.left_out),
        lines=[[number, "", why] for number, why in sorted(done.left_out.items())],
    )
