"""A spreadsheet as rows of text: CSV and XLSX, read without trusting either."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

MOST_BYTES: Final = 5_000_000
#: a workbook is a zip; what it unpacks to is limited before it is opened
MOST_UNPACKED: Final = 60_000_000
MOST_ROWS: Final = 5_000
MOST_COLUMNS: Final = 60
LONGEST_CELL: Final = 500
WORKBOOK: Final = b"PK\x03\x04"

Rows = list[list[str]]


class SheetRefused(ValueError):
    """The file cannot be read as a table; the message says why, for people."""


def sheets_of(content: bytes, *, most_rows: int = MOST_ROWS) -> dict[str, Rows]:
    """Return the visible sheets of a file by name; a CSV file is one sheet without a name.

    Dates of a workbook become ISO text, numbers their shortest text. Formulas count by the value
    that was last computed.

    Args:
        most_rows: a longer sheet is refused.

    Raises:
        SheetRefused: too large, broken, or no table.
    """
    if len(content) > MOST_BYTES:
        raise SheetRefused("The file is larger than 5 MB.")
    if content.startswith(WORKBOOK):
        found = _workbook(content, most_rows)
    else:
        found = {"": _csv(content, most_rows)}
    filled = {name: _trimmed(rows) for name, rows in found.items()}
    filled = {name: rows for name, rows in filled.items() if len(rows) > 1}
    if not filled:
        raise SheetRefused("The file holds no table: a row of column names and rows below it.")
    return filled


def _csv(content: bytes, most_rows: int) -> Rows:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise SheetRefused("The text of the file cannot be read. Save it as CSV in UTF-8.")
    if "\x00" in text:
        raise SheetRefused("The file is neither CSV nor an XLSX workbook.")
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    try:
        read = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        return _limited(read, most_rows)
    except csv.Error as problem:
        raise SheetRefused(f"The file is no CSV: {problem}.") from problem


def _workbook(content: bytes, most_rows: int) -> dict[str, Rows]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as container:
            unpacked = sum(item.file_size for item in container.infolist())
    except zipfile.BadZipFile as problem:
        raise SheetRefused("The workbook is broken.") from problem
    if unpacked > MOST_UNPACKED:
        raise SheetRefused("The workbook unpacks to more than 60 MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(content), data_only=True, read_only=True)
            return {
                sheet.title: _limited(
                    ([_text(cell) for cell in row] for row in _values(sheet, most_rows)), most_rows
                )
                for sheet in book.worksheets
                if sheet.sheet_state == "visible"
            }
    except (SheetRefused, MemoryError):
        raise
    except Exception as problem:  # whatever a library says of a workbook that nobody trusts
        raise SheetRefused("The workbook is broken.") from problem


def _values(sheet: Any, most_rows: int) -> Iterable[tuple[Any, ...]]:
    values: Iterable[tuple[Any, ...]] = sheet.iter_rows(
        max_row=most_rows + 2, max_col=MOST_COLUMNS + 1, values_only=True
    )
    return values


def _limited(rows: Iterable[list[str]], most_rows: int) -> Rows:
    kept: Rows = []
    for row in rows:
        if len(kept) > most_rows:
            raise SheetRefused(f"The sheet has more than {most_rows:,} rows. Split it.")
        if len([cell for cell in row if cell]) > MOST_COLUMNS:
            raise SheetRefused(f"The sheet has more than {MOST_COLUMNS} columns.")
        kept.append([cell.strip()[:LONGEST_CELL] for cell in row[:MOST_COLUMNS]])
    return kept


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        # A cell formatted as a day is a datetime at midnight in the file.
        return value.date().isoformat() if value.time() == value.time().min else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}"
    return str(value)


def _trimmed(rows: Rows) -> Rows:
    """Leave out empty rows at the end, and make every row as wide as the first."""
    while rows and not any(rows[-1]):
        rows.pop()
    width = len(rows[0]) if rows else 0
    while width and not rows[0][width - 1]:
        width -= 1
    return [(row + [""] * width)[:width] for row in rows]


def column_letter(index: int) -> str:
    """Return the letter of a column as spreadsheets name it, from 0: A … Z, AA …

    Raises:
        ValueError: the number is negative.
    """
    if index < 0:
        raise ValueError(f"{index} is no column")
    more, last = divmod(index, 26)
    return (column_letter(more - 1) if more else "") + chr(ord("A") + last)
