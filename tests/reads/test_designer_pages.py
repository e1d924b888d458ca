"""The eCRF designer on its pages: begun, edited part by part, kept with problems, printed."""

from __future__ import annotations

import re
from typing import Any

import pypdfium2
import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from reads.services import charters
from studies.forms import Form
from studies.models import Configuration
from studies.scoping import scope
from studies.services.configuration import revise
from tests.queries.query_world import logged_in
from tests.world import StudyWorld, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    return make_study("ALPHA", sponsor="Norvane", subject_count=0)


@pytest.fixture
def client(world: StudyWorld) -> Client:
    return logged_in(world, "scientific")


def newest(world: StudyWorld) -> Configuration:
    with scope(world.study):
        return Configuration.objects.filter(kind="form").latest("created_at")


def begin(world: StudyWorld, client: Client, **how: Any) -> Configuration:
    client.post(reverse("ecrf-begin", args=["ALPHA"]), how or {"criteria": ["RECIST11"]})
    return newest(world)


def act(client: Client, made: Configuration, **posted: Any) -> Any:
    made.refresh_from_db()
    address = reverse("ecrf-change", args=["ALPHA", made.pk])
    return client.post(address, {"seen": made.digest, **posted})


def test_an_ecrf_for_three_criteria_is_begun_with_one_click_and_has_no_problem(
    world: StudyWorld, client: Client
) -> None:
    made = begin(world, client, criteria=["RECIST11", "iRECIST", "VOLUMETRIC"], title="Read form")
    assert (made.state, made.title, made.key) == ("draft", "Read form", "read_form")
    form = Form.from_document(made.document)
    assert form.problems() == ()
    assert made.document["version"] == "1.0"
    page = client.get(reverse("ecrf-designer", args=["ALPHA", made.pk])).content.decode()
    assert "Target lesions" in page
    assert "Review and sign" in page


def test_the_ecrf_of_a_charter_draft_takes_its_criteria_and_the_charter_names_it(
    world: StudyWorld, client: Client
) -> None:
    with scope(world.study):
        design = charters.start_from_template(
            world.study, "two-plus-one", actor=world.actor("scientific")
        )
        changed = {**design.document, "criteria": [{"key": "RECIST11"}, {"key": "iRECIST"}]}
        revise(design, changed, seen_digest=design.digest, actor=world.actor("scientific"))
    made = begin(world, client, design=design.pk)
    design.refresh_from_db()
    assert design.document["form"] == made.key
    assert made.title == "RECIST 1.1 + iRECIST"


def test_items_sections_and_checks_are_added_changed_moved_and_removed(
    world: StudyWorld, client: Client
) -> None:
    made = begin(world, client, how="empty", title="Liver")
    act(client, made, act="add_section", title="Liver")
    act(client, made, act="add_item", place="liver", label="Largest lesion", kind="decimal")
    act(client, made, act="add_item", place="liver", label="Remark", kind="long_text")
    act(
        client,
        made,
        act="change",
        place="liver.largest_lesion",
        label="Largest lesion",
        kind="decimal",
        unit="mm",
        decimals="1",
        minimum="0",
        maximum="400",
        required="yes",
        absence=["not_evaluable"],
        **{"cdisc.dataset": "TR", "cdisc.variable": "TRSTRESN", "cdisc.code": "LDIAM"},
    )
    act(client, made, act="add_check", place="liver.largest_lesion")
    act(
        client,
        made,
        act="change",
        place="check:LIVER_LARGEST_LESION_1",
        item="liver.largest_lesion",
        level="warning",
        message="A lesion below 10 mm is not measurable.",
        clause="Charter 5.1",
        **{
            "when.mode": "none",
            "must.mode": "all",
            "must.subject": "liver.largest_lesion",
            "must.operator": "at_least",
            "must.value": "10",
        },
    )
    act(client, made, act="up", place="liver.remark")
    made.refresh_from_db()
    remark, lesion = made.document["sections"][0]["items"]
    assert remark == {"key": "remark", "label": "Remark", "kind": "long_text"}
    assert lesion == {
        "key": "largest_lesion",
        "label": "Largest lesion",
        "kind": "decimal",
        "unit": "mm",
        "decimals": 1,
        "minimum": "0",
        "maximum": "400",
        "required": True,
        "absence": ["not_evaluable"],
        "cdisc": {"dataset": "TR", "variable": "TRSTRESN", "code": "LDIAM"},
    }
    (check,) = made.document["checks"]
    assert check["must"] == {"item": "liver.largest_lesion", "at_least": 10}
    assert check["clause"] == "Charter 5.1"
    assert Form.from_document(made.document).problems() == ()
    act(client, made, act="remove", place="liver.remark")
    made.refresh_from_db()
    assert [one["key"] for one in made.document["sections"][0]["items"]] == ["largest_lesion"]


def test_bad_input_is_kept_and_the_point_is_named_with_its_place(
    world: StudyWorld, client: Client
) -> None:
    made = begin(world, client, how="empty", title="Liver")
    act(client, made, act="add_section", title="Liver")
    act(client, made, act="add_item", place="liver", label="Size", kind="decimal")
    act(client, made, act="change", place="liver.size", label="Size", kind="decimal",
        decimals="many", minimum="ten")  # fmt: skip
    made.refresh_from_db()
    assert made.document["sections"][0]["items"][0]["decimals"] == "many"
    page = client.get(reverse("ecrf-designer", args=["ALPHA", made.pk]), {"at": "liver.size"})
    text = page.content.decode()
    assert 'value="many"' in text
    assert "keeps this draft from being signed" in text
    assert "Liver › Size" in text
    step = client.post(
        reverse("configuration-step", args=["ALPHA", made.pk]), {"step": "send_to_review"}
    )
    assert b"The document has problems" in step.content
    made.refresh_from_db()
    assert made.state == "draft"


def test_of_two_people_at_one_draft_the_second_is_told_and_keeps_the_typing(
    world: StudyWorld, client: Client
) -> None:
    made = begin(world, client, how="empty", title="Liver")
    act(client, made, act="add_section", title="Liver")
    seen = newest(world).digest
    act(client, made, act="add_item", place="liver", label="First", kind="text")
    late = client.post(
        reverse("ecrf-change", args=["ALPHA", made.pk]),
        {"seen": seen, "place": "liver", "act": "change", "title": "Liver and spleen"},
    )
    assert late.status_code == 409
    assert "Somebody else changed this draft meanwhile" in late.content.decode()
    assert "Liver and spleen" in late.content.decode()
    made.refresh_from_db()
    assert made.document["sections"][0]["title"] == "Liver"


def test_the_preview_tries_what_is_typed_and_keeps_nothing(
    world: StudyWorld, client: Client
) -> None:
    made = begin(world, client)
    address = reverse("ecrf-preview", args=["ALPHA", made.pk])
    shown = client.post(address, {"section": "quality", "visit": "baseline"}).content.decode()
    assert "Which images" not in shown
    tried = client.post(
        address,
        {
            "section": "quality",
            "visit": "baseline",
            "place": "quality.overall",
            "answers[quality.overall]": "LIMITED",
            "shown[quality.overall]": "1",
        },
    ).content.decode()
    assert "Which images" in tried
    digest = made.digest
    made.refresh_from_db()
    assert made.digest == digest


def test_what_stands_in_the_editor_is_previewed_before_it_is_saved(
    world: StudyWorld, client: Client
) -> None:
    made = begin(world, client, how="empty", title="Liver")
    act(client, made, act="add_section", title="Liver")
    act(client, made, act="add_item", place="liver", label="Size", kind="decimal")
    drawn = client.post(
        reverse("ecrf-preview", args=["ALPHA", made.pk]),
        {
            "act": "change",
            "place": "liver.size",
            "label": "Longest diameter",
            "kind": "decimal",
            "decimals": "1",
            "unit": "mm",
            "section": "liver",
        },
    ).content.decode()
    assert "Longest diameter" in drawn
    made.refresh_from_db()
    assert made.document["sections"][0]["items"][0]["label"] == "Size"


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_form_goes_out_and_comes_in_as_the_same_document(
    world: StudyWorld, client: Client, kind: str
) -> None:
    made = begin(world, client)
    sent = client.get(reverse("ecrf-file", args=["ALPHA", made.pk, kind]))
    assert f"v1.{kind}" in sent["Content-Disposition"]
    read = yaml.safe_load(sent.content)
    assert read == made.document
    uploaded = SimpleUploadedFile(f"form.{kind}", sent.content)
    client.post(reverse("ecrf-begin", args=["ALPHA"]), {"file": uploaded})
    again = newest(world)
    assert (again.key, again.version, again.document["version"]) == (made.key, 2, "2.0")
    assert again.document["sections"] == made.document["sections"]


def test_a_file_that_is_no_form_begins_nothing_and_says_where(
    world: StudyWorld, client: Client
) -> None:
    with scope(world.study):
        before = Configuration.objects.count()
    page = client.post(
        reverse("ecrf-begin", args=["ALPHA"]),
        {"file": SimpleUploadedFile("form.yaml", b"sections:\n  - key: [")},
        follow=True,
    ).content.decode()
    assert "No eCRF was begun." in page
    assert "Line 2" in page
    with scope(world.study):
        assert Configuration.objects.count() == before


def test_a_new_version_says_in_words_what_it_changes(world: StudyWorld, client: Client) -> None:
    with scope(world.study):
        held = Configuration.objects.get(kind="form", key="ecrf_recist11")
    made = begin(world, client, version=held.pk)
    act(client, made, act="add_item", place="quality", label="Second look", kind="boolean")
    page = client.get(reverse("ecrf-designer", args=["ALPHA", made.pk])).content.decode()
    assert "What changes against version 1" in page
    assert "Item quality.second_look “Second look” was added" in page


def test_a_version_that_left_the_draft_is_shown_and_cannot_be_changed(
    world: StudyWorld, client: Client
) -> None:
    with scope(world.study):
        held = Configuration.objects.get(kind="form", key="ecrf_recist11")
    page = client.get(reverse("ecrf-designer", args=["ALPHA", held.pk])).content.decode()
    assert "Begin a new version" in page
    refused = act(client, held, act="add_section", title="Late")
    assert refused.status_code in {422, 409}
    assert "Only a draft can be changed" in refused.content.decode()


def test_the_annotated_blank_form_prints_targets_codes_and_checks(
    world: StudyWorld, client: Client
) -> None:
    with scope(world.study):
        held = Configuration.objects.get(kind="form", key="ecrf_recist11")
    sent = client.get(reverse("ecrf-annotated", args=["ALPHA", held.pk]))
    assert sent["Content-Type"] == "application/pdf"
    document = pypdfium2.PdfDocument(sent.content)
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    text = re.sub(r"\s+", " ", text)
    assert "TU.TULOC" in text
    assert "LYMPH NODE" in text
    assert "TARGET_COUNT_MAX" in re.sub(r"[\s\u200b]", "", text)
    assert held.digest in text.replace(" ", "")
    assert client.get(reverse("ecrf-annotated", args=["ALPHA", held.pk])).content == sent.content


def test_the_sponsor_looks_and_a_reader_does_not_even_look(world: StudyWorld) -> None:
    with scope(world.study):
        held = Configuration.objects.get(kind="form", key="ecrf_recist11")
    address = reverse("ecrf-designer", args=["ALPHA", held.pk])
    page = logged_in(world, "sponsor").get(address).content.decode()
    assert "Begin a new version" not in page
    assert logged_in(world, "central_reader").get(address).status_code == 403
