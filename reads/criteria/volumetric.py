"""Volumetric response and conversions between sizes and volumes.

Source: criteria.md section 7: limits extrapolated by the sphere formula from RECIST (30 % and 20 %
of a diameter: 66 % and 73 % of a volume) and from Macdonald/RANO (50 % and 25 % of an area: 65 %
and 40 %). Volumes are in ml, lengths in mm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reads.criteria.arithmetic import (
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
from reads.criteria.errors import CriteriaError, negative
from reads.criteria.history import moment_of, points_as, read_points
from reads.criteria.nadir import Nadir, change_rule, nadir_rule
from reads.criteria.parameter_rows import choice, percent, quantity
from reads.criteria.records import number
from reads.criteria.sums import complete_sum, partial_sum, sum_rule
from reads.criteria.trace import Inputs, Rule, TraceStep, Value
from reads.criteria.volume_conversions import convert

VERSION = "1.0.0"
CLAUSE = "volume limits by the sphere formula, RANO 2.0 (Wen 2023) or RECIST 1.1"


PARAMETERS = (
    percent(
        "pr_decrease_pct",
        65,
        "Decrease that makes a partial response (65 from RANO, 66 from RECIST).",
        clause=CLAUSE,
        maximum=100,
    ),
    percent(
        "pd_increase_pct",
        40,
        "Increase that makes progression (40 from RANO, 73 from RECIST).",
        clause=CLAUSE,
    ),
    choice(
        "pr_reference",
        {"baseline": "the baseline volume", "nadir": "the smallest earlier volume"},
        "Volume that a decrease is measured against.",
        clause=CLAUSE,
    ),
    choice(
        "pd_reference",
        {"nadir": "the smallest earlier volume", "baseline": "the baseline volume"},
        "Volume that an increase is measured against.",
        clause=CLAUSE,
    ),
    quantity(
        "min_change_ml",
        0,
        "Absolute change that response and progression need as well (inclusive).",
        unit="ml",
        clause=CLAUSE,
        maximum=1000,
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
    change = percent_change(present, reference)
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
            raise negative(f"{field}.volumes_ml[{position}]")
    return {f"V{place}": volume for place, volume in enumerate(point.volumes_ml, start=1)}


def assess(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive the volumetric response over the whole history of one stream."""
    points = points_as(history, VolumeTimePoint)
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


def history_of(subject: Record) -> tuple[VolumeTimePoint, ...]:
    """Return the facts of a subject of a file, baseline first."""
    return read_points(subject, time_point_of)


def time_point_of(record: Record, position: int) -> VolumeTimePoint:
    """Return the facts of one time point of a file."""
    volumes = tuple(
        None if raw is None else number(raw, f"{record.field('volumes_ml')}[{place}]")
        for place, raw in enumerate(record.items("volumes_ml"))
    )
    single = record.decimal("volume_ml")
    return VolumeTimePoint(
        **moment_of(record, position),
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
