"""Command line: `python -m reads.criteria assess FILE [--out FILE]`, `check FILE`, `docs`.

Needs no database and no settings. Exit status: 0 all well, 1 a difference, 2 input that cannot
be assessed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from reads.criteria.comparison import Comparison, compare
from reads.criteria.errors import CriteriaError
from reads.criteria.records import loads
from reads.criteria.vectorfile import Derivation, derive

OK, DIFFERENT, UNUSABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
    except CriteriaError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return UNUSABLE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reads.criteria",
        description="Assess imaging response criteria and compare them with expected values.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    assess = commands.add_parser("assess", help="write derived values beside expected ones")
    assess.add_argument("file", type=Path, help="exchange file (JSON)")
    assess.add_argument("--out", type=Path, help="file to write; standard output when left out")
    assess.set_defaults(run=_assess)
    check = commands.add_parser("check", help="compare derived with expected values")
    check.add_argument("file", type=Path, help="exchange file (JSON)")
    check.add_argument("--all", action="store_true", help="list the equal values as well")
    check.set_defaults(run=_check)
    docs = commands.add_parser("docs", help="write the reference of all criteria")
    docs.add_argument("--out", type=Path, default=Path("docs/criteria.md"))
    docs.set_defaults(run=_docs)
    return parser


def _derive(path: Path) -> Derivation:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        raise CriteriaError("file", "is not UTF-8 text") from None
    derivation = derive(loads(text))
    for note in derivation.ignored_settings:
        print(f"note: setting {note}; it was ignored", file=sys.stderr)
    for error in derivation.errors:
        print(f"error: {error}", file=sys.stderr)
    return derivation


def _assess(parsed: argparse.Namespace) -> int:
    derivation = _derive(parsed.file)
    text = json.dumps(derivation.document, indent=1, ensure_ascii=False, default=_plain) + "\n"
    if parsed.out is None:
        sys.stdout.write(text)
    else:
        parsed.out.write_bytes(text.encode())
    return UNUSABLE if derivation.errors else OK


def _plain(value: Any) -> int | float:
    """Write a decimal of the file as the number that it was."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _check(parsed: argparse.Namespace) -> int:
    derivation = _derive(parsed.file)
    found = compare(derivation.document)
    different = [item for item in found if not item.equal]
    shown = found if parsed.all else different
    if shown:
        _print_table(shown)
    print(f"{len(found)} expected values, {len(different)} different")
    if different:
        return DIFFERENT
    return UNUSABLE if derivation.errors else OK


def _print_table(rows: list[Comparison]) -> None:
    header = ("place", "value", "expected", "derived", "")
    lines = [header] + [
        (row.place, row.name, _short(row.expected), _short(row.derived), "" if row.equal else "≠")
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        print("  ".join(cell.ljust(widths[column]) for column, cell in enumerate(line)))


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _docs(parsed: argparse.Namespace) -> int:
    from reads.criteria.reference import reference

    parsed.out.write_bytes(reference().encode())
    return OK


if __name__ == "__main__":
    raise SystemExit(main())
