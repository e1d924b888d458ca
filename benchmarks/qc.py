"""What the automatic checks say of the corpus: every one-fault case, and every real series.

    python benchmarks/qc.py [CORPUS] [--write docs/qc-results.md]

CORPUS is the folder of public series (default: ICRO_CORPUS). Without ``--write`` the page is
printed. The page holds no times and no measurements of speed, so that two runs give the same text;
a test compares it with a fresh run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from imaging.pipeline.package import HEAD, Kind, PackageRefused, sniff, unpack_zip  # noqa: E402
from imaging.pipeline.technical_qc import (  # noqa: E402
    Context,
    ExpectedSeries,
    Finding,
    VisitWindow,
    check_submission,
    default_guideline,
    read_facts,
)
from imaging.pipeline.verify import Verified, verify_file  # noqa: E402

KEY: Final = b"a key for this page only, 32 byte"
CHEST: Final = Context(expected=(ExpectedSeries("CT", ("CHEST",)),))
#: what the study knows, for the cases that are about a visit; the others are judged without
CONTEXTS: Final = {
    "visit_date_out_of_window": Context(window=VisitWindow(date(2024, 2, 1), date(2024, 2, 15))),
    "wrong_modality": CHEST,
    "wrong_body_part": CHEST,
}
#: folders with series as scanners, archives and other software write them
REAL: Final = (
    "series", "nm", "us", "rt", "seg", "sr", "sc_burned_in", "overlay_waveform", "compressed",
)  # fmt: skip
#: holds one image in several encodings under one identifier: every file is judged by itself
SINGLE: Final = "compressed"


def files_of(folder: Path) -> list[Path]:
    """Return the files below a folder, in a stable order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def case_findings(folder: Path, name: str) -> tuple[Finding, ...]:
    """Judge one case of ``qc_cases`` by the default guideline."""
    facts = read_facts(files_of(folder / name), key=KEY)
    return check_submission(
        facts.series, guideline=default_guideline(), context=CONTEXTS.get(name, Context())
    )


def file_verdict(path: Path) -> str:
    """Return what intake does with a file that is no series: taken, or refused with its code."""
    kind = sniff(path.read_bytes()[:HEAD], path.name)
    if kind == Kind.ARCHIVE:
        return _archive_verdict(path)
    if kind in {Kind.EMPTY, Kind.OTHER}:
        return f"refused: {'empty_file' if kind == Kind.EMPTY else 'not_dicom'}"
    verdict = verify_file(path, key=KEY)
    if isinstance(verdict, Verified):
        return "taken"
    return f"refused: {verdict.code}"


def _archive_verdict(path: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "deep" / "unpacked"
        try:
            package = unpack_zip(path, into)
        except PackageRefused as refused:
            return f"refused: {refused.code}"
        outside = [p for p in files_of(Path(folder)) if into not in p.parents]
        if outside:
            return "written outside"
        left = ", ".join(sorted({item.code for item in package.left_out}))
        return f"nothing outside; left out: {left}" if left else "taken, nothing outside"


def in_words(findings: Sequence[Finding], level: str) -> str:
    """Return the findings of a level, each once with how often."""
    counts: dict[str, int] = {}
    for item in findings:
        if item.level == level:
            shown = f"{item.code}({item.parameter})" if item.parameter else item.code
            counts[shown] = counts.get(shown, 0) + 1
    return ", ".join(f"{n} × {code}" if n > 1 else code for code, n in counts.items()) or "–"


def case_rows(corpus: Path) -> Iterator[str]:
    """Yield a line for each case of ``expected.json``."""
    cases: dict[str, str] = json.loads((corpus / "qc_cases" / "expected.json").read_text())
    for name, expected in cases.items():
        if "/" in name:
            yield f"| {name} | {expected} | {file_verdict(corpus / name)} | – | – |"
            continue
        found = case_findings(corpus / "qc_cases", name)
        errors = [item for item in found if item.level == "error"]
        measured = "; ".join(
            " against ".join(part for part in (item.measured, item.expected) if part)
            for item in errors
        )
        yield (
            f"| {name} | {expected} | {in_words(found, 'error')} | {measured or '–'} "
            f"| {in_words(found, 'warning')} |"
        )


def real_series(corpus: Path) -> Iterator[tuple[str, Any, tuple[Finding, ...]]]:
    """Yield every series of the real folders with its findings, judged without a visit."""
    for place in REAL:
        folders = sorted({path.parent for path in files_of(corpus / place)})
        for folder in folders:
            files = files_of_this(folder)
            for group in [[path] for path in files] if place == SINGLE else [files]:
                shown = group[0] if place == SINGLE else folder
                for facts in read_facts(group, key=KEY).series:
                    found = check_submission([facts], guideline=default_guideline())
                    yield str(shown.relative_to(corpus)), facts, found


def files_of_this(folder: Path) -> list[Path]:
    """Return the files that lie directly in a folder."""
    return sorted(path for path in folder.iterdir() if path.is_file())


def real_rows(corpus: Path) -> Iterator[str]:
    """Yield a line for each real series."""
    for place, facts, found in real_series(corpus):
        yield (
            f"| {place} | {facts.modality} | {len(facts.slices)} | {in_words(found, 'error')} "
            f"| {in_words(found, 'warning')} | {in_words(found, 'info')} |"
        )


def page(corpus: Path) -> str:
    """Return the whole page."""
    real = list(real_series(corpus))
    wrong = [f for _, _, found in real for f in found if f.level == "error"]
    return "\n".join(
        [
            "# What the automatic checks find",
            "",
            (
                "<!-- Written by `python benchmarks/qc.py --write docs/qc-results.md`; a test "
                "compares it with a fresh run. -->"
            ),
            "",
            (
                f"Judged by the guideline a new study starts from ({default_guideline().name}, "
                f"version {default_guideline().version}). A study edits its own."
            ),
            "",
            "## Series with one fault, and files that are none",
            "",
            (
                "Each line is a case of `qc_cases/expected.json`. Cases about a visit are judged "
                "with the window and the expected series they name; the others without. Files and "
                "archives are refused or taken by intake before any check runs."
            ),
            "",
            (
                "| case | expected, in the corpus' words | errors, or what intake does | measured "
                "against expected | warnings |"
            ),
            "|---|---|---|---|---|",
            *case_rows(corpus),
            "",
            "## Real series",
            "",
            (
                f"{len(real)} series of the other folders, judged one by one without a visit: "
                f"{len(wrong)} errors. Warnings are true as far as the headers go: these samples "
                "lack activity and injection time, or were compressed with loss."
            ),
            "",
            "| folder | modality | images | errors | warnings | information |",
            "|---|---|---|---|---|---|",
            *real_rows(corpus),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", default=os.environ.get("ICRO_CORPUS", ""))
    parser.add_argument("--write", default="", help="file to write; without it, print")
    chosen = parser.parse_args()
    text = page(Path(chosen.corpus))
    if chosen.write:
        Path(chosen.write).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
