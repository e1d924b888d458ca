"""Office documents become pages of what they show; what they hide is counted and never leaves.

The documents are written here part by part, so that each hidden thing is known.
"""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from PIL import Image

from imaging.pipeline.burned_in import TextFinder
from imaging.pipeline.office import OfficeUnusable, print_pages, read_office
from imaging.pipeline.redaction import OpenedPaper, check_flat, flat_pdf, open_paper
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
CORE = "http://purl.org/dc/elements/1.1/"
PROPERTIES = f'<c xmlns:d="{CORE}"><d:creator>Q. Vandersloot</d:creator><d:title>x</d:title></c>'


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 20), "red").save(out, "JPEG", comment=b"Vandersloot")
    return out.getvalue()


def zipped(path: Path, parts: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return path


def word(path: Path, body: str = "", **more: str | bytes) -> Path:
    """A text document; `more` are further parts, a double underscore for a slash."""
    return zipped(
        path,
        {
            "word/document.xml": f'<w:document {W} xmlns:a="{A}" xmlns:r="{R}"><w:body>{body}'
            "</w:body></w:document>",
            "word/_rels/document.xml.rels": f'<r xmlns="{RELS}"><Relationship Id="r1" '
            f'Target="media/p.jpg"/></r>'.replace("<r ", "<Relationships ").replace(
                "</r>", "</Relationships>"
            ),
            "word/media/p.jpg": picture(),
            "docProps/core.xml": PROPERTIES,
            **{name.replace("__", "/") + ".xml": content for name, content in more.items()},
        },
    )


def para(text: str, *, hidden: bool = False) -> str:
    vanish = "<w:rPr><w:vanish/></w:rPr>" if hidden else ""
    return f"<w:p><w:r>{vanish}<w:t>{text}</w:t></w:r></w:p>"


REPORT = (
    '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Radiology report</w:t></w:r></w:p>'
    + para("Name: VANDERSLOOT Quirina, born 12.03.1956")
    + para("secret password of Vandersloot", hidden=True)
    + "<w:p><w:ins><w:r><w:t>No new lesion.</w:t></w:r></w:ins>"
    "<w:del><w:r><w:delText>Ms Vandersloot complains</w:delText></w:r></w:del></w:p>"
    "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Creatinine</w:t></w:r></w:p></w:tc>"
    "<w:tc><w:p><w:r><w:t>71</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    '<w:p><w:r><w:drawing><a:blip r:embed="r1"/></w:drawing></w:r></w:p>'
)


def known(text: str) -> bool:
    return "vandersloot" in text.casefold()


def opened(path: Path, name: str = "report.docx") -> OpenedPaper:
    return open_paper(path, "office", name=name, known=known, finder=TextFinder())


def printed(path: Path) -> str:
    document = pdfium.PdfDocument(print_pages(read_office(path), path.parent))
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def test_a_page_shows_text_tables_headers_and_pictures_and_nothing_hidden(tmp_path: Path) -> None:
    path = word(
        tmp_path / "came",
        REPORT,
        word__header1=f"<w:hdr {W}>{para('Hospital of the north')}</w:hdr>",
        word__comments=f'<w:comments {W}><w:comment w:author="Okafor">{para("ask her")}'
        "</w:comment></w:comments>",
    )
    text = printed(path)
    for shown in ("Hospital of the north", "Radiology report", "VANDERSLOOT", "No new lesion."):
        assert shown in text
    assert "Creatinine" in text and "71" in text
    for hidden in ("password", "complains", "ask her", "Okafor"):
        assert hidden not in text
    content = read_office(path)
    assert dict(content.hidden) == {"hidden_text": 1, "tracked_changes": 2, "comments": 1}
    assert [block.kind for block in content.blocks].count("picture") == 1


def test_risks_are_listed_by_kind_and_boxes_lie_on_the_name(tmp_path: Path) -> None:
    found = opened(word(tmp_path / "came", REPORT), name="Vandersloot.docx")
    assert found.problem == ""
    risks = {risk.code: risk.count for risk in found.risks}
    assert risks["identity_in_text"] == 1
    assert risks["identity_in_metadata"] == 1
    assert risks["identity_in_hidden"] == 2  # the hidden text and the deleted one
    assert risks["identity_in_file_name"] == 1
    assert "text_layer" not in risks
    assert "andersloot" not in repr(found.risks)
    boxes = [box for box in found.pages[0].boxes if box[4] == 1.0]
    assert len(boxes) == 1
    copy = flat_pdf([page.content for page in found.pages], [[b[:4] for b in p.boxes]
                                                             for p in found.pages])  # fmt: skip
    assert b"andersloot" not in copy


C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
D = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
DRAWINGS = para("Volumes over time") + "".join(
    f'<w:p><w:r><w:drawing><a:graphicData uri="{uri}"/></w:drawing></w:r></w:p>' for uri in (C, D)
)
METAFILE = b"\xd7\xcd\xc6\x9a" + b"\0" * 18 + "Vandersloot, Q.".encode("utf-16-le") + b"\1\2"


def test_what_a_chart_a_diagram_or_a_metafile_says_is_in_no_page_and_told_as_a_risk(
    tmp_path: Path,
) -> None:
    chart = f'<c:chartSpace xmlns:c="{C}"><c:cat><c:v>VANDERSLOOT Quirina</c:v></c:cat>'
    diagram = f'<d:dataModel xmlns:d="{D}" xmlns:a="{A}"><a:t>Ms Vandersloot</a:t></d:dataModel>'
    body = DRAWINGS + '<w:p><w:r><w:drawing><a:blip r:embed="r1"/></w:drawing></w:r></w:p>'
    path = word(
        tmp_path / "came",
        body,
        word__charts__chart1=chart + "</c:chartSpace>",
        word__diagrams__data1=diagram,
        word__embeddings__sheet1=b"Vandersloot in the chart's own sheet",
    )
    relations = f'<Relationships xmlns="{RELS}"><Relationship Id="r1" Target="media/p.wmf"/>'
    with zipfile.ZipFile(path) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    parts["word/_rels/document.xml.rels"] = f"{relations}</Relationships>".encode()
    parts["word/media/p.wmf"] = METAFILE
    zipped(path, parts)

    found = opened(path)
    assert found.problem == ""
    text = printed(path)
    assert text.count("A drawing that cannot be shown was here") == 3
    assert "Volumes over time" in text and "andersloot" not in text.casefold()
    risks = {risk.code: risk.count for risk in found.risks}
    assert (risks["not_shown"], risks["embedded_files"]) == (3, 1)
    assert risks["identity_in_hidden"] == 3
    copy = flat_pdf([page.content for page in found.pages], [[] for _ in found.pages])
    assert check_flat(copy, [[] for _ in found.pages]) == ""
    for spelled in ("Vandersloot", "VANDERSLOOT", "Quirina"):
        assert spelled.encode() not in copy
        assert spelled.encode("utf-16-le") not in copy
    read = TextFinder()._recognise(pages_of(copy)[0])
    assert read and not [text for _, text, _ in read if "vandersloot" in text.casefold()]


def pages_of(copy: bytes) -> list[Any]:
    """The pages of a released copy as anybody sees them."""
    document = pdfium.PdfDocument(copy)
    return [np.asarray(page.render(scale=1.5).to_pil().convert("RGB")) for page in document]


def test_a_workbook_shows_cells_and_hides_rows_columns_sheets_and_comments(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "Doses"
    sheet.append(["Activity", 350, "hidden column Vandersloot"])
    sheet.append(["hidden row Vandersloot", 1, 2])
    sheet["A1"].comment = Comment("call Vandersloot", "Okafor")
    sheet.column_dimensions["C"].hidden = True
    sheet.row_dimensions[2].hidden = True
    other = book.create_sheet("Names")
    other["A1"] = "Vandersloot"
    other.sheet_state = "veryHidden"
    path = tmp_path / "came"
    book.save(path)
    text = printed(path)
    assert "Doses" in text and "Activity" in text and "350" in text
    assert "Vandersloot" not in text and "Okafor" not in text
    hidden = read_office(path).hidden
    assert (hidden["comments"], hidden["hidden_cells"], hidden["hidden_sheets"]) == (1, 4, 1)
    assert {risk.code for risk in opened(path).risks} >= {"identity_in_hidden", "hidden_sheets"}


def slide(text: str, more: str = "") -> str:
    return (
        f'<p:sld xmlns:p="{P}" xmlns:a="{A}" {more}><p:sp><p:txBody><a:p><a:r><a:t>{text}</a:t>'
        "</a:r></a:p></p:txBody></p:sp></p:sld>"
    )


def slides(path: Path) -> Path:
    relations = "".join(
        f'<Relationship Id="r{n}" Target="slides/slide{n}.xml"/>' for n in (1, 2, 3)
    )
    order = "".join(f'<p:sldId r:id="r{n}"/>' for n in (3, 1, 2))
    return zipped(
        path,
        {
            "ppt/presentation.xml": f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst>'
            f"{order}</p:sldIdLst></p:presentation>",
            "ppt/_rels/presentation.xml.rels": f'<Relationships xmlns="{RELS}">{relations}'
            "</Relationships>",
            "ppt/slides/slide1.xml": slide("Second shown"),
            "ppt/slides/slide2.xml": slide("Hidden Vandersloot", 'show="0"'),
            "ppt/slides/slide3.xml": slide("First shown"),
            "ppt/notesSlides/notesSlide1.xml": slide("Tell them about Vandersloot"),
            "ppt/vbaProject.bin": b"\0macro",
        },
    )


def test_slides_come_in_their_order_without_hidden_ones_notes_or_macros(tmp_path: Path) -> None:
    path = slides(tmp_path / "came")
    found = opened(path, name="talk.pptx")
    assert len(found.pages) == 2
    text = printed(path)
    assert text.index("First shown") < text.index("Second shown")
    assert "Vandersloot" not in text
    risks = {risk.code: risk.count for risk in found.risks}
    assert (risks["hidden_slides"], risks["speaker_notes"], risks["macros"]) == (1, 1, 1)
    assert risks["identity_in_hidden"] == 2


BOMB = (
    '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    f"<w:document {W}><w:body>{para('&b;')}</w:body></w:document>"
)
REMOTE = f'<!DOCTYPE w SYSTEM "file:///etc/hostname"><w:document {W}><w:body/></w:document>'


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"word/document.xml": BOMB}, "document_broken"),
        ({"word/document.xml": REMOTE}, "document_broken"),
        ({"word/document.xml": "<w:document"}, "document_broken"),
        ({"word/document.xml": f"<w:document {W}><w:body/></w:document>"}, "document_empty"),
        ({"other.txt": "x"}, "document_broken"),
        ({"xl/workbook.xml": "<a/>"}, "document_broken"),
        ({"word/document.xml": b" " * (61 * 1024**2)}, "document_too_long"),
    ],
)
def test_what_cannot_be_opened_says_why(
    tmp_path: Path, parts: dict[str, str | bytes], problem: str
) -> None:
    path = zipped(tmp_path / "came", parts)
    assert opened(path).problem == problem


def test_a_cut_document_and_many_pages_say_why(tmp_path: Path) -> None:
    whole = word(tmp_path / "whole", REPORT).read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    assert opened(tmp_path / "cut").problem == "document_broken"
    long = word(tmp_path / "long", para("a line") * 4_000)
    assert opened(long).problem == "document_too_long"


def test_markup_of_the_typesetter_is_printed_as_text(tmp_path: Path) -> None:
    path = word(tmp_path / "came", para('#read("/etc/hostname") $x$ *bold* @ref'))
    assert '#read("/etc/hostname") $x$ *bold* @ref' in printed(path)


def test_it_is_opened_in_a_child_with_limits(tmp_path: Path) -> None:
    path = word(tmp_path / "came", REPORT)
    limits = SandboxLimits(memory_bytes=8 * 1024**3, cpu_seconds=60, wall_seconds=90.0)
    with Sandbox(lambda: lambda p: opened(Path(p)), limits=limits) as sandbox:
        _, result = next(iter(sandbox.map([str(path)])))
    assert not isinstance(result, Contained)
    assert len(result.pages) == 1


def test_a_document_without_a_main_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OfficeUnusable, match="document_broken"):
        read_office(zipped(tmp_path / "came", {"content.xml": "<office/>"}))
