"""Papers that a site attaches: taken in sealed and held; what is released is a flat copy.

Office documents (docx, xlsx, pptx) are typeset anew from what they show; what they hide (comments,
tracked changes, notes, hidden rows, macros, embedded objects) is listed as a risk and never leaves.
Old binary documents and those with a password are refused at the door: nothing here opens them.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from audit.actors import Actor, acting
from audit.errors import Conflict, Refused, RuleBroken
from audit.models import record
from imaging.models import Attachment, Submission
from imaging.pipeline.office import kind_of_names
from imaging.services.manifest import OPEN_STATES
from imaging.storage import ArrivalStore
from imaging.workflows import ATTACHMENT

MAX_ATTACHMENTS: Final = 20
MAX_BYTES: Final = 50 * 1024**2
_IMAGES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
_ZIP: Final = b"PK\x03\x04"
_OLD_OFFICE: Final = (b"\xd0\xcf\x11\xe0", b"{\\rtf")


class AttachmentTooLarge(Refused):
    """An attachment is larger than one may be."""

    status = 413
    code = "too_large"


def add(
    submission: Submission,
    name: str,
    content_type: str,
    chunks: Iterable[bytes],
    *,
    actor: Actor,
) -> Attachment:
    """Take a paper into an upload that was not sent yet: sealed, under a neutral name, held.

    The same content sent again is the same attachment. The stated type decides nothing; the first
    bytes do.

    Raises:
        Conflict: IMG-010 the submission was sent already.
        AttachmentTooLarge: IMG-050 it has more than 50 MB, or there are 20 already.
        RuleBroken: IMG-051 it is no PDF, picture or Office document; IMG-052 it is an Office
            document of the old binary kind, or has a password.
    """
    actor.require("submission.upload")
    content = whole(chunks)
    kind = kind_of(content)
    arrivals = ArrivalStore(submission.pk)
    sha256 = hashlib.sha256(content).hexdigest()
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        row = _open_submission(submission)
        present = row.attachments.exclude(state="removed")
        same = present.filter(sha256=sha256).first()
        if same is not None:
            found: Attachment = same
            return found
        if present.count() >= MAX_ATTACHMENTS:
            raise AttachmentTooLarge(
                f"One submission takes at most {MAX_ATTACHMENTS} attachments.", rule="IMG-050"
            )
        number = (row.attachments.aggregate(n=Max("number"))["n"] or 0) + 1
        arrivals.put(content)
        made = Attachment(
            study_id=row.study_id,
            submission=row,
            number=number,
            kind=kind,
            sha256=sha256,
            size=len(content),
            name_sha256=arrivals.put(one_line(name).encode()),
        )
        made.save()
        record("attachment.add", made, details={"kind": kind, "bytes": len(content)})
        return made


def listed(submission: Submission) -> Any:
    """Return the attachments of a submission that were not removed again, in order."""
    return submission.attachments.exclude(state="removed").order_by("number")


def remove(attachment: Attachment, *, actor: Actor) -> Attachment:
    """Take an attachment out of an upload that was not sent yet.

    Raises:
        Conflict: IMG-010 the submission was sent already.
    """
    with transaction.atomic():
        _open_submission(attachment.submission)
        return ATTACHMENT.move(attachment, "remove", actor=actor)


def _open_submission(submission: Submission) -> Submission:
    row: Submission = (
        Submission.objects.in_study(submission.study_id).select_for_update().get(pk=submission.pk)
    )
    if row.state not in OPEN_STATES:
        raise Conflict(f"{row} was sent already; its attachments cannot change.", rule="IMG-010")
    return row


def whole(chunks: Iterable[bytes]) -> bytes:
    """Return a file that came in parts.

    Raises:
        AttachmentTooLarge: IMG-050 it has more than 50 MB.
    """
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_BYTES:
            raise AttachmentTooLarge(
                "An attachment may have at most 50 MB. Nothing of it was kept.", rule="IMG-050"
            )
        parts.append(chunk)
    return b"".join(parts)


def kind_of(content: bytes) -> str:
    """Return the kind of a paper by its first bytes.

    Raises:
        RuleBroken: IMG-051 it is none that can be shown; IMG-052 it is of an old binary kind.
    """
    if content[:1024].lstrip().startswith(b"%PDF-"):
        return Attachment.Kind.PDF
    if content.startswith(_IMAGES):
        return Attachment.Kind.IMAGE
    if content.startswith(_ZIP) and _is_office(content):
        return Attachment.Kind.OFFICE
    if content.startswith(_OLD_OFFICE):
        raise RuleBroken(
            "This is an Office document of the old kind (.doc, .xls, .ppt, .rtf), or it has a "
            "password. Save it without a password as .docx, .xlsx, .pptx or PDF and attach that. "
            "Nothing of it was kept.",
            rule="IMG-052",
        )
    raise RuleBroken(
        "Only PDF files, pictures (PNG, JPEG, TIFF) and Office documents (.docx, .xlsx, .pptx) "
        "can be attached. Nothing of it was kept.",
        rule="IMG-051",
    )


def _is_office(content: bytes) -> bool:
    """Tell by its table of contents whether a zip is an Office document; nothing is unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as opened:
            return bool(kind_of_names(opened.namelist()))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def one_line(name: str) -> str:
    """Return a file name as one printable line."""
    return "".join(c if c.isprintable() else " " for c in name)[:255]
