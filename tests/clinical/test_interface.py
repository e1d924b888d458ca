"""Dossier queries and second sources for machines: same services, same rights as on the pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clinical.models import Discrepancy
from queries.models import Query
from studies.scoping import scope
from tests.clinical.clinical_world import define, fill, requested
from tests.world import StudyWorld, logged_in, make_study

pytestmark = pytest.mark.django_db

BASE = "/api/v1/studies/ALPHA"
JSON = "application/json"
ASKED = {"title": "Is 4.2 right?", "text": "It was 42 before.", "items": ["psa"]}


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        define(world)
        yield world


# --- queries about a dossier ----------------------------------------------------------------------


def test_a_query_about_an_item_is_raised_and_read_by_machines(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    address = f"{BASE}/dossiers/{row.pk}/queries/"
    made = logged_in(world, "data_manager").post(address, ASKED, JSON)
    assert made.status_code == 201
    query = Query.objects.get()
    assert (query.title, query.addressee, query.blocks_target) == ("Is 4.2 right?", "partner", True)
    (listed,) = logged_in(world, "clinical_data_partner").get(address).json()
    assert {key: listed[key] for key in ("code", "items", "state", "holds_up", "addressee")} == {
        "code": str(query), "items": ["psa"], "state": "open", "holds_up": True,
        "addressee": "partner",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "reads", "asks"),
    [("scientific", 200, 201), ("sponsor", 200, 403), ("clinical_data_partner", 200, 403),
     ("central_reader", 403, 403), ("site_user", 403, 403)],
)  # fmt: skip
def test_who_reads_and_who_raises_is_as_on_the_page(
    world: StudyWorld, role: str, reads: int, asks: int
) -> None:
    address = f"{BASE}/dossiers/{requested(world).pk}/queries/"
    client = logged_in(world, role)
    assert client.get(address).status_code == reads
    assert client.post(address, ASKED, JSON).status_code == asks


def test_what_cannot_be_asked_is_refused_with_the_rule(world: StudyWorld) -> None:
    address = f"{BASE}/dossiers/{requested(world).pk}/queries/"
    client = logged_in(world, "data_manager")
    unknown = client.post(address, {**ASKED, "items": ["weight"]}, JSON)
    assert (unknown.status_code, unknown.json()["rule"]) == (422, "CLQ-001")
    assert client.post(address, {"title": "x"}, JSON).status_code == 400
    assert not Query.objects.exists()


# --- a second source ------------------------------------------------------------------------------


def extract(world: StudyWorld, text: str) -> Any:
    file = SimpleUploadedFile("edc.csv", text.encode())
    sent = {"file": file, "source": "EDC", "extracted_on": "2026-01-02"}
    return logged_in(world, "data_manager").post(f"{BASE}/reconciliations/", sent)


def test_an_extract_is_read_in_compared_and_worked_off_by_machines(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    manager = logged_in(world, "data_manager")
    answer = extract(world, f"Subject,Visit,PSA\n{row.subject.code},Baseline,4.9\n")
    assert answer.status_code == 201
    made = answer.json()
    assert (made["state"], made["columns"]) == ("draft", ["Subject", "Visit", "PSA"])
    assert made["mapping"]["2"] == "item:psa"
    address = f"{BASE}/reconciliations/{made['id']}/"
    compared = manager.post(f"{address}compare/").json()
    assert (compared["state"], compared["open_differences"]) == ("compared", 1)

    listed = logged_in(world, "sponsor").get(
        f"{BASE}/discrepancies/?reconciliation={made['id']}&state=open"
    )
    (found,) = listed.json()["results"]
    assert (found["item"], found["ours"], found["theirs"]) == ("psa", "4.2 ng/mL", "4.9 ng/mL")
    one = f"{BASE}/discrepancies/{found['id']}/"
    asked = manager.post(f"{one}ask/", {"text": "Which?", "addressee": "partner"}, JSON).json()
    assert (asked["state"], asked["query_code"]) == ("asked", str(Query.objects.get()))
    refused = manager.post(f"{address}close/")
    assert refused.status_code == 422
    settled = manager.post(
        f"{one}settle/", {"disposition": "ours", "reason": "The report says so."}, JSON
    ).json()
    assert (settled["state"], settled["disposition"]) == ("settled", "ours")
    assert manager.post(f"{address}close/").json()["state"] == "closed"


def test_columns_that_say_nothing_are_given_a_meaning(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    manager = logged_in(world, "data_manager")
    made = extract(world, f"A,B,C\n{row.subject.code},Baseline,4.2\n").json()
    address = f"{BASE}/reconciliations/{made['id']}/"
    assert manager.post(f"{address}compare/").status_code == 422
    mapping = {"0": "subject", "1": "time_point", "2": "item:psa"}
    assert manager.post(f"{address}map/", {"mapping": mapping}, JSON).json()["mapping"] == mapping
    assert manager.post(f"{address}compare/").json()["open_differences"] == 0


def test_only_data_management_compares_and_no_reader_sees_a_second_source(
    world: StudyWorld,
) -> None:
    made = extract(world, f"Subject,Visit,PSA\n{world.subjects[0].code},Baseline,4.9\n").json()
    address = f"{BASE}/reconciliations/{made['id']}/"
    assert logged_in(world, "sponsor").get(address).status_code == 200
    assert logged_in(world, "sponsor").post(f"{address}compare/").status_code == 403
    for role in ("central_reader", "site_user", "adjudicator"):
        client = logged_in(world, role)
        assert client.get(address).status_code == 403
        assert client.get(f"{BASE}/discrepancies/").status_code == 403
    assert not Discrepancy.objects.exists()
