"""Pictures of clean series: one address per content, immutable, seen by those who may see it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils.translation import gettext as _

from imaging.models import Preview, Series
from imaging.services import package
from imaging.storage import previews
from studies.access import StudyRequest, fetch, study_view

FOREVER = "private, max-age=31536000, immutable"


@study_view("submission.view")
def picture(request: StudyRequest, series_id: UUID, sha256: str) -> HttpResponse:
    """Serve one rendered picture of a series."""
    row = fetch(Series, request.actor, series_id)
    return serve(request, row, sha256)


def serve(request: HttpRequest, row: Series, sha256: str) -> HttpResponse:
    """Answer with a picture that belongs to a series which the caller may see.

    Raises:
        Http404: the series has no such picture.
    """
    if not any(
        sha256 == preview.thumbnail_sha256 or sha256 in preview.objects_sha256
        for preview in Preview.objects.filter(series=row)
    ):
        raise Http404
    tag = f'"{sha256}"'
    if request.headers.get("If-None-Match") == tag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(previews().read(sha256), content_type="image/jpeg")
    response["ETag"] = tag
    response["Cache-Control"] = FOREVER
    return response


@study_view("submission.view")
def stack(request: StudyRequest, series_id: UUID) -> JsonResponse:
    """Answer the stack viewer with the pictures of one series."""
    row = fetch(Series.objects.select_related("submission__time_point"), request.actor, series_id)
    return JsonResponse({"panes": [pane(request.study.code, row)]})


def pane(study_code: str, row: Series) -> dict[str, Any]:
    """Return one pane of the stack viewer."""
    values = row.facts.get("values", {})
    detail = [values.get("slice_thickness_mm", ""), values.get("kernel", "")]
    return {
        "title": row.description or row.modality,
        "detail": " · ".join(part for part in detail if part)
        or _("%d images") % row.instance_count,
        "corner": str(row.submission.time_point),
        "stack": package.stack(row, study_code=study_code),
    }
