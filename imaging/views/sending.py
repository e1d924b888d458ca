"""What the upload page's script talks to: manifest, contents, parts of large files, the end.

The resumable parts follow tus 1.0 (core and creation); a resource is a file of the manifest, so its
address is known without asking and only the submission's own site reaches it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.errors import Refused, RuleBroken
from imaging.models import Submission
from imaging.services import batches, manifest, resumable
from studies.access import StudyRequest, fetch, study_view

BODY_LIMIT = 8 * 1024 * 1024
CHUNK = 256 * 1024
HEARD_OUT = 64 * 1024 * 1024
TUS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
PART_TYPE = "application/offset+octet-stream"


def _fetched(request: StudyRequest, pk: UUID) -> Submission:
    row: Submission = fetch(Submission.objects.select_related("study"), request.actor, pk)
    return row


def _json(request: HttpRequest) -> dict[str, Any]:
    size = request.headers.get("Content-Length") or "0"
    try:
        body = json.loads(request.read(BODY_LIMIT)) if int(size) <= BODY_LIMIT else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RuleBroken("The page sent something unreadable.", rule="IMG-012")
    return body


def _answer(refused: Refused, **headers: str) -> JsonResponse:
    return JsonResponse(
        {"detail": refused.message, "rule": refused.rule, "details": refused.details},
        status=refused.status,
        headers=headers,
    )


def body_chunks(request: HttpRequest) -> Iterator[bytes]:
    """Yield a request's body as it arrives; nothing is kept in memory."""
    while chunk := request.read(CHUNK):
        yield chunk


def _cut() -> JsonResponse:
    # Nobody is there to read it, but the access log tells a cut line from a fault of ours.
    return JsonResponse({"detail": _("The connection ended before the file did.")}, status=400)


@study_view("submission.upload", methods=("POST",))
def announce(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Take a manifest and say which files are missing; take out what was unchosen."""
    row = _fetched(request, pk)
    try:
        body = _json(request)
        entries = [(item["sha256"], item["size"]) for item in body["files"]]
        if body.get("left_out"):
            manifest.leave_out(row, list(body["left_out"]), actor=request.actor)
        missing = manifest.announce(row, entries, actor=request.actor)
    except (KeyError, TypeError):
        return JsonResponse({"detail": _("The manifest is not readable.")}, status=400)
    except Refused as refused:
        return _answer(refused)
    chosen = {sha256 for sha256, _size in entries}
    return JsonResponse(
        {
            "missing": [sha256 for sha256 in missing if sha256 in chosen],
            # Announced once and not chosen now: the page takes them out when it has sent the rest.
            "others_missing": [sha256 for sha256 in missing if sha256 not in chosen],
        }
    )


@study_view("submission.upload", methods=("PUT",))
def put(request: StudyRequest, pk: UUID, sha256: str) -> HttpResponse:
    """Take the bytes of one announced file as they stream in."""
    actor = request.actor
    mine = Submission.objects.visible_to(actor)
    try:
        if not manifest.take_file(mine, pk, sha256, body_chunks(request), actor=actor):
            manifest.store_file(_fetched(request, pk), sha256, body_chunks(request), actor=actor)
    except Refused as refused:
        return _answer(refused)
    except UnreadablePostError:
        return _cut()
    return HttpResponse(status=204)


@study_view("submission.upload", methods=("POST",))
def many(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take many announced files in one message, durable when this answers (``batches``)."""
    mine = Submission.objects.visible_to(request.actor)
    try:
        digests = batches.named_in(request.readline(batches.LONGEST_LINE + 2))
        if not batches.take_files(mine, pk, digests, request.read, actor=request.actor):
            _fetched(request, pk)  # says 404, and keeps that it was asked for
    except UnreadablePostError:
        return _cut()
    except Refused as refused:
        _fetched(request, pk)  # what is not theirs is not found, however the message looks
        return _heard_out(request, refused)
    return HttpResponse(status=204)


def _heard_out(request: HttpRequest, refused: Refused) -> JsonResponse:
    """Answer a refusal when the message is over: a browser that still sends takes the answer for a
    lost line."""
    left = HEARD_OUT
    try:
        while left > 0 and (chunk := request.read(CHUNK)):
            left -= len(chunk)
    except UnreadablePostError:
        return _cut()
    return _answer(refused)


@study_view("submission.upload", methods=("POST", "OPTIONS"))
def parts(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Say what the resumable door can do, or give the address of an announced file there."""
    row = _fetched(request, pk)
    if request.method == "OPTIONS":
        return HttpResponse(
            status=204, headers={**TUS, "Tus-Version": "1.0.0", "Tus-Extension": "creation"}
        )
    sha256 = _metadata(request.headers.get("Upload-Metadata", "")).get("sha256", "")
    try:
        announced = resumable.announced(row, sha256, actor=request.actor)
        if request.headers.get("Upload-Length") != str(announced.size):
            raise RuleBroken("The file has another size than was announced.", rule="IMG-012")
    except Refused as refused:
        return _answer(refused, **TUS)
    place = reverse("upload-part", args=[request.study.code, row.pk, sha256])
    return HttpResponse(status=201, headers={**TUS, "Location": place})


def _metadata(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in header.split(","):
        name, _space, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


@study_view("submission.upload", methods=("HEAD", "PATCH"))
def part(request: StudyRequest, pk: UUID, sha256: str) -> HttpResponse:
    """Say how much of a large file is durable, or take its next part."""
    row = _fetched(request, pk)
    try:
        announced = resumable.announced(row, sha256, actor=request.actor)
        if request.method == "HEAD":
            headers = {"Upload-Length": str(announced.size)}
            reached = resumable.offset_of(row, announced)
        else:
            if request.headers.get("Content-Type") != PART_TYPE:
                return HttpResponse(status=415, headers=TUS)
            offset = int(request.headers.get("Upload-Offset", ""))
            headers = {}
            reached = resumable.add_part(row, announced, offset, body_chunks(request))
    except resumable.OffsetMismatch as mismatch:
        return _answer(mismatch, **TUS, **{"Upload-Offset": str(mismatch.details["offset"])})
    except Refused as refused:
        return _answer(refused, **TUS)
    except ValueError:
        return HttpResponse(status=400, headers=TUS)
    except UnreadablePostError:
        return _cut()
    status = 200 if request.method == "HEAD" else 204
    return HttpResponse(status=status, headers={**TUS, **headers, "Upload-Offset": str(reached)})


@study_view("submission.upload", methods=("POST",))
def finish(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Say that everything was sent, and go on to the checks."""
    row = _fetched(request, pk)
    try:
        body = _json(request)
        said = body.get("said", [])
        if not isinstance(said, list) or not all(isinstance(item, dict) for item in said):
            raise RuleBroken("The page sent something unreadable.", rule="IMG-012")
        if body.get("left_out"):
            manifest.leave_out(row, list(body["left_out"]), actor=request.actor)
        manifest.finish(row, actor=request.actor, said=said)
    except Refused as refused:
        return _answer(refused)
    return JsonResponse({"next": reverse("upload-checks", args=[request.study.code, row.pk])})
