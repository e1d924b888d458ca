"""A second source beside our data: what differs, how it is disposed of, what the next one does."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from clinical.definition import Checked, Moment, read
from clinical.definition.comparing import (
    Compared,
    compare,
    facts,
    mapping_problems,
    said_by,
    suggested,
)
from clinical.definition.sheet import Known, Place, judged
from clinical.models import Discrepancy, Dossier, Reconciliation
from clinical.services import dossiers, reconciling, secondsource
from queries.models import Query
from studies.scoping import scope
from tests.clinical.clinical_world import DEFINITION, applied, baseline, define, fill, requested
from tests.world import StudyWorld, logged_in, make_study

STATES = [("enrolled", "Enrolled"), ("discontinued", "Discontinued")]
FACTS = facts(STATES)
ASKED = read(DEFINITION).at(Moment("bl", is_baseline=True))
ITEMS = {**FACTS, **{item.code: item for item in ASKED}}
HELD = {
    "psa": Checked("4.20", "ng/mL", "2026-01-05"),
    "prior_therapy": Checked(
        rows=(
            {"agent": "carboplatin", "end": "2025-11", "response": "PR"},
            {"agent": "Docetaxel", "end": "", "response": "PD"},
        )
    ),
    "scan date": Checked("2026-01-08"),
    "scan done": Checked("yes"),
    "modality": Checked("CT, PT"),
}

# --- the pure part --------------------------------------------------------------------------------


def outcome(head: list[str], *rows: list[str], held: dict[str, Checked] | None = None) -> Compared:
    point = Place("tp1", tuple(ITEMS.values()), holds=HELD if held is None else held)
    person = Place("s1", (FACTS["subject status"],), holds={"subject status": Checked("enrolled")})
    known = Known(
        frozenset({"101-001"}),
        {("101-001", "baseline"): point, ("101-001", ""): person},
        date(2026, 3, 5),
        frozenset({"subject status"}),
    )
    mapping = suggested(head, ITEMS)
    said = list(said_by([head, *rows], mapping, ITEMS))
    names = {"tp1": "101-001 · Baseline", "s1": "101-001"}
    return compare(said, judged(said, known, telling=lambda *_: []), known, names, mapping)


def told(found: Compared) -> list[tuple[str, str, str, str]]:
    return [(one.kind, one.item, one.ours, one.theirs) for one in found.differences]


WIDE = ["SUBJID", "Visit", "PSA", "Scan date", "Modality", "Scan done", "Subject status"]


def test_a_visit_in_a_row_that_says_the_same_in_other_words_agrees() -> None:
    found = outcome(WIDE, ["101-001", "BASELINE", "4.2", "08 Jan 2026", "PT/CT", "Y", "ENROLLED"])
    assert (found.compared, found.same, told(found)) == (5, 5, [])


def test_each_value_that_differs_is_told_with_both_values() -> None:
    found = outcome(
        WIDE, ["101-001", "Baseline", "42", "2026-01-09", "CT", "not done", "Discontinued"]
    )
    assert told(found) == [
        ("differs", "psa", "4.20 ng/mL", "42 ng/mL"),
        ("differs", "scan date", "08 Jan 2026", "09 Jan 2026"),
        ("differs", "modality", "CT, PT", "CT"),
        ("differs", "scan done", "Yes", "No"),
        ("differs", "subject status", "Enrolled", "Discontinued"),
    ]


def test_what_only_one_side_holds_is_told_from_its_side() -> None:
    found = outcome(WIDE, ["101-001", "Baseline", "", "2026-01-08", "CT;PT", "yes", "enrolled"])
    assert told(found) == [("only_here", "psa", "4.20 ng/mL", "")]
    found = outcome(["Subject", "Visit", "Biopsy"], ["101-001", "Baseline", "invasive"])
    assert told(found) == [("only_there", "biopsy", "", "invasive")]


def test_the_state_of_a_subject_counts_once_however_many_visits_repeat_it() -> None:
    head = ["Subject", "Visit", "Subject status"]
    rows = [["101-001", f"Visit {n}", "discontinued"] for n in range(3)]
    found = outcome(head, *rows)
    assert told(found) == [("differs", "subject status", "Enrolled", "Discontinued")]


LONG = ["Subject", "Time point", "Item", "Row", "Value", "Unit", "Date"]


def test_rows_of_a_table_are_compared_whatever_their_order_and_case() -> None:
    found = outcome(
        LONG,
        ["101-001", "Baseline", "prior_therapy.agent", "1", "docetaxel", "", ""],
        ["101-001", "Baseline", "prior_therapy.agent", "2", "Carboplatin", "", ""],
    )
    assert told(found) == []
    found = outcome(LONG, ["101-001", "Baseline", "prior_therapy.agent", "1", "cisplatin", "", ""])
    assert told(found) == [
        ("differs", "prior_therapy", "carboplatin; Docetaxel", "cisplatin"),
    ]


def test_a_date_counts_only_when_the_extract_has_dates() -> None:
    row = ["101-001", "Baseline", "psa", "", "4.2", "ng/mL", "2026-01-06"]
    assert told(outcome(LONG, row)) == [
        ("differs", "psa", "4.20 ng/mL on 05 Jan 2026", "4.2 ng/mL on 06 Jan 2026"),
    ]
    assert told(outcome(LONG[:-1], row[:-1])) == []


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (["999-001", "Baseline", "psa", "", "4", "ng/mL", ""],
         "The study has no subject “999-001”."),
        (["101-001", "Week 9", "psa", "", "4", "ng/mL", ""],
         "The subject has no time point “Week 9”."),
        (["101-001", "Baseline", "psa", "", "4", "µg/L", ""],
         "The unit is µg/L; it must be ng/mL."),
        (["101-001", "Baseline", "weight", "", "70", "kg", ""],
         "The definition does not ask for this item at this time point."),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_compared_is_a_difference_with_its_row(
    row: list[str], why: str
) -> None:
    (one,) = outcome(LONG, row, held={}).differences
    assert (one.kind, one.note, one.row, one.theirs) == ("unreadable", why, 2, row[4])


def test_columns_are_suggested_by_their_names_in_both_layouts() -> None:
    assert suggested(["SUBJID", "VISIT", "TESTCD", "ORRES", "ORRESU"], ITEMS) == {
        "0": "subject", "1": "time_point", "2": "item", "3": "value", "4": "unit",
    }  # fmt: skip
    assert suggested(["Subject", "Visit", "PSA", "Comment", "Modality"], ITEMS) == {
        "0": "subject", "1": "time_point", "2": "item:psa", "4": "item:modality",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"1": "time_point", "2": "item:psa"}, "Say which column holds the subject."),
        ({"0": "subject", "2": "item:psa"}, "Say which column holds the time point."),
        ({"0": "subject", "1": "time_point"}, "Say which column holds something to compare."),
        ({"0": "subject", "1": "time_point", "2": "item"},
         "A column for the item needs one for the value, and the other way round."),
        ({"0": "subject", "1": "time_point", "2": "item:psa", "3": "item:psa"},
         "“psa” is held by two columns."),
        ({"0": "subject", "1": "time_point", "9": "item:psa"},
         "A column is named that the sheet does not have."),
    ],
)  # fmt: skip
def test_what_columns_cannot_mean_is_said(mapping: dict[str, str], problem: str) -> None:
    assert problem in mapping_problems(mapping, 5)


def test_the_state_of_subjects_alone_needs_no_time_point() -> None:
    assert mapping_problems({"0": "subject", "1": "item:subject status"}, 2) == []


# --- the service ----------------------------------------------------------------------------------


@pytest.fixture
def world(db: None) -> Iterator[StudyWorld]:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        define(world)
        yield world


def extract(world: StudyWorld, *rows: str, head: str = "Subject,Visit,PSA") -> Reconciliation:
    return secondsource.read_in(
        world.study,
        "\n".join([head, *rows]).encode(),
        name="edc.csv",
        source="EDC",
        extracted_on=None,
        actor=world.actor("data_manager"),
    )


def listed(world: StudyWorld, *rows: str, head: str = "Subject,Visit,PSA") -> Reconciliation:
    return reconciling.compare(extract(world, *rows, head=head), actor=world.actor("data_manager"))


def psa(world: StudyWorld, value: str) -> str:
    return f"{world.subjects[0].code},Baseline,{value}"


def settle(world: StudyWorld, row: Discrepancy, disposition: str) -> Discrepancy:
    actor = world.actor("data_manager")
    (done,) = reconciling.settle([row], disposition=disposition, reason="seen in the chart",
                                 actor=actor)  # fmt: skip
    return done


def test_a_dry_run_writes_nothing_and_a_comparison_lists_what_differs(world: StudyWorld) -> None:
    applied(world)
    row = extract(world, psa(world, "42"), "999-001,Baseline,4")
    found = secondsource.try_out(row)
    assert (found.compared, found.same, len(found.differences)) == (1, 0, 2)
    assert not Discrepancy.objects.exists()
    done = reconciling.compare(row, actor=world.actor("data_manager"))
    assert (done.state, done.tally["compared"], done.tally["unreadable"]) == ("compared", 1, 1)
    known = Discrepancy.objects.get(kind="differs")
    assert (known.subject, known.time_point) == (world.subjects[0], baseline(world))
    assert (known.ours, known.theirs, known.row_number) == ("4.2 ng/mL", "42 ng/mL", 2)
    with pytest.raises(Conflict, match="compared or discarded already"):
        reconciling.compare(row, actor=world.actor("data_manager"))


def test_our_value_holds_and_nothing_changes_in_the_dossier(world: StudyWorld) -> None:
    applied(world)
    row = listed(world, psa(world, "42"))
    done = settle(world, Discrepancy.objects.get(), "ours")
    assert (done.state, done.disposition, done.settled_by) == (
        "settled", "ours", world.users["data_manager"],
    )  # fmt: skip
    assert Dossier.objects.count() == 1
    assert reconciling.close(row, actor=world.actor("data_manager")).state == "closed"


def test_their_value_is_entered_in_the_next_version_and_keeps_its_date(world: StudyWorld) -> None:
    applied(world)
    listed(world, psa(world, "42"))
    settle(world, Discrepancy.objects.get(), "theirs")
    version = Dossier.objects.get(version=2)
    item = version.items.get(code="psa")
    assert (version.state, version.reason) == ("requested", "EDC: seen in the chart")
    assert (item.value, item.unit, item.observed_on) == ("42", "ng/mL", "2026-01-05")


def test_their_value_is_not_entered_in_a_dossier_under_review(world: StudyWorld) -> None:
    fill(world, requested(world))
    listed(world, psa(world, "42"))
    with pytest.raises(RuleBroken, match="send it back before its values change"):
        settle(world, Discrepancy.objects.get(), "theirs")
    assert Discrepancy.objects.get().state == "open"


def test_a_fact_of_images_is_never_taken_over_from_the_second_source(world: StudyWorld) -> None:
    listed(world, f"{world.subjects[0].code},discontinued", head="Subject,Subject status")
    with pytest.raises(RuleBroken, match="is no item of a dossier"):
        settle(world, Discrepancy.objects.get(), "theirs")


def test_many_are_disposed_of_together_or_none_is(world: StudyWorld) -> None:
    requested(world)
    listed(world, psa(world, "42"), f"{world.subjects[0].code},Week 99,4")
    rows = list(Discrepancy.objects.all())
    actor = world.actor("data_manager")
    with pytest.raises(RuleBroken):
        reconciling.settle(rows, disposition="theirs", reason="all of EDC", actor=actor)
    assert {row.state for row in Discrepancy.objects.all()} == {"open"}
    with pytest.raises(ReasonRequired):
        reconciling.settle(rows, disposition="accepted", reason=" ", actor=actor)
    reconciling.settle(rows, disposition="accepted", reason="known", actor=actor)
    assert {row.state for row in Discrepancy.objects.all()} == {"settled"}


def test_only_a_data_manager_disposes(world: StudyWorld) -> None:
    requested(world)
    listed(world, psa(world, "42"))
    for role in ("clinical_data_partner", "sponsor", "project_manager"):
        with pytest.raises(NotPermitted):
            reconciling.settle(
                [Discrepancy.objects.get()], disposition="ours", reason="?",
                actor=world.actor(role),
            )  # fmt: skip


# --- the next extract -----------------------------------------------------------------------------


def test_what_was_accepted_stays_accepted_in_the_next_extract(world: StudyWorld) -> None:
    applied(world)
    listed(world, psa(world, "42"))
    settle(world, Discrepancy.objects.get(), "accepted")
    later = listed(world, psa(world, "42"), "")
    row = later.discrepancies.get()
    assert (row.state, row.disposition, row.reason) == ("settled", "accepted", "seen in the chart")
    assert row.repeats is not None


def test_another_value_in_the_next_extract_is_disposed_of_anew(world: StudyWorld) -> None:
    applied(world)
    first = listed(world, psa(world, "42"))
    settle(world, Discrepancy.objects.get(), "accepted")
    later = listed(world, psa(world, "43"))
    assert later.discrepancies.get().state == "open"
    first.refresh_from_db()
    assert first.state == "closed"


def test_what_is_gone_from_the_next_extract_leaves_the_list(world: StudyWorld) -> None:
    applied(world)
    first = listed(world, psa(world, "42"))
    later = listed(world, psa(world, "4.2"))
    row = first.discrepancies.get()
    assert (row.state, row.disposition) == ("settled", "gone")
    assert row.reason == f"no longer there in {later}"
    with pytest.raises(RuleBroken, match=f"{later} compared this source later"):
        reconciling.take_back(row, reason="once more", actor=world.actor("data_manager"))


def test_what_was_asked_keeps_its_query_in_the_next_extract(world: StudyWorld) -> None:
    applied(world)
    listed(world, psa(world, "42"))
    query = reconciling.ask(
        Discrepancy.objects.get(), text="Which one?", addressee="partner",
        actor=world.actor("data_manager"),
    )  # fmt: skip
    later = listed(world, psa(world, "42"), "")
    row = later.discrepancies.get()
    assert (row.state, row.query) == ("asked", query)
    assert Query.objects.count() == 1


def test_a_disposition_is_taken_back_with_a_reason(world: StudyWorld) -> None:
    applied(world)
    run = listed(world, psa(world, "42"))
    row = settle(world, Discrepancy.objects.get(), "ours")
    reconciling.close(run, actor=world.actor("data_manager"))
    opened = reconciling.take_back(row, reason="wrong row", actor=world.actor("data_manager"))
    run.refresh_from_db()
    assert (opened.state, run.state) == ("open", "compared")


# --- asking ---------------------------------------------------------------------------------------


def test_a_difference_of_a_dossier_is_asked_about_the_dossier(world: StudyWorld) -> None:
    row = applied(world)
    listed(world, psa(world, "42"))
    query = reconciling.ask(
        Discrepancy.objects.get(), text="Which one?", addressee="site",
        actor=world.actor("data_manager"),
    )  # fmt: skip
    assert (query.target_kind, query.target_id) == ("clinical.dossier", str(row.pk))
    assert query.title == "PSA: 4.2 ng/mL or 42 ng/mL?"


def test_a_difference_of_images_is_asked_about_itself_and_holds_nothing_up(
    world: StudyWorld,
) -> None:
    listed(world, f"{world.subjects[0].code},discontinued", head="Subject,Subject status")
    row = Discrepancy.objects.get()
    query = reconciling.ask(row, text="?", addressee="site", actor=world.actor("data_manager"))
    assert (query.target_id, query.blocking, query.blocks_target) == (str(row.pk), False, False)


def test_nobody_can_be_asked_about_a_subject_that_the_study_does_not_know(
    world: StudyWorld,
) -> None:
    requested(world)
    listed(world, psa(world, "4"), "999-001,Baseline,4")
    row = Discrepancy.objects.get(kind="unreadable")
    with pytest.raises(RuleBroken, match="no such subject"):
        reconciling.ask(row, text="?", addressee="site", actor=world.actor("data_manager"))


# --- pages ----------------------------------------------------------------------------------------


def url(name: str, *args: object) -> str:
    return reverse(name, args=["ALPHA", *args])


def test_an_extract_goes_from_the_file_to_its_differences_and_the_csv(world: StudyWorld) -> None:
    applied(world)
    manager = logged_in(world, "data_manager")
    empty = manager.get(url("reconciliation-list")).content.decode()
    assert "Nothing was compared yet" in empty
    content = f"Subject,Visit,Marker\n{psa(world, '42')}\n999-001,Baseline,4\n".encode()
    answer = manager.post(
        url("reconciliation-read-in"),
        {"file": SimpleUploadedFile("edc.csv", content), "source": "EDC"},
        follow=True,
    )
    row = Reconciliation.objects.get()
    assert "Say which column holds something to compare." in answer.content.decode()
    mapping = {"column-0": "subject", "column-1": "time_point", "column-2": "item:psa"}
    dry = manager.post(url("reconciliation-map", row.pk), mapping, follow=True).content.decode()
    assert "The study has no subject “999-001”." in dry
    assert "List 2 differences" in dry
    page = manager.post(url("reconciliation-compare", row.pk), follow=True).content.decode()
    assert "2 differences are to be disposed of." in page
    assert "42 ng/mL" in page
    ids = [str(one.pk) for one in row.discrepancies.all()]
    refused = manager.post(
        url("reconciliation-settle", row.pk), {"rows": ids, "disposition": "ours", "reason": ""}
    )
    assert (refused.status_code, "Say why." in refused.content.decode()) == (422, True)
    done = manager.post(
        url("reconciliation-settle", row.pk),
        {"rows": ids, "disposition": "ours", "reason": "chart"},
        follow=True,
    )
    assert "2 differences are disposed of." in done.content.decode()
    sponsor = logged_in(world, "sponsor")
    lines = list(csv.DictReader(io.StringIO(
        sponsor.get(url("reconciliation", row.pk) + "?format=csv").content.decode())))  # fmt: skip
    assert [(one["item"], one["disposition"], one["reason"]) for one in lines] == [
        ("psa", "ours", "chart"), ("psa", "ours", "chart"),
    ]  # fmt: skip
    manager.post(url("reconciliation-close", row.pk))
    row.refresh_from_db()
    assert row.state == "closed"


def test_one_difference_is_asked_about_and_disposed_of_on_its_page(world: StudyWorld) -> None:
    applied(world)
    listed(world, psa(world, "42"))
    row = Discrepancy.objects.get()
    manager = logged_in(world, "data_manager")
    asked = manager.post(
        url("discrepancy-ask", row.pk), {"text": "Which one?", "addressee": "partner"}, follow=True
    )
    assert str(Query.objects.get()) in asked.content.decode()
    page = manager.post(
        url("discrepancy-settle", row.pk), {"disposition": "ours", "reason": "answered"},
        follow=True,
    ).content.decode()  # fmt: skip
    assert "Our value holds" in page
    back = manager.post(url("discrepancy-take-back", row.pk), {"reason": "too early"}, follow=True)
    assert "The difference is open again." in back.content.decode()
    assert logged_in(world, "central_reader").get(url("discrepancy", row.pk)).status_code == 403


def test_data_management_finds_what_is_left_in_its_work(world: StudyWorld) -> None:
    applied(world)
    run = listed(world, psa(world, "42"))
    page = logged_in(world, "data_manager").get("/").content.decode()
    assert "Dispose of 1 difference" in page
    assert url("reconciliation", run.pk) in page
    assert dossiers.applied(baseline(world)) is not None
