"""For those who watch: who opened which dossier, and decisions on revised dossiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import sentences
from accounts.signing import proven, shown_signatures, sign_request
from audit import clock, trail
from audit.errors import Refused
from clinical.services import dossiers as clinical
from reads.models import DossierChange, DossierOpening, ReadTask
from reads.services import dossierchanges
from reads.services.assigning import reader_codes
from studies.access import StudyRequest, fetch, study_view
from studies.models import TimePoint
from ui.records import Link
from ui.sheets import csv_response

PER_PAGE = 50
CHIPS = (
    ("", "Waits for science", "open"),
    ("decided", "To carry out", "decided"),
    ("carried_out", "Carried out", "carried_out"),
    ("overtaken", "Overtaken", "overtaken"),
)
COLUMNS = (
    "subject", "time_point", "dossier_version", "read", "role", "reader", "opened_utc",
    "zone", "form_version", "after_signature", "read_state",
)  # fmt: skip


def dossier_address(request: StudyRequest, point: TimePoint, version: int | None) -> str:
    """Return the page of a version of a dossier for those who may see it, else nothing."""
    if not request.actor.may("dossier.view"):
        return ""
    found = clinical.of_version(point, version or 0)
    return reverse("dossier", args=[request.study.code, found.pk]) if found is not None else ""


# Who opened which dossier


@study_view("dossier.watch")
def openings(request: StudyRequest) -> HttpResponse:
    """List every opening of a dossier in a read or a case, newest first."""
    rows = (
        DossierOpening.objects.filter(study_id=request.study.pk)
        .select_related("time_point__subject", "task__stream", "task__time_point", "case")
        .order_by("-id")
    )
    point = None
    if request.GET.get("time_point"):
        point = fetch(
            TimePoint.objects.select_related("subject"), request.actor, request.GET["time_point"]
        )
        rows = rows.filter(time_point=point)
    if request.GET.get("read"):
        rows = rows.filter(task=fetch(ReadTask, request.actor, request.GET["read"]))
    codes = reader_codes(request.study)
    if request.GET.get("format") == "csv":
        return csv_response(
            f"{request.study.code}_dossier_openings", COLUMNS, (_line(row, codes) for row in rows)
        )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "reads/dossier_openings.html",
        {
            "page": page,
            "rows": [(row, codes.get(row.reader_id, _adjudicator(row))) for row in page],
            "point": point,
            "waiting": DossierChange.objects.visible_to(request.actor).filter(state="open").count(),
            "crumbs": _crumbs(request, openings=bool(point), last=str(point) if point else ""),
        },
    )


def _adjudicator(row: DossierOpening) -> str:
    return _("Adjudicator") if row.case_id else "R"


def _line(row: DossierOpening, codes: Mapping[Any, str]) -> tuple[Any, ...]:
    task, case = row.task, row.case
    return (
        row.time_point.subject.code,
        row.time_point.label,
        row.version,
        what_of(row),
        task.stream.role if task else "adjudicator",
        codes.get(row.reader_id, _adjudicator(row)),
        row.at,
        row.zone,
        row.answers_version,
        row.after_signature,
        task.state if task else case.state if case else "",
    )


def what_of(row: DossierOpening) -> str:
    """Return in which read or case a dossier was opened."""
    if row.task is None:
        return f"Adjudication {row.case.label}" if row.case else ""
    point = row.task.time_point
    kind = row.task.get_kind_display()
    return f"{kind}, {point.label}" if point is not None else kind


def _crumbs(request: StudyRequest, *, last: str = "", openings: bool = False) -> list[Link]:
    code = request.study.code
    found = [Link(label=code, url=reverse("study-entry", args=[code]))]
    if not last:
        return found
    name, words = (
        ("dossier-openings", _("Openings of dossiers"))
        if openings
        else ("dossier-change-list", _("Revised dossiers"))
    )
    return [*found, Link(label=words, url=reverse(name, args=[code])), Link(label=last, url="")]


# Decisions on revised dossiers


@study_view("dossier.watch")
def listing(request: StudyRequest) -> HttpResponse:
    """List revised dossiers whose earlier version was read with, by what is awaited."""
    rows = DossierChange.objects.visible_to(request.actor).select_related(
        "time_point__subject", "decided_by"
    )
    chosen = request.GET.get("state", "")
    state = next((found for code, _label, found in CHIPS if code == chosen), "open")
    page = Paginator(rows.filter(state=state).order_by("due_at", "pk"), PER_PAGE)
    return render(
        request,
        "reads/dossier_changes.html",
        {
            "page": page.get_page(request.GET.get("page")),
            "chips": [
                (code, _(label), rows.filter(state=found).count()) for code, label, found in CHIPS
            ],
            "now": clock.now(),
            "crumbs": _crumbs(request),
        },
    )


def _fetched(request: StudyRequest, pk: UUID) -> DossierChange:
    rows = DossierChange.objects.select_related("time_point__subject", "decided_by", "study")
    found: DossierChange = fetch(rows, request.actor, pk)
    return found


@study_view("dossier.watch")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one decision with the reads concerned and what each choice would do."""
    return _page(request, _fetched(request, pk))


def _page(
    request: StudyRequest,
    row: DossierChange,
    *,
    errors: tuple[str, ...] = (),
    signing: bool = False,
) -> HttpResponse:
    may_decide = row.state == "open" and request.actor.may("dossier.decide")
    sign: Any = None
    if may_decide and row.decision:
        sign = sign_request(
            request,
            row,
            dialog_id="decide",
            title=_("Decide on %s") % row,
            url=reverse("dossier-change-sign", args=[request.study.code, row.pk]),
            facts=(
                (_("Time point"), str(row.time_point)),
                (_("Reads concerned"), str(len(row.affected))),
                (_("Decision"), row.get_decision_display()),
                (_("Reason"), row.reason),
            ),
            statement=_(dossierchanges.STATEMENT),
            consequence=_("The decision takes effect at once and cannot be changed."),
            label=_("Sign decision"),
            errors=errors if signing else (),
        )
    told = dossierchanges.consequences(row)
    return render(
        request,
        "reads/dossier_change.html",
        {
            "row": row,
            "may_decide": may_decide,
            "may_carry_out": row.state == "decided" and request.actor.may("dossier.decide"),
            "choices": [
                (code, label, told.get(code, [])) for code, label in DossierChange.Decision.choices
            ],
            "roll_backs": row.roll_backs.order_by("number"),
            "sees_roll_backs": request.actor.may("rollback.view"),
            "dossier_url": dossier_address(request, row.time_point, row.to_version),
            "sign": sign,
            "signing": signing and not errors,
            "errors": errors,
            "signatures": shown_signatures(row),
            "history": sentences(trail.entries(row)),
            "now": clock.now(),
            "crumbs": _crumbs(request, last=str(row.time_point)),
        },
        status=422 if errors else 200,
    )


@study_view("dossier.decide", methods=("POST",))
def choose(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep the decision and open the sign dialog."""
    row = _fetched(request, pk)
    try:
        dossierchanges.draft(
            row,
            decision=request.POST.get("decision", ""),
            reason=request.POST.get("reason", ""),
            actor=request.actor,
        )
    except Refused as refused:
        return _page(request, row, errors=(refused.message,))
    return _page(request, _fetched(request, pk), signing=True)


@study_view("dossier.decide", methods=("POST",))
def sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Sign the kept decision; what it asks for is requested at once."""
    row = _fetched(request, pk)
    try:
        assent = proven(
            request, row, meaning=dossierchanges.MEANING, statement=dossierchanges.STATEMENT
        )
        dossierchanges.decide(row, actor=request.actor, assent=assent)
    except Refused as refused:
        return _page(request, _fetched(request, pk), errors=(refused.message,), signing=True)
    messages.success(request, _("%s: the decision is signed.") % row.time_point)
    return redirect("dossier-change", request.study.code, row.pk)


@study_view("dossier.decide", methods=("POST",))
def carried_out(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Declare that what was left of a decision is settled."""
    row = _fetched(request, pk)
    dossierchanges.declare_carried_out(
        row, actor=request.actor, reason=request.POST.get("reason", "")
    )
    messages.success(request, _("The decision is carried out."))
    return redirect("dossier-change", request.study.code, row.pk)
