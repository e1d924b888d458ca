"""The zip container of an Office document: its parts, their relations, and limits."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

MAX_PARTS: Final = 3_000
MAX_PART: Final = 60 * 1024**2
MAX_WHOLE: Final = 400 * 1024**2
MAINS: Final = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
}
_RELATION: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_MACROS: Final = ("vbaproject.bin", "vbadata.xml")
_DRAWN: Final = ("/charts/", "/chartex", "/diagrams/", "xl/drawings/")
_METAFILES: Final = (".wmf", ".emf", ".wmz", ".emz")
_RUNS: Final = re.compile(rb"[\x20-\x7e]{4,}")
_WIDE_RUNS: Final = re.compile(rb"(?:[^\0][\0-\x24]){4,}")
_EMBEDDED: Final = ("/embeddings/", "/activex/", "/ctrlprops/", "/customxml/", "/afchunk")


class OfficeUnusable(Exception):
    """An Office document cannot be opened; the message is the reason code."""


def kind_of_names(names: Iterable[str]) -> str:
    """Return docx, xlsx or pptx by the main part; empty when it is another zip."""
    present = set(names)
    return next((kind for main, kind in MAINS.items() if main in present), "")


class Container:
    """The parts of one document.  Raises OfficeUnusable."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as problem:
            raise OfficeUnusable("document_broken") from problem
        entries = self._zip.infolist()
        whole = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_PARTS or whole > MAX_WHOLE:
            raise OfficeUnusable("document_too_long")
        if any(entry.flag_bits & 1 for entry in entries):
            raise OfficeUnusable("document_encrypted")
        self._path = path
        self._sizes = {entry.filename: entry.file_size for entry in entries}
        self.kind = kind_of_names(self._sizes)
        if not self.kind:
            raise OfficeUnusable("document_broken")

    def names(self, begin: str = "", end: str = "") -> list[str]:
        """Names of parts by how they begin and end, in order of their numbers."""
        found = [name for name in self._sizes if name.startswith(begin) and name.endswith(end)]
        return sorted(found, key=lambda name: (len(name), name))

    def read(self, name: str) -> bytes:
        """Return the bytes of a part."""
        if self._sizes.get(name, 0) > MAX_PART:
            raise OfficeUnusable("document_too_long")
        try:
            with self._zip.open(name) as stream:
                content = stream.read(MAX_PART + 1)
        except (KeyError, zipfile.BadZipFile, OSError, RuntimeError, ValueError) as problem:
            raise OfficeUnusable("document_broken") from problem
        except Exception as problem:  # zlib and its kin have errors of their own
            raise OfficeUnusable("document_broken") from problem
        if len(content) > MAX_PART:
            raise OfficeUnusable("document_too_long")
        return content

    def whole(self) -> bytes:
        """Return the document itself, for a library that opens it by its own means."""
        return self._path.read_bytes()

    def tree(self, name: str) -> Element:
        """Return a part as a tree; entities and external declarations are refused."""
        try:
            root: Element = fromstring(self.read(name), forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, RecursionError) as problem:
            raise OfficeUnusable("document_broken") from problem
        return root

    def relations(self, part: str) -> dict[str, str]:
        """Map relation ids of a part to the names of the parts inside; outside ones are left."""
        folder, name = posixpath.split(part)
        path = f"{folder}/_rels/{name}.rels"
        if path not in self._sizes:
            return {}
        found = {}
        for row in self.tree(path).iter(_RELATION):
            if row.get("TargetMode") == "External":
                continue
            target = row.get("Target", "")
            whole = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
            found[row.get("Id", "")] = posixpath.normpath(whole)
        return found

    def picture(self, name: str) -> bytes:
        """Return the bytes of a picture; empty when there is none of that name."""
        return self.read(name) if name in self._sizes else b""

    def carried(self) -> tuple[int, int]:
        """How many macro parts and how many embedded parts the document carries."""
        low = [f"/{name.lower()}" for name in self._sizes]
        macros = sum(name.endswith(_MACROS) for name in low)
        return macros, sum(any(place in name for place in _EMBEDDED) for name in low)

    def drawn_texts(self) -> list[str]:
        """Texts of charts, diagrams, shapes of sheets and metafiles: none of them is on a page."""
        found: list[str] = []
        for name in self._sizes:
            if name.endswith(".xml") and any(place in name for place in _DRAWN):
                found += [node.text for node in self.tree(name).iter() if node.text]
            elif name.lower().endswith(_METAFILES):
                content = self.read(name)
                found += [run.decode("ascii") for run in _RUNS.findall(content)]
                found += [run.decode("utf-16-le", "replace") for run in _WIDE_RUNS.findall(content)]
        return found

    def metadata(self) -> list[str]:
        """Values of the document's properties: author, title, company, dates."""
        found: list[str] = []
        for name in self.names("docProps/", ".xml"):
            texts = (node.text.strip() for node in self.tree(name).iter() if node.text)
            found.extend(text for text in texts if text)
        return found
