"""Tables as CSV (RFC 4180): the one place where a file for spreadsheets is written.

A text that a spreadsheet would take for a formula gets a leading apostrophe (OWASP ASVS 5.0,
1.2.10). A number stays a number, also a negative one and one that comes as text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponse

# The wide signs are what some spreadsheets take for the narrow ones.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
CONTENT_TYPE = "text/csv; charset=utf-8"


def guarded(text: str) -> str:
    """Return a text so that no spreadsheet runs it."""
    text = text.replace("\x00", "")
    if not text.startswith(_FORMULA) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def cell(value: Any) -> str:
    """Return a value as the text of a cell: instants in UTC, dates ISO 8601, yes or no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return guarded(str(value))


def csv_text(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    as_cell: Callable[[Any], str] = cell,
) -> str:
    """Return a table as CSV: CR LF, text quoted only where it must be.

    Args:
        as_cell: how a value stands in the file; it has to guard texts.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    writer.writerows([as_cell(value) for value in row] for row in rows)
    return out.getvalue()


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """Answer with a table as the file ``name.csv``."""
    response = HttpResponse(csv_text(columns, rows), content_type=CONTENT_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
