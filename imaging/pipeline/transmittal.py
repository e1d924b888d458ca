"""Values of headers that a transmittal form can take over, without identity.

Free text of a header never comes out as it stands: contrast agents and tracers are recognised by
their generic names, everything else is a number or a time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from imaging.pipeline.technical_qc.facts import TracerFacts
from imaging.pipeline.technical_qc.opening import open_header
from imaging.pipeline.technical_qc.parameters import clock_seconds, dicom_datetime, element, number

#: generic (INN) names of agents in CT and MR; a brand name is not taken over
AGENTS: Final = (
    "iohexol iopamidol iopromide iodixanol ioversol iomeprol iobitridol iopentol ioxaglate "
    "ioxitalamate amidotrizoate gadobutrol gadoterate gadoteridol gadoxetate gadobenate "
    "gadopiclenol gadoversetamide gadodiamide gadopentetate ferumoxytol mangafodipir"
).split()
#: form code of a tracer: (words that name it, nuclide it must have or "")
TRACERS: Final = {
    "FDG": (("fluorodeoxyglucose", "fdg", "fludeoxyglucose"), "F-18"),
    "PSMA-11": (("psma-11", "psma 11", "gozetotide", "psma-hbed"), "Ga-68"),
    "DCFPYL": (("dcfpyl", "piflufolastat"), "F-18"),
    "DOTATATE": (("dotatate", "oxodotreotide"), "Ga-68"),
}
_STRENGTH = re.compile(r"\b(\d{3})\b")
_LONGEST_DELAY_S = 1200


@dataclass(frozen=True, slots=True)
class HeaderValues:
    """What one file says; ``None`` or an empty text where it says nothing usable.

    ``scanned`` is the instant of acquisition by the scanner's clock, without a zone.
    """

    modality: str = ""
    scanned: datetime | None = None
    weight_kg: float | None = None
    height_m: float | None = None
    agent: str = ""
    volume_ml: float | None = None
    delay_s: float | None = None
    field_strength_t: float | None = None


def header_values(path: Path) -> HeaderValues | None:
    """Read the values of one file, or ``None`` when it cannot be read."""
    dataset = open_header(path)
    if dataset is None:
        return None
    scanned = dicom_datetime(element(dataset, "AcquisitionDateTime"))
    for name in ("Acquisition", "Content", "Series"):
        if scanned is None:
            day = element(dataset, f"{name}Date") or element(dataset, "StudyDate")
            scanned = dicom_datetime(f"{day or ''}{_hhmmss(element(dataset, f'{name}Time'))}")
    bolus = clock_seconds(element(dataset, "ContrastBolusStartTime"))
    begun = clock_seconds(element(dataset, "AcquisitionTime"))
    delay = (begun - bolus) % 86_400 if bolus is not None and begun is not None else None
    return HeaderValues(
        modality=str(element(dataset, "Modality") or ""),
        scanned=scanned,
        weight_kg=_within(element(dataset, "PatientWeight"), 1, 400),
        height_m=_within(element(dataset, "PatientSize"), 0.3, 2.5),
        agent=agent_of(str(element(dataset, "ContrastBolusAgent") or "")),
        volume_ml=_within(element(dataset, "ContrastBolusVolume"), 1, 300),
        field_strength_t=_within(element(dataset, "MagneticFieldStrength"), 0.1, 12),
        delay_s=delay if delay is not None and 0 < delay <= _LONGEST_DELAY_S else None,
    )


def _hhmmss(value: object) -> str:
    seconds = clock_seconds(value)
    if seconds is None or seconds >= 86_400:
        return ""
    whole = int(seconds)
    return f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}"


def _within(value: object, low: float, high: float) -> float | None:
    found = number(value) if value is not None else None
    return found if found is not None and low <= found <= high else None


def agent_of(text: str) -> str:
    """Return the generic name of an agent with its strength, such as "Iohexol 350", or ""."""
    lower = text.lower()
    name = next((agent for agent in AGENTS if agent in lower), "")
    if not name:
        return ""
    strength = _STRENGTH.search(text)
    return f"{name.capitalize()} {strength.group(1)}" if strength else name.capitalize()


def tracer_of(tracer: TracerFacts) -> str:
    """Return the form's code of a tracer, or "" when its words and nuclide name none."""
    text = tracer.tracer.lower()
    for code, (words, nuclide) in TRACERS.items():
        if any(word in text for word in words) and tracer.nuclide in {"", nuclide}:
            return code
    return ""


def form_values(
    files: Sequence[HeaderValues],
    *,
    tracer: TracerFacts | None,
    scanner: str,
    contrast_phase: Sequence[str] = (),
) -> dict[str, str]:
    """Return the header values of a form (``header.*`` without the prefix), as the form writes
    them: dates ISO, times HH:MM, numbers with a point, weights in kg, heights in cm."""
    values: dict[str, str] = {}
    starts = [item.scanned for item in files if item.scanned]
    # Of a PET/CT the emission scan counts: uptake runs until its start.
    emission = tracer.acquisition_start or tracer.series_start if tracer else None
    if emission or starts:
        values["scan_time"] = f"{emission or min(starts):%H:%M}"
    values |= _first(files, "weight_kg", "{:g}")
    height = next((item.height_m for item in files if item.height_m), None)
    if height:
        values["height_cm"] = f"{round(height * 100, 1):g}"
    agent = next((item.agent for item in files if item.agent), "")
    if agent:
        values["contrast_agent"] = agent
    values |= _first(files, "volume_ml", "{:g}", name="contrast_volume_ml")
    values |= _first(files, "delay_s", "{:.0f}", name="contrast_delay_s")
    values |= _first(files, "field_strength_t", "{:g}")
    phases = {str(phase).upper() for phase in contrast_phase} - {"NATIVE"}
    if len(phases) == 1:
        values["contrast_phase"] = phases.pop()
    if scanner:
        values["scanner"] = scanner
    return values | (_tracer_values(tracer) if tracer else {})


def _first(
    files: Sequence[HeaderValues], attribute: str, shape: str, *, name: str = ""
) -> Mapping[str, str]:
    found = next((v for item in files if (v := getattr(item, attribute)) is not None), None)
    return {} if found is None else {name or attribute: shape.format(found)}


def _tracer_values(tracer: TracerFacts) -> dict[str, str]:
    values: dict[str, str] = {}
    if tracer.weight_kg:
        values["weight_kg"] = f"{tracer.weight_kg:g}"
    if tracer.dose_bq:
        values["injected_activity_mbq"] = f"{tracer.dose_bq / 1e6:.2f}"
    if tracer.injection:
        values["injection_date"] = f"{tracer.injection:%Y-%m-%d}"
        values["injection_time"] = f"{tracer.injection:%H:%M}"
    code = tracer_of(tracer)
    if code:
        values["tracer"] = code
    return values
