"""A reader's question: asked blinded, relayed by image operations, answered in checked words.

The read waits from the question until its answer. The reader's page holds two texts: the reader's
own and the answer; never the query, the site, or who wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.models import Event, kind_of, record
from queries import services as queries
from reads.models import ReaderQuestion, ReaderStream, ReadTask
from reads.services.dossiers import Place, places
from reads.visibility import held_by
from reads.workflows import READ_TASK, READER_QUESTION
from studies.blindwords import Found, unblinding
from studies.models import Subject
from studies.services.configuration import plan_of

DESK = "Read desk"
HOLD_REASON = "a question of the reader waits for its answer"
OPEN = ("asked", "relayed", "held")
ASKABLE = ("assigned", "accepted", "in_progress")
LONGEST = 2000
WITHDRAWN_LENGTH = 200


def ask(
    task: ReadTask, text: str, *, actor: Actor, kind: str = ReaderQuestion.Kind.IMAGES
) -> ReaderQuestion:
    """Ask about a read; it is on hold until the answer.

    Args:
        kind: what it is about. Of the dossier it keeps the version that the read is pinned to.

    Raises:
        NotPermitted: QU-001 the read is not this reader's, or not open now.
        RuleBroken: QU-002 there is no text, or it is longer than 2,000 characters; QU-009 there is
            no such kind, or the read has no dossier.
        Conflict: QU-003 a question about this read is open already.
    """
    actor.require("read.perform")
    if not held_by(actor).filter(pk=task.pk).exclude(stream__purpose="training").exists():
        raise NotPermitted("This read is not open to you.", rule="QU-001")
    if not text.strip() or len(text) > LONGEST:
        raise RuleBroken(f"Write your question, in at most {LONGEST:,} characters.", rule="QU-002")
    about = dossier_asked_about(task) if kind == ReaderQuestion.Kind.DOSSIER else None
    if kind not in ReaderQuestion.Kind.values or (
        kind == ReaderQuestion.Kind.DOSSIER and about is None
    ):
        raise RuleBroken("Say what your question is about.", rule="QU-009")
    with transaction.atomic(), acting(actor.acting_as("read.perform")):
        locked = ReadTask.objects.in_study(task.study_id).select_for_update().get(pk=task.pk)
        if locked.questions.filter(state__in=OPEN).exists() or locked.state not in ASKABLE:
            raise Conflict(
                "A question about this read is open already, or the read is on hold.",
                rule="QU-003",
            )
        due = plan_of(task.study_id).due("query", clock.now())
        question = ReaderQuestion(
            study_id=task.study_id,
            task=locked,
            kind=kind,
            dossier_of=about.time_point if about else None,
            dossier_version=about.version if about else None,
            text=text.strip(),
            due_at=due.at,
            due_by=due.by,
        )
        question.save()
        record("readerquestion.ask", question)
        READ_TASK.move(locked, "hold", actor=_desk(task), reason=HOLD_REASON)
        return question


def dossier_asked_about(task: ReadTask) -> Place | None:
    """Return the dossier that a question about a read concerns: the latest that it shows."""
    shown = [one for one in places(task) if one.version is not None]
    return shown[-1] if shown else None


def relay(question: ReaderQuestion, text: str, *, actor: Actor) -> ReaderQuestion:
    """Ask the site, in image operations' words; the query belongs to the read's time point.

    Raises:
        RuleBroken: QU-004 the read has no time point to ask about; QRY-002 there are no words.
    """
    actor.require("question.handle")
    time_point = question.task.time_point
    if time_point is None:
        raise RuleBroken("This read has no visit that a site could be asked about.", rule="QU-004")
    subject = question.task.stream.subject
    with transaction.atomic():
        row = _locked(question)
        query = queries.raise_query(
            about=time_point,
            study_site=subject.study_site,
            subject=subject,
            time_point=time_point,
            cause="other",
            title=f"Question about the images of {time_point.label}",
            text=text,
            requests=[queries.Request("confirm", "Answer in words")],
            actor=actor,
            blocking=False,
        )
        return READER_QUESTION.move(row, "relay", actor=actor, changes={"query_id": query.pk})


def answer(question: ReaderQuestion, text: str, *, actor: Actor) -> ReaderQuestion:
    """Answer the reader. Words that could unblind hold the answer for a second person.

    Raises:
        RuleBroken: QU-005 the answer is empty.
    """
    actor.require("question.handle")
    if not text.strip():
        raise RuleBroken("Write the answer first.", rule="QU-005")
    found = unblinding(text, known_words(question))
    written = {
        "answer": text.strip(),
        "written_by_id": actor.user_id,
        "findings": [{"word": one.word, "why": one.why} for one in found],
    }
    with transaction.atomic():
        row = _locked(question)
        if found:
            return READER_QUESTION.move(row, "hold", actor=actor, changes=written)
        changes = written | {"answered_at": clock.now()}
        done = READER_QUESTION.move(row, "answer", actor=actor, changes=changes)
        _let_go_on(done)
        return done


def release(question: ReaderQuestion, *, actor: Actor, reason: str) -> ReaderQuestion:
    """Let a held answer go to the reader: a second person says why its words tell nothing.

    Raises:
        NotPermitted: QU-006 the writer cannot release their own answer.
    """
    actor.require("question.release")
    if question.written_by_id == actor.user_id:
        raise NotPermitted("Another person releases an answer that you wrote.", rule="QU-006")
    with transaction.atomic():
        row = _locked(question)
        done = READER_QUESTION.move(
            row, "release", actor=actor, reason=reason, changes={"answered_at": clock.now()}
        )
        _let_go_on(done)
        return done


def rewrite(question: ReaderQuestion, *, actor: Actor, reason: str) -> ReaderQuestion:
    """Take a held answer back to be written in other words."""
    with transaction.atomic():
        row = _locked(question)
        changes: dict[str, Any] = {"answer": "", "findings": [], "written_by_id": None}
        return READER_QUESTION.move(row, "rewrite", actor=actor, reason=reason, changes=changes)


def send_back(question: ReaderQuestion, *, actor: Actor, reason: str) -> ReaderQuestion:
    """Send a held answer back to its writer, who finds the words and the reason beside the form.

    Raises:
        NotPermitted: QU-008 the writer takes their own answer back instead.
    """
    actor.require("question.release")
    if question.written_by_id == actor.user_id:
        raise NotPermitted(
            "You wrote this answer. Take it back and write it in other words.", rule="QU-008"
        )
    with transaction.atomic():
        return READER_QUESTION.move(_locked(question), "send_back", actor=actor, reason=reason)


@dataclass(frozen=True, slots=True)
class SentBack:
    """Why a second person did not let an answer go."""

    by: str
    reason: str
    at: datetime


def sent_back(question: ReaderQuestion) -> SentBack | None:
    """Return who sent the answer back and why, while it waits to be written again."""
    if question.state not in ("asked", "relayed") or not question.answer:
        return None
    of_it = Event.objects.filter(object_kind=kind_of(question), object_id=str(question.pk))
    last = of_it.filter(kind="readerquestion.send_back").order_by("-pk").first()
    return None if last is None else SentBack(last.actor_name, last.reason, last.at)


def withdraw(question: ReaderQuestion, *, actor: Actor, reason: str) -> ReaderQuestion:
    """Take a question back; the read goes on.

    Raises:
        NotPermitted: QU-001 somebody else asked.
    """
    if question.task.stream.reader_id != actor.user_id:
        raise NotPermitted("This read is not open to you.", rule="QU-001")
    with transaction.atomic():
        row = _locked(question)
        done = READER_QUESTION.move(
            row,
            "withdraw",
            actor=actor,
            reason=reason,
            changes={"withdrawn_reason": reason[:WITHDRAWN_LENGTH]},
        )
        _let_go_on(done)
        return done


def _locked(question: ReaderQuestion) -> ReaderQuestion:
    rows = ReaderQuestion.objects.in_study(question.study_id)
    row: ReaderQuestion = rows.select_for_update().get(pk=question.pk)
    return row


def _desk(task: ReadTask) -> Actor:
    return service(DESK, study_id=task.study_id)


def _let_go_on(question: ReaderQuestion) -> None:
    """Resume the read, unless something else happened to it meanwhile."""
    rows = ReadTask.objects.in_study(question.study_id).select_for_update()
    task = rows.get(pk=question.task_id)
    if task.state == "on_hold" and _held_by_a_question(task):
        READ_TASK.move(
            task, "resume", actor=_desk(task), reason="the reader's question was answered"
        )


def _held_by_a_question(task: ReadTask) -> bool:
    held = Event.objects.filter(object_id=str(task.pk), kind="readtask.hold").order_by("-pk")
    last = held.first()
    return last is not None and last.reason == HOLD_REASON


def known_words(question: ReaderQuestion) -> Iterator[tuple[str, str]]:
    """Yield the words of the subject's life that a reader must not see, with what they are."""
    subject = Subject.objects.in_study(question.study_id).select_related(
        "study_site__site__organisation"
    ).get(pk=question.task.stream.subject_id)  # fmt: skip
    place = subject.study_site
    yield subject.code, "the subject's code"
    yield subject.reading_code, "a code of the subject"
    yield place.number, "the site's number"
    yield place.investigator, "the investigator"
    for name in (place.site.name, place.site.city, place.site.organisation.name):
        yield name, "the site"
    for label in subject.time_points.values_list("label", flat=True):
        yield label, "a visit"
    streams = ReaderStream.objects.in_study(question.study_id).filter(subject=subject)
    for label in streams.exclude(pk=question.task.stream_id).values_list("label", flat=True):
        yield label, "another reader's case"
    concerned = User.objects.filter(
        streams__subject=subject
    ) | User.objects.filter(memberships__site_links__study_site=place)  # fmt: skip
    for name in concerned.distinct().values_list("printed_name", flat=True):
        yield name, "a person"


def found_words(question: ReaderQuestion) -> list[Found]:
    """Return what holds an answer."""
    return [Found(str(one["word"]), str(one["why"])) for one in question.findings]
