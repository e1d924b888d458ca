"""Work on reads: those to do and to decide, late ones, questions of sites and of readers."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count

from audit import clock
from audit.actors import Actor
from projects.addresses import address
from projects.work.items import FEW, WorkItem, source
from reads.models import (
    AdjudicationCase,
    ConfirmationRequest,
    DossierChange,
    ReaderQuestion,
    ReadTask,
)
from reads.visibility import OPEN, cases_of_adjudicator, inbox
from studies.models import Study
from ui.figures import counted


@source("read.inbox")
def reads_to_do(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """The reader's blinded reads."""
    for task in inbox(actor):
        yield WorkItem(
            what=f"Read {task.stream.label}, time point {task.sequence}",
            study=study.code,
            about=task.get_state_display(),
            kind="Read",
            url=address("read-page", study.code, task.pk),
            icon="eye",
            tone="read",
            due=task.due_at,
        )


@source("adjudication.inbox")
def cases_to_decide(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """The adjudicator's cases."""
    for case in cases_of_adjudicator(actor).filter(state__in=["pending", "claimed"]):
        yield WorkItem(
            what=f"{'Decide' if case.state == 'claimed' else 'Take'} case {case.label}",
            study=study.code,
            about="Two reads differ",
            kind="Adjudication",
            url=address("adjudication-case", study.code, case.pk),
            icon="gavel",
            tone="wait",
            due=case.due_at,
        )


@source("read.manage")
def late_reads(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Reads past their due instant and declined ones; readers by name for those who manage them."""
    rows = ReadTask.objects.visible_to(actor).select_related(
        "stream__reader", "time_point__subject"
    )
    for task in rows.filter(state__in=OPEN, due_at__lt=clock.now()):
        yield WorkItem(
            what=f"Ask {task.stream.reader} for a late read",
            study=study.code,
            about=f"{task.time_point or task.stream.subject}"
            f" · {task.stream.get_role_display().lower()}",
            kind="Read",
            url=address("read-progress", study.code),
            icon="eye",
            tone="stop",
            due=task.due_at,
            cause="Reader past due",
        )
    for task in rows.filter(state="declined"):
        yield WorkItem(
            what="Find another reader for a declined read",
            study=study.code,
            about=f"{task.time_point or task.stream.subject} · {task.decline_reason}",
            kind="Read",
            url=address("read-progress", study.code),
            icon="eye-plus",
            tone="wait",
        )
    loads = (
        rows.filter(state__in=OPEN)
        .values("stream__reader__printed_name")
        .annotate(n=Count("id"))
        .order_by("-n")
    )
    for load in loads[:3]:
        reader, number = load["stream__reader__printed_name"], counted(load["n"], "read")
        yield WorkItem(
            what=f"Follow {reader}: {number} open",
            study=study.code,
            about="Reader load against the plan's turnaround",
            kind="Reader",
            url=address("read-progress", study.code),
            icon="eye",
        )


@source("adjudication.progress")
def late_adjudications(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Cases nobody has taken, for those who see to it."""
    if not actor.may("read.manage"):
        return
    rows = AdjudicationCase.objects.visible_to(actor).filter(state="pending")
    for case in rows.select_related("time_point__subject"):
        yield WorkItem(
            what="Ask an adjudicator to take a case",
            study=study.code,
            about=f"{case.time_point or case.subject} · readers differ",
            kind="Adjudication",
            url=address("read-progress", study.code),
            icon="gavel",
            tone="wait",
            due=case.due_at,
            cause="Adjudication waits",
        )


@source("read.manage")
def questions_of_sites(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Sites that wait for a confirmation of progression; the hours run."""
    rows = ConfirmationRequest.objects.visible_to(actor).filter(state="asked")
    for asked in rows.select_related("time_point__subject"):
        is_late = asked.due_at < clock.now()
        yield WorkItem(
            what="Get a site its answer about progression",
            study=study.code,
            about=str(asked.time_point),
            kind="Read",
            url=address("site-answers", study.code),
            icon="send",
            tone="stop" if is_late else "wait",
            due=asked.due_at,
            cause="Site waits for an answer",
        )


@source("question.handle")
def questions_of_readers(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Readers' questions: their reads are on hold until the answer."""
    rows = ReaderQuestion.objects.visible_to(actor).filter(state__in=["asked", "relayed"])
    rows = rows.exclude(state="relayed", query__state__in=["open", "reopened"])
    for row in rows.select_related("task__stream__subject", "query").order_by("due_at")[:FEW]:
        what = "Answer a reader's question"
        if row.state == "relayed":
            what = "Tell the reader what the site said"
        elif row.answer:
            what = "Write an answer again that was sent back"
        yield WorkItem(
            what=what,
            study=study.code,
            about=f"{row.task.stream.subject.code} · {row.text[:60]}",
            kind="Question",
            url=address("question-page", study.code, row.pk),
            icon="message-2-question",
            tone="read",
            due=row.due_at,
            cause="A read waits for its answer",
        )


@source("question.release")
def answers_held(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Answers with words that could unblind, for somebody who did not write them."""
    rows = ReaderQuestion.objects.visible_to(actor).filter(state="held")
    rows = rows.exclude(written_by_id=actor.user_id).select_related("task__stream__subject")
    for row in rows.order_by("due_at")[:FEW]:
        yield WorkItem(
            what="Release or return an answer to a reader",
            study=study.code,
            about=f"{row.task.stream.subject.code} · "
            f"{counted(len(row.findings), 'word')} that could unblind",
            kind="Question",
            url=address("question-page", study.code, row.pk),
            icon="eye-off",
            tone="stop",
            due=row.due_at,
            cause="A read waits for its answer",
        )


@source("dossier.decide")
def revised_dossiers_to_decide(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Dossiers that changed after reads were signed with them, for science."""
    rows = DossierChange.objects.visible_to(actor).filter(state="open")
    for row in rows.select_related("time_point__subject").order_by("due_at", "pk"):
        count = len(row.affected)
        yield WorkItem(
            what=f"Decide on the revised dossier of {row.time_point}",
            study=study.code,
            about=f"{counted(count, 'signed read')} with the earlier version",
            kind="Dossier",
            url=address("dossier-change", study.code, row.pk),
            icon="refresh-alert",
            tone="wait",
            due=row.due_at,
            cause="Revised dossier undecided",
        )
