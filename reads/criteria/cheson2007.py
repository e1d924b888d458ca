"""Cheson 2007: revised response criteria for malignant lymphoma.

Source: criteria.md section 8 (Cheson 2007, J Clin Oncol 25:579, read through the tables named
there). Sum of the products of the diameters (SPD) of up to six nodes or masses, in mm².
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reads.criteria.arithmetic import (
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
    EcrfItem,
    EditCheck,
    FileFormat,
    Finding,
    Level,
    Options,
    Record,
    SdtmItem,
    TimePointFacts,
    TimePointResult,
    result_of,
)
from reads.criteria.dates import timeline
from reads.criteria.errors import missing, negative
from reads.criteria.facts import LesionFacts, LesionState, lesion_ids
from reads.criteria.history import moment_of, points_as, read_points
from reads.criteria.nadir import Nadir, change_rule, nadir_rule
from reads.criteria.parameter_rows import count, flag, percent, quantity
from reads.criteria.sums import complete_sum, partial_sum, piece_sum, sum_rule, total
from reads.criteria.trace import Inputs, Rule, TraceStep, Value

VERSION = "1.0.0"
CLAUSE = "Cheson 2007 table 2"

PARAMETERS = (
    percent(
        "pr_decrease_pct",
        50,
        "Decrease of the SPD from baseline that makes a partial response (inclusive).",
        clause=CLAUSE,
        maximum=99,
    ),
    percent(
        "pd_increase_pct",
        50,
        "Increase of the SPD over the nadir that makes progression (inclusive).",
        clause=CLAUSE,
        maximum=500,
    ),
    quantity(
        "new_lesion_min_mm",
        15,
        "A new lesion is progression when its longest axis is above this.",
        unit="mm",
        clause=CLAUSE,
        maximum=50,
    ),
    count("max_targets", 6, "Most measured nodes or masses.", clause=CLAUSE, maximum=20),
    flag(
        "normal_size_is_cr",
        "Without avid disease at baseline, lesions of at most 15 mm longest axis are a CR; "
        "switched off, every lesion must be gone.",
        clause="Cheson 2007 §CR",
        verified=False,
    ),
)
NORMAL_NODE_MM = Decimal(15)


@dataclass(frozen=True, kw_only=True)
class MassFacts(LesionFacts):
    """A measured node or mass: longest axis and the axis perpendicular to it, in mm.

    Of a split mass the axes are those of the largest piece, fragments_mm2 the products of all.
    """

    state: LesionState | None = None
    ldi_mm: Decimal | None = None
    sdi_mm: Decimal | None = None
    fragments_mm2: tuple[Decimal, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LymphomaTimePoint(TimePointFacts):
    """Facts of one time point.

    avid: FDG-avid disease (baseline); pet_positive: None when PET was not done; growth_elsewhere:
    increase of nodes, liver, spleen or other disease that is not measured.
    """

    lesions: tuple[MassFacts, ...] = ()
    avid: bool = False
    pet_positive: bool | None = None
    new_lesions_mm: tuple[Decimal, ...] = ()
    growth_elsewhere: bool = False


def complete(inputs: Inputs) -> bool:
    """Return whether the disease is gone: by PET when avid, by size otherwise."""
    if inputs["avid"]:
        return inputs["pet_positive"] is False
    sizes: Mapping[str, Decimal | None] = inputs["axes"]
    limit = NORMAL_NODE_MM if inputs["normal_size_is_cr"] else ZERO
    return bool(sizes) and all(size is not None and size <= limit for size in sizes.values())


def large_new(inputs: Inputs) -> bool:
    """Return whether a new lesion is larger than the limit."""
    return any(size > inputs["new_lesion_min_mm"] for size in inputs["new_lesions_mm"])


def progresses(present: Decimal | None, nadir: Decimal | None, percent: Decimal) -> bool:
    """Return whether the SPD lies above the nadir by the limit."""
    if present is None or nadir is None:
        return False
    return present > nadir and grown_by(present, nadir, percent)


def compute_response(inputs: Inputs) -> Value:
    """Return PD, CR, PR or SD, tested in this order; NE when sizes are missing."""
    present, nadir = partial_sum(inputs["values"]), inputs["nadir"]
    if large_new(inputs):
        return "PD"
    if complete(inputs) and not inputs["growth_elsewhere"]:
        return "CR"
    if progresses(present, nadir, inputs["pd_increase_pct"]):
        return "PD"
    spd, baseline = complete_sum(inputs["values"]), inputs["baseline"]
    if spd is None or baseline is None:
        return "NE"
    shrunk = shrunk_by(spd, baseline, inputs["pr_decrease_pct"])
    return "PR" if shrunk and not inputs["growth_elsewhere"] else "SD"


def say_response(inputs: Inputs, value: Value) -> str:
    """Write what decided the response."""
    if large_new(inputs):
        return f"New lesion above {words(inputs['new_lesion_min_mm'], 'mm')}: PD"
    if value == "CR":
        return "Avid disease is PET negative: CR" if inputs["avid"] else "No disease is left: CR"
    if value == "NE":
        return "A measured lesion has no value: NE"
    present = total(size for size in inputs["values"].values() if size is not None)
    name = "nadir" if value == "PD" else "baseline"
    change = percent_change(present, inputs[name])
    direction = "above" if present >= inputs[name] else "below"
    held = " with growth elsewhere" if inputs["growth_elsewhere"] else ""
    return (
        f"SPD {words(present, 'mm²')} is {percent_words(change)} {direction} the {name} of "
        f"{words(inputs[name], 'mm²')}{held}: {value}"
    )


SPD = sum_rule(key="CHESON2007.spd_mm2", clause=CLAUSE, unit="mm²", what="Sum of products")
NADIR = nadir_rule(key="CHESON2007.nadir_before_mm2", clause=CLAUSE, unit="mm²")
CHANGE = change_rule(
    key="CHESON2007.pct_change_baseline", clause=CLAUSE, unit="mm²", reference="baseline"
)
RESPONSE = Rule(
    key="CHESON2007.overall_response",
    clause=CLAUSE,
    statement=(
        "PD: SPD 50 % over the nadir or a new lesion above 15 mm. CR: avid disease PET negative "
        "at any size. PR: SPD 50 % down without growth elsewhere. Otherwise SD."
    ),
    compute=compute_response,
    say=say_response,
)
TOO_MANY = EditCheck(
    id="TARGET_COUNT_MAX",
    level=Level.ERROR,
    when="more than 6 measured lesions",
    message="There are more measured lesions than the criteria allow.",
    clause=CLAUSE,
)


def axis_and_product(lesion: MassFacts, field: str) -> tuple[Decimal | None, Decimal | None]:
    """Return longest axis and product of a lesion; None when it has no value.

    Raises CriteriaError for a measured lesion without or with negative sizes.
    """
    if lesion.state is LesionState.ABSENT:
        return ZERO, ZERO
    if lesion.state is LesionState.NOT_EVALUABLE:
        return None, None
    longest = axis(lesion.ldi_mm, f"{field}.ldi_mm")
    if lesion.state is LesionState.SPLIT:
        return longest, piece_sum(lesion.fragments_mm2, field)
    return longest, longest * axis(lesion.sdi_mm, f"{field}.sdi_mm")


def axis(size: Decimal | None, field: str) -> Decimal:
    """Return an axis in mm; raises CriteriaError when it is missing or negative."""
    if size is None:
        raise missing(field, "a measured lesion")
    if size < 0:
        raise negative(field)
    return size


def sizes_at(
    point: LymphomaTimePoint,
    known: Sequence[str],
    field: str,
) -> tuple[dict[str, Decimal | None], dict[str, Decimal | None]]:
    """Return longest axes and products of the baseline lesions at a time point."""
    positions = lesion_ids(point.lesions, f"{field}.lesions")
    axes: dict[str, Decimal | None] = dict.fromkeys(known)
    products: dict[str, Decimal | None] = dict.fromkeys(known)
    for identifier in known:
        place = positions.get(identifier)
        if place is not None and point.assessed:
            axes[identifier], products[identifier] = axis_and_product(
                point.lesions[place], f"{field}.lesions[{place}]"
            )
    return axes, products


def assess(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive Cheson 2007 over the whole history of one stream."""
    points = points_as(history, LymphomaTimePoint)
    line = timeline(points)
    known = tuple(lesion.id for lesion in points[0].lesions)
    baseline = SPD.derive("spd_mm2", {"values": sizes_at(points[0], known, "baseline")[1]})
    nadir = Nadir()
    nadir.take(baseline.value, points[0].id)
    results: dict[int, TimePointResult] = {
        0: result_of(points[0], day=line.days[0], trace=[baseline])
    }
    for position in line.follow_up:
        point = points[position]
        axes, products = sizes_at(point, known, f"visits[{position - 1}]")
        spd = SPD.derive("spd_mm2", {"values": products})
        before = NADIR.derive("nadir_before_mm2", nadir.inputs())
        inputs = {
            "axes": axes,
            "values": products,
            "baseline": baseline.value,
            "nadir": before.value,
            "avid": points[0].avid,
            "pet_positive": point.pet_positive if point.assessed else None,
            "new_lesions_mm": point.new_lesions_mm,
            "growth_elsewhere": point.growth_elsewhere,
        } | {parameter.name: options[parameter.name] for parameter in PARAMETERS}
        trace: list[TraceStep] = [
            spd,
            before,
            CHANGE.derive("pct_change_baseline", {"value": spd.value, "reference": baseline.value}),
            RESPONSE.derive("overall_response", inputs),
        ]
        results[position] = result_of(point, day=line.days[position], trace=trace)
        nadir.take(spd.value, point.id)
    return Assessment(
        criterion="CHESON2007",
        version=VERSION,
        time_points=tuple(results[position] for position in range(len(points))),
    )


def check(history: Sequence[TimePointFacts], options: Options) -> tuple[Finding, ...]:
    """Return whether the baseline has too many measured lesions."""
    count = len(points_as(history, LymphomaTimePoint)[0].lesions)
    if count <= options.integer("max_targets"):
        return ()
    return (
        Finding(
            id=TOO_MANY.id,
            level=TOO_MANY.level,
            message=f"{count} lesions: {TOO_MANY.message}",
            clause=TOO_MANY.clause,
            field="baseline.lesions",
        ),
    )


def history_of(subject: Record) -> tuple[LymphomaTimePoint, ...]:
    """Return the facts of a subject of a file, baseline first."""
    return read_points(subject, time_point_of)


def time_point_of(record: Record, position: int) -> LymphomaTimePoint:
    """Return the facts of one time point of a file."""
    return LymphomaTimePoint(
        **moment_of(record, position),
        lesions=tuple(
            MassFacts(
                id=lesion.required_text("id"),
                state=lesion.choice(LesionState, "state"),
                ldi_mm=lesion.decimal("ldi_mm"),
                sdi_mm=lesion.decimal("sdi_mm"),
                fragments_mm2=lesion.decimals("fragments_mm2"),
            )
            for lesion in record.records("lesions")
        ),
        avid=record.flag("fdg_avid", "avid") or False,
        pet_positive=record.flag("pet_positive"),
        new_lesions_mm=record.decimals("new_lesions_mm"),
        growth_elsewhere=record.flag("growth_elsewhere") or False,
    )


CHESON2007 = Criterion(
    key="CHESON2007",
    title="Cheson 2007",
    version=VERSION,
    citation=(
        "Cheson BD et al. Revised response criteria for malignant lymphoma. "
        "J Clin Oncol 2007;25:579-586"
    ),
    facts_type=LymphomaTimePoint,
    items=(
        EcrfItem(name="lesions.ldi_mm", when="every time point", meaning="Longest axis, mm"),
        EcrfItem(name="lesions.sdi_mm", when="every time point", meaning="Perpendicular axis, mm"),
        EcrfItem(
            name="lesions.fragments_mm2", when="follow-up", meaning="Products of split pieces, mm²"
        ),
        EcrfItem(name="avid", when="baseline", meaning="FDG-avid disease"),
        EcrfItem(name="pet_positive", when="follow-up", meaning="PET positive, when done"),
        EcrfItem(name="new_lesions_mm", when="follow-up", meaning="Longest axis of new lesions"),
        EcrfItem(name="growth_elsewhere", when="follow-up", meaning="Growth of other disease"),
    ),
    parameters=PARAMETERS,
    rules=(SPD, NADIR, CHANGE, RESPONSE),
    checks=(TOO_MANY,),
    sdtm=(
        SdtmItem(source="spd_mm2", domain="TR", test_code="SUMPDIAM", category="", note="mm²"),
        SdtmItem(
            source="overall_response", domain="RS", test_code="OVRLRESP", category="CHESON 2007"
        ),
    ),
    assess_history=assess,
    check_history=check,
    files=FileFormat(
        history=history_of,
        baseline_keys=("spd_mm2",),
        visit_keys=("spd_mm2", "nadir_before_mm2", "pct_change_baseline", "overall_response"),
    ),
)
CRITERIA = (CHESON2007,)
