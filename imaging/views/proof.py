"""The proof of de-identification as page, PDF and JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from imaging.models import DeidReport, ReceivedFile, Submission
from imaging.services import proof
from imaging.views.submissions import PAGE_SIZE, crumbs, fetched
from studies.access import StudyRequest, study_view
from ui.moments import moment_words
from ui.paper import pdf

TONES = {
    "cleaned": "good",
    "held": "wait",
    "refused": "stop",
    "stored": "work",
}


def _proof(request: StudyRequest, pk: UUID) -> tuple[Submission, DeidReport, dict[str, Any]]:
    row = fetched(request, pk)
    report = proof.newest(row)
    if report is None:
        raise Http404
    return row, report, proof.document(row, report)


def _elements(document: dict[str, Any]) -> list[tuple[str, int]]:
    return [(_(proof.CLASSES[name]), count) for name, count in document["elements"].items()]


def _outcomes(document: dict[str, Any]) -> list[tuple[str, str, int]]:
    counts = Counter(document["outcomes"])
    return [
        (TONES.get(code, "idle"), str(label), counts[code])
        for code, label in ReceivedFile.Outcome.choices
        if counts.get(code)
    ]


@study_view("submission.view")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show the proof of de-identification."""
    row, report, document = _proof(request, pk)
    return render(
        request,
        "imaging/deid_report.html",
        {
            "row": row,
            "crumbs": crumbs(request, row, last=_("De-identification")),
            "report": report,
            "document": document,
            "elements": _elements(document),
            "outcomes": _outcomes(document),
            "decisions": [(one, proof.reason_of(one, report)) for one in proof.decisions(row)],
            "may_compare": request.actor.may("arrival.view"),
            "files": Paginator(document["files"], PAGE_SIZE).get_page(request.GET.get("page")),
        },
    )


@study_view("submission.view")
def printed(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Print the proof as PDF."""
    row, report, document = _proof(request, pk)
    facts = document | {
        "made_at": moment_words(report.at, "UTC"),
        "elements": _elements(document),
        "outcomes": [(label, count) for _tone, label, count in _outcomes(document)],
        "decisions": [
            {
                "decision": str(one.get_verdict_display()),
                "reach": str(one.get_reach_display()),
                "files": len(one.files),
                "masks": len(one.masks),
                "reason": proof.reason_of(one, report),
                "by": one.decided_by.printed_name,
                "at": moment_words(one.decided_at, "UTC"),
                "second": one.second_by.printed_name if one.second_by else "",
                "state": str(one.get_state_display()),
                "holds": sorted(set(one.codes)),
            }
            for one in proof.decisions(row)
        ],
    }
    content = pdf("imaging/paper/deid_proof.typ", facts, made_at=report.at)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{row}-de-identification.pdf"'
    return response


@study_view("submission.view")
def document(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Give the proof as JSON."""
    row, _report, found = _proof(request, pk)
    response = JsonResponse(found, json_dumps_params={"indent": 1, "sort_keys": True})
    response["Content-Disposition"] = f'attachment; filename="{row}-de-identification.json"'
    return response
