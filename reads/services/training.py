"""Training cases: the study that holds them, the key, giving them to readers, scoring, results."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.permissions import Role
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.models import record
from imaging.models import ReadPackage
from reads.criteria import registry
from reads.design import ReadDesign, design_from, versions_of
from reads.design.document import TIME_POINT_VARIABLES
from reads.models import (
    Onboarding,
    ReaderQualification,
    ReaderStream,
    ReadSession,
    ReadTask,
    TrainingAttempt,
    TrainingCase,
    TrainingStudy,
)
from reads.services import planning, reading
from reads.services.clocks import plan_for
from reads.services.qualifying import effective_design
from reads.staffing.scoring import KeyItem, Mark, key_from, key_problems, score
from reads.visibility import BEFORE_READY
from reads.workflows import READ_TASK, TRAINING_ATTEMPT, TRAINING_CASE
from studies.forms.definition import Kind
from studies.models import Configuration, Membership, Study, Subject, TimePoint
from studies.services import forms
from studies.services.configuration import effective
from studies.services.people import grant_role

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


# --- giving and scoring ---------------------------------------------------------------------------


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


def give_cases(onboarding: Onboarding) -> list[TrainingAttempt]:
    """Give a reader every training case once in this round; safe to repeat.

    The reader gets the role of a reader in the training study where it is lacking.
    """
    cases = cases_for(onboarding.study_id)
    if not cases:
        return []
    training, reader = cases[0].study, onboarding.reader.user
    desk = service(DESK, study_id=training.pk)
    with transaction.atomic(), acting(desk):
        Onboarding.objects.in_study(onboarding.study_id).select_for_update().get(pk=onboarding.pk)
        _admit(reader, training, desk)
        present = _attempts(training, reader, onboarding.stage_since)
        taken = set(present.exclude(state="ended").values_list("case_id", flat=True))
        return [_give(case, reader, desk) for case in cases if case.pk not in taken]


def _admit(reader: User, training: Study, desk: Actor) -> None:
    held = Membership.objects.filter(
        user=reader, study=training, role=Role.CENTRAL_READER, period__contains=clock.now()
    )
    if not held.exists():
        grant_role(reader, Role.CENTRAL_READER, study=training, actor=desk)


def _attempts(training: Study, reader: User, since: datetime) -> Any:
    rows = TrainingAttempt.objects.in_study(training)
    return rows.filter(reader=reader, given_at__gte=since)


def give_again(case: TrainingCase, reader: User, *, actor: Actor, reason: str) -> TrainingAttempt:
    """Give a case once more; the attempts before are kept.

    Raises:
        NotPermitted: the actor does not manage readers.
        RuleBroken: TR-009 the reader has never had the case, or reads it now.
    """
    actor.require("reader.manage")
    rows = TrainingAttempt.objects.in_study(case.study_id).filter(case=case, reader=reader)
    if not rows.exists() or rows.filter(state="open").exists():
        raise RuleBroken(
            f"{reader.printed_name} has this case open, or never had it.", rule="TR-009"
        )
    desk = service(DESK, study_id=case.study_id)
    with transaction.atomic(), acting(actor.acting_as("reader.manage"), reason):
        made = _give(case, reader, desk)
        record("training.give_again", made, reason=reason, study_id=case.study_id)
    return made


def _give(case: TrainingCase, reader: User, desk: Actor) -> TrainingAttempt:
    rows = TrainingAttempt.objects.in_study(case.study_id).filter(case=case, reader=reader)
    before = list(rows.select_related("stream"))
    for attempt in before:
        if attempt.state == "open":
            TRAINING_ATTEMPT.move(attempt, "end", actor=desk, reason="a new round began")
        if not attempt.stream.closed_reason:
            _close(attempt.stream, f"attempt {attempt.number} is over", desk)
    stream = planning.add_stream(
        case.subject, reader, ReaderStream.Role.READER_1, secrets.token_hex(8), "training"
    )
    made = TrainingAttempt(
        study_id=case.study_id, case=case, reader=reader, stream=stream, number=len(before) + 1
    )
    made.save()
    record("training.give", made)
    for sequence, time_point in enumerate(planning.time_points_to_read(case.subject), start=1):
        package = time_point.packages.filter(state="released").first()
        if time_point.state in BEFORE_READY or package is None:
            raise RuleBroken(f"{time_point} of {case} has no released images.", rule="TR-011")
        _task(stream, time_point, package, sequence, desk)
    return made


def _close(stream: ReaderStream, why: str, desk: Actor) -> None:
    for task in stream.tasks.filter(state__in=("assigned", "accepted", "in_progress", "on_hold")):
        READ_TASK.move(task, "cancel", actor=desk, reason=why)
    stream.closed_reason = why
    stream.save()


def _task(
    stream: ReaderStream, point: TimePoint, package: ReadPackage, sequence: int, desk: Actor
) -> None:
    study = stream.study_id
    configuration, design = effective_design(study)
    due = plan_for(study, configuration).due("read", clock.now())
    task = ReadTask(
        study_id=study,
        stream=stream,
        time_point=point,
        design=configuration,
        form=effective(study, Configuration.Kind.FORM, design.form),
        blinding=effective(study, Configuration.Kind.BLINDING, design.blinding),
        package=package,
        criteria=versions_of(design),
        sequence=sequence,
        due_at=due.at,
        due_by=due.by,
    )
    task.save()
    READ_TASK.move(task, "assign", actor=desk)


def score_session(session: ReadSession, *, actor: Actor) -> TrainingAttempt | None:
    """Mark a signed training read by the key; the last time point scores the attempt.

    Safe to repeat. Returns None where the read belongs to no open attempt.
    """
    with transaction.atomic(), acting(actor):
        rows = TrainingAttempt.objects.in_study(session.study_id).select_for_update(of=("self",))
        attempt: TrainingAttempt | None = (
            rows.filter(stream=session.task.stream_id, state="open").select_related("case").first()
        )
        if attempt is None:
            return None
        number = str(session.task.sequence)
        marks = score(key_from(attempt.case.key.get(number, ())), answers_of(session))
        attempt.marks = {**attempt.marks, number: [mark.stored() for mark in marks]}
        every = [mark for held in attempt.marks.values() for mark in held]
        attempt.right, attempt.total = sum(m["is_right"] for m in every), len(every)
        if set(attempt.case.key) <= set(attempt.marks):
            TRAINING_ATTEMPT.move(
                attempt, "score", actor=actor,
                changes={name: getattr(attempt, name) for name in ("marks", "right", "total")},
            )  # fmt: skip
        else:
            attempt.save()
    return attempt


def marks_of(attempt: TrainingAttempt) -> list[tuple[int, list[Mark]]]:
    """Return the marks by time point: only those of signed time points exist."""
    return [
        (int(number), [Mark(**mark) for mark in held])
        for number, held in sorted(attempt.marks.items(), key=lambda pair: int(pair[0]))
    ]


# --- the result -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """How a reader stands in the round of training cases that holds now."""

    asked: int
    given: int
    scored: int
    right: int
    total: int
    mark_percent: int

    @property
    def percent(self) -> float:
        """Share of the points reached."""
        return PERCENT * self.right / self.total if self.total else 0.0

    @property
    def is_passed(self) -> bool:
        """Whether every case asked for is scored, and the pass mark is reached."""
        enough = self.scored >= self.asked and self.total > 0
        return enough and self.right * PERCENT >= self.mark_percent * self.total


def result_of(onboarding: Onboarding) -> Result | None:
    """Return the result of the present round: the last attempt at each case counts.

    None where the study has no training study.
    """
    training = training_study_of(onboarding.study_id)
    if training is None:
        return None
    _, design = effective_design(onboarding.study_id)
    last: dict[Any, TrainingAttempt] = {}
    for attempt in round_of(onboarding):
        last[attempt.case_id] = attempt
    scored = [one for one in last.values() if one.state == "scored"]
    return Result(
        asked=design.training.cases,
        given=len(last),
        scored=len(scored),
        right=sum(one.right for one in scored),
        total=sum(one.total for one in scored),
        mark_percent=design.training.pass_mark_percent,
    )


def round_of(onboarding: Onboarding) -> list[TrainingAttempt]:
    """Return a reader's attempts of the present round at cases of the charter version in effect."""
    training = training_study_of(onboarding.study_id)
    if training is None:
        return []
    cases = {case.pk for case in cases_for(onboarding.study_id)}
    rows = _attempts(training, onboarding.reader.user, onboarding.stage_since)
    rows = rows.filter(case__in=cases).exclude(state="ended").select_related("case", "stream")
    return list(rows.order_by("number"))


def results_by_reader(rows: Sequence[Onboarding]) -> Mapping[Any, Result | None]:
    """Return the results of many readers by the id of their onboarding."""
    return {row.pk: result_of(row) for row in rows}
