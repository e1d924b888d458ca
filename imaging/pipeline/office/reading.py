"""Reads what an Office document shows and hides, by its kind."""

from __future__ import annotations

from pathlib import Path

from imaging.pipeline.office.container import Container
from imaging.pipeline.office.content import OfficeContent
from imaging.pipeline.office.sheets import read_sheets
from imaging.pipeline.office.slides import read_slides
from imaging.pipeline.office.word import read_word

_READERS = {"docx": read_word, "xlsx": read_sheets, "pptx": read_slides}


def read_office(path: Path) -> OfficeContent:
    """Read a docx, xlsx or pptx.  Raises OfficeUnusable with a reason code."""
    container = Container(path)
    content = OfficeContent()
    content.metadata = container.metadata()
    macros, embedded = container.carried()
    if macros:
        content.hide("macros", count=macros)
    if embedded:
        content.hide("embedded_files", count=embedded)
    _READERS[container.kind](container, content)
    content.hidden_texts += container.drawn_texts()
    return content
