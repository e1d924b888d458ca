"""A file of the clinical CRO: each row judged, nothing written before all of them are in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from audit import clock
from audit.actors import acting
from audit.errors import Conflict, NotPermitted, RuleBroken
from clinical.definition import Checked, Moment, read
from clinical.definition.sheet import (
    CHANGED,
    NEW,
    SAME,
    Known,
    Place,
    Result,
    dry_run,
    missing_columns,
)
from clinical.models import Dossier, DossierItem
from clinical.services import dossiers, imports
from studies.scoping import scope
from tests.clinical.clinical_world import (
    DEFINITION,
    applied,
    baseline,
    define,
    fill,
    requested,
)
from tests.world import BUILDER, StudyWorld, make_study

HEAD = ["Subject", "Time point", "Item", "Row", "Value", "Unit", "Date", "Not available because"]
TODAY = date(2026, 3, 5)
COLUMNS_OF_THE_TABLE = "prior_therapy.agent, prior_therapy.end, prior_therapy.response"
ITEMS = read(DEFINITION).at(Moment("bl", is_baseline=True))


# --- the pure part --------------------------------------------------------------------------------


def known(closed: str = "", holds: dict[str, Checked] | None = None) -> Known:
    place = Place("tp1", ITEMS, closed, holds or {})
    return Known(frozenset({"101-001"}), {("101-001", "baseline"): place}, TODAY)


def run(*rows: list[str], **place: object) -> Result:
    filled = [row + [""] * (len(HEAD) - len(row)) for row in rows]
    return dry_run([HEAD, *filled], known(**place), telling=lambda *_: [])  # type: ignore[arg-type]


def said(result: Result) -> list[str]:
    return [line.problem or line.outcome for line in result.lines]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (["999-001", "Baseline", "psa", "", "4", "ng/mL"], "The study has no subject “999-001”."),
        (["101-001", "Week 99", "psa", "", "4", "ng/mL"],
         "The subject has no time point “Week 99”."),
        (["101-001", "Baseline", "weight", "", "70", "kg"],
         "The definition does not ask for this item at this time point."),
        (["101-001", "Baseline", "psa", "", "4", "µg/L"], "The unit is µg/L; it must be ng/mL."),
        (["101-001", "Baseline", "psa", "", "four", "ng/mL"], "“four” is no number."),
        (["101-001", "Baseline", "psa", "", "4", "ng/mL", "2026-04-01"],
         "The date lies in the future."),
        (["101-001", "", "psa", "", "4"], "Subject, time point and item are needed in each row."),
        (["101-001", "Baseline", "pathology", "", "x"],
         "A document cannot be imported from a sheet; attach it to the dossier."),
        (["101-001", "Baseline", "prior_therapy", "1", "x"],
         f"Prior systemic therapy is a table; write one of {COLUMNS_OF_THE_TABLE}."),
        (["101-001", "Baseline", "prior_therapy.agent", "", "x"],
         "Prior systemic therapy is a table; the column Row says which row it is, from 1."),
        (["101-001", "Baseline", "psa.high", "", "4", "ng/mL"],
         "PSA is one value; write its code without “.high”."),
    ],
)  # fmt: skip
def test_each_row_that_cannot_be_imported_says_why(row: list[str], problem: str) -> None:
    result = run(row)
    assert said(result) == [problem]
    assert result.answers == ()


def test_a_time_point_that_is_closed_says_why_in_each_of_its_rows() -> None:
    why = "The time point is not due yet."
    rows = [["101-001", "Baseline", code, "", "4", "ng/mL"] for code in ("psa", "biopsy")]
    assert said(run(*rows, closed=why)) == [why, why]


def test_rows_of_a_table_come_together_whatever_their_order() -> None:
    result = run(
        ["101-001", "baseline", "prior_therapy.agent", "2", "docetaxel"],
        ["101-001", "Baseline", "PRIOR_THERAPY.response", "1", "Partial response"],
        ["101-001", "Baseline", "prior_therapy.agent", "1", "carboplatin"],
    )
    assert said(result) == [NEW, NEW, NEW]
    (answer,) = result.answers
    assert answer.entered.rows == (
        {"response": "Partial response", "agent": "carboplatin"},
        {"agent": "docetaxel"},
    )


def test_a_wrong_row_of_a_table_is_named_and_the_others_wait_for_it() -> None:
    result = run(
        ["101-001", "Baseline", "prior_therapy.agent", "1", "carboplatin"],
        ["101-001", "Baseline", "prior_therapy.response", "2", "Cured"],
        ["101-001", "Baseline", "prior_therapy.agent", "2", "docetaxel"],
    )
    other = "Another row of Prior systemic therapy is wrong."
    wrong = "Best response: “Cured” is none of Partial response, Progressive disease."
    assert sorted(said(result)) == sorted([other, wrong, other])
    assert result.answers == ()


def test_an_item_that_is_said_twice_is_refused_in_both_rows() -> None:
    row = ["101-001", "Baseline", "psa", "", "4", "ng/mL"]
    assert said(run(row, row)) == [
        "The same item comes again further down.",
        "The same item is in row 2 already.",
    ]


def test_what_is_held_already_is_the_same_and_what_differs_is_changed() -> None:
    row = ["101-001", "Baseline", "psa", "", "4.0", "ng/mL"]
    assert said(run(row, holds={"psa": Checked("4.0", "ng/mL")})) == [SAME]
    assert said(run(row, holds={"psa": Checked("4.1", "ng/mL")})) == [CHANGED]
    reason = ["101-001", "Baseline", "psa", "", "", "", "", "not drawn"]
    assert said(run(reason, holds={"psa": Checked("4.1", "ng/mL")})) == [CHANGED]


def test_a_sheet_names_the_columns_that_it_lacks() -> None:
    assert missing_columns(["SUBJID", "Visit", "TESTCD", "ORRES"]) == []
    assert missing_columns(["Subject", "Item"]) == ["Time point", "Value"]


# --- the service ----------------------------------------------------------------------------------


@pytest.fixture
def world(db: None) -> Iterator[StudyWorld]:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        define(world)
        yield world


def sheet(*rows: str) -> bytes:
    return "\n".join([",".join(HEAD), *rows]).encode()


def read_in(world: StudyWorld, content: bytes, reason: str = "first delivery") -> object:
    partner = world.actor("clinical_data_partner")
    return imports.read_in(world.study, content, name="x.csv", reason=reason, actor=partner)


def whole(world: StudyWorld, psa: str = "4.2", subject: int = 0) -> bytes:
    code = world.subjects[subject].code
    return sheet(
        f"{code},Baseline,psa,,{psa},ng/mL,2026-01-05,",
        f"{code},Baseline,prior_therapy.agent,1,carboplatin,,,",
    )


def test_a_complete_file_makes_dossiers_that_are_received(world: StudyWorld) -> None:
    row = read_in(world, whole(world))
    assert not Dossier.objects.exists()  # a dry run and a draft write nothing
    done = imports.take_over(row, actor=world.actor("clinical_data_partner"))
    assert (done.dossiers, done.received, done.items) == (1, 1, 2)
    made = Dossier.objects.get()
    assert (made.state, made.version, made.time_point) == ("received", 1, baseline(world))
    assert {item.batch_id for item in made.items.all()} == {row.pk}


def test_one_wrong_row_keeps_everything_out(world: StudyWorld) -> None:
    good = whole(world).decode()
    row = read_in(world, f"{good}\n{world.subjects[1].code},Baseline,psa,,4,IU,,".encode())
    with pytest.raises(RuleBroken, match="1 row has a problem"):
        imports.take_over(row, actor=world.actor("data_manager"))
    assert not Dossier.objects.exists()
    assert not DossierItem.objects.exists()
    assert type(row).objects.get(pk=row.pk).state == "draft"


def test_a_text_that_names_a_person_or_place_is_told_in_its_row(world: StudyWorld) -> None:
    code = world.subjects[0].code
    row = read_in(world, sheet(f"{code},Baseline,biopsy,,Taken in Lisbon,,,"))
    (line,) = imports.try_out(row).lines
    assert line.problem.startswith("Biopsy result: “Lisbon” looks like a site.")


def test_the_same_file_twice_is_one_import_and_is_imported_once(world: StudyWorld) -> None:
    row = read_in(world, whole(world))
    assert read_in(world, whole(world)) == row
    imports.take_over(row, actor=world.actor("data_manager"))
    with pytest.raises(Conflict, match="imported or discarded already"):
        imports.take_over(row, actor=world.actor("data_manager"))
    assert DossierItem.objects.count() == 2


def test_a_file_that_differs_from_what_holds_opens_the_next_version(world: StudyWorld) -> None:
    first = applied(world)
    same = sheet(f"{first.subject.code},Baseline,psa,,4.2,ng/mL,2026-01-05,")
    with pytest.raises(RuleBroken, match="Nothing in this file is new"):
        imports.take_over(read_in(world, same), actor=world.actor("data_manager"))
    changed = sheet(f"{first.subject.code},Baseline,psa,,9.9,ng/mL,2026-01-05,")
    imports.take_over(
        read_in(world, changed, "the laboratory corrected PSA"), actor=world.actor("data_manager")
    )
    second = dossiers.under_way(baseline(world))
    assert second is not None
    assert (second.version, second.state, second.reason) == (
        2, "received", "the laboratory corrected PSA",
    )  # fmt: skip
    assert second.items.get(code="prior_therapy").rows == [
        {"agent": "carboplatin", "end": "2025-11", "response": "PR"}
    ]
    assert dossiers.applied(baseline(world)) == first


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("received", "Its dossier is received; it must be sent back before anything can change."),
        ("not_done", "The time point was not done; it has no dossier."),
        ("future", "The time point is not due yet."),
    ],
)
def test_where_nothing_can_be_entered_now_each_row_says_why(
    world: StudyWorld, change: str, problem: str
) -> None:
    point = baseline(world)
    if change == "received":
        fill(world, requested(world))
    elif change == "not_done":
        from studies.workflows import TIME_POINT

        TIME_POINT.move(
            point, "not_done", actor=BUILDER, reason="moved",
            changes={"not_done_reason": "moved away"},
        )  # fmt: skip
    else:
        with acting(BUILDER):
            point.window_from = clock.today().replace(year=clock.today().year + 1, day=1)
            point.save()
    result = imports.try_out(read_in(world, whole(world, psa="5")))
    assert {line.problem for line in result.lines} == {problem}


def test_what_a_received_dossier_holds_already_may_be_said_again(world: StudyWorld) -> None:
    fill(world, requested(world))
    result = imports.try_out(read_in(world, whole(world)))
    assert said(result) == [
        SAME,
        "Its dossier is received; it must be sent back before anything can change.",
    ]


def test_a_file_without_its_columns_or_a_reason_is_not_read_in(world: StudyWorld) -> None:
    with pytest.raises(RuleBroken, match="no column “Time point”, “Item”, “Value”"):
        read_in(world, b"Subject,When\n1,2\n")
    with pytest.raises(RuleBroken, match="Say what this file brings"):
        read_in(world, whole(world), reason=" ")
    with pytest.raises(NotPermitted):
        imports.read_in(
            world.study, whole(world), name="x", reason="y", actor=world.actor("sponsor")
        )


def test_the_sheet_to_fill_in_has_a_row_for_each_value_that_is_waited_for(
    world: StudyWorld,
) -> None:
    row = requested(world)
    head, *rows = imports.template(world.study)
    assert head == [
        "Subject", "Time point", "Item", "Row", "Value", "Unit", "Date", "Source",
        "Not available because",
    ]  # fmt: skip
    assert [(r[0], r[1], r[2], r[3], r[5]) for r in rows] == [
        (row.subject.code, "Baseline", code, number, unit)
        for code, number, unit in (
            ("psa", "", "ng/mL"),
            ("prior_therapy.agent", "1", ""),
            ("prior_therapy.end", "1", ""),
            ("prior_therapy.response", "1", ""),
            ("biopsy", "", ""),
        )
    ]
