"""A read design: what is refused, what the charter says of it, and what two versions differ in."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reads.design import VARIABLES, design_from, problems
from reads.design.changes import changes
from reads.design.charter import clause_numbers, sections
from reads.design.clauses import CLAUSES, SECTIONS
from reads.design.exchange import DesignFileError, from_yaml, templates, to_yaml
from reads.design.problems import schema
from reads.design.references import resolved, unknown_references
from reads.design.specification import requirements
from reads.design.standing import by_hand

SIMPLE: dict[str, Any] = {
    "form": "ecrf_recist11",
    "readers_per_subject": 2,
    "criteria": [{"key": "RECIST11", "parameters": {}}],
}


def design(**changed: Any) -> dict[str, Any]:
    return copy.deepcopy(SIMPLE) | changed


@pytest.mark.parametrize("template", templates(), ids=lambda one: one.key)
def test_every_template_can_be_used_as_it_is(template: Any) -> None:
    assert problems(template.document) == []
    assert template.title
    assert template.summary


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"readers_per_subject": 3}, "readers_per_subject: 3 is not one of [1, 2]"),
        ({"criteria": [{"key": "RECIST12"}]}, "criteria.RECIST12: criterion"),
        (
            {"criteria": [{"key": "RECIST11", "parameters": {"max_targets": 99}}]},
            "criteria.RECIST11: settings.max_targets",
        ),
        ({"criteria": [{"key": "RECIST11"}, {"key": "RECIST11"}]}, "one of them stands twice"),
        ({"criteria": []}, "name one, or a standard of truth"),
        ({"adjudication": {"variables": ["mood"]}}, "“mood” cannot be compared"),
        (
            {"adjudication": {"variables": ["progression_date"]}},
            "“progression_date” is known for a subject",
        ),
        (
            {"readers_per_subject": 1, "adjudication": {"variables": ["overall_response"]}},
            "a single read cannot be adjudicated",
        ),
        ({"dossiers": "global_review"}, "a global review that the design does not have"),
        ({"dossiers": "oncology_review"}, "an oncology review that the design does not have"),
        ({"oncology_review": {"form": "onc", "adjudicate_on": ["x"]}}, "one oncologist cannot"),
        ({"adjudication": {"at": "subject"}}, "adjudicated after a global review"),
        ({"sampling": {"escalate_above_percent": 20}}, "every subject is reviewed already"),
        ({"sections": {"roles": "By {reader}."}}, "“{reader}” is no item of the design"),
        ({"presentation": "simultaneous_random"}, "follows the order of the time points"),
        ({"presentation": "hybrid"}, "of a hybrid design is its global review"),
        ({"colour": "red"}, "Additional properties are not allowed ('colour' was unexpected)"),
        (
            {"endpoints": [{"name": "PFS", "criterion": "IRECIST"}]},
            "endpoints.0: the design does not use IRECIST",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(changed: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in problems(design(**changed)))


def test_a_design_may_leave_out_everything_that_has_a_usual_value() -> None:
    made = design_from(SIMPLE)
    assert problems(SIMPLE) == []
    assert made.presentation == "time_sequential"
    assert made.clocks == {}
    assert made.adjudicate_on == ()
    assert made.dossiers == "never"


def test_each_item_of_a_design_is_stated_by_a_clause_or_is_authored_text() -> None:
    stated = {path for clause in CLAUSES for path in clause.paths}
    assert stated == set(schema()["properties"]) - {"sections"}
    assert {clause.section for clause in CLAUSES} <= set(SECTIONS)


def test_the_charter_says_what_the_design_decides() -> None:
    text = " ".join(
        paragraph.text
        for section in sections(
            design_from(
                design(
                    adjudication={
                        "variables": ["overall_response", "new_lesion"],
                        "outcome": "choose_or_third",
                        "sees": ["images", "answers"],
                    },
                    turnaround={"read_days": 7, "adjudication_days": 3},
                    stop_rules={"after_progression": "stop_after_confirmed"},
                    criteria=[{"key": "RECIST11", "parameters": {"max_targets": 3}}],
                )
            )
        )
        for paragraph in section.paragraphs
    )
    assert "Two readers read, independently of each other, every time point" in text
    assert "differ in overall response and new lesion" in text
    assert "chooses one of the two reads or gives a third result" in text
    assert "signed within 7 business days, an adjudication within 3 business days" in text
    assert "Nothing is read after confirmed progression." in text
    assert "is 3" in text  # the number of targets
    assert "The criteria are used as published." not in text


def test_authored_text_refers_to_the_design_and_follows_it() -> None:
    text = "Read by {readers} within {read_time}; {{kept}} {unknown}."
    assert resolved(text, design_from(design(turnaround={"read_days": 7}))) == (
        "Read by two within 7 business days; {{kept}} {unknown}."
    )
    assert "within the time of the project plan" in resolved(text, design_from(SIMPLE))
    assert list(unknown_references("{readers} {unknown}")) == ["unknown"]


def test_the_specification_leads_from_each_clause_to_item_check_and_test() -> None:
    rows = requirements(design_from(SIMPLE), {"checks": [{"id": "F1", "level": "error"}]})
    numbers = clause_numbers(design_from(SIMPLE))
    by_clause = {row.clause: row for row in rows}
    assert by_clause["readers"].number == numbers["readers"]
    assert all(row.item and row.check and row.test for row in rows)
    assert rows[-1].test == "form.check:F1"
    assert sum(row.test.startswith("criteria.check:") for row in rows) > 20


def test_two_versions_differ_in_the_words_of_the_charter() -> None:
    after = design(readers_per_subject=1, sections={"roles": "The sponsor approves."})
    found = {change.key: change for change in changes(SIMPLE, after)}
    assert set(found) == {
        "readers",
        "adjudication",
        "text of roles of the imaging cro, the readers and the sponsor",
    }
    assert found["readers"].before.startswith("Two readers read")
    assert found["readers"].after.startswith("One reader reads")
    assert changes(SIMPLE, SIMPLE) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("form: [", "Line 1, column 8"),
        ("- a\n- b\n", "names with values"),
        ("", "names with values"),
        (b"\xff\xfe\x00", "no YAML text"),
        ("a: !!python/object:os.system x", "Line 1, column 4"),
        ("[" * 5000, "no YAML text"),
    ],
)
def test_a_file_that_is_no_design_is_refused_with_its_line(text: str | bytes, said: str) -> None:
    with pytest.raises(DesignFileError, match=said):
        from_yaml(text)


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@given(
    readers=st.sampled_from([1, 2]),
    name=words.filter(bool),
    text=words,
    variables=st.lists(st.sampled_from(VARIABLES), unique=True),
)
def test_a_design_survives_the_way_out_and_in(
    readers: int, name: str, text: str, variables: list[str]
) -> None:
    document = design(
        readers_per_subject=readers,
        endpoints=[{"name": name}],
        sections={"introduction": text},
        adjudication={"variables": variables},
    )
    assert from_yaml(to_yaml(document)) == document


def test_what_the_charter_states_and_nobody_carries_out_is_said() -> None:
    assert by_hand(design_from(SIMPLE)) == []
    carried_out = design(sessions={"global_review": True}, variability={"intra_percent": 5})
    assert by_hand(design_from(carried_out)) == []
    assert by_hand(design_from(design(dossiers="time_point"))) == []
    blind = {"variables": ["overall_response"], "sees": ["images"]}
    assert by_hand(design_from(design(adjudication=blind))) == [
        "hiding images or answers from the adjudicator"
    ]
