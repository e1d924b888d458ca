"""Forms on pages: what a page posts whole, and what autosave posts piece by piece."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from audit.errors import Conflict, Refused
from studies.forms import Evaluation
from studies.forms.posted import parse_posted
from studies.forms.presentation import FieldView, FormView, present
from studies.models import FormRecord
from studies.services import forms

Save = Callable[[Mapping[str, Any], int], FormRecord]
_LARGEST_BODY = 256 * 1024


def view_of(
    record: FormRecord, *, context: Mapping[str, object], final: bool, read_only: bool = False
) -> tuple[Evaluation, FormView]:
    """Return a record's evaluation and how a page shows it."""
    result = forms.evaluated(record, context=context, final=final)
    return result, present(result, record.answers, context=context, read_only=read_only)


def structure_digest(result: Evaluation) -> str:
    """Return a digest over what is visible: while it stays, a page need not be drawn again."""
    rows = {group: len(keys) for group, keys in result.rows.items()}
    text = json.dumps([sorted(result.visible), rows, [m.key for m in result.messages]])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def redrawn(
    request: HttpRequest,
    record: FormRecord,
    *,
    context: Mapping[str, object],
    body_url: str,
    form_id: str,
) -> HttpResponse:
    """Answer a page that saved: the form drawn again where something appeared or went, else only
    the version that the next post must state."""
    result, view = view_of(record, context=context, final=False)
    structure = structure_digest(result)
    unchanged = request.GET.get("seen") == structure
    response = render(
        request,
        "imaging/form_version.html" if unchanged else "imaging/form_body.html",
        {
            "record": record,
            "page": view,
            "structure": structure,
            "body_url": body_url,
            "form_id": form_id,
            "again": True,
        },
    )
    if unchanged:
        response["HX-Reswap"] = "none"
    return response


def posted_answers(record: FormRecord, request: HttpRequest) -> dict[str, Any]:
    """Return the answers after a page was posted whole."""
    return parse_posted(
        forms.form_of(record.form), dict(request.POST.lists()), stored=record.answers
    )


def autosave(
    request: HttpRequest, record: FormRecord, *, context: Mapping[str, object], save: Save
) -> JsonResponse:
    """Answer the autosave module: keep the changed fields, or say why not (docs/ui.md)."""
    try:
        body = json.loads(request.body) if len(request.body) <= _LARGEST_BODY else None
        seen = int(request.headers.get("If-Match", "").strip('"'))
    except ValueError:
        body, seen = None, 0
    changes = body.get("values") if isinstance(body, dict) else None
    if not isinstance(changes, dict):
        return JsonResponse({"detail": _("The page sent something unreadable.")}, status=400)
    _result, view = view_of(record, context=context, final=True)
    posted = {**posted_of(view), **{str(name): value for name, value in changes.items()}}
    answers = parse_posted(forms.form_of(record.form), posted, stored=record.answers)
    try:
        saved = save(answers, seen)
    except Conflict as conflict:
        details = conflict.details or {}
        return JsonResponse(
            {
                "detail": conflict.message,
                "version": str(details.get("version", record.version)),
                "values": {},
            },
            status=409,
        )
    except Refused as refused:
        return JsonResponse({"detail": refused.message}, status=refused.status)
    at = saved.saved_at
    return JsonResponse({"version": str(saved.version), "saved_at": at.isoformat() if at else None})


def posted_of(view: FormView) -> dict[str, Any]:
    """Return the post that the page as drawn would make, before anything is changed."""
    posted: dict[str, Any] = {}
    for section in view.sections:
        for field in section.fields:
            posted |= _posted_field(field)
    return posted


def _posted_field(field: FieldView) -> dict[str, Any]:
    if field.rows is not None:
        rows: dict[str, Any] = {field.shown_name: "1"} if field.shown_name else {}
        for row in field.rows.rows:
            rows[row.name] = row.origin
            for inner in row.fields:
                rows |= _posted_field(inner)
        return rows
    if not field.shown_name:
        return {}
    posted: dict[str, Any] = {field.shown_name: "1"}
    chosen = [option.code for option in field.options if option.is_chosen]
    posted[field.name] = chosen if field.options else field.value
    unit = next((option.code for option in field.units if option.is_chosen), "")
    if field.unit_name and unit:
        posted[field.unit_name] = unit
    if field.absence is not None:
        absent = next((o.code for o in field.absence.options if o.is_chosen), "")
        if absent:
            posted[field.absence.name] = absent
            posted[field.absence.reason_name] = field.absence.reason
    return posted
