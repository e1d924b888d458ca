"""Raising a query about a dossier: about some of its items, to the site or to the data partner."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from audit.actors import Actor
from audit.errors import RuleBroken
from clinical.models import Dossier
from clinical.services import dossiers, standing
from queries import services
from queries.models import Query, RequestedAction

#: states in which nobody can enter anything before the dossier is sent back
CLOSED = ("received", "reconciled", "approved")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a dossier.

    Attributes:
        codes: the items that it is about; none for the dossier as a whole.
        correct: the values are to be entered again; otherwise words are enough.
        holds_up: the dossier is not reconciled, approved or applied before the query is over.
        send_back: a dossier that was received is sent back with it, so that it can be corrected.
    """

    title: str
    text: str
    codes: Collection[str] = ()
    addressee: str = Query.Addressee.PARTNER
    correct: bool = True
    holds_up: bool = True
    send_back: bool = False


def ask(dossier: Dossier, question: Question, *, actor: Actor) -> Query:
    """Raise a query about a dossier.

    Raises:
        RuleBroken: CLQ-001 an item is not asked for here; CLQ-002 the question has no line of its
            own; CLQ-003 the dossier is over; QRY-002 it has no words.
    """
    actor.require("query.raise")
    if not question.title.strip():
        raise RuleBroken("Write the question in one line.", rule="CLQ-002")
    if question.addressee not in Query.Addressee.values:
        raise RuleBroken("Say who is to answer.", rule="CLQ-002")
    if dossier.state in ("superseded", "cancelled"):
        raise RuleBroken(
            "This version is over. Ask about the one that holds or is on its way.", rule="CLQ-003"
        )
    labels = {item.code: item.label for item in standing.items_of(dossier)}
    unknown = sorted(set(question.codes) - labels.keys())
    if unknown:
        raise RuleBroken(
            f"The definition does not ask for “{unknown[0]}” at {dossier.time_point.label}.",
            rule="CLQ-001",
        )
    kind, verb = _asked(question)
    about = [code for code in labels if code in question.codes]
    requests = [
        services.Request(kind, f"{labels[code]}: {verb}", finding_code=code) for code in about
    ]
    with transaction.atomic():
        if question.send_back and dossier.state in CLOSED:
            dossiers.refuse(dossier, actor=actor, reason=question.title)
        return services.raise_query(
            about=dossier,
            study_site=dossier.subject.study_site,
            subject=dossier.subject,
            time_point=dossier.time_point,
            cause=Query.Cause.CLINICAL,
            title=question.title.strip()[:200],
            text=question.text,
            # Of a dossier as a whole nothing single can be entered: words answer it.
            requests=requests or [services.Request(RequestedAction.Kind.CONFIRM, "Dossier")],
            actor=actor,
            blocking=False,
            addressee=question.addressee,
            blocks_target=question.holds_up,
        )


def _asked(question: Question) -> tuple[str, str]:
    if question.correct and question.addressee == Query.Addressee.PARTNER:
        return RequestedAction.Kind.CORRECT_DATA, "correct or complete it"
    # A site enters nothing itself: it answers in words, and the desk enters what it says.
    return RequestedAction.Kind.CONFIRM, "confirm or explain"
