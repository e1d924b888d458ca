"""The document of an item: the screen with masks, the redacted copy, release and refusal.

The person, the rights and the tool are those of every paper of the platform.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.signing import proven, shown_signatures, sign_request
from audit.errors import Refused
from clinical.models import DossierDocument
from clinical.services import documents
from clinical.views.desk import crumbs
from imaging.services import papers
from imaging.views.holds import posted_masks, unkept
from imaging.views.papers import masking_of, risks_of
from studies.access import StudyRequest, fetch, study_view
from ui.records import Link

MEANING = "dossier_document_release"
STATEMENT = (
    "I looked at every page of this copy. No identity, place or date is visible in it, and readers "
    "may see it with the dossier."
)


def _fetched(request: StudyRequest, pk: UUID) -> DossierDocument:
    rows = DossierDocument.objects.select_related("time_point__subject", "redacted_by")
    row: DossierDocument = fetch(rows, request.actor, pk)
    if row.state == "removed":
        raise Http404
    return row


@study_view("arrival.view")
def screen(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show the pages of a document with the boxes that look like identity."""
    return _screen(request, _fetched(request, pk))


def _screen(
    request: StudyRequest,
    row: DossierDocument,
    *,
    errors: tuple[str, ...] = (),
    signing: bool = False,
) -> HttpResponse:
    code = request.study.code
    item = row.items.select_related("dossier").order_by("-dossier__version").first()
    home = (
        reverse("dossier", args=[code, item.dossier_id])
        if item is not None
        else reverse("dossier-desk", args=[code])
    )
    back = Link(label=str(row.time_point), url=home)
    return render(
        request,
        "clinical/document.html",
        {
            "paper": row,
            "home": home,
            "crumbs": crumbs(request, back, str(row)),
            "risks": risks_of(row),
            "masking": masking_of(
                row, lambda sha256: reverse("dossier-document-page", args=[code, row.pk, sha256])
            )
            if row.pages
            else None,
            "sign": _sign(request, row, errors) if row.state == "redacted" else None,
            "signing": signing,
            "signatures": shown_signatures(row) if row.state == "released" else [],
            "open": row.state in {"held", "redacted"},
        },
        status=422 if errors else 200,
    )


def _sign(request: StudyRequest, row: DossierDocument, errors: tuple[str, ...]) -> Any:
    return sign_request(
        request,
        row,
        dialog_id="release",
        title=_("Release %s") % row,
        url=reverse("dossier-document-release", args=[request.study.code, row.pk]),
        facts=((_("Pages"), str(len(row.pages))), (_("Masks"), str(len(row.masks)))),
        statement=_(STATEMENT),
        consequence=_("Readers see these pages as pictures when the dossier is applied."),
        errors=errors,
        label=_("Sign and release"),
    )


@study_view("arrival.view")
def page(request: StudyRequest, pk: UUID, sha256: str) -> HttpResponse:
    """Serve one page of a held document; each is an event, none is kept by the browser."""
    content = papers.page_picture(_fetched(request, pk), sha256, actor=request.actor)
    if content is None:
        raise Http404
    return unkept(content)


@study_view("attachment.view")
def copy(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Download the redacted copy."""
    row = _fetched(request, pk)
    content = papers.copy_of(row, actor=request.actor)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{row.name}"'
    response["Cache-Control"] = "no-store"
    return response


def _again(request: StudyRequest, row: DossierDocument) -> HttpResponse:
    return redirect("dossier-document", request.study.code, row.pk)


@study_view("submission.hold", methods=("POST",))
def redact(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Make the flat copy with the masks that were drawn."""
    row = _fetched(request, pk)
    reason = request.POST.get("reason", "")
    try:
        papers.redact(row, posted_masks(request), reason=reason, actor=request.actor)
        messages.success(request, _("The redacted copy was made. Look at it, then release it."))
    except Refused as refused:
        messages.error(request, refused.message)
    return _again(request, row)


@study_view("submission.hold", methods=("POST",))
def release(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Release the copy by signature."""
    row = _fetched(request, pk)
    try:
        assent = proven(request, row, meaning=MEANING, statement=STATEMENT)
        documents.release(row, actor=request.actor, assent=assent)
    except Refused as refused:
        return _screen(request, row, errors=(refused.message,), signing=True)
    messages.success(request, _("%s was released.") % row)
    return _again(request, row)


@study_view("submission.hold", methods=("POST",))
def refuse(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Refuse a document, with the reason."""
    row = _fetched(request, pk)
    papers.refuse(row, reason=request.POST.get("reason", ""), actor=request.actor)
    messages.success(request, _("%s was refused.") % row)
    return _again(request, row)


@study_view("submission.hold", methods=("POST",))
def take_back(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Hold a released or refused document again, with the reason."""
    row = _fetched(request, pk)
    papers.take_back(row, reason=request.POST.get("reason", ""), actor=request.actor)
    messages.success(request, _("%s is held again.") % row)
    return _again(request, row)


@study_view("dossier.enter", methods=("POST",))
def remove(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take a document out of a dossier that is still asked for."""
    row = _fetched(request, pk)
    item = row.items.order_by("-dossier__version").first()
    try:
        documents.remove(row, actor=request.actor)
        messages.success(request, _("%s was taken out.") % row)
    except Refused as refused:
        messages.error(request, refused.message)
    if item is None:
        return redirect("dossier-desk", request.study.code)
    return redirect("dossier", request.study.code, item.dossier_id)
