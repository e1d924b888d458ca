"""Picture bytes for blinded people, behind the same lock as the lists."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseNotModified

from audit.errors import NotPermitted
from audit.models import record
from imaging.storage import previews
from reads.pictures import is_picture_of
from reads.visibility import series_of_blinded
from studies.access import study_view

_CACHE = "private, max-age=86400, immutable"


@study_view("account.self")
def read_picture(request: Any, series: Any, sha256: str) -> HttpResponse:
    """Answer one picture; a locked or foreign one is not there.

    The entity tag is the content's digest: it tells nothing that the picture does not show.

    Raises:
        Http404: not for this person, not now, or not at all.
    """
    actor = request.actor
    if not (actor.may("read.perform") or actor.may("adjudication.perform")):
        raise NotPermitted("Your role does not include reading.", rule="read.perform")
    if not is_picture_of(series_of_blinded(actor), series, sha256):
        record("access.denied", details={"kind": "reads.picture", "id": str(series)})
        raise Http404
    tag = f'"{sha256}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified()
    answer = HttpResponse(previews().read(sha256), content_type="image/jpeg")
    answer["ETag"] = tag
    answer["Cache-Control"] = _CACHE
    return answer
