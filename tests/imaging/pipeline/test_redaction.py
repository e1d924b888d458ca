"""Papers become flat pictures of pages: what identified is found, masked and gone from the copy."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from imaging.pipeline.burned_in import TextFinder
from imaging.pipeline.redaction import (
    MAX_PAGES,
    OpenedPaper,
    check_flat,
    flat_pdf,
    open_paper,
)
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits

# A page of 300 x 200 points whose text layer holds a name, a birth date and a laboratory value.
LINES = ("Name: VANDERSLOOT Quirina", "Born 12.03.1956", "Creatinine normal")


def paper(lines: tuple[str, ...] = LINES, *, pages: int = 1) -> bytes:
    text = "".join(
        f"20 {170 - 30 * n} Td ({line}) Tj -20 {30 * n - 170} Td " for n, line in enumerate(lines)
    )
    drawing = f"BT /F 14 Tf {text} ET".encode()
    kids = " ".join(f"{3 + n} 0 R" for n in range(pages))
    last = 3 + pages
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode(),
        *[
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents {last} 0 R/Resources"
            f"<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>".encode()
        ]
        * pages,
        f"<</Length {len(drawing)}>>stream\n".encode() + drawing + b"\nendstream",
        b"<</Author(Q. Vandersloot)/Title(Report)>>",
    ]
    body = b"%PDF-1.4\n"
    for number, content in enumerate(objects, start=1):
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    return body + f"trailer<</Root 1 0 R/Info {last + 1} 0 R>>".encode()


def known(text: str) -> bool:
    return "vandersloot" in text.casefold()


def opened(path: Path, kind: str, name: str = "scan.pdf") -> OpenedPaper:
    return open_paper(path, kind, name=name, known=known, finder=TextFinder())


def test_risks_are_listed_without_repeating_what_identifies(tmp_path: Path) -> None:
    path = tmp_path / "came"
    path.write_bytes(paper())
    found = opened(path, "pdf", name="Vandersloot 12-03-1956.pdf")
    assert found.problem == ""
    codes = {risk.code for risk in found.risks}
    assert {
        "identity_in_file_name",
        "identity_in_metadata",
        "identity_in_text",
        "looks_like_identity",
        "text_layer",
    } <= codes
    assert "andersloot" not in repr(found.risks)
    assert [(box[4]) for box in found.pages[0].boxes] == [1.0, 0.6]


def test_the_copy_shows_the_page_but_not_what_was_masked_and_holds_no_text(tmp_path: Path) -> None:
    path = tmp_path / "came"
    path.write_bytes(paper())
    page = opened(path, "pdf").pages[0]
    masks = [[box[:4] for box in page.boxes]]
    copy = flat_pdf([page.content], masks)
    assert check_flat(copy, masks) == ""
    assert b"andersloot" not in copy and b"Author" not in copy and b"/Font" not in copy
    document = pdfium.PdfDocument(copy)
    assert document[0].get_textpage().count_chars() == 0
    assert document.get_metadata_dict(skip_empty=True) == {}
    shown = np.asarray(document[0].render(scale=150 / 72).to_pil().convert("L"))
    for left, top, right, bottom in masks[0]:
        assert shown[top + 3 : bottom - 3, left + 3 : right - 3].max() < 48
    # The line that was not masked is still there: dark letters on white.
    below = shown[int(shown.shape[0] * 0.4) : int(shown.shape[0] * 0.6)]
    assert below.min() < 80 and below.max() > 240


def test_the_same_pages_and_masks_make_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "came"
    path.write_bytes(paper())
    page = opened(path, "pdf").pages[0]
    assert flat_pdf([page.content], [[(0, 0, 9, 9)]]) == flat_pdf([page.content], [[(0, 0, 9, 9)]])


def test_a_copy_with_text_or_without_its_masks_does_not_pass(tmp_path: Path) -> None:
    path = tmp_path / "came"
    path.write_bytes(paper())
    page = opened(path, "pdf").pages[0]
    assert check_flat(paper(), [[]]) == "copy_not_flat"
    bare = flat_pdf([page.content], [[]])
    assert check_flat(bare, [[(0, 0, page.width, page.height)]]) == "mask_not_applied"


def test_a_picture_loses_its_hidden_texts_and_its_print_is_found(tmp_path: Path) -> None:
    picture = Image.new("RGB", (400, 120), "white")
    ImageDraw.Draw(picture).text((20, 40), "VANDERSLOOT 1948", fill="black", font_size=28)
    hidden = PngInfo()
    hidden.add_text("Comment", "Quirina Vandersloot")
    path = tmp_path / "came"
    picture.save(path, "PNG", pnginfo=hidden)
    found = opened(path, "image", name="photo.png")
    assert {"identity_in_metadata", "text_in_picture"} <= {risk.code for risk in found.risks}
    page = found.pages[0]
    assert page.boxes
    assert b"Quirina" not in page.content
    assert Image.open(BytesIO(page.content)).info == {}


@pytest.mark.parametrize(
    ("content", "kind", "problem"),
    [
        (b"%PDF-1.4 and nothing else", "pdf", "document_broken"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "image", "document_broken"),
        (paper(pages=MAX_PAGES + 1), "pdf", "document_too_long"),
    ],
)
def test_what_cannot_be_opened_says_why(
    tmp_path: Path, content: bytes, kind: str, problem: str
) -> None:
    path = tmp_path / "came"
    path.write_bytes(content)
    assert opened(path, kind).problem == problem


def test_a_bomb_of_pixels_is_contained(tmp_path: Path) -> None:
    path = tmp_path / "came"
    Image.new("1", (60_000, 60_000)).save(path, "PNG")
    limits = SandboxLimits(memory_bytes=4 * 1024**3, cpu_seconds=30, wall_seconds=60.0)
    with Sandbox(lambda: lambda p: opened(Path(p), "image"), limits=limits) as sandbox:
        _, result = next(iter(sandbox.map([str(path)])))
    assert isinstance(result, Contained) or result.problem == "document_broken"
