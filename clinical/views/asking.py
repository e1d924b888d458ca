"""The form that raises a query about a dossier, on the dossier's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clinical.models import Dossier
from clinical.services import standing
from clinical.services.asking import CLOSED, Question
from queries.models import Query
from studies.access import StudyRequest


@dataclass(frozen=True, slots=True)
class AskForm:
    """The form as it is shown: what may be chosen, and what was typed."""

    question: Question
    items: tuple[tuple[str, str], ...]
    addressees: tuple[tuple[str, str], ...]
    may_send_back: bool


def posted(request: StudyRequest) -> Question:
    """Return the question that a form describes."""
    post = request.POST
    return Question(
        title=post.get("title", "").strip(),
        text=post.get("text", "").strip(),
        codes=tuple(post.getlist("items")),
        addressee=post.get("addressee", ""),
        correct=post.get("wanted", "") == "correct",
        holds_up=bool(post.get("holds_up")),
        send_back=bool(post.get("send_back")),
    )


def form_of(
    request: StudyRequest, row: Dossier, lines: list[standing.Line], typed: Question | None
) -> AskForm | None:
    """Return the form when the person may ask and wants to, or when something was wrong with it."""
    wanted = request.GET.get("ask", "")
    if not request.actor.may("query.raise") or row.state in ("superseded", "cancelled"):
        return None
    if typed is None and not wanted:
        return None
    codes = {line.item.code: line for line in lines}
    from_site = wanted in codes and codes[wanted].item.source == "site"
    addressee = Query.Addressee.SITE if from_site else Query.Addressee.PARTNER
    blank = Question(
        title="",
        text="",
        codes=(wanted,) if wanted in codes else (),
        addressee=addressee,
        send_back=row.state in CLOSED,
    )
    return AskForm(
        question=typed or blank,
        items=tuple((code, line.item.label) for code, line in codes.items()),
        addressees=tuple((str(value), str(label)) for value, label in Query.Addressee.choices),
        may_send_back=row.state in CLOSED and request.actor.may("dossier.refuse"),
    )


def shown(request: StudyRequest, queries: list[Query]) -> list[dict[str, Any]]:
    """Return the queries of a dossier as its page lists them; linked for who may open them."""
    keys = [query.pk for query in queries]
    rows = Query.objects.visible_to(request.actor).filter(pk__in=keys)
    visible = set(rows.values_list("pk", flat=True))
    may_view = request.actor.may("query.view")
    return [{"row": query, "linked": may_view and query.pk in visible} for query in queries]
