"""One-fault series of the corpus give their finding and no other error; real series give none."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from imaging.pipeline.technical_qc import (
    Context,
    ExpectedSeries,
    Finding,
    VisitWindow,
    check_submission,
    default_guideline,
    read_facts,
)

KEY = b"a study's key for hashes"
FEBRUARY = Context(window=VisitWindow(date(2024, 2, 1), date(2024, 2, 15)))
CHEST_CT = Context(expected=(ExpectedSeries("CT", ("CHEST",)),))

# case -> the one finding that stops the series: (code, measured), by hand from expected.json.
FAULTS: dict[str, tuple[str, str]] = {
    "ct_missing_slice": ("missing_slices", "1 slice at 15 mm"),
    "ct_duplicate_position": ("duplicate_position", "15 mm; nothing at 18 mm"),
    "ct_duplicate_sop_other_pixels": ("conflicting_instance", "1 image"),
    "ct_mixed_orientation": ("mixed_orientation", "9 axial, 1 sagittal"),
    "ct_mixed_patient": ("mixed_subject", "2 subjects"),
    "ct_mixed_study_same_series": ("mixed_study", "2 studies"),
    "ct_mixed_spacing": ("mixed_pixel_spacing", "6 x 6, 5 x 5 mm"),
    "ct_thick_slices": ("outside_guideline(slice_thickness_mm)", "8 mm"),
    "ct_thickness_not_spacing": ("gaps_between_slices", "spacing 6 mm, thickness 3 mm"),
    "ct_no_pixel_spacing": ("no_pixel_spacing", ""),
    "ct_mixed_kernel": ("mixed_kernel", "STANDARD, BONE"),
    "pet_no_weight": ("weight_missing", "not stated"),
    "pet_weight_zero": ("weight_missing", "0 kg"),
    "pet_no_dose": ("dose_missing", "not stated"),
    "pet_dose_in_mbq": ("dose_in_megabecquerel", "350"),
    "pet_injection_after_scan": ("injection_after_scan", "05 Jan 2024 11:30"),
    "pet_uptake_120min": ("outside_guideline(uptake_minutes)", "120 min"),
    "pet_not_attenuation_corrected": ("not_attenuation_corrected", "DECY, RAN"),
    "pet_units_cnts_no_factor": ("units_unusable", "CNTS"),
    "pet_half_life_wrong": ("half_life_mismatch", "1223 s"),
    "visit_date_out_of_window": ("date_out_of_window", "30 Mar 2024"),
    "wrong_modality": ("wrong_modality", "PT"),
    "wrong_body_part": ("wrong_body_part", "KNEE"),
}
CONTEXTS = {
    "visit_date_out_of_window": FEBRUARY,
    "wrong_modality": CHEST_CT,
    "wrong_body_part": CHEST_CT,
}
PASSES = ("ok_ct", "ok_pet", "ct_gantry_tilt_jitter", "ct_duplicate_sop_same_bytes")


def findings_of(folder: Path, context: Context) -> tuple[Finding, ...]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    facts = read_facts(files, key=KEY)
    return check_submission(facts.series, guideline=default_guideline(), context=context)


def named(item: Finding) -> str:
    """The code of a finding, with its parameter if it has one."""
    return f"{item.code}({item.parameter})" if item.parameter else item.code


def test_every_series_case_of_the_corpus_is_in_these_tables(corpus: Path) -> None:
    cases = json.loads((corpus / "qc_cases" / "expected.json").read_text())
    assert {name for name in cases if "/" not in name} == {*FAULTS, *PASSES}


@pytest.mark.parametrize("case", sorted(FAULTS))
def test_a_fault_gives_its_finding_and_no_other_error(corpus: Path, case: str) -> None:
    findings = findings_of(corpus / "qc_cases" / case, CONTEXTS.get(case, Context()))
    stopping = [
        (
            item.level,
            f"{item.code}({item.parameter})" if item.parameter else item.code,
            item.measured,
        )
        for item in findings
        if item.level != "info"
    ]
    assert stopping == [("error", *FAULTS[case])]


@pytest.mark.parametrize("case", sorted(FAULTS))
def test_the_finding_of_a_fault_asks_the_site_in_words(corpus: Path, case: str) -> None:
    findings = findings_of(corpus / "qc_cases" / case, CONTEXTS.get(case, Context()))
    item = next(item for item in findings if item.level == "error")
    assert item.asks_site
    assert "{" not in item.query + item.title + item.what_it_means + item.what_to_do
    assert item.query.endswith(".")


@pytest.mark.parametrize("case", PASSES)
def test_a_good_series_passes(corpus: Path, case: str) -> None:
    findings = findings_of(corpus / "qc_cases" / case, Context())
    assert [item for item in findings if item.level != "info"] == []


def test_an_identical_copy_is_noted(corpus: Path) -> None:
    findings = findings_of(corpus / "qc_cases" / "ct_duplicate_sop_same_bytes", Context())
    assert ("duplicate_instance", "info", "1 image") in {
        (item.code, item.level, item.measured) for item in findings
    }


def test_a_visit_in_its_window_with_the_expected_chest_ct_passes(corpus: Path) -> None:
    context = Context(
        window=VisitWindow(date(2024, 1, 1), date(2024, 1, 31)),
        expected=(ExpectedSeries("CT", ("CHEST",)),),
        today=date(2024, 2, 1),
    )
    findings = findings_of(corpus / "qc_cases" / "ok_ct", context)
    assert [item.code for item in findings if item.level != "info"] == []


@pytest.mark.parametrize(
    "folder",
    [
        "series/ct_3slice_seg",
        "series/ct_mf_seg_small",
        "series/mr_ge_epi_150",
        "series/mr_pacsman_128",
        "series/mr_siemens_mosaic",
        "series/petct_nema_synthetic",
        "nm",
        "rt",
        "us",
        "seg",
        "sr",
        "sc_burned_in",
        "overlay_waveform",
    ],
)
def test_real_series_give_no_false_error(corpus: Path, folder: str) -> None:
    findings = findings_of(corpus / folder, Context())
    # The folders collect objects of several subjects; that finding is true.
    wrong = [item for item in findings if item.level == "error" and item.code != "mixed_subject"]
    assert wrong == []


@pytest.mark.parametrize(
    ("folder", "modality", "code"),
    [
        ("series/ct_3slice_seg", "SEG", "not_an_image"),
        ("rt/lctsc", "RTSTRUCT", "not_an_image"),
        ("rt/lctsc", "CT", "derived_series"),
        ("sr", "SR", "not_an_image"),
    ],
)
def test_objects_that_are_no_acquisitions_are_sorted_out(
    corpus: Path, folder: str, modality: str, code: str
) -> None:
    files = sorted(path for path in (corpus / folder).rglob("*") if path.is_file())
    facts = [item for item in read_facts(files, key=KEY).series if item.modality == modality]
    findings = check_submission(facts, guideline=default_guideline())
    assert code in {item.code for item in findings if item.level == "info"}


def test_a_dynamic_series_counts_positions_not_images(corpus: Path) -> None:
    from imaging.pipeline.technical_qc.series_checks import derived_values, main_stack

    files = sorted((corpus / "series" / "mr_ge_epi_150").iterdir())
    (facts,) = read_facts(files, key=KEY).series
    stack = main_stack(facts)
    assert stack is not None
    # 150 images: 15 positions 5 mm apart, 10 time points; 3 mm slices.
    assert (len(stack.heights), stack.repeats, stack.spacing) == (15, 10, 5.0)
    assert derived_values(facts, stack).all_of("coverage_mm") == (73.0,)


def test_files_that_are_no_dicom_are_listed_and_do_not_stop_the_rest(corpus: Path) -> None:
    files = [
        corpus / "odd" / "made" / "text_named.dcm",
        corpus / "odd" / "made" / "empty.dcm",
        corpus / "qc_cases" / "ok_ct" / "000.dcm",
    ]
    facts = read_facts(files, key=KEY)
    assert [path.name for path in facts.refused] == ["text_named.dcm", "empty.dcm"]
    assert len(facts.series) == 1
