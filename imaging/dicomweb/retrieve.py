"""Retrieval (WADO-RS, PS3.18 10.4): objects, frames, metadata and bulk data, from byte ranges."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _

from imaging.dicomweb import accepting, multipart, part10
from imaging.dicomweb.blinding import BlindedView
from imaging.dicomweb.metadata import document_of, metadata_of
from imaging.dicomweb.problems import Problem, absent
from imaging.dicomweb.scopes import Scope, instance_for_staff
from imaging.models import InstanceIndex, SeriesIndex
from imaging.pipeline.encoding import NATIVE
from imaging.storage import metadata_documents, research

FRAMES_AT_ONCE: Final = 1000
SENT_AT_ONCE: Final = 4 * 1024 * 1024
_OPEN: Final = b'"@base@'


@dataclass(frozen=True, slots=True)
class Place:
    """Where a resource lies: the address up to the study, and the identifiers on the way."""

    base: str
    study_uid: str
    series_uid: str = ""
    sop_uid: str = ""

    @property
    def series_url(self) -> str:
        """Address of the series."""
        return f"{self.base}/studies/{self.study_uid}/series/{self.series_uid}"

    @property
    def url(self) -> str:
        """Address of the instance."""
        return f"{self.series_url}/instances/{self.sop_uid}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A visible series and how it is shown; ``document`` names its metadata where it was asked."""

    row: SeriesIndex
    view: BlindedView | None
    document: str = ""

    def instances(self) -> Any:
        """Return its instances in order."""
        rows = InstanceIndex.objects.filter(series_id=self.row.series_id)
        if self.view is not None:
            rows = rows.filter(frames__gt=0)
        return rows.order_by("number", "instance_id")

    def tag(self, *parts: object) -> str:
        """Return an entity tag that changes with the content and with how it is shown."""
        view = self.view.digest if self.view else ""
        text = "|".join([self.row.members, view, *map(str, parts)])
        return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def series_of(scope: Scope, place: Place) -> list[Shown]:
    """Return the visible series of a study, or the one that is named.

    Raises:
        Problem: 404 there is none.
    """
    rows = scope.series(place.series_uid).filter(study_uid=place.study_uid)
    views = scope.views(place.series_uid) if scope.blinded else {}
    single: dict[str, Shown] = {}
    for row in rows.order_by("number", "uid", "-indexed_at"):
        single.setdefault(row.uid, Shown(row, views.get(row.series_id)))
    if not single:
        raise absent()
    scope.retrieved.update(one.row.series_id for one in single.values())
    return list(single.values())


def instance_of(scope: Scope, place: Place) -> tuple[InstanceIndex, Shown]:
    """Return a visible instance and its series.

    Raises:
        Problem: 404 there is none.
    """
    if scope.whole:
        found = instance_for_staff(
            scope, study_uid=place.study_uid, series_uid=place.series_uid, sop_uid=place.sop_uid
        )
        if found is None:
            raise absent()
        scope.retrieved.add(found[1].series_id)
        return found[0], Shown(found[1], None, found[2])
    (shown,) = series_of(scope, place)
    row = shown.instances().filter(sop_instance_uid=place.sop_uid).first()
    if row is None:
        raise absent()
    return row, shown


# --- objects --------------------------------------------------------------------------------------


def objects(request: HttpRequest, scope: Scope, place: Place) -> HttpResponseBase:
    """Send the objects of a study or of a series, one part each."""
    shown = series_of(scope, place)
    rows = [(one, row) for one in shown for row in one.instances()]
    syntaxes = list(dict.fromkeys(part10.sent_syntax(row) for _, row in rows))
    offers = [accepting.object_offers(syntax, single=False)[0] for syntax in syntaxes]
    for offer in offers:
        _acceptable(request, offer)
    answer = multipart.streamed(_object_parts(rows, place.base), accepting.DICOM)
    answer["ETag"] = shown[0].tag(*(one.tag() for one in shown), *syntaxes)
    return answer


def _acceptable(request: HttpRequest, offer: accepting.Offer) -> None:
    accepting.choose(request, [offer])


def _object_parts(
    rows: Sequence[tuple[Shown, InstanceIndex]], base: str
) -> Iterator[multipart.Part]:
    for shown, row in rows:
        sent = part10.whole(row, shown.view)
        place = Place(base, shown.row.study_uid, shown.row.uid, row.sop_instance_uid)
        media = f"{accepting.DICOM}; transfer-syntax={part10.sent_syntax(row)}"
        yield multipart.Part(media, place.url, sent.size, sent.chunks)


def one_object(request: HttpRequest, scope: Scope, place: Place) -> HttpResponseBase:
    """Send one object."""
    row, shown = instance_of(scope, place)
    offer = accepting.choose(request, accepting.object_offers(part10.sent_syntax(row), single=True))
    tag = shown.tag(row.sha256, offer)
    if matched(request, tag):
        return unchanged(tag)
    sent = part10.whole(row, shown.view)
    answer: HttpResponseBase
    if offer.multipart:
        media = f"{accepting.DICOM}; transfer-syntax={offer.syntax}"
        part = multipart.Part(media, place.url, sent.size, sent.chunks)
        small = sent.size <= SENT_AT_ONCE
        send = multipart.whole if small else multipart.streamed
        answer = send([part], accepting.DICOM)
    else:
        answer = StreamingHttpResponse(sent.chunks, content_type=accepting.DICOM)
        answer["Content-Length"] = str(sent.size)
        answer["Content-Disposition"] = "attachment"
    answer["ETag"] = tag
    return answer


# --- frames ---------------------------------------------------------------------------------------


def frames(request: HttpRequest, scope: Scope, place: Place, numbers: str) -> HttpResponseBase:
    """Send frames as they are stored."""
    row, shown = instance_of(scope, place)
    wanted = frame_numbers(numbers, row)
    offer = accepting.choose(
        request, accepting.pixel_offers(row.transfer_syntax, single=len(wanted) == 1)
    )
    tag = shown.tag(row.sha256, wanted, offer)
    if matched(request, tag):
        return unchanged(tag)
    try:
        found = [part10.frame(row, number) for number in wanted]
    except LookupError:
        raise _frames_unknown() from None
    answer = _pixels(found, [f"{place.url}/frames/{number}" for number in wanted], offer)
    answer["ETag"] = tag
    return answer


def _frames_unknown() -> Problem:
    return Problem(
        406,
        _("The frames of this object cannot be told apart; retrieve the whole object."),
    )


def frame_numbers(text: str, row: InstanceIndex) -> list[int]:
    """Read a list of frames, counted from 1.

    Raises:
        Problem: 400 it is no list of numbers; 404 a frame does not exist.
    """
    parts = text.replace("%2C", ",").replace("%2c", ",").split(",")
    if len(parts) > FRAMES_AT_ONCE or not all(p.isdigit() and len(p) < 10 for p in parts):  # noqa: PLR2004
        raise Problem(400, _("Frames are named by numbers from 1, separated by commas."))
    numbers = [int(part) for part in parts]
    if 0 in numbers:
        raise Problem(400, _("Frames are named by numbers from 1, separated by commas."))
    if any(number > row.frames for number in numbers):
        raise absent()
    return numbers


def _pixels(
    found: Sequence[bytes], places: Sequence[str], offer: accepting.Offer
) -> HttpResponseBase:
    if not offer.multipart:
        answer = HttpResponse(found[0], content_type=offer.media)
        answer["Content-Length"] = str(len(found[0]))
        return answer
    media = f"{offer.media}; transfer-syntax={offer.syntax}" if offer.syntax else offer.media
    parts = [
        multipart.Part(media, place, len(content), (content,))
        for content, place in zip(found, places, strict=True)
    ]
    return multipart.whole(parts, offer.media)


# --- bulk data ------------------------------------------------------------------------------------


def bulk_data(request: HttpRequest, scope: Scope, place: Place, path: str) -> HttpResponseBase:
    """Send one large value by its path, or all of an instance."""
    row, shown = instance_of(scope, place)
    chosen = [one for one in _bulk_of(row, shown) if not path or one[0] == path.upper()]
    if not chosen:
        raise absent()
    pixels = part10.pixels_of(row)
    if len(chosen) == 1 and pixels and chosen[0][0] == f"{pixels[0]:08X}":
        return all_frames(request, row, shown, place)
    offer = accepting.choose(request, _bulk_offers(single=len(chosen) == 1))
    tag = shown.tag(row.sha256, "bulk", path, offer)
    if matched(request, tag):
        return unchanged(tag)
    store = research()
    found = [store.part(row.sha256, at, length) for _, _, at, length in chosen]
    answer = _pixels(found, [f"{place.url}/bulkdata/{one[0]}" for one in chosen], offer)
    answer["ETag"] = tag
    return answer


def _bulk_of(row: InstanceIndex, shown: Shown) -> Iterable[tuple[str, str, int, int]]:
    pixels = part10.pixels_of(row)
    if shown.view is None:
        return [tuple(one) for one in row.bulk]
    # A blinded person gets pixels only; other large values are in the header or are not theirs.
    return [(f"{pixels[0]:08X}", *pixels[1:])] if pixels else []


def _bulk_offers(*, single: bool) -> list[accepting.Offer]:
    offers = [accepting.Offer(accepting.OCTETS)]
    return [*offers, accepting.Offer(accepting.OCTETS, multipart=False)] if single else offers


def all_frames(
    request: HttpRequest, row: InstanceIndex, shown: Shown, place: Place
) -> HttpResponseBase:
    """Send the pixel data: native as one part, compressed as one part for each frame."""
    native = row.transfer_syntax in NATIVE
    offer = accepting.choose(
        request,
        accepting.pixel_offers(row.transfer_syntax, single=native or row.frames == 1),
    )
    tag = shown.tag(row.sha256, "pixels", offer)
    if matched(request, tag):
        return unchanged(tag)
    answer = _native_pixels(row, place, offer) if native else _fragments(row, place, offer)
    answer["ETag"] = tag
    return answer


def _native_pixels(row: InstanceIndex, place: Place, offer: accepting.Offer) -> HttpResponseBase:
    pixels = part10.pixels_of(row)
    if pixels is None:
        raise absent()
    tag, _vr, at, length = pixels
    chunks = research().parts(row.sha256, at, length)
    if not offer.multipart:
        answer = StreamingHttpResponse(chunks, content_type=offer.media)
        answer["Content-Length"] = str(length)
        return answer
    media = f"{offer.media}; transfer-syntax={offer.syntax}"
    part = multipart.Part(media, f"{place.url}/bulkdata/{tag:08X}", length, chunks)
    return multipart.streamed([part], offer.media)


def _fragments(row: InstanceIndex, place: Place, offer: accepting.Offer) -> HttpResponseBase:
    if row.fragments is None:
        raise _frames_unknown()
    if not offer.multipart:
        return _pixels([part10.frame(row, 1)], [place.url], offer)
    media = f"{offer.media}; transfer-syntax={offer.syntax}"

    def parts() -> Iterator[multipart.Part]:
        for number in range(1, row.frames + 1):
            content = part10.frame(row, number)
            yield multipart.Part(media, f"{place.url}/frames/{number}", len(content), (content,))

    return multipart.streamed(parts(), offer.media)


# --- metadata -------------------------------------------------------------------------------------


def metadata(request: HttpRequest, scope: Scope, place: Place) -> HttpResponseBase:
    """Send the metadata of a study or of a series from its stored files."""
    offer = accepting.choose(request, accepting.json_offers())
    shown = series_of(scope, place)
    tag = shown[0].tag(*(one.tag() for one in shown), place.base, offer.media)
    if matched(request, tag):
        return unchanged(tag)
    parts = [_document(one, place) for one in shown]
    content = parts[0] if len(parts) == 1 else b"[" + b",\n".join(p[1:-1] for p in parts) + b"]"
    answer = HttpResponse(content, content_type=offer.media)
    answer["ETag"] = tag
    return answer


def _document(shown: Shown, place: Place) -> bytes:
    document = document_of(shown.row, shown.view)
    if document is None:
        raise being_indexed()
    content = metadata_documents().part(document.sha256, 0, document.size)
    address = Place(place.base, shown.row.study_uid, shown.row.uid).series_url
    return content.replace(_OPEN, b'"' + address.encode())


def being_indexed() -> Problem:
    """Return the answer for a series whose index is being made."""
    return Problem(503, _("The series is being indexed. Try again."), headers={"Retry-After": "5"})


def instance_metadata(request: HttpRequest, scope: Scope, place: Place) -> HttpResponseBase:
    """Send the metadata of one instance."""
    offer = accepting.choose(request, accepting.json_offers())
    row, shown = instance_of(scope, place)
    tag = shown.tag(row.sha256, "metadata", place.base, offer.media)
    if matched(request, tag):
        return unchanged(tag)
    try:
        text = metadata_of(row, shown.row, shown.view, document=shown.document)
    except LookupError:
        raise being_indexed() from None
    content = text.replace('"@base@', f'"{place.series_url}')
    answer = HttpResponse(f"[{content}]", content_type=offer.media)
    answer["ETag"] = tag
    return answer


# --- conditional requests -------------------------------------------------------------------------


def matched(request: HttpRequest, tag: str) -> bool:
    """Tell whether the asker holds this version already (RFC 9110 13.1.2)."""
    given = request.headers.get("If-None-Match", "")
    return given.strip() == "*" or tag in {
        one.strip().removeprefix("W/") for one in given.split(",")
    }


def unchanged(tag: str) -> HttpResponse:
    """Answer that the asker's version is the current one."""
    return HttpResponse(status=304, headers={"ETag": tag})
