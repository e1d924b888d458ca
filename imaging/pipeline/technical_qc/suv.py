"""The factor from stored PET units to SUV by body weight, or the reasons why there is none.

Follows the vendor-neutral procedure published by QIBA ("SUV calculation", FDG-PET/CT profile):
SUVbw = pixel value (after rescale) x weight (g) / activity decayed to the scan's reference time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from imaging.pipeline.technical_qc.facts import TracerFacts

DAY = timedelta(days=1)
_LEAST_PLAUSIBLE_BQ = 1.0e5


@dataclass(frozen=True)
class SuvFactor:
    """``factor`` times the rescaled pixel value is SUVbw (g/ml); None with reason codes."""

    factor: float | None
    method: str = ""
    reasons: tuple[str, ...] = ()


def injection_instant(tracer: TracerFacts) -> datetime | None:
    """When the tracer was injected.

    A start time without a date gets the date of the scan; when that would put the injection
    after the scan by more than half a day, it happened before midnight: the day before.
    """
    if tracer.injection is None or tracer.injection_has_date:
        return tracer.injection
    scan = earliest_scan(tracer)
    if scan is None:
        return tracer.injection
    same_day = datetime.combine(scan.date(), tracer.injection.time())
    return same_day - DAY if same_day - scan > DAY / 2 else same_day


def earliest_scan(tracer: TracerFacts) -> datetime | None:
    """Start of the acquisition: the earliest acquisition time, else the series time."""
    return tracer.acquisition_start or tracer.series_start


def decay_reference(tracer: TracerFacts) -> datetime | None:
    """The instant to which the images are decay corrected when DecayCorrection is START.

    The series time when it is not later than the first acquisition; a later one belongs to a
    derived series, then GE's private scan start, else the acquisition time moved back by the
    frame reference time and forward by the frame's mean activity time.
    """
    acquisition = tracer.acquisition_start
    if tracer.series_start is not None and (
        acquisition is None or tracer.series_start <= acquisition
    ):
        return tracer.series_start
    if tracer.ge_scan_start is not None:
        return tracer.ge_scan_start
    known = (tracer.frame_reference_ms, tracer.frame_duration_ms, tracer.half_life_s)
    if acquisition is None or any(part is None for part in known):
        return None
    reference_ms, duration_ms, half_life = (float(part) for part in known if part is not None)
    if duration_ms <= 0 or half_life <= 0:
        return None
    rate = math.log(2) / half_life
    during = rate * duration_ms / 1000
    mean_time = math.log(during / -math.expm1(-during)) / rate
    return acquisition + timedelta(seconds=mean_time - reference_ms / 1000)


def uptake_minutes(tracer: TracerFacts) -> float | None:
    """Minutes from injection to the start of the scan, or None when either is unknown."""
    injection, scan = injection_instant(tracer), earliest_scan(tracer)
    if injection is None or scan is None:
        return None
    return (scan - injection).total_seconds() / 60


def suv_factor(tracer: TracerFacts) -> SuvFactor:
    """The SUVbw factor of a PET series, or the codes of all findings that prevent it."""
    if tracer.units == "GML":
        return SuvFactor(1.0, "stored as SUVbw (GML)")
    if tracer.units == "CNTS" and (tracer.philips_suv_factor or 0) > 0:
        return SuvFactor(tracer.philips_suv_factor, "Philips SUV scale factor")
    reasons = missing_for_suv(tracer)
    if reasons:
        return SuvFactor(None, "", reasons)
    activity, half_life = tracer.dose_bq or 0.0, tracer.half_life_s or 0.0
    method = "corrected to the injection"
    if tracer.decay_correction == "START":
        injection, reference = injection_instant(tracer), decay_reference(tracer)
        if injection is None or reference is None:
            return SuvFactor(None, "", ("scan_time_missing",))
        elapsed = (reference - injection).total_seconds()
        activity *= 2 ** (-elapsed / half_life)
        method = f"decayed over {elapsed / 60:.1f} min"
    factor = (tracer.weight_kg or 0.0) * 1000 / activity
    if tracer.units == "CNTS":
        factor *= tracer.philips_activity_factor or 0
        method = f"Philips activity scale factor, {method}"
    return SuvFactor(factor, method)


def missing_for_suv(tracer: TracerFacts) -> tuple[str, ...]:
    """Codes of everything that keeps SUVbw from being computed from activity concentrations."""
    dose = tracer.dose_bq or 0
    injection, scan = injection_instant(tracer), earliest_scan(tracer)
    usable = tracer.units == "BQML" or (
        tracer.units == "CNTS" and (tracer.philips_activity_factor or 0) > 0
    )
    faults = {
        "units_unusable": not usable,
        "weight_missing": (tracer.weight_kg or 0) <= 0,
        "dose_missing": dose <= 0,
        "dose_in_megabecquerel": 0 < dose < _LEAST_PLAUSIBLE_BQ,
        "half_life_missing": (tracer.half_life_s or 0) <= 0,
        "injection_time_missing": injection is None,
        "injection_after_scan": injection is not None and scan is not None and injection > scan,
        "not_attenuation_corrected": "ATTN" not in tracer.corrections,
        "not_decay_corrected": tracer.decay_correction not in {"START", "ADMIN"}
        or "DECY" not in tracer.corrections,
    }
    return tuple(code for code, found in faults.items() if found)
