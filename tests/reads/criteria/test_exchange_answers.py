"""What is written into an exchange file: the whole answer, its keys, and what it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from reads.criteria import registry
from reads.criteria.arithmetic import exact
from reads.criteria.base import (
    Assessment,
    Criterion,
    EditCheck,
    FileFormat,
    Finding,
    Level,
    Options,
    Record,
    TimePointFacts,
    TimePointResult,
)
from reads.criteria.errors import CriteriaError
from reads.criteria.parameters import Parameter
from reads.criteria.trace import Rule, Value, decoded, encoded, from_data
from reads.criteria.vectorfile import (
    Derivation,
    derive,
    is_edit_check,
    is_statistics,
    options_of,
    statistics_of,
    written,
)
from reads.criteria.volume_conversions import doubling_time_days, product, slices_ml

# --- a criterion of its own: the answers show what its functions were given --------------------

LIMIT = Parameter(
    name="limit", kind="integer", default=3, minimum=1, maximum=9, meaning="L.", clause="c"
)
ODD = EditCheck(
    id="ODD", level=Level.WARNING, when="the number is odd", message="Odd.", clause="Own §1"
)
EVEN = EditCheck(id="EVEN", level=Level.INFO, when="never", message="Even.", clause="Own §2")


def own_history(entry: Record) -> Sequence[TimePointFacts]:
    visits = [TimePointFacts(id=v.required_text("id"), day=7) for v in entry.records("visits")]
    return (TimePointFacts(id="BL", day=0, baseline=True), *visits)


def own_assessment(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    return Assessment(
        criterion="OWN",
        version="1",
        time_points=tuple(
            TimePointResult(
                id=point.id,
                day=point.day or 0,
                baseline=point.baseline,
                values={"name": point.id, "limit": options["limit"]},
                trace=(),
            )
            for point in history
        ),
        values={"visits": len(history) - 1},
    )


def own_findings(history: Sequence[TimePointFacts], options: Options) -> Sequence[Finding]:
    return [
        Finding(
            id=ODD.id,
            level=ODD.level,
            message=f"{options['limit']}: {ODD.message}",
            clause=ODD.clause,
            field=history[-1].id,
        )
    ]


def echo(given: Record, options: Options) -> Mapping[str, Value]:
    return {"limit": options["limit"], "given": Decimal("1.50"), "kind": given.text("kind")}


OWN = Criterion(
    key="OWN",
    title="Own",
    version="1",
    citation="Own",
    parameters=(LIMIT,),
    checks=(ODD, EVEN),
    assess_history=own_assessment,
    check_history=own_findings,
    files=FileFormat(
        history=own_history,
        visit_keys=("limit", "name", "absent"),
        subject_keys={"visits": "visit_count"},
        component=echo,
        sequence=echo,
        conversion=echo,
        ignored_settings=("known_elsewhere",),
    ),
)
NOTHING = replace(OWN, files=FileFormat())
SETTINGS = {"limit": 5, "colour": "red", "known_elsewhere": 1}
NOTE = "colour is not a parameter of OWN"
ECHOED = {"limit": 5, "given": 1.5, "kind": None}


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> dict[str, Criterion]:
    known = {"OWN": OWN, "NOTHING": NOTHING}
    monkeypatch.setattr(registry, "get", known.__getitem__)
    return known


def answered(**document: Any) -> tuple[dict[str, Any], list[str]]:
    derivation = derive(document)
    assert derivation.errors == []
    return derivation.document, derivation.ignored_settings


@pytest.mark.usefixtures("own")
def test_a_subject_gets_its_values_at_each_visit_and_as_a_whole() -> None:
    subject = {
        "criterion": "OWN",
        "settings": SETTINGS,
        "baseline": {},
        "visits": [{"id": "A"}, {"id": "B"}],
    }
    document, ignored = answered(subjects=[subject, {**deepcopy(subject), "settings": None}])
    first, second = document["subjects"]
    assert first == {
        **subject,
        "visits": [
            {"id": "A", "derived": {"limit": 5, "name": "A"}, "derived_because": []},
            {"id": "B", "derived": {"limit": 5, "name": "B"}, "derived_because": []},
        ],
        "derived_visit_count": 2,
    }
    assert second["visits"][1]["derived"] == {"limit": 3, "name": "B"}
    assert ignored == [NOTE]


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("kind", "more"),
    [("sequences", {}), ("conversions", {}), ("cases", {"input": {"a": 1}})],
)
def test_each_kind_of_record_is_answered_under_its_settings(
    kind: str, more: dict[str, Any]
) -> None:
    entry = {"criterion": "OWN", "settings": SETTINGS, **more}
    document, ignored = answered(**{kind: [entry, deepcopy(entry)]})
    assert document == {kind: [{**entry, "derived": ECHOED}] * 2}
    assert ignored == [NOTE]


@pytest.mark.usefixtures("own")
def test_edit_checks_tell_what_fires_what_is_silent_and_every_finding() -> None:
    case = {"settings": SETTINGS, "input": {"baseline": {}, "visits": [{"id": "A"}]}}
    finding = {
        "id": "ODD",
        "level": "warning",
        "message": "5: Odd.",
        "clause": "Own §1",
        "field": "A",
    }
    answer = {
        **case,
        "derived": {"fires": ["ODD"], "silent": ["EVEN"]},
        "derived_findings": [finding],
    }
    plain = {"criterion": "OWN", "cases": [case]}
    assert answered(**plain) == ({**plain, "cases": [answer]}, [NOTE])
    told = {**plain, "kind": "edit_checks", "catalogue": {"ZED": {}, "EVEN": {}}}
    answer["derived"] = {"fires": ["ODD"], "silent": ["EVEN", "ZED"]}
    assert answered(**told) == ({**told, "cases": [answer]}, [NOTE])


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"subjects": [{"baseline": {}}]}, "does not assess subjects"),
        ({"sequences": [{}]}, "has no best response of sequences"),
        ({"conversions": [{}]}, "has no conversions"),
        ({"cases": [{"input": {"a": 1}}]}, "has no component table"),
        ({"cases": [{"input": {"visits": []}}]}, "has no edit checks"),
        ({"cases": [{"input": {"a": 1}}], "kind": "edit_checks"}, "has no edit checks"),
    ],
)
def test_what_a_criterion_does_not_answer_is_written_and_listed(
    document: dict[str, Any], what: str
) -> None:
    derivation = derive({"criterion": "NOTHING", **document})
    kind = next(iter(document))
    problem = f"OWN {what}"
    assert [(e.field, e.problem) for e in derivation.errors] == [(f"{kind}[0].criterion", problem)]
    (entry,) = derivation.document[kind]
    assert entry["derived_error"] == {"field": "criterion", "problem": problem}
    assert "derived" not in entry


def test_statistics_are_written_without_a_criterion() -> None:
    table = {"table": [[4, 0], [0, 4]], "categories": ["CR", "PD"]}
    case = {"kind": "two_reader_categorical", "input": table}
    document, _ = answered(cases=[case])
    assert document["cases"][0]["derived"]["cohen_kappa"] == 1
    assert {key: document["cases"][0][key] for key in case} == case


@pytest.mark.parametrize(
    ("top", "entry", "statistics", "edit_check"),
    [
        ({"kind": "reader_statistics"}, {"input": {"visits": []}}, True, False),
        ({"kind": "edit_checks"}, {"kind": "x", "input": {}}, False, True),
        ({"kind": "other"}, {"kind": "x", "input": {"baseline": {}}}, False, False),
        ({}, {"kind": "x", "input": {"a": 1}}, True, False),
        ({}, {"kind": "x", "criterion": "RECIST11", "input": {"a": 1}}, False, False),
        ({}, {"criterion": "RECIST11", "input": {"baseline": {}}}, False, True),
        ({}, {"criterion": "RECIST11", "input": {"visits": []}}, False, True),
        ({}, {"criterion": "RECIST11"}, False, False),
    ],
)
def test_the_kind_of_a_case_is_told_by_the_file_or_by_its_items(
    top: dict[str, Any], entry: dict[str, Any], statistics: bool, edit_check: bool
) -> None:
    assert is_statistics(Record(entry), Record(top)) is statistics
    assert is_edit_check(Record(entry), Record(top)) is edit_check


def test_statistics_without_input_name_it() -> None:
    with pytest.raises(CriteriaError) as raised:
        statistics_of(Record({"kind": "continuous"}))
    assert (raised.value.field, raised.value.problem) == ("input", "is missing")


def test_settings_of_a_record_are_checked_by_the_parameters() -> None:
    derivation = Derivation(document={})
    entry = Record({"settings": {"limit": "4", "colour": 1, "known_elsewhere": 2}})
    assert options_of(entry, OWN, derivation)["limit"] == 4
    assert options_of(Record({}), OWN, derivation)["limit"] == 3
    assert derivation.ignored_settings == [NOTE]
    with pytest.raises(CriteriaError) as raised:
        options_of(Record({"settings": {"limit": 10}}), OWN, derivation)
    assert raised.value.problem == "must be at most 9"


def test_written_values_are_plain_json_at_every_depth() -> None:
    given = {"a": Decimal("2.50"), "b": (Decimal(3), None), "c": {"d": Decimal("1E1")}, "e": "x"}
    assert written(given) == {"a": 2.5, "b": [3, None], "c": {"d": 10}, "e": "x"}


def test_a_baseline_without_values_of_its_own_stays_as_it_is() -> None:
    entry = {"criterion": "PCWG3", "baseline": {"bone_lesions": 2}, "visits": [{"day": 56}]}
    document, _ = answered(subjects=[entry])
    assert document["subjects"][0]["baseline"] == {"bone_lesions": 2}


# --- conversions ------------------------------------------------------------------------------


def converted(kind: str, **given: object) -> dict[str, Any]:
    entry = {"criterion": "VOLUMETRIC", "kind": kind, "input": given}
    document, _ = answered(conversions=[entry])
    derived: dict[str, Any] = document["conversions"][0]["derived"]
    return derived


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        # 1000 voxels of 1 x 2 x 3 mm are 6000 mm³
        ("voxels_ml", {"voxel_count": 1000, "spacing_mm": [1, 2, 3]}, {"volume_ml": 6}),
        ("voxels_ml", {"voxels": 1000, "spacing_mm": [1, 2, 3]}, {"volume_ml": 6}),
        ("voxels_ml", {"voxels": 1000, "spacing_mm": [0, 2, 3]}, {"volume_ml": 0}),
        ("voxels_ml", {"voxels": 1000, "spacing_mm": ["0.5", 2, 3]}, {"volume_ml": 3}),
        # 0 + 0.5 + 99.5 = 100 mm² with 5 mm between slices
        ("slices_ml", {"areas_mm2": [0, "0.5", "99.5"], "spacing_mm": 5}, {"volume_ml": 0.5}),
        ("area_ml", {"slice_areas_mm2": [200], "slice_spacing_mm": 5}, {"volume_ml": 1}),
        # pi / 6 x 10³ mm³ = 0.523599 ml
        ("sphere_ml", {"diameter_mm": 10}, {"volume_ml": 0.523599}),
        ("sphere_ml", {"d_mm": 10}, {"volume_ml": 0.523599}),
        ("ellipsoid_ml", {"diameters_mm": [10, 10, 10]}, {"volume_ml": 0.523599}),
        ("ellipsoid_ml", {"d1_mm": 10, "d2_mm": 20, "d3_mm": 5}, {"volume_ml": 0.523599}),
        ("ellipsoid_ml", {"d1": 10, "d2": 20, "d3": 5}, {"volume_ml": 0.523599}),
        # twice the volume in 30 days: the doubling time; half of it: negative; as much: none
        *(
            ("doubling_time", {first: 2, second: 4, days: 30}, {"doubling_time_days": 30})
            for first, second, days in (
                ("first_ml", "second_ml", "days"),
                ("v1_ml", "v2_ml", "interval_days"),
                ("volume1_ml", "volume2_ml", "t_days"),
                ("v1", "v2", "days"),
            )
        ),
        (
            "doubling_time",
            {"v1": "0.5", "v2": "0.25", "days": 30},
            {"doubling_time_days": -30},
        ),
        ("doubling_time", {"v1": 3, "v2": 3, "days": 30}, {"doubling_time_days": None}),
        # a diameter that halves leaves an eighth; an area of 0 leaves nothing
        ("volume_change", {"diameter_change_pct": -50}, {"volume_change_pct": -87.5}),
        ("volume_change", {"area_change_pct": -100}, {"volume_change_pct": -100}),
        ("volume_change", {"area_change_pct": 300}, {"volume_change_pct": 700}),
    ],
)
def test_conversions_by_hand(kind: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert converted(kind, **given) == expected


def test_parts_of_conversions_take_zero_and_small_values() -> None:
    with exact():
        assert product((Decimal("0.5"), Decimal(0)), 2, "f") == 0
        assert slices_ml((Decimal(0),), Decimal(5)) == 0
        assert doubling_time_days(Decimal(1), Decimal("0.5"), Decimal(10)) == -10
        assert doubling_time_days(Decimal("0.5"), Decimal(1), Decimal(10)) == 10


# --- stored traces ----------------------------------------------------------------------------

ADD = Rule(
    key="OWN.sum",
    clause="Own §3",
    statement="Sum.",
    compute=lambda inputs: sum(inputs["values"], Decimal(0)),
    say=lambda _inputs, value: f"Sum {value}",
)


def test_a_step_is_stored_with_these_items_and_read_back() -> None:
    step = ADD.derive("sum_mm", {"values": (Decimal("1.50"), Decimal("1E+2"))})
    data = step.as_data()
    assert data == {
        "name": "sum_mm",
        "rule": "OWN.sum",
        "clause": "Own §3",
        "inputs": {"values": [{"decimal": "1.50"}, {"decimal": "100"}]},
        "value": {"decimal": "101.50"},
        "sentence": "Sum 101.50, Own §3",
    }
    assert from_data(data, {"OWN.sum": ADD}.__getitem__) == step


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Decimal("1E+3"), {"decimal": "1000"}),
        (Decimal("1E-9"), {"decimal": "0.000000001"}),
        ((Decimal(1), "x", None), [{"decimal": "1"}, "x", None]),
        ({"a": Decimal(1)}, {"items": {"a": {"decimal": "1"}}}),
        ({}, {"items": {}}),
    ],
)
def test_values_are_stored_exactly(value: object, stored: object) -> None:
    assert encoded(value) == stored
    assert decoded(stored) == value


def test_a_mapping_without_items_is_read_as_empty() -> None:
    assert decoded({}) == {}
