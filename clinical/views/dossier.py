"""One dossier: items, what readers will see of it, its steps, the signature, its versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import sentences
from accounts.signing import proven, shown_signatures, sign_request
from audit import clock, trail
from audit.errors import Refused, SignatureRefused
from clinical.definition import Entered, Item, written
from clinical.definition.document import SOURCES
from clinical.models import Dossier
from clinical.services import (
    asked,
    asking,
    blinding,
    contents,
    documents,
    dossiers,
    entering,
    standing,
)
from clinical.services.asking import Question
from clinical.views import asking as asking_form
from clinical.views.desk import crumbs
from clinical.workflows import DOSSIER
from queries.models import Query
from studies.access import StudyRequest, fetch, study_view

#: empty rows below those of a table
SPARE_ROWS = 2


def fetched(request: StudyRequest, pk: UUID) -> Dossier:
    """Return a dossier that the person may see."""
    rows = Dossier.objects.select_related(
        "study", "subject__study_site__site", "time_point__definition", "definition",
        "reconciled_by", "approved_by",
    )  # fmt: skip
    found: Dossier = fetch(rows, request.actor, pk)
    return found


@study_view("dossier.view")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a dossier."""
    return _page(request, fetched(request, pk))


def _page(
    request: StudyRequest,
    row: Dossier,
    *,
    errors: tuple[str, ...] = (),
    signing: bool = False,
    typed: dict[str, Any] | None = None,
    question: Question | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    lines = standing.lines_of(row)
    editable = row.state == "requested" and actor.may("dossier.enter")
    wanted = (typed or {}).get("code") or request.GET.get("item", "")
    item = next((line for line in lines if editable and line.item.code == wanted), None)
    steps = {step.name for step in DOSSIER.open_steps(row, actor)}
    texts = blinding.sentences_of(row)
    rows = dossiers.versions(row.time_point)
    queries = list(asked.about(row))
    asked_of = asked.by_item(queries)
    return render(
        request,
        "clinical/dossier.html",
        {
            "row": row,
            "lines": [_shown(line, asked_of.get(line.item.code, [])) for line in lines],
            "queries": asking_form.shown(request, queries),
            "holding_up": [query for query in queries if query.is_open and query.blocks_target],
            "ask": asking_form.form_of(request, row, lines, question),
            "may_ask": actor.may("query.raise") and row.state not in ("superseded", "cancelled"),
            "missing": [line.item.label for line in lines if line.is_missing],
            "problems": [*map(str, standing.problems_of(row)), *texts],
            "editable": editable,
            "form": _form(item, typed) if item else None,
            "steps": steps,
            "effects": dossiers.effects_of(row.time_point) if "apply" in steps else [],
            "sign": _sign(request, row, errors if signing else ()) if "approve" in steps else None,
            "signing": signing,
            "errors": () if signing else errors,
            "signatures": shown_signatures(row),
            "versions": rows,
            "may_open_next": row.state == "applied"
            and actor.may("dossier.request")
            and dossiers.under_way(row.time_point) is None,
            "may_chase": row.state == "requested" and actor.may("dossier.request"),
            "may_see_papers": actor.may("arrival.view"),
            "is_late": row.state == "requested" and row.due_at < clock.now(),
            "blinded": contents.blinded(row),
            "history": sentences(trail.entries(row, *row.items.all())),
            "now": clock.now(),
            "crumbs": crumbs(request, str(row.time_point)),
        },
        status=status,
    )


def _shown(line: standing.Line, queries: list[Query]) -> dict[str, Any]:
    kept = line.kept
    return {
        "queries": queries,
        "item": line.item,
        "line": line,
        "kept": kept,
        "value": _value(line.item, kept.value) if kept else "",
        "rows": [
            [_value_of(column, row.get(column.code, "")) for column in line.item.columns]
            for row in (kept.rows if kept else ())
        ],
        "on": written(kept.observed_on) if kept and kept.observed_on else "",
        "source": SOURCES.get(kept.source, "") if kept else SOURCES[line.item.source],
    }


def _value(item: Item, text: str) -> str:
    # The unit stands behind the value as it was entered.
    return text if item.kind == "number" else _value_of(item.field, text)


def _value_of(column: Any, text: str) -> str:
    if column.kind == "choice":
        return next((one.label for one in column.choices if one.value == text), text)
    if column.kind == "date" and text:
        return written(text)
    return f"{text} {column.unit}" if text and column.unit else text


def _form(line: standing.Line, typed: dict[str, Any] | None) -> dict[str, Any]:
    kept, item = line.kept, line.item
    rows = list(kept.rows) if kept else []
    found: dict[str, Any] = {
        "item": item,
        "value": kept.value if kept else "",
        "unit": kept.unit if kept and kept.unit else item.unit,
        "on": kept.observed_on if kept else "",
        "source": kept.source if kept else item.source,
        "missing_reason": kept.missing_reason if kept else "",
        "sources": SOURCES.items(),
    }
    if typed:
        found |= typed
        rows = list(typed["rows"])
    blank: dict[str, str] = {}
    count = len(rows) + SPARE_ROWS
    found["rows"] = [
        [(f"{number}-{column.code}", column, (rows + [blank] * SPARE_ROWS)[number]
          .get(column.code, "")) for column in item.columns]
        for number in range(count)
    ]  # fmt: skip
    return found


def _sign(request: StudyRequest, row: Dossier, errors: tuple[str, ...]) -> Any:
    return sign_request(
        request,
        row,
        dialog_id="approve",
        title=_("Approve %s") % row,
        url=reverse("dossier-approve", args=[request.study.code, row.pk]),
        facts=(
            (_("Subject"), row.subject.code),
            (_("Time point"), row.time_point.label),
            (_("Version"), str(row.version)),
            (_("Items"), str(row.items.count())),
        ),
        statement=_(dossiers.STATEMENT),
        consequence=_("The dossier cannot change any more; a correction is its next version."),
        label=_("Sign approval"),
        errors=errors,
    )


def _go(request: StudyRequest, row: Dossier) -> HttpResponse:
    return redirect("dossier", request.study.code, row.pk)


# --- entering -------------------------------------------------------------------------------------


@study_view("dossier.enter", methods=("POST",))
def enter(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Write one item; what is wrong comes back beside what was typed."""
    row = fetched(request, pk)
    code = request.POST.get("code", "")
    item = next((one for one in standing.items_of(row) if one.code == code), None)
    rows = _rows(request, item) if item else []
    entered = Entered(
        value=request.POST.get("value", ""),
        unit=request.POST.get("unit", ""),
        on=request.POST.get("on", ""),
        rows=[one for one in rows if any(one.values())],
        missing_reason=request.POST.get("missing_reason", ""),
    )
    source = request.POST.get("source", "")
    try:
        entering.enter(
            row,
            code,
            entered,
            actor=request.actor,
            kept=entering.Kept(source=source if source in SOURCES else ""),
        )
    except Refused as refused:
        typed = {
            "code": code, "value": entered.value, "unit": entered.unit, "on": entered.on,
            "rows": rows, "missing_reason": entered.missing_reason, "source": source,
        }  # fmt: skip
        lines = refused.details if isinstance(refused.details, list) else [refused.message]
        return _page(request, row, errors=tuple(lines), typed=typed, status=refused.status)
    messages.success(request, _("The item is saved."))
    return _go(request, row)


def _rows(request: StudyRequest, item: Item) -> list[dict[str, str]]:
    numbers = {
        int(head)
        for head, sign, _code in (name.partition("-") for name in request.POST)
        if sign and head.isascii() and head.isdigit() and len(head) < 4  # noqa: PLR2004
    }
    return [
        {
            column.code: request.POST.get(f"{number}-{column.code}", "").strip()
            for column in item.columns
        }
        for number in sorted(numbers)
    ]


@study_view("dossier.enter", methods=("POST",))
def attach(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take the document of an item in; it is held until a person has redacted it."""
    row = fetched(request, pk)
    sent = request.FILES.get("file")
    if sent is None:
        return _page(request, row, errors=(_("Choose a file. Nothing was sent."),), status=422)
    try:
        documents.add(
            row,
            request.POST.get("code", ""),
            sent.name or "",
            sent.chunks(),
            actor=request.actor,
        )
    except Refused as refused:
        return _page(request, row, errors=(refused.message,), status=refused.status)
    messages.success(
        request, _("The document came and is held. Image operations redacts and releases it.")
    )
    return _go(request, row)


# --- steps ----------------------------------------------------------------------------------------


def _do(request: StudyRequest, pk: UUID, act: Callable[[Dossier], Any], done: str) -> HttpResponse:
    row = fetched(request, pk)
    try:
        act(row)
    except Refused as refused:
        return _page(request, fetched(request, pk), errors=(refused.message,),
                     status=refused.status)  # fmt: skip
    messages.success(request, done)
    return _go(request, row)


def _reason(request: StudyRequest) -> str:
    return str(request.POST.get("reason", ""))


@study_view("dossier.enter", methods=("POST",))
def receive(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Declare that everything required came."""
    return _do(
        request, pk, lambda row: dossiers.receive(row, actor=request.actor),
        _("The dossier is received and waits for reconciliation."),
    )  # fmt: skip


@study_view("dossier.reconcile", methods=("POST",))
def reconcile(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Declare that the dossier agrees with definition, subject and time point."""
    return _do(
        request, pk, lambda row: dossiers.reconcile(row, actor=request.actor),
        _("The dossier is reconciled and waits for approval by science."),
    )  # fmt: skip


@study_view("dossier.approve", methods=("POST",))
def approve(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Approve by signature, as a second person."""
    row = fetched(request, pk)
    try:
        assent = proven(request, row, meaning=dossiers.MEANING, statement=dossiers.STATEMENT)
        dossiers.approve(row, actor=request.actor, assent=assent)
    except Refused as refused:
        unsigned = isinstance(refused, SignatureRefused)
        return _page(
            request,
            fetched(request, pk),
            errors=(refused.message,),
            signing=True,
            status=422 if unsigned else refused.status,
        )
    messages.success(request, _("The dossier is approved. Apply it, and readers may see it."))
    return _go(request, row)


@study_view("dossier.apply", methods=("POST",))
def apply(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Let the dossier hold for its time point."""
    return _do(
        request, pk, lambda row: dossiers.apply(row, actor=request.actor),
        _("The dossier holds for the time point."),
    )  # fmt: skip


@study_view("dossier.refuse", methods=("POST",))
def refuse(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send a dossier back with the reason."""
    return _do(
        request,
        pk,
        lambda row: dossiers.refuse(row, actor=request.actor, reason=_reason(request)),
        _("The dossier was sent back; whoever delivers it sees the reason."),
    )


@study_view("dossier.request", methods=("POST",))
def cancel(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take a request back."""
    return _do(
        request,
        pk,
        lambda row: dossiers.cancel(row, actor=request.actor, reason=_reason(request)),
        _("The request is cancelled. What was applied before goes on holding."),
    )


@study_view("query.raise", methods=("POST",))
def ask(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Raise a query about the dossier; what is wrong comes back beside what was typed."""
    row = fetched(request, pk)
    question = asking_form.posted(request)
    try:
        query = asking.ask(row, question, actor=request.actor)
    except Refused as refused:
        return _page(
            request,
            fetched(request, pk),
            errors=(refused.message,),
            question=question,
            status=refused.status,
        )
    whom = query.get_addressee_display().lower()
    messages.success(request, _("%(query)s is with the %(whom)s.") % {"query": query, "whom": whom})
    return _go(request, row)


@study_view("dossier.request", methods=("POST",))
def chase(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Remind whoever delivers: a message to each, under the bell and by mail."""
    return _do(
        request,
        pk,
        lambda row: dossiers.chase(row, actor=request.actor, note=_reason(request)),
        _("The reminder is on its way; it names the study, never the subject."),
    )


@study_view("dossier.request", methods=("POST",))
def next_version(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Ask for the next version of an applied dossier."""
    row = fetched(request, pk)
    try:
        made = dossiers.request(row.time_point, actor=request.actor, reason=_reason(request))
    except Refused as refused:
        return _page(request, row, errors=(refused.message,), status=refused.status)
    messages.success(request, _("Version %d is requested; this one holds until it is applied.")
                     % made.version)  # fmt: skip
    return _go(request, made)
