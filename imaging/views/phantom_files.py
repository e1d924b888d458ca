"""What the upload part of a phantom scan talks to: manifest, contents, the end."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.errors import Refused, RuleBroken
from imaging.models import PhantomScan
from imaging.services import phantoms
from imaging.views.sending import body_chunks
from studies.access import StudyRequest, fetch, study_view

BODY_LIMIT = 1024 * 1024


def _fetched(request: StudyRequest, pk: UUID) -> PhantomScan:
    row: PhantomScan = fetch(PhantomScan, request.actor, pk)
    return row


def _answer(refused: Refused) -> JsonResponse:
    return JsonResponse({"detail": refused.message, "rule": refused.rule}, status=refused.status)


def _entries(request: HttpRequest) -> list[tuple[str, int]]:
    try:
        body: Any = json.loads(request.read(BODY_LIMIT))
        return [(str(item["sha256"]), int(item["size"])) for item in body["files"]]
    except (ValueError, KeyError, TypeError):
        raise RuleBroken("The page sent something unreadable.", rule="PHM-013") from None


@study_view("phantom.send", methods=("POST",))
def announce(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Take a manifest and say which files are missing."""
    row = _fetched(request, pk)
    try:
        missing = phantoms.announce(row, _entries(request), actor=request.actor)
    except Refused as refused:
        return _answer(refused)
    return JsonResponse({"missing": missing})


@study_view("phantom.send", methods=("PUT",))
def put(request: StudyRequest, pk: UUID, sha256: str) -> HttpResponse:
    """Take in one announced file."""
    try:
        phantoms.store_file(
            _fetched(request, pk), sha256, body_chunks(request), actor=request.actor
        )
    except Refused as refused:
        return _answer(refused)
    except UnreadablePostError:
        return JsonResponse({"detail": _("The connection ended before the file did.")}, status=400)
    return HttpResponse(status=204)


@study_view("phantom.send", methods=("POST",))
def finish(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Say where to go when all files are here."""
    row = _fetched(request, pk)
    left = len(phantoms.missing(row))
    if left:
        text = _("%s files have not arrived yet. Choose the same files again.") % left
        return JsonResponse({"detail": text, "rule": "PHM-001"}, status=409)
    return JsonResponse({"next": reverse("phantom-scan", args=[request.study.code, row.pk])})


@study_view("phantom.send", methods=("POST",))
def clear(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take all files out of a draft."""
    phantoms.clear(_fetched(request, pk), actor=request.actor)
    return redirect("phantom-scan", request.study.code, pk)
