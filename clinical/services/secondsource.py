"""The extract of a second source: read in, columns mapped, compared dry as often as wanted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Max

from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from clinical.definition import Checked, Item
from clinical.definition.comparing import (
    MODALITIES,
    SCAN_DATE,
    SCANNED,
    SUBJECT_STATE,
    Compared,
    compare,
    facts,
    mapping_problems,
    meanings,
    modalities,
    said_by,
    suggested,
)
from clinical.definition.sheet import Known, Place, judged
from clinical.models import Dossier, DossierItem, Reconciliation
from clinical.services import files, standing
from clinical.workflows import RECONCILIATION
from imaging.models import SeriesTimePoint
from studies.models import Study, Subject, TimePoint

RIGHT = "reconciliation.manage"
SOURCE_LENGTH = 80


def fact_items() -> dict[str, Item]:
    """Return the facts of images that can be compared, by code."""
    return facts([(str(value), str(label)) for value, label in Subject._meta.get_field(
        "state").choices or ()])  # fmt: skip


def items_of(study: Study) -> dict[str, Item]:
    """Return everything that can be compared in a study: dossier items and facts of images."""
    holds = standing.effective(study)
    asked = {item.code: item for item in holds[1].items} if holds else {}
    return {**fact_items(), **asked}


def meanings_of(study: Study) -> dict[str, str]:
    """Return everything that a column can mean in a study, with its words."""
    return meanings(items_of(study))


def read_in(
    study: Study,
    content: bytes,
    *,
    name: str,
    source: str,
    extracted_on: date | None,
    actor: Actor,
    sheet: str = "",
) -> Reconciliation:
    """Read an extract in as a draft. The same file twice is the same reconciliation.

    Raises:
        RuleBroken: RCN-001 the file cannot be read; RCN-002 the second source has no name, or the
            extract lies in the future.
    """
    actor.require(RIGHT)
    if not source.strip():
        raise RuleBroken("Name the second source, such as “EDC”.", rule="RCN-002")
    if extracted_on is not None and extracted_on > clock.today(study.time_zone):
        raise RuleBroken("The extract cannot be of a day to come.", rule="RCN-002")
    found = files.opened(content, name=name, sheet=sheet, rule="RCN-001")
    with transaction.atomic(), acting(actor.acting_as(RIGHT)):
        Study.objects.select_for_update().get(pk=study.pk)
        rows = Reconciliation.objects.in_study(study)
        same = rows.filter(sha256=found.sha256, sheet=found.name).exclude(state="discarded")
        held: Reconciliation | None = same.first()
        if held is not None:
            return held
        made = Reconciliation(
            study=study,
            number=(rows.aggregate(last=Max("number"))["last"] or 0) + 1,
            source=" ".join(source.split())[:SOURCE_LENGTH],
            extracted_on=extracted_on,
            sha256=found.sha256,
            file_name=found.file_name,
            sheet=found.name,
            cells=found.cells,
            mapping=suggested(found.cells[0], items_of(study)),
        )
        made.save()
        record("reconciliation.read_in", made, details={"rows": len(found.cells) - 1})
        return made


def map_columns(row: Reconciliation, mapping: Mapping[str, str], *, actor: Actor) -> Reconciliation:
    """Say what the columns mean.

    Raises:
        RuleBroken: RCN-003 something is missing, or meant twice; all is named.
        Conflict: RCN-004 it was compared or discarded already.
    """
    actor.require(RIGHT)
    known = meanings_of(row.study)
    chosen = {index: name for index, name in mapping.items() if name in known}
    problems = mapping_problems(chosen, len(row.cells[0]))
    if problems:
        raise RuleBroken(" ".join(problems), rule="RCN-003", details=problems)
    with transaction.atomic(), acting(actor.acting_as(RIGHT)):
        locked = locked_draft(row)
        if locked.mapping != chosen:
            locked.mapping = chosen
            locked.save()
            record("reconciliation.map", locked)
        return locked


def locked_draft(row: Reconciliation) -> Reconciliation:
    """Return a draft as it is now, locked until the end of the transaction.

    Raises:
        Conflict: RCN-004 it was compared or discarded already.
    """
    rows = Reconciliation.objects.in_study(row.study_id).select_for_update(of=("self",))
    locked: Reconciliation = rows.select_related("study").get(pk=row.pk)
    if locked.state != "draft":
        raise Conflict("This extract was compared or discarded already.", rule="RCN-004")
    return locked


def faults_of(row: Reconciliation) -> list[str]:
    """Return what is wrong with what the columns mean; empty when it can be compared."""
    known = meanings_of(row.study)
    chosen = {index: name for index, name in row.mapping.items() if name in known}
    return mapping_problems(chosen, len(row.cells[0]))


def try_out(row: Reconciliation) -> Compared:
    """Compare without writing: every row, and every difference that would be listed."""
    items = items_of(row.study)
    known, names = _known(row.study)
    said = list(said_by(row.cells, row.mapping, items))
    result = judged(said, known, telling=lambda *_: [])
    return compare(said, result, known, names, row.mapping)


def discard(row: Reconciliation, *, actor: Actor, reason: str) -> Reconciliation:
    """Discard a draft; the same file may then be read in again."""
    return RECONCILIATION.move(row, "discard", actor=actor, reason=reason)


# --- what we hold ---------------------------------------------------------------------------------


def _known(study: Study) -> tuple[Known, dict[str, str]]:
    """Return what is held at every place of a study, and the places in words."""
    points = TimePoint.objects.in_study(study).select_related("subject", "definition")
    of_images, holds = fact_items(), standing.effective(study)
    of_point = tuple(item for code, item in of_images.items() if code != SUBJECT_STATE)
    values, scanned = _values(study), _modalities(study)
    places: dict[tuple[str, str], Place] = {}
    names: dict[str, str] = {}
    for point in points:
        asked = holds[1].at(standing.moment_of(point)) if holds else ()
        key = str(point.pk)
        held = _image_facts(point, scanned.get(point.pk, set()))
        held |= values.get(point.pk, {})
        place = Place(key, (*of_point, *asked), holds=held)
        names[key] = f"{point.subject.code} · {point.label}"
        for name in {point.label, point.definition.code if point.definition else point.label}:
            places[(point.subject.code.casefold(), name.casefold())] = place
    subjects = list(Subject.objects.in_study(study))
    for subject in subjects:
        key, state = str(subject.pk), Checked(subject.state)
        place = Place(key, (of_images[SUBJECT_STATE],), holds={SUBJECT_STATE: state})
        places[(subject.code.casefold(), "")] = place
        names[key] = subject.code
    known = Known(
        subjects=frozenset(subject.code.casefold() for subject in subjects),
        places=places,
        today=clock.today(study.time_zone),
        of_subjects=frozenset({SUBJECT_STATE}),
    )
    return known, names


def _image_facts(point: TimePoint, names: set[str]) -> dict[str, Checked]:
    day = point.assessment_date
    done = "no" if point.state == "not_done" else "yes" if day or names else ""
    said = {
        SCAN_DATE: day.isoformat() if day else "",
        SCANNED: done,
        MODALITIES: modalities(names),
    }
    return {code: Checked(value) for code, value in said.items() if value}


def _values(study: Study) -> dict[Any, dict[str, Checked]]:
    """Return time point -> item -> value: of the dossier that is under way, else that holds."""
    rows = Dossier.objects.in_study(study).exclude(state__in=("superseded", "cancelled"))
    newest = dict(rows.order_by("version").values_list("time_point_id", "pk"))
    point_of = {pk: point for point, pk in newest.items()}
    found: dict[Any, dict[str, Checked]] = {}
    items = DossierItem.objects.in_study(study).filter(dossier__in=list(point_of))
    for item in items.filter(missing_reason=""):
        kept = Checked(item.value, item.unit, item.observed_on, tuple(item.rows))
        found.setdefault(point_of[item.dossier_id], {})[item.code] = kept
    return found


def _modalities(study: Study) -> dict[Any, set[str]]:
    links = SeriesTimePoint.objects.in_study(study).filter(role="assessment", withdrawn_reason="")
    found: dict[Any, set[str]] = {}
    for point, modality in links.values_list("time_point_id", "series__modality"):
        found.setdefault(point, set()).add(modality)
    return found
