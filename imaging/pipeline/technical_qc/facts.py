"""What the checks know of a series: header facts without identity. JSON in and out.

Facts hold no name, number or original identifier: subjects, studies and instances appear as
keyed hashes. True dates and times are in them, so facts are sealed like the rest of what the
verify stage keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from imaging.pipeline.travel import travels

Value = str | float
Vector = tuple[float, ...]


@travels
@dataclass(frozen=True, slots=True)
class SliceFacts:
    """One image, or one frame of a multi-frame object.

    Lengths in mm. ``volume`` tells apart repeated acquisitions of one position (time, echo,
    b-value…); ``digest`` is SHA-256 of the pixel bytes, read only where an identifier repeats.
    """

    instance_key: str
    subject_key: str
    study_key: str
    frame: int = 0
    number: int | None = None
    position: Vector | None = None
    orientation: Vector | None = None
    pixel_spacing: Vector | None = None
    thickness: float | None = None
    rows: int = 0
    columns: int = 0
    kernel: str = ""
    volume: str = ""
    digest: str = ""


@travels
@dataclass(frozen=True, slots=True)
class TracerFacts:
    """Radiopharmaceutical and timing facts of a PET or NM series.

    Activity in Bq, half-life in s, weight in kg, times as written (no zone). The scan instants
    are those of DICOM PS3.3 C.8.9.1 and C.8.9.4; the vendor factors are the private elements of
    Philips (7053,xx00 SUV scale, 7053,xx09 activity scale) and GE (0009,xx0D scan start).
    """

    units: str = ""
    decay_correction: str = ""
    corrections: tuple[str, ...] = ()
    weight_kg: float | None = None
    dose_bq: float | None = None
    half_life_s: float | None = None
    nuclide: str = ""
    tracer: str = ""
    injection: datetime | None = None
    injection_has_date: bool = False
    series_start: datetime | None = None
    acquisition_start: datetime | None = None
    acquisition_has_date: bool = False
    frame_reference_ms: float | None = None
    frame_duration_ms: float | None = None
    philips_suv_factor: float | None = None
    philips_activity_factor: float | None = None
    ge_scan_start: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """All that the checks need of one series.

    ``values`` holds, by parameter name (see ``parameters``), the distinct values found.
    """

    series_key: str
    modality: str
    slices: tuple[SliceFacts, ...]
    values: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    image_types: tuple[tuple[str, ...], ...] = ()
    temporal_positions: int = 0
    study_date: date | None = None
    acquisition_date: date | None = None
    birth_date_after_study: bool = False
    traits_key: str = ""
    tracer: TracerFacts | None = None

    def all_of(self, parameter: str) -> tuple[Value, ...]:
        """The distinct values of a parameter, empty when the header does not have it."""
        return self.values.get(parameter, ())

    def text(self, parameter: str) -> str:
        """The first value of a parameter as text, or an empty string."""
        found = self.all_of(parameter)
        return str(found[0]) if found else ""

    @property
    def subject_keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.subject_key for item in self.slices))

    @property
    def study_keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.study_key for item in self.slices))

    def to_document(self) -> dict[str, Any]:
        """A JSON document that ``from_document`` reads back without loss."""
        return {part.name: _plain(getattr(self, part.name)) for part in fields(self)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SeriesFacts:
        """Read back what ``to_document`` wrote. Raises KeyError or ValueError on other input."""
        tracer = document["tracer"]
        return cls(
            series_key=document["series_key"],
            modality=document["modality"],
            slices=tuple(_slice(item) for item in document["slices"]),
            values={name: tuple(found) for name, found in document["values"].items()},
            image_types=tuple(tuple(item) for item in document["image_types"]),
            temporal_positions=document["temporal_positions"],
            study_date=_date(document["study_date"]),
            acquisition_date=_date(document["acquisition_date"]),
            birth_date_after_study=document["birth_date_after_study"],
            traits_key=document["traits_key"],
            tracer=None if tracer is None else _tracer(tracer),
        )


def _plain(value: object) -> object:
    if isinstance(value, SliceFacts | TracerFacts):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, date):
        return value.isoformat()
    return value


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _slice(item: Mapping[str, Any]) -> SliceFacts:
    vectors = ("position", "orientation", "pixel_spacing")
    parts = dict(item)
    for name in vectors:
        parts[name] = None if parts[name] is None else tuple(parts[name])
    return SliceFacts(**parts)


def _tracer(item: Mapping[str, Any]) -> TracerFacts:
    parts = dict(item)
    parts["corrections"] = tuple(parts["corrections"])
    for name in ("injection", "series_start", "acquisition_start", "ge_scan_start"):
        parts[name] = None if parts[name] is None else datetime.fromisoformat(parts[name])
    return TracerFacts(**parts)
