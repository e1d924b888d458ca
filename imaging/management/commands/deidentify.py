"""`manage.py deidentify`: the production de-identification over a folder, without database."""

from __future__ import annotations

import csv
import io
import os
import secrets
import sys
import tempfile
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from imaging.pipeline.deidentify import ProfileInvalid, Subject, load_profile
from imaging.pipeline.folder_run import (
    FolderReport,
    FolderRun,
    RunRefused,
    held,
    run_folder,
    write_report,
)
from imaging.pipeline.reasons import sentence

BAR_WIDTH: Final = 30
SHORTEST_KEY: Final = 16
USAGE: Final = 2  # what argparse exits with
COLUMNS: Final = ("PatientID", "subject_id", "site_id", "time_point_id")
LONGEST_CODE: Final = 64  # LO (PS3.5 6.2)


class Command(BaseCommand):
    """De-identify SRC into DST.  Exit code 0: all written or ignored; 3: something is held."""

    help = (
        "De-identify the DICOM files of a folder with the rules and code of the platform. "
        "Exit code 0: all written or ignored, 3: something is held for a person, 1: failure."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, metavar="SRC")
        parser.add_argument("destination", type=Path, metavar="DST")
        parser.add_argument(
            "--subjects",
            type=Path,
            required=True,
            metavar="MAP.csv",
            help="columns PatientID, subject_id and, if wanted, site_id, time_point_id",
        )
        parser.add_argument("--profile", default="trial", metavar="trial|FILE")
        parser.add_argument("--key-file", type=Path, help="secret key; made when it is missing")
        parser.add_argument("--jobs", type=_count, default=1, help="processes (default 1)")
        parser.add_argument("--report", type=Path, help="write the report as JSON")

    def run_from_argv(self, argv: list[str]) -> None:
        """Run; a wrong command line is a failure like any other (exit code 1, not 2)."""
        try:
            super().run_from_argv(argv)
        except SystemExit as stop:
            sys.exit(1 if stop.code == USAGE else stop.code)

    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["source"]
        destination: Path = options["destination"]
        self._check_places(source, destination)
        try:
            if options["report"]:
                _check_report(options["report"], options["subjects"], options["key_file"])
            run = FolderRun(
                source=source,
                destination=destination,
                subjects=read_subjects(options["subjects"]),
                profile=load_profile(options["profile"]),
                key=read_key(options["key_file"] or default_key_file(), destination),
                jobs=options["jobs"],
                digests=options["report"] is not None,
            )
            bar = ProgressBar()
            report = run_folder(run, bar)
            bar.close()
            if options["report"]:
                inside = _is_under(options["report"], destination)
                write_report(report, options["report"], with_names=not inside)
        except ProfileInvalid as problem:
            raise CommandError(str(problem)) from problem
        except RunRefused as problem:
            raise CommandError(str(problem)) from problem
        except OSError as problem:
            raise CommandError(
                f"{problem.strerror or problem}. Nothing more was written."
            ) from None
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped. DST holds whole files only; run the same command again to finish."
            ) from None
        self._tell(report)
        if report.exit_code:
            sys.exit(report.exit_code)

    def _check_places(self, source: Path, destination: Path) -> None:
        if not source.is_dir():
            raise CommandError("SRC is not a folder. Nothing was written.")
        if destination.exists() and not destination.is_dir():
            raise CommandError("DST is a file, not a folder. Nothing was written.")
        if _is_under(destination, source) or _is_under(source, destination):
            raise CommandError("SRC and DST lie inside each other. Choose another DST.")

    def _tell(self, report: FolderReport) -> None:
        states = report.states()
        self.stdout.write(
            f"{states['written']} written, {states['held']} held, {states['ignored']} ignored."
        )
        reasons: Counter[str] = Counter()
        for record in held(report):
            reasons[record.code] += 1
            self.stdout.write(f"held\t{_printable(record.shown_name)}\t{record.code}")
        for code, files in reasons.most_common():
            self.stdout.write(f"{code} ({files}): {sentence(code)}")
        if "unmapped_subject" in reasons and report.unmatched:
            self.stdout.write(
                f"The subject list names {report.unmatched} PatientID that no file has. "
                "Spreadsheets drop leading zeros: compare the list with the files."
            )
        if report.left_alone:
            self.stdout.write(
                f"DST also holds {report.left_alone} .dcm of earlier runs. They were left alone."
            )


class ProgressBar:
    """A bar on a terminal; elsewhere one line per tenth.  Writes to the error stream."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._step = ""
        self._tenth = -1
        self._started = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if step != self._step:
            self.close()
            self._step, self._tenth, self._started = step, -1, now
        tenth = 10 * done // max(total, 1)
        if self._terminal:
            filled = BAR_WIDTH * done // max(total, 1)
            rate = done / max(now - self._started, 1e-6)
            left = (total - done) / max(rate, 1e-6)
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            text = f"\r{step:16s} [{bar}] {done}/{total}  {rate:.0f} files/s  {left:.0f} s left  "
            sys.stderr.write(text)
            sys.stderr.flush()
        elif tenth != self._tenth:
            sys.stderr.write(f"{step}: {done}/{total}\n")
        self._tenth = tenth

    def close(self) -> None:
        if self._step and self._terminal:
            sys.stderr.write("\n")


def read_subjects(path: Path) -> dict[str, Subject]:
    """Read MAP.csv: comma, semicolon or tab, UTF-8 with or without a byte order mark.

    Empty lines are skipped; the same line twice is one line.  Raises CommandError that names the
    line for a missing column, an empty or impossible code, or one PatientID with two subjects.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise CommandError(
            "The subject list is not UTF-8 text. Save it as CSV UTF-8 and run again."
        ) from problem
    except OSError as problem:
        raise CommandError("The subject list cannot be read.") from problem
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as problem:
        raise CommandError(f"The subject list cannot be read as CSV: {problem}.") from problem
    columns = _columns(rows[0] if rows else [])
    found: dict[str, Subject] = {}
    for line, row in enumerate(rows[1:], start=2):
        values = {name: _cell(row, place) for name, place in columns.items()}
        if not any(cell.strip() for cell in row):
            continue
        subject = _subject(values, line)
        person = values["PatientID"]
        if found.setdefault(person, subject) != subject:
            raise CommandError(f"The subject list gives one PatientID two subjects (line {line}).")
    if not found:
        raise CommandError("The subject list names no subject.")
    return found


def _columns(head: list[str]) -> dict[str, int]:
    named = {cell.strip().lower(): place for place, cell in reversed(list(enumerate(head)))}
    missing = [name for name in COLUMNS[:2] if name.lower() not in named]
    if missing:
        raise CommandError(
            f"The subject list lacks the column {' and '.join(missing)}. "
            f"Its first line must name {', '.join(COLUMNS[:2])}."
        )
    return {name: named[name.lower()] for name in COLUMNS if name.lower() in named}


def _cell(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _subject(values: dict[str, str], line: int) -> Subject:
    person, code = values["PatientID"], values["subject_id"]
    if not person or not code:
        raise CommandError(f"The subject list needs PatientID and subject_id in line {line}.")
    for value in (code, values.get("site_id", ""), values.get("time_point_id", "")):
        if len(value) > LONGEST_CODE or not value.isprintable() or "\\" in value:
            raise CommandError(
                f"A code in line {line} of the subject list is longer than {LONGEST_CODE} "
                "characters or holds a character that DICOM forbids."
            )
    return Subject(code, values.get("site_id", ""), values.get("time_point_id", ""))


def default_key_file() -> Path:
    """The key in the data directory, beside the code unless ICRO_DATA_DIR says otherwise."""
    root = Path(__file__).resolve().parents[3]
    return Path(os.environ.get("ICRO_DATA_DIR", root / "var")) / "deidentify.key"


def read_key(path: Path, destination: Path) -> bytes:
    """Read the key, or make one readable by its owner only.

    Raises CommandError when the key lies under the destination or is too short.
    """
    if _is_under(path, destination):
        raise CommandError("The key file must not lie under DST. Choose another --key-file.")
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes().strip()
    except OSError as problem:
        raise CommandError(
            f"The key file cannot be read or made: {problem.strerror}. Nothing was written."
        ) from None
    if len(key) < SHORTEST_KEY:
        raise CommandError("The key file holds less than 16 bytes. Use a longer key.")
    return key


def _make_key(path: Path) -> None:
    """Make a key under another name first: a run that is killed leaves no half key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, waiting = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(waiting, path)
        except FileExistsError:
            return  # another run made one meanwhile: that one counts
        except OSError:
            Path(waiting).rename(path)  # a file system without links
    finally:
        Path(waiting).unlink(missing_ok=True)


def _check_report(report: Path, *inputs: Path | None) -> None:
    """Refuse a report that could not be written once all is done, or would replace an input."""
    for given in (*inputs, default_key_file()):
        if given is not None and report.resolve() == given.resolve():
            raise CommandError(
                "--report would replace the subject list or the key. Nothing was written."
            )
    if report.is_dir() or not os.access(report.parent, os.W_OK | os.X_OK):
        raise CommandError(
            "The report cannot be written there: its folder is missing or closed, or it is a "
            "folder itself. Nothing was written."
        )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a whole number of 1 or more is needed")
    return int(text)


def _is_under(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _printable(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name)
