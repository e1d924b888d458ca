"""Checks of a whole submission, with phantom series as the site would send them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from imaging.phantom import SCANNERS, Defects, SeriesSpec, invented_identity, write_series
from imaging.pipeline.technical_qc import (
    Context,
    ExpectedSeries,
    Finding,
    KnownScanner,
    SeriesFacts,
    StandingException,
    VisitWindow,
    check_submission,
    default_guideline,
    read_facts,
)
from imaging.pipeline.technical_qc.submission import regions_of

SPEC = SeriesSpec(
    identity=invented_identity(3), study_date=date(2026, 3, 5), slices=24, matrix=16, seed=3
)


@pytest.fixture
def facts_of(tmp_path: Path) -> Any:
    def build(**changes: Any) -> SeriesFacts:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        written = write_series(folder, replace(SPEC, **changes))
        return read_facts(written.files, key=b"study key").series[0]

    return build


def check(*series: SeriesFacts, **context: Any) -> list[Finding]:
    findings = check_submission(series, guideline=default_guideline(), context=Context(**context))
    return [item for item in findings if item.level != "info"]


def codes(*series: SeriesFacts, **context: Any) -> list[str]:
    return [item.code for item in check(*series, **context)]


def test_a_phantom_series_of_the_expected_region_in_its_window_passes(facts_of: Any) -> None:
    context = {
        "expected": (ExpectedSeries("CT", ("CHEST", "ABDOMEN")),),
        "window": VisitWindow(date(2026, 3, 1), date(2026, 3, 10)),
        "today": date(2026, 3, 6),
        "scanners": (KnownScanner("NORDLICHT MEDICAL", "Aurora 64", "NL-640-0117"),),
    }
    assert codes(facts_of(), **context) == []


@pytest.mark.parametrize(
    ("defects", "code"),
    [
        (Defects(missing_slices=(7, 8)), "missing_slices"),
        (Defects(duplicate_positions=(5,)), "duplicate_position"),
        (Defects(thickness_mm=8.0), "outside_guideline"),
        (Defects(kernel="B70f", from_slice=12), "mixed_kernel"),
        (Defects(second_patient_from=20), "mixed_subject"),
    ],
)
def test_defects_of_the_phantom_are_found(facts_of: Any, defects: Defects, code: str) -> None:
    assert codes(facts_of(defects=defects)) == [code]


def test_a_shifted_date_falls_out_of_the_window(facts_of: Any) -> None:
    window = VisitWindow(date(2026, 3, 1), date(2026, 3, 10))
    (item,) = check(facts_of(defects=Defects(date_shift_days=20)), window=window)
    assert (item.code, item.measured) == ("date_out_of_window", "25 Mar 2026")
    assert item.expected == "01 Mar 2026 to 10 Mar 2026"


def test_the_sealed_true_date_goes_before_the_shifted_date_of_clean_files(facts_of: Any) -> None:
    window = VisitWindow(date(2025, 7, 1), date(2025, 7, 9))
    assert codes(facts_of(), window=window, true_date=date(2025, 7, 4)) == []
    assert codes(facts_of(), window=window, true_date=date(2025, 7, 10)) == ["date_out_of_window"]


def test_both_ends_of_the_window_belong_to_it(facts_of: Any) -> None:
    facts = facts_of()
    for day in (date(2026, 3, 5), date(2026, 3, 5)):
        assert codes(facts, window=VisitWindow(day, day)) == []


def test_a_scan_dated_after_today_is_found(facts_of: Any) -> None:
    assert codes(facts_of(), today=date(2026, 3, 4)) == ["date_in_future"]


@pytest.mark.parametrize(
    ("modality", "code"), [("PT", "wrong_modality"), ("CT", None), ("MR", "wrong_modality")]
)
def test_the_expected_modality_is_asked_for(facts_of: Any, modality: str, code: str | None) -> None:
    expected = (ExpectedSeries(modality),)
    assert codes(facts_of(), expected=expected) == ([code] if code else [])


def test_a_second_expected_series_that_is_lacking_is_missing_not_wrong(facts_of: Any) -> None:
    expected = (ExpectedSeries("CT"), ExpectedSeries("MR"))
    assert codes(facts_of(), expected=expected) == ["expected_series_missing"]


@pytest.mark.parametrize(
    ("words", "regions"),
    [
        (["CHESTABDOMEN"], {"CHEST", "ABDOMEN"}),
        (["CHESTABDPELVIS"], {"CHEST", "ABDOMEN", "PELVIS"}),
        (["THORAX"], {"CHEST"}),
        (["LUNG"], {"CHEST"}),
        (["WHOLEBODY"], {"CHEST", "ABDOMEN", "PELVIS", "HEAD", "NECK"}),
        (["KNEE"], {"KNEE"}),
        ([], set()),
    ],
)
def test_body_part_words_name_regions(words: list[str], regions: set[str]) -> None:
    assert regions_of(words) == regions


def test_a_scanner_that_is_not_registered_is_a_warning(facts_of: Any) -> None:
    register = (KnownScanner("TERRA IMAGING", "Basalt CT", "TB-00981"),)
    (item,) = check(facts_of(), scanners=register)
    assert (item.code, item.level) == ("scanner_unknown", "warning")
    assert item.measured == "NORDLICHT MEDICAL Aurora 64, serial NL-640-0117"


def test_another_scanner_than_at_baseline_is_found_with_what_changed(facts_of: Any) -> None:
    later = facts_of(scanner=SCANNERS[2], study_date=date(2026, 5, 5))
    items = check(later, earlier=(facts_of(),))
    assert [(item.code, item.parameter) for item in items] == [
        ("scanner_changed", ""),
        ("differs_from_earlier", "kernel"),
    ]
    assert items[1].title == "Reconstruction kernel differs from earlier time points"
    assert (items[1].measured, items[1].expected) == ("STANDARD", "B30f")


def test_new_software_on_the_same_scanner_is_information(facts_of: Any) -> None:
    newer = replace(SPEC.scanner, software="AUR 5.3.0")
    later = facts_of(scanner=newer, study_date=date(2026, 5, 5))
    findings = check_submission(
        [later], guideline=default_guideline(), context=Context(earlier=(facts_of(),))
    )
    changed = [(item.level, item.measured, item.expected) for item in findings
               if item.code == "software_changed"]  # fmt: skip
    assert changed == [("info", "AUR 5.3.0", "AUR 5.2.1")]


def test_a_follow_up_as_at_baseline_gives_nothing(facts_of: Any) -> None:
    assert codes(facts_of(study_date=date(2026, 5, 5)), earlier=(facts_of(),)) == []


def test_a_scan_without_contrast_after_one_with_contrast_is_found(facts_of: Any) -> None:
    later = facts_of(study_date=date(2026, 5, 5), defects=Defects(without_contrast_agent=True))
    items = check(later, earlier=(facts_of(),))
    assert [(item.parameter, item.measured, item.expected) for item in items] == [
        ("contrast_agent", "not stated", "given")
    ]


def test_another_person_than_before_is_an_error(facts_of: Any) -> None:
    stranger = facts_of(identity=invented_identity(9), study_date=date(2026, 5, 5))
    assert codes(stranger, earlier=(facts_of(),)) == ["other_subject"]


def test_a_new_hospital_number_with_the_same_birth_date_is_the_same_person(facts_of: Any) -> None:
    renumbered = replace(SPEC.identity, patient_id="H9-1")
    later = facts_of(identity=renumbered, study_date=date(2026, 5, 5))
    assert codes(later, earlier=(facts_of(),)) == []


def test_two_series_of_two_subjects_in_one_submission_are_found(facts_of: Any) -> None:
    assert codes(facts_of(), facts_of(identity=invented_identity(9))) == ["mixed_subject"]


def test_a_study_that_is_on_file_is_recognised(facts_of: Any) -> None:
    facts = facts_of()
    assert codes(facts, received_study_keys=frozenset(facts.study_keys)) == ["already_received"]


def test_a_standing_exception_keeps_the_finding_and_stops_the_query(facts_of: Any) -> None:
    facts = facts_of(defects=Defects(thickness_mm=8.0))
    waiver = StandingException("outside_guideline", "Deviation 14", "slice_thickness_mm")
    (item,) = check(facts, exceptions=(waiver,))
    assert (item.suppressed_by, item.asks_site) == ("Deviation 14", False)
    other = StandingException("outside_guideline", "Deviation 15", "kvp")
    (item,) = check(facts, exceptions=(other,))
    assert (item.suppressed_by, item.asks_site) == ("", True)


def test_findings_have_stable_keys(facts_of: Any) -> None:
    facts = facts_of(defects=Defects(thickness_mm=8.0))
    first, second = check(facts), check(facts)
    assert [item.key for item in first] == [item.key for item in second]
    assert first[0].key == f"outside_guideline:slice_thickness_mm:{facts.series_key}"
