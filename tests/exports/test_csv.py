"""CSV: the same bytes everywhere, and no cell that a spreadsheet takes for a formula."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from exports.datasets import Dataset
from exports.formats.csvfile import cell, to_csv


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"),
        ("+41 44 000", "'+41 44 000"),
        ("-5 mm, read by eye", "'-5 mm, read by eye"),
        ("@SUM(A1:A9)", "'@SUM(A1:A9)"),
        ("\t=1+1", "'\t=1+1"),
        ("\r=1+1", "'\r=1+1"),
        ("\n=1+1", "'\n=1+1"),
        ("\x00=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠A1", "'＠A1"),
        ("2 = 2", "2 = 2"),
        ("", ""),
        (None, ""),
        (-5, "-5"),
        (-7.6, "-7.6"),
        (Decimal("-7.60"), "-7.60"),
        (Decimal("3E+1"), "30"),
        (True, "Y"),
        (False, "N"),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime(2026, 3, 5, 14, 3, tzinfo=UTC), "2026-03-05T14:03:00+00:00"),
    ],
)
def test_a_cell_is_written_so_that_nothing_runs(value: Any, text: str) -> None:
    assert cell(value) == text


def test_a_table_is_rfc_4180_in_utf_8_without_a_byte_order_mark() -> None:
    table = Dataset("t", "T", ("A", "B"), [('say "no"', "a,b"), ("two\nlines", "Łódź")])
    assert to_csv(table) == 'A,B\r\n"say ""no""","a,b"\r\n"two\nlines",Łódź\r\n'.encode()
