"""What every assessment holds: criterion, version, days, names of its steps, best response."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from reads.criteria.base import DecisionTable, Record, input_digest
from reads.criteria.facts import EnteredResponses, MeasuredTimePoint, TimePointFacts
from reads.criteria.parameters import Options
from reads.criteria.records import loads
from reads.criteria.registry import get
from reads.criteria.sums import complete_sum, partial_sum, total
from reads.criteria.vectorfile import derive
from tests.reads.criteria.streams import assess, point, target
from tests.reads.criteria.test_vectors import FOLDER

SUBJECTS = [
    (name, place)
    for name in ("recist11", "irecist", "rano", "lugano", "pcwg3", "volumetric")
    for place in range(len(loads((FOLDER / f"{name}.json").read_text())["subjects"]))
]
VERSIONS = {
    "RECIST11": "1.0.0",
    "iRECIST": "1.0.0",
    "VOLUMETRIC": "1.0.0",
    "PERCIST": "1.0.0",
    "CHESON2007": "1.0.0",
    "RANO_HGG_2010": "1.0",
    "RANO_LGG_2011": "1.0",
    "RANO20_CE_2D": "1.0",
    "RANO20_CE_VOL": "1.0",
    "LUGANO2014": "1.0",
    "PCWG3": "1.0",
}
BEST_STEPS = ("bor", "response_day", "progression_day", "duration_days")
# The way of confirmation that each criterion reports, its own one first.
WAYS = {
    "RECIST11": [False, True],
    "iRECIST": [False, True],
    "LUGANO2014": [False],
    "VOLUMETRIC": [],
    "PERCIST": [],
    "CHESON2007": [],
}


@pytest.mark.parametrize(("name", "place"), SUBJECTS)
def test_an_assessment_tells_its_criterion_and_each_time_point_by_name_and_day(
    name: str, place: int
) -> None:
    entry = loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["subjects"][place]
    key = entry["criterion"]
    criterion = get(key)
    assert criterion.files.history is not None
    found = criterion.assess(criterion.files.history(Record(entry)))
    assert (found.criterion, found.version, criterion.version) == (
        key,
        VERSIONS[key],
        VERSIONS[key],
    )
    baseline, visits = entry["baseline"], entry["visits"]
    assert [(result.id, result.day, result.baseline) for result in found.time_points] == [
        (baseline.get("id", "BL"), baseline.get("day", 0), True),
        *((visit["id"], visit["day"], False) for visit in visits),
    ]
    known = {rule.key for rule in criterion.rules} | {
        rule.key for rule in get("RECIST11").rules if key == "PCWG3"
    }
    steps = [step for result in found.time_points for step in result.trace]
    for step in (*steps, *found.trace, *(step for best in found.best for step in best.trace)):
        assert step.rule.key in known
        assert step.clause == step.rule.clause
    for best in found.best:
        assert tuple(step.name for step in best.trace) in (BEST_STEPS, ("bor", *BEST_STEPS[1::2]))
        values = {step.name: step.value for step in best.trace}
        assert best.response == values["bor"]
        assert best.response_day == values["response_day"]
        assert best.duration_days == values["duration_days"]
    combined = [result.overall_response for result in found.time_points]
    ways = WAYS.get(key, [True, False]) if any(combined) else []
    assert [best.confirmation_required for best in found.best] == ways


def test_results_of_a_recist_stream_stand_in_the_order_of_the_form() -> None:
    found = assess("RECIST11", point(0, {"T01": 50}), point(56, {"T01": 30, "T09": 9}))
    assert [step.name for step in found.time_points[0].trace] == ["sum_mm"]
    assert [step.name for step in found.time_points[1].trace] == [
        "targets_left_out",
        "sum_mm",
        "partial_sum_mm",
        "nadir_before_mm",
        "pct_change_baseline",
        "pct_change_nadir",
        "abs_change_nadir_mm",
        "target_response",
        "non_target_response",
        "new_lesion",
        "overall_response",
    ]
    assert dict(found.time_points[1].values) == {
        "targets_left_out": "T09",
        "sum_mm": 30,
        "partial_sum_mm": 30,
        "nadir_before_mm": 50,
        "pct_change_baseline": -40,
        "pct_change_nadir": -40,
        "abs_change_nadir_mm": -20,
        "target_response": "PR",
        "non_target_response": "NOT_APPLICABLE",
        "new_lesion": "NONE",
        "overall_response": "PR",
    }
    result = found.time_points[1]
    assert (result.target_response, result.non_target_response) == ("PR", "NOT_APPLICABLE")
    assert (result.overall_response, result.text("none")) == ("PR", None)
    assert found.time_points[0].overall_response is None
    assert result.because[0] == (
        "T09 was not a target at baseline and is left out of the sum, RECIST 1.1 §3.1"
    )
    assert [step.name for step in found.trace] == ["progression_day"]
    assert found.best_response(confirmation_required=False) == "PR"
    assert found.best_response(confirmation_required=True) == "SD"
    assert replace(found, best=()).best_response(confirmation_required=True) is None


def test_results_of_an_irecist_stream_hold_recist_beside_it() -> None:
    found = assess("iRECIST", point(0, {"T01": 50}), point(56, {"T01": 70}))
    assert dict(found.time_points[1].values) == {
        "sum_mm": 70,
        "partial_sum_mm": 70,
        "nadir_before_mm": 50,
        "pct_change_baseline": 40,
        "pct_change_nadir": 40,
        "abs_change_nadir_mm": 20,
        "recist11_target_response": "PD",
        "recist11_non_target_response": "NOT_APPLICABLE",
        "recist11_new_lesion": "NONE",
        "recist11_overall_response": "PD",
        "new_target_sum_mm": None,
        "target_response": "iUPD",
        "non_target_response": "NOT_APPLICABLE",
        "new_lesion": "NONE",
        "overall_response": "iUPD",
    }
    assert [step.name for step in found.trace] == ["progression_day"]


# --- new anticancer therapy -------------------------------------------------------------------

STREAMS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str]] = {
    "RECIST11": (
        {"target": [{"id": "T", "ld_mm": 50}]},
        {"target": [{"id": "T", "ld_mm": 49}]},
        {"target": [{"id": "T", "ld_mm": 10}]},
        "SD",
        "PR",
    ),
    "iRECIST": (
        {"target": [{"id": "T", "ld_mm": 50}]},
        {"target": [{"id": "T", "ld_mm": 49}]},
        {"target": [{"id": "T", "ld_mm": 10}]},
        "iSD",
        "iPR",
    ),
    "LUGANO2014": (
        {"lesions": [{"id": "N", "ldi_mm": 50, "sdi_mm": 30}]},
        {"lesions": [{"id": "N", "ldi_mm": 49, "sdi_mm": 30}], "nonmeasured": "ABSENT"},
        {"lesions": [{"id": "N", "ldi_mm": 20, "sdi_mm": 10}], "nonmeasured": "ABSENT"},
        "SD",
        "PR",
    ),
    "PCWG3": (
        {"bone_lesions": 3},
        {"any_bone_lesion_visible": True, "soft_tissue_response": "SD"},
        {"any_bone_lesion_visible": True, "soft_tissue_response": "PR"},
        "SD",
        "PR",
    ),
    "RANO20_CE_2D": (
        {"lesions": [{"id": "E", "d1_mm": 50, "d2_mm": 30}], "steroids": "NONE"},
        {
            "lesions": [{"id": "E", "d1_mm": 49, "d2_mm": 30}],
            "steroids": "NONE",
            "clinical_status": "STABLE",
        },
        {
            "lesions": [{"id": "E", "d1_mm": 20, "d2_mm": 20}],
            "steroids": "NONE",
            "clinical_status": "STABLE",
        },
        "SD",
        "PR",
    ),
}


@pytest.mark.parametrize("key", sorted(STREAMS))
@pytest.mark.parametrize("counts", [False, True])
def test_time_points_from_new_therapy_on_count_only_where_the_charter_says_so(
    key: str, counts: bool
) -> None:
    baseline, stable, smaller, before, after = STREAMS[key]
    visits = [
        {"day": 56, **stable},
        {"day": 112, **stable, "new_therapy": True},
        {"day": 168, **smaller},
    ]
    settings = {"stop_at_new_therapy": False} if counts else {}
    entry = {"criterion": key, "settings": settings, "baseline": baseline, "visits": visits}
    subject = derive({"subjects": [entry]}).document["subjects"][0]
    best = {item["confirmation_required"]: item["bor"] for item in subject["derived_bor"]}
    assert best[False] == (after if counts else before)
    assert [visit["derived"]["overall_response"] for visit in subject["visits"]] == [
        before,
        before,
        after,
    ]


@pytest.mark.parametrize("key", sorted(STREAMS))
def test_visits_may_stand_in_any_order_and_days_may_be_dates(key: str) -> None:
    baseline, stable, smaller, before, after = STREAMS[key]
    visits = [
        {"id": "B", "date": "2024-04-29", **smaller},
        {"id": "A", "date": "2024-03-04", **stable},
    ]
    first = {"id": "SCR", "date": "2024-01-08", "day": 3, **baseline}
    subject = {"criterion": key, "baseline": first, "visits": visits}
    history = get(key).files.history(Record(subject))  # type: ignore[misc]
    found = get(key).assess(history)
    assert [(r.id, r.day, r.overall_response) for r in found.time_points] == [
        ("SCR", 3, None),
        ("B", 115, after),
        ("A", 59, before),
    ]


@pytest.mark.parametrize("key", [*sorted(STREAMS), "PERCIST", "CHESON2007", "VOLUMETRIC"])
def test_a_time_point_without_imaging_is_not_evaluable(key: str) -> None:
    baseline = STREAMS[key][0] if key in STREAMS else BASELINES[key]
    subject = {
        "criterion": key,
        "baseline": baseline,
        "visits": [{"day": 56, "assessed": False}],
    }
    visit = derive({"subjects": [subject]}).document["subjects"][0]["visits"][0]
    if key == "PCWG3":
        assert visit["derived"]["bone_response_final"] == "NE"
    else:
        assert visit["derived"]["overall_response"] == "NE"


BASELINES: dict[str, dict[str, Any]] = {
    "PERCIST": {"sul_peak": 5, "liver_sul": 2},
    "CHESON2007": {
        "lesions": [{"id": "N", "ldi_mm": 20, "sdi_mm": 10}],
        "fdg_avid": True,
        "pet_positive": True,
    },
    "VOLUMETRIC": {"volumes_ml": [10]},
}


def test_the_criteria_without_a_best_response_tell_day_and_name_as_well() -> None:
    document = {
        "subjects": [
            {"criterion": key, "baseline": baseline, "visits": [{"day": 9, **baseline}]}
            for key, baseline in BASELINES.items()
        ]
    }
    for entry in document["subjects"]:
        criterion = get(entry["criterion"])
        found = criterion.assess(criterion.files.history(Record(entry)))  # type: ignore[misc]
        assert (found.criterion, found.version, found.best) == (criterion.key, "1.0.0", ())
        assert [(r.id, r.day, r.baseline) for r in found.time_points] == [
            ("BL", 0, True),
            ("TP1", 9, False),
        ]


# --- digest of the inputs ---------------------------------------------------------------------


def test_the_digest_is_that_of_the_facts_and_options_as_json() -> None:
    history = [
        MeasuredTimePoint(
            id="BL",
            day=0,
            date=date(2024, 1, 8),
            baseline=True,
            target=(target("T01", "14.10", location="Höhe"),),
            entered=EnteredResponses(sum_mm=Decimal("14.1")),
        )
    ]
    text = (
        '{"history":[{"assessed":true,"baseline":true,"clinical_decline":false,'
        '"date":"2024-01-08","day":0,"entered":{"non_target_response":null,'
        '"overall_response":null,"sum_mm":{"decimal":"14.1"},"target_response":null},'
        '"id":"BL","new_lesions":[],"new_therapy":false,"non_target":[],"number":null,'
        '"target":[{"fragments_mm":[],"grown_since_therapy":false,"id":"T01",'
        '"ld_mm":{"decimal":"14.10"},"location":"H\\u00f6he","merged_into":"","modality":"",'
        '"nodal":false,"organ":"LIVER","prior_local_therapy":false,"reason":"","sa_mm":null,'
        '"side":"","simple_cyst":false,"slice_thickness_mm":null,"soft_tissue_component":null,'
        '"state":"MEASURED","treated_on_study":false}],"treatment_start_date":null,'
        '"treatment_start_day":null,"tumour_marker_normal":null}],'
        '"options":{"a":{"decimal":"1.50"},"b":true}}'
    )
    options = Options({"b": True, "a": Decimal("1.50")})
    assert input_digest(history, options) == hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_changes_with_any_fact_and_any_option() -> None:
    base, options = point(0, {"T01": 30}), Options({"a": 1})
    digests = {
        input_digest([base], options),
        input_digest([replace(base, new_therapy=True)], options),
        input_digest([base, base], options),
        input_digest([base], Options({"a": 2})),
        input_digest([base], Options({"b": 1})),
    }
    assert len(digests) == 5
    assert input_digest([base], options) == input_digest([point(0, {"T01": 30})], options)


# --- small parts ------------------------------------------------------------------------------


def test_a_decision_table_is_asked_with_as_many_values_as_it_has_columns() -> None:
    table = DecisionTable(
        key="T", title="T", clause="c", columns=("a", "b"), rows=((("1", "2"), "x"),)
    )
    for values in (("1",), ("1", "2", "3")):
        with pytest.raises(ValueError, match="zip"):
            table.look_up(*values)


def test_sums_are_decimals_also_of_nothing() -> None:
    nothing = total([])
    assert (type(nothing), nothing) == (Decimal, 0)
    assert total([Decimal(1), Decimal("2.5")]) == Decimal("3.5")
    assert complete_sum({}) is None
    assert complete_sum({"A": None}) is None
    assert complete_sum({"A": Decimal(1), "B": None}) is None
    assert complete_sum({"A": Decimal(1), "B": Decimal(0)}) == 1
    assert partial_sum({}) is None
    assert partial_sum({"A": None}) is None
    assert partial_sum({"A": Decimal(0), "B": None}) == 0


def test_a_time_point_knows_its_day_or_date_only() -> None:
    assert TimePointFacts(id="A").day is None
    assert TimePointFacts(id="A", day=-3, date=date(2024, 1, 1)).assessed
