"""Acts on queries: raise, answer, note an action done, ask again, close, cancel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import models, transaction
from django.db.models import Max

from audit import clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import kind_of, record
from queries import targets
from queries.models import Message, Query, RequestedAction
from queries.workflows import QUERY
from studies.models import Study, StudySite, Subject, TimePoint
from studies.services.configuration import plan_of


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that a query asks for; ``finding_code`` names what of the target it is about."""

    kind: str
    text: str
    finding_code: str = ""


def raise_query(
    *,
    about: models.Model,
    study_site: StudySite,
    subject: Subject | None,
    time_point: TimePoint | None,
    cause: str,
    title: str,
    text: str,
    requests: Sequence[Request],
    actor: Actor,
    blocking: bool = True,
    addressee: str = Query.Addressee.SITE,
    blocks_target: bool = False,
) -> Query:
    """Open a query; its clock is the plan's.

    Args:
        study_site: the site that it is about, also when the clinical data partner answers it.
        blocking: it holds up the quality control of the time point's images.
        blocks_target: it holds up the next step of what it is about.

    Raises:
        RuleBroken: QRY-002 nothing is asked for, or the text is empty.
        NotPermitted: the actor may not raise queries.
    """
    actor.require("query.raise")
    if not requests or not text.strip():
        raise RuleBroken("A query needs a text and at least one requested action.", rule="QRY-002")
    actor = actor.acting_as("query.raise")
    study_id = study_site.study_id
    with transaction.atomic(), acting(actor):
        # The study row hands out numbers one at a time.
        Study.objects.select_for_update().get(pk=study_id)
        latest = Query.objects.in_study(study_id).aggregate(n=Max("number"))["n"] or 0
        now = clock.now()
        due = plan_of(study_id).due("query", now)
        query = Query(
            study_id=study_id,
            study_site=study_site,
            subject=subject,
            time_point=time_point,
            target_kind=kind_of(about),
            target_id=str(about.pk),
            number=latest + 1,
            cause=cause,
            title=title,
            text=text,
            addressee=addressee,
            blocking=blocking,
            blocks_target=blocks_target,
            opened_at=now,
            opened_by_id=actor.user_id,
            due_at=due.at,
            due_by=due.by,
        )
        query.save()
        for request in requests:
            RequestedAction(
                study_id=study_id,
                query=query,
                kind=request.kind,
                text=request.text,
                finding_code=request.finding_code,
            ).save()
        _say(query, text, actor)
        record("query.raise", query, details={"cause": cause, "due": due.at.isoformat()})
        return query


def answer(query: Query, *, text: str, actor: Actor, cannot_be_done: bool = False) -> Query:
    """Answer in words. What was asked for in words (confirm or explain) is done with it.

    Args:
        cannot_be_done: the site says that what else was asked for cannot be recovered or repeated;
            those actions end with these words, and we decide what follows.

    Raises:
        RuleBroken: QRY-003 the answer is empty.
    """
    if not text.strip():
        raise RuleBroken("Write what you found before you send the answer.", rule="QRY-003")
    with transaction.atomic():
        answered = QUERY.move(query, "answer", actor=actor, changes={"answered_at": clock.now()})
        with acting(actor.acting_as("query.answer")):
            _say(answered, text, actor.acting_as("query.answer"))
            waiting = answered.actions.filter(done_at=None)
            for action in waiting:
                if action.kind == RequestedAction.Kind.CONFIRM:
                    _do(action, "answered in words")
                elif cannot_be_done:
                    _do(action, "cannot be done, as the site says")
        return answered


def note_done(
    query: Query,
    *,
    kinds: Sequence[str],
    outcome: str,
    actor: Actor,
    codes: Collection[str] | None = None,
) -> Query:
    """Note that requested actions of some kinds are done, e.g. by a corrected submission.

    The query becomes answered; it closes only when we look at it or an automatic re-check agrees.

    Args:
        codes: only actions about these; the query is then answered once no action is left.
    """
    with transaction.atomic(), acting(actor):
        locked = Query.objects.in_study(query.study_id).select_for_update().get(pk=query.pk)
        actions = locked.actions.filter(done_at=None, kind__in=kinds)
        for action in actions if codes is None else actions.filter(finding_code__in=codes):
            _do(action, outcome)
        is_whole = codes is None or not locked.actions.filter(done_at=None).exists()
        if is_whole and locked.state in {"open", "reopened"}:
            QUERY.move(locked, "answer", actor=actor, changes={"answered_at": clock.now()})
        query.refresh_from_db()
        return query


def say(query: Query, *, text: str, actor: Actor) -> Message:
    """Add words to the thread without changing its state.

    Raises:
        NotPermitted: the actor has no part in queries.
        RuleBroken: QRY-003 there are no words; QRY-004 the query is over.
    """
    actor.require("query.say")
    actor = actor.acting_as("query.say")
    if not text.strip():
        raise RuleBroken("Write something first.", rule="QRY-003")
    if not query.is_open:
        raise RuleBroken("The query is closed; open a new one.", rule="QRY-004")
    with transaction.atomic(), acting(actor):
        return _say(query, text, actor)


def ask_again(query: Query, *, reason: str, actor: Actor) -> Query:
    """Reopen an answered query; what it asked for is to be done again, the clock starts anew."""
    with transaction.atomic():
        due = plan_of(query.study_id).due("query", clock.now())
        again = QUERY.move(
            query,
            "reopen",
            actor=actor,
            reason=reason,
            changes={"due_at": due.at, "due_by": due.by, "answered_at": None},
        )
        with acting(actor, reason):
            for action in again.actions.exclude(done_at=None):
                action.done_at, action.outcome = None, ""
                action.save()
            _say(again, reason, actor.acting_as("query.close"))
        return again


def close(query: Query, *, actor: Actor, reason: str = "") -> Query:
    """Close a query whose every action is done, and tell its target."""
    with transaction.atomic():
        closed = QUERY.move(
            query, "close", actor=actor, reason=reason, changes={"closed_at": clock.now()}
        )
        _tell_target(closed)
        return closed


def cancel(query: Query, *, actor: Actor, reason: str) -> Query:
    """Cancel a query that should not have been asked, with the reason."""
    with transaction.atomic():
        cancelled = QUERY.move(
            query, "cancel", actor=actor, reason=reason, changes={"closed_at": clock.now()}
        )
        _tell_target(cancelled)
        return cancelled


def _tell_target(query: Query) -> None:
    target = targets.TARGETS.get(query.target_kind)
    if target is not None:
        target.on_close(query)


def _do(action: RequestedAction, outcome: str) -> None:
    action.done_at = clock.now()
    action.outcome = outcome
    action.save()


def _say(query: Query, text: str, actor: Actor) -> Message:
    return Message.objects.create(
        study_id=query.study_id,
        query=query,
        at=clock.now(),
        author_id=actor.user_id,
        author_name=actor.name,
        author_role=actor.role,
        zone=actor.zone,
        text=text,
    )
