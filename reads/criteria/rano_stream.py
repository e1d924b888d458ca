"""One RANO stream in chronological order: sizes of its parts, nadirs, and the way to assess.

A mixed tumour has two parts (enhancing and non-enhancing), every other one a single part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import prod

from reads.criteria.arithmetic import ZERO
from reads.criteria.base import (
    Assessment,
    Options,
    TimePointFacts,
    TimePointResult,
    result_of,
)
from reads.criteria.dates import timeline
from reads.criteria.errors import CriteriaError, missing, negative
from reads.criteria.facts import LesionState, lesion_ids
from reads.criteria.history import points_as
from reads.criteria.nadir import Nadir
from reads.criteria.rano_course import CourseRules, Read, course
from reads.criteria.rano_facts import (
    Component,
    RanoLesion,
    RanoTimePoint,
    Steroids,
)
from reads.criteria.rano_rules import (
    AREA,
    VOLUME,
    SizeRules,
    Variety,
    is_early,
    progression_signs,
)
from reads.criteria.sums import piece_sum
from reads.criteria.trace import Rule, TraceStep, Value

VERSION = "1.0"


@dataclass(slots=True)
class Burden:
    """Sizes of one part of the tumour over time: baseline values, nadir and its rules."""

    rules: SizeRules
    prefix: str
    lesions: Mapping[str, int]
    baseline: Decimal | None
    nadir: Nadir

    def steps(
        self, values: Mapping[str, Decimal | None], variety: Variety, options: Options
    ) -> list[TraceStep]:
        """Derive sum, nadir, changes and size response of one follow-up time point."""
        rules, name = self.rules, self.prefix
        total = rules.total.derive(f"{name}sum", {"values": values})
        nadir = rules.nadir.derive(f"{name}nadir_before", self.nadir.inputs())
        response = rules.response.derive(
            f"{name}{'response' if name else 'measured_response'}",
            {
                "values": values,
                "unit": variety.unit,
                "baseline": self.baseline,
                "nadir": nadir.value,
                "pr_percent": options.decimal("pr_decrease_pct"),
                "pd_percent": options.decimal("pd_increase_pct"),
                "mr_percent": _minor(variety, options),
            },
        )
        from_baseline = rules.from_baseline.derive(
            f"{name}pct_change_baseline", {"value": total.value, "reference": self.baseline}
        )
        from_nadir = rules.from_nadir.derive(
            f"{name}pct_change_nadir", {"value": total.value, "reference": nadir.value}
        )
        return [total, nadir, from_baseline, from_nadir, response]


def _minor(variety: Variety, options: Options) -> Decimal | None:
    if variety.mr_percent is None:
        return None
    wanted = "minor_response" not in options or options.flag("minor_response")
    return options.decimal("mr_decrease_pct") if wanted else None


def lesion_size(lesion: RanoLesion, *, unit: str, too_small: Decimal, where: str) -> Decimal | None:
    """Return what a lesion adds to the sum: a product in mm² or a volume in ml.

    None when it cannot be evaluated or nothing was entered. Raises CriteriaError naming the size
    that is missing, negative, or zero in one direction only.
    """
    state = lesion.state
    names = ("d1_mm", "d2_mm") if unit == AREA else ("volume_ml",)
    given = [getattr(lesion, name) for name in names]
    if state in (LesionState.ABSENT, LesionState.MERGED):
        return ZERO
    if state is LesionState.TOO_SMALL_TO_MEASURE:
        return too_small
    if state is LesionState.NOT_EVALUABLE:
        return None
    if state is LesionState.SPLIT and unit == AREA:
        return piece_sum(lesion.fragments_mm2, where)
    if state is not LesionState.MEASURED and all(size is None for size in given):
        return None
    sizes: list[Decimal] = []
    for name, size in zip(names, given, strict=True):
        if size is None:
            raise missing(f"{where}.{name}")
        if size < 0:
            raise negative(f"{where}.{name}")
        if size == 0 and any(given):
            raise CriteriaError(f"{where}.{name}", "is zero while the other diameter is not")
        sizes.append(size)
    return prod(sizes, start=Decimal(1))


def _values(
    point: RanoTimePoint,
    wanted: Mapping[str, int],
    *,
    unit: str,
    options: Options,
    where: str,
) -> dict[str, Decimal | None]:
    positions = lesion_ids(point.lesions, f"{where}.lesions")
    if not point.assessed:
        return dict.fromkeys(wanted)
    too_small = _too_small(unit, options)
    return {
        key: lesion_size(
            point.lesions[positions[key]],
            unit=unit,
            too_small=too_small,
            where=f"{where}.lesions[{positions[key]}]",
        )
        if key in positions
        else None
        for key in wanted
    }


def _too_small(unit: str, options: Options) -> Decimal:
    if unit == VOLUME:
        return options.decimal("too_small_ml")
    return options.decimal("too_small_mm") ** 2


def _part(
    baseline: RanoTimePoint,
    component: Component | None,
    rules: SizeRules,
    prefix: str,
    *,
    unit: str,
    options: Options,
) -> tuple[Burden, TraceStep]:
    positions = lesion_ids(baseline.lesions, "baseline.lesions")
    wanted = {
        key: at
        for key, at in positions.items()
        if component is None or baseline.lesions[at].component is component
    }
    values = _values(baseline, wanted, unit=unit, options=options, where="baseline")
    total = rules.total.derive(f"{prefix}sum", {"values": values})
    nadir = Nadir()
    nadir.take(total.value, baseline.id)
    return Burden(rules, prefix, wanted, total.value, nadir), total


@dataclass(frozen=True, slots=True)
class Engine:
    """One RANO criterion: its parts of the tumour, its rules and the way to assess."""

    variety: Variety
    parts: tuple[tuple[Component | None, str, SizeRules], ...]
    combine: Rule | None
    overall: Rule
    steroids: Rule
    course: CourseRules
    t2_flair_needed: bool = False

    def rules(self) -> tuple[Rule, ...]:
        """Return every rule for registration."""
        combine = (self.combine,) if self.combine else ()
        sizes = tuple(rule for _, _, rules in self.parts for rule in rules.all())
        return (*sizes, *combine, self.steroids, self.overall, *self.course.all())

    def assess(self, history: Sequence[TimePointFacts], options: Options) -> Assessment:
        """Derive all responses of one stream."""
        points = points_as(history, RanoTimePoint)
        line = timeline(points)
        started = [
            _part(points[0], component, rules, prefix, unit=self.variety.unit, options=options)
            for component, prefix, rules in self.parts
        ]
        burdens = [burden for burden, _ in started]
        results: dict[int, TimePointResult] = {
            0: result_of(points[0], day=line.days[0], trace=[total for _, total in started])
        }
        reads: list[Read] = []
        stopped = False
        for at in line.follow_up:
            point = points[at]
            steps = self._sizes(point, burdens, options, where=f"visits[{at - 1}]")
            steps += self._judged(point, points[0], steps[-1].value, options)
            results[at] = result_of(point, day=line.days[at], trace=steps)
            stopped = stopped or (point.new_therapy and options.flag("stop_at_new_therapy"))
            if not stopped:
                reads.append(read_of(line.days[at], steps[-1], options))
        trace, best = course(tuple(reads), options, self.course)
        return Assessment(
            criterion=self.variety.key,
            version=VERSION,
            time_points=tuple(results[i] for i in range(len(points))),
            best=best,
            values={step.name: step.value for step in trace},
            trace=trace,
        )

    def _sizes(
        self, point: RanoTimePoint, burdens: list[Burden], options: Options, *, where: str
    ) -> list[TraceStep]:
        steps: list[TraceStep] = []
        responses: list[TraceStep] = []
        for burden in burdens:
            values = _values(
                point, burden.lesions, unit=self.variety.unit, options=options, where=where
            )
            found = burden.steps(values, self.variety, options)
            burden.nadir.take(found[0].value, point.id)
            steps += found
            responses.append(found[-1])
        if self.combine is not None:
            combined = {step.name: step.value for step in responses}
            steps.append(self.combine.derive("measured_response", combined))
        return steps

    def _judged(
        self, point: RanoTimePoint, baseline: RanoTimePoint, measured: Value, options: Options
    ) -> list[TraceStep]:
        steroids = self.steroids.derive(
            "steroids",
            {
                "recorded": point.steroids,
                "dose_mg": point.dexamethasone_mg,
                "baseline_dose_mg": baseline.dexamethasone_mg,
                "replacement": point.steroid_replacement,
            },
        )
        inputs = {**self._inputs(point, options), "measured": measured, "steroids": steroids.value}
        return [steroids, self.overall.derive("overall_response", inputs)]

    def _inputs(self, point: RanoTimePoint, options: Options) -> dict[str, Value]:
        judge = not options.flag("ignore_t2_flair")
        return {
            "assessed": point.assessed,
            "t2_flair": point.t2_flair,
            "judge_t2_flair": judge and (self.t2_flair_needed or point.t2_flair is not None),
            "non_measurable": point.non_measurable,
            "enhancement": point.enhancement,
            "new_lesion": point.new_lesion,
            "outside_field": point.new_lesion_outside_rt_field,
            "histology": point.histology,
            "clinical_status": point.clinical_status,
            "weeks_since_rt": point.weeks_since_rt,
            "pd_confirmation_weeks": options.integer("pd_confirmation_weeks"),
            "early_weeks": options.integer("early_weeks"),
            "steroid_rise": options.choice("steroid_rise"),
            "growth_not_called_pd": options.choice("growth_not_called_pd"),
            "early_decline_needs_imaging": options.flag("early_decline_needs_imaging"),
            "non_measurable_best_is_sd": options.flag("non_measurable_best_is_sd"),
            "failure_to_return_is_pd": options.flag("failure_to_return_is_pd"),
        }


def read_of(day: int, step: TraceStep, options: Options) -> Read:
    inputs = step.inputs
    open_dose = inputs["steroids"] == Steroids.INCREASED and not progression_signs(inputs)
    early = {**inputs, "early_weeks": options.integer("pd_confirmation_weeks")}
    return Read(day, str(step.value), bool(inputs["assessed"] and open_dose), is_early(early))
