"""Conditions: true, false or unknown; a blank is never "no"."""

from __future__ import annotations

import pytest

from studies.forms import Form, FormError, evaluate
from studies.forms.trees import parse_condition
from tests.studies.forms.small import document

KINDS = {
    "n": {"kind": "decimal", "decimals": 2},
    "m": {"kind": "decimal", "decimals": 2},
    "t": {"kind": "text"},
    "b": {"kind": "boolean"},
    "d": {"kind": "date", "precision": "year"},
    "e": {"kind": "date"},
    "c": {"kind": "choice", "choices": [{"code": "A", "label": "A"}, {"code": "B", "label": "B"}]},
    "k": {"kind": "multiple_choice", "choices": [{"code": "X", "label": "X"}]},
    "h": {"kind": "time"},
}
ROWS = {
    "key": "r",
    "label": "Rows",
    "kind": "group",
    "row_key": "name",
    "items": [
        {"key": "name", "label": "Name", "kind": "text"},
        {"key": "size", "label": "Size", "kind": "decimal", "decimals": 1},
        {"key": "of", "label": "Of", "kind": "text"},
    ],
}
GIVEN = {
    "n": "5",
    "m": "7",
    "t": "Hello",
    "b": False,
    "d": "2026-03",
    "e": "2026-03-10",
    "c": "A",
    "k": ["X"],
    "h": "09:30",
    "r": [{"name": "T1", "size": "10", "of": "T2"}, {"name": "T2", "size": "20"}, {"name": "T3"}],
}
BEFORE = {"n": "4", "r": [{"name": "T2", "size": "5"}, {"name": "T9", "size": "1"}]}


def holds(condition, answers=GIVEN):
    """True, False or None, seen from outside: two checks that fire on true and on false."""
    items = [{"key": key, "label": key, **kind} for key, kind in KINDS.items()]
    probe = {"key": "probe", "label": "Probe", "kind": "boolean"}
    never = {"item": "s.probe", "is": False}
    checks = [
        {
            "id": "TRUE",
            "item": "s.probe",
            "when": condition,
            "must": never,
            "message": "-",
            "level": "info",
        },
        {"id": "FALSE", "item": "s.probe", "must": condition, "message": "-", "level": "info"},
    ]
    form = Form.from_document(
        document(
            sections=[{"key": "s", "title": "S", "items": [*items, ROWS, probe]}],
            checks=checks,
            context={"visit.limit": "decimal", "visit.date": "date"},
        )
    )
    result = evaluate(
        form,
        {"s": {**answers, "probe": True}},
        previous={"s": BEFORE},
        context={"visit.limit": "5", "visit.date": "2026-03-01"},
    )
    fired = {message.check for message in result.messages}
    assert fired != {"TRUE", "FALSE"}
    return True if "TRUE" in fired else False if "FALSE" in fired else None


N5 = {"item": "s.n", "is": 5}
N6 = {"item": "s.n", "is": 6}
BLANK = {"item": "s.u", "is": 1}
TABLE = [
    (N5, True),
    (N6, False),
    ({"item": "s.n", "is_not": 5}, False),
    ({"item": "s.n", "at_least": 5}, True),
    ({"item": "s.n", "more_than": 5}, False),
    ({"item": "s.n", "at_most": 5}, True),
    ({"item": "s.n", "less_than": 5}, False),
    ({"item": "s.n", "less_than": {"other": "s.m"}}, True),
    ({"item": "s.m", "at_most": {"other": "s.n", "times": 1.4}}, True),
    ({"item": "s.m", "at_most": {"other": "s.n", "plus": 1}}, False),
    ({"item": "s.n", "more_than": {"previous": "s.n"}}, True),
    ({"item": "s.n", "is": {"context": "visit.limit"}}, True),
    ({"previous": "s.n", "is": 4}, True),
    ({"context": "visit.limit", "at_most": 5}, True),
    ({"item": "s.t", "is": "Hello"}, True),
    ({"item": "s.t", "starts_with": "He"}, True),
    ({"item": "s.b", "is": False}, True),
    ({"item": "s.c", "one_of": ["A", "B"]}, True),
    ({"item": "s.c", "none_of": ["B"]}, True),
    ({"item": "s.k", "contains": "X"}, True),
    ({"item": "s.h", "at_least": "09:30"}, True),
    ({"item": "s.h", "less_than": "09:30"}, False),
    ({"item": "s.e", "at_least": "2026-03-10"}, True),
    ({"item": "s.d", "at_least": "2026-02-28"}, True),
    ({"item": "s.d", "at_least": "2026-03-15"}, None),
    ({"item": "s.d", "at_least": "2026-04-01"}, False),
    ({"item": "s.d", "is": {"other": "s.e"}}, None),
    ({"item": "s.d", "is": "2026-05-01"}, False),
    ({"item": "s.d", "is_not": {"other": "s.e"}}, None),
    ({"count": "s.r", "per": "s.r.of", "at_most": 1}, True),
    ({"days": {"from": {"context": "visit.date"}, "to": {"other": "s.e"}}, "is": 9}, True),
    ({"days": {"from": {"other": "s.d"}, "to": {"other": "s.e"}}, "is": 9}, None),
    ({"all": [N5, N6]}, False),
    ({"all": [N5, N5]}, True),
    ({"any": [N6, N5]}, True),
    ({"any": [N6, N6]}, False),
    ({"not": N6}, True),
    ({"item": "s.t", "is": 5}, None),
    ({"item": "s.t", "at_least": "A"}, None),
    ({"item": "s.n", "answered": True}, True),
    ({"item": "s.n", "status": "answered"}, True),
    ({"count": "s.r", "is": 3}, True),
    ({"count": "s.r", "where": {"item": "s.r.size", "at_least": 10}, "is": 2}, True),
    ({"count": "s.r", "per": "s.r.name", "at_most": 1}, True),
    ({"any_row": "s.r", "where": {"item": "s.r.size", "is": 20}}, True),
    ({"any_row": "s.r", "where": {"item": "s.r.size", "is": 21}}, None),
    ({"every_row": "s.r", "where": {"item": "s.r.size", "at_least": 10}}, None),
    ({"every_row": "s.r", "where": {"item": "s.r.size", "at_least": 11}}, False),
    ({"every_row": "s.r", "where": {"item": "s.r.name", "answered": True}}, True),
    ({"missing_rows": "s.r", "is": 1}, True),
    ({"added_rows": "s.r", "is": 2}, True),
    (
        {
            "any_row": "s.r",
            "where": {"item": "s.r.size", "is": {"previous": "s.r.size", "times": 4}},
        },
        True,
    ),
    (
        {
            "any_row": "s.r",
            "where": {"any_row": "s.r", "where": {"item": "s.r.name", "is": {"outer": "s.r.of"}}},
        },
        True,
    ),
]


@pytest.mark.parametrize(("condition", "expected"), TABLE, ids=[str(case[0]) for case in TABLE])
def test_a_condition_is_decided(condition, expected):
    assert holds(condition) is expected


UNKNOWN = {"item": "s.n", "is": 1}
KLEENE = [
    ({"not": UNKNOWN}, None),
    ({"item": "s.n", "is_not": 1}, None),
    ({"item": "s.n", "none_of": ["1"]}, None),
    ({"all": [UNKNOWN, {"item": "s.b", "is": False}]}, None),
    ({"all": [UNKNOWN, {"item": "s.b", "is": True}]}, False),
    ({"any": [UNKNOWN, {"item": "s.b", "is": False}]}, True),
    ({"any": [UNKNOWN, {"item": "s.b", "is": True}]}, None),
    ({"item": "s.n", "answered": False}, True),
    ({"item": "s.n", "status": "blank"}, True),
]


@pytest.mark.parametrize(("condition", "expected"), KLEENE, ids=[str(case[0]) for case in KLEENE])
@pytest.mark.parametrize("raw", [None, "", "   ", "rubbish", [1], {"status": "not_done"}])
def test_a_blank_or_unreadable_value_is_unknown_and_not_no(condition, expected, raw):
    if (
        "answered" not in condition
        and condition.get("status") == "blank"
        and raw not in (None, "", "   ")
    ):
        expected = False
    assert holds(condition, {"n": raw, "b": False}) is expected


BROKEN = [
    ({}, "c"),
    ({"item": "a.b"}, "c"),
    ({"item": "a.b", "is": 1, "at_least": 2}, "c"),
    ({"item": "a.b", "count": "a", "is": 1}, "c"),
    ({"all": []}, "c.all"),
    ({"all": [{"item": "a.b", "equals": 1}]}, "c.all[0]"),
    ({"not": {"item": "", "is": 1}}, "c.not.item"),
    ({"item": "a.b", "is": {"otter": "a.c"}}, "c.is"),
    ({"item": "a.b", "is": None}, "c.is"),
    ({"item": "a.b", "is": {"other": "a.c", "times": "x"}}, "c.is.times"),
    ({"days": {"from": "2026-01-01"}, "is": 1}, "c.days"),
    ({"any_row": "a.r"}, "c.where"),
]


@pytest.mark.parametrize(("condition", "path"), BROKEN)
def test_a_condition_that_cannot_be_read_names_its_place(condition, path):
    with pytest.raises(FormError) as refusal:
        parse_condition(condition, "c")
    assert refusal.value.path == path


def test_a_condition_nested_too_deep_is_refused():
    condition = {"item": "a.b", "is": 1}
    for _ in range(30):
        condition = {"not": condition}
    with pytest.raises(FormError):
        parse_condition(condition, "c")
