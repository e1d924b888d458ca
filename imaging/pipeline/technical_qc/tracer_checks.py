"""Checks of PET and NM: activity, times, half-life, corrections, SUV computable or why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from imaging.pipeline.technical_qc.facts import TracerFacts, Value
from imaging.pipeline.technical_qc.findings import Finding
from imaging.pipeline.technical_qc.nuclides import HALF_LIVES_S
from imaging.pipeline.technical_qc.suv import (
    earliest_scan,
    injection_instant,
    suv_factor,
    uptake_minutes,
)
from imaging.pipeline.technical_qc.words import WORDS


class Report(Protocol):
    """Gives the finding of a check, or nothing when the check is switched off."""

    def __call__(
        self, code: str, *, measured: str = "", expected: str = ""
    ) -> Iterator[Finding]: ...


def tracer_values(tracer: TracerFacts | None) -> dict[str, tuple[Value, ...]]:
    """Guideline parameters that are computed from the tracer facts.

    The uptake time is left out when the injection lies after the scan: that is a finding of
    its own. Activity in MBq, durations in s and min.
    """
    if tracer is None:
        return {}
    values: dict[str, tuple[Value, ...]] = {}
    uptake = uptake_minutes(tracer)
    if uptake is not None and uptake >= 0:
        values["uptake_minutes"] = (round(uptake, 2),)
    if (tracer.dose_bq or 0) >= 1.0e5:
        values["dose_mbq"] = (round((tracer.dose_bq or 0) / 1e6, 3),)
    if (tracer.weight_kg or 0) > 0:
        values["weight_kg"] = (round(tracer.weight_kg or 0, 2),)
    if tracer.frame_duration_ms:
        values["frame_duration_s"] = (tracer.frame_duration_ms / 1000,)
    return values


def tracer_findings(
    report: Report, tracer: TracerFacts | None, tolerance: Callable[[str], float]
) -> Iterator[Finding]:
    """Everything that keeps SUV from being computed, and a half-life that does not fit."""
    if tracer is None:
        return
    for code in suv_factor(tracer).reasons:
        measured, expected = _sides(code, tracer)
        yield from report(code, measured=measured, expected=expected)
    usual = HALF_LIVES_S.get(tracer.nuclide)
    if usual is None:
        yield from report("nuclide_unknown", measured=tracer.tracer)
    elif tracer.half_life_s and abs(tracer.half_life_s / usual - 1) > tolerance(
        "half_life_mismatch"
    ):
        yield from report(
            "half_life_mismatch",
            measured=f"{tracer.half_life_s:g} s",
            expected=f"{tracer.nuclide} has {usual:g} s",
        )


def suv_in_words(tracer: TracerFacts | None) -> str:
    """Say whether SUV by body weight can be computed and how, or everything that prevents it."""
    if tracer is None:
        return ""
    found = suv_factor(tracer)
    if found.factor is not None:
        return f"computable, {found.method}"
    return "not computable: " + "; ".join(
        WORDS[code].title[0].lower() + WORDS[code].title[1:] for code in found.reasons
    )


def _sides(code: str, tracer: TracerFacts) -> tuple[str, str]:
    """Measured and expected text of a reason."""
    corrections = ", ".join(tracer.corrections) or "none"
    sides = {
        "weight_missing": (_number(tracer.weight_kg, "kg"), "weight in kg"),
        "dose_missing": (_number(tracer.dose_bq, "Bq"), "activity in Bq"),
        "dose_in_megabecquerel": (f"{tracer.dose_bq:g}" if tracer.dose_bq else "", "Bq"),
        "half_life_missing": (_number(tracer.half_life_s, "s"), "half-life in s"),
        "injection_time_missing": ("", "time of injection"),
        "injection_after_scan": (
            _moment(injection_instant(tracer)), _moment(earliest_scan(tracer)),
        ),
        "not_attenuation_corrected": (corrections, "ATTN"),
        "not_decay_corrected": (
            f"{tracer.decay_correction or 'not stated'}; {corrections}", "START or ADMIN, DECY",
        ),
        "units_unusable": (tracer.units or "not stated", "BQML or a vendor factor"),
    }  # fmt: skip
    return sides.get(code, ("", ""))


def _number(value: float | None, unit: str) -> str:
    return "not stated" if value is None else f"{value:g} {unit}"


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%d %b %Y %H:%M")
