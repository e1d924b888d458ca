"""The page of results holds: it is what the checks say today of every case and real series."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def results() -> ModuleType:
    spec = importlib.util.spec_from_file_location("qc_results", ROOT / "benchmarks" / "qc.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_results_equals_a_fresh_run(results: ModuleType, corpus: Path) -> None:
    written = (ROOT / "docs" / "qc-results.md").read_text(encoding="utf-8")
    assert written == results.page(corpus)


def test_no_real_series_of_the_corpus_has_an_error(results: ModuleType, corpus: Path) -> None:
    series = list(results.real_series(corpus))
    found = [
        (place, facts.modality, item.code)
        for place, facts, findings in series
        for item in findings
        if item.level == "error"
    ]
    assert found == []
    # Every real folder of the corpus was looked at, and series were found there.
    assert {place.partition("/")[0] for place, _, _ in series} == set(results.REAL)


#: file -> what intake does with it, by hand from expected.json and imaging.md section 9
VERDICTS = {
    "empty.dcm": "refused: empty_file",
    "text_named.dcm": "refused: not_dicom",
    "preamble_only.dcm": "refused: truncated_header",
    "truncated_in_header.dcm": "refused: truncated_header",
    "truncated_in_pixels.dcm": "refused: pixel_data_cut",
    "garbage_tail.dcm": "taken",
    "length_field_4GB.dcm": "refused: pixel_data_cut",
    "png_as.dcm": "refused: not_dicom",
    "elf_preamble.dcm": "taken",
    "deep_400.dcm": "refused: too_deep",
    "zip_ratio_1000.zip": "refused: archive_ratio",
    "zip_path_escape.zip": "taken, nothing outside",
}


def test_every_file_case_of_the_corpus_is_in_this_table(corpus: Path) -> None:
    cases = json.loads((corpus / "qc_cases" / "expected.json").read_text())
    files = {name.rpartition("/")[2] for name in cases if "/" in name}
    assert files == set(VERDICTS)


@pytest.mark.parametrize(("name", "verdict"), VERDICTS.items())
def test_a_file_that_is_no_series_is_taken_or_refused_with_its_code(
    results: ModuleType, corpus: Path, name: str, verdict: str
) -> None:
    assert results.file_verdict(corpus / "odd" / "made" / name) == verdict
