"""What an Office document shows and hides, without its form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from PIL import Image, UnidentifiedImageError

LONGEST_SIDE: Final = 1600
#: What a drawing is when it is neither picture nor text: drawn by the office program alone.
DRAWN_ELSEWHERE: Final = ("/chart", "/chartex", "/diagram", "/ole")
MAX_PIXELS: Final = 60_000_000
MAX_PICTURES: Final = 60
MAX_TEXT: Final = 400_000


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page: `heading`, `text`, `table` (rows), `picture` (PNG) or `break`."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    picture: bytes = b""


@dataclass(slots=True)
class OfficeContent:
    """Visible blocks in order; counts of what is hidden, and the texts that are in no page."""

    blocks: list[Block] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    hidden_texts: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    _letters: int = 0
    _pictures: int = 0

    def show(self, kind: str, text: str = "", rows: Iterable[Iterable[str]] = ()) -> None:
        """Add visible text or a table; empty ones are left out."""
        table = tuple(tuple(_printable(cell) for cell in row) for row in rows)
        block = Block(kind, _printable(text), table)
        if kind != "break" and not block.text.strip() and not any(map(any, table)):
            return
        self._letters += len(block.text) + sum(len(cell) for row in table for cell in row)
        if self._letters <= MAX_TEXT:
            self.blocks.append(block)

    @property
    def is_too_long(self) -> bool:
        """More text or pictures than the pages of one attachment hold."""
        return self._letters > MAX_TEXT or self._pictures > MAX_PICTURES

    def picture(self, content: bytes) -> None:
        """Add a picture, decoded and coded anew; one that cannot be decoded is counted."""
        self._pictures += 1
        if self._pictures > MAX_PICTURES:
            return
        png = _as_png(content)
        if png:
            self.blocks.append(Block("picture", picture=png))
        else:
            self.leave_out()

    def drawing(self, uri: str) -> None:
        """Mark the place of a chart, diagram or embedded object."""
        if uri.endswith(DRAWN_ELSEWHERE):
            self.leave_out()

    def leave_out(self) -> None:
        """Say at its place that something visible cannot be shown."""
        self.hidden["not_shown"] += 1
        self.blocks.append(Block("text", "[A drawing that cannot be shown was here]"))

    def hide(self, code: str, *texts: str, count: int = 1) -> None:
        """Count something that no page shows, and keep its texts for the search."""
        self.hidden[code] += count
        self.hidden_texts += [text for text in texts if text.strip()]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


def _as_png(content: bytes) -> bytes:
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG", "TIFF", "BMP", "GIF")) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                return b""
            picture = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return b""
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture)
    plain = paper.convert("RGB")
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = BytesIO()
    plain.save(out, "PNG")
    return out.getvalue()
