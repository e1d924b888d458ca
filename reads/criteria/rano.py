"""RANO-HGG 2010, RANO-LGG 2011 and RANO 2.0 (2D, volume, mixed tumours).

Wen et al., J Clin Oncol 2010;28:1963-1972 (HGG); van den Bent et al., Lancet Oncol
2011;12:583-593 (LGG); Wen et al., J Clin Oncol 2023;41:5187-5199 (RANO 2.0). Rules and limits as
tabulated in criteria.md section 4; what it marks as unverified is a parameter that is off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from reads.criteria.arithmetic import ZERO
from reads.criteria.base import (
    Assessment,
    Criterion,
    EcrfItem,
    FileFormat,
    Options,
    Parameter,
    Record,
    SdtmItem,
    TimePointFacts,
    TimePointResult,
    result_of,
)
from reads.criteria.course import best_parameters
from reads.criteria.dates import timeline
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import LesionState, lesion_ids
from reads.criteria.nadir import Nadir
from reads.criteria.rano_checks import CHECKS, checks_with
from reads.criteria.rano_course import Read, course, course_rules
from reads.criteria.rano_facts import (
    Component,
    RanoLesion,
    RanoTimePoint,
    Steroids,
    read_history,
)
from reads.criteria.rano_parameters import parameters
from reads.criteria.rano_rules import (
    AREA,
    VOLUME,
    SizeRules,
    Variety,
    is_early,
    mixed_response,
    overall_rule,
    progression_signs,
    say_mixed,
    size_rules,
    steroid_rule,
)
from reads.criteria.trace import Rule, TraceStep, Value

VERSION = "1.0"
RESPONSES = ("CR", "PR", "MR", "SD", "PD", "NE", "NOT_APPLICABLE")
VISIT_KEYS = (
    "sum",
    "nadir_before",
    "pct_change_baseline",
    "pct_change_nadir",
    "measured_response",
    "overall_response",
)

HGG = Variety(
    key="RANO_HGG_2010",
    clause="RANO-HGG (Wen 2010)",
    unit=AREA,
    pr_percent=Decimal(50),
    pd_percent=Decimal(25),
)
LGG = Variety(
    key="RANO_LGG_2011",
    clause="RANO-LGG (van den Bent 2011)",
    unit=AREA,
    pr_percent=Decimal(50),
    pd_percent=Decimal(25),
    mr_percent=Decimal(25),
)


def _rano20(key: str, unit: str) -> Variety:
    pr, pd = (50, 25) if unit == AREA else (65, 40)
    return Variety(
        key=key,
        clause="RANO 2.0 (Wen 2023)",
        unit=unit,
        pr_percent=Decimal(pr),
        pd_percent=Decimal(pd),
        mr_percent=Decimal(25) if unit == AREA and "_CE_" not in key else None,
    )


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
    if state is not LesionState.MEASURED and all(size is None for size in given):
        return None
    for name, size in zip(names, given, strict=True):
        if size is None:
            raise CriteriaError(f"{where}.{name}", "is missing")
        if size < 0:
            raise CriteriaError(f"{where}.{name}", "is negative")
        if size == 0 and any(given):
            raise CriteriaError(f"{where}.{name}", "is zero while the other diameter is not")
    product = given[0] * given[-1] if unit == AREA else given[0]
    return cast(Decimal, product)


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
    course: dict[str, Rule]
    t2_flair_needed: bool = False

    def rules(self) -> tuple[Rule, ...]:
        """Return every rule for registration."""
        combine = (self.combine,) if self.combine else ()
        sizes = tuple(rule for _, _, rules in self.parts for rule in rules.all())
        return (*sizes, *combine, self.steroids, self.overall, *self.course.values())

    def assess(self, history: Sequence[TimePointFacts], options: Options) -> Assessment:
        """Derive all responses of one stream."""
        points = [cast(RanoTimePoint, point) for point in history]
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
                reads.append(_read(line.days[at], steps[-1], options))
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


def _read(day: int, step: TraceStep, options: Options) -> Read:
    inputs = step.inputs
    open_dose = inputs["steroids"] == Steroids.INCREASED and not progression_signs(inputs)
    early = {**inputs, "early_weeks": options.integer("pd_confirmation_weeks")}
    return Read(day, str(step.value), bool(inputs["assessed"] and open_dose), is_early(early))


def _simple(variety: Variety, *, what: str, t2_flair_needed: bool = False) -> Engine:
    return Engine(
        variety=variety,
        parts=((None, "", size_rules(variety, what=what)),),
        combine=None,
        overall=overall_rule(key=variety.key, clause=variety.clause),
        steroids=steroid_rule(key=variety.key, clause=variety.clause),
        course=course_rules(key=variety.key, clause=variety.clause),
        t2_flair_needed=t2_flair_needed,
    )


def _mixed(variety: Variety) -> Engine:
    what = "sum of products" if variety.unit == AREA else "volume"
    parts = tuple(
        (component, f"{name}_", size_rules(variety, what=f"{label} {what}", prefix=f"{name}_"))
        for component, name, label in (
            (Component.ENHANCING, "enhancing", "Enhancing"),
            (Component.NON_ENHANCING, "non_enhancing", "Non-enhancing"),
        )
    )
    combine = Rule(
        key=f"{variety.key}.combined",
        clause=variety.clause,
        statement=(
            "PD of either component is PD; CR with another response is the other one; MR or PR "
            "with SD is MR or PR."
        ),
        compute=mixed_response,
        say=say_mixed,
    )
    return Engine(
        variety=variety,
        parts=parts,
        combine=combine,
        overall=overall_rule(key=variety.key, clause=variety.clause),
        steroids=steroid_rule(key=variety.key, clause=variety.clause),
        course=course_rules(key=variety.key, clause=variety.clause),
    )


def mixed_component(given: Record, _options: Options) -> Mapping[str, Value]:
    """Answer a component-table case of a mixed tumour.

    Raises CriteriaError naming a component response that is missing or unknown.
    """
    inputs = {}
    for name in ("enhancing_response", "non_enhancing_response"):
        response = given.required_text(name)
        if response not in RESPONSES:
            raise CriteriaError(given.field(name), f"must be one of {', '.join(RESPONSES)}")
        inputs[name] = response
    return {"overall_response": mixed_response(inputs)}


ITEMS = (
    EcrfItem(name="lesions.d1_mm", when="both", meaning="longest diameter in the slice, mm"),
    EcrfItem(name="lesions.d2_mm", when="both", meaning="longest perpendicular diameter, mm"),
    EcrfItem(name="lesions.volume_ml", when="both", meaning="volume, ml (volume criteria)"),
    EcrfItem(name="lesions.component", when="both", meaning="enhancing or non-enhancing"),
    EcrfItem(name="lesions.slice_thickness_mm", when="baseline", meaning="slice thickness, mm"),
    EcrfItem(name="t2_flair", when="follow-up", meaning="T2/FLAIR against the best scan"),
    EcrfItem(name="non_measurable", when="both", meaning="non-measurable enhancing disease"),
    EcrfItem(name="new_lesion", when="follow-up", meaning="new lesion"),
    EcrfItem(
        name="new_lesion_outside_rt_field",
        when="follow-up",
        meaning="new enhancement outside the high-dose field",
    ),
    EcrfItem(name="enhancement", when="follow-up", meaning="new or increased enhancement (LGG)"),
    EcrfItem(name="histology", when="follow-up", meaning="viable tumour proven by histology"),
    EcrfItem(name="steroids", when="both", meaning="steroid dose against baseline"),
    EcrfItem(name="dexamethasone_mg", when="both", meaning="dexamethasone equivalent, mg a day"),
    EcrfItem(name="steroid_replacement", when="both", meaning="the dose only replaces"),
    EcrfItem(name="clinical_status", when="follow-up", meaning="clinical status"),
    EcrfItem(name="weeks_since_rt", when="follow-up", meaning="weeks since chemoradiation"),
)


def _sdtm(variety: Variety) -> tuple[SdtmItem, ...]:
    size = "VOLUME" if variety.unit == VOLUME else "PRODUCT"
    category = variety.key.replace("_", " ")
    rows = (
        ("lesions", "TU", "TUMIDENT", "TARGET"),
        ("lesions.size", "TR", size, "TARGET"),
        ("sum", "TR", "SUMPPD" if variety.unit == AREA else "SUMVOL", "TARGET"),
        ("measured_response", "RS", "TRGRESP", category),
        ("non_measurable", "RS", "NTRGRESP", category),
        ("new_lesion", "RS", "NEWLIND", category),
        ("overall_response", "RS", "OVRLRESP", category),
        ("bor", "RS", "BESTRESP", category),
    )
    return tuple(
        SdtmItem(source=source, domain=domain, test_code=code, category=group)
        for source, domain, code, group in rows
    )


def _criterion(
    engine: Engine,
    *,
    title: str,
    citation: str,
    own: tuple[Parameter, ...],
    component: Callable[[Record, Options], Mapping[str, Value]] | None = None,
) -> Criterion:
    clause = engine.variety.clause
    return Criterion(
        key=engine.variety.key,
        title=title,
        version=VERSION,
        citation=citation,
        facts_type=RanoTimePoint,
        items=ITEMS,
        parameters=(*own, *best_parameters(clause)),
        rules=engine.rules(),
        checks=CHECKS,
        sdtm=_sdtm(engine.variety),
        assess_history=engine.assess,
        check_history=checks_with(engine.assess, by_component=engine.combine is not None),
        files=FileFormat(
            history=read_history,
            baseline_keys=("sum",),
            visit_keys=VISIT_KEYS,
            writes_best=True,
            component=component,
        ),
    )


WEN_2010 = "Wen et al., J Clin Oncol 2010;28:1963-1972"
VAN_DEN_BENT = "van den Bent et al., Lancet Oncol 2011;12:583-593"
WEN_2023 = "Wen et al., J Clin Oncol 2023;41:5187-5199"

RANO_HGG_2010 = _criterion(
    _simple(HGG, what="Sum of products", t2_flair_needed=True),
    title="RANO, high-grade glioma",
    citation=WEN_2010,
    own=parameters(HGG, max_targets=5, early_weeks=12),
)
RANO_LGG_2011 = _criterion(
    _simple(LGG, what="Sum of T2/FLAIR products"),
    title="RANO, low-grade glioma",
    citation=VAN_DEN_BENT,
    own=parameters(LGG, max_targets=5),
)


def _rano20_criterion(key: str, unit: str, title: str) -> Criterion:
    variety = _rano20(key, unit)
    mixed = "MIXED" in key
    what = "Sum of products" if unit == AREA else "Total volume"
    return _criterion(
        _mixed(variety) if mixed else _simple(variety, what=what),
        title=title,
        citation=WEN_2023,
        own=parameters(variety, max_targets=4 if mixed else 3, rano20=True),
        component=mixed_component if mixed else None,
    )


# The exchange files name the family; a record that does not say which member is high-grade glioma.
RANO = replace(
    RANO_HGG_2010, key="RANO", title="RANO, member not stated: read as high-grade glioma 2010"
)

CRITERIA = (
    RANO,
    RANO_HGG_2010,
    RANO_LGG_2011,
    _rano20_criterion("RANO20_CE_2D", AREA, "RANO 2.0, enhancing tumour, two dimensions"),
    _rano20_criterion("RANO20_CE_VOL", VOLUME, "RANO 2.0, enhancing tumour, volume"),
    _rano20_criterion("RANO20_NCE_2D", AREA, "RANO 2.0, non-enhancing tumour, two dimensions"),
    _rano20_criterion("RANO20_NCE_VOL", VOLUME, "RANO 2.0, non-enhancing tumour, volume"),
    _rano20_criterion("RANO20_MIXED", AREA, "RANO 2.0, mixed tumour, two dimensions"),
    _rano20_criterion("RANO20_MIXED_VOL", VOLUME, "RANO 2.0, mixed tumour, volume"),
)
