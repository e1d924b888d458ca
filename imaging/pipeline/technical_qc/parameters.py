"""The vocabulary of acquisition guidelines: each parameter, its unit and its DICOM attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag, Tag

from imaging.pipeline.technical_qc.facts import Value

CROSS_SECTIONAL = frozenset({"CT", "MR", "PT"})
ALL = frozenset({"*"})


REMEMBERED = 20_000
SHORT = 1024
_values: dict[tuple[object, ...], object] = {}


# One object for each tag: a look-up finds it by identity, before tags are compared.
_TAGS: dict[int, BaseTag] = {}


def interned(number: int) -> BaseTag:
    """The one tag object of a number (group and element)."""
    tag = _TAGS.get(number)
    if tag is None:
        tag = _TAGS[number] = BaseTag(number)
    return tag


@cache
def _tag_of(keyword: str | BaseTag) -> BaseTag:
    return interned(int(Tag(keyword)))


def element(dataset: Dataset, keyword: str | BaseTag) -> object:
    """The value of an attribute, or None when absent, empty or not convertible.

    The images of a series share most of their elements: a short encoded one is converted once.
    """
    try:
        tag = _tag_of(keyword)
        raw: object = dataset._dict.get(tag)
        if raw is None:
            return None
        if type(raw) is RawDataElement and not tag & _PRIVATE:
            value = _remembered(dataset, tag, raw)
        else:
            value = dataset[tag].value
    except Exception:  # untrusted bytes may raise anything on conversion
        return None
    return None if value is None or value == "" else value


_PRIVATE = 0x10000  # private groups are odd (PS3.5 7.8)


def _remembered(dataset: Dataset, tag: BaseTag, raw: RawDataElement) -> object:
    # Text needs the character set; how implicit and big-endian bytes are read belongs to them.
    charset = dataset._read_charset
    encoded = raw.value
    if not charset or encoded is None or len(encoded) > SHORT or raw.VR == "SQ":
        return dataset[tag].value
    texts = charset if isinstance(charset, str) else tuple(charset)
    key = (tag, raw.VR, encoded, raw.is_implicit_VR, raw.is_little_endian, texts)
    if key in _values:
        return _values[key]
    value: object = dataset[tag].value
    if not isinstance(value, Items):
        if len(_values) >= REMEMBERED:
            _values.clear()
        _values[key] = value
    return value


def number(value: object) -> float | None:
    """A number, or None when the value is none."""
    try:
        return float(str(value))
    except ValueError:
        return None


def several(value: object) -> list[object]:
    """One value or many as a list."""
    if value is None:
        return []
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return list(value)
    return [value]


Reader = Callable[[Dataset], Sequence[Value]]


@dataclass(frozen=True)
class Parameter:
    """One thing a guideline can ask for.

    ``derived`` parameters are computed from geometry or times by the checks, not read here.
    """

    name: str
    title: str
    unit: str = ""
    modalities: frozenset[str] = ALL
    read: Reader | None = None

    @property
    def derived(self) -> bool:
        return self.read is None


def _numbers(keyword: str) -> Reader:
    def read(dataset: Dataset) -> Sequence[Value]:
        found = (number(part) for part in several(element(dataset, keyword)))
        return [part for part in found if part is not None]

    return read


def _words(keyword: str) -> Reader:
    def read(dataset: Dataset) -> Sequence[Value]:
        return [str(part).strip() for part in several(element(dataset, keyword)) if str(part)]

    return read


def _joined(keyword: str) -> Reader:
    def read(dataset: Dataset) -> Sequence[Value]:
        parts = [str(part).strip() for part in several(element(dataset, keyword))]
        return ["\\".join(parts)] if parts else []

    return read


def _matrix(dataset: Dataset) -> Sequence[Value]:
    sizes = [number(element(dataset, name)) for name in ("Rows", "Columns")]
    return [min(size for size in sizes if size is not None)] if all(sizes) else []


def _transfer_syntax(dataset: Dataset) -> Sequence[Value]:
    meta = getattr(dataset, "file_meta", None)
    syntax = None if meta is None else meta.get("TransferSyntaxUID")
    return [str(syntax)] if syntax else []


_LOSSY_SYNTAXES = frozenset(
    f"1.2.840.10008.1.2.4.{suffix}" for suffix in ("50", "51", "81", "91", "93", "203")
)
# 91 and 203 can also carry lossless data: there the header's own statement decides.
_EITHER_SYNTAXES = frozenset({"1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203"})


def _lossy(dataset: Dataset) -> Sequence[Value]:
    stated = str(element(dataset, "LossyImageCompression") or "")
    syntax = "".join(str(part) for part in _transfer_syntax(dataset))
    certain = syntax in _LOSSY_SYNTAXES - _EITHER_SYNTAXES
    unstated = syntax in _EITHER_SYNTAXES and stated != "00"
    return ["yes" if stated == "01" or certain or unstated else "no"]


def _contrast_agent(dataset: Dataset) -> Sequence[Value]:
    named = element(dataset, "ContrastBolusAgent") or element(dataset, "ContrastBolusAgentSequence")
    return ["given"] if named else []


def clock_seconds(value: object) -> float | None:
    """Seconds since midnight of a DICOM TM value (PS3.5 6.2), or None."""
    text = str(value or "").strip().replace(":", "")
    if len(text) < 2 or not text[:6].isdigit():
        return None
    padded = text[:6].ljust(6, "0")
    fraction = number("0." + text.partition(".")[2]) if "." in text else 0.0
    whole = int(padded[:2]) * 3600 + int(padded[2:4]) * 60 + int(padded[4:6])
    return whole + (fraction or 0.0)


def _contrast_delay(dataset: Dataset) -> Sequence[Value]:
    bolus = clock_seconds(element(dataset, "ContrastBolusStartTime"))
    if bolus is None:  # the time of each image is not asked for: most values then are the series'
        return []
    scan = clock_seconds(element(dataset, "AcquisitionTime"))
    return [] if scan is None else [(scan - bolus) % 86_400]


_PHASE_WORDS = (
    ("native", ("native", "nativ", "non contrast", "unenhanced", "sans injection", "ohne km")),
    ("arterial", ("arterial", "art phase", "arteriell")),
    ("portal venous", ("portal", "pv phase", "venous", "venös", "veneux")),
    ("delayed", ("delayed", "late phase", "equilibrium", "spätphase", "tardif")),
)


def _contrast_phase(dataset: Dataset) -> Sequence[Value]:
    """The phase by the description's words, else by the delay after the bolus began (s)."""
    text = " ".join(
        str(element(dataset, name) or "") for name in ("SeriesDescription", "ProtocolName")
    ).lower()
    for phase, words in _PHASE_WORDS:
        if any(word in text for word in words):
            return [phase]
    for delay in _contrast_delay(dataset):
        seconds = float(delay)
        for phase, first, last in (
            ("arterial", 15, 45), ("portal venous", 55, 110), ("delayed", 150, 900),
        ):  # fmt: skip
            if first <= seconds <= last:
                return [phase]
    return []


_GE_B_VALUE, _SIEMENS_B_VALUE = (0x0043, 0x1039), (0x0019, 0x100C)
_GE_B_OFFSET = 1_000_000_000


def b_values(dataset: Dataset) -> Sequence[Value]:
    """The diffusion b-value in s/mm²: standard attribute, else the GE or Siemens element.

    GE adds 10⁹ to the first value of its element; both private elements are only read when
    the private creator is the vendor's own.
    """
    found = number(element(dataset, "DiffusionBValue"))
    if found is not None:
        return [found]
    for tag, creator in ((_GE_B_VALUE, "GEMS_PARM_01"), (_SIEMENS_B_VALUE, "SIEMENS MR HEADER")):
        if (tag[0], 0x0010) not in dataset or tag not in dataset:
            continue
        if str(dataset[tag[0], 0x0010].value).strip() != creator:
            continue
        raw = dataset[tag].value
        if isinstance(raw, bytes):
            raw = raw.decode("ascii", "ignore").split("\\")
        first = number(several(raw)[0]) if several(raw) else None
        if first is not None:
            return [first % _GE_B_OFFSET]
    return []


def plane_of(orientation: Sequence[float]) -> str:
    """axial, coronal or sagittal, with "oblique" when the normal is over 30° off the axis."""
    a, b = orientation[:3], orientation[3:6]
    normal = (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )
    sizes = [abs(part) for part in normal]
    name = ("sagittal", "coronal", "axial")[sizes.index(max(sizes))]
    return name if max(sizes) >= 0.866 else f"oblique {name}"


def _plane(dataset: Dataset) -> Sequence[Value]:
    parts = [number(part) for part in several(element(dataset, "ImageOrientationPatient"))]
    values = [part for part in parts if part is not None]
    return [plane_of(values)] if len(values) == 6 else []


def dicom_datetime(text: object) -> datetime | None:
    """A DICOM DT value without its zone, or None when it has no full date and time."""
    digits = str(text or "").split("+")[0].split("-")[0].strip()
    whole, _, fraction = digits.partition(".")
    for shape, size in (("%Y%m%d%H%M%S", 14), ("%Y%m%d%H%M", 12)):
        try:
            found = datetime.strptime(whole[:size], shape)  # noqa: DTZ007 - DICOM times have no zone
        except ValueError:
            continue
        micro = int(fraction[:6].ljust(6, "0")) if fraction.isdigit() else 0
        return found.replace(microsecond=micro)
    return None


def day_of(dataset: Dataset, keyword: str) -> datetime | None:
    """The start of the day of a DA or DT attribute, or None when it has none."""
    try:
        return datetime.strptime(str(element(dataset, keyword))[:8], "%Y%m%d")  # noqa: DTZ007
    except ValueError:
        return None


_CT, _MR, _PT, _TRACER = (
    frozenset({"CT"}),
    frozenset({"MR"}),
    frozenset({"PT"}),
    frozenset({"PT", "NM"}),
)

_ROWS = (
    Parameter("body_part", "Body part", "", ALL, _words("BodyPartExamined")),
    Parameter("manufacturer", "Manufacturer", "", ALL, _words("Manufacturer")),
    Parameter("model", "Scanner model", "", ALL, _words("ManufacturerModelName")),
    Parameter("serial", "Device serial number", "", ALL, _words("DeviceSerialNumber")),
    Parameter("software", "Software version", "", ALL, _joined("SoftwareVersions")),
    Parameter("subject_position", "Subject position", "", ALL, _words("PatientPosition")),
    Parameter("transfer_syntax", "Transfer syntax", "", ALL, _transfer_syntax),
    Parameter("lossy_compression", "Lossy compression", "", ALL, _lossy),
    Parameter("photometric", "Colour model", "", ALL, _words("PhotometricInterpretation")),
    Parameter("samples_per_pixel", "Samples per pixel", "", ALL, _numbers("SamplesPerPixel")),
    Parameter("bits_allocated", "Bits allocated", "bit", ALL, _numbers("BitsAllocated")),
    Parameter("bits_stored", "Bits stored", "bit", ALL, _numbers("BitsStored")),
    Parameter("high_bit", "High bit", "", ALL, _numbers("HighBit")),
    Parameter("rescale_type", "Rescale type", "", ALL, _words("RescaleType")),
    Parameter("rescale_slope", "Rescale slope", "", ALL, _numbers("RescaleSlope")),
    Parameter("matrix", "Matrix (smaller side)", "", ALL, _matrix),
    Parameter("pixel_spacing_mm", "Pixel spacing", "mm", ALL, _numbers("PixelSpacing")),
    Parameter(
        "slice_thickness_mm", "Slice thickness", "mm", CROSS_SECTIONAL, _numbers("SliceThickness")
    ),
    Parameter("plane", "Plane", "", CROSS_SECTIONAL, _plane),
    Parameter("slice_spacing_mm", "Slice spacing", "mm", CROSS_SECTIONAL),
    Parameter("slice_gap_mm", "Gap between slices", "mm", CROSS_SECTIONAL),
    Parameter("slice_count", "Number of slices", "", CROSS_SECTIONAL),
    Parameter("coverage_mm", "Coverage", "mm", CROSS_SECTIONAL),
    Parameter("kernel", "Reconstruction kernel", "", _CT, _joined("ConvolutionKernel")),
    Parameter("filter_type", "Filter", "", _CT, _words("FilterType")),
    Parameter("kvp", "Tube voltage", "kV", _CT, _numbers("KVP")),
    Parameter("tube_current_ma", "Tube current", "mA", _CT, _numbers("XRayTubeCurrent")),
    Parameter("gantry_tilt_deg", "Gantry tilt", "°", _CT, _numbers("GantryDetectorTilt")),
    Parameter("contrast_agent", "Contrast agent", "", frozenset({"CT", "MR"}), _contrast_agent),
    Parameter("contrast_phase", "Contrast phase", "", _CT, _contrast_phase),
    Parameter("contrast_delay_s", "Delay after contrast", "s", _CT, _contrast_delay),
    Parameter("scanning_sequence", "Scanning sequence", "", _MR, _joined("ScanningSequence")),
    Parameter("sequence_variant", "Sequence variant", "", _MR, _joined("SequenceVariant")),
    Parameter("mr_acquisition_type", "Acquisition type", "", _MR, _words("MRAcquisitionType")),
    Parameter("sequence_name", "Sequence name", "", _MR, _words("SequenceName")),
    Parameter("repetition_time_ms", "Repetition time", "ms", _MR, _numbers("RepetitionTime")),
    Parameter("echo_time_ms", "Echo time", "ms", _MR, _numbers("EchoTime")),
    Parameter("inversion_time_ms", "Inversion time", "ms", _MR, _numbers("InversionTime")),
    Parameter("flip_angle_deg", "Flip angle", "°", _MR, _numbers("FlipAngle")),
    Parameter("field_strength_t", "Field strength", "T", _MR, _numbers("MagneticFieldStrength")),
    Parameter("b_value", "b-value", "s/mm²", _MR, b_values),
    Parameter("units", "Units", "", _PT, _words("Units")),
    Parameter("decay_correction", "Decay correction", "", _PT, _words("DecayCorrection")),
    Parameter("corrections", "Corrections applied", "", _TRACER, _words("CorrectedImage")),
    Parameter("reconstruction", "Reconstruction", "", _TRACER, _words("ReconstructionMethod")),
    Parameter("iterations", "Iterations", "", _TRACER, _numbers("NumberOfIterations")),
    Parameter("subsets", "Subsets", "", _TRACER, _numbers("NumberOfSubsets")),
    Parameter("post_filter", "Post-processing filter", "", _TRACER, _joined("ConvolutionKernel")),
    Parameter("scatter", "Scatter correction", "", _PT, _words("ScatterCorrectionMethod")),
    Parameter("weight_kg", "Weight", "kg", _TRACER),
    Parameter("dose_mbq", "Activity", "MBq", _TRACER),
    Parameter("uptake_minutes", "Uptake time", "min", _TRACER),
    Parameter("frame_duration_s", "Frame duration", "s", _TRACER),
    Parameter("counts", "Counts", "", frozenset({"NM"}), _numbers("CountsAccumulated")),
)

PARAMETERS: dict[str, Parameter] = {row.name: row for row in _ROWS}
