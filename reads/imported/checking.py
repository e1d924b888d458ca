"""The dry run: what each row says, or row and column of what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from studies.cells import Rows, column_letter

#: field -> what the page calls it
FIELDS: Mapping[str, str] = {
    "subject": "Subject",
    "time_point": "Time point",
    "reader": "Reader",
    "read_on": "Read on",
    "overall_response": "Overall response",
    "target_response": "Target response",
    "non_target_response": "Non-target response",
    "new_lesion": "New lesion",
    "sum_mm": "Sum of diameters, mm",
    "comment": "Comment",
}
NEEDED = ("subject", "time_point", "reader")
#: one of these makes a row a reading
RESULTS = ("overall_response", "target_response", "non_target_response", "new_lesion", "sum_mm")
RESPONSES: Mapping[str, frozenset[str]] = {
    "overall_response": frozenset({"CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "NA"}),
    "target_response": frozenset({"CR", "PR", "SD", "PD", "NE", "NA"}),
    "non_target_response": frozenset({"CR", "NON-CR/NON-PD", "PD", "NE", "NA"}),
}
YES_NO: Mapping[str, str] = {
    **dict.fromkeys(("yes", "y", "1", "true", "present"), "YES"),
    **dict.fromkeys(("no", "n", "0", "false", "none", "absent"), "NO"),
}
#: unambiguous ways to write a day; 03/04/2026 is two days
DATES = ("%Y-%m-%d", "%d %b %Y", "%d-%b-%Y", "%d%b%Y", "%d %B %Y")
LARGEST_MM = Decimal(5000)
#: what a column may be called, in lower case without signs
_NAMES: Mapping[str, tuple[str, ...]] = {
    "subject": ("subject", "subject id", "subjid", "usubjid", "subject code"),
    "time_point": ("time point", "timepoint", "visit", "visit name"),
    "reader": ("reader", "reader id", "evaluator", "reviewer"),
    "read_on": ("read on", "read date", "date of read", "assessment date", "date read"),
    "overall_response": ("overall response", "response", "ovrlresp", "overall"),
    "target_response": ("target response", "trgresp", "target"),
    "non_target_response": ("non target response", "ntrgresp", "non target"),
    "new_lesion": ("new lesion", "new lesions", "newl"),
    "sum_mm": ("sum of diameters mm", "sum mm", "sum of diameters", "sod", "sumdiam", "sum"),
    "comment": ("comment", "comments", "remark", "remarks"),
}


def suggested(head: Sequence[str]) -> dict[str, int]:
    """Return the columns whose names say what they are: field -> column, from 0."""
    plain = [re.sub(r"[^a-z]+", " ", name.lower()).strip() for name in head]
    found: dict[str, int] = {}
    for name, words in _NAMES.items():
        index = next((plain.index(word) for word in words if word in plain), None)
        if index is not None and index not in found.values():
            found[name] = index
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """What the study knows: its subjects and their time points, and what was imported before.

    Attributes:
        time_points: (subject, name of the time point), both lower case -> key of the time point.
        imported: (time point, reader, criterion) of every imported reading.
    """

    subjects: frozenset[str]
    time_points: Mapping[tuple[str, str], str]
    imported: frozenset[tuple[str, str, str]]
    today: date


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong: row as the spreadsheet numbers it, column by letter ("" for the whole row)."""

    row: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A row that can be imported."""

    row: int
    subject: str
    time_point: str
    reader: str
    read_on: date | None
    values: Mapping[str, str]


@dataclass
class Checked:
    """The outcome of a dry run."""

    readings: list[Reading] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    empty: int = 0


def mapping_problems(mapping: Mapping[str, int], width: int) -> list[str]:
    """Return what is wrong with what the columns mean."""
    found = [f"Say which column holds “{FIELDS[one]}”." for one in NEEDED if one not in mapping]
    if not any(one in mapping for one in RESULTS):
        found.append("Say which column holds a response or a sum.")
    used = list(mapping.values())
    found += [
        f"Column {column_letter(index)} is used for two things."
        for index in sorted({index for index in used if used.count(index) > 1})
    ]
    if any(not 0 <= index < width for index in used):
        found.append("A column is named that the sheet does not have.")
    return found


def dry_run(rows: Rows, mapping: Mapping[str, int], *, criterion: str, known: Known) -> Checked:
    """Check every row below the head; nothing is written anywhere."""
    checked = Checked()
    seen: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(row):
            checked.empty += 1
            continue
        reading, problems = _row(number, row, mapping, known)
        if reading is not None:
            key = (reading.time_point, reading.reader.lower())
            if (*key, criterion) in known.imported:
                problems.append(
                    Problem(
                        number, "", "This reading was imported before. It is never overwritten."
                    )
                )
            elif key in seen:
                words = f"The same time point and reader as in row {seen[key]}."
                problems.append(Problem(number, "", words))
            seen.setdefault(key, number)
        if problems:
            checked.problems += problems
        elif reading is not None:
            checked.readings.append(reading)
    return checked


@dataclass
class _Row:
    """One row with what was found wrong with it so far."""

    number: int
    cells: Sequence[str]
    mapping: Mapping[str, int]
    problems: list[Problem] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Return what the row says of a field, "" when no column holds it."""
        return self.cells[self.mapping[name]] if name in self.mapping else ""

    def wrong(self, name: str, words: str) -> None:
        """Note a problem of a field."""
        letter = column_letter(self.mapping[name])
        self.problems.append(Problem(self.number, letter, words))

    def place(self, known: Known) -> str:
        """Return the key of the time point, "" when there is none."""
        for name in NEEDED:
            if not self.text(name):
                self.wrong(name, f"{FIELDS[name]} is empty.")
        subject, point = self.text("subject").lower(), self.text("time_point").lower()
        found = known.time_points.get((subject, point), "")
        if subject and subject not in known.subjects:
            self.wrong("subject", f"The study has no subject “{self.text('subject')}”.")
        elif subject and point and not found:
            self.wrong("time_point", f"The subject has no time point “{self.text('time_point')}”.")
        return found

    def values(self) -> dict[str, str]:
        """Return the results as they are kept."""
        found: dict[str, str] = {}
        for name in RESULTS:
            if self.text(name):
                value, trouble = _value(name, self.text(name))
                if trouble:
                    self.wrong(name, trouble)
                found[name] = value
        if not found and not self.problems:
            words = "The row holds no response and no sum."
            self.problems.append(Problem(self.number, "", words))
        return found | ({"comment": self.text("comment")} if self.text("comment") else {})

    def day(self, known: Known) -> date | None:
        """Return the day of the read, if one is written."""
        text = self.text("read_on")
        day = day_of(text) if text else None
        if text and day is None:
            self.wrong("read_on", f"“{text}” is no day. Write 2026-03-05 or 05 Mar 2026.")
        elif day is not None and day > known.today:
            self.wrong("read_on", "The day lies in the future.")
        return day


def _row(
    number: int, cells: Sequence[str], mapping: Mapping[str, int], known: Known
) -> tuple[Reading | None, list[Problem]]:
    row = _Row(number, cells, mapping)
    time_point, values, day = row.place(known), row.values(), row.day(known)
    reader = row.text("reader")
    if not time_point or not reader:
        return None, row.problems
    reading = Reading(number, row.text("subject").lower(), time_point, reader, day, values)
    return reading, row.problems


def _value(name: str, text: str) -> tuple[str, str]:
    """Return a cell as it is kept, or what is wrong with it."""
    if name in RESPONSES:
        value = text.upper().replace("_", " ").replace("NON CR/NON PD", "NON-CR/NON-PD")
        if value in RESPONSES[name]:
            return value, ""
        return "", f"“{text}” is none of {', '.join(sorted(RESPONSES[name]))}."
    if name == "new_lesion":
        value = YES_NO.get(text.lower(), "")
        return value, "" if value else f"“{text}” is neither yes nor no."
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return "", f"“{text}” is no number."
    if not number.is_finite() or not 0 <= number <= LARGEST_MM:
        return "", f"“{text}” is no sum of diameters in mm."
    return f"{number:f}", ""


def day_of(text: str) -> date | None:
    """Return a day written in a way that can be read only once; ``None`` otherwise."""
    for pattern in DATES:
        try:
            return datetime.strptime(text.strip(), pattern).date()  # noqa: DTZ007 - a plain day
        except ValueError:
            continue
    return None
