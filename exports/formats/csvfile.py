"""CSV by RFC 4180, the same bytes for the same rows on every machine.

UTF-8 without a byte-order mark, CR LF, text quoted only where it must be; ``ui.sheets`` writes the
file and guards its cells.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from exports.datasets import Dataset
from ui.sheets import csv_text, guarded


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
    return guarded(str(value))


def to_csv(dataset: Dataset) -> bytes:
    """Return a dataset as CSV."""
    return csv_text(dataset.columns, dataset.rows, as_cell=cell).encode("utf-8")
