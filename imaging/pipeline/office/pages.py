"""Typesets the visible content of an Office document as a PDF, from facts and never from markup.

The typesetter keeps threads, which a forked child has not got: it runs in a process of its own,
under the limits of the sandboxed child that starts it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from imaging.pipeline.office.container import OfficeUnusable
from imaging.pipeline.office.content import OfficeContent

_SECONDS: Final = 120.0
_PROGRAM: Final = (
    "import sys, typst; "
    "typst.compile(sys.argv[1] + '/pages.typ', sys.argv[1] + '/pages.pdf', root=sys.argv[1])"
)
_TEMPLATE: Final = Path(__file__).with_name("pages.typ")


def print_pages(content: OfficeContent, folder: Path) -> bytes:
    """Return the blocks as a PDF of A4 pages; `folder` is a private place for its parts.

    Raises:
        OfficeUnusable: there is nothing to show, or more than one attachment holds.
    """
    if content.is_too_long:
        raise OfficeUnusable("document_too_long")
    if not content.blocks:
        raise OfficeUnusable("document_empty")
    with tempfile.TemporaryDirectory(dir=folder) as made:
        place = Path(made)
        shutil.copyfile(_TEMPLATE, place / "pages.typ")
        rows = []
        for number, block in enumerate(content.blocks):
            name = f"{number}.png" if block.picture else ""
            if name:
                (place / name).write_bytes(block.picture)
            rows.append(
                {"kind": block.kind, "text": block.text, "rows": block.rows, "picture": name}
            )
        (place / "blocks.json").write_text(json.dumps(rows), encoding="utf-8")
        _typeset(place)
        return (place / "pages.pdf").read_bytes()


def _typeset(place: Path) -> None:
    command = [sys.executable, "-I", "-c", _PROGRAM, str(place)]
    try:
        subprocess.run(
            command, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL, capture_output=True
        )
    except (subprocess.SubprocessError, OSError) as problem:
        raise OfficeUnusable("document_broken") from problem
