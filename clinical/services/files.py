"""A spreadsheet that somebody sends in: opened as text, one sheet of it, with its digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from audit.errors import RuleBroken
from studies.cells import Rows, SheetRefused, sheets_of

NAME_LENGTH: Final = 120
#: 1,200 subjects with 30 items are 36,000 rows; a study's whole delivery fits into one file
MOST_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """The chosen sheet of a file, as text."""

    file_name: str
    name: str
    sha256: str
    cells: Rows


def opened(content: bytes, *, name: str, sheet: str, rule: str) -> Sheet:
    """Open a file and choose a sheet: the one named, else the first that holds a table.

    Raises:
        RuleBroken: ``rule``: the file cannot be read.
    """
    try:
        sheets = sheets_of(content, most_rows=MOST_ROWS)
    except SheetRefused as refused:
        raise RuleBroken(str(refused), rule=rule) from refused
    chosen = sheet if sheet in sheets else next(iter(sheets))
    return Sheet(
        file_name=name.replace("\\", "/").rpartition("/")[2][:NAME_LENGTH],
        name=chosen,
        sha256=hashlib.sha256(content).hexdigest(),
        cells=sheets[chosen],
    )
