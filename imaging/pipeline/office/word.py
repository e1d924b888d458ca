"""Text documents (WordprocessingML, ISO/IEC 29500-1 clause 17)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from imaging.pipeline.office.container import Container
from imaging.pipeline.office.content import OfficeContent

W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
V: Final = "{urn:schemas-microsoft-com:vml}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_DELETED: Final = frozenset({f"{W}del", f"{W}moveFrom"})
_PARTS: Final = ("word/header", "word/footer")
_NOTES: Final = ("word/footnotes.xml", "word/endnotes.xml")
MAIN: Final = "word/document.xml"


def read_word(container: Container, content: OfficeContent) -> None:
    """Read headers, body, footers and notes; comments and tracked deletions are hidden."""
    for name in container.names("word/header", ".xml"):
        _part(container, name, content)
    body = container.tree(MAIN).find(f"{W}body")
    if body is not None:
        _Part(container, MAIN, content).blocks(body)
    for name in (*container.names("word/footer", ".xml"), *_NOTES):
        if container.names(name):
            _part(container, name, content)
    for name in container.names("word/comments", ".xml"):
        for comment in container.tree(name).iter(f"{W}comment"):
            content.hide("comments", _all_text(comment), comment.get(f"{W}author", ""))


def _part(container: Container, name: str, content: OfficeContent) -> None:
    _Part(container, name, content).blocks(container.tree(name))


def _all_text(node: Element) -> str:
    return "".join(n.text or "" for n in node.iter() if n.tag in (f"{W}t", f"{W}delText"))


class _Part:
    """One part with its own relations."""

    def __init__(self, container: Container, name: str, content: OfficeContent) -> None:
        self._container, self._content = container, content
        self._relations = container.relations(name)

    def blocks(self, parent: Element) -> None:
        """Read paragraphs and tables in order, inside whatever wraps them."""
        for child in parent:
            if child.tag == f"{W}p":
                self._paragraph(child)
            elif child.tag == f"{W}tbl":
                self._table(child)
            elif child.tag in _DELETED:
                self._content.hide("tracked_changes", _all_text(child))
            elif child.tag != f"{W}sectPr":
                self.blocks(child)

    def _paragraph(self, paragraph: Element) -> None:
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        is_heading = style is not None and "heading" in style.get(f"{W}val", "").lower()
        text = "".join(self._texts(paragraph))
        self._content.show("heading" if is_heading else "text", text)
        for picture in self._pictures(paragraph):
            self._content.picture(picture)

    def _texts(self, node: Element) -> Iterator[str]:
        for child in node:
            if child.tag == _FALLBACK:
                continue
            if child.tag in _DELETED:
                self._content.hide("tracked_changes", _all_text(child))
                continue
            if child.tag in (f"{W}ins", f"{W}moveTo"):
                self._content.hide("tracked_changes", child.get(f"{W}author", ""))
            if child.tag == f"{W}r" and _is_hidden(child):
                self._content.hide("hidden_text", _all_text(child))
                continue
            if child.tag == f"{W}t":
                yield child.text or ""
            elif child.tag in (f"{W}tab", f"{W}br", f"{W}cr"):
                yield "\t" if child.tag == f"{W}tab" else "\n"
            elif child.tag == f"{W}p" and child is not node:  # a paragraph of a text box
                yield "\n"
                yield from self._texts(child)
            else:
                yield from self._texts(child)

    def _table(self, table: Element) -> None:
        rows = []
        for row in (*table.findall(f"{W}tr"), *table.findall(f"{W}sdt/{W}sdtContent/{W}tr")):
            if row.find(f"{W}trPr/{W}del") is not None:
                self._content.hide("tracked_changes", _all_text(row))
                continue
            cells = ["\n".join("".join(self._texts(p)) for p in cell.iter(f"{W}p"))
                     for cell in row.findall(f"{W}tc")]  # fmt: skip
            rows.append(cells)
        self._content.show("table", rows=rows)
        for picture in self._pictures(table):
            self._content.picture(picture)

    def _pictures(self, node: Element) -> Iterator[bytes]:
        """Pictures under a node, those of deleted runs and of fallbacks left out."""
        for child in node:
            if child.tag == _FALLBACK or child.tag in _DELETED:
                continue
            if child.tag == f"{A}graphicData":
                self._content.drawing(child.get("uri", ""))
            if child.tag in (f"{A}blip", f"{V}imagedata"):
                name = child.get(f"{R}embed") or child.get(f"{R}id") or ""
                yield self._container.picture(self._relations.get(name, ""))
            yield from self._pictures(child)


def _is_hidden(run: Element) -> bool:
    mark = run.find(f"{W}rPr/{W}vanish")
    return mark is not None and mark.get(f"{W}val", "1") not in ("0", "false")
