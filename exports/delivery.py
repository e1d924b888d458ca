"""A file of a cut as an answer of the web, with the event that it was taken."""

from __future__ import annotations

import base64

from django.http import FileResponse, Http404, HttpResponse

from audit.actors import Actor
from audit.errors import RuleBroken
from exports import services
from exports.models import CutFile, DataCut
from imaging.storage import deliveries

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "zip": "application/zip",
}


def file_of(cut: DataCut, name: str) -> CutFile:
    """Return a file of a cut by its name.

    Raises:
        Http404: the cut has no such file.
    """
    found = CutFile.objects.filter(cut=cut, name=name).select_related("cut").first()
    if found is None:
        raise Http404
    return found


def respond(file: CutFile, *, actor: Actor, keeps_event: bool = True) -> FileResponse:
    """Return the bytes of a file for saving (RFC 6266), with their digest (RFC 9530).

    Raises:
        NotPermitted: CUT-004 the cut is not released to this person.
        RuleBroken: CUT-007 what is stored is not what was delivered.
    """
    if keeps_event:
        services.note_download(file, actor=actor)
    store = deliveries()
    if not store.is_whole(file.sha256):
        raise RuleBroken(
            f"“{file.name}” is damaged in the store and was not sent. Tell data management.",
            rule="CUT-007",
        )
    kind = _TYPES.get(file.name.rpartition(".")[2], "text/plain; charset=utf-8")
    response = FileResponse(
        store.open(file.sha256), as_attachment=True, filename=file.name, content_type=kind
    )
    digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
    response["Content-Length"] = str(file.size)
    response["Repr-Digest"] = f"sha-256=:{digest}:"
    secure(response)
    return response


def secure(response: HttpResponse | FileResponse) -> None:
    """Let nobody guess another type, and no cache keep what was delivered."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
