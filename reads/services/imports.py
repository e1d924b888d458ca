"""Taking over readings from spreadsheets: read in, say what columns mean, dry run, sign.

Nothing of an import counts as a read of the platform: imported readings are rows of their own,
marked for ever, and no service changes or replaces one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from reads.criteria import registry
from reads.criteria.errors import CriteriaError
from reads.imported.checking import (
    FIELDS,
    Checked,
    Known,
    dry_run,
    mapping_problems,
    suggested,
)
from reads.models import ImportedReading, ReadingImport
from reads.workflows import READING_IMPORT
from studies.cells import SheetRefused, sheets_of
from studies.models import Study, Subject, TimePoint

NAME_LENGTH = 120
ORIGIN_LENGTH = 200


def read_in(
    study: Study, content: bytes, *, name: str, origin: str, actor: Actor, sheet: str = ""
) -> ReadingImport:
    """Read a spreadsheet in as a draft. The same file twice is the same import.

    Args:
        sheet: name of the sheet; without it the first one that holds a table.

    Raises:
        RuleBroken: IM-001 the file cannot be read; IM-002 nothing says where the readings are from.
    """
    actor.require("readings.import")
    if not origin.strip():
        raise RuleBroken("Say where these readings come from.", rule="IM-002")
    try:
        sheets = sheets_of(content)
    except SheetRefused as refused:
        raise RuleBroken(str(refused), rule="IM-001") from refused
    chosen = sheet if sheet in sheets else next(iter(sheets))
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic(), acting(actor.acting_as("readings.import")):
        Study.objects.select_for_update().get(pk=study.pk)
        held = (
            ReadingImport.objects.in_study(study)
            .filter(sha256=digest, sheet=chosen)
            .exclude(state="discarded")
            .first()
        )
        if held is not None:
            return held
        cells = sheets[chosen]
        made = ReadingImport(
            study=study,
            sha256=digest,
            file_name=name.replace("\\", "/").rpartition("/")[2][:NAME_LENGTH],
            sheet=chosen,
            origin=origin.strip()[:ORIGIN_LENGTH],
            cells=cells,
            mapping=suggested(cells[0]),
        )
        made.save()
        record("readingimport.read_in", made, details={"rows": len(cells) - 1})
        return made


def sheet_names(content: bytes) -> list[str]:
    """Return the names of the sheets that hold a table."""
    return list(sheets_of(content))


def map_columns(
    row: ReadingImport, mapping: Mapping[str, int], criterion: str, *, actor: Actor
) -> ReadingImport:
    """Say what the columns mean, and by which criterion the readings were made.

    Raises:
        RuleBroken: IM-003 a column is missing, or used twice; the criterion is unknown.
        Conflict: IM-004 the file was imported already.
    """
    actor.require("readings.import")
    known = {name: index for name, index in mapping.items() if name in FIELDS}
    problems = mapping_problems(known, len(row.cells[0]))
    if problems:
        raise RuleBroken(" ".join(problems), rule="IM-003")
    try:
        registry.get(criterion)
    except (KeyError, CriteriaError):
        raise RuleBroken("Choose the criterion of these readings.", rule="IM-003") from None
    with transaction.atomic(), acting(actor.acting_as("readings.import")):
        locked = _locked_draft(row)
        if locked.mapping != known or locked.criterion != criterion:
            locked.mapping, locked.criterion = known, criterion
            locked.save()
            record("readingimport.map", locked)
        return locked


def _locked_draft(row: ReadingImport) -> ReadingImport:
    locked: ReadingImport = (
        ReadingImport.objects.in_study(row.study_id).select_for_update().get(pk=row.pk)
    )
    if locked.state != "draft":
        raise Conflict("This file was imported or discarded already.", rule="IM-004")
    return locked


def is_mapped(row: ReadingImport) -> bool:
    """Tell whether the columns have their meaning, so that a dry run is possible."""
    return bool(row.criterion) and not mapping_problems(row.mapping, len(row.cells[0]))


def try_out(row: ReadingImport) -> Checked:
    """Run the import dry: readings, and every problem with its row and column."""
    return dry_run(row.cells, row.mapping, criterion=row.criterion, known=_known(row))


def _known(row: ReadingImport) -> Known:
    subjects = Subject.objects.in_study(row.study_id).values_list("code", flat=True)
    points = TimePoint.objects.in_study(row.study_id).values_list(
        "subject__code", "label", "definition__code", "pk"
    )
    named: dict[tuple[str, str], str] = {}
    for code, label, short, pk in points:
        for name in (label, short):
            if name:
                named[(code.lower(), name.lower())] = str(pk)
    before = ImportedReading.objects.filter(study_id=row.study_id)
    return Known(
        subjects=frozenset(code.lower() for code in subjects),
        time_points=named,
        imported=frozenset(
            (str(point), reader.lower(), criterion)
            for point, reader, criterion in before.values_list(
                "time_point_id", "reader", "criterion"
            )
        ),
        today=clock.today(row.study.time_zone),
    )


def take_over(row: ReadingImport, *, actor: Actor, assent: Assent) -> ReadingImport:
    """Import every row, by signature, in one transaction.

    Raises:
        RuleBroken: IM-005 a row has a problem, or there is no row: nothing is imported.
        Conflict: IM-004 the file was imported already.
    """
    actor.require("readings.import")
    with transaction.atomic(), acting(actor.acting_as("readings.import")):
        # One import at a time: two files with the same reading cannot both pass the check.
        Study.objects.select_for_update().get(pk=row.study_id)
        locked = _locked_draft(row)
        if not is_mapped(locked):
            raise RuleBroken("Say what the columns mean first.", rule="IM-005")
        checked = try_out(locked)
        if checked.problems or not checked.readings:
            raise RuleBroken(
                f"{len(checked.problems)} problems are left. Nothing was imported: correct the "
                "file and read it in again.",
                rule="IM-005",
            )
        done = READING_IMPORT.move(
            locked,
            "take_over",
            actor=actor,
            assent=assent,
            changes={"imported_at": clock.now()},
            details={"readings": len(checked.readings)},
        )
        ImportedReading.objects.bulk_create(_rows(done, checked))
        return done


def _rows(row: ReadingImport, checked: Checked) -> list[ImportedReading]:
    subjects = {
        str(pk): subject
        for pk, subject in TimePoint.objects.in_study(row.study_id).values_list("pk", "subject_id")
    }
    return [
        ImportedReading(
            study_id=row.study_id,
            batch=row,
            row_number=one.row,
            subject_id=subjects[one.time_point],
            time_point_id=one.time_point,
            reader=one.reader,
            criterion=row.criterion,
            read_on=one.read_on,
            values=dict(one.values),
        )
        for one in checked.readings
    ]


def discard(row: ReadingImport, *, actor: Actor, reason: str) -> ReadingImport:
    """Discard a draft; the same file may then be read in again."""
    return READING_IMPORT.move(row, "discard", actor=actor, reason=reason)


def readings_of(study: Study, time_point: TimePoint | None = None) -> Any:
    """Return imported readings with what their pages name."""
    rows = ImportedReading.objects.filter(study_id=study.pk)
    if time_point is not None:
        rows = rows.filter(time_point=time_point)
    return rows.select_related("batch", "subject", "time_point").order_by(
        "subject__code", "time_point__assessment_date", "reader", "pk"
    )
