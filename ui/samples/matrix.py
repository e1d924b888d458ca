"""Subjects by time points, written as letters."""

from __future__ import annotations

from ui.records import Cell, Flag, Matrix, MatrixColumn, MatrixGroup, MatrixRow

OUT_OF_WINDOW = Flag(icon="calendar-x", label="Out of window")
NO_DOSSIER = Flag(icon="file-alert", label="Dossier missing")

LETTERS = {
    "V": "DELIVERED",
    "L": "READ_COMPLETE",
    "A": "ADJUDICATION",
    "O": "READ_1_DONE",
    "R": "READ_IN_PROGRESS",
    "Y": "READ_READY",
    "Q": "QUERY_OPEN",
    "C": "IN_QC",
    "K": "QC_ACCEPTED",
    "I": "RECEIVED",
    "D": "DUE",
    "X": "OVERDUE",
    "E": "EXPECTED",
    "N": "NOT_DONE",
    "S": "RESCAN",
    "B": "ROLLED_BACK",
    "-": "",
}


def _cells(text: str) -> tuple[Cell, ...]:
    """Read cells: a letter, then ``*`` mine, ``w`` window, ``d`` dossier, ``>`` selected."""
    return tuple(
        Cell(
            code=LETTERS[word[0]],
            url="/style-guide/time-point/",
            is_mine="*" in word,
            is_selected=">" in word,
            flags=(OUT_OF_WINDOW,) * ("w" in word) + (NO_DOSSIER,) * ("d" in word),
        )
        for word in text.split()
    )


def _group(label: str, detail: str, rows: dict[str, str]) -> MatrixGroup:
    return MatrixGroup(
        label=label,
        detail=detail,
        rows=tuple(
            MatrixRow(label=name, url="/style-guide/time-point/", cells=_cells(cells))
            for name, cells in rows.items()
        ),
    )


MATRIX = Matrix(
    caption="Subjects by time point",
    columns=tuple(
        MatrixColumn(label=label, detail=detail)
        for label, detail in (
            ("Baseline", "day −28 to −1"),
            ("Week 8", "day 56 ±7"),
            ("Week 16", "day 112 ±7"),
            ("Week 24", "day 168 ±7"),
            ("Week 32", "day 224 ±7"),
            ("Week 40", "day 280 ±7"),
            ("Week 48", "day 336 ±7"),
            ("End of tr.", "by event"),
        )
    ),
    groups=(
        _group(
            "DE-101",
            "Leipzig · 2 of 31 subjects · First time right 94 %",
            {"101-009": "V V A* Y I E E E", "101-014": "V V L Y* C E E E"},
        ),
        _group(
            "ES-305",
            "Vigo · 5 of 24 subjects · First time right 58 %",
            {
                "305-002": "V V V L Q* E E E",
                "305-004": "V V Lw O D E E E",
                "305-007": "V L Q*> E E E E E",
                "305-011": "V Qd* X* E E E E E",
                "305-012": "L S D E E E E E",
            },
        ),
        _group(
            "PL-412",
            "Łódź · 4 of 29 subjects · First time right 90 %",
            {
                "412-001": "V V V V V L O -",
                "412-003": "V V V B* K E E E",
                "412-006": "V V L N R E E E",
                "412-010": "V L A* I E E E E",
            },
        ),
        _group(
            "US-210",
            "Columbus · 3 of 22 subjects · First time right 83 %",
            {
                "210-001": "V V V V L Y* C E",
                "210-005": "V V L - - - - R",
                "210-008": "V O Qw* X* E E E E",
            },
        ),
    ),
    legend=(
        "EXPECTED",
        "DUE",
        "OVERDUE",
        "RECEIVED",
        "IN_QC",
        "QUERY_OPEN",
        "RESCAN",
        "QC_ACCEPTED",
        "READ_READY",
        "READ_IN_PROGRESS",
        "READ_1_DONE",
        "ADJUDICATION",
        "ROLLED_BACK",
        "READ_COMPLETE",
        "DELIVERED",
        "NOT_DONE",
    ),
    flags=(OUT_OF_WINDOW, NO_DOSSIER),
)
