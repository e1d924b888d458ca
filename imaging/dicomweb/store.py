"""Storing (STOW-RS, PS3.18 10.5): objects go through the machine door like every other arrival.

What comes in is identified; it is received, cleaned and judged before anything of it can be found
here, under new identifiers. So the answer names the objects as they came and gives no addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any, Final, cast

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from audit.actors import Actor
from imaging.dicomweb import accepting
from imaging.dicomweb.multipart import BadMultipart, Reader, boundary_of
from imaging.dicomweb.problems import Problem
from imaging.models.doors import Door
from imaging.services import doors
from studies.models import Study, StudySite

RIGHT: Final = "submission.upload"
CANNOT_UNDERSTAND: Final = 0xC000
OUT_OF_RESOURCES: Final = 0xA700
NO_DICOM: Final = 0xA900
_TOO_MUCH: Final = frozenset({"too_many_files", "too_many_bytes", "file_too_large"})
_NO_DICOM: Final = frozenset(
    {"not_dicom", "empty_file", "truncated_header", "archive_not_opened", "dicomdir"}
)
_SOP_CLASS, _SOP_INSTANCE = "00081150", "00081155"
_FAILED, _STORED, _REASON = "00081198", "00081199", "00081197"
_ERROR_COMMENT = "00000902"


def store(request: HttpRequest, study: Study, actor: Actor, *, source: str) -> JsonResponse:
    """Take the objects of a multipart message in; answer for each of them.

    Raises:
        Problem: 400 the message or the site cannot be read, 415 it holds something else.
    """
    actor.require(RIGHT)
    offer = accepting.choose(request, accepting.json_offers())
    site = _site(request, study, actor)
    try:
        boundary = _boundary(request)
        message = _Message(Reader(cast(IO[bytes], request), boundary))
        received = doors.receive_objects(
            study,
            site,
            message.objects(),
            actor=actor.acting_as(RIGHT),
            door=Door.STOW,
            source=source,
        )
    except BadMultipart:
        raise Problem(
            400,
            _("The message is cut. What arrived whole before was kept; send the rest again."),
        ) from None
    return _answer(received, message.others, offer.media)


def _boundary(request: HttpRequest) -> bytes:
    content_type = request.headers.get("Content-Type", "")
    if not content_type.lower().startswith("multipart/related"):
        raise Problem(
            415,
            _("Send multipart/related with parts of type application/dicom."),
            headers={"Accept": 'multipart/related; type="application/dicom"'},
        )
    kind = content_type.lower()
    if "type=" in kind and accepting.DICOM not in kind.replace(accepting.JSON, ""):
        raise Problem(
            415,
            _("Metadata with separate bulk data is not taken. Send whole application/dicom parts."),
        )
    return boundary_of(content_type)


def _site(request: HttpRequest, study: Study, actor: Actor) -> StudySite:
    """Return the site that sends: the key's only site, or the one that the address names."""
    rows = StudySite.objects.in_study(study)
    if actor.sites is not None:
        rows = rows.filter(pk__in=actor.sites)
    number = request.GET.get("site", "")
    if number:
        rows = rows.filter(number=number)
    found = list(rows[:2])
    if len(found) != 1:
        raise Problem(
            400, _("Say for which site these images are: add ?site= and the number of the site.")
        )
    site: StudySite = found[0]
    return site


class _Message:
    """The objects in a message; parts of another kind are counted, not kept."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.others = 0

    def objects(self) -> Iterator[Iterator[bytes]]:
        for headers, content in self._reader.parts():
            kind = headers.get("content-type", accepting.DICOM).split(";")[0].strip().lower()
            if kind == accepting.DICOM:
                yield content
            else:
                self.others += 1


def reason_of(code: str) -> int:
    """Return the failure reason of a refused object (PS3.18 table I.2-2)."""
    if code in _TOO_MUCH:
        return OUT_OF_RESOURCES
    return NO_DICOM if code in _NO_DICOM else CANNOT_UNDERSTAND


def _answer(received: Sequence[doors.ReceivedObject], others: int, media: str) -> JsonResponse:
    stored, failed = [], []
    for one in received:
        named: dict[str, Any] = {
            _SOP_CLASS: _uid(one.sop_class_uid),
            _SOP_INSTANCE: _uid(one.sop_instance_uid),
        }
        if one.outcome == "refused":
            failed.append(
                {
                    _ERROR_COMMENT: {"vr": "LO", "Value": [one.reason[:64]]},
                    **named,
                    _REASON: {"vr": "US", "Value": [reason_of(one.code)]},
                }
            )
        else:
            stored.append(named)
    failed += [
        {
            _ERROR_COMMENT: {"vr": "LO", "Value": ["The part is not of type application/dicom."]},
            _REASON: {"vr": "US", "Value": [CANNOT_UNDERSTAND]},
        }
    ] * others
    body: dict[str, Any] = {}
    if failed:
        body[_FAILED] = {"vr": "SQ", "Value": failed}
    if stored:
        body[_STORED] = {"vr": "SQ", "Value": stored}
    status = (202 if stored else 409) if failed else 200
    if not failed and not stored:
        raise Problem(400, _("The message holds no objects."))
    return JsonResponse(body, status=status, content_type=media)


def _uid(uid: str) -> dict[str, Any]:
    return {"vr": "UI", "Value": [uid]} if uid else {"vr": "UI"}
