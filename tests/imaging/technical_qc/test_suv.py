"""SUV by body weight: the factor, or why there is none.

Expected factors were computed with 30 decimal digits outside this code base:
weight (g) / (activity x 2^(-elapsed / half-life)).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.pipeline.technical_qc import TracerFacts, read_facts, suv_factor, uptake_minutes
from imaging.pipeline.technical_qc.suv import decay_reference, injection_instant

FDG = TracerFacts(
    units="BQML",
    decay_correction="START",
    corrections=("DECY", "ATTN", "SCAT"),
    weight_kg=70.0,
    dose_bq=350e6,
    half_life_s=6586.2,
    nuclide="F-18",
    injection=datetime(2024, 1, 5, 9, 10),
    injection_has_date=True,
    series_start=datetime(2024, 1, 5, 10, 10),
    acquisition_start=datetime(2024, 1, 5, 10, 10),
)


@pytest.mark.parametrize(
    ("tracer", "factor"),
    [
        # 70 kg, 350 MBq, 60 min, 6586.2 s.
        (FDG, 2.92127349244e-4),
        # 80 kg, 300 MBq, 90 min.
        (
            replace(
                FDG, weight_kg=80.0, dose_bq=300e6, series_start=datetime(2024, 1, 5, 10, 40),
                acquisition_start=datetime(2024, 1, 5, 10, 40),
            ),
            4.70741043479e-4,
        ),
        # Corrected to the injection: 70,000 g / 350e6 Bq.
        (replace(FDG, decay_correction="ADMIN"), 2.0e-4),
        (replace(FDG, units="GML"), 1.0),
        (replace(FDG, units="CNTS", philips_suv_factor=0.000551), 0.000551),
        (replace(FDG, units="CNTS", philips_activity_factor=2.0), 5.84254698489e-4),
    ],
)  # fmt: skip
def test_the_factor_equals_the_independent_computation(tracer: TracerFacts, factor: float) -> None:
    assert suv_factor(tracer).factor == pytest.approx(factor, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"weight_kg": None}, "weight_missing"),
        ({"weight_kg": 0.0}, "weight_missing"),
        ({"dose_bq": None}, "dose_missing"),
        ({"dose_bq": 350.0}, "dose_in_megabecquerel"),
        ({"half_life_s": None}, "half_life_missing"),
        ({"injection": None}, "injection_time_missing"),
        ({"injection": datetime(2024, 1, 5, 11, 30)}, "injection_after_scan"),
        ({"corrections": ("DECY",)}, "not_attenuation_corrected"),
        ({"corrections": ("ATTN",)}, "not_decay_corrected"),
        ({"decay_correction": "NONE"}, "not_decay_corrected"),
        ({"units": "CNTS"}, "units_unusable"),
        ({"units": "PROPCPS"}, "units_unusable"),
    ],
)
def test_each_lack_is_named_and_gives_no_factor(change: dict[str, object], reason: str) -> None:
    result = suv_factor(replace(FDG, **change))
    assert (result.factor, result.reasons) == (None, (reason,))


def test_all_lacks_are_named_together() -> None:
    result = suv_factor(replace(FDG, weight_kg=None, dose_bq=None, units="CNTS"))
    assert result.reasons == ("units_unusable", "weight_missing", "dose_missing")


def test_an_injection_time_without_a_date_may_lie_before_midnight() -> None:
    night = replace(
        FDG,
        injection=datetime(2024, 1, 5, 23, 40),
        injection_has_date=False,
        series_start=datetime(2024, 1, 5, 0, 40),
        acquisition_start=datetime(2024, 1, 5, 0, 40),
    )
    assert injection_instant(night) == datetime(2024, 1, 4, 23, 40)
    assert uptake_minutes(night) == 60.0
    assert suv_factor(night).factor == pytest.approx(2.92127349244e-4, rel=1e-9)


def test_an_undated_injection_shortly_after_the_scan_is_a_fault_not_the_day_before() -> None:
    late = replace(FDG, injection=datetime(2024, 1, 5, 11, 30), injection_has_date=False)
    assert suv_factor(late).reasons == ("injection_after_scan",)


def test_a_series_time_after_the_acquisition_is_not_the_decay_reference() -> None:
    derived = replace(FDG, series_start=datetime(2024, 1, 5, 15, 0))
    assert decay_reference(derived) is None
    assert suv_factor(derived).reasons == ("scan_time_missing",)
    ge = replace(derived, ge_scan_start=datetime(2024, 1, 5, 10, 10))
    assert suv_factor(ge).factor == pytest.approx(2.92127349244e-4, rel=1e-9)


def test_the_frame_times_give_the_reference_when_the_series_time_does_not() -> None:
    # A frame of 120 s of F-18 has its mean activity 59.93685 s after its start; the frame
    # reference time of 59.93685 s then puts the reference at the acquisition time.
    frames = replace(
        FDG,
        series_start=datetime(2024, 1, 5, 15, 0),
        frame_reference_ms=59_936.8546724657,
        frame_duration_ms=120_000.0,
    )
    reference = decay_reference(frames)
    assert reference is not None
    assert abs((reference - datetime(2024, 1, 5, 10, 10)).total_seconds()) < 1e-5


@given(
    weight=st.floats(min_value=30, max_value=200),
    dose=st.floats(min_value=50e6, max_value=800e6),
)
def test_suv_is_proportional_to_weight_and_inverse_to_activity(weight: float, dose: float) -> None:
    one = suv_factor(replace(FDG, weight_kg=weight, dose_bq=dose)).factor
    two = suv_factor(replace(FDG, weight_kg=2 * weight, dose_bq=dose / 2)).factor
    assert one is not None
    assert two is not None
    assert two == pytest.approx(4 * one, rel=1e-12)


def instant(text: str) -> datetime:
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def test_every_voxel_of_the_synthetic_pet_has_the_suv_of_an_independent_computation(
    corpus: Path,
) -> None:
    """QIBA's formula by hand from each slice's own header, without a line of the code under test.

    SUVbw = (stored x slope + intercept) x weight in g / (dose x 2^(-(scan - injection) / T half)).
    """
    folder = corpus / "series" / "petct_nema_synthetic"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    slices = [item for item in map(pydicom.dcmread, files) if item.Modality == "PT"]
    pet = next(item for item in read_facts(files, key=b"k").series if item.modality == "PT")
    assert pet.tracer is not None
    factor = suv_factor(pet.tracer).factor
    assert factor is not None
    assert len(slices) == 24
    for item in slices:
        tracer = item.RadiopharmaceuticalInformationSequence[0]
        injected = instant(tracer.RadiopharmaceuticalStartDateTime)
        scanned = instant(item.SeriesDate + item.SeriesTime)
        waited = (scanned - injected).total_seconds()
        left = float(tracer.RadionuclideTotalDose) * 0.5 ** (
            waited / float(tracer.RadionuclideHalfLife)
        )
        rescaled = item.pixel_array.astype(float) * float(item.RescaleSlope) + float(
            item.RescaleIntercept
        )
        by_hand = rescaled * float(item.PatientWeight) * 1000 / left
        ours = rescaled * factor
        inside = by_hand > 0.1
        assert inside.sum() > 1000
        # To 0.1 % at every voxel (acceptance of the issue).
        assert np.max(np.abs(ours[inside] / by_hand[inside] - 1)) < 1e-3


def test_the_synthetic_pet_background_has_the_expected_suv(corpus: Path) -> None:
    folder = corpus / "series" / "petct_nema_synthetic"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    pet = next(item for item in read_facts(files, key=b"k").series if item.modality == "PT")
    assert pet.tracer is not None
    factor = suv_factor(pet.tracer).factor
    # 3,500 Bq/ml (the manifest's background) is SUV 1.022446.
    assert factor is not None
    assert 3500 * factor == pytest.approx(1.02244572236, rel=1e-3)
    slices = [pydicom.dcmread(path) for path in files]
    middle = [item for item in slices if item.Modality == "PT"][1]
    values = middle.pixel_array * float(middle.RescaleSlope) * factor
    inside = values[values > 0.5]
    assert float(np.median(inside)) == pytest.approx(1.022, abs=0.03)
