"""What a dossier must hold, as data; written from the charter's side, without a database."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.definition import (
    SCHEMA,
    Definition,
    Entered,
    Item,
    Moment,
    checked,
    day_words,
    difference,
    partial_date,
    problems_of,
    read,
    read_yaml,
    to_yaml,
    written,
)
from imaging.pipeline.yaml_text import UnreadableText
from tests.clinical.clinical_world import DEFINITION, ITEMS

TODAY = date(2026, 3, 5)


def item(code: str, **changes: Any) -> Item:
    raw = deepcopy(next(one for one in ITEMS if one["code"] == code)) | changes
    return read({"schema": SCHEMA, "items": [raw]}).items[0]


def problems(code: str, entered: Entered, **changes: Any) -> tuple[str, ...]:
    return checked(item(code, **changes), entered, today=TODAY).problems


# --- which items a time point needs ---------------------------------------------------------------


def test_items_are_asked_at_baseline_at_every_or_at_named_time_points() -> None:
    named = {"code": "cea", "label": "CEA", "kind": "number", "when": "named",
             "time_points": ["w8", "w24"]}  # fmt: skip
    definition = read({"schema": SCHEMA, "items": [*ITEMS, named]})

    def codes(moment: Moment) -> list[str]:
        return [one.code for one in definition.at(moment)]

    assert codes(Moment("bl", is_baseline=True)) == ["psa", "prior_therapy", "biopsy", "pathology"]
    assert codes(Moment("w8")) == ["psa", "cea"]
    assert codes(Moment("w16")) == ["psa"]
    assert codes(Moment("")) == ["psa"]  # an unscheduled time point has no code


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        (Entered(value="4.2", unit="ng/mL"), ()),
        (Entered(value="4,2", unit="ng/mL"), ()),
        (Entered(), ()),
        (Entered(value="high", unit="ng/mL"), ("“high” is no number.",)),
        (Entered(value="NaN", unit="ng/mL"), ("“NaN” is no number.",)),
        (Entered(value="4.2", unit="µg/L"), ("The unit is µg/L; it must be ng/mL.",)),
        (Entered(value="4.2"), ("The unit is missing; it must be ng/mL.",)),
        (Entered(value="-1", unit="ng/mL"), ("-1 is below the lowest value, 0.",)),
        (
            Entered(value="4", unit="ng/mL", on="03/04/2026"),
            ("“03/04/2026” is no date. Write 2026-03-05, 2026-03, 2026 or 05 Mar 2026.",),
        ),
        (Entered(value="4", unit="ng/mL", on="2026-03-06"), ("The date lies in the future.",)),
        (
            Entered(value="4", unit="ng/mL", missing_reason="not drawn"),
            ("It has a value and a reason why there is none.",),
        ),
        (Entered(missing_reason="not drawn"), ()),
    ],
)
def test_a_number_is_kept_as_agreed_or_said_what_is_wrong(
    entered: Entered, said: tuple[str, ...]
) -> None:
    assert problems("psa", entered) == said


def test_a_choice_is_found_by_value_or_label_and_kept_as_value() -> None:
    choices = [{"value": "0", "label": "Fully active"}, {"value": "1", "label": "Restricted"}]
    ecog = item("biopsy", kind="choice", choices=choices)
    assert checked(ecog, Entered(value="restricted"), today=TODAY).value == "1"
    assert checked(ecog, Entered(value="0"), today=TODAY).value == "0"
    assert checked(ecog, Entered(value="9"), today=TODAY).problems == (
        "“9” is none of Fully active, Restricted.",
    )


def test_each_row_of_a_table_is_checked_and_named() -> None:
    rows = (
        {"agent": "carboplatin", "end": "Nov 2025", "response": "partial response"},
        {"agent": "", "end": "someday", "response": "PR"},
        {"agent": "", "end": "", "response": ""},
        {"agent": "docetaxel", "dose": "75"},
    )
    found = checked(item("prior_therapy"), Entered(rows=rows), today=TODAY)
    assert found.rows[0] == {"agent": "carboplatin", "end": "2025-11", "response": "PR"}
    assert len(found.rows) == 3  # the empty row is left out
    assert found.problems == (
        "Row 2, End: “someday” is no date. Write 2026-03-05, 2026-03, 2026 or 05 Mar 2026.",
        "Row 2, Agent: it is empty.",
        "Row 4, “dose” is no column of Prior systemic therapy.",
    )


def test_a_document_is_no_text_and_a_value_no_table() -> None:
    assert problems("pathology", Entered(value="benign")) == (
        "A document is sent as a file, not as text.",
    )
    assert problems("biopsy", Entered(rows=({"a": "b"},))) == (
        "It is one value, not a table of rows.",
    )
    assert problems("prior_therapy", Entered(value="none")) == (
        "It is a table of rows, not one value.",
    )


@given(st.text(max_size=60), st.text(max_size=10), st.text(max_size=12))
def test_whatever_is_typed_is_answered_and_what_passed_passes_again(
    value: str, unit: str, on: str
) -> None:
    for code in ("psa", "biopsy"):
        first = checked(item(code), Entered(value=value, unit=unit, on=on), today=TODAY)
        if not first.problems:
            kept = Entered(value=first.value, unit=first.unit, on=first.on)
            again = checked(item(code), kept, today=TODAY)
            assert (again.value, again.unit, again.on, again.problems) == (
                first.value, first.unit, first.on, (),
            )  # fmt: skip


@given(st.decimals(min_value=0, max_value=10**9, places=4, allow_nan=False))
def test_a_number_in_its_unit_is_kept_as_it_was_written(number: Any) -> None:
    found = checked(item("psa"), Entered(value=f"{number:f}", unit="ng/mL"), today=TODAY)
    assert (found.value, found.problems) == (f"{number:f}", ())


# --- partial dates, and how far from baseline -----------------------------------------------------


@pytest.mark.parametrize(
    ("text", "iso", "page"),
    [
        ("2026-03-05", "2026-03-05", "05 Mar 2026"),
        ("05 Mar 2026", "2026-03-05", "05 Mar 2026"),
        ("2026-03", "2026-03", "Mar 2026"),
        ("Mar 2026", "2026-03", "Mar 2026"),
        ("2026", "2026", "2026"),
    ],
)
def test_a_date_is_kept_in_the_precision_in_which_it_is_known(
    text: str, iso: str, page: str
) -> None:
    found = partial_date(text)
    assert found is not None
    assert (found.iso, written(found.iso)) == (iso, page)


@pytest.mark.parametrize("text", ["03/04/2026", "2026-13", "2026-02-30", "0026", "soon", ""])
def test_what_is_no_date_or_could_be_two_is_none(text: str) -> None:
    assert partial_date(text) is None


@pytest.mark.parametrize(
    ("iso", "words"),
    [
        ("2026-03-05", "on the day of baseline"),
        ("2026-03-04", "1 day before baseline"),
        ("2026-03-15", "10 days after baseline"),
        ("2025-11", "about 4 months before baseline"),
        ("2026-03", "in the month of baseline"),
        ("2024", "about 2 years before baseline"),
    ],
)
def test_a_reader_is_told_how_far_from_baseline_and_never_the_day(iso: str, words: str) -> None:
    assert day_words(iso, TODAY) == words


def test_without_a_baseline_nothing_is_said_of_a_date() -> None:
    assert day_words("2026-01-01", None) == "date not shown: baseline has no date yet"


@given(st.dates(date(1930, 1, 1), date(2060, 1, 1)), st.dates(date(2000, 1, 1), date(2050, 1, 1)))
def test_no_calendar_date_is_left_in_the_words_for_readers(day: date, base: date) -> None:
    words = day_words(day.isoformat(), base)
    assert day.isoformat() not in words
    assert day.strftime("%b") not in words
    if day != base:
        assert words.startswith(f"{abs((day - base).days):,} day")
        assert words.endswith("before baseline" if day < base else "after baseline")


# --- the document ---------------------------------------------------------------------------------


def test_a_good_definition_has_no_problems() -> None:
    assert problems_of(DEFINITION) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "PSA!"},
         "“PSA!”: a code is small letters, digits and _, begins with a letter, at most 40"),
        ({"label": " "}, "“psa”: a label has 1 to 120 characters"),
        ({"kind": "image"},
         "“psa”: the kind is one of text, number, date, choice, table, document"),
        ({"when": "named"},
         "“psa”: time points are named exactly when it is asked at named time points"),
        ({"source": "fax"}, "“psa”: the source is one of cro, edc, site"),
        ({"kind": "text", "lowest": None}, "“psa”: only a number has a unit"),
        ({"highest": "-1"}, "“psa”: the lowest value is above the highest"),
        ({"kind": "table", "unit": "", "lowest": None}, "“psa”: a table has 1 to 12 columns"),
        ({"kind": "choice", "unit": "", "lowest": None},
         "“psa”: a choice has at least two choices"),
        ({"colour": "red"}, "“psa”: “colour” is unknown here"),
        ({"columns": [{"code": "a"}]}, "“psa”: only a table has columns"),
    ],
)  # fmt: skip
def test_each_fault_of_an_item_is_named_with_its_code(change: dict[str, Any], said: str) -> None:
    raw = {**deepcopy(ITEMS[0]), **change}
    assert said in problems_of({"schema": SCHEMA, "items": [raw]})


def test_a_code_stands_once_and_a_definition_has_items() -> None:
    twice = {"schema": SCHEMA, "items": [ITEMS[0], ITEMS[0]]}
    assert problems_of(twice) == ["the code “psa” stands 2 times"]
    assert problems_of({"schema": SCHEMA, "items": []}) == ["a definition needs at least one item"]
    with pytest.raises(ValueError, match="at least one item"):
        read({"schema": SCHEMA, "items": []})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["code", "label", "kind", "items", "choices", "columns", "when", "unit",
                         "time_points", "lowest", "required", "source", "schema"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_whatever_the_document_holds_it_is_judged_and_what_has_no_problem_can_be_read(
    raw: Any,
) -> None:
    document = {"schema": SCHEMA, "items": [raw]}
    if not problems_of(document):
        assert len(read(document).items) == 1


def test_yaml_goes_out_and_comes_back_as_the_same_definition() -> None:
    definition = read(DEFINITION)
    assert read_yaml(to_yaml(definition)) == definition


def test_faults_of_yaml_are_named_with_their_line() -> None:
    text = to_yaml(read(DEFINITION)).replace("kind: text\n  when", "kind: essay\n  when", 1)
    with pytest.raises(UnreadableText) as refused:
        read_yaml(text)
    (problem,) = refused.value.problems
    line = next(n for n, words in enumerate(text.splitlines(), 1) if "code: biopsy" in words)
    assert (problem.line, problem.path) == (line, "items/2")
    assert problem.text.startswith("“biopsy”: the kind is one of text")


def test_a_difference_is_told_in_words() -> None:
    changed = deepcopy(DEFINITION)
    changed["items"][0] |= {"unit": "µg/L", "required": False}
    del changed["items"][2]
    changed["items"].append({"code": "ecog", "label": "ECOG", "kind": "number"})
    told = [(one.kind, one.where, one.before, one.after)
            for one in difference(read(DEFINITION), read(changed))]  # fmt: skip
    assert told == [
        ("changed", "PSA: required", "required", ""),
        ("changed", "PSA: unit", "ng/mL", "µg/L"),
        ("added", "ECOG", "", "Number, optional, Baseline, Clinical CRO"),
        ("removed", "Biopsy result", "Text, optional, Baseline, Site", ""),
    ]
    assert difference(read(DEFINITION), read(DEFINITION)) == ()
    assert difference(Definition(), read(DEFINITION))[0].kind == "added"


@given(st.integers(min_value=1, max_value=3650))
def test_a_date_after_today_is_refused_however_far(days: int) -> None:
    day = (TODAY + timedelta(days=days)).isoformat()
    assert problems("psa", Entered(value="1", unit="ng/mL", on=day)) == (
        "The date lies in the future.",
    )
