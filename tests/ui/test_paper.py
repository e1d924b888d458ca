"""Printed records: the same facts give the same bytes, and a bad template says so."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from ui import paper

MADE = datetime(2026, 3, 5, 14, 3, tzinfo=UTC)
TEMPLATE = """
#import "/ui/paper/house.typ": *
#show: record.with(title: facts.title, number: "R-1", study: "ALPHA", made: "05 Mar 2026")
#pairs((("Site", facts.site), ("Room", none)))
#listing((auto, 1fr), ("Series", "Files"), facts.rows)
#picture("dot", width: 5mm)
"""


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "paper").symlink_to(paper.ROOT / "ui" / "paper")
    (tmp_path / "record.typ").write_text(TEMPLATE)
    monkeypatch.setattr(paper, "ROOT", tmp_path)
    return "record.typ"


def dot() -> bytes:
    held = BytesIO()
    Image.new("RGB", (4, 4), "red").save(held, "PNG")
    return held.getvalue()


FACTS = {"title": "Receipt", "site": "Oslo #1 *bold*", "rows": [["CT *thorax*", 3], ["PET", None]]}


def test_the_same_facts_and_instant_give_the_same_bytes(template: str) -> None:
    first = paper.pdf(template, FACTS, made_at=MADE, pictures={"dot": dot()})
    again = paper.pdf(template, FACTS, made_at=MADE, pictures={"dot": dot()})
    assert first == again
    assert first.startswith(b"%PDF-")


def test_what_people_typed_is_printed_as_it_stands(template: str) -> None:
    made = paper.pdf(template, FACTS, made_at=MADE, pictures={"dot": dot()})
    text = pypdfium2.PdfDocument(made)[0].get_textpage().get_text_range()
    assert "Oslo #1 *bold*" in text
    assert "CT *thorax*" in text


def test_a_template_that_misses_a_fact_names_itself(template: str) -> None:
    with pytest.raises(paper.PaperError, match=r"record\.typ"):
        paper.pdf(template, {"title": "Receipt"}, made_at=MADE, pictures={"dot": dot()})
