"""CSV by RFC 4180, the same bytes for the same rows on every machine.

UTF-8 without a byte-order mark, CR LF, text quoted only where it must be. A text cell that a
spreadsheet would take for a formula gets a leading apostrophe (OWASP ASVS 5.0, 1.2.10); numbers are
told by their type, so negative numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from exports.datasets import Dataset

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: Any) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = str(value).replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_csv(dataset: Dataset) -> bytes:
    """Return a dataset as CSV."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(dataset.columns)
    writer.writerows([cell(value) for value in row] for row in dataset.rows)
    return out.getvalue().encode("utf-8")
