"""Workbooks (SpreadsheetML, ISO/IEC 29500-1 clause 18), read with openpyxl."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from imaging.pipeline.office.container import Container, OfficeUnusable
from imaging.pipeline.office.content import OfficeContent

MAX_ROWS: Final = 3_000
MAX_COLUMNS: Final = 60
#: Columns of a printed table; a wider sheet goes on in a table below.
WIDE: Final = 8


def read_sheets(container: Container, content: OfficeContent) -> None:
    """Read visible cells with their last computed values; whatever is hidden is hidden."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = _book(container)
    for number, sheet in enumerate(book.worksheets):
        if sheet.sheet_state != "visible":
            content.hide("hidden_sheets", *(str(v) for row in sheet.values for v in row if v))
            continue
        if sheet.max_row > MAX_ROWS or sheet.max_column > MAX_COLUMNS:
            raise OfficeUnusable("document_too_long")
        if number:
            content.show("break")
        content.show("heading", sheet.title)
        _sheet(sheet, content)
        for picture in getattr(sheet, "_images", ()):
            content.picture(picture._data())
        for _ in getattr(sheet, "_charts", ()):
            content.leave_out()
    for _ in book.chartsheets:
        content.leave_out()


def _book(container: Container) -> Any:
    try:
        return load_workbook(BytesIO(container.whole()), data_only=True, keep_links=False)
    except MemoryError:
        raise
    except Exception as problem:  # whatever a library says of a workbook that nobody trusts
        raise OfficeUnusable("document_broken") from problem


def _sheet(sheet: Any, content: OfficeContent) -> None:
    columns = [
        number
        for number in range(1, sheet.max_column + 1)
        if not sheet.column_dimensions[get_column_letter(number)].hidden
    ]
    rows = []
    for row in sheet.iter_rows():
        is_hidden = sheet.row_dimensions[row[0].row].hidden
        for cell in row:
            if cell.comment is not None:
                content.hide("comments", cell.comment.text or "", cell.comment.author or "")
            if cell.value is not None and (is_hidden or cell.column not in columns):
                content.hide("hidden_cells", str(cell.value))
        if not is_hidden:
            shown = [row[number - 1].value for number in columns]
            rows.append(["" if value is None else str(value) for value in shown])
    for first in range(0, len(columns), WIDE):
        content.show("table", rows=[row[first : first + WIDE] for row in rows if any(row)])
