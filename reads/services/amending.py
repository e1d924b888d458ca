"""A new charter version in the middle of a study: what it touches, and taking it over.

Signed reads keep every version they were made with. New reads carry the new ones by themselves.
What stands between, open reads, is listed and moved only by an explicit, reasoned act.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from audit.actors import Actor, acting
from audit.errors import Conflict, ReasonRequired, Refused, RuleBroken
from audit.models import Event, record
from reads.design import design_from, versions_of
from reads.design.session_forms import form_key
from reads.models import ReaderStream, ReadTask
from reads.services.drawing import draw_readers
from reads.services.planning import READER_ROLES, add_stream, plan_reads
from reads.services.qualifying import effective_design, is_qualified
from reads.visibility import OPEN
from studies.models import Configuration, Study, Subject
from studies.services.configuration import effective

#: acts of taking over, and how many of them a page shows
ACTS = ("readtask.amend", "subject.add_reader")
MOST_ACTS = 200
#: open reads that nobody has begun: only these can take over a new version
NOT_BEGUN = ("planned", "assigned", "accepted")


@dataclass(frozen=True, slots=True)
class Impact:
    """What a charter version would meet in the study as it stands.

    Attributes:
        signed: signed reads; they keep their versions.
        to_move: open reads of an earlier version that nobody has begun.
        begun: open reads of an earlier version with answers; they end as they began.
        unqualified: readers who read now and are not qualified for this version.
        short: subjects with fewer readers than the version asks for.
    """

    signed: int
    to_move: tuple[ReadTask, ...]
    begun: tuple[ReadTask, ...]
    unqualified: tuple[User, ...]
    short: tuple[Subject, ...]


def impact(configuration: Configuration) -> Impact:
    """Return what a version of the charter meets, before or after it becomes effective."""
    study = configuration.study_id
    tasks = ReadTask.objects.in_study(study).select_related("stream__reader", "stream__subject")
    older = tasks.filter(state__in=OPEN).exclude(design=configuration)
    readers = {task.stream.reader for task in tasks.exclude(stream__purpose="training")}
    return Impact(
        signed=tasks.filter(state="signed").count(),
        to_move=tuple(older.filter(state__in=NOT_BEGUN, sessions=None)),
        begun=tuple(older.exclude(sessions=None)),
        unqualified=tuple(
            sorted(
                (one for one in readers if not is_qualified(one.pk, configuration)),
                key=lambda one: one.printed_name,
            )
        ),
        short=tuple(_short(configuration)),
    )


def _short(configuration: Configuration) -> list[Subject]:
    wanted = design_from(configuration.document).readers
    rows = ReaderStream.objects.in_study(configuration.study_id).filter(
        purpose="efficacy", closed_reason=""
    )
    held: dict[Subject, int] = {}
    for stream in rows.select_related("subject__study_site__site", "subject__study"):
        held[stream.subject] = held.get(stream.subject, 0) + 1
    return sorted(
        (subject for subject, number in held.items() if number < wanted), key=lambda s: s.code
    )


def take_over(task: ReadTask, *, actor: Actor, reason: str) -> ReadTask:
    """Pin an open read that nobody has begun to the versions that hold now.

    Raises:
        ReasonRequired: no reason.
        Conflict: AM-001 the read was begun or has ended meanwhile.
        RuleBroken: AM-002 the reader is not qualified for the version that holds.
    """
    actor.require("read.manage")
    if not reason.strip():
        raise ReasonRequired("Say why the read takes over the new version.", rule="readtask.amend")
    with transaction.atomic(), acting(actor.acting_as("read.manage"), reason):
        row: ReadTask = ReadTask.objects.in_study(task.study_id).select_for_update().get(pk=task.pk)
        if row.state not in NOT_BEGUN or row.sessions.exists():
            raise Conflict("This read was begun; it ends with its own version.", rule="AM-001")
        configuration, design = effective_design(row.study_id)
        if not is_qualified(row.stream.reader_id, configuration):
            raise RuleBroken(
                f"{row.stream.reader.printed_name} is not qualified for {configuration}.",
                rule="AM-002",
            )
        before = row.design
        row.design = configuration
        row.form = effective(row.study_id, Configuration.Kind.FORM, form_key(row.kind, design))
        row.blinding = effective(row.study_id, Configuration.Kind.BLINDING, design.blinding)
        row.criteria = versions_of(design)
        row.save()
        record(
            "readtask.amend",
            row,
            reason=reason,
            details={"from": str(before), "to": str(configuration)},
        )
    return row


def acts(study: Study) -> list[Event]:
    """Return what was taken over or added in a study, newest first."""
    rows = Event.objects.filter(study_id=study.pk, kind__in=ACTS)
    return list(rows.order_by("-id")[:MOST_ACTS])


def take_over_all(tasks: Sequence[ReadTask], *, actor: Actor, reason: str) -> tuple[int, list[str]]:
    """Pin many reads; return how many moved, and why others stayed."""
    moved, stayed = 0, []
    for task in tasks:
        try:
            take_over(task, actor=actor, reason=reason)
            moved += 1
        except ReasonRequired:
            raise
        except Refused as refused:
            stayed.append(f"{task.stream.label}: {refused.message}")
    return moved, stayed


def complete_team(subject: Subject, *, actor: Actor, reason: str) -> ReaderStream | None:
    """Give a subject the reader that the new version adds; the new one reads from baseline.

    Returns None when the subject has its readers already.

    Raises:
        ReasonRequired: no reason.
        RuleBroken: RD-001 nobody can be drawn; says which rule leaves too few.
    """
    actor.require("read.manage")
    if not reason.strip():
        raise ReasonRequired("Say why the subject gets another reader.", rule="readerstream.add")
    with transaction.atomic(), acting(actor.acting_as("read.manage"), reason):
        Subject.objects.in_study(subject.study_id).select_for_update().get(pk=subject.pk)
        configuration, design = effective_design(subject.study_id)
        streams = list(subject.streams.filter(purpose="efficacy", closed_reason=""))
        free = [role for role in READER_ROLES if role not in {s.role for s in streams}]
        if len(streams) >= design.readers or not free:
            return None
        seed = streams[0].order_seed if streams else subject.pk.hex[:16]
        ((reader,),) = draw_readers(
            [subject], configuration, design, seed=f"{seed}+", per_subject=1
        ).values()
        made = add_stream(subject, reader, free[0], f"{seed}+")
        record("subject.add_reader", subject, reason=reason, details={"role": free[0]})
        plan_reads(subject, actor=actor)
        return made


def complete_teams(study: Study, *, actor: Actor, reason: str) -> tuple[int, list[str]]:
    """Give every subject that is short its readers; return how many, and why others stay short."""
    configuration, _ = effective_design(study)
    made, stayed = 0, []
    for subject in _short(configuration):
        try:
            made += complete_team(subject, actor=actor, reason=reason) is not None
        except ReasonRequired:
            raise
        except Refused as refused:
            stayed.append(f"{subject.code}: {refused.message}")
    return made, stayed
