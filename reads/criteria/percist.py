"""PERCIST 1.0: metabolic response of the hottest lesion (SULpeak, 1 cm³).

Source: criteria.md section 8 (Wahl 2009, J Nucl Med 50 suppl 1:122S, read through the tables named
there). SUL is the uptake value normalised to lean body mass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from reads.criteria.arithmetic import HUNDRED, percent_change, percent_words, shrunk_by, words
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
from reads.criteria.errors import negative
from reads.criteria.history import moment_of, points_as, read_points
from reads.criteria.parameter_rows import flag, percent, quantity
from reads.criteria.trace import Inputs, Rule, TraceStep, Value

VERSION = "1.0.0"
CLAUSE = "PERCIST 1.0, Wahl 2009 table"

PARAMETERS = (
    percent(
        "change_pct",
        30,
        "Change of SULpeak: PMR from this on, PMD above it.",
        clause=CLAUSE,
        maximum=200,
    ),
    quantity(
        "change_sul",
        Decimal("0.8"),
        "Absolute change of SULpeak needed as well: PMR from this on, PMD above it.",
        unit="SUL",
        clause=CLAUSE,
        maximum=10,
    ),
    percent(
        "glycolysis_increase_pct",
        75,
        "Increase of total lesion glycolysis that is progression (inclusive).",
        clause=CLAUSE,
        maximum=500,
    ),
    percent(
        "liver_change_pct",
        20,
        "Largest change of liver SUL between comparable scans (inclusive).",
        clause=CLAUSE,
        maximum=100,
    ),
    quantity(
        "liver_change_sul",
        Decimal("0.3"),
        "Largest absolute change of liver SUL between comparable scans (inclusive).",
        unit="SUL",
        clause=CLAUSE,
        maximum=5,
    ),
    flag(
        "require_comparable_liver",
        "Scans whose liver uptake is not comparable are not evaluable.",
        clause=CLAUSE,
        default=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class PercistTimePoint(TimePointFacts):
    """Uptake at one time point.

    sul_peak of the hottest lesion, liver_sul mean of the liver, glycolysis total lesion
    glycolysis in g; resolved: uptake at or under background and liver in every lesion.
    """

    sul_peak: Decimal | None = None
    liver_sul: Decimal | None = None
    glycolysis: Decimal | None = None
    resolved: bool = False
    new_lesion: bool = False


def liver_comparable(inputs: Inputs) -> bool | None:
    """Return whether liver uptake is within both limits of the baseline; None when not known."""
    now, before = inputs["liver"], inputs["liver_baseline"]
    if now is None or before is None:
        return None
    change = abs(now - before)
    within = change * HUNDRED <= before * inputs["liver_change_pct"]
    return bool(within and change <= inputs["liver_change_sul"])


def compute_response(inputs: Inputs) -> Value:
    """Return PMD for a new lesion, else NE, CMR, PMD, PMR or SMD by uptake."""
    if inputs["new_lesion"]:
        return "PMD"
    if inputs["require_comparable_liver"] and liver_comparable(inputs) is False:
        return "NE"
    if inputs["resolved"]:
        return "CMR"
    now, before = inputs["peak"], inputs["peak_baseline"]
    if now is None or before is None:
        return "NE"
    if hotter(inputs) or more_extensive(inputs):
        return "PMD"
    falls = shrunk_by(now, before, inputs["change_pct"]) and before - now >= inputs["change_sul"]
    return "PMR" if falls else "SMD"


def hotter(inputs: Inputs) -> bool:
    """Return whether the peak rose by more than both limits."""
    now, before = inputs["peak"], inputs["peak_baseline"]
    above = now * HUNDRED > before * (HUNDRED + inputs["change_pct"])
    return bool(above and now - before > inputs["change_sul"])


def more_extensive(inputs: Inputs) -> bool:
    """Return whether total lesion glycolysis rose to its limit."""
    now, before = inputs["glycolysis"], inputs["glycolysis_baseline"]
    if now is None or before is None:
        return False
    rise = now * HUNDRED >= before * (HUNDRED + inputs["glycolysis_increase_pct"])
    return bool(rise and now > before)


def say_response(inputs: Inputs, value: Value) -> str:
    """Write what decided the response."""
    if inputs["new_lesion"]:
        return f"New avid lesion: {value}"
    if value == "CMR":
        return "No lesion is above background and liver: CMR"
    if value == "NE":
        return "Uptake cannot be compared with the baseline: NE"
    now, before = inputs["peak"], inputs["peak_baseline"]
    change = percent_change(now, before)
    direction = "above" if now >= before else "below"
    return (
        f"SULpeak {words(now)} is {percent_words(change)} {direction} the baseline of "
        f"{words(before)}, a change of {words(abs(now - before))}: {value}"
    )


CHANGE = Rule(
    key="PERCIST.pct_change_baseline",
    clause=CLAUSE,
    statement="Percentage change of SULpeak against the baseline.",
    compute=lambda inputs: (
        None
        if inputs["peak"] is None or inputs["peak_baseline"] is None
        else percent_change(inputs["peak"], inputs["peak_baseline"])
    ),
    say=lambda _inputs, value: f"SULpeak changed by {words(value, '%')} against the baseline",
)
RESPONSE = Rule(
    key="PERCIST.overall_response",
    clause=CLAUSE,
    statement=(
        "CMR: all uptake at or under background and liver. PMR: SULpeak at least 30 % and 0.8 "
        "down. PMD: more than 30 % and 0.8 up, glycolysis 75 % up, or a new lesion. Else SMD."
    ),
    compute=compute_response,
    say=say_response,
)
LIVER_CHECK = EditCheck(
    id="PERCIST_LIVER_NOT_COMPARABLE",
    level=Level.WARNING,
    when="liver uptake differs by more than 20 % or 0.3 SUL from the baseline",
    message="The liver uptake of the two scans is not comparable.",
    clause=CLAUSE,
)


def checked(value: Decimal | None, field: str) -> Decimal | None:
    """Return an uptake; raises CriteriaError when it is negative."""
    if value is not None and value < 0:
        raise negative(field)
    return value


def inputs_of(
    baseline: PercistTimePoint,
    point: PercistTimePoint,
    options: Options,
    field: str,
) -> dict[str, Value]:
    """Return the inputs of the response rule."""
    seen = point.assessed
    return {
        "peak": checked(point.sul_peak, f"{field}.sul_peak") if seen else None,
        "peak_baseline": checked(baseline.sul_peak, "baseline.sul_peak"),
        "liver": checked(point.liver_sul, f"{field}.liver_sul"),
        "liver_baseline": checked(baseline.liver_sul, "baseline.liver_sul"),
        "glycolysis": checked(point.glycolysis, f"{field}.glycolysis"),
        "glycolysis_baseline": checked(baseline.glycolysis, "baseline.glycolysis"),
        "resolved": point.resolved and seen,
        "new_lesion": point.new_lesion,
    } | {parameter.name: options[parameter.name] for parameter in PARAMETERS}


def assess(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive PERCIST over the whole history of one stream."""
    points = points_as(history, PercistTimePoint)
    line = timeline(points)
    results: list[TimePointResult] = []
    for position, point in enumerate(points):
        trace: list[TraceStep] = []
        if position:
            inputs = inputs_of(points[0], point, options, f"visits[{position - 1}]")
            trace = [
                CHANGE.derive("pct_change_baseline", inputs),
                RESPONSE.derive("overall_response", inputs),
            ]
        results.append(result_of(point, day=line.days[position], trace=trace))
    return Assessment(criterion="PERCIST", version=VERSION, time_points=tuple(results))


def check(history: Sequence[TimePointFacts], options: Options) -> tuple[Finding, ...]:
    """Return the time points whose liver uptake is not comparable with the baseline."""
    points = points_as(history, PercistTimePoint)
    return tuple(
        Finding(
            id=LIVER_CHECK.id,
            level=LIVER_CHECK.level,
            message=LIVER_CHECK.message,
            clause=LIVER_CHECK.clause,
            field=f"visits[{place}].liver_sul",
        )
        for place, point in enumerate(points[1:])
        if liver_comparable(
            {
                "liver": point.liver_sul,
                "liver_baseline": points[0].liver_sul,
                "liver_change_pct": options.decimal("liver_change_pct"),
                "liver_change_sul": options.decimal("liver_change_sul"),
            }
        )
        is False
    )


def history_of(subject: Record) -> tuple[PercistTimePoint, ...]:
    """Return the facts of a subject of a file, baseline first."""
    return read_points(subject, time_point_of)


def time_point_of(record: Record, position: int) -> PercistTimePoint:
    """Return the facts of one time point of a file."""
    return PercistTimePoint(
        **moment_of(record, position),
        sul_peak=record.decimal("sul_peak"),
        liver_sul=record.decimal("liver_sul"),
        glycolysis=record.decimal("glycolysis", "tlg"),
        resolved=record.flag("resolved") or False,
        new_lesion=record.flag("new_lesion") or False,
    )


PERCIST = Criterion(
    key="PERCIST",
    title="PERCIST 1.0",
    version=VERSION,
    citation="Wahl RL et al. From RECIST to PERCIST. J Nucl Med 2009;50(suppl 1):122S-150S",
    facts_type=PercistTimePoint,
    items=(
        EcrfItem(name="sul_peak", when="every time point", meaning="SULpeak of hottest lesion"),
        EcrfItem(name="liver_sul", when="every time point", meaning="Mean SUL of the liver"),
        EcrfItem(name="glycolysis", when="every time point", meaning="Total lesion glycolysis, g"),
        EcrfItem(name="resolved", when="follow-up", meaning="All uptake at background or liver"),
        EcrfItem(name="new_lesion", when="follow-up", meaning="New avid lesion"),
    ),
    parameters=PARAMETERS,
    rules=(CHANGE, RESPONSE),
    checks=(LIVER_CHECK,),
    sdtm=(
        SdtmItem(source="sul_peak", domain="TR", test_code="SULPEAK", category=""),
        SdtmItem(
            source="overall_response", domain="RS", test_code="OVRLRESP", category="PERCIST 1.0"
        ),
    ),
    assess_history=assess,
    check_history=check,
    files=FileFormat(history=history_of, visit_keys=("pct_change_baseline", "overall_response")),
)
CRITERIA = (PERCIST,)
