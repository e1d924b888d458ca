"""Who reads what: streams by recorded chance, tasks with pinned versions, due by the plan."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.models import record
from imaging.models import ReadPackage
from reads.design import versions_of
from reads.models import ReaderStream, ReadTask
from reads.services.clocks import plan_for
from reads.services.dossiers import missing, pin
from reads.services.drawing import draw_readers, named_readers
from reads.services.preliminary import waits_for_analysis
from reads.services.qualifying import effective_design, trains_readers
from reads.services.stopping import (
    is_in_sample,
    is_stopped,
    waits_for_enrolment,
    why_reading_stopped,
)
from reads.visibility import BEFORE_READY, OVER
from reads.workflows import READ_SESSION, READ_TASK
from studies.models import Configuration, Subject, TimePoint
from studies.services.configuration import effective

UNSIGNED = ("planned", "assigned", "accepted", "in_progress", "on_hold")
READER_ROLES = (ReaderStream.Role.READER_1, ReaderStream.Role.READER_2)


def open_streams(
    subject: Subject, *, actor: Actor, readers: Sequence[User] = ()
) -> list[ReaderStream]:
    """Give a subject its readers, once; the seed and the order are stored (FDA 2018, III.C).

    Args:
        readers: named readers; without them the least loaded qualified ones are drawn.

    Raises:
        RuleBroken: RD-001 too few qualified readers; RD-002 somebody named is not qualified.
    """
    actor.require("read.manage")
    with transaction.atomic(), acting(actor.acting_as("read.manage")):
        Subject.objects.in_study(subject.study_id).select_for_update().get(pk=subject.pk)
        existing = list(subject.streams.filter(purpose="efficacy", closed_reason=""))
        if existing:
            return existing
        configuration, design = effective_design(subject.study_id)
        seed = secrets.token_hex(8)
        if readers:
            order = named_readers(subject, readers, configuration, design, seed)
        else:
            order = draw_readers([subject], configuration, design, seed=seed)[subject.pk]
        streams = [
            add_stream(subject, reader, role, seed)
            for role, reader in zip(READER_ROLES, order, strict=False)
        ]
        record("subject.assign_readers", subject, details={"seed": seed})
        return streams


def label_of(seed: str, reader: User, subject: Subject, turn: int = 0) -> str:
    """Return the label under which a reader knows a subject; it tells nothing of the subject.

    Args:
        turn: 1, 2 … where the label before belongs to another subject of the reader.
    """
    text = f"{seed}|{reader.pk}|{subject.pk}" + (f"|{turn}" if turn else "")
    return "C-" + hashlib.sha256(text.encode()).hexdigest()[:6].upper()


def add_stream(
    subject: Subject, reader: User, role: str, seed: str, purpose: str = "efficacy"
) -> ReaderStream:
    """Open the course of one reader through a subject, with a label of its own."""
    others = ReaderStream.objects.in_study(subject.study_id).filter(reader=reader)
    latest = others.aggregate(n=Max("order_index"))["n"]
    stream = ReaderStream(
        study_id=subject.study_id,
        subject=subject,
        reader=reader,
        role=role,
        purpose=purpose,
        label=label_of(seed, reader, subject),
        order_index=0 if latest is None else latest + 1,
        order_seed=seed,
    )
    stream.save()
    return stream


def time_points_to_read(subject: Subject) -> list[TimePoint]:
    """Return the subject's time points that the charter reads, by assessment date."""
    rows = subject.time_points.exclude(state="not_done").select_related("definition")
    read = [t for t in rows if t.definition is None or t.definition.read_required]
    return sorted(read, key=lambda t: (t.order_date is None, t.order_date, str(t.pk)))


def plan_reads(subject: Subject, *, actor: Actor) -> list[ReadTask]:
    """Make and assign the tasks of every time point that can be read now; safe to repeat.

    A time point waits while an earlier one has not got so far: its images could still change what
    a reader should have seen first.
    """
    made: list[ReadTask] = []
    if trains_readers(subject.study_id):
        return made
    _, design = effective_design(subject.study_id)
    if not is_in_sample(subject, design) or waits_for_enrolment(subject, design):
        return made
    if why_reading_stopped(subject, design):
        cancel_unsigned(subject, why_reading_stopped(subject, design), actor=actor)
        return made
    with transaction.atomic():
        streams = [s for s in open_streams(subject, actor=actor) if not is_stopped(s, design)]
        for sequence, time_point in enumerate(time_points_to_read(subject), start=1):
            if time_point.state in BEFORE_READY or waits_for_analysis(time_point, design):
                break
            if missing(time_point, design, ReadTask.Kind.TIME_POINT):
                break
            package = time_point.packages.filter(state="released").first()
            if package is not None:
                made += [
                    task
                    for stream in streams
                    if (task := _task(stream, time_point, package, sequence, actor)) is not None
                ]
    return made


def _task(
    stream: ReaderStream, time_point: TimePoint, package: ReadPackage, sequence: int, actor: Actor
) -> ReadTask | None:
    if stream.tasks.filter(time_point=time_point).exclude(state__in=OVER).exists():
        return None
    _, design = effective_design(stream.study_id)
    return make_task(
        stream,
        ReadTask.Kind.TIME_POINT,
        form=design.form,
        clock_name="read",
        sequence=sequence,
        actor=actor,
        time_point=time_point,
        package=package,
    )


def make_task(
    stream: ReaderStream,
    kind: str,
    *,
    form: str,
    clock_name: str,
    sequence: int,
    actor: Actor,
    time_point: TimePoint | None = None,
    package: ReadPackage | None = None,
) -> ReadTask:
    """Make a task with every version that holds now, and give it to the stream's reader.

    Args:
        form: key of the form. clock_name: the turnaround that it runs by.

    Raises:
        RuleBroken: no version of the form or of the blinding profile is effective.
    """
    configuration, design = effective_design(stream.study_id)
    due = plan_for(stream.study_id, configuration).due(clock_name, clock.now())
    study = stream.study_id
    with acting(actor):
        task = ReadTask(
            study_id=study,
            stream=stream,
            time_point=time_point,
            kind=kind,
            design=configuration,
            form=effective(study, Configuration.Kind.FORM, form),
            blinding=effective(study, Configuration.Kind.BLINDING, design.blinding),
            package=package,
            criteria=versions_of(design),
            sequence=sequence,
            due_at=due.at,
            due_by=due.by,
        )
        pin(task)
        task.save()
    return READ_TASK.move(task, "assign", actor=actor)


def cancel_unsigned(
    subject: Subject,
    reason: str,
    *,
    actor: Actor,
    kind: str = "",
    stream: ReaderStream | None = None,
) -> int:
    """Cancel the reads of a subject that nobody signed; open sessions are voided. Safe to repeat.

    Args:
        kind: only tasks of this kind; without it those of every time point.
        stream: only tasks of this stream.
    """
    tasks = ReadTask.objects.in_study(subject.study_id).filter(
        stream__subject=subject, state__in=UNSIGNED, kind=kind or ReadTask.Kind.TIME_POINT
    )
    if stream is not None:
        tasks = tasks.filter(stream=stream)
    with transaction.atomic(), acting(actor, reason):
        cancelled = 0
        for task in tasks.select_for_update(of=("self",)):
            for session in task.sessions.filter(state="open"):
                READ_SESSION.move(session, "void", actor=actor, reason=reason)
            READ_TASK.move(task, "cancel", actor=actor, reason=reason)
            cancelled += 1
    return cancelled
