"""Every automatic check that the plan asks for: its finding, its level, and what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from imaging.pipeline.technical_qc import (
    Context,
    Finding,
    KnownScanner,
    SeriesFacts,
    SliceFacts,
    StandingException,
    TracerFacts,
    VisitWindow,
    check_series,
    check_submission,
    default_guideline,
    from_document,
    series_facts,
)
from imaging.pipeline.technical_qc.tracer_checks import suv_in_words
from imaging.pipeline.technical_qc.words import WORDS
from tests.imaging.technical_qc.test_series_checks import change, ct, even, find

SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def under(rule: dict[str, Any], facts: SeriesFacts) -> list[Finding]:
    """Findings of one rule alone."""
    guideline = from_document(
        {
            "schema": "acquisition-guideline/1",
            "name": "x",
            "version": "1",
            "rules": [{"severity": "error", "source": "Protocol 8.2", **rule}],
        }
    )
    return list(check_series(facts, guideline=guideline))


def tracer(**changes: Any) -> TracerFacts:
    """An FDG PET that can be turned into SUV."""
    return replace(
        TracerFacts(
            units="BQML",
            decay_correction="START",
            corrections=("ATTN", "DECY"),
            weight_kg=72.0,
            dose_bq=3.0e8,
            half_life_s=6586.2,
            nuclide="F-18",
            tracer="FDG",
            injection=datetime(2026, 3, 5, 9, 0),
            injection_has_date=True,
            series_start=datetime(2026, 3, 5, 10, 0),
            acquisition_start=datetime(2026, 3, 5, 10, 0),
            acquisition_has_date=True,
        ),
        **changes,
    )


def pet(**changes: Any) -> SeriesFacts:
    return replace(ct(*even(24)), modality="PT", tracer=tracer(**changes))


def pet_codes(**changes: Any) -> list[str]:
    found = check_series(pet(**changes), guideline=default_guideline())
    return [item.code for item in found if item.level != "info"]


# --- geometry: the finding leads to its picture ------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "code", "measured", "positions"),
    [
        ({"orientation": SAGITTAL}, "mixed_orientation", "23 axial, 1 sagittal", (35.0,)),
        ({"pixel_spacing": (0.9, 0.9)}, "mixed_pixel_spacing",
         "0.78 x 0.78, 0.9 x 0.9 mm", (35.0,)),
        ({"rows": 256, "columns": 256}, "mixed_matrix", "512 x 512, 256 x 256", (35.0,)),
        ({"kernel": "B70f"}, "mixed_kernel", "B30f, B70f", (35.0,)),
        ({"thickness": 3.0}, "mixed_thickness", "3, 5 mm", (35.0,)),
    ],
)  # fmt: skip
def test_a_fault_of_one_slice_names_the_slice(
    parts: dict[str, Any], code: str, measured: str, positions: tuple[float, ...]
) -> None:
    item = find(change(ct(*even(24)), 7, **parts), code)
    assert (item.measured, item.positions) == (measured, positions)


def test_a_series_that_is_derived_by_its_lossy_compression_alone_is_judged() -> None:
    lossy = replace(
        ct(*even(24)),
        values={"lossy_compression": ("yes",)},
        image_types=(("DERIVED", "PRIMARY", "AXIAL"),),
    )
    assert find(lossy, "lossy_compression").asks_site
    reformatted = replace(lossy, image_types=(("DERIVED", "SECONDARY", "MPR"),))
    assert find(reformatted, "derived_series").level == "info"


def test_coverage_is_the_way_from_the_first_slice_to_the_last_with_their_thickness() -> None:
    # 24 slices of 5 mm, one every 5 mm: 115 mm between the first and the last centre, and 5 mm.
    (item,) = under(
        {"modality": "CT", "parameter": "coverage_mm", "kind": "min", "value": 300},
        ct(*even(24)),
    )
    assert (item.measured, item.expected) == ("120 mm", "at least 300 mm")
    assert item.source == "Protocol 8.2"


@pytest.mark.parametrize(
    ("rule", "values", "measured", "expected"),
    [
        ({"parameter": "kvp", "kind": "range", "value": [100, 120]}, {"kvp": (140.0,)},
         "140 kV", "100 to 120 kV"),
        ({"parameter": "kernel", "kind": "one_of", "value": ["B30f", "B31f"]},
         {"kernel": ("B70f",)}, "B70f", "B30f or B31f"),
        ({"parameter": "filter_type", "kind": "equals", "value": "BODY"},
         {"filter_type": ("HEAD",)}, "HEAD", "BODY"),
        ({"parameter": "matrix", "kind": "min", "value": 512}, {"matrix": (256.0,)},
         "256", "at least 512"),
        ({"parameter": "pixel_spacing_mm", "kind": "max", "value": 0.9},
         {"pixel_spacing_mm": (1.2,)}, "1.2 mm", "at most 0.9 mm"),
        ({"parameter": "contrast_phase", "kind": "equals", "value": "portal venous"},
         {"contrast_phase": ("arterial",)}, "arterial", "portal venous"),
        ({"parameter": "contrast_delay_s", "kind": "equals", "value": 70, "tolerance": 10},
         {"contrast_delay_s": (58.0,)}, "58 s", "70 s, 10 either way"),
    ],
)  # fmt: skip
def test_a_ct_outside_its_guideline_says_what_was_measured_against_what(
    rule: dict[str, Any], values: dict[str, Any], measured: str, expected: str
) -> None:
    (item,) = under({"modality": "CT", **rule}, replace(ct(*even(24)), values=values))
    assert (item.code, item.measured, item.expected) == ("outside_guideline", measured, expected)
    assert item.asks_site


@pytest.mark.parametrize(
    ("parameter", "value", "wanted"),
    [
        ("scanning_sequence", "GR", "SE"),
        ("sequence_variant", "SP", "SK"),
        ("sequence_name", "*fl2d1", "*tse2d1"),
        ("mr_acquisition_type", "3D", "2D"),
        ("plane", "coronal", "axial"),
    ],
)
def test_an_mr_sequence_is_compared_by_name(parameter: str, value: str, wanted: str) -> None:
    facts = replace(ct(*even(24)), modality="MR", values={parameter: (value,)})
    rule = {"modality": "MR", "parameter": parameter, "kind": "equals", "value": wanted}
    (item,) = under(rule, facts)
    assert (item.measured, item.expected) == (value, wanted)


@pytest.mark.parametrize(
    ("parameter", "value", "limits", "shown"),
    [
        ("repetition_time_ms", 3000.0, [400, 800], "3000 ms"),
        ("echo_time_ms", 110.0, [10, 90], "110 ms"),
        ("inversion_time_ms", 2500.0, [100, 200], "2500 ms"),
        ("field_strength_t", 1.5, [2.8, 3.2], "1.5 T"),
        ("flip_angle_deg", 15.0, [70, 90], "15 °"),
    ],
)
def test_an_mr_value_is_compared_with_its_range(
    parameter: str, value: float, limits: list[float], shown: str
) -> None:
    facts = replace(ct(*even(24)), modality="MR", values={parameter: (value,)})
    rule = {"modality": "MR", "parameter": parameter, "kind": "range", "value": limits}
    (item,) = under(rule, facts)
    assert item.measured == shown


def test_a_missing_b_value_is_found_and_the_wanted_ones_are_named() -> None:
    facts = replace(ct(*even(24)), modality="MR", values={"b_value": (0.0, 400.0)})
    rule = {"modality": "MR", "parameter": "b_value", "kind": "contains", "value": [0, 800]}
    (item,) = under(rule, facts)
    assert (item.measured, item.expected) == ("0, 400 s/mm²", "0 and 800 s/mm²")


def test_an_mr_of_another_field_strength_than_before_is_not_comparable() -> None:
    facts = replace(ct(*even(24)), modality="MR", values={"field_strength_t": (3.0,)})
    before = replace(facts, values={"field_strength_t": (1.5,)})
    found = check_submission(
        [facts], guideline=default_guideline(), context=Context(earlier=(before,))
    )
    (item,) = [item for item in found if item.parameter == "field_strength_t"]
    assert (item.code, item.measured, item.expected) == ("differs_from_earlier", "3 T", "1.5 T")


# --- PET and NM ---------------------------------------------------------------------------------


def test_a_pet_with_everything_gives_nothing_and_says_how_suv_is_computed() -> None:
    assert pet_codes() == []
    assert suv_in_words(tracer()) == "computable, decayed over 60.0 min"


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"weight_kg": 0.0}, ["weight_missing"]),
        ({"weight_kg": 7.2}, ["outside_guideline"]),
        ({"dose_bq": None}, ["dose_missing"]),
        ({"dose_bq": 300.0}, ["dose_in_megabecquerel"]),
        ({"dose_bq": 3.0e9}, ["outside_guideline"]),
        ({"half_life_s": 1221.8}, ["half_life_mismatch"]),
        ({"half_life_s": None}, ["half_life_missing"]),
        ({"nuclide": "", "tracer": "X"}, ["nuclide_unknown"]),
        ({"injection": None}, ["injection_time_missing"]),
        ({"injection": datetime(2026, 3, 5, 10, 30)}, ["injection_after_scan"]),
        ({"injection": datetime(2026, 3, 5, 8, 0)}, ["outside_guideline"]),
        ({"corrections": ("DECY",)}, ["not_attenuation_corrected"]),
        ({"corrections": ("ATTN",)}, ["not_decay_corrected"]),
        ({"decay_correction": "NONE"}, ["not_decay_corrected"]),
        ({"units": "CNTS"}, ["units_unusable"]),
        ({"units": "PROPCPS"}, ["units_unusable"]),
        ({"units": "CNTS", "philips_suv_factor": 0.0007}, []),
        ({"units": "CNTS", "philips_activity_factor": 1.3}, []),
        ({"units": "GML", "weight_kg": None}, []),
    ],
)
def test_whatever_prevents_suv_is_found_once(changes: dict[str, Any], codes: list[str]) -> None:
    assert pet_codes(**changes) == codes


def test_why_suv_cannot_be_computed_is_said_with_every_reason() -> None:
    assert suv_in_words(tracer(weight_kg=None, half_life_s=None)) == (
        "not computable: weight is missing; the half-life is missing"
    )


def pet_header(**changes: Any) -> Dataset:
    header = Dataset()
    header.Modality = "PT"
    header.SeriesInstanceUID = header.SOPInstanceUID = generate_uid()
    header.StudyDate = header.SeriesDate = "20260305"
    header.SeriesTime, header.AcquisitionTime = "235000", "235000"
    drug = Dataset()
    drug.RadiopharmaceuticalStartTime = "225000"
    header.RadiopharmaceuticalInformationSequence = [drug]
    for name, value in changes.items():
        setattr(drug if name.startswith("Radio") else header, name, value)
    return header


@pytest.mark.parametrize(
    ("changes", "injected", "scanned"),
    [
        # the bed passes midnight: images of the next day without a date of their own
        ({"AcquisitionTime": "000500"}, datetime(2026, 3, 5, 22, 50), datetime(2026, 3, 6, 0, 5)),
        # injected before midnight, scanned after it, no date at the injection
        (
            {"SeriesDate": "20260306", "SeriesTime": "001000", "AcquisitionTime": "001000",
             "RadiopharmaceuticalStartTime": "231000"},
            datetime(2026, 3, 5, 23, 10),
            datetime(2026, 3, 6, 0, 10),
        ),
        # the injection states its date
        (
            {"RadiopharmaceuticalStartDateTime": "20260305225500"},
            datetime(2026, 3, 5, 22, 55),
            datetime(2026, 3, 5, 23, 50),
        ),
    ],
)  # fmt: skip
def test_times_over_midnight_are_put_on_the_right_day(
    changes: dict[str, str], injected: datetime, scanned: datetime
) -> None:
    from imaging.pipeline.technical_qc.suv import earliest_scan, injection_instant

    facts = series_facts([(Path("x"), pet_header(**changes))], key=b"k")
    assert facts.tracer is not None
    assert injection_instant(facts.tracer) == injected
    assert earliest_scan(facts.tracer) == scanned


def test_the_frames_of_a_bed_that_passes_midnight_begin_with_the_one_before_midnight() -> None:
    members = [
        (Path("a"), pet_header(AcquisitionTime="000500")),
        (Path("b"), pet_header(AcquisitionTime="235000")),
    ]
    facts = series_facts(members, key=b"k")
    assert facts.tracer is not None
    assert facts.tracer.acquisition_start == datetime(2026, 3, 5, 23, 50)


def test_the_reconstruction_of_a_pet_is_compared_with_its_guideline() -> None:
    values = {
        "reconstruction": ("OSEM",), "iterations": (2.0,), "subsets": (21.0,),
        "post_filter": ("XYZ GAUSS4.00",), "scatter": ("MODEL",),
    }  # fmt: skip
    facts = replace(pet(), values=values)
    for parameter, wanted in (
        ("reconstruction", "TOF-OSEM"),
        ("iterations", 3),
        ("subsets", 16),
        ("post_filter", "XYZ GAUSS5.00"),
        ("scatter", "NONE"),
    ):
        rule = {"modality": "PT", "parameter": parameter, "kind": "equals", "value": wanted}
        (item,) = under(rule, facts)
        assert item.parameter == parameter
        assert str(wanted) in item.expected


def test_a_bone_scan_too_early_after_the_injection_is_a_warning() -> None:
    early = tracer(units="", nuclide="Tc-99m", half_life_s=21624.0)
    facts = replace(pet(), modality="NM", tracer=early)
    found = check_series(facts, guideline=default_guideline())
    assert [(f.code, f.parameter, f.measured, f.level) for f in found if f.level != "info"] == [
        ("outside_guideline", "uptake_minutes", "60 min", "warning")
    ]


# --- scanner, dates, exceptions -------------------------------------------------------------------

DEVICE = {"manufacturer": ("NORD",), "model": ("Aurora",), "serial": ("ends 0002",)}


def visit(values: dict[str, Any], **context: Any) -> list[Finding]:
    facts = replace(ct(*even(24)), values=values, acquisition_date=date(2026, 3, 5))
    found = check_submission([facts], guideline=default_guideline(), context=Context(**context))
    return [item for item in found if item.code != "body_part_unknown"]


def test_another_serial_number_of_a_registered_model_is_told_from_an_unknown_scanner() -> None:
    (item,) = visit(DEVICE, scanners=(KnownScanner("NORD", "Aurora", "ends 0001"),))
    assert (item.code, item.measured, item.expected) == (
        "serial_changed",
        "ends 0002",
        "registered is ends 0001",
    )
    (item,) = visit(DEVICE, scanners=(KnownScanner("NORD", "Borealis", "ends 0001"),))
    assert item.code == "scanner_unknown"


def test_images_without_a_serial_number_are_of_a_registered_scanner_of_their_model() -> None:
    """What is cleaned at the site says its model only."""
    unnumbered = {name: value for name, value in DEVICE.items() if name != "serial"}
    assert visit(unnumbered, scanners=(KnownScanner("NORD", "Aurora", "ends 0001"),)) == []
    (item,) = visit(unnumbered, scanners=(KnownScanner("NORD", "Borealis", "ends 0001"),))
    assert item.code == "scanner_unknown"


def test_a_software_version_that_differs_from_the_registered_one_is_told() -> None:
    values = {**DEVICE, "software": ("7.1",)}
    (item,) = visit(values, scanners=(KnownScanner("NORD", "Aurora", "ends 0002", "6.8"),))
    assert (item.code, item.measured, item.expected) == ("software_changed", "7.1", "6.8")


def test_a_date_outside_the_window_says_from_which_anchor_the_window_is_counted() -> None:
    window = VisitWindow(
        date(2026, 2, 1), date(2026, 2, 15), "day 28 after randomisation on 10 Jan 2026"
    )
    (item,) = visit({}, window=window)
    assert item.code == "date_out_of_window"
    assert item.expected == (
        "01 Feb 2026 to 15 Feb 2026, day 28 after randomisation on 10 Jan 2026"
    )


def test_an_exception_for_one_modality_does_not_cover_another() -> None:
    thick = replace(ct(*even(24)), values={"slice_thickness_mm": (8.0,)})
    thick = replace(thick, slices=tuple(replace(s, thickness=8.0) for s in thick.slices))
    for modality, covered in (("CT", "EX-001"), ("MR", "")):
        waiver = StandingException("outside_guideline", "EX-001", "slice_thickness_mm", modality)
        found = check_submission(
            [thick], guideline=default_guideline(), context=Context(exceptions=(waiver,))
        )
        (item,) = [f for f in found if f.parameter == "slice_thickness_mm"]
        assert item.suppressed_by == covered


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(WORDS))
def test_every_finding_has_a_title_a_meaning_advice_and_ends_its_question(code: str) -> None:
    words = WORDS[code]
    assert words.title
    assert words.means.endswith(".")
    assert words.do.endswith(".")
    assert not words.query or words.query.endswith(".")


def test_whatever_the_default_guideline_holds_for_an_error_asks_the_site() -> None:
    severe = {r.parameter for r in default_guideline().rules
              if r.kind == "check" and r.severity == "error"}  # fmt: skip
    assert [code for code in sorted(severe) if not WORDS[code].query] == []


def test_a_finding_that_the_guideline_can_switch_on_exists_for_every_word(tmp_path: Path) -> None:
    switched = {r.parameter for r in default_guideline().rules if r.kind == "check"}
    by_rule = {"outside_guideline", "not_stated", "differs_from_earlier"}
    assert set(WORDS) - switched - by_rule == set()


def test_a_slice_without_a_place_leads_to_no_picture() -> None:
    facts = change(ct(*even(24)), 7, kernel="B70f", position=None)
    item = find(facts, "mixed_kernel")
    assert item.positions == ()


def test_facts_of_a_slice_survive_json_with_what_these_checks_added() -> None:
    facts = pet()
    document = json.loads(json.dumps(facts.to_document()))
    assert SeriesFacts.from_document(document) == facts
    assert SliceFacts("i", "s", "t").frame == 0
