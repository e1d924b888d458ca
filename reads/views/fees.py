"""Fees by month: what is earned and not paid, statements, their approval, CSV and PDF."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import sentences
from accounts.signatures import signatures_of
from audit import clock
from audit.errors import Refused, SignatureRefused
from audit.trail import entries
from reads import signing
from reads.models import FeeStatement, Reader
from reads.services import fees
from reads.views.readers import crumbs, find_reader
from studies.access import StudyRequest, fetch, study_view
from ui import paper
from ui.moments import day_words, typed_day
from ui.records import SignRequest
from ui.sheets import csv_response

HISTORY = 20
MONTHS = 12


def _month(text: str) -> date:
    try:
        return fees.first_of(typed_day(f"{text}-01"))
    except ValueError:
        return fees.first_of(clock.today())


def _months() -> list[date]:
    found = [fees.first_of(clock.today())]
    while len(found) < MONTHS:
        found.append(fees.first_of(found[-1] - timedelta(days=1)))
    return found


@study_view("reader.view")
def fee_list(request: StudyRequest) -> HttpResponse:
    """Show a month: each reader's unpaid work and statements."""
    month = _month(request.GET.get("month", ""))
    statements: dict[Any, list[FeeStatement]] = {}
    shown = FeeStatement.objects.visible_to(request.actor).filter(month=month)
    for one in shown.exclude(state="withdrawn"):
        statements.setdefault(one.reader_id, []).append(one)
    rows = []
    for reader in Reader.objects.select_related("user").order_by("user__printed_name"):
        works = fees.unpaid(request.study, reader, month)
        held = statements.get(reader.pk, [])
        if works or held:
            rows.append(
                {
                    "reader": reader,
                    "works": len(works),
                    "amount": sum((one.amount or 0) for one in works),
                    "problems": sorted({one.problem for one in works if one.problem}),
                    "statements": held,
                }
            )
    return render(
        request,
        "reads/readers/fees.html",
        {
            "month": month,
            "months": _months(),
            "rows": rows,
            "manages": request.actor.may("reader.manage"),
            "crumbs": crumbs(request, "Fees"),
        },
    )


@study_view("reader.manage", methods=("POST",))
def fee_draw(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Draw up a reader's statement of a month."""
    reader, text = find_reader(pk), request.POST.get("month", "")
    month = _month(text)
    try:
        made = fees.draw_up(request.study, reader, month, actor=request.actor)
    except Refused as refused:
        messages.error(request, f"No statement was drawn up. {refused.message}")
        return redirect(reverse("fee-list", args=[request.study.code]) + f"?month={month:%Y-%m}")
    return redirect("fee-page", request.study.code, made.pk)


def _statement(request: StudyRequest, pk: UUID) -> FeeStatement:
    rows = FeeStatement.objects.select_related("reader__user", "study")
    found: FeeStatement = fetch(rows, request.actor, pk)
    return found


@study_view("reader.view")
def fee_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a statement."""
    return _page(request, _statement(request, pk))


def _page(
    request: StudyRequest, statement: FeeStatement, errors: tuple[str, ...] = ()
) -> HttpResponse:
    may_sign = request.actor.may("fee.approve") and statement.state == "draft"
    return render(
        request,
        "reads/readers/fee.html",
        {
            "statement": statement,
            "lines": [(line, _words(line.kind)) for line in statement.lines.all()],
            "sums": [(_words(kind), *rest) for kind, *rest in fees.sums(statement)],
            "sign": _sign(request, statement, errors) if may_sign else None,
            "may_withdraw": request.actor.may("reader.manage") and statement.state == "draft",
            "signatures": signatures_of(statement),
            "sentences": sentences(entries(statement, limit=HISTORY)),
            "crumbs": crumbs(request, "Fees", str(statement)),
        },
        status=422 if errors else 200,
    )


def _sign(request: StudyRequest, statement: FeeStatement, errors: tuple[str, ...]) -> SignRequest:
    return signing.request_for(
        request,
        statement,
        meaning=signing.FEE_MEANING,
        title=f"Approve the fees of {statement}",
        url=reverse("fee-sign", args=[request.study.code, statement.pk]),
        facts=(
            ("Reader", str(statement.reader)),
            ("Month", f"{statement.month:%B %Y}"),
            ("Lines", str(statement.lines.count())),
            ("Total", f"{statement.total} {statement.currency}"),
        ),
        errors=errors,
    )


@study_view("fee.approve", methods=("POST",))
def fee_sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Approve a statement by signature."""
    statement = _statement(request, pk)
    try:
        assent = signing.proven(request, statement, meaning=signing.FEE_MEANING)
    except SignatureRefused as refused:
        return _page(request, statement, errors=(refused.message,))
    try:
        fees.approve(statement, actor=request.actor, assent=assent)
    except Refused as refused:
        messages.error(request, f"Nothing was signed. {refused.message}")
    else:
        messages.success(request, "The statement is approved.")
    return redirect("fee-page", request.study.code, statement.pk)


@study_view("reader.manage", methods=("POST",))
def fee_withdraw(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take a draft back."""
    statement = _statement(request, pk)
    try:
        fees.withdraw(statement, actor=request.actor, reason=request.POST.get("reason", ""))
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
        return redirect("fee-page", request.study.code, statement.pk)
    messages.success(request, "The statement is withdrawn; its work waits for the next one.")
    return redirect(
        reverse("fee-list", args=[request.study.code]) + f"?month={statement.month:%Y-%m}"
    )


def _words(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _name(statement: FeeStatement) -> str:
    who = "".join(c if c.isalnum() else "_" for c in str(statement.reader))
    return f"{statement.study.code}_fees_{statement.month:%Y-%m}_{who}"


@study_view("reader.view")
def fee_csv(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send a statement as CSV."""
    statement = _statement(request, pk)
    columns = ("signed", "kind", "label", "contract", "amount", "currency", "record")
    rows = [
        (line.earned_at, line.kind, line.label, line.contract, line.amount,
         statement.currency, line.record_id)
        for line in statement.lines.all()
    ]  # fmt: skip
    return csv_response(_name(statement), columns, rows)


@study_view("reader.view")
def fee_pdf(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send a statement as PDF."""
    statement = _statement(request, pk)
    signed = [one for one in signatures_of(statement) if one.valid]
    facts = {
        "reader": str(statement.reader),
        "month": f"{statement.month:%B %Y}",
        "study": f"{request.study.code} {request.study.title}",
        "state": statement.get_state_display(),
        "total": f"{statement.total} {statement.currency}",
        "sums": [
            [_words(kind), str(number), f"{amount} {statement.currency}"]
            for kind, number, amount in fees.sums(statement)
        ],
        "lines": [
            [day_words(line.earned_at.date()), _words(line.kind), line.label,
             line.contract, str(line.amount)]
            for line in statement.lines.all()
        ],
        "approved": [
            f"{one.signature.printed_name}, {one.signature.signed_at:%d %b %Y %H:%M} UTC"
            for one in signed
        ],
    }  # fmt: skip
    made_at = signed[0].signature.signed_at if signed else statement.created_at
    content = paper.pdf("reads/paper/fees.typ", facts, made_at=made_at)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{_name(statement)}.pdf"'
    return response
