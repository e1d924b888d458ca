"""The form of an answer that the asker accepts (RFC 9110 12.5.1, PS3.18 8.7), or a clear 406."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.http import HttpRequest
from django.utils.translation import gettext as _

from imaging.dicomweb.problems import Problem
from imaging.pipeline.encoding import EXPLICIT_LE, NATIVE

OCTETS: Final = "application/octet-stream"
DICOM: Final = "application/dicom"
JSON: Final = "application/dicom+json"
MULTIPART: Final = "multipart/related"

#: media types of compressed frames (PS3.18 table 8.7.3-5)
COMPRESSED: Final = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.4.100": "video/mpeg2",
    "1.2.840.10008.1.2.4.101": "video/mpeg2",
    "1.2.840.10008.1.2.4.102": "video/mp4",
    "1.2.840.10008.1.2.4.103": "video/mp4",
}
_PART: Final = re.compile(r'\s*(?:,|;)?\s*([^;,="\s]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;,\s]*))?')


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entry of Accept: the media type inside, whether in parts, the transfer syntax asked."""

    media: str
    multipart: bool
    syntax: str = ""
    quality: float = 1.0


@dataclass(frozen=True, slots=True)
class Offer:
    """One form in which a resource can be sent."""

    media: str
    syntax: str = ""
    multipart: bool = True

    def __str__(self) -> str:
        syntax = f"; transfer-syntax={self.syntax}" if self.syntax else ""
        if self.multipart:
            return f'multipart/related; type="{self.media}"{syntax}'
        return f"{self.media}{syntax}"


@dataclass(slots=True)
class _Entry:
    media: str
    parameters: dict[str, str] = field(default_factory=dict)


def _entries(text: str) -> list[_Entry]:
    """Split a header value into media types with parameters; quoted texts may hold anything."""
    found: list[_Entry] = []
    for piece in re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+', text):
        words = _PART.findall(piece)
        if not words:
            continue
        entry = _Entry(words[0][0].lower())
        for name, value in words[1:]:
            entry.parameters[name.lower()] = value.strip('"')
        found.append(entry)
    return found


def wanted(request: HttpRequest) -> list[Wanted]:
    """Return what the asker accepts, best first; the query's ``accept`` goes before the header."""
    text = request.GET.get("accept", "") or request.headers.get("Accept", "") or "*/*"
    found = []
    for entry in _entries(text):
        multipart = entry.media == MULTIPART
        media = entry.parameters.get("type", "*/*").lower() if multipart else entry.media
        found.append(
            Wanted(
                media=media,
                multipart=multipart,
                syntax=entry.parameters.get("transfer-syntax", ""),
                quality=_quality(entry.parameters.get("q", "1")),
            )
        )
    return sorted((w for w in found if w.quality > 0), key=lambda w: -w.quality)


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 1.0


def _covers(want: Wanted, offer: Offer) -> bool:
    anything = want.media in {"*/*", "*"}
    if want.multipart != offer.multipart and not (anything and not want.multipart):
        return False
    kind = offer.media.split("/")[0]
    if not anything and want.media not in {offer.media, f"{kind}/*", f"{kind}/"}:
        return False
    if not offer.syntax or want.syntax in {"*", offer.syntax}:
        return True
    if want.syntax:
        return False
    # Without a transfer syntax, raw bytes and objects are asked for as Explicit VR Little Endian
    # (PS3.18 8.7.3.5.2); a compressed frame is known by its media type, and "anything" is anything.
    return anything or offer.media not in {OCTETS, DICOM} or offer.syntax == EXPLICIT_LE


def choose(request: HttpRequest, offers: Sequence[Offer]) -> Offer:
    """Return the best form that the asker accepts.

    Raises:
        Problem: 406, with every form in which the resource can be sent.
    """
    for want in wanted(request):
        for offer in offers:
            if _covers(want, offer):
                return offer
    available = list(dict.fromkeys(str(offer) for offer in offers))
    raise Problem(
        406,
        _(
            "The resource cannot be sent in a form that the request accepts. "
            "Ask for one of: %(forms)s."
        )
        % {"forms": ", ".join(available)},
        available=available,
    )


def object_offers(syntax: str, *, single: bool) -> list[Offer]:
    """Return the forms of stored objects in one transfer syntax."""
    offers = [Offer(DICOM, syntax)]
    return [*offers, Offer(DICOM, syntax, multipart=False)] if single else offers


def pixel_offers(syntax: str, *, single: bool) -> list[Offer]:
    """Return the forms of stored pixels: raw bytes, or the compressed form's own media type."""
    if syntax in NATIVE:
        offers = [Offer(OCTETS, EXPLICIT_LE)]
    else:
        media = COMPRESSED.get(syntax)
        offers = [Offer(media, syntax)] if media else []
        offers.append(Offer(OCTETS, syntax))
    if single:
        offers += [Offer(o.media, o.syntax, multipart=False) for o in offers]
    return offers


def json_offers() -> list[Offer]:
    """Return the forms of metadata and search results."""
    return [
        Offer(JSON, multipart=False),
        Offer("application/json", multipart=False),
    ]
