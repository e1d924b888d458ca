"""Pages of dossiers, walked with the roles that use them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.signatures import content_digest
from audit.actors import acting
from clinical.models import Dossier, DossierImport
from clinical.services import dossiers
from studies.models import Configuration
from studies.scoping import scope
from studies.workflows import TIME_POINT
from tests.clinical.clinical_world import applied, baseline, define, fill, requested
from tests.counting import counted
from tests.world import BUILDER, PASSWORD, StudyWorld, logged_in, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        define(world)
        yield world


def url(name: str, *args: object) -> str:
    return reverse(name, args=["ALPHA", *args])


def came(world: StudyWorld, subject: int = 0) -> None:
    with acting(BUILDER):
        TIME_POINT.move(baseline(world, subject), "receive", actor=BUILDER)


# --- the desk -------------------------------------------------------------------------------------


def test_an_empty_desk_says_where_dossiers_begin() -> None:
    world = make_study("ALPHA", sponsor="Norvane")
    page = logged_in(world, "scientific").get(url("dossier-desk")).content.decode()
    assert "No definition holds yet" in page
    assert "Write the definition" in page
    none = logged_in(world, "sponsor").get(url("dossier-definition")).content.decode()
    assert "No definition yet" in none
    assert "Start a draft" not in none


def test_project_management_asks_for_every_dossier_whose_images_came(world: StudyWorld) -> None:
    came(world)
    manager = logged_in(world, "project_manager")
    assert "Request 1 dossier" in manager.get(url("dossier-desk")).content.decode()
    manager.post(url("dossier-request"))
    made = Dossier.objects.get()
    assert (made.time_point, made.state) == (baseline(world), "requested")
    page = manager.get(url("dossier-desk")).content.decode()
    assert "0 of 2" in page
    assert "missing: PSA, Prior systemic therapy" in page
    assert "Request 1 dossier" not in page


def test_the_desk_filters_counts_and_sends_csv(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    auditor = logged_in(world, "quality_auditor")
    assert row.subject.code in auditor.get(url("dossier-desk") + "?view=received").content.decode()
    empty = auditor.get(url("dossier-desk") + "?view=overdue").content.decode()
    assert "Nothing waits here" in empty
    answer = auditor.get(url("dossier-desk") + "?view=received&format=csv")
    (line,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (line["subject"], line["state"], line["required"], line["answered"]) == (
        row.subject.code, "received", "2", "2",
    )  # fmt: skip
    none = auditor.get(url("dossier-desk") + "?view=received&site=999").content.decode()
    assert row.subject.code not in none


def test_the_desk_asks_the_database_the_same_however_many_dossiers(world: StudyWorld) -> None:
    client = logged_in(world, "project_manager")

    def asked() -> int:
        with counted() as queries:
            client.get(url("dossier-desk") + "?view=all")
        return len(queries)

    fill(world, requested(world))
    asked()
    one = asked()
    fill(world, requested(world, baseline(world, 1)))
    requested(world, world.time_points(world.subjects[0])[1])
    assert asked() == one


# --- one dossier ----------------------------------------------------------------------------------


def test_the_partner_enters_items_and_declares_them_received(world: StudyWorld) -> None:
    row = requested(world)
    partner = logged_in(world, "clinical_data_partner")
    page = partner.get(url("dossier", row.pk) + "?item=prior_therapy").content.decode()
    assert 'name="0-agent"' in page
    partner.post(
        url("dossier-enter", row.pk),
        {"code": "prior_therapy", "0-agent": "carboplatin", "0-end": "Nov 2025",
         "0-response": "PR", "1-agent": "", "1-end": "", "1-response": "", "source": "edc"},
    )  # fmt: skip
    item = row.items.get()
    assert item.rows == [{"agent": "carboplatin", "end": "2025-11", "response": "PR"}]
    assert item.source == "edc"
    partner.post(url("dossier-enter", row.pk), {"code": "psa", "value": "4.2", "unit": "ng/mL"})
    partner.post(url("dossier-receive", row.pk))
    row.refresh_from_db()
    assert row.state == "received"


def test_what_is_wrong_stands_beside_what_was_typed(world: StudyWorld) -> None:
    row = requested(world)
    answer = logged_in(world, "data_manager").post(
        url("dossier-enter", row.pk), {"code": "psa", "value": "4.2", "unit": "mg"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The unit is mg; it must be ng/mL." in page
    assert 'value="4.2"' in page
    assert not row.items.exists()


def test_science_signs_and_project_management_applies(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    logged_in(world, "data_manager").post(url("dossier-reconcile", row.pk))
    row.refresh_from_db()
    scientist = logged_in(world, "scientific")
    page = scientist.get(url("dossier", row.pk)).content.decode()
    assert "about 2 months" not in page  # baseline has no date yet
    assert "date not shown" in page
    wrong = scientist.post(
        url("dossier-approve", row.pk), {"digest": content_digest(row), "password": "no"}
    )
    assert wrong.status_code >= 400
    scientist.post(
        url("dossier-approve", row.pk), {"digest": content_digest(row), "password": PASSWORD}
    )
    row.refresh_from_db()
    assert row.state == "approved"
    logged_in(world, "project_manager").post(url("dossier-apply", row.pk))
    assert dossiers.applied(baseline(world)) == row
    shown = scientist.get(url("dossier", row.pk)).content.decode()
    assert "Alpha Scientific" in shown
    assert "I compared this dossier with what the charter asks for" in shown


def test_a_revision_is_asked_for_and_sent_back_with_reasons(world: StudyWorld) -> None:
    first = applied(world)
    manager = logged_in(world, "project_manager")
    manager.post(url("dossier-next", first.pk), {"reason": "PSA was of another subject"})
    second = Dossier.objects.get(version=2)
    manager.post(url("dossier-chase", second.pk), {"reason": "called the partner"})
    second.refresh_from_db()
    assert second.chased_at is not None
    fill(world, second)
    logged_in(world, "data_manager").post(
        url("dossier-refuse", second.pk), {"reason": "the unit is of another laboratory"}
    )
    page = logged_in(world, "clinical_data_partner").get(url("dossier", second.pk))
    assert "the unit is of another laboratory" in page.content.decode()
    manager.post(url("dossier-cancel", second.pk), {"reason": "the first was right"})
    second.refresh_from_db()
    assert second.state == "cancelled"


# --- files ----------------------------------------------------------------------------------------


def test_a_file_is_read_in_tried_and_imported(world: StudyWorld) -> None:
    code = world.subjects[0].code
    content = (
        "Subject,Time point,Item,Row,Value,Unit\n"
        f"{code},Baseline,psa,,4.2,ng/mL\n{code},Baseline,prior_therapy.agent,1,carboplatin,\n"
    )
    partner = logged_in(world, "clinical_data_partner")
    assert "No file was read in" in partner.get(url("dossier-imports")).content.decode()
    answer = partner.post(
        url("dossier-import-read-in"),
        {"file": SimpleUploadedFile("items.csv", content.encode()), "reason": "first delivery"},
        follow=True,
    )
    assert "2 items of 1 dossiers are new or differ" in answer.content.decode()
    row = DossierImport.objects.get()
    done = partner.post(url("dossier-import-take-over", row.pk), follow=True).content.decode()
    assert "2 items were imported. 1 of 1 dossiers are complete and received." in done
    assert "carboplatin" not in done
    assert Dossier.objects.get().state == "received"


def test_a_file_with_a_wrong_row_cannot_be_imported(world: StudyWorld) -> None:
    content = b"Subject,Time point,Item,Value,Unit\n999-999,Baseline,psa,4.2,ng/mL\n"
    desk = logged_in(world, "data_manager")
    desk.post(
        url("dossier-import-read-in"),
        {"file": SimpleUploadedFile("items.csv", content), "reason": "first delivery"},
    )
    row = DossierImport.objects.get()
    page = desk.get(url("dossier-import", row.pk)).content.decode()
    assert "The study has no subject “999-999”." in page
    assert desk.post(url("dossier-import-take-over", row.pk)).status_code == 422
    desk.post(url("dossier-import-discard", row.pk), {"reason": "wrong study"})
    row.refresh_from_db()
    assert row.state == "discarded"


# --- the definition -------------------------------------------------------------------------------


def test_a_definition_is_drafted_edited_compared_and_validated(world: StudyWorld) -> None:
    scientist = logged_in(world, "scientific")
    scientist.post(url("dossier-definition-draft"))
    draft = Configuration.objects.get(kind="dossier", state="draft")
    typed = {
        "index": "", "seen": draft.digest, "label": "ECOG", "code": "ecog", "kind": "choice",
        "choices": "0 = Fully active\n1 = Restricted", "when": "every", "source": "edc",
        "required": "1", "unit": "", "criterion": "", "columns": "",
    }  # fmt: skip
    bad = scientist.post(url("dossier-definition-item", draft.pk), {**typed, "choices": "0"})
    assert bad.status_code == 422
    assert "a choice has at least two choices" in bad.content.decode()
    scientist.post(url("dossier-definition-item", draft.pk), typed)
    draft.refresh_from_db()
    assert draft.document["items"][-1]["choices"][1] == {"value": "1", "label": "Restricted"}
    page = scientist.get(url("dossier-definition-compare", draft.pk)).content.decode()
    assert "ECOG" in page
    assert "added" in page
    scientist.post(url("dossier-definition-validate", draft.pk))
    draft.refresh_from_db()
    assert draft.state == "in_review"


def test_a_definition_goes_out_as_yaml_and_comes_back(world: StudyWorld) -> None:
    holds = Configuration.objects.get(kind="dossier", state="effective")
    scientist = logged_in(world, "scientific")
    text = scientist.get(url("dossier-definition-export", holds.pk)).content.decode()
    scientist.post(
        url("dossier-definition-import"), {"text": text.replace("label: PSA", "label: Total PSA")}
    )
    draft = Configuration.objects.get(kind="dossier", state="draft")
    assert draft.document["items"][0]["label"] == "Total PSA"
    wrong = scientist.post(url("dossier-definition-import"), {"text": "schema: other\nitems: []"})
    assert wrong.status_code == 422
    assert "Nothing was imported" in wrong.content.decode()


# --- the door for machines ------------------------------------------------------------------------


def test_the_interface_lists_dossiers_enters_items_and_imports_files(world: StudyWorld) -> None:
    row = requested(world)
    partner = logged_in(world, "clinical_data_partner")
    base = "/api/v1/studies/ALPHA"
    listed = partner.get(f"{base}/dossiers/?state=requested").json()
    found = (listed["results"] if isinstance(listed, dict) else listed)[0]
    assert (found["id"], found["missing"]) == (str(row.pk), ["PSA", "Prior systemic therapy"])
    sent = {"code": "psa", "value": "4.2", "unit": "ng/mL"}
    answer = partner.post(f"{base}/dossiers/{row.pk}/items/", sent, "application/json")
    assert answer.json()["value"] == "4.2"
    wrong = partner.post(
        f"{base}/dossiers/{row.pk}/items/", {**sent, "unit": "mg"}, "application/json"
    )
    assert wrong.status_code == 422
    file = SimpleUploadedFile(
        "x.csv",
        f"Subject,Time point,Item,Row,Value\n{row.subject.code},Baseline,prior_therapy.agent,1,x\n"
        .encode(),
    )  # fmt: skip
    made = partner.post(f"{base}/dossier-imports/", {"file": file, "reason": "rest"}).json()
    lines = partner.get(f"{base}/dossier-imports/{made['id']}/dry-run/").json()
    assert [(line["number"], line["outcome"]) for line in lines] == [(2, "new")]
    partner.post(f"{base}/dossier-imports/{made['id']}/take-over/")
    row.refresh_from_db()
    assert row.state == "received"
    assert logged_in(world, "central_reader").get(f"{base}/dossiers/").status_code == 403
