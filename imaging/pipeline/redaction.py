"""Papers that a site attaches: opened as pictures of pages, released as a flat PDF of pictures.

An Office document is typeset anew from what it shows (`office`); what it hides is listed as a risk
and is in no page.

A released copy is built here byte by byte: one JPEG per page and nothing else, no text layer, no
metadata, no object of the paper that came.  What came is opened only in a sandboxed child, with
limits on pages and pixels; a paper that cannot be opened says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageOps, ImageSequence

from imaging.pipeline.burned_in import TextFinder
from imaging.pipeline.office import OfficeUnusable, print_pages, read_office

ENGINE: Final = "redaction 2"
MAX_PAGES: Final = 40
DOTS_PER_INCH: Final = 150
POINTS_PER_INCH: Final = 72
LONGEST_SIDE: Final = 2200
MAX_PIXELS: Final = 60_000_000
JPEG_QUALITY: Final = 88
NEARLY_BLACK: Final = 48
_READ_BY_MACHINE: Final = 12
# Dates, telephone and record numbers, addresses: what looks like identity in any language.
_PATTERNS: Final = (
    re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b"),
    re.compile(r"\b\d{6,}\b"),
    re.compile(r"\+?\d[\d ()/-]{7,}\d"),
    re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
    re.compile(r"(?i)\b(name|patient|geb|dob|birth|n[eé]\(?e?\)?|mrn|nhs|ssn|phone|tel)\b[.:]?"),
)
Rectangle = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Risk:
    """A place where identity may be: a code, how often, and the page (0: the whole paper)."""

    code: str
    count: int
    page: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page as PNG, its size in pixels, and the rectangles that look like identity."""

    content: bytes
    width: int
    height: int
    boxes: tuple[tuple[int, int, int, int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class OpenedPaper:
    """What a person needs to judge a paper.  `problem` is a reason code, or empty."""

    pages: tuple[Page, ...] = ()
    risks: tuple[Risk, ...] = ()
    problem: str = ""


Known = Callable[[str], bool]


class _Unusable(Exception):
    """A paper cannot be opened; the message is the reason code."""


def open_paper(
    path: Path, kind: str, *, name: str, known: Known, finder: TextFinder
) -> OpenedPaper:
    """Render a PDF or picture and list where identity may be.

    Args:
        kind: `pdf`, `image` or `office` (docx, xlsx, pptx).
        name: the file name as it came.
        known: tells whether a text holds identity that the upload is known to hold.
        finder: reads text in the pictures of pages.
    """
    try:
        pages, risks = _OPENERS[kind](path, known)
    except (_Unusable, OfficeUnusable) as unusable:
        return OpenedPaper(problem=str(unusable))
    except MemoryError:
        raise
    except Exception:  # any failure of a library on a paper that nobody trusts
        return OpenedPaper(problem="document_broken")
    if known(name) or _looks_like_identity(name):
        risks.insert(0, Risk("identity_in_file_name", 1))
    read = [_read_page(page, finder) for page in pages[:_READ_BY_MACHINE]]
    for number, page in enumerate(read, start=1):
        if len(page.boxes) > len(pages[number - 1].boxes):
            found = len(page.boxes) - len(pages[number - 1].boxes)
            risks.append(Risk("text_in_picture", found, number))
    return OpenedPaper((*read, *pages[_READ_BY_MACHINE:]), tuple(risks))


def _looks_like_identity(text: str) -> bool:
    return any(pattern.search(text) for pattern in _PATTERNS)


def _open_pdf(path: Path, known: Known) -> tuple[list[Page], list[Risk]]:
    import pypdfium2 as pdfium  # loaded in the child only

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as problem:
        locked = "password" in str(problem).lower()
        raise _Unusable("document_encrypted" if locked else "document_broken") from None
    if not 0 < len(document) <= MAX_PAGES:
        raise _Unusable("document_too_long" if len(document) else "document_broken")
    risks: list[Risk] = []
    fields = [value for value in document.get_metadata_dict(skip_empty=True).values() if value]
    if fields:
        risks.append(Risk("document_metadata", len(fields)))
        told = sum(known(str(value)) for value in fields)
        if told:
            risks.append(Risk("identity_in_metadata", told))
    if document.count_attachments():
        risks.append(Risk("embedded_files", document.count_attachments()))
    pages = []
    for number in range(len(document)):
        page, own = _pdf_page(document[number], number + 1, known)
        pages.append(page)
        risks += own
    return pages, risks


def _pdf_page(page: Any, number: int, known: Known) -> tuple[Page, list[Risk]]:
    width, height = page.get_size()
    longest = max(width, height, 1.0) * DOTS_PER_INCH / POINTS_PER_INCH
    scale = DOTS_PER_INCH / POINTS_PER_INCH * min(1.0, LONGEST_SIDE / longest)
    picture = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    text = page.get_textpage()
    letters = text.count_chars()
    risks = [Risk("text_layer", letters, number)] if letters > 0 else []
    boxes, told, looks = [], 0, 0
    for place in range(text.count_rects() if letters > 0 else 0):
        left, bottom, right, top = text.get_rect(place)
        words = text.get_text_bounded(left, bottom, right, top)
        is_known = known(words)
        if not is_known and not _looks_like_identity(words):
            continue
        told, looks = told + is_known, looks + (not is_known)
        corners = (left, height - top, right, height - bottom)
        boxes.append((*_grown(corners, scale, picture.size), 1.0 if is_known else 0.6))
    if told:
        risks.append(Risk("identity_in_text", told, number))
    if looks:
        risks.append(Risk("looks_like_identity", looks, number))
    return _page(picture, tuple(boxes)), risks


def _grown(
    corners: tuple[float, float, float, float], scale: float, size: tuple[int, int]
) -> Rectangle:
    """A rectangle of points in pixels, two pixels larger on every side, inside the page."""
    left, top, right, bottom = (edge * scale for edge in corners)
    return (
        max(0, int(left) - 2),
        max(0, int(top) - 2),
        min(size[0], int(right) + 3),
        min(size[1], int(bottom) + 3),
    )


def _open_office(path: Path, known: Known) -> tuple[list[Page], list[Risk]]:
    content = read_office(path)
    risks = [Risk(code, count) for code, count in sorted(content.hidden.items())]
    if content.metadata:
        risks.append(Risk("document_metadata", len(content.metadata)))
    for code, texts in (
        ("identity_in_metadata", content.metadata),
        ("identity_in_hidden", content.hidden_texts),
    ):
        told = sum(known(text) for text in texts)
        if told:
            risks.append(Risk(code, told))
    printed = path.with_name(f"{path.name}.pdf")
    printed.write_bytes(print_pages(content, path.parent))
    pages, own = _open_pdf(printed, known)
    # the text layer and the properties are those of the typesetting
    return pages, risks + [r for r in own if r.code not in ("text_layer", "document_metadata")]


def _open_picture(path: Path, known: Known) -> tuple[list[Page], list[Risk]]:
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(path, formats=("PNG", "JPEG", "TIFF")) as opened:
        if getattr(opened, "n_frames", 1) > MAX_PAGES:
            raise _Unusable("document_too_long")
        if opened.width * opened.height > MAX_PIXELS:
            raise _Unusable("document_broken")
        risks = _picture_risks(opened, known)
        pages = [_page(_shown(frame)) for frame in ImageSequence.Iterator(opened)]
    return pages, risks


_OPENERS: Final[dict[str, Callable[[Path, Known], tuple[list[Page], list[Risk]]]]] = {
    "pdf": _open_pdf,
    "image": _open_picture,
    "office": _open_office,
}


def _picture_risks(opened: Image.Image, known: Known) -> list[Risk]:
    texts = [
        str(v) for k, v in opened.info.items() if isinstance(v, str | bytes) and k != "icc_profile"
    ]
    texts += [str(value) for value in opened.getexif().values()]
    risks = [Risk("document_metadata", len(texts))] if texts else []
    told = sum(known(text) for text in texts)
    if told:
        risks.append(Risk("identity_in_metadata", told))
    return risks


def _shown(frame: Image.Image) -> Image.Image:
    """A frame upright, on white, in RGB, no larger than a page."""
    upright = ImageOps.exif_transpose(frame)
    if "A" in upright.getbands() or "transparency" in upright.info:
        coloured = upright.convert("RGBA")
        paper = Image.new("RGBA", coloured.size, "white")
        paper.alpha_composite(coloured)
        upright = paper
    if upright.mode.startswith("I") or upright.mode == "F":
        values = np.asarray(upright, dtype=np.float32)
        span = max(float(np.ptp(values)), 1e-6)
        upright = Image.fromarray(((values - values.min()) * (255 / span)).astype(np.uint8))
    picture = upright.convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return picture


def _page(picture: Image.Image, boxes: tuple[tuple[int, int, int, int, float], ...] = ()) -> Page:
    out = BytesIO()
    bare = Image.fromarray(np.asarray(picture))  # nothing of the picture's own information
    bare.save(out, "PNG")
    return Page(out.getvalue(), picture.width, picture.height, boxes)


def _read_page(page: Page, finder: TextFinder) -> Page:
    """Add the text that recognition sees where the text layer has none."""
    if page.boxes:
        return page
    with Image.open(BytesIO(page.content)) as picture:
        found = finder.boxes(0, np.asarray(picture.convert("RGB")))
    boxes = tuple((b.left, b.top, b.right, b.bottom, b.score) for b in found)
    return Page(page.content, page.width, page.height, boxes)


def flat_pdf(pages: Sequence[bytes], masks: Sequence[Sequence[Rectangle]]) -> bytes:
    """Return a PDF of one JPEG per page, masks blackened in the pictures before they are coded.

    Args:
        pages: pictures of pages as `open_paper` made them.
        masks: of each page, rectangles in its pixels.

    The same pages and masks give the same bytes (ISO 32000-1 7.5: header, body, table, trailer).
    """
    objects: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids = []
    for content, places in zip(pages, masks, strict=True):
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        objects += _page_objects(number, *_masked_jpeg(content, places))
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>".encode()
    return _file_of(objects)


def _masked_jpeg(content: bytes, places: Sequence[Rectangle]) -> tuple[bytes, int, int]:
    with Image.open(BytesIO(content)) as opened:
        picture = opened.convert("RGB")
    brush = ImageDraw.Draw(picture)
    for left, top, right, bottom in places:
        brush.rectangle((left, top, right - 1, bottom - 1), fill="black")
    out = BytesIO()
    picture.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return out.getvalue(), picture.width, picture.height


def _page_objects(number: int, jpeg: bytes, width: int, height: int) -> list[bytes]:
    wide = round(width * POINTS_PER_INCH / DOTS_PER_INCH, 2)
    high = round(height * POINTS_PER_INCH / DOTS_PER_INCH, 2)
    drawing = f"q {wide} 0 0 {high} 0 0 cm /I Do Q".encode()
    return [
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {wide} {high}]/Contents {number + 1} 0 R"
        f"/Resources<</XObject<</I {number + 2} 0 R>>>>>>".encode(),
        f"<</Length {len(drawing)}>>\nstream\n".encode() + drawing + b"\nendstream",
        f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB"
        f"/BitsPerComponent 8/Filter/DCTDecode/Length {len(jpeg)}>>\nstream\n".encode()
        + jpeg
        + b"\nendstream",
    ]


def _file_of(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    for place in places:
        out += f"{place:010d} 00000 n \n".encode()
    size = len(objects) + 1
    out += f"trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


def check_flat(content: bytes, masks: Sequence[Sequence[Rectangle]]) -> str:
    """Read a copy again by another program; return a reason code unless it is flat and masked."""
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(content)
    if len(document) != len(masks) or document.get_metadata_dict(skip_empty=True):
        return "copy_not_flat"
    if document.count_attachments():
        return "copy_not_flat"
    for number, places in enumerate(masks):
        page = document[number]
        if page.get_textpage().count_chars() > 0 or len(list(page.get_objects())) != 1:
            return "copy_not_flat"
        picture = np.asarray(
            page.render(scale=DOTS_PER_INCH / POINTS_PER_INCH).to_pil().convert("L")
        )
        if any(
            inside.size and int(inside.max()) > NEARLY_BLACK for inside in _cut(picture, places)
        ):
            return "mask_not_applied"
    return ""


def _cut(picture: Any, places: Sequence[Rectangle]) -> Iterator[Any]:
    """The inner part of every mask: its rim may mix with its surroundings when it is drawn."""
    for left, top, right, bottom in places:
        yield picture[top + 2 : bottom - 2, left + 2 : right - 2]
