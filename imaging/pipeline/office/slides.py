"""Slides (PresentationML, ISO/IEC 29500-1 clause 19)."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from imaging.pipeline.office.container import Container
from imaging.pipeline.office.content import OfficeContent
from imaging.pipeline.office.word import A, R

P: Final = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
MAIN: Final = "ppt/presentation.xml"


def read_slides(container: Container, content: OfficeContent) -> None:
    """Read slides in their order; hidden slides, speaker notes and comments are hidden."""
    relations = container.relations(MAIN)
    number = 0
    for entry in container.tree(MAIN).iter(f"{P}sldId"):
        name = relations.get(entry.get(f"{R}id", ""), "")
        if not container.names(name) or not name:
            continue
        slide = container.tree(name)
        if slide.get("show", "1") in ("0", "false"):
            content.hide("hidden_slides", "\n".join(_paragraphs(slide)))
            continue
        number += 1
        if number > 1:
            content.show("break")
        _slide(container, name, slide, content)
    for name in container.names("ppt/notesSlides/notesSlide", ".xml"):
        texts = [text for text in _paragraphs(container.tree(name)) if not text.isdigit()]
        if any(text.strip() for text in texts):
            content.hide("speaker_notes", *texts)
    for name in container.names("ppt/comments/", ".xml"):
        tree = container.tree(name)
        content.hide("comments", *(node.text or "" for node in tree.iter()))


def _slide(container: Container, name: str, slide: Element, content: OfficeContent) -> None:
    relations = container.relations(name)
    for shape in slide.iter():
        if shape.tag == f"{P}txBody":
            content.show("text", "\n".join(_paragraphs(shape)))
        elif shape.tag == f"{A}tbl":
            rows = [["\n".join(_paragraphs(cell)) for cell in row.findall(f"{A}tc")]
                    for row in shape.findall(f"{A}tr")]  # fmt: skip
            content.show("table", rows=rows)
        elif shape.tag == f"{A}blip":
            content.picture(container.picture(relations.get(shape.get(f"{R}embed", ""), "")))
        elif shape.tag == f"{A}graphicData":
            content.drawing(shape.get("uri", ""))


def _paragraphs(node: Element) -> list[str]:
    return ["".join(t.text or "" for t in p.iter(f"{A}t")) for p in node.iter(f"{A}p")]
