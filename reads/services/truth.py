"""The standard of truth of a diagnostic study: recorded and signed apart from every reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from reads.design import ReadDesign
from reads.design.accuracy import Accuracy, Compared, Unit, accuracy, compared, values_of
from reads.models import ReadSession, TruthRecord
from reads.services.qualifying import effective_design
from reads.workflows import TRUTH
from studies.models import Configuration, Study, TimePoint
from studies.services import forms
from studies.services.configuration import effective
from studies.services.forms import form_of


@dataclass(frozen=True, slots=True)
class Row:
    """A visit with its standard of truth, as far as there is one."""

    time_point: TimePoint
    record: TruthRecord | None


@dataclass(frozen=True, slots=True)
class Reached:
    """What one reader reached in one item."""

    reader: str
    item: Compared
    found: Accuracy


def design_with_truth(study: Study) -> ReadDesign:
    """Return the design that holds, when it has a standard of truth.

    Raises:
        RuleBroken: TR-001 there is no design, or it has none.
    """
    _, design = effective_design(study)
    if not design.truth:
        raise RuleBroken("The charter of this study has no standard of truth.", rule="TR-001")
    return design


def listed(study: Study) -> list[Row]:
    """Return the visits that are read, with their truth; subjects in order."""
    points = TimePoint.objects.in_study(study).exclude(state__in=("expected", "not_done"))
    records = {
        one.time_point_id: one
        for one in TruthRecord.objects.in_study(study)
        .exclude(state="voided")
        .select_related("form_record__form")
    }
    rows = points.select_related("subject", "definition", "study")
    ordered = sorted(rows, key=lambda one: (one.subject.code, str(one.order_date or "")))
    return [Row(one, records.get(one.pk)) for one in ordered]


def open_record(time_point: TimePoint, *, actor: Actor) -> TruthRecord:
    """Return the record of a visit; begin it where there is none.

    Raises:
        NotPermitted: the actor may not record the truth.
        RuleBroken: TR-001 the design has none; CFG-002 its form does not hold.
    """
    actor.require("truth.record")
    design = design_with_truth(time_point.study)
    with transaction.atomic(), acting(actor.acting_as("truth.record")):
        TimePoint.objects.in_study(time_point.study_id).select_for_update().get(pk=time_point.pk)
        rows = TruthRecord.objects.in_study(time_point.study_id).exclude(state="voided")
        found: TruthRecord | None = rows.filter(time_point=time_point).first()
        if found is not None:
            return found
        form = effective(time_point.study_id, Configuration.Kind.FORM, design.truth)
        made = TruthRecord(
            study_id=time_point.study_id,
            subject=time_point.subject,
            time_point=time_point,
            form_record=forms.start(form, actor=actor),
        )
        made.save()
        return made


def save(
    record: TruthRecord, answers: Mapping[str, Any], *, seen_version: int, actor: Actor
) -> TruthRecord:
    """Keep answers as typed.

    Raises:
        Conflict: TR-002 it is signed, or somebody else saved it meanwhile.
    """
    actor.require("truth.record")
    if record.state != "open":
        raise Conflict("This standard of truth is signed and cannot change.", rule="TR-002")
    record.form_record = forms.save_answers(
        record.form_record, answers, seen_version=seen_version, actor=actor
    )
    return record


def sign(record: TruthRecord, *, actor: Actor, assent: Assent) -> TruthRecord:
    """Sign a complete record.

    Raises:
        RuleBroken: FRM-004 something is missing or wrong.
    """
    actor.require("truth.record")
    evaluation = forms.evaluated(record.form_record, final=True)
    with transaction.atomic(), acting(actor.acting_as("truth.record")):
        record.form_record = forms.complete(record.form_record, evaluation, actor=actor)
        signed = TRUTH.move(
            record, "sign", actor=actor, assent=assent, changes={"signed_at": clock.now()}
        )
        forms.lock(record.form_record, actor=actor)
    return signed


def reached(study: Study) -> list[Reached]:
    """Return sensitivity and specificity of every reader against the signed truth.

    Readers are named R1, R2 … in the order of their names, so that a printed page blames nobody.

    Raises:
        RuleBroken: TR-001 the design has no standard of truth.
    """
    design = design_with_truth(study)
    signed = {
        one.time_point_id: one
        for one in TruthRecord.objects.in_study(study)
        .filter(state="signed")
        .select_related("form_record__form")
    }
    sessions = (
        ReadSession.objects.in_study(study)
        .filter(
            state__in=("signed", "final"),
            task__time_point__in=list(signed),
            task__stream__purpose="efficacy",
        )
        .select_related("form_record__form", "task__stream__reader", "task__time_point__subject")
    )
    by_reader: dict[str, list[ReadSession]] = {}
    for one in sessions:
        by_reader.setdefault(one.task.stream.reader.printed_name, []).append(one)
    form = effective(study, Configuration.Kind.FORM, design.form)
    truth_form = effective(study, Configuration.Kind.FORM, design.truth)
    items = compared(form_of(form), form_of(truth_form))
    return [
        Reached(f"R{number}", item, accuracy(_units(by_reader[name], signed, item)))
        for item in items
        for number, name in enumerate(sorted(by_reader), start=1)
    ]


def _units(
    sessions: list[ReadSession], signed: Mapping[Any, TruthRecord], item: Compared
) -> list[Unit]:
    found = []
    for session in sessions:
        point = session.task.time_point
        if point is None:
            continue
        known = forms.evaluated(signed[point.pk].form_record).record()
        said = values_of(forms.evaluated(session.form_record).record(), item)
        found += [
            Unit(point.subject.code, f"{point.pk} {name}", value, said.get(name, ""))
            for name, value in values_of(known, item).items()
        ]
    return found
