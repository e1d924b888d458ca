"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from studies.documentation import PAGES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_the_code_writes_is_current(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert text == PAGES[name](), "run manage.py write_docs"


@pytest.mark.parametrize("name", ["model.md", "trust.md", "architecture.md"])
def test_every_file_and_test_that_a_page_names_exists(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    named = re.findall(r"`([\w/.-]+\.(?:py|md|toml|txt|json|yaml))(?:::(\w+))?`", text)
    assert named
    missing = [
        f"{path}::{test}" if test else path
        for path, test in named
        # A bare name stands in a table beside its application.
        if ("/" in path and not (ROOT / path).is_file())
        or (test and f"def {test}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_the_model_page_answers_every_decision() -> None:
    text = (DOCS / "model.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|", text, flags=re.MULTILINE)
    assert [int(number) for number in rows] == list(range(1, 25))
