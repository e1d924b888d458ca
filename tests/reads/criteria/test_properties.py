"""Properties that hold for every stream: order, scale, new lesions, names, trace, no crash."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reads.criteria.base import Assessment, input_digest
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import MeasuredTimePoint
from reads.criteria.records import loads
from reads.criteria.registry import get, rule_named
from reads.criteria.trace import from_data
from reads.criteria.vectorfile import derive
from tests.reads.criteria.streams import new_lesion, non_target, target
from tests.reads.criteria.test_vectors import FILES, FOLDER

KEYS = ("RECIST11", "iRECIST")
SIZES = st.decimals(min_value=1, max_value=200, places=1)
STATES = st.one_of(SIZES.map(str), st.sampled_from(["gone", "tiny", "ne"]))
LESIONS = ("T01", "T02", "N03")
NON_TARGETS = ("NT1", "NT2")
ORDER = ("CR", "PR", "SD", "NON-CR/NON-PD", "NE", "PD")
RESPONSES = {
    "sum_mm",
    "pct_change_baseline",
    "pct_change_nadir",
    "target_response",
    "non_target_response",
    "overall_response",
    "new_target_sum_mm",
}


@st.composite
def streams(draw: st.DrawFn, *, measured_only: bool = False) -> list[MeasuredTimePoint]:
    """Return a stream of one to five follow-up time points."""
    sizes = SIZES.map(str) if measured_only else STATES
    points = []
    for place in range(draw(st.integers(2, 6))):
        states = (
            st.just("present")
            if place == 0
            else st.sampled_from(["present", "gone", "worse", "ne"])
        )
        points.append(
            MeasuredTimePoint(
                id=f"TP{place}",
                day=place * 42,
                baseline=place == 0,
                target=tuple(
                    target(name, str(draw(SIZES)) if place == 0 else draw(sizes))
                    for name in LESIONS
                ),
                non_target=tuple(non_target(name, draw(states)) for name in NON_TARGETS),
                new_lesions=(new_lesion("NL1"),) if place and draw(st.booleans()) else (),
            )
        )
    return points


def values(assessment: Assessment) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in result.values.items() if name in RESPONSES}
        for result in assessment.time_points
    ]


def best(assessment: Assessment) -> list[str]:
    return [entry.response for entry in assessment.best]


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=60, deadline=None)
@given(history=streams(), data=st.data())
def test_the_order_of_lesions_does_not_matter(
    key: str, history: list[MeasuredTimePoint], data: st.DataObject
) -> None:
    shuffled = [
        replace(
            point,
            target=tuple(data.draw(st.permutations(point.target))),
            non_target=tuple(data.draw(st.permutations(point.non_target))),
        )
        for point in history
    ]
    one, other = get(key).assess(history), get(key).assess(shuffled)
    assert values(one) == values(other)
    assert best(one) == best(other)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=60, deadline=None)
@given(history=streams(), data=st.data())
def test_the_order_in_which_time_points_are_handed_in_does_not_matter(
    key: str, history: list[MeasuredTimePoint], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(1, len(history))))
    one = get(key).assess(history)
    other = get(key).assess([history[0], *(history[position] for position in order)])
    assert [values(one)[position] for position in order] == values(other)[1:]
    assert best(one) == best(other)


@settings(max_examples=60, deadline=None)
@given(history=streams(measured_only=True), factor=st.sampled_from(["0.5", "2", "3.7", "10"]))
def test_scaling_all_sizes_keeps_the_percentages(
    history: list[MeasuredTimePoint], factor: str
) -> None:
    def scaled(size: Decimal | None) -> Decimal | None:
        return None if size is None else size * Decimal(factor)

    larger = [
        replace(
            point,
            target=tuple(
                replace(lesion, ld_mm=scaled(lesion.ld_mm), sa_mm=scaled(lesion.sa_mm))
                for lesion in point.target
            ),
        )
        for point in history
    ]
    one, other = get("RECIST11").assess(history), get("RECIST11").assess(larger)
    for small, large in zip(one.time_points, other.time_points, strict=True):
        for name in ("pct_change_baseline", "pct_change_nadir"):
            assert small.values.get(name) == large.values.get(name)


@settings(max_examples=80, deadline=None)
@given(history=streams(), data=st.data())
def test_a_new_lesion_never_improves_a_response(
    history: list[MeasuredTimePoint], data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(history) - 1))
    worse = list(history)
    worse[place] = replace(
        history[place], new_lesions=(*history[place].new_lesions, new_lesion("EXTRA"))
    )
    one, other = get("RECIST11").assess(history), get("RECIST11").assess(worse)
    before, after = (a.time_points[place].overall_response for a in (one, other))
    assert ORDER.index(str(after)) >= ORDER.index(str(before))
    assert after == "PD"
    for a, b in zip(best(one), best(other), strict=True):
        assert a == b or ORDER.index(b) > ORDER.index(a) or a == "NE"
    immune = get("iRECIST")
    if immune.assess(history).time_points[place].overall_response in ("iUPD", "iCPD"):
        changed = immune.assess(worse).time_points[place].overall_response
        assert changed in ("iUPD", "iCPD")


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=60, deadline=None)
@given(history=streams())
def test_relabelling_changes_nothing(key: str, history: list[MeasuredTimePoint]) -> None:
    renamed = [
        replace(
            point,
            id=f"other {place}",
            target=tuple(replace(lesion, id=f"x{lesion.id}") for lesion in point.target),
            non_target=tuple(replace(lesion, id=f"y{lesion.id}") for lesion in point.non_target),
            new_lesions=tuple(replace(lesion, id=f"z{lesion.id}") for lesion in point.new_lesions),
        )
        for place, point in enumerate(history)
    ]
    one, other = get(key).assess(history), get(key).assess(renamed)
    assert values(one) == values(other)
    assert best(one) == best(other)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=60, deadline=None)
@given(history=streams())
def test_the_trace_recomputes_also_after_it_was_stored(
    key: str, history: list[MeasuredTimePoint]
) -> None:
    found = get(key).assess(history)
    steps = [step for result in found.time_points for step in result.trace]
    steps += [step for entry in found.best for step in entry.trace]
    steps += found.trace
    for step in steps:
        assert step.recompute() == step.value
        assert step.sentence.endswith(step.clause)
        stored = from_data(json.loads(json.dumps(step.as_data())), rule_named)
        assert stored.recompute() == step.value
        assert stored.sentence == step.sentence


@settings(max_examples=40, deadline=None)
@given(history=streams())
def test_every_value_of_a_time_point_stands_in_its_trace(history: list[MeasuredTimePoint]) -> None:
    for key in KEYS:
        for result in get(key).assess(history).time_points:
            assert {step.name for step in result.trace} == set(result.values)


@settings(max_examples=40, deadline=None)
@given(history=streams())
def test_edit_checks_never_crash_and_the_digest_follows_the_facts(
    history: list[MeasuredTimePoint],
) -> None:
    criterion = get("RECIST11")
    assert isinstance(criterion.edit_checks(history), tuple)
    options = criterion.options()
    digest = input_digest(history, options)
    assert digest == input_digest(list(history), options)
    assert digest != input_digest([*history[:-1], replace(history[-1], day=999)], options)
    assert digest != input_digest(history, criterion.options({"sd_min_days": 43}))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=6)
    | st.sampled_from(["MEASURED", "SPLIT", "2024-01-01", "1e400", "-1", "0.1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
DOCUMENTS = {name: loads((FOLDER / name).read_text(encoding="utf-8")) for name in FILES}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every item of a document."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            found += places(item, (*path, position))
    return found


def with_item(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_item(value[path[0]], path[1:], new)
    return copy


def slice_of(document: dict[str, Any], name: str, position: int) -> dict[str, Any]:
    return {**document, name: [document[name][position]]}


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_no_file_crashes_the_engine_whatever_stands_in_any_of_its_places(
    data: st.DataObject,
) -> None:
    document = DOCUMENTS[data.draw(st.sampled_from(FILES))]
    lists = [name for name in ("subjects", "cases", "sequences", "conversions") if name in document]
    name = data.draw(st.sampled_from(lists))
    small = slice_of(document, name, data.draw(st.integers(0, len(document[name]) - 1)))
    path = data.draw(st.sampled_from(places(small)))
    broken = with_item(small, path, data.draw(JSON))
    try:
        derivation = derive(broken)
    except CriteriaError as error:
        assert error.field
        return
    json.dumps(derivation.document, default=str)
    assert all(error.field and error.problem for error in derivation.errors)


@settings(max_examples=150, deadline=None)
@given(document=JSON)
def test_anything_that_is_no_exchange_file_raises_the_one_error(document: Any) -> None:
    try:
        derive(document)
    except CriteriaError as error:
        assert error.field
