"""Input that cannot be assessed: one error that names the field and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from reads.criteria import registry
from reads.criteria.base import Criterion, Record
from reads.criteria.cheson2007 import LymphomaTimePoint, MassFacts
from reads.criteria.dates import timeline
from reads.criteria.errors import CriteriaError, missing, negative, not_among
from reads.criteria.facts import (
    LesionState,
    MeasuredTimePoint,
    NonTargetFacts,
    TargetFacts,
    TimePointFacts,
)
from reads.criteria.parameters import Options, Parameter, options_from
from reads.criteria.percist import PercistTimePoint
from reads.criteria.records import loads
from reads.criteria.registry import get
from reads.criteria.statistics import (
    AdjudicationCase,
    AgreementTable,
    bland_altman,
    bootstrap_interval,
    control_limits,
    fleiss_kappa,
    icc_2_1,
    reader_acceptance,
    wilson,
)
from reads.criteria.statistics.cases import derive_case
from reads.criteria.trace import from_data
from reads.criteria.vectorfile import derive
from reads.criteria.volume_conversions import doubling_time_days
from reads.criteria.volumetric import VolumeTimePoint
from tests.reads.criteria.streams import assess, new_lesion, non_target, point, target

ONE = Decimal(1)
BASELINE = point(0, {"T01": 20, "T02": 20, "N01": 15})


def later(*targets: TargetFacts, **more: Any) -> MeasuredTimePoint:
    return MeasuredTimePoint(id="TP1", day=56, target=targets, **more)


def recist(*targets: TargetFacts, **more: Any) -> Callable[[], object]:
    return lambda: assess("RECIST11", BASELINE, later(*targets, **more))


def told(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(CriteriaError) as caught:
        call()
    assert str(caught.value) == f"{caught.value.field}: {caught.value.problem}"
    return caught.value.field, caught.value.problem


def in_file(group: str, entry: dict[str, Any], **top: Any) -> Callable[[], object]:
    """Derive a file with one entry and raise its first error."""

    def call() -> None:
        errors = derive({**top, group: [entry]}).errors
        if errors:
            raise errors[0]

    return call


def subject(criterion: str, baseline: object, *visits: object) -> Callable[[], object]:
    return in_file(
        "subjects", {"criterion": criterion, "baseline": baseline, "visits": list(visits)}
    )


MISSING_SIZE = "is missing for a measured lesion"
BELOW_ZERO = "must not be negative"


# --- the error itself -------------------------------------------------------------------------


def test_an_error_keeps_field_and_problem_also_when_it_is_copied() -> None:
    error = CriteriaError("visits[1].day", "is missing")
    assert (error.field, error.problem) == ("visits[1].day", "is missing")
    assert str(error) == "visits[1].day: is missing"
    again = copy(error)
    assert (again.field, again.problem, str(again)) == (error.field, error.problem, str(error))
    assert isinstance(error, ValueError)


def test_an_error_can_be_put_under_the_path_of_a_record() -> None:
    error = CriteriaError("day", "is missing")
    assert str(error.under("subjects[3]")) == "subjects[3].day: is missing"
    assert str(error.under("")) == "day: is missing"


def test_errors_of_the_same_kind_read_alike() -> None:
    assert str(missing("a")) == "a: is missing"
    assert str(missing("a", "a split lesion")) == "a: is missing for a split lesion"
    assert str(negative("a")) == "a: must not be negative"
    assert str(not_among("a", ("X", "Y"))) == "a: must be one of X, Y"


# --- JSON records -----------------------------------------------------------------------------

RECORD = Record(
    {
        "text": "x",
        "blank": " ",
        "number": "1.5",
        "list": ["x", 1],
        "numbers": [1, "y"],
        "flag": True,
        "object": {"a": 1},
    },
    "visits[0]",
)


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (lambda: Record([], "visits[2]"), "visits[2]", "must be an object"),
        (lambda: Record("x"), "record", "must be an object"),
        (lambda: RECORD.text("flag"), "visits[0].flag", "must be text"),
        (lambda: RECORD.text("other", "flag"), "visits[0].flag", "must be text"),
        (lambda: RECORD.required_text("other", "more"), "visits[0].other", "is missing"),
        (lambda: RECORD.required_text("blank"), "visits[0].blank", "is missing"),
        (lambda: RECORD.decimal("text"), "visits[0].text", "must be a number"),
        (lambda: RECORD.decimal("flag"), "visits[0].flag", "must be a number"),
        (lambda: RECORD.integer("other", "number"), "visits[0].number", "must be a whole number"),
        (lambda: RECORD.flag("text"), "visits[0].text", "must be true or false"),
        (lambda: RECORD.stated("object"), "visits[0].object", "must be true, false or text"),
        (lambda: RECORD.choice(LesionState, "text"), "visits[0].text", None),
        (lambda: RECORD.date("text"), "visits[0].text", "must be a date like 2024-02-19"),
        (lambda: RECORD.date("object"), "visits[0].object", "must be a date like 2024-02-19"),
        (lambda: RECORD.items("text"), "visits[0].text", "must be a list"),
        (lambda: RECORD.items("object"), "visits[0].object", "must be a list"),
        (lambda: RECORD.items("flag"), "visits[0].flag", "must be a list"),
        (lambda: RECORD.texts("other", "list"), "visits[0].list[1]", "must be text"),
        (lambda: RECORD.decimals("other", "numbers"), "visits[0].numbers[1]", "must be a number"),
        (lambda: RECORD.record("text"), "visits[0].text", "must be an object"),
        (lambda: RECORD.records("other", "list"), "visits[0].list[0]", "must be an object"),
        (lambda: loads("{"), "file", "is not valid JSON"),
        (lambda: loads("NaN"), "file", "NaN is not a number that can be assessed"),
        (lambda: loads("[-Infinity]"), "file", "-Infinity is not a number that can be assessed"),
    ],
)
def test_a_wrong_item_of_a_record_is_named_with_its_path(
    call: Callable[[], object], field: str, problem: str | None
) -> None:
    if problem is None:
        problem = (
            "must be one of MEASURED, ABSENT, TOO_SMALL_TO_MEASURE, NOT_EVALUABLE, SPLIT, MERGED"
        )
    assert told(call) == (field, problem)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("1e13", "has too many digits to be a measurement"),
        ("1e-19", "has too many digits to be a measurement"),
        ("10000000000000", "has too many digits to be a measurement"),
        ("inf", "must be a finite number"),
        (Decimal("NaN"), "must be a finite number"),
        ("1,5", "must be a number"),
        ([], "must be a number"),
    ],
)
def test_numbers_that_are_no_measurements_are_told_apart(raw: object, problem: str) -> None:
    assert told(lambda: Record({"n": raw}).decimal("n")) == ("n", problem)


def test_the_longest_numbers_that_are_still_taken() -> None:
    for text in ("9999999999999", "1000000000000", "0.000000000000000001", "0e99", " 7 "):
        assert Record({"n": text}).decimal("n") == Decimal(text.strip())


def test_items_that_are_there_are_read_by_the_first_name_that_is_present() -> None:
    assert RECORD.has("other", "text")
    assert not RECORD.has("other")
    assert RECORD.stated("text") is True
    assert RECORD.stated("other") is False
    assert RECORD.stated("flag") is True
    assert RECORD.date("other") is None
    assert RECORD.record("other") is None
    assert RECORD.records("other") == ()
    assert RECORD.texts("other") == ()
    assert RECORD.record("object").path == "visits[0].object"  # type: ignore[union-attr]
    assert Record({"d": "2024-02-19"}).date("e", "d") == date(2024, 2, 19)
    assert Record({"n": [1, "2.5"]}).decimals("n") == (1, Decimal("2.5"))
    assert Record({"r": [{"a": 1}]}, "x").records("r")[0].field("a") == "x.r[0].a"


# --- facts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (lambda: TargetFacts(id=" "), "id", "is missing"),
        (lambda: TargetFacts(id=None), "id", "is missing"),  # type: ignore[arg-type]
        (lambda: TargetFacts(id="T", ld_mm=1.5), "ld_mm", "must be a Decimal"),  # type: ignore[arg-type]
        (lambda: TargetFacts(id="T", fragments_mm=(ONE, 2)), "fragments_mm", "must be a Decimal"),  # type: ignore[arg-type]
        (
            lambda: NonTargetFacts(id="T", sa_mm=Decimal("Infinity")),
            "sa_mm",
            "must be a finite number",
        ),
        (lambda: TimePointFacts(id="B", day=1.0), "day", "must be a whole number"),  # type: ignore[arg-type]
        (lambda: TimePointFacts(id="B", day=True), "day", "must be a whole number"),
        (lambda: TimePointFacts(id="B", date="2024-01-01"), "date", "must be a date"),  # type: ignore[arg-type]
        (
            lambda: VolumeTimePoint(id="B", volumes_ml=(None, 2.5)),  # type: ignore[arg-type]
            "volumes_ml[1]",
            "must be a Decimal",
        ),
        (
            lambda: VolumeTimePoint(id="B", volumes_ml=(Decimal("NaN"),)),
            "volumes_ml[0]",
            "must be a Decimal",
        ),
        (lambda: VolumeTimePoint(id="B", day="1"), "day", "must be a whole number"),  # type: ignore[arg-type]
        (lambda: VolumeTimePoint(id="B", day=False), "day", "must be a whole number"),
    ],
)
def test_facts_of_a_wrong_type_are_refused_at_once(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (field, problem)


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (lambda: timeline([]), "baseline", "is missing"),
        (lambda: timeline(["x"]), "baseline", "must be the facts of a time point"),  # type: ignore[list-item]
        (
            lambda: timeline([BASELINE, "x"]),  # type: ignore[list-item]
            "visits[0]",
            "must be the facts of a time point",
        ),
        (
            lambda: timeline([BASELINE, TimePointFacts(id="A", day=1), TimePointFacts(id="B")]),
            "visits[1].day",
            "needs a day, or dates of both time points",
        ),
        (
            lambda: timeline([BASELINE, TimePointFacts(id="A", date=date(2024, 1, 1))]),
            "visits[0].day",
            "needs a day, or dates of both time points",
        ),
        (
            lambda: timeline([BASELINE, TimePointFacts(id="A", day=-1)]),
            "visits[0].day",
            "lies before the baseline",
        ),
    ],
)
def test_a_history_without_order_in_time_is_refused(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (field, problem)


@dataclass(frozen=True, kw_only=True)
class OtherPoint(TimePointFacts):
    """Facts of no criterion."""


@pytest.mark.parametrize("run", ["assess", "edit_checks"])
@pytest.mark.parametrize(
    ("history", "field", "problem"),
    [
        ([], "baseline", "is missing"),
        ("BL", "history", "must be a sequence of time points"),
        (b"BL", "history", "must be a sequence of time points"),
        (BASELINE, "history", "must be a sequence of time points"),
        ([OtherPoint(id="BL")], "baseline", "must be MeasuredTimePoint"),
        ([BASELINE, BASELINE, OtherPoint(id="X")], "visits[1]", "must be MeasuredTimePoint"),
    ],
)
def test_a_history_of_other_facts_is_refused(
    run: str, history: Any, field: str, problem: str
) -> None:
    criterion = get("RECIST11")
    assert told(lambda: getattr(criterion, run)(history)) == (field, problem)


def test_a_criterion_that_assesses_no_history_says_so() -> None:
    tables_only = Criterion(key="TABLES", title="Tables", version="1", citation="us")
    assert told(lambda: tables_only.assess([BASELINE])) == (
        "criterion",
        "TABLES has component tables only",
    )
    assert tables_only.edit_checks([BASELINE]) == ()
    assert told(lambda: tables_only.check_named("X")) == ("check", "X is not a check of TABLES")
    assert get("RECIST11").check_named("TARGET_BONE").id == "TARGET_BONE"


# --- sizes of lesions -------------------------------------------------------------------------

MERGED, SPLIT = LesionState.MERGED, LesionState.SPLIT
MEASURED = LesionState.MEASURED


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (
            recist(target("T01", 9), TargetFacts(id="T02", state=MEASURED, sa_mm=ONE)),
            "visits[0].target[1].ld_mm",
            MISSING_SIZE,
        ),
        (
            recist(TargetFacts(id="N01", state=MEASURED, ld_mm=ONE)),
            "visits[0].target[0].sa_mm",
            MISSING_SIZE,
        ),
        (recist(target("T01", -1)), "visits[0].target[0].ld_mm", BELOW_ZERO),
        (
            recist(TargetFacts(id="T01", state=SPLIT)),
            "visits[0].target[0].fragments_mm",
            "is missing for a split lesion",
        ),
        (
            recist(TargetFacts(id="T01", state=SPLIT, fragments_mm=(ONE, -ONE))),
            "visits[0].target[0].fragments_mm[1]",
            BELOW_ZERO,
        ),
        (
            recist(TargetFacts(id="T01", state=MERGED)),
            "visits[0].target[0].merged_into",
            "is missing for a merged lesion",
        ),
        (
            recist(
                TargetFacts(id="T01", state=MERGED, merged_into="T02"),
                TargetFacts(id="T02", state=MERGED, merged_into="T01"),
            ),
            "visits[0].target[0].merged_into",
            "leads back to itself",
        ),
        (
            recist(target("T01", 9), target("T01", 9)),
            "visits[0].target[1].id",
            "T01 is there twice",
        ),
        (
            recist(non_target=(non_target("A", "gone"), non_target("A", "gone"))),
            "visits[0].non_target[1].id",
            "A is there twice",
        ),
        (
            recist(new_lesions=(new_lesion("A"), new_lesion("A"))),
            "visits[0].new_lesions[1].id",
            "A is there twice",
        ),
    ],
)
def test_a_size_that_cannot_be_taken_is_named(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (field, problem)


@pytest.mark.parametrize("name", ["target", "non_target"])
def test_a_lesion_that_the_baseline_has_twice_is_named(name: str) -> None:
    lesions = {"target": (target("A", 9),) * 2, "non_target": (non_target("A", "present"),) * 2}
    baseline = replace(BASELINE, **{name: lesions[name]})
    expected = (f"baseline.{name}[1].id", "A is there twice")
    assert told(lambda: assess("RECIST11", baseline)) == expected
    assert told(lambda: assess("iRECIST", baseline)) == expected


def cheson(**axes: Any) -> Callable[[], object]:
    baseline = LymphomaTimePoint(
        id="BL", day=0, baseline=True, lesions=(MassFacts(id="N1", ldi_mm=ONE, sdi_mm=ONE),)
    )
    bad = MassFacts(id="N1", **axes)
    return lambda: get("CHESON2007").assess(
        [baseline, LymphomaTimePoint(id="A", day=1, lesions=(bad,))]
    )


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (cheson(ldi_mm=ONE), "visits[0].lesions[0].sdi_mm", MISSING_SIZE),
        (cheson(sdi_mm=ONE), "visits[0].lesions[0].ldi_mm", MISSING_SIZE),
        (cheson(ldi_mm=-ONE, sdi_mm=ONE), "visits[0].lesions[0].ldi_mm", BELOW_ZERO),
        (cheson(ldi_mm=ONE, sdi_mm=-ONE), "visits[0].lesions[0].sdi_mm", BELOW_ZERO),
        (
            lambda: get("CHESON2007").assess(
                [LymphomaTimePoint(id="BL", lesions=(MassFacts(id="N1"),), baseline=True)]
            ),
            "baseline.lesions[0].ldi_mm",
            MISSING_SIZE,
        ),
        (
            lambda: get("CHESON2007").assess(
                [
                    LymphomaTimePoint(
                        id="BL",
                        lesions=(MassFacts(id="N1", ldi_mm=ONE, sdi_mm=ONE),) * 2,
                        baseline=True,
                    )
                ]
            ),
            "baseline.lesions[1].id",
            "N1 is there twice",
        ),
        (
            lambda: get("PERCIST").assess(
                [PercistTimePoint(id="BL", sul_peak=-ONE), PercistTimePoint(id="A", day=1)]
            ),
            "baseline.sul_peak",
            BELOW_ZERO,
        ),
        *(
            (
                lambda name=name: get("PERCIST").assess(
                    [PercistTimePoint(id="BL"), PercistTimePoint(id="A", day=1, **{name: -ONE})]
                ),
                f"visits[0].{name}",
                BELOW_ZERO,
            )
            for name in ("sul_peak", "liver_sul", "glycolysis")
        ),
        *(
            (
                lambda name=name: get("PERCIST").assess(
                    [PercistTimePoint(id="BL", **{name: -ONE}), PercistTimePoint(id="A", day=1)]
                ),
                f"baseline.{name}",
                BELOW_ZERO,
            )
            for name in ("liver_sul", "glycolysis")
        ),
        (
            lambda: get("VOLUMETRIC").assess([VolumeTimePoint(id="BL", volumes_ml=(None, -ONE))]),
            "baseline.volumes_ml[1]",
            BELOW_ZERO,
        ),
        (
            lambda: get("VOLUMETRIC").assess(
                [
                    VolumeTimePoint(id="BL", volumes_ml=(ONE, ONE)),
                    VolumeTimePoint(id="A", day=1, volumes_ml=(ONE,)),
                ]
            ),
            "visits[0].volumes_ml",
            "must have 2 volumes as the baseline has",
        ),
    ],
)
def test_a_size_of_lymphoma_uptake_or_volume_that_cannot_be_taken_is_named(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (field, problem)


NODE = {"id": "N1", "kind": "NODE", "ldi_mm": 20, "sdi_mm": 10}
BRAIN = {"id": "E1", "state": "MEASURED", "d1_mm": 20, "d2_mm": 10}


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (subject("RANO_HGG_2010", None), "subjects[0].baseline", "is missing"),
        (subject("LUGANO2014", None), "subjects[0].baseline", "is missing"),
        (subject("PCWG3", None), "subjects[0].baseline", "is missing"),
        (subject("RECIST11", None), "subjects[0].baseline", "is missing"),
        (subject("PERCIST", None), "subjects[0].baseline", "is missing"),
        (
            subject("RANO_HGG_2010", {"lesions": [{**BRAIN, "d2_mm": None}]}),
            "subjects[0].baseline.lesions[0].d2_mm",
            "is missing",
        ),
        (
            subject("RANO_HGG_2010", {"lesions": [{**BRAIN, "d1_mm": -1}]}),
            "subjects[0].baseline.lesions[0].d1_mm",
            BELOW_ZERO,
        ),
        (
            subject("RANO_HGG_2010", {"lesions": [{**BRAIN, "d1_mm": 0}]}),
            "subjects[0].baseline.lesions[0].d1_mm",
            "is zero while the other diameter is not",
        ),
        (
            subject("RANO_HGG_2010", {"lesions": [BRAIN, BRAIN]}),
            "subjects[0].baseline.lesions[1].id",
            "E1 is there twice",
        ),
        (
            subject("RANO_HGG_2010", {"lesions": [BRAIN]}, {"day": 9, "lesions": [BRAIN, BRAIN]}),
            "subjects[0].visits[0].lesions[1].id",
            "E1 is there twice",
        ),
        (
            subject(
                "RANO_HGG_2010",
                {"lesions": [BRAIN]},
                {"day": 9, "lesions": [{**BRAIN, "d1_mm": -2}]},
            ),
            "subjects[0].visits[0].lesions[0].d1_mm",
            BELOW_ZERO,
        ),
        (
            subject("RANO20_CE_VOL", {"lesions": [BRAIN]}),
            "subjects[0].baseline.lesions[0].volume_ml",
            "is missing",
        ),
        (
            subject("LUGANO2014", {"lesions": [{**NODE, "sdi_mm": None}]}),
            "subjects[0].baseline.lesions[0].sdi_mm",
            "is missing",
        ),
        (
            subject("LUGANO2014", {"lesions": [{**NODE, "ldi_mm": -1}]}),
            "subjects[0].baseline.lesions[0].ldi_mm",
            BELOW_ZERO,
        ),
        (
            subject("LUGANO2014", {"lesions": [NODE, NODE]}),
            "subjects[0].baseline.lesions[1].id",
            "N1 is there twice",
        ),
        (
            subject(
                "LUGANO2014",
                {"lesions": [NODE]},
                {"day": 9, "lesions": [{**NODE, "sdi_mm": -1}]},
            ),
            "subjects[0].visits[0].lesions[0].sdi_mm",
            BELOW_ZERO,
        ),
        (
            subject("LUGANO2014", {"lesions": [NODE]}, {"day": 9, "lesions": [NODE, NODE]}),
            "subjects[0].visits[0].lesions[1].id",
            "N1 is there twice",
        ),
        (
            subject("LUGANO2014", {"spleen_mm": -1}),
            "subjects[0].baseline.spleen_mm",
            BELOW_ZERO,
        ),
        (
            subject("LUGANO2014", {"lesions": [NODE]}, {"day": 9, "spleen_mm": -1}),
            "subjects[0].visits[0].spleen_mm",
            BELOW_ZERO,
        ),
        *(
            (
                subject("LUGANO2014", {}, {"day": 9, "pet": {"deauville": score}}),
                "subjects[0].visits[0].pet.deauville",
                "must be 1 to 5, or X",
            )
            for score in (0, 6)
        ),
        (
            subject("PCWG3", {"bone_lesions": -1}),
            "subjects[0].baseline.bone_lesions",
            BELOW_ZERO,
        ),
        (
            subject("PCWG3", {}, {"day": 9, "soft_tissue_response": "XX"}),
            "subjects[0].visits[0].soft_tissue_response",
            "must be one of CR, PR, SD, NON-CR/NON-PD, PD, NED, NE",
        ),
        (
            subject("VOLUMETRIC", {"volumes_ml": [1]}, {"day": 9, "volumes_ml": [None, "x"]}),
            "subjects[0].visits[0].volumes_ml[1]",
            "must be a number",
        ),
    ],
)
def test_a_wrong_item_of_a_subject_is_named_as_it_stands_in_the_file(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (field, problem)


# --- files ------------------------------------------------------------------------------------


def component(criterion: str, **given: object) -> Callable[[], object]:
    return in_file("cases", {"criterion": criterion, "input": given})


KINDS = "must be one of two_reader_categorical, adjudication, multi_reader_categorical, continuous"
PET = "must be one of CMR, PMR, NMR, PMD, NE, NOT_DONE, NOT_APPLICABLE"
CT = "must be one of CR, CAR, PR, PAR, SD, SAD, PD, PAD, NE, NOT_DONE, NOT_APPLICABLE"


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (
            lambda: derive({"schema": 1}),
            "file",
            "has none of subjects, sequences, cases, conversions",
        ),
        (lambda: derive([]), "record", "must be an object"),
        (in_file("subjects", {"id": "S"}), "subjects[0].criterion", "is missing"),
        (
            in_file("sequences", {"criterion": "PCWG3", "sequence": []}),
            "sequences[0].criterion",
            "PCWG3 has no best response of sequences",
        ),
        (
            in_file("conversions", {"criterion": "PCWG3"}),
            "conversions[0].criterion",
            "PCWG3 has no conversions",
        ),
        (in_file("cases", {"criterion": "RECIST11"}), "cases[0].input", "is missing"),
        (
            in_file("cases", {"criterion": "PERCIST", "input": {"a": 1}}),
            "cases[0].criterion",
            "PERCIST has no component table",
        ),
        (
            in_file("cases", {"kind": "kappa", "input": {}}, kind="reader_statistics"),
            "cases[0].kind",
            KINDS,
        ),
        (
            in_file("cases", {"kind": "adjudication"}, kind="reader_statistics"),
            "cases[0].input",
            "is missing",
        ),
        (
            component("RECIST11", target_response="XX"),
            "cases[0].input.target_response",
            "must be one of CR, NE, NOT_APPLICABLE, PD, PR, SD",
        ),
        (
            component("RECIST11", target_response="CR", non_target_response="PR"),
            "cases[0].input.non_target_response",
            "must be one of CR, NE, NON-CR/NON-PD, NOT_APPLICABLE, PD",
        ),
        (
            component("RECIST11", target_response="CR", new_lesion="MAYBE"),
            "cases[0].input.new_lesion",
            "must be one of NONE, EQUIVOCAL, UNEQUIVOCAL",
        ),
        (
            component("iRECIST", target_response="PR"),
            "cases[0].input.target_response",
            "must be one of NE, NOT_APPLICABLE, iCPD, iCR, iPR, iSD, iUPD",
        ),
        (
            component("iRECIST", non_target_response="CR"),
            "cases[0].input.non_target_response",
            "must be one of NE, NON-iCR/NON-iUPD, NOT_APPLICABLE, iCPD, iCR, iUPD",
        ),
        (component("LUGANO2014", pet_response="CR"), "cases[0].input.pet_response", PET),
        (component("LUGANO2014", ct_response="CMR"), "cases[0].input.ct_response", CT),
        (
            component("PCWG3", soft_tissue_response="CR"),
            "cases[0].input.bone_response",
            "is missing",
        ),
        (
            component("PCWG3", bone_response="NED"),
            "cases[0].input.soft_tissue_response",
            "is missing",
        ),
        (
            component("PCWG3", soft_tissue_response="CR", bone_response="SD"),
            "cases[0].input.bone_response",
            "must be one of PD, PDu, NON-PD, NED, NE",
        ),
        (
            component("RANO20_MIXED", enhancing_response="CR"),
            "cases[0].input.non_enhancing_response",
            "is missing",
        ),
        (
            component("RANO20_MIXED", enhancing_response="XX"),
            "cases[0].input.enhancing_response",
            "must be one of CR, PR, MR, SD, PD, NE, NOT_APPLICABLE",
        ),
        (
            in_file(
                "sequences",
                {"criterion": "RECIST11", "sequence": [{"response": "CR", "day": None}]},
            ),
            "sequences[0].sequence[0].day",
            "is missing",
        ),
        (
            in_file("sequences", {"criterion": "RECIST11", "sequence": [{"day": 1}]}),
            "sequences[0].sequence[0].response",
            "is missing",
        ),
        (
            in_file(
                "sequences", {"criterion": "RECIST11", "sequence": [{"day": 1, "response": "iCR"}]}
            ),
            "sequences[0].sequence[0].response",
            "must be one of CR, PR, SD, NON-CR/NON-PD, NED, PD, NE",
        ),
        (
            in_file(
                "sequences", {"criterion": "iRECIST", "sequence": [{"day": 1, "response": "CR"}]}
            ),
            "sequences[0].sequence[0].response",
            "must be one of iCR, iPR, iSD, NON-iCR/NON-iUPD, NED, iCPD, iUPD, NE",
        ),
    ],
)
def test_a_file_that_cannot_be_answered_names_the_place(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (field, problem)


def convert(kind: str | None, **given: object) -> Callable[[], object]:
    entry = {"criterion": "VOLUMETRIC", "kind": kind, "input": given or None}
    return in_file("conversions", entry)


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (convert(None, diameter_mm=1), "kind", "is missing"),
        (convert("sphere_ml"), "input", "is missing"),
        (convert("litres", a=1), "kind", "litres is not a known conversion"),
        (convert("sphere_ml", a=1), "input.diameter_mm", "is missing"),
        (convert("sphere_ml", diameter_mm=-1), "input.diameter_mm", BELOW_ZERO),
        (convert("voxels_ml", spacing_mm=[1, 1, 1]), "input.voxel_count", "is missing"),
        (
            convert("voxels_ml", voxel_count=1, spacing_mm=[1, 1]),
            "spacing_mm",
            "must have 3 values",
        ),
        (
            convert("voxels_ml", voxel_count=1, spacing_mm=[1, -1, 1]),
            "spacing_mm[1]",
            BELOW_ZERO,
        ),
        (convert("ellipsoid_ml", diameters_mm=[1, 1]), "diameters_mm", "must have 3 values"),
        (convert("ellipsoid_ml", d1_mm=1, d2_mm=1), "input.d3_mm", "is missing"),
        (convert("slices_ml", areas_mm2=[1, -1], spacing_mm=1), "input.areas_mm2[1]", BELOW_ZERO),
        (convert("slices_ml", areas_mm2=[1]), "input.spacing_mm", "is missing"),
        (convert("doubling_time", second_ml=1, days=1), "input.first_ml", "is missing"),
        (convert("doubling_time", first_ml=1, days=1), "input.second_ml", "is missing"),
        (convert("doubling_time", first_ml=1, second_ml=1), "input.days", "is missing"),
        (
            convert("doubling_time", first_ml=0, second_ml=1, days=1),
            "volume_ml",
            "must be above 0 for a doubling time",
        ),
        (convert("volume_change", a=1), "input.diameter_change_pct", "is missing"),
        (
            convert("volume_change", area_change_pct="-100.1"),
            "input.area_change_pct",
            "must be at least -100",
        ),
    ],
)
def test_a_conversion_that_cannot_be_made_names_the_item(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (f"conversions[0].{field}", problem)


def test_doubling_needs_two_volumes_above_zero() -> None:
    expected = ("volume_ml", "must be above 0 for a doubling time")
    assert told(lambda: doubling_time_days(Decimal(0), ONE, ONE)) == expected
    assert told(lambda: doubling_time_days(ONE, Decimal(0), ONE)) == expected


# --- settings, registry, traces ---------------------------------------------------------------

NUMBER = Parameter(
    name="n", kind="integer", default=3, minimum=1, maximum=5, meaning="N.", clause="c"
)
WORD = Parameter(name="w", kind="choice", default="a", choices=("a", "b"), meaning="W.", clause="c")
FLAG = Parameter(name="f", kind="flag", default=True, meaning="F.", clause="c")
OPTIONS = Options({"flag": True, "word": "a", "number": 1, "size": Decimal("1.5")})


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (lambda: options_from((NUMBER,), {"n": 0}), "n", "must be at least 1"),
        (lambda: options_from((NUMBER,), {"n": 6}), "n", "must be at most 5"),
        (lambda: options_from((NUMBER,), {"n": "2.5"}), "n", "must be a whole number"),
        (lambda: options_from((NUMBER,), {"n": "x"}), "n", "must be a number"),
        (lambda: options_from((NUMBER,), {"n": True}), "n", "must be a number"),
        (lambda: options_from((NUMBER,), {"n": "inf"}), "n", "must be a finite number"),
        (lambda: options_from((NUMBER,), {"m": 1}), "m", "is not a parameter of this criterion"),
        (lambda: options_from((WORD,), {"w": "c"}), "w", "must be one of a, b"),
        (lambda: options_from((WORD,), {"w": 1}), "w", "must be one of a, b"),
        (lambda: options_from((FLAG,), {"f": 1}), "f", "must be true or false"),
        (lambda: OPTIONS.integer("flag"), "flag", "must be a whole number"),
        (lambda: OPTIONS.integer("size"), "size", "must be a whole number"),
        (lambda: OPTIONS.decimal("flag"), "flag", "must be a number"),
        (lambda: OPTIONS.decimal("word"), "word", "must be a number"),
        (lambda: OPTIONS.flag("word"), "word", "must be true or false"),
        (lambda: OPTIONS.choice("number"), "number", "must be a word"),
        (lambda: OPTIONS.choice("none"), "none", "is not a parameter of this criterion"),
    ],
)
def test_a_setting_that_is_not_permitted_is_named(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (f"settings.{field}", problem)


def own(**more: Any) -> Criterion:
    return Criterion(**{"key": "OWN", "title": "Own", "version": "1", "citation": "us", **more})


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (lambda: get("NONE"), "criterion", "'NONE' is not registered"),
        (lambda: get(7), "criterion", "7 is not registered"),  # type: ignore[arg-type]
        (
            lambda: registry.register(own(key="RECIST11")),
            "criterion",
            "RECIST11 is registered already",
        ),
        (
            lambda: registry.register(own(rules=get("RECIST11").rules[:1] * 2)),
            "criterion",
            "OWN has two rules with one key",
        ),
        (
            lambda: registry._register_all(1),
            "criterion",
            "an entry point must name a Criterion or a tuple of them",
        ),
        (
            lambda: registry.rule_named("A.b"),
            "trace.rule",
            "A.b is not a rule of a registered criterion",
        ),
        (lambda: from_data({}, registry.rule_named), "trace.name", "is missing"),
        (
            lambda: from_data(
                {
                    "name": "x",
                    "rule": "RECIST11.sum_mm",
                    "inputs": {"values": {"decimal": "x"}},
                    "value": 1,
                },
                registry.rule_named,
            ),
            "trace.decimal",
            "is not a number",
        ),
    ],
)
def test_what_is_not_registered_or_not_a_trace_is_named(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (field, problem)


# --- statistics -------------------------------------------------------------------------------

YES_NO = ("Y", "N")


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        (
            lambda: AgreementTable(("Y",), ((1,),)),
            "categories",
            "at least two different categories are needed",
        ),
        (
            lambda: AgreementTable(("Y", "Y"), ((1, 1), (1, 1))),
            "categories",
            "at least two different categories are needed",
        ),
        (lambda: AgreementTable(YES_NO, ((1, 1),)), "counts", "a table of 2 by 2 is needed"),
        (lambda: AgreementTable(YES_NO, ((1, 1), (1,))), "counts", "a table of 2 by 2 is needed"),
        *(
            (
                lambda cell=cell: AgreementTable(YES_NO, ((1, 1), (cell, 1))),
                "counts",
                "every cell is a whole number, zero or more",
            )
            for cell in (-1, 1.5, True)
        ),
        (
            lambda: AgreementTable.from_pairs([("Y", "X")], categories=YES_NO),
            "pairs",
            "Y/X is outside the categories",
        ),
        (
            lambda: AdjudicationCase("A", "CR", "PR", "R3"),
            "adjudicator_agrees_with",
            "R3 is none of ['BOTH', 'NEITHER', 'R1', 'R2']",
        ),
        (
            lambda: reader_acceptance([AdjudicationCase("A", "CR", "PR", "R1")], reader="R3"),
            "reader",
            "R3 is neither R1 nor R2",
        ),
        (
            lambda: control_limits(1.5, 10),
            "share",
            "1.5 in groups of 10 has no control limits",
        ),
        (
            lambda: control_limits(0.5, 0),
            "share",
            "0.5 in groups of 0 has no control limits",
        ),
        (lambda: fleiss_kappa([]), "counts", "no case"),
        (
            lambda: fleiss_kappa([[1, 1], [1]]),
            "counts",
            "every case needs the same two or more categories",
        ),
        (
            lambda: fleiss_kappa([[2], [2]]),
            "counts",
            "every case needs the same two or more categories",
        ),
        (lambda: fleiss_kappa([[3, -1]]), "counts", "a count is zero or more"),
        (
            lambda: fleiss_kappa([[1, 1], [2, 1]]),
            "counts",
            "every case needs the same number of readers, two or more",
        ),
        (
            lambda: fleiss_kappa([[1, 0]]),
            "counts",
            "every case needs the same number of readers, two or more",
        ),
        (
            lambda: icc_2_1([[1.0, 2.0]]),
            "ratings",
            "at least two subjects read by the same two or more readers",
        ),
        (
            lambda: icc_2_1([[1.0], [2.0]]),
            "ratings",
            "at least two subjects read by the same two or more readers",
        ),
        (
            lambda: icc_2_1([[1.0, 2.0], [1.0]]),
            "ratings",
            "at least two subjects read by the same two or more readers",
        ),
        (
            lambda: icc_2_1([[1.0, 2.0], [1.0, float("nan")]]),
            "ratings",
            "every value is a finite number",
        ),
        (lambda: bland_altman([(1.0, 2.0)]), "pairs", "at least 2 needed, 1 given"),
        (
            lambda: bland_altman([(1.0, 2.0), (float("inf"), 1.0)]),
            "pairs",
            "every value is a finite number",
        ),
        (lambda: wilson(5, 4), "hits", "5 of 4 is not a rate"),
        (lambda: wilson(-1, 4), "hits", "-1 of 4 is not a rate"),
        (lambda: wilson(1, 4, level=1.0), "level", "1.0 is not between 0 and 1"),
        (lambda: wilson(1, 4, level=0.0), "level", "0.0 is not between 0 and 1"),
        (lambda: bootstrap_interval([], lambda _cases: 1.0), "bootstrap_interval", "no cases"),
        (
            lambda: bootstrap_interval([1], lambda _cases: None, resamples=3),
            "bootstrap_interval",
            "the statistic exists for no resample",
        ),
        (
            lambda: derive_case("two_reader_categorical", {"reader1": ["Y"], "reader2": []}),
            "input.table_rows_reader1_cols_reader2",
            "is missing",
        ),
        (
            lambda: derive_case(
                "two_reader_categorical", {"categories": ["Y", "N"], "table": [[1, 2], [1.5, 1]]}
            ),
            "input.table[1]",
            "must hold whole numbers",
        ),
        (
            lambda: derive_case("continuous", {"reader1": [1], "reader2": [1, 2]}),
            "input.ratings",
            "is missing",
        ),
        (
            lambda: derive_case("continuous", {"ratings": [[1, 2], [3, "x"]]}),
            "input.ratings[1][1]",
            "must be a number",
        ),
    ],
)
def test_figures_that_make_no_statistic_are_named(
    call: Callable[[], object], field: str, problem: str
) -> None:
    assert told(call) == (field, problem)
