"""De-identification profiles as controlled configuration: differences, runs over samples, pages."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audit.errors import NotPermitted, RuleBroken
from imaging.pipeline.deidentify import load_profile
from imaging.pipeline.deidentify.difference import difference
from imaging.pipeline.deidentify.profile import PROFILES, compile_profile
from imaging.pipeline.deidentify.regression import regression, samples
from imaging.services import profiles
from studies.models import Configuration
from studies.services import configuration
from tests.world import StudyWorld, _configure, make_study

TRIAL: dict[str, Any] = json.loads((PROFILES / "trial.json").read_text("utf-8"))
SLICE_THICKNESS, STUDY_DESCRIPTION, PATIENT_NAME = "00180050", "00081030", "00100010"


def changed(tag: str, action: str | None) -> dict[str, Any]:
    """The shipped profile with another action for one attribute; `None` removes it."""
    document = copy.deepcopy(TRIAL)
    for tags in document["actions"].values():
        if tag in tags:
            tags.remove(tag)
    if action is not None:
        document["actions"][action].append(tag)
    return document


def test_a_difference_names_the_attribute_and_both_rules_in_words() -> None:
    document = changed(STUDY_DESCRIPTION, "keep")
    document["age_cap_years"] = 85
    document["options"] = [o for o in document["options"] if o[0] != "113108"]
    found = difference(load_profile("trial"), compile_profile(document, "b" * 64))
    assert [(change.area, change.sentence) for change in found] == [
        ("Options", "Retain Patient Characteristics Option (113108): on → off"),
        ("Dates and ages", "Age cap: 90 years → 85 years"),
        ("Attributes",
         "Study Description (0008,1030): cleaned word by word, else removed → kept"),
    ]  # fmt: skip


def test_a_profile_does_not_differ_from_itself() -> None:
    assert difference(load_profile("trial"), load_profile("trial")) == ()


def test_the_shipped_profile_passes_on_every_sample() -> None:
    run = regression(load_profile("trial"))
    assert run.passed, [failure.sentence for failure in run.failures]
    assert run.samples == len(samples()) == 9
    assert run.elements > 500
    assert {"CT slice", "PET slice", "Structured report"} <= {one.name for one in samples()}


def test_the_run_names_the_elements_whose_fate_changed() -> None:
    run = regression(compile_profile(changed("00181030", None), "c" * 64), load_profile("trial"))
    assert run.passed
    protocol_names = {fate for fate in run.changes if "Protocol Name (0018,1030)" in fate.place}
    assert {(f.before, f.after) for f in protocol_names} == {("replaced", "removed")}
    assert protocol_names == set(run.changes)


@pytest.mark.parametrize(
    ("tag", "action", "words"),
    [
        (SLICE_THICKNESS, None, "changed acquisition value"),
        ("00080080", "keep", "found identity"),  # Institution Name
    ],
)
def test_a_profile_that_harms_a_sample_has_problems_in_words(
    tag: str, action: str | None, words: str
) -> None:
    document = changed(tag, action)
    if action == "keep":
        document["identity"] = {}
    assert any(words in problem for problem in profiles.problems_of(document))


def test_an_unknown_action_is_a_problem() -> None:
    document = copy.deepcopy(TRIAL)
    document["actions"]["publish"] = ["00100010"]
    assert profiles.problems_of(document) == ["unknown action publish"]


@pytest.fixture
def world(db: None) -> StudyWorld:
    made = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    _configure(made, "deid_profile", "trial", "Trial profile", TRIAL)
    return made


def text(document: dict[str, Any]) -> str:
    return json.dumps(document)


def test_a_proposal_becomes_the_next_draft_under_the_key_that_holds(world: StudyWorld) -> None:
    made = profiles.propose(
        world.study,
        text(changed("00181030", None)),
        title="Without protocol names",
        actor=world.actor("scientific"),
    )
    held = configuration.effective(world.study, Configuration.Kind.DEID_PROFILE)
    assert (made.key, made.state) == (held.key, "draft")
    assert made.version == held.version + 1
    assert profiles.before(made) == held


def test_a_harmful_proposal_is_refused_and_nothing_is_kept(world: StudyWorld) -> None:
    before = Configuration.objects.in_study(world.study).count()
    with pytest.raises(RuleBroken, match="changed acquisition value"):
        profiles.propose(
            world.study,
            text(changed(SLICE_THICKNESS, None)),
            title="",
            actor=world.actor("scientific"),
        )
    assert Configuration.objects.in_study(world.study).count() == before


@pytest.mark.parametrize("sent", ["{not json", "- a\n- list", "", "a: [1", "{}"])
def test_a_file_that_is_no_profile_is_refused(world: StudyWorld, sent: str) -> None:
    with pytest.raises(RuleBroken, match="Nothing was kept"):
        profiles.propose(world.study, sent, title="", actor=world.actor("scientific"))


def test_only_science_and_project_management_propose(world: StudyWorld) -> None:
    with pytest.raises(NotPermitted):
        profiles.propose(world.study, text(TRIAL), title="", actor=world.actor("image_operations"))


def test_the_yaml_export_is_read_again_unchanged(world: StudyWorld) -> None:
    held = configuration.effective(world.study, Configuration.Kind.DEID_PROFILE)
    assert profiles.read_document(profiles.as_yaml(held)) == held.document


def test_lists_of_another_software_are_named() -> None:
    document = copy.deepcopy(TRIAL)
    document["vocabulary_sha256"] = "0" * 64
    assert profiles.other_lists(document) == ["vocabulary.txt"]
    assert profiles.other_lists(TRIAL) == []


@pytest.fixture
def scientist(world: StudyWorld, client: Client) -> Client:
    client.force_login(world.users["scientific"])
    return client


def test_the_page_shows_what_holds_and_its_run(world: StudyWorld, scientist: Client) -> None:
    page = scientist.get("/s/ALPHA/de-identification-profile/").content.decode()
    assert "Trial profile v1" in page
    assert "No identity was left, and no acquisition value changed." in page
    assert "113107" in page and "Modified Dates" in page
    assert "Propose a version" in page


def test_a_draft_shows_its_difference_and_the_elements_it_changes(
    world: StudyWorld, scientist: Client
) -> None:
    upload = SimpleUploadedFile("p.yaml", yaml.safe_dump(changed("00181030", None)).encode())
    answer = scientist.post(
        "/s/ALPHA/de-identification-profile/propose/", {"file": upload, "title": "Narrow"}
    )
    assert answer.status_code == 302
    page = scientist.get(answer["Location"]).content.decode()
    assert "Narrow v2" in page
    assert "Difference to Trial profile v1" in page
    assert "Protocol Name (0018,1030)" in page
    assert "CT slice" in page
    sent = scientist.get(answer["Location"] + "profile.yaml")
    assert "attachment" in sent["Content-Disposition"]
    assert yaml.safe_load(sent.content)["actions"].keys() == TRIAL["actions"].keys()


def test_a_refused_file_says_why_on_the_page(world: StudyWorld, scientist: Client) -> None:
    upload = SimpleUploadedFile("p.json", text(changed(SLICE_THICKNESS, None)).encode())
    answer = scientist.post("/s/ALPHA/de-identification-profile/propose/", {"file": upload})
    assert answer.status_code == 422
    assert "changed acquisition value" in answer.content.decode()


def test_oversight_reads_the_page_without_a_form(world: StudyWorld, client: Client) -> None:
    client.force_login(world.users["quality_auditor"])
    page = client.get("/s/ALPHA/de-identification-profile/")
    assert page.status_code == 200
    assert "Propose a version" not in page.content.decode()
