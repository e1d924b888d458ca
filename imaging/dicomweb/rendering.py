"""Rendered images and thumbnails (PS3.18 10.4.1.1.3): the stored pictures, else made on request.

Compressed pixels are decoded only in a child process with limits, because decoders are foreign
code; native ones are arithmetic.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from PIL import Image

from imaging.dicomweb import accepting, multipart, part10
from imaging.dicomweb.problems import Problem, absent
from imaging.dicomweb.retrieve import (
    Place,
    Shown,
    frame_numbers,
    instance_of,
    matched,
    series_of,
    unchanged,
)
from imaging.dicomweb.scopes import Scope
from imaging.models import InstanceIndex, Preview
from imaging.pipeline.encoding import NATIVE
from imaging.pipeline.previews import WINDOWS, full_range, linear_window
from imaging.storage import previews, research

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
THUMBNAIL_PX: Final = 128
LARGEST_PX: Final = 8192
QUALITY: Final = 90
DECODE_SECONDS: Final = 30
WINDOW_FUNCTIONS: Final = frozenset({"LINEAR", "LINEAR_EXACT", "SIGMOID"})


@dataclass(frozen=True, slots=True)
class Look:
    """How an image is wanted: window, size, quality (PS3.18 8.3.5)."""

    centre: float | None = None
    width: float | None = None
    function: str = "LINEAR"
    columns: int = 0
    rows: int = 0
    quality: int = QUALITY

    @property
    def plain(self) -> bool:
        """Tell whether nothing was asked for, so that the stored picture serves."""
        return self == Look()


def look_of(request: HttpRequest) -> Look:
    """Read the parameters of rendering.

    Raises:
        Problem: 400 one cannot be read.
    """
    window = [part.strip() for part in request.GET.get("window", "").split(",") if part.strip()]
    viewport = [part.strip() for part in request.GET.get("viewport", "").split(",")][:2]
    try:
        centre, width = (float(window[0]), float(window[1])) if window else (None, None)
        function = window[2].upper().replace("-", "_") if len(window) > 2 else "LINEAR"  # noqa: PLR2004
        columns, rows = (int(p) if p else 0 for p in viewport) if any(viewport) else (0, 0)
        quality = int(request.GET.get("quality", QUALITY))
    except (ValueError, IndexError):
        raise Problem(
            400, _("window is centre,width[,function]; viewport is columns,rows; quality is 1–100.")
        ) from None
    whole = function in WINDOW_FUNCTIONS and (width is None or width >= 1)
    sized = 0 <= columns <= LARGEST_PX and 0 <= rows <= LARGEST_PX
    if not (whole and sized and 1 <= quality <= 100):  # noqa: PLR2004
        raise Problem(400, _("window, viewport or quality is outside what can be rendered."))
    return Look(centre, width, function, columns, rows, quality)


def _offers() -> list[accepting.Offer]:
    return [accepting.Offer(JPEG, multipart=False), accepting.Offer(PNG, multipart=False)]


def rendered(
    request: HttpRequest, scope: Scope, place: Place, numbers: str = "1"
) -> HttpResponseBase:
    """Send one frame as a picture; of several frames one part each."""
    row, shown = instance_of(scope, place)
    if not row.frames:
        raise absent()
    wanted, look = frame_numbers(numbers, row), look_of(request)
    if len(wanted) > 1:
        offer = accepting.choose(request, [accepting.Offer(JPEG), accepting.Offer(PNG)])
        content = [(number, picture(row, number, look, offer.media)) for number in wanted]
        parts = [
            multipart.Part(offer.media, f"{place.url}/frames/{n}/rendered", len(c), (c,))
            for n, c in content
        ]
        return multipart.whole(parts, offer.media)
    offer = accepting.choose(request, _offers())
    tag = shown.tag(row.sha256, wanted, look, offer)
    if matched(request, tag):
        return unchanged(tag)
    answer = HttpResponse(picture(row, wanted[0], look, offer.media), content_type=offer.media)
    answer["ETag"] = tag
    return answer


def rendered_all(request: HttpRequest, scope: Scope, place: Place) -> HttpResponseBase:
    """Send the first frame of every image of a study or series, one part each."""
    offer = accepting.choose(request, [accepting.Offer(JPEG), accepting.Offer(PNG)])
    look = look_of(request)
    shown = series_of(scope, place)

    def parts() -> Iterator[multipart.Part]:
        for one in shown:
            for row in one.instances().filter(frames__gt=0).iterator(chunk_size=200):
                content = picture(row, 1, look, offer.media)
                where = Place(place.base, one.row.study_uid, one.row.uid, row.sop_instance_uid)
                yield multipart.Part(offer.media, f"{where.url}/rendered", len(content), (content,))

    return multipart.streamed(parts(), offer.media)


def thumbnail(
    request: HttpRequest, scope: Scope, place: Place, numbers: str = "1"
) -> HttpResponseBase:
    """Send a small picture of a study, series, instance or frame."""
    offer = accepting.choose(request, _offers())
    look = look_of(request)
    edge = look.columns or look.rows or THUMBNAIL_PX
    small = Look(look.centre, look.width, look.function, edge, edge, look.quality)
    if place.sop_uid:
        row, shown = instance_of(scope, place)
        number = frame_numbers(numbers, row)[0] if row.frames else 1
    else:
        row, shown = _middle(series_of(scope, place))
        number = (row.frames + 1) // 2
    if not row.frames:
        raise absent()
    tag = shown.tag(row.sha256, "thumbnail", number, small, offer)
    if matched(request, tag):
        return unchanged(tag)
    answer = HttpResponse(picture(row, number, small, offer.media), content_type=offer.media)
    answer["ETag"] = tag
    return answer


def _middle(shown: list[Shown]) -> tuple[InstanceIndex, Shown]:
    """Return the middle image of the longest series."""
    for one in sorted(shown, key=lambda one: -one.row.instance_count):
        rows = one.instances().filter(frames__gt=0)
        count = rows.count()
        if count:
            return rows[count // 2], one
    raise absent()


def picture(row: InstanceIndex, number: int, look: Look, media: str) -> bytes:
    """Return one frame as JPEG or PNG.

    Raises:
        Problem: 406 the pixels cannot be rendered here.
    """
    stored = _stored(row, number) if look.centre is None else None
    if stored is not None:
        if look.plain and media == JPEG:
            return stored
        image: Image.Image = Image.open(io.BytesIO(stored))
    else:
        image = _made(row, number, look)
    if look.columns or look.rows:
        image = image.copy()
        image.thumbnail(
            (look.columns or LARGEST_PX, look.rows or LARGEST_PX), Image.Resampling.LANCZOS
        )
    out = io.BytesIO()
    if media == PNG:
        image.save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=look.quality)
    return out.getvalue()


def _stored(row: InstanceIndex, number: int) -> bytes | None:
    """Return the picture that was rendered in the worker, if there is one."""
    preview = Preview.objects.filter(series_id=row.series_id).order_by("id").first()
    if preview is None:
        return None
    for place, (uid, frame, _height) in enumerate(preview.slices):
        if uid == row.sop_instance_uid and frame == number - 1:
            return previews().read(preview.objects_sha256[place])
    return None


def _made(row: InstanceIndex, number: int, look: Look) -> Image.Image:
    dataset = _dataset(row)
    try:
        if row.transfer_syntax in NATIVE:
            values = _native(row, number, dataset)
        else:
            values = _decoded(row, number)
            if values.ndim == 3:  # noqa: PLR2004 - the decoder has made red, green and blue
                dataset.PhotometricInterpretation = "RGB"
    except (LookupError, ValueError, subprocess.SubprocessError, OSError):
        raise Problem(
            406, _("This image cannot be rendered here; retrieve its frames instead.")
        ) from None
    return _shown(values, dataset, look)


def _dataset(row: InstanceIndex) -> Any:
    from pydicom import dcmread

    header = b"".join(part10.whole_header(row))
    return dcmread(io.BytesIO(header), stop_before_pixels=True)


def _native(row: InstanceIndex, number: int, dataset: Any) -> NDArray[Any]:
    samples = int(dataset.get("SamplesPerPixel", 1))
    signed = int(dataset.get("PixelRepresentation", 0)) == 1
    content = part10.frame(row, number)
    count = row.rows * row.columns
    if row.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")[:count]
        return bits.reshape(row.rows, row.columns)
    kind = np.dtype(f"<{'i' if signed else 'u'}{row.bits_allocated // 8}")
    if len(content) != count * samples * kind.itemsize:
        raise ValueError("subsampled or float pixels")
    flat = np.frombuffer(content, kind)
    if samples == 1:
        return flat.reshape(row.rows, row.columns)
    if int(dataset.get("PlanarConfiguration", 0)):
        return flat.reshape(samples, row.rows, row.columns).transpose(1, 2, 0)
    return flat.reshape(row.rows, row.columns, samples)


def _decoded(row: InstanceIndex, number: int) -> NDArray[Any]:
    """Decode a compressed frame in a child process."""
    store, place = research(), f"render-{row.sha256[:16]}"
    path = store.path_of(row.sha256, place=place)
    done = subprocess.run(
        [sys.executable, "-m", "imaging.dicomweb.decoding", str(path), str(number)],
        capture_output=True,
        timeout=DECODE_SECONDS,
        check=True,
    )
    if store.root is None:
        store.clear_workspace(place)
    return np.asarray(np.load(io.BytesIO(done.stdout), allow_pickle=False))


def _shown(values: NDArray[Any], dataset: Any, look: Look) -> Image.Image:
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, convert_color_space

    photometric = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
    if photometric == "PALETTE COLOR":
        values = np.asarray(apply_color_lut(values, dataset))
        return Image.fromarray((values >> 8).astype(np.uint8) if values.itemsize > 1 else values)
    if values.ndim == 3:  # noqa: PLR2004 - rows, columns, samples
        if photometric.startswith("YBR") and values.dtype == np.uint8:
            values = np.asarray(convert_color_space(values, photometric, "RGB"))
        shown = values if values.dtype == np.uint8 else full_range(values.astype(np.float32))
        return Image.fromarray(np.ascontiguousarray(shown[..., :3]))
    measured = np.asarray(apply_modality_lut(values, dataset), dtype=np.float32)
    grey = _windowed(measured, dataset, look)
    return Image.fromarray(255 - grey if photometric == "MONOCHROME1" else grey)


def _windowed(values: NDArray[np.float32], dataset: Any, look: Look) -> NDArray[np.uint8]:
    centre, width = look.centre, look.width
    if centre is None and dataset.get("Modality") == "CT":
        centre, width = WINDOWS["soft"]
    elif centre is None and dataset.get("WindowCenter") not in (None, ""):
        centre, width = (_first(dataset.get(n)) for n in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None or width <= 0:
        return full_range(values)
    if look.function == "SIGMOID":  # PS3.3 C.11.2.1.3.1
        with np.errstate(over="ignore"):
            return np.rint(255 / (1 + np.exp(-4 * (values - centre) / width))).astype(np.uint8)
    if look.function == "LINEAR_EXACT":  # PS3.3 C.11.2.1.3.2
        exact = ((values - centre) / width + 0.5) * 255
        return np.clip(np.rint(exact), 0, 255).astype(np.uint8)
    return linear_window(values, centre, max(width, 1.0 + 1e-6))


def _first(value: Any) -> float | None:
    if value in (None, ""):
        return None
    try:
        return float(value[0]) if hasattr(value, "__getitem__") else float(value)
    except (TypeError, ValueError, IndexError):
        return None
