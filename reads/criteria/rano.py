"""RANO-HGG 2010, RANO-LGG 2011 and RANO 2.0 (2D, volume, mixed tumours).

Wen et al., J Clin Oncol 2010;28:1963-1972 (HGG); van den Bent et al., Lancet Oncol
2011;12:583-593 (LGG); Wen et al., J Clin Oncol 2023;41:5187-5199 (RANO 2.0). Rules and limits as
tabulated in criteria.md section 4; what it marks as unverified is a parameter that is off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from reads.criteria.base import (
    Criterion,
    EcrfItem,
    FileFormat,
    Options,
    Parameter,
    Record,
    SdtmItem,
)
from reads.criteria.course import best_parameters
from reads.criteria.errors import not_among
from reads.criteria.rano_checks import CHECKS, checks_with
from reads.criteria.rano_course import course_rules
from reads.criteria.rano_facts import (
    Component,
    RanoTimePoint,
    read_history,
)
from reads.criteria.rano_parameters import parameters
from reads.criteria.rano_rules import (
    AREA,
    VOLUME,
    Variety,
    mixed_response,
    overall_rule,
    say_mixed,
    size_rules,
    steroid_rule,
)
from reads.criteria.rano_stream import VERSION, Engine
from reads.criteria.trace import Rule, Value

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
            raise not_among(given.field(name), RESPONSES)
        inputs[name] = response
    return {"overall_response": mixed_response(inputs)}


ITEMS = (
    EcrfItem(name="lesions.d1_mm", when="both", meaning="longest diameter in the slice, mm"),
    EcrfItem(name="lesions.d2_mm", when="both", meaning="longest perpendicular diameter, mm"),
    EcrfItem(name="lesions.fragments_mm2", when="follow-up", meaning="products of pieces, mm²"),
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
