"""What the script that cleans at the site talks to: its plan, and its account afterwards."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse

from audit.errors import Refused, RuleBroken
from imaging.models import Submission
from imaging.services import site_cleaning
from studies.access import StudyRequest, fetch, study_view

BODY_LIMIT = 64 * 1024
NOT_KEPT = {"Cache-Control": "no-store"}


def _fetched(request: StudyRequest, pk: UUID) -> Submission:
    rows = Submission.objects.select_related(
        "profile", "subject", "study_site", "time_point", "study__sponsor"
    )
    row: Submission = fetch(rows, request.actor, pk)
    return row


def _answer(refused: Refused) -> JsonResponse:
    return JsonResponse(
        {"detail": refused.message, "rule": refused.rule}, status=refused.status, headers=NOT_KEPT
    )


@study_view("submission.upload", methods=("POST",))
def plan(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Hand out the plan for one submission; the answer is never stored."""
    try:
        document = site_cleaning.hand_out(_fetched(request, pk), actor=request.actor)
    except Refused as refused:
        return _answer(refused)
    return JsonResponse(document, headers=NOT_KEPT)


@study_view("submission.upload", methods=("POST",))
def report(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Keep the account of what was cleaned and what was not sent."""
    row = _fetched(request, pk)
    try:
        body = _body(request)
        site_cleaning.report(
            row,
            cleaned=body["cleaned"],
            not_sent=body["not_sent"],
            patient_key=body["patient_key"],
            engine=body["engine"],
            actor=request.actor,
        )
    except Refused as refused:
        return _answer(refused)
    return JsonResponse({}, headers=NOT_KEPT)


def _body(request: HttpRequest) -> dict[str, Any]:
    unreadable = RuleBroken("The account of the cleaning is not readable.", rule="IMG-061")
    try:
        body = json.loads(request.read(BODY_LIMIT))
        counts = body["not_sent"].items()
        texts = (body["patient_key"], body["engine"])
        numbers = [body["cleaned"], *(count for _, count in counts)]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise unreadable from None
    if not all(type(number) is int for number in numbers):
        raise unreadable
    if not all(isinstance(text, str) for text in texts):
        raise unreadable
    result: dict[str, Any] = body
    return result
