"""No object becomes invalid by cleaning: dciodvfy says no more of it afterwards than before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks import validity

pytestmark = pytest.mark.corpus
#: One file of each kind of object; the whole corpus is looked at by `benchmarks/validity.py`.
KINDS = (
    "series/ct_3slice_seg/*.dcm", "series/mr_siemens_mosaic/*.dcm", "rt/lctsc/*",
    "rt/pydicom/*", "sr/*", "seg/*", "compressed/*", "overlay_waveform/*",
    "series/petct_nema_synthetic/**/*.dcm", "series/ct_mf_seg_small/*",
)  # fmt: skip


@pytest.mark.skipif(not validity.is_there(), reason="dciodvfy is not installed.")
def test_cleaning_adds_no_error_of_any_type(corpus: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for pattern in KINDS:
        for path in sorted(p for p in corpus.glob(pattern) if p.is_file())[:2]:
            shutil.copyfile(path, source / f"{path.parent.name}_{path.name}")
    looked = list(validity.pairs(source, tmp_path / "target"))
    assert len(looked) >= 12
    assert [(path.name, error) for path, error in validity.new_errors(looked)] == []


def test_errors_about_type_1_are_told_from_others() -> None:
    missing = "Error - </Modality(0008,0060)> - Missing attribute for Type 1 Required - Module=<>"
    assert validity.is_type_1(missing)
    assert validity.is_type_1(missing.replace("Type 1 Required", "Type 1C Conditional"))
    assert not validity.is_type_1(missing.replace("Type 1", "Type 2"))
