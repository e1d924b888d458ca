"""The charter on its pages: begun, written in fields, kept with problems, printed, compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from audit.models import Event
from reads.services import charters
from studies.models import Configuration
from studies.scoping import scope
from studies.services import configuration
from tests.exports.test_browser import OVERFLOW, opened, signed_in
from tests.plugins.pages import NewPage, next_page
from tests.queries.query_world import logged_in
from tests.world import BUILDER, StudyWorld, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    return make_study("ALPHA", sponsor="Norvane", subject_count=0)


def begun(world: StudyWorld, client: Client, template: str = "two-plus-one") -> Configuration:
    address = reverse("charter-start", args=["ALPHA"])
    client.post(address, {"template": template})
    with scope(world.study):
        return Configuration.objects.filter(kind="read_design").latest("version")


def fields(made: Configuration, **changed: Any) -> dict[str, Any]:
    """What the page of a draft sends when a person changed something."""
    return {
        "seen": made.digest,
        "form": "ecrf_recist11",
        "blinding": "blinding",
        "readers_per_subject": "2",
        "presentation": "time_sequential",
        "criteria": ["RECIST11"],
        "adjudication.variables": ["overall_response"],
        "adjudication.at": "time_point",
        "adjudication.outcome": "choose",
        "adjudication.sees": ["images", "answers"],
        "endpoint.name": ["Objective response rate", ""],
        "endpoint.level": ["primary", "primary"],
        "endpoint.criterion": ["RECIST11", ""],
        "turnaround.read_days": "7",
        **changed,
    }


def test_a_study_without_a_charter_offers_designs_to_begin_with(world: StudyWorld) -> None:
    client = logged_in(world, "scientific")
    page = client.get(reverse("charter", args=["ALPHA"]))
    assert b"Two plus one, oncology" in page.content
    made = begun(world, client)
    assert (made.state, made.version, made.document["readers_per_subject"]) == ("draft", 1, 2)
    shown = client.get(reverse("charter", args=["ALPHA"])).content.decode()
    assert "Two readers read, independently of each other, every time point" in shown


def test_the_sponsor_reads_the_charter_and_is_offered_nothing_to_change(world: StudyWorld) -> None:
    begun(world, logged_in(world, "scientific"))
    page = logged_in(world, "sponsor").get(reverse("charter", args=["ALPHA"])).content.decode()
    assert "Two readers read" in page
    assert "Edit the draft" not in page


def test_fields_become_the_document_and_the_text_follows(world: StudyWorld) -> None:
    client = logged_in(world, "scientific")
    made = begun(world, client)
    answer = client.post(
        reverse("charter-edit", args=["ALPHA", made.pk]),
        fields(
            made,
            **{"criteria.RECIST11.max_targets": "3", "sections.roles": "Read by {readers}."},
        ),
    )
    assert answer.status_code == 302
    made.refresh_from_db()
    assert made.document["criteria"] == [{"key": "RECIST11", "parameters": {"max_targets": 3}}]
    assert made.document["turnaround"]["read_days"] == 7
    assert made.document["endpoints"] == [
        {"name": "Objective response rate", "level": "primary", "criterion": "RECIST11"}
    ]
    shown = client.get(answer.url).content.decode()
    assert "signed within 7 business days" in shown
    assert "Read by two." in shown
    assert Event.objects.filter(kind="configuration.revise").count() == 1


def test_what_is_wrong_is_kept_listed_and_blocks_the_review(world: StudyWorld) -> None:
    client = logged_in(world, "scientific")
    made = begun(world, client)
    wrong = {"readers_per_subject": "1", "turnaround.read_days": "soon"}
    answer = client.post(
        reverse("charter-edit", args=["ALPHA", made.pk]), fields(made, **wrong), follow=True
    )
    shown = answer.content.decode()
    assert "turnaround.read_days: &#x27;soon&#x27; is not of type" in shown
    assert 'href="#turnaround-read_days"' in shown
    assert 'value="soon"' in shown
    made.refresh_from_db()
    step = reverse("configuration-step", args=["ALPHA", made.pk])
    refused = client.post(step, {"step": "send_to_review"})
    assert refused.status_code == 422
    made.refresh_from_db()
    assert made.state == "draft"


def test_of_two_who_write_the_second_is_told_and_keeps_the_text(world: StudyWorld) -> None:
    client = logged_in(world, "scientific")
    made = begun(world, client)
    address = reverse("charter-edit", args=["ALPHA", made.pk])
    client.post(address, fields(made))
    second = client.post(address, fields(made, **{"sections.roles": "My own words."}))
    assert second.status_code == 409
    assert "My own words." in second.content.decode()
    made.refresh_from_db()
    assert "roles" not in made.document["sections"]


def test_a_charter_goes_out_as_yaml_and_comes_back_the_same(world: StudyWorld) -> None:
    client = logged_in(world, "scientific")
    made = begun(world, client)
    file = client.get(reverse("charter-yaml", args=["ALPHA", made.pk]))
    assert "ALPHA_charter_v1.yaml" in file["Content-Disposition"]
    sent = SimpleUploadedFile("charter.yaml", file.content)
    client.post(reverse("charter-start", args=["ALPHA"]), {"file": sent})
    with scope(world.study):
        again = Configuration.objects.get(kind="read_design", version=2)
    assert again.document == made.document
    broken = SimpleUploadedFile("charter.yaml", b"form: [")
    shown = client.post(reverse("charter-start", args=["ALPHA"]), {"file": broken}, follow=True)
    assert "Line 1, column 8" in shown.content.decode()


def test_a_new_version_says_what_it_changes_against_the_one_that_holds(world: StudyWorld) -> None:
    client = logged_in(world, "scientific")
    made = begun(world, client)
    scientist = world.actor("scientific")
    with scope(world.study):
        configuration.approve(
            made, actor=scientist, assent=world.assent("scientific", "approval", made)
        )
        configuration.make_effective(made, actor=BUILDER)
    client.post(reverse("charter-start", args=["ALPHA"]), {"version": str(made.pk)})
    with scope(world.study):
        second = charters.versions(scientist)[0]
    client.post(reverse("charter-edit", args=["ALPHA", second.pk]), fields(second))
    shown = client.get(reverse("charter-version", args=["ALPHA", second.pk])).content.decode()
    assert "What changes against version 1" in shown
    assert (
        "A read is signed within 10 business days, an adjudication within 5 business days" in shown
    )
    assert "within 7 business days, an adjudication within the time of the project plan" in shown


def test_the_charter_is_printed_with_its_digest(world: StudyWorld) -> None:
    client = logged_in(world, "scientific")
    made = begun(world, client)
    file = client.get(reverse("charter-pdf", args=["ALPHA", made.pk]))
    document = pypdfium2.PdfDocument(file.content)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    assert "Imaging charter" in text
    assert made.digest in text.replace("\r\n", "")
    assert "5.2" in text


def test_the_specification_names_clause_item_check_and_test(world: StudyWorld) -> None:
    client = logged_in(world, "scientific")
    made = begun(world, client)
    address = reverse("charter-specification", args=["ALPHA", made.pk])
    rows = client.get(address, {"format": "csv"}).content.decode().splitlines()
    assert rows[0] == "clause,text,item,check,test"
    assert any(row.endswith("reads.streams") for row in rows)
    assert len(rows) > 40
    assert b"Review application specification" in client.get(address).content


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_scientist_writes_a_charter_without_programming(
    new_page: NewPage, assert_accessible: Callable[[Page], None]
) -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    page = signed_in(new_page, world, "scientific")
    opened(page, reverse("charter", args=["ALPHA"]))
    assert_accessible(page)
    with next_page(page):
        page.get_by_role("button", name=re.compile("Begin with this design.*Two plus one")).click()
    assert_accessible(page)
    page.get_by_label("iRECIST", exact=True).check()
    page.get_by_label("Global review", exact=True).check()
    page.get_by_label("Read (business days)").fill("7")
    with next_page(page):
        page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_text("After the last time point each reader reviews")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate(OVERFLOW) <= 0
