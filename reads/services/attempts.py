"""Attempts at training cases: giving them to readers, marking what is signed, the result."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import Role
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import RuleBroken
from audit.models import record
from imaging.models import ReadPackage
from reads.design import versions_of
from reads.models import (
    Onboarding,
    ReaderStream,
    ReadSession,
    ReadTask,
    TrainingAttempt,
    TrainingCase,
)
from reads.services import planning
from reads.services.clocks import plan_for
from reads.services.qualifying import effective_design
from reads.services.training import DESK, answers_of, cases_for, training_study_of
from reads.staffing.scoring import Mark, key_from, score
from reads.visibility import BEFORE_READY
from reads.workflows import READ_TASK, TRAINING_ATTEMPT
from studies.models import Configuration, Membership, Study, TimePoint
from studies.services.configuration import effective
from studies.services.people import grant_role

PERCENT = 100


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
