"""Volumetric response and conversions between sizes and volumes.

Source: criteria.md section 7: limits extrapolated by the sphere formula from RECIST (30 % and 20 %
of a diameter: 66 % and 73 % of a volume) and from Macdonald/RANO (50 % and 25 % of an area: 65 %
and 40 %). Volumes are in ml, lengths in mm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reads.criteria.arithmetic import (
    HUNDRED,
    ZERO,
    grown_by,
    percent_change,
    percent_words,
    shrunk_by,
    words,
)
from reads.criteria.base import (
    Assessment,
    Criterion,
    DecisionTable,
    EcrfItem,
    FileFormat,
    Options,
    Record,
    SdtmItem,
    TimePointFacts,
    TimePointResult,
    result_of,
)
from reads.criteria.dates import timeline
from reads.criteria.errors import CriteriaError
from reads.criteria.nadir import Nadir, change_rule, nadir_rule
from reads.criteria.parameters import Parameter
from reads.criteria.records import number
from reads.criteria.sums import complete_sum, partial_sum, sum_rule
from reads.criteria.trace import Inputs, Rule, TraceStep, Value

VERSION = "1.0.0"
CLAUSE = "volumetric limits, criteria.md §7"
PI = Decimal("3.14159265358979323846264338327950288419716939937510582")
MM3_PER_ML = Decimal(1000)

PARAMETERS = (
    Parameter(
        name="pr_decrease_pct",
        kind="decimal",
        default=Decimal(65),
        minimum=1,
        maximum=100,
        unit="%",
        meaning="Decrease that makes a partial response (65 from RANO, 66 from RECIST).",
        clause=CLAUSE,
    ),
    Parameter(
        name="pd_increase_pct",
        kind="decimal",
        default=Decimal(40),
        minimum=1,
        maximum=1000,
        unit="%",
        meaning="Increase that makes progression (40 from RANO, 73 from RECIST).",
        clause=CLAUSE,
    ),
    Parameter(
        name="pr_reference",
        kind="choice",
        default="baseline",
        choices=("baseline", "nadir"),
        meaning="Volume that a decrease is measured against.",
        clause=CLAUSE,
    ),
    Parameter(
        name="pd_reference",
        kind="choice",
        default="nadir",
        choices=("nadir", "baseline"),
        meaning="Volume that an increase is measured against.",
        clause=CLAUSE,
    ),
    Parameter(
        name="min_change_ml",
        kind="decimal",
        default=ZERO,
        minimum=0,
        maximum=1000,
        unit="ml",
        meaning="Absolute change that response and progression need as well (inclusive).",
        clause=CLAUSE,
    ),
)
OVERALL_TABLE = DecisionTable(
    key="VOLUMETRIC.overall",
    title="Overall response from volume and new lesion",
    clause=CLAUSE,
    columns=("measured", "new_lesion"),
    rows=(
        (("ANY", "yes"), "PD"),
        (("CR", "no"), "CR"),
        (("PR", "no"), "PR"),
        (("SD", "no"), "SD"),
        (("PD", "no"), "PD"),
        (("NE", "no"), "NE"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class VolumeTimePoint(TimePointFacts):
    """Volumes of all lesions in ml, in the order of the baseline; None for not evaluable."""

    volumes_ml: tuple[Decimal | None, ...] = ()
    new_lesion: bool = False

    def __post_init__(self) -> None:
        for position, volume in enumerate(self.volumes_ml):
            if volume is None:
                continue
            if type(volume) is not Decimal or not volume.is_finite():
                raise CriteriaError(f"volumes_ml[{position}]", "must be a Decimal")
        if self.day is not None and (isinstance(self.day, bool) or not isinstance(self.day, int)):
            raise CriteriaError("day", "must be a whole number")


def compute_response(inputs: Inputs) -> Value:
    """Return CR, PD, PR or SD by volume; NE when a volume is missing and the rest is not PD."""
    present = partial_sum(inputs["values"])
    if present is None:
        return "NE"
    total = complete_sum(inputs["values"])
    if total == 0:
        return "CR"
    reference = inputs[inputs["pd_reference"]]
    grown = reference is not None and grown_by(present, reference, inputs["pd_increase_pct"])
    if grown and present > reference and present - reference >= inputs["min_change_ml"]:
        return "PD"
    reference = inputs[inputs["pr_reference"]]
    if total is None or reference is None:
        return "NE"
    shrunk = shrunk_by(total, reference, inputs["pr_decrease_pct"])
    return "PR" if shrunk and reference - total >= inputs["min_change_ml"] else "SD"


def say_response(inputs: Inputs, value: Value) -> str:
    """Write what decided the response."""
    present = partial_sum(inputs["values"])
    if present is None or value == "NE":
        return "A volume is missing: NE"
    if value == "CR":
        return "No volume is left: CR"
    name = inputs["pd_reference"] if value == "PD" else inputs["pr_reference"]
    reference = inputs[name]
    change = percent_change(present, reference) if reference is not None else None
    direction = "above" if change is not None and change >= 0 else "below"
    return (
        f"Volume {words(present, 'ml')} is {percent_words(change)} {direction} the {name} of "
        f"{words(reference, 'ml')}: {value}"
    )


SUM = sum_rule(key="VOLUMETRIC.sum_ml", clause=CLAUSE, unit="ml", what="Sum of volumes")
NADIR = nadir_rule(key="VOLUMETRIC.nadir_before_ml", clause=CLAUSE, unit="ml")
CHANGE_BASELINE = change_rule(
    key="VOLUMETRIC.pct_change_baseline", clause=CLAUSE, unit="ml", reference="baseline"
)
CHANGE_NADIR = change_rule(
    key="VOLUMETRIC.pct_change_nadir", clause=CLAUSE, unit="ml", reference="nadir"
)
RESPONSE = Rule(
    key="VOLUMETRIC.measured_response",
    clause=CLAUSE,
    statement=(
        "CR: no volume left. PD: increase to the limit over the nadir. PR: decrease to the limit "
        "from baseline. Otherwise SD."
    ),
    compute=compute_response,
    say=say_response,
)
OVERALL = Rule(
    key="VOLUMETRIC.overall_response",
    clause=CLAUSE,
    statement="A new lesion is progression; otherwise the volume decides.",
    compute=lambda inputs: OVERALL_TABLE.look_up(
        inputs["measured_response"], "yes" if inputs["new_lesion"] else "no"
    ),
    say=lambda inputs, value: (
        f"Volume {inputs['measured_response']}"
        f"{', new lesion' if inputs['new_lesion'] else ', no new lesion'}: overall {value}"
    ),
)


def volumes_of(point: VolumeTimePoint, count: int, field: str) -> dict[str, Decimal | None]:
    """Return the volumes of a time point by lesion number.

    Raises CriteriaError for a negative volume, or when not every lesion of the baseline has one.
    """
    if not point.assessed or not point.volumes_ml:
        return {f"V{place}": None for place in range(1, count + 1)}
    if len(point.volumes_ml) != count:
        raise CriteriaError(f"{field}.volumes_ml", f"must have {count} volumes as the baseline has")
    for position, volume in enumerate(point.volumes_ml):
        if volume is not None and volume < 0:
            raise CriteriaError(f"{field}.volumes_ml[{position}]", "must not be negative")
    return {f"V{place}": volume for place, volume in enumerate(point.volumes_ml, start=1)}


def assess(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive the volumetric response over the whole history of one stream."""
    points = [point for point in history if isinstance(point, VolumeTimePoint)]
    line = timeline(points)
    count = len(points[0].volumes_ml)
    baseline = SUM.derive("sum_ml", {"values": volumes_of(points[0], count, "baseline")})
    nadir = Nadir()
    nadir.take(baseline.value, points[0].id)
    results: dict[int, TimePointResult] = {
        0: result_of(points[0], day=line.days[0], trace=[baseline])
    }
    for position in line.follow_up:
        point = points[position]
        values = volumes_of(point, count, f"visits[{position - 1}]")
        trace = follow_up(values, baseline.value, nadir, options, new_lesion=point.new_lesion)
        results[position] = result_of(point, day=line.days[position], trace=trace)
        nadir.take(complete_sum(values), point.id)
    return Assessment(
        criterion="VOLUMETRIC",
        version=VERSION,
        time_points=tuple(results[position] for position in range(len(points))),
    )


def follow_up(
    values: Mapping[str, Decimal | None],
    baseline: Decimal | None,
    nadir: Nadir,
    options: Options,
    *,
    new_lesion: bool,
) -> list[TraceStep]:
    """Derive sum, changes and responses of a follow-up time point."""
    total = SUM.derive("sum_ml", {"values": values})
    before = NADIR.derive("nadir_before_ml", nadir.inputs())
    response = RESPONSE.derive(
        "measured_response",
        {"values": values, "baseline": baseline, "nadir": before.value}
        | {parameter.name: options[parameter.name] for parameter in PARAMETERS},
    )
    return [
        total,
        before,
        CHANGE_BASELINE.derive(
            "pct_change_baseline", {"value": total.value, "reference": baseline}
        ),
        CHANGE_NADIR.derive("pct_change_nadir", {"value": total.value, "reference": before.value}),
        response,
        OVERALL.derive(
            "overall_response", {"measured_response": response.value, "new_lesion": new_lesion}
        ),
    ]


# --- conversions ------------------------------------------------------------------------------


def voxels_ml(voxel_count: Decimal, spacing_mm: Sequence[Decimal]) -> Decimal:
    """Return the volume in ml of a count of voxels with their spacing in mm."""
    return voxel_count * product(spacing_mm, 3, "spacing_mm") / MM3_PER_ML


def slices_ml(areas_mm2: Sequence[Decimal], spacing_mm: Decimal) -> Decimal:
    """Return the volume in ml of slice areas in mm² with the distance of slices in mm."""
    return sum(areas_mm2, ZERO) * spacing_mm / MM3_PER_ML


def ellipsoid_ml(diameters_mm: Sequence[Decimal]) -> Decimal:
    """Return the volume in ml of an ellipsoid with three diameters in mm: pi/6 d1 d2 d3."""
    return PI / 6 * product(diameters_mm, 3, "diameters_mm") / MM3_PER_ML


def sphere_ml(diameter_mm: Decimal) -> Decimal:
    """Return the volume in ml of a sphere with a diameter in mm: pi/6 d³."""
    return ellipsoid_ml((diameter_mm, diameter_mm, diameter_mm))


def doubling_time_days(first_ml: Decimal, second_ml: Decimal, days: Decimal) -> Decimal | None:
    """Return the doubling time t ln 2 / ln(V2/V1) in days; negative while shrinking.

    None when the volume did not change. Raises CriteriaError for volumes that are not positive.
    """
    if first_ml <= 0 or second_ml <= 0:
        raise CriteriaError("volume_ml", "must be above 0 for a doubling time")
    growth = (second_ml / first_ml).ln()
    return None if growth == 0 else days * Decimal(2).ln() / growth


def volume_change_pct(diameter_change_pct: Decimal) -> Decimal:
    """Return the change of a sphere's volume in percent for a change of its diameter."""
    factor = 1 + diameter_change_pct / HUNDRED
    return (factor**3 - 1) * HUNDRED


def product(factors: Sequence[Decimal], count: int, field: str) -> Decimal:
    """Return the product of exactly `count` factors that are not negative."""
    if len(factors) != count:
        raise CriteriaError(field, f"must have {count} values")
    total = Decimal(1)
    for position, factor in enumerate(factors):
        if factor < 0:
            raise CriteriaError(f"{field}[{position}]", "must not be negative")
        total *= factor
    return total


def required(record: Record, *names: str) -> Decimal:
    """Return a number that must be there and must not be negative."""
    value = record.decimal(*names)
    if value is None:
        raise CriteriaError(record.field(names[0]), "is missing")
    if value < 0:
        raise CriteriaError(record.field(names[0]), "must not be negative")
    return value


def _from_voxels(given: Record) -> Decimal:
    return voxels_ml(required(given, "voxel_count", "voxels"), given.decimals("spacing_mm"))


def _from_slices(given: Record) -> Decimal:
    areas = given.decimals("areas_mm2", "slice_areas_mm2")
    for position, area in enumerate(areas):
        if area < 0:
            raise CriteriaError(f"{given.field('areas_mm2')}[{position}]", "must not be negative")
    return slices_ml(areas, required(given, "spacing_mm", "slice_spacing_mm"))


def _from_ellipsoid(given: Record) -> Decimal:
    listed = given.decimals("diameters_mm")
    return ellipsoid_ml(
        listed or tuple(required(given, f"d{place}_mm", f"d{place}") for place in (1, 2, 3))
    )


def _from_sphere(given: Record) -> Decimal:
    return sphere_ml(required(given, "diameter_mm", "d_mm"))


VOLUMES: tuple[tuple[str, Callable[[Record], Decimal]], ...] = (
    ("sphere", _from_sphere),
    ("ellipsoid", _from_ellipsoid),
    ("voxel", _from_voxels),
    ("slice", _from_slices),
    ("area", _from_slices),
)


def _change(given: Record) -> Decimal:
    change = given.decimal("diameter_change_pct")
    area = given.decimal("area_change_pct")
    if change is None and area is not None:
        if area < -HUNDRED:
            raise CriteriaError(given.field("area_change_pct"), "must be at least -100")
        change = ((1 + area / HUNDRED).sqrt() - 1) * HUNDRED
    if change is None:
        raise CriteriaError(given.field("diameter_change_pct"), "is missing")
    return volume_change_pct(change)


def convert(entry: Record, _options: Options) -> Mapping[str, Value]:
    """Answer a conversion case: volume in ml, doubling time in days, or change of a volume in %.

    Raises CriteriaError naming `kind` for a conversion that is not known.
    """
    given = entry.record("input")
    kind = entry.required_text("kind")
    if given is None:
        raise CriteriaError("input", "is missing")
    for start, conversion in VOLUMES:
        if kind.startswith(start):
            return {"volume_ml": rounded(conversion(given))}
    if kind.startswith("doubling"):
        time = doubling_time_days(
            required(given, "first_ml", "v1_ml", "volume1_ml", "v1"),
            required(given, "second_ml", "v2_ml", "volume2_ml", "v2"),
            required(given, "days", "interval_days", "t_days"),
        )
        return {"doubling_time_days": None if time is None else rounded(time)}
    if "change" in kind:
        return {"volume_change_pct": rounded(_change(given))}
    raise CriteriaError("kind", f"{kind} is not a known conversion")


def rounded(value: Decimal) -> Decimal:
    """Return a converted value to six places."""
    return value.quantize(Decimal("0.000001"))


# --- exchange files ---------------------------------------------------------------------------


def history_of(subject: Record) -> tuple[VolumeTimePoint, ...]:
    """Return the facts of a subject of a file, baseline first."""
    baseline = subject.record("baseline")
    if baseline is None:
        raise CriteriaError(subject.field("baseline"), "is missing")
    return (
        time_point_of(baseline, "BL", baseline=True),
        *(
            time_point_of(visit, f"TP{position}")
            for position, visit in enumerate(subject.records("visits"), start=1)
        ),
    )


def time_point_of(record: Record, fallback: str, *, baseline: bool = False) -> VolumeTimePoint:
    """Return the facts of one time point of a file."""
    volumes = tuple(
        None if raw is None else number(raw, f"{record.field('volumes_ml')}[{position}]")
        for position, raw in enumerate(record.items("volumes_ml"))
    )
    single = record.decimal("volume_ml")
    return VolumeTimePoint(
        id=record.text("id") or fallback,
        day=record.integer("day"),
        date=record.date("date"),
        assessed=record.flag("assessed") is not False,
        baseline=baseline,
        volumes_ml=volumes if volumes or single is None else (single,),
        new_lesion=record.flag("new_lesion") or False,
    )


VOLUMETRIC = Criterion(
    key="VOLUMETRIC",
    title="Volumetric response",
    version=VERSION,
    citation="Limits extrapolated from RECIST and from Macdonald/RANO by the sphere formula",
    facts_type=VolumeTimePoint,
    items=(
        EcrfItem(name="volumes_ml", when="every time point", meaning="Volume per lesion, ml"),
        EcrfItem(name="new_lesion", when="follow-up", meaning="New lesion yes or no"),
    ),
    parameters=PARAMETERS,
    rules=(SUM, NADIR, CHANGE_BASELINE, CHANGE_NADIR, RESPONSE, OVERALL),
    tables=(OVERALL_TABLE,),
    sdtm=(
        SdtmItem(source="volumes_ml", domain="TR", test_code="VOLUME", category="", note="ml"),
        SdtmItem(source="sum_ml", domain="TR", test_code="SUMVOL", category="", note="ml"),
        SdtmItem(
            source="overall_response", domain="RS", test_code="OVRLRESP", category="VOLUMETRIC"
        ),
    ),
    assess_history=assess,
    files=FileFormat(
        history=history_of,
        baseline_keys=("sum_ml",),
        visit_keys=(
            "sum_ml",
            "nadir_before_ml",
            "pct_change_baseline",
            "pct_change_nadir",
            "measured_response",
            "overall_response",
        ),
        conversion=convert,
    ),
)
CRITERIA = (VOLUMETRIC,)
