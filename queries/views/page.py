"""One query: what is asked, what was said, its clock, and what may be done now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import role_words, sentences
from audit import clock, trail
from audit.errors import Refused
from audit.models import Event, kind_of
from queries import services, targets
from queries.ageing import Age, age_of, shown_state
from queries.models import Query, RequestedAction
from queries.workflows import QUERY
from studies.access import fetch, study_view
from studies.services.configuration import plan_of
from ui.moments import day_words
from ui.records import Ask, FormError, Link, Message

#: what the site does by an upload, not in words
BY_UPLOAD = (
    RequestedAction.Kind.SEND_IMAGES,
    RequestedAction.Kind.CORRECT_FORM,
    RequestedAction.Kind.RESCAN,
)
EVENTS = {
    "query.raise": ("circle-plus", "opened the query"),
    "query.reopen": ("rotate-clockwise", "asked again"),
    "query.close": ("circle-check", "closed the query"),
    "query.cancel": ("ban", "cancelled the query"),
}


def _fetched(request: Any, pk: UUID) -> Query:
    rows = Query.objects.select_related(
        "study", "subject", "time_point", "study_site__site", "opened_by"
    )
    row: Query = fetch(rows, request.actor, pk)
    return row


@study_view("query.view")
def query_page(request: Any, pk: UUID) -> HttpResponse:
    """Show a query to the site and to us."""
    return _page(request, _fetched(request, pk))


def _page(
    request: Any, row: Query, *, refused: str = "", typed: str = "", status: int = 200
) -> HttpResponse:
    actor, now = request.actor, clock.now()
    age = age_of(row, plan=plan_of(row.study), now=now)
    actions = list(row.actions.all())
    waiting = [action for action in actions if action.done_at is None]
    open_steps = {step.name for step in QUERY.open_steps(row, actor)}
    guards = QUERY.guard_results(row, "close") if "close" in open_steps else []
    by_upload = [action for action in waiting if action.kind in BY_UPLOAD]
    picture_url, picture_text = targets.picture_of(row)
    context = {
        "crumbs": _crumbs(request, str(row)),
        "query": row,
        "age": age,
        "code": shown_state(row, age),
        "now": now,
        "zone": request.user.time_zone,
        "asks": [_ask(action, age) for action in actions],
        "messages_of_thread": thread(row),
        "about": targets.label_of(row),
        "about_url": targets.url_of(row, actor),
        "desk": targets.desk_of(row),
        "picture_url": picture_url,
        "picture_text": picture_text,
        "steps": open_steps,
        "guards": guards,
        "closable": all(guard.ok for guard in guards),
        "may_decline": any(action.kind != RequestedAction.Kind.CONFIRM for action in waiting),
        "may_upload": actor.may("submission.upload") and bool(row.time_point_id) and by_upload,
        "upload_words": _upload_words(by_upload),
        "may_say": row.is_open and actor.may("query.say"),
        "elapsed": _elapsed(row, age, now),
        "history": _history(request, row, actions),
        "errors": [FormError(text=refused, anchor="words")] if refused else [],
        "typed": typed,
        "others": _others(row, actor),
    }
    return render(request, "queries/page.html", context, status=status)


def _crumbs(request: Any, last: str) -> list[Link]:
    return [
        Link(label=_("Queries"), url=reverse("query-list", args=[request.study.code])),
        Link(label=last, url=""),
    ]


def _ask(action: RequestedAction, age: Age) -> Ask:
    text = action.text if action.text.endswith((".", "?", "!")) else f"{action.text}."
    if action.done_at is not None:
        day = day_words(action.done_at.date())
        return Ask(text=text, is_met=True, note=f"{action.outcome.capitalize()}, {day}.")
    note = _("Done when your new upload arrives.")
    if action.kind == RequestedAction.Kind.CORRECT_DATA:
        note = _("Done when the value is entered in the dossier.")
    elif action.kind not in BY_UPLOAD:
        note = _("Done when you answer in words.")
    return Ask(text=text, note=note if age.with_site else "")


def _upload_words(actions: list[RequestedAction]) -> str:
    kinds = {action.kind for action in actions}
    if kinds == {RequestedAction.Kind.CORRECT_FORM}:
        return _("Correct the form")
    return _("Send the repeated scan") if RequestedAction.Kind.RESCAN in kinds else _("Send images")


def thread(row: Query) -> list[Message]:
    """Return what was said and done, oldest first."""
    site = f"Site {row.study_site.number}"
    said = [
        Message(
            who=message.author_name,
            text=message.text,
            when=message.at,
            zone=message.zone,
            role=site if message.author_role == "site_user" else role_words(message.author_role),
        )
        for message in row.messages.all()
    ]
    done = [
        Message(
            who="The system" if event.actor_role == "system" else event.actor_name,
            text=EVENTS[event.kind][1],
            when=event.at,
            zone=event.zone,
            icon=EVENTS[event.kind][0],
        )
        for event in Event.objects.filter(
            object_kind=kind_of(row), object_id=str(row.pk), kind__in=EVENTS
        )
    ]
    # What was done in the same second as the words about it comes before them.
    return sorted(
        [*done, *said], key=lambda entry: (entry.when.replace(microsecond=0), not entry.icon)
    )


def _elapsed(row: Query, age: Age, now: Any) -> int:
    """Return how much of the time to answer is used, per cent; 100 when it is used up."""
    whole = (row.due_at - row.opened_at).total_seconds()
    end = now if age.with_site else (row.answered_at or row.closed_at or now)
    used = (end - row.opened_at).total_seconds()
    return max(0, min(100, round(used * 100 / whole))) if whole > 0 else 100


def _history(request: Any, row: Query, actions: list[RequestedAction]) -> Any:
    if not (request.actor.may("trail.view") or request.actor.may("trail.own_site")):
        return None
    return sentences(trail.entries(row, *actions))


def _others(row: Query, actor: Any) -> Any:
    """Return other open queries about the same time point."""
    if row.time_point_id is None:
        return []
    rows = Query.objects.visible_to(actor).filter(time_point_id=row.time_point_id)
    return rows.filter(state__in=["open", "answered", "reopened"]).exclude(pk=row.pk)


def _act(request: Any, pk: UUID, act: Callable[[Query, str], Any], done: str) -> HttpResponse:
    row = _fetched(request, pk)
    words = request.POST.get("words", "")
    try:
        act(row, words)
    except Refused as refused:
        return _page(
            request,
            _fetched(request, pk),
            refused=refused.message,
            typed=words,
            status=refused.status,
        )
    messages.success(request, done % {"query": row})
    return redirect("query-page", request.study.code, pk)


@study_view("query.answer", methods=("POST",))
def query_answer(request: Any, pk: UUID) -> HttpResponse:
    """Answer in words, perhaps that it cannot be done."""
    cannot = request.POST.get("cannot") == "1"
    return _act(
        request,
        pk,
        lambda row, words: services.answer(
            row, text=words, actor=request.actor, cannot_be_done=cannot
        ),
        _("Your answer to %(query)s was sent."),
    )


@study_view("query.say", methods=("POST",))
def query_say(request: Any, pk: UUID) -> HttpResponse:
    """Add words without changing the state."""
    return _act(
        request,
        pk,
        lambda row, words: services.say(row, text=words, actor=request.actor),
        _("Your words were added to %(query)s."),
    )


@study_view("query.close", methods=("POST",))
def query_ask_again(request: Any, pk: UUID) -> HttpResponse:
    """Ask again, with the reason; the clock starts anew."""
    return _act(
        request,
        pk,
        lambda row, words: services.ask_again(row, reason=words, actor=request.actor),
        _("%(query)s was asked again."),
    )


@study_view("query.close", methods=("POST",))
def query_close(request: Any, pk: UUID) -> HttpResponse:
    """Close a query whose every action is done."""
    return _act(
        request,
        pk,
        lambda row, words: services.close(row, actor=request.actor, reason=words),
        _("%(query)s is closed."),
    )


@study_view("query.close", methods=("POST",))
def query_cancel(request: Any, pk: UUID) -> HttpResponse:
    """Cancel a query that should not have been asked."""
    return _act(
        request,
        pk,
        lambda row, words: services.cancel(row, actor=request.actor, reason=words),
        _("%(query)s is cancelled."),
    )
