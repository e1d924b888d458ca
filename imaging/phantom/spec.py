"""What a digital phantom series shall contain, and the truth that comes back.

Coordinates are DICOM patient coordinates in mm (PS3.3 C.7.6.2.1.1): x grows to the
subject's left, y to the back, z to the head. The origin lies in the mid-line near the
dome of the liver.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path

FIELD_OF_VIEW_MM = 400.0
SMALLEST_MATRIX = 16


@dataclass(frozen=True)
class Identity:
    """An invented person and institution, so that de-identification has work to do."""

    patient_name: str
    patient_id: str
    birth_date: date
    sex: str
    weight_kg: float
    height_m: float
    address: str
    phone: str
    institution: str
    institution_address: str
    department: str
    station: str
    referring_physician: str
    performing_physician: str
    operator: str
    accession_number: str


@dataclass(frozen=True)
class Scanner:
    """Device facts written into the General Equipment module."""

    manufacturer: str = "NORDLICHT MEDICAL"
    model: str = "Aurora 64"
    serial: str = "NL-640-0117"
    software: str = "AUR 5.2.1"
    peak_kilovoltage: float = 120.0
    kernel: str = "B30f"


@dataclass(frozen=True)
class LesionSpec:
    """One ellipsoid lesion at one time point.

    ``site`` names an entry of ``lesions.LESION_SITES``; ``centre_mm`` overrides it. The long
    and short axes lie in the axial plane through the centre. A long axis of 0 mm means that
    the lesion has vanished: nothing is painted, but the truth still lists it.
    """

    label: str
    site: str
    long_mm: float
    short_mm: float
    angle_deg: float = 30.0
    height_mm: float | None = None
    centre_mm: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.long_mm < 0 or self.short_mm < 0 or self.short_mm > self.long_mm:
            message = f"lesion {self.label}: need 0 <= short axis <= long axis"
            raise ValueError(message)

    @property
    def is_present(self) -> bool:
        return self.long_mm > 0


@dataclass(frozen=True)
class Defects:
    """Faults on demand. The default is a series without a fault.

    Slice numbers count from 0 at the head end. ``date_shift_days`` moves every scan date.
    ``kernel`` and ``thickness_mm`` replace the right value in the whole series, or from
    ``from_slice`` on when it is given. ``second_patient_from`` writes another person's identity
    from that slice on; ``duplicate_positions`` writes those slices twice under new UIDs.
    """

    missing_slices: tuple[int, ...] = ()
    duplicate_positions: tuple[int, ...] = ()
    date_shift_days: int = 0
    kernel: str | None = None
    thickness_mm: float | None = None
    from_slice: int = 0
    second_patient_from: int | None = None
    without_contrast_agent: bool = False
    body_part: str | None = None


@dataclass(frozen=True)
class SeriesSpec:
    """Everything that decides the bytes of one series: the same spec gives the same files.

    ``seed`` stands for the subject: it fixes body size, vessels and bowel, so that all time
    points of one subject show the same anatomy. Noise also depends on the study date.
    """

    identity: Identity
    study_date: date
    study_time: time = time(9, 30)
    lesions: tuple[LesionSpec, ...] = ()
    scanner: Scanner = field(default_factory=Scanner)
    defects: Defects = field(default_factory=Defects)
    seed: int = 1
    slices: int = 40
    matrix: int = 512
    spacing_mm: float = 5.0
    thickness_mm: float = 5.0
    series_number: int = 2
    description: str = "Chest abdomen portal venous 5.0"
    body_part: str = "CHESTABDOMEN"

    def __post_init__(self) -> None:
        if self.slices < 1 or self.matrix < SMALLEST_MATRIX:
            message = f"a phantom needs at least one slice and a matrix of {SMALLEST_MATRIX}"
            raise ValueError(message)
        labels = [lesion.label for lesion in self.lesions]
        if len(set(labels)) != len(labels):
            message = "lesion labels must differ within a series"
            raise ValueError(message)

    @property
    def pixel_mm(self) -> float:
        """Edge of a pixel in mm."""
        return FIELD_OF_VIEW_MM / self.matrix

    @property
    def origin_mm(self) -> float:
        """x and y of the centre of the first pixel, mm: the field is centred on the origin."""
        return -FIELD_OF_VIEW_MM / 2 + self.pixel_mm / 2

    def slice_positions(self) -> tuple[float, ...]:
        """z of every planned slice in mm, from head to foot."""
        top = self.spacing_mm * (self.slices - 1) / 2
        return tuple(top - self.spacing_mm * index for index in range(self.slices))


@dataclass(frozen=True)
class LesionTruth:
    """The true size and place of one lesion in the written series.

    Points are (column, row) with 0 at the centre of the first pixel. ``slice_index`` counts
    planned slices from 0 at the head; ``sop_instance_uid`` is empty when the lesion has vanished
    or its slice is missing on demand.
    """

    label: str
    organ: str
    present: bool
    long_mm: float
    short_mm: float
    slice_index: int
    sop_instance_uid: str
    centre_mm: tuple[float, float, float]
    centre_px: tuple[float, float]
    long_axis_px: tuple[tuple[float, float], tuple[float, float]]
    short_axis_px: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class WrittenSeries:
    """What was written: files in slice order, identifiers and the truth by lesion label."""

    folder: Path
    files: tuple[Path, ...]
    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    sop_instance_uids: tuple[str, ...]
    study_date: date
    truth: dict[str, LesionTruth]
