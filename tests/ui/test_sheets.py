"""Tables as CSV: nothing runs, a number stays a number, and there is one place that writes them."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ui.sheets import cell, csv_response

ROOT = Path(__file__).resolve().parents[2]
APPS = (
    "accounts",
    "audit",
    "clinical",
    "exports",
    "icro",
    "imaging",
    "projects",
    "queries",
    "reads",
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("- see comment", "'- see comment"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        # Numbers, typed or not, stay what they are.
        ("-12.5", "-12.5"),
        ("+5", "+5"),
        ("-1e-9", "-1e-9"),
        (-12, "-12"),
        (-0.25, "-0.25"),
        (Decimal("-38.3"), "-38.3"),
        # A number of another script is no number to the program that opens the file.
        ("-١", "'-١"),
        (None, ""),
        (True, "yes"),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime(2026, 3, 5, 14, 3, tzinfo=UTC), "2026-03-05T14:03:00Z"),
    ],
)
def test_a_cell_never_runs_and_a_number_stays_a_number(value: Any, text: str) -> None:
    assert cell(value) == text


def test_a_table_is_sent_as_a_file_by_rfc_4180() -> None:
    answer = csv_response("ALPHA_list", ("name", "mm"), [("=1+1", Decimal("-1.50"))])
    assert answer.content == b"name,mm\r\n'=1+1,-1.50\r\n"
    assert answer["Content-Disposition"] == 'attachment; filename="ALPHA_list.csv"'


def test_no_other_module_writes_csv() -> None:
    writers = {
        str(path.relative_to(ROOT))
        for app in (*APPS, "studies", "ui")
        for path in (ROOT / app).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("csv", "writer"), ("csv", "DictWriter")}
    }
    assert writers == {"ui/sheets.py"}
