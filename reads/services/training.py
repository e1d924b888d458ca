"""Training cases: the study that holds them, and the key that a scientist signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.models import record
from reads.criteria import registry
from reads.design import ReadDesign, design_from
from reads.design.document import TIME_POINT_VARIABLES
from reads.models import (
    ReaderQualification,
    ReaderStream,
    ReadSession,
    TrainingCase,
    TrainingStudy,
)
from reads.services import planning, reading
from reads.services.qualifying import effective_design
from reads.staffing.scoring import KeyItem, key_problems
from reads.workflows import TRAINING_CASE
from studies.forms.definition import Kind
from studies.models import Configuration, Membership, Study, Subject
from studies.services import forms
from studies.services.configuration import effective

DESK = "Reader training"
PERCENT = 100


# --- the study that holds the cases ---------------------------------------------------------------


def training_study_of(study: Study | Any) -> Study | None:
    """Return the study that holds the training cases of a study."""
    rows = TrainingStudy.objects.in_study(study).filter(ended_on=None)
    found = rows.select_related("held_in").first()
    return found.held_in if found else None


def trained_for(study: Study | Any) -> Study | None:
    """Return the study whose readers are trained in a study; None where it trains nobody."""
    rows = TrainingStudy._base_manager.filter(held_in=getattr(study, "pk", study), ended_on=None)
    found = rows.select_related("study").first()
    return found.study if found else None


def trains_for(study: Study | Any) -> Study | None:
    """Return the study that a training study was made for, also after its training has ended."""
    rows = TrainingStudy._base_manager.filter(held_in=getattr(study, "pk", study))
    found = rows.select_related("study").first()
    return found.study if found else None


@dataclass(frozen=True, slots=True)
class Match:
    """One controlled document of a study, and whether its training study holds the same."""

    label: str
    is_same: bool


def matches(study: Study, training: Study) -> list[Match]:
    """Compare what readers work with: charter, form and blinding, by digest."""
    configuration, design = effective_design(study)
    wanted = (
        ("Charter", configuration, None),
        ("Form", effective(study, Configuration.Kind.FORM, design.form), design.form),
        ("Blinding", effective(study, Configuration.Kind.BLINDING, design.blinding), None),
    )
    return [_match(training, label, one, key) for label, one, key in wanted]


def _match(training: Study, label: str, wanted: Configuration, key: str | None) -> Match:
    try:
        held = effective(training, wanted.kind, key or wanted.key)
    except RuleBroken:
        return Match(f"{label}: {wanted} is missing", is_same=False)
    return Match(f"{label}: {wanted}", is_same=held.digest == wanted.digest)


def name_training_study(study: Study, code: str, *, actor: Actor) -> TrainingStudy:
    """Name the study in which readers of this one read their training cases.

    Raises:
        RuleBroken: TR-001 there is no such study, or it is this one; TR-002 it is not read with
            the same charter, form and blinding; TR-003 it is read for its endpoints, or trains the
            readers of another study; TR-010 this study has its training study.
        NotPermitted: the actor has no role there.
    """
    actor.require("reader.manage")
    training = Study.objects.filter(code=code.strip()).exclude(pk=study.pk).first()
    if training is None:
        raise RuleBroken(f"There is no other study “{code.strip()}”.", rule="TR-001")
    held = Membership.objects.filter(
        user=actor.user_id, study=training, period__contains=clock.now()
    )
    if not actor.system and not held.exists():
        raise NotPermitted(f"You have no role in study {training.code}.", rule="TR-001")
    differing = [one.label for one in matches(study, training) if not one.is_same]
    if differing:
        raise RuleBroken(
            f"{training.code} does not hold the same documents: {'; '.join(differing)}.",
            rule="TR-002",
        )
    live = ReaderStream.objects.in_study(training).exclude(purpose="training").exists()
    if live or ReaderQualification.objects.in_study(training).exists():
        raise RuleBroken(f"{training.code} is read for its own endpoints.", rule="TR-003")
    try:
        with transaction.atomic(), acting(actor.acting_as("reader.manage")):
            made = TrainingStudy(study=study, held_in=training)
            made.save()
            record("training.name_study", made, details={"study": training.code})
    except IntegrityError as error:
        raise RuleBroken(
            f"{study.code} has its training study, or {training.code} trains others.",
            rule="TR-010",
        ) from error
    return made


# --- the key --------------------------------------------------------------------------------------


def add_case(subject: Subject, title: str, *, actor: Actor) -> TrainingCase:
    """Make a subject of a training study a training case; its key is written next.

    Raises:
        RuleBroken: TR-004 the study trains nobody, or the case has no title; TR-005 the subject is
            a case of this charter version already.
    """
    actor.require("training.key")
    if trained_for(subject.study_id) is None or not title.strip():
        raise RuleBroken("Enter a title; cases are made in a training study.", rule="TR-004")
    configuration, _ = effective_design(subject.study_id)
    try:
        with transaction.atomic(), acting(actor.acting_as("training.key")):
            made = TrainingCase(
                study_id=subject.study_id, subject=subject, title=title.strip(),
                design=configuration,
            )  # fmt: skip
            made.save()
            record("training.add_case", made)
    except IntegrityError as error:
        raise RuleBroken(f"{subject} is a training case already.", rule="TR-005") from error
    return made


def keep_key(case: TrainingCase, number: int, key: Sequence[KeyItem], *, actor: Actor) -> None:
    """Keep what is expected at one time point of a case; the history keeps what stood before.

    Raises:
        RuleBroken: TR-006 the key has problems; all are named.
        Conflict: TR-007 the key is approved.
    """
    actor.require("training.key")
    problems = key_problems(key)
    if problems:
        raise RuleBroken(" ".join(problems), rule="TR-006")
    with transaction.atomic(), acting(actor.acting_as("training.key")):
        row = TrainingCase.objects.in_study(case.study_id).select_for_update().get(pk=case.pk)
        if row.state != "draft":
            raise Conflict("An approved key is not changed. Withdraw the case.", rule="TR-007")
        row.key = {**row.key, str(number): [_stored(item) for item in key]}
        row.save()
        record("training.keep_key", row, details={"time_point": number, "items": len(key)})
    case.refresh_from_db()


def _stored(item: KeyItem) -> dict[str, str]:
    names = ("place", "label", "value", "tolerance", "clause", "why")
    return {name: getattr(item, name) for name in names}


def approve_case(case: TrainingCase, *, actor: Actor, assent: Assent) -> TrainingCase:
    """Sign the key; from here the case is given to readers.

    Raises:
        RuleBroken: TR-008 a time point of the case has no key.
    """
    numbers = range(1, len(planning.time_points_to_read(case.subject)) + 1)
    empty = [str(number) for number in numbers if not case.key.get(str(number))]
    if empty or not numbers:
        raise RuleBroken(
            f"Write the key of time point {', '.join(empty) or '1'} first.", rule="TR-008"
        )
    return TRAINING_CASE.move(case, "approve", actor=actor, assent=assent)


def withdraw_case(case: TrainingCase, *, actor: Actor, reason: str) -> TrainingCase:
    """Take a case out; what readers did with it stays."""
    return TRAINING_CASE.move(case, "withdraw", actor=actor, reason=reason)


@dataclass(frozen=True, slots=True)
class Place:
    """An item that a key can ask for; ``choices`` are the answers it can have, where it has few."""

    place: str
    label: str
    choices: tuple[str, ...] = ()


def key_places(case: TrainingCase) -> list[Place]:
    """Return what a key can ask for: items, numbers of rows, responses; free text has no key."""
    design = design_from(case.design.document)
    form = forms.form_of(effective(case.study_id, Configuration.Kind.FORM, design.form))
    titles = {section.key: section.title for section in form.sections}
    found = []
    for path, item in form.items.items():
        if item.group or item.kind in {Kind.TEXT, Kind.LONG_TEXT}:
            continue
        title = titles.get(path.partition(".")[0], "")
        label = item.label if item.label.startswith(title) else f"{title}: {item.label}"
        if item.kind is Kind.GROUP:
            found.append(Place(f"{path}#", f"{label}: number of rows"))
        elif item.kind is Kind.BOOLEAN:
            found.append(Place(path, label, ("yes", "no")))
        else:
            found.append(Place(path, label, tuple(choice.code for choice in item.choices)))
    return [*found, *_responses(design)]


def _responses(design: ReadDesign) -> Iterator[Place]:
    for criterion in design.criteria:
        title = registry.get(criterion).title
        for variable in TIME_POINT_VARIABLES:
            yield Place(f"{criterion}:{variable}", f"{title}: {variable.replace('_', ' ')}")


def answers_of(session: ReadSession) -> dict[str, str]:
    """Return a session's answers by the places of a key, as text."""
    seen = reading.look(session, final=True)
    found = {
        place: text
        for place, answer in seen.evaluation.answers.items()
        if (text := _text(answer.value))
    }
    found |= {f"{group}#": str(len(rows)) for group, rows in seen.evaluation.rows.items()}
    for assessment in session.assessments.all():
        for variable in TIME_POINT_VARIABLES:
            value = assessment.entered.get(variable) or assessment.derived.get(variable)
            if value:
                found[f"{assessment.criterion}:{variable}"] = str(value)
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def references(case: TrainingCase) -> list[ReadSession]:
    """Return signed reads of a case's subject, from which a key can be taken."""
    rows = ReadSession.objects.in_study(case.study_id).filter(
        task__stream__subject=case.subject, state__in=reading.SIGNED
    )
    return list(rows.select_related("task__stream__reader").order_by("task__sequence", "signed_at"))


def cases_for(study: Study | Any) -> list[TrainingCase]:
    """Return the approved cases that hold for the charter version in effect of a study."""
    training = training_study_of(study)
    if training is None:
        return []
    configuration, _ = effective_design(study)
    rows = TrainingCase.objects.in_study(training).filter(
        state="approved", design__digest=configuration.digest
    )
    return list(rows.select_related("subject", "design"))
