"""The page of results holds: it is what the checks say today of every case and real series."""

from __future__ import annotations

import importlib.util
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
    found = [
        (place, facts.modality, item.code)
        for place, facts, findings in results.real_series(corpus)
        for item in findings
        if item.level == "error"
    ]
    assert found == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("empty.dcm", "refused: empty_file"),
        ("text_named.dcm", "refused: not_dicom"),
        ("preamble_only.dcm", "refused: truncated_header"),
        ("truncated_in_header.dcm", "refused: truncated_header"),
        ("truncated_in_pixels.dcm", "refused: pixel_data_cut"),
        ("garbage_tail.dcm", "taken"),
        ("length_field_4GB.dcm", "refused: pixel_data_cut"),
        ("png_as.dcm", "refused: not_dicom"),
        ("elf_preamble.dcm", "taken"),
        ("deep_400.dcm", "refused: too_deep"),
        ("zip_ratio_1000.zip", "refused: archive_ratio"),
        ("zip_path_escape.zip", "taken, nothing outside"),
    ],
)
def test_a_file_that_is_no_series_is_taken_or_refused_with_its_code(
    results: ModuleType, corpus: Path, name: str, verdict: str
) -> None:
    assert results.file_verdict(corpus / "odd" / "made" / name) == verdict
