"""Reader management by hand: assign, hold, resume, replace, qualify; and readers' codes."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from accounts.permissions import Role
from audit.actors import Actor, acting, service
from audit.errors import ReasonRequired, RuleBroken
from audit.models import record
from reads.models import (
    AdjudicationCase,
    ReaderStream,
    ReadSession,
    ReadTask,
)
from reads.services.planning import add_stream, open_streams, plan_reads
from reads.services.qualifying import is_qualified
from reads.workflows import READ_SESSION, READ_TASK
from studies.models import Configuration, Membership, Study, Subject

_REPLACEABLE = ("planned", "assigned", "accepted", "in_progress", "on_hold")
REASON_LENGTH = 200


def readers_of(study: Study) -> list[User]:
    """Return everybody who ever held the reader's role in a study, in the order of their codes."""
    held = Membership.objects.filter(study=study, role=Role.CENTRAL_READER)
    ordered = held.select_related("user").order_by("created_at", "pk")
    return list({membership.user_id: membership.user for membership in ordered}.values())


def reader_codes(study: Study) -> dict[object, str]:
    """Return user id -> code (R-01, …): how readers are called outside reviewer operations."""
    return {user.pk: f"R-{number:02d}" for number, user in enumerate(readers_of(study), start=1)}


def assign(subject: Subject, readers: Sequence[User], *, actor: Actor) -> list[ReadTask]:
    """Give a subject its readers by hand and make the reads that are possible now.

    Raises:
        RuleBroken: RD-001 too few readers; RD-002 one is not qualified; RD-014 the subject has
            readers already.
    """
    actor.require("read.manage")
    if subject.streams.filter(purpose="efficacy", closed_reason="").exists():
        raise RuleBroken(
            "This subject has its readers already. Replace one of them instead.", rule="RD-014"
        )
    with transaction.atomic():
        open_streams(subject, actor=actor, readers=readers)
        return plan_reads(subject, actor=actor)


def hold(task: ReadTask, *, actor: Actor, reason: str) -> ReadTask:
    """Stop a read; what the reader typed is kept."""
    return READ_TASK.move(task, "hold", actor=actor, reason=reason)


def resume(task: ReadTask, *, actor: Actor, reason: str) -> ReadTask:
    """Let a read go on."""
    return READ_TASK.move(task, "resume", actor=actor, reason=reason)


def replace_reader(
    stream: ReaderStream, reader: User, *, actor: Actor, reason: str
) -> ReaderStream:
    """Give a subject another reader in one role; the new one reads from baseline.

    One reader reads all time points of a subject in a role, so the reads that are still open go
    with the stream. What was signed in the old stream stays and counts no more for what is open.

    Raises:
        RuleBroken: RD-002 the new reader is not qualified; RD-015 reads or adjudicates the subject
            already.
        ReasonRequired: no reason.
    """
    actor.require("read.manage")
    if not reason.strip():
        raise ReasonRequired("Say why the reader is replaced.", rule="readerstream.replace")
    with transaction.atomic(), acting(actor.acting_as("read.manage"), reason):
        subject = Subject.objects.in_study(stream.study_id).select_for_update().get(
            pk=stream.subject_id
        )  # fmt: skip
        _require_free(subject, reader)
        tasks = list(stream.tasks.filter(state__in=_REPLACEABLE).select_for_update())
        design = stream.tasks.order_by("-sequence").values_list("design_id", flat=True).first()
        configuration = Configuration.objects.in_study(stream.study_id).filter(pk=design).first()
        if configuration is not None and not is_qualified(reader.pk, configuration):
            raise RuleBroken(f"{reader.printed_name} is not qualified.", rule="RD-002")
        for task in tasks:
            _void_open_session(task, reason)
            READ_TASK.move(task, "reassign", actor=actor, reason=reason)
        stream.closed_reason = reason[:REASON_LENGTH]
        stream.save()
        made = add_stream(subject, reader, stream.role, stream.order_seed)
        record("subject.replace_reader", subject, reason=reason, details={"role": stream.role})
        plan_reads(subject, actor=actor)
        return made


def _require_free(subject: Subject, reader: User) -> None:
    reads = subject.streams.filter(reader=reader).exists()
    cases = AdjudicationCase.objects.in_study(subject.study_id).filter(subject=subject)
    if reads or cases.filter(adjudicator=reader).exists():
        raise RuleBroken(
            f"{reader.printed_name} reads, read or adjudicates this subject already.",
            rule="RD-015",
        )


def _void_open_session(task: ReadTask, reason: str) -> None:
    for session in ReadSession.objects.in_study(task.study_id).filter(task=task, state="open"):
        READ_SESSION.move(session, "void", actor=service("Read desk"), reason=reason)
