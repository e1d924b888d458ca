"""Readings from earlier spreadsheets: file, columns, dry run, signature; and what was imported."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import sentences
from accounts.signatures import (
    signatures_of,
)
from accounts.signing import proven, sign_request
from audit import trail
from audit.errors import Refused, RuleBroken, SignatureRefused
from reads.criteria import registry
from reads.imported.checking import FIELDS, RESULTS
from reads.models import ReadingImport
from reads.services import imports
from studies.access import StudyRequest, fetch, study_view
from studies.cells import MOST_BYTES, column_letter
from ui.records import Link, SignRequest
from ui.sheets import csv_response

MEANING = "readings"
STATEMENT = "I have compared these readings with their source and take them over as they are."
PER_PAGE = 50
SHOWN_PROBLEMS = 200
SHOWN_ROWS = 5
NOT_USED = ""


@study_view("readings.view")
def import_list(request: StudyRequest) -> HttpResponse:
    """List imports and imported readings; send the readings as CSV."""
    rows = imports.readings_of(request.study)
    if request.GET.get("format") == "csv":
        return _csv(request, rows)
    return render(
        request,
        "reads/imports/list.html",
        {
            "imports": ReadingImport.objects.visible_to(request.actor),
            "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
            "can_import": request.actor.may("readings.import"),
            "most_mb": MOST_BYTES // 1_000_000,
        },
    )


@study_view("readings.import", methods=("POST",))
def import_read_in(request: StudyRequest) -> HttpResponse:
    """Read a spreadsheet in as a draft."""
    sent = request.FILES.get("file")
    if sent is None or (sent.size or 0) > MOST_BYTES:
        messages.error(request, "Nothing was read in. Choose a CSV or XLSX file of at most 5 MB.")
        return redirect("reading-imports", request.study.code)
    try:
        made = imports.read_in(
            request.study,
            sent.read(),
            name=sent.name or "",
            origin=request.POST.get("origin", ""),
            sheet=request.POST.get("sheet", ""),
            actor=request.actor,
        )
    except Refused as refused:
        messages.error(request, f"Nothing was read in. {refused.message}")
        return redirect("reading-imports", request.study.code)
    if made.state == "imported":
        messages.info(request, "This file was imported before. Nothing was changed.")
    return redirect("reading-import", request.study.code, made.pk)


@study_view("readings.view")
def import_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show an import: its columns, the dry run, and the way to sign."""
    return _page(request, fetch(ReadingImport, request.actor, pk))


def _page(
    request: StudyRequest, row: ReadingImport, *, errors: tuple[str, ...] = (), status: int = 200
) -> HttpResponse:
    checked = None
    if row.state == "draft" and imports.is_mapped(row):
        checked = imports.try_out(row)
    is_ready = checked is not None and bool(checked.readings) and not checked.problems
    can = request.actor.may("readings.import")
    return render(
        request,
        "reads/imports/page.html",
        {
            "row": row,
            "head": [(column_letter(n), name) for n, name in enumerate(row.cells[0])],
            "sample": row.cells[1 : 1 + SHOWN_ROWS],
            "fields": [
                (name, words, row.mapping.get(name), name in {"subject", "time_point", "reader"})
                for name, words in FIELDS.items()
            ],
            "criteria": [(one.key, one.title) for one in registry.all_criteria()],
            "row_count": len(row.cells) - 1,
            "checked": checked,
            "problems": checked.problems[:SHOWN_PROBLEMS] if checked else [],
            "readings": imports.readings_of(request.study).filter(batch=row)[:PER_PAGE],
            "can_import": can,
            "sign": _sign_request(request, row, errors) if can and is_ready else None,
            "signatures": signatures_of(row),
            "history": sentences(trail.entries(row)),
            "crumbs": (
                Link(
                    label="Imported readings",
                    url=reverse("reading-imports", args=[request.study.code]),
                ),
                Link(label=row.file_name, url=""),
            ),
        },
        status=status,
    )


def _sign_request(
    request: StudyRequest, row: ReadingImport, errors: tuple[str, ...]
) -> SignRequest:
    return sign_request(
        request,
        row,
        title="Import readings",
        url=reverse("reading-import-act", args=[request.study.code, row.pk]),
        facts=(
            ("File", row.file_name),
            ("Readings", str(len(imports.try_out(row).readings))),
            ("From", row.origin),
        ),
        statement=STATEMENT,
        consequence="Every row is marked as imported for ever and is never overwritten.",
        hidden=(("act", "take_over"),),
        errors=errors,
    )


@study_view("readings.import", methods=("POST",))
def import_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Say what columns mean, import by signature, or discard."""
    row = fetch(ReadingImport, request.actor, pk)
    act = request.POST.get("act", "")
    try:
        if act == "map":
            imports.map_columns(
                row, _mapping(request), request.POST.get("criterion", ""), actor=request.actor
            )
            done = "The columns have their meaning. Look at the dry run."
        elif act == "take_over":
            assent = proven(request, row, meaning=MEANING, statement=STATEMENT)
            imports.take_over(row, actor=request.actor, assent=assent)
            done = "The readings were imported."
        elif act == "discard":
            imports.discard(row, actor=request.actor, reason=request.POST.get("reason", ""))
            done = "The file was discarded. It may be read in again."
        else:
            raise RuleBroken("Say what is to be done with the file.", rule="IM-006")
    except SignatureRefused as refused:
        return _page(request, row, errors=(refused.message,), status=422)
    except Refused as refused:
        messages.error(request, f"Nothing was imported. {refused.message}")
        return _page(request, row, status=refused.status)
    messages.success(request, done)
    return redirect("reading-import", request.study.code, row.pk)


def _mapping(request: StudyRequest) -> dict[str, int]:
    given = {name: request.POST.get(f"column-{name}", NOT_USED) for name in FIELDS}
    return {name: int(value) for name, value in given.items() if value.isdigit()}


HEAD = (
    "origin", "subject", "time_point", "reader", "criterion", "read_on", *RESULTS, "comment",
    "file", "row", "file_sha256", "imported_at",
)  # fmt: skip


def _csv(request: StudyRequest, rows: Any) -> HttpResponse:
    lines: list[tuple[Any, ...]] = []
    for one in rows:
        said = [one.values.get(field, "") for field in (*RESULTS, "comment")]
        lines.append(
            (
                one.origin,
                one.subject.code,
                one.time_point.label,
                one.reader,
                one.criterion,
                one.read_on or "",
                *said,
                one.batch.file_name,
                one.row_number,
                one.batch.sha256,
                one.at.isoformat(),
            )
        )
    return csv_response(f"{request.study.code}_imported_readings", HEAD, lines)
