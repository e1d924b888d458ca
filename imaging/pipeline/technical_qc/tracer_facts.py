"""Radiopharmaceutical and timing facts of one PET or NM file (PS3.3 C.8.9)."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from imaging.pipeline.technical_qc.facts import TracerFacts
from imaging.pipeline.technical_qc.nuclides import nuclide_of
from imaging.pipeline.technical_qc.parameters import (
    clock_seconds,
    day_of,
    dicom_datetime,
    element,
    number,
    several,
)

_HALF_A_DAY = timedelta(hours=12)


def tracer_of(first: Dataset, modality: str) -> TracerFacts | None:
    if modality not in {"PT", "NM"}:
        return None
    items = several(element(first, "RadiopharmaceuticalInformationSequence"))
    drug = items[0] if items and isinstance(items[0], Dataset) else Dataset()
    dated = dicom_datetime(element(drug, "RadiopharmaceuticalStartDateTime"))
    series_start = _instant(first, "SeriesDate", "SeriesTime") or _instant(
        first, "StudyDate", "SeriesTime"
    )
    undated = _time_on(series_start, element(drug, "RadiopharmaceuticalStartTime"))
    return TracerFacts(
        units=str(element(first, "Units") or ""),
        decay_correction=str(element(first, "DecayCorrection") or ""),
        corrections=tuple(str(part) for part in several(element(first, "CorrectedImage"))),
        weight_kg=number(element(first, "PatientWeight")),
        dose_bq=number(element(drug, "RadionuclideTotalDose")),
        half_life_s=number(element(drug, "RadionuclideHalfLife")),
        nuclide=nuclide_of(drug),
        tracer=str(element(drug, "Radiopharmaceutical") or ""),
        injection=dated or undated,
        injection_has_date=dated is not None,
        series_start=series_start,
        acquisition_start=_acquisition(first),
        acquisition_has_date=element(first, "AcquisitionDate") is not None,
        frame_reference_ms=number(element(first, "FrameReferenceTime")),
        frame_duration_ms=number(element(first, "ActualFrameDuration")),
        philips_suv_factor=_private(first, 0x7053, "Philips PET Private Group", 0x00),
        philips_activity_factor=_private(first, 0x7053, "Philips PET Private Group", 0x09),
        ge_scan_start=_ge_scan_start(first),
    )


def _acquisition(dataset: Dataset) -> datetime | None:
    """When an image was acquired; a time without a date may lie after midnight of the series."""
    dated = dicom_datetime(element(dataset, "AcquisitionDateTime")) or _instant(
        dataset, "AcquisitionDate", "AcquisitionTime"
    )
    if dated is not None:
        return dated
    undated = _instant(dataset, "SeriesDate", "AcquisitionTime")
    start = _instant(dataset, "SeriesDate", "SeriesTime")
    if undated is None or start is None:
        return undated
    return undated + timedelta(days=1) if start - undated > _HALF_A_DAY else undated


def _instant(dataset: Dataset, day_keyword: str, time_keyword: str) -> datetime | None:
    return _time_on(day_of(dataset, day_keyword), element(dataset, time_keyword))


def _time_on(day: datetime | None, clock: object) -> datetime | None:
    seconds = clock_seconds(clock)
    if day is None or seconds is None or seconds >= 86_400:
        return None
    whole = int(seconds)
    return day.replace(
        hour=whole // 3600,
        minute=whole // 60 % 60,
        second=whole % 60,
        microsecond=round((seconds - whole) * 1_000_000) % 1_000_000,
    )


def _private(dataset: Dataset, group: int, creator: str, offset: int) -> float | None:
    try:
        return number(dataset.private_block(group, creator)[offset].value)
    except KeyError:
        return None


def _ge_scan_start(dataset: Dataset) -> datetime | None:
    try:
        return dicom_datetime(dataset.private_block(0x0009, "GEMS_PETD_01")[0x0D].value)
    except KeyError:
        return None
