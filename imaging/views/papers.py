"""Attachments of a submission: the screen with masks, the redacted copy, release and refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.signing import proven, shown_signatures, sign_request
from audit.errors import Refused
from imaging.models import Attachment
from imaging.models.holds import Paper
from imaging.services import papers
from imaging.views.holds import posted_masks, unkept
from imaging.views.submissions import crumbs, fetched
from studies.access import StudyRequest, fetch, study_view

RISK_WORDS = {
    "identity_in_text": "Known identity in the text",
    "looks_like_identity": "Text that looks like identity",
    "text_layer": "Text layer, letters",
    "text_in_picture": "Text found in the picture",
    "document_metadata": "Metadata fields",
    "identity_in_metadata": "Known identity in the metadata",
    "identity_in_file_name": "Identity in the file name",
    "embedded_files": "Files inside the file",
    "comments": "Comments, in no page",
    "tracked_changes": "Tracked changes; deleted text is in no page",
    "hidden_text": "Hidden texts, in no page",
    "hidden_cells": "Hidden cells, in no page",
    "hidden_sheets": "Hidden sheets, in no page",
    "hidden_slides": "Hidden slides, in no page",
    "speaker_notes": "Notes of the speaker, in no page",
    "macros": "Macros, never run, in no page",
    "not_shown": "Drawings that cannot be shown",
    "identity_in_hidden": "Known identity in what is hidden",
}
GRAVE = frozenset(
    {"identity_in_text", "identity_in_metadata", "identity_in_file_name", "identity_in_hidden"}
)


def _fetched(request: StudyRequest, pk: UUID, attachment_id: UUID) -> Attachment:
    row: Attachment = fetch(
        Attachment.objects.select_related("submission", "redacted_by"),
        request.actor,
        attachment_id,
        submission=pk,
    )
    if row.state == "removed":
        raise Http404
    return row


@study_view("arrival.view")
def screen(request: StudyRequest, pk: UUID, attachment_id: UUID) -> HttpResponse:
    """Show the pages of an attachment with the boxes that look like identity."""
    return _screen(request, pk, _fetched(request, pk, attachment_id))


def _screen(
    request: StudyRequest,
    pk: UUID,
    row: Attachment,
    *,
    errors: tuple[str, ...] = (),
    signing: bool = False,
) -> HttpResponse:
    submission = fetched(request, pk)
    return render(
        request,
        "imaging/attachment_screen.html",
        {
            "row": submission,
            "paper": row,
            "crumbs": crumbs(request, submission, last=str(row)),
            "risks": risks_of(row),
            "masking": masking_of(
                row,
                lambda sha256: reverse(
                    "attachment-page", args=[request.study.code, pk, row.pk, sha256]
                ),
            )
            if row.pages
            else None,
            "sign": _sign(request, pk, row, errors) if row.state == "redacted" else None,
            "signing": signing,
            "signatures": shown_signatures(row) if row.state == "released" else [],
            "open": row.state in {"held", "redacted"},
        },
        status=422 if errors else 200,
    )


def risks_of(row: Paper) -> list[tuple[str, int, int, bool]]:
    """Return the identity risks of a paper in words: count, page, and whether it is grave."""
    return [
        (_(RISK_WORDS.get(r["code"], r["code"])), r["count"], r["page"], r["code"] in GRAVE)
        for r in row.risks
    ]


def masking_of(row: Paper, url: Callable[[str], str]) -> dict[str, Any]:
    """Return what the screen with masks needs of a paper.

    Args:
        url: gives the address of the picture of a page by its digest.
    """
    count = len(row.pages)
    masks = row.masks if row.state != "held" else []
    return {
        "width": row.pages[0]["width"],
        "height": row.pages[0]["height"],
        "unit": "page",
        "readOnly": row.state in {"released", "refused"},
        "pictures": [
            {
                "frame": number,
                "label": _("Page %(n)d of %(all)d") % {"n": number + 1, "all": count},
                "url": url(page["sha256"]),
                "width": page["width"],
                "height": page["height"],
            }
            for number, page in enumerate(row.pages)
        ],
        "boxes": []
        if row.state != "held"
        else [
            {
                "left": left,
                "top": top,
                "right": right,
                "bottom": bottom,
                "score": score,
                "frame": number,
            }
            for number, page in enumerate(row.pages)
            for left, top, right, bottom, score in page["boxes"]
        ],
        "masks": masks,
    }


def _sign(request: StudyRequest, pk: UUID, row: Attachment, errors: tuple[str, ...]) -> Any:
    return sign_request(
        request,
        row,
        dialog_id="release",
        title=_("Release %s") % row,
        url=reverse("attachment-release", args=[request.study.code, pk, row.pk]),
        facts=((_("Pages"), str(len(row.pages))), (_("Masks"), str(len(row.masks)))),
        statement=papers.STATEMENT,
        consequence=_("Those who check these images will see the copy. Readers never do."),
        errors=errors,
        label=_("Sign and release"),
    )


@study_view("arrival.view")
def page(request: StudyRequest, pk: UUID, attachment_id: UUID, sha256: str) -> HttpResponse:
    """Serve one page of a held attachment; each is an event, none is kept by the browser."""
    content = papers.page_picture(_fetched(request, pk, attachment_id), sha256, actor=request.actor)
    if content is None:
        raise Http404
    return unkept(content)


@study_view("attachment.view")
def copy(request: StudyRequest, pk: UUID, attachment_id: UUID) -> HttpResponse:
    """Download the redacted copy."""
    row = _fetched(request, pk, attachment_id)
    response = HttpResponse(
        papers.copy_of(row, actor=request.actor), content_type="application/pdf"
    )
    response["Content-Disposition"] = f'attachment; filename="{row.name}"'
    response["Cache-Control"] = "no-store"
    return response


@study_view("submission.hold", methods=("POST",))
def redact(request: StudyRequest, pk: UUID, attachment_id: UUID) -> HttpResponse:
    """Make the flat copy with the masks that were drawn."""
    row = _fetched(request, pk, attachment_id)
    try:
        papers.redact(
            row,
            posted_masks(request),
            reason=request.POST.get("reason", ""),
            actor=request.actor,
        )
        messages.success(request, _("The redacted copy was made. Look at it, then release it."))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("attachment-screen", request.study.code, pk, row.pk)


@study_view("submission.hold", methods=("POST",))
def release(request: StudyRequest, pk: UUID, attachment_id: UUID) -> HttpResponse:
    """Release the copy by signature."""
    row = _fetched(request, pk, attachment_id)
    try:
        assent = proven(request, row, meaning=papers.MEANING, statement=papers.STATEMENT)
        papers.release(row, actor=request.actor, assent=assent)
    except Refused as refused:
        return _screen(request, pk, row, errors=(refused.message,), signing=True)
    messages.success(request, _("%s was released.") % row)
    return redirect("submission", request.study.code, pk)


@study_view("submission.hold", methods=("POST",))
def refuse(request: StudyRequest, pk: UUID, attachment_id: UUID) -> HttpResponse:
    """Refuse an attachment, with the reason."""
    row = _fetched(request, pk, attachment_id)
    papers.refuse(row, reason=request.POST.get("reason", ""), actor=request.actor)
    messages.success(request, _("%s was refused.") % row)
    return redirect("submission", request.study.code, pk)


@study_view("submission.hold", methods=("POST",))
def take_back(request: StudyRequest, pk: UUID, attachment_id: UUID) -> HttpResponse:
    """Hold a released or refused attachment again, with the reason."""
    row = _fetched(request, pk, attachment_id)
    papers.take_back(row, reason=request.POST.get("reason", ""), actor=request.actor)
    messages.success(request, _("%s is held again.") % row)
    return redirect("attachment-screen", request.study.code, pk, row.pk)
