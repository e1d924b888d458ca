"""The project plan: edited as a form, compared in words, approved, exchanged as YAML."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from accounts.permissions import Role
from audit.actors import acting
from audit.errors import NotPermitted, RuleBroken
from projects.plan import fields, service, words
from studies.models import Configuration, Study
from studies.scoping import scope
from studies.services import configuration, people
from studies.validation import problems_of
from tests.world import BUILDER, PASSWORD, PLAN, StudyWorld, make_study

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
FULL: dict[str, Any] = {
    **PLAN,
    "quality_control": {"second_level_percent": 10},
    "consent": {"data": "exclude", "originals": "destroy", "images": "keep"},
    "services": [
        {
            "activity": "Quality control",
            "responsible": "Image operations",
            "clock": "qc",
            "deliverable": "QC report",
            "frequency": "each visit",
        }
    ],
}


def typed(document: dict[str, Any] = PLAN, **changes: str) -> dict[str, Any]:
    """Return what the form of a document posts, with changes (``__`` is written for ``-``)."""
    asked = {name.replace("__", "-"): value for name, value in changes.items()}
    return {**fields.typed_of(document), **asked}


def from_typed(
    document: dict[str, Any] = PLAN, weekdays: tuple[str, ...] = tuple("01234"), **changes: str
) -> tuple[dict[str, Any], list[str]]:
    """Return the document that the form with changes makes, and its faults in words."""
    posted = typed(document, **changes)
    made, faults = fields.document_from(posted, weekdays, base=document)
    return made, [fault.text for fault in faults]


# --- the form and the document ----------------------------------------------------------------


@pytest.mark.parametrize("document", [PLAN, FULL, {**FULL, "turnarounds": {
    **PLAN["turnarounds"], "scan_disk": {"amount": 48, "unit": "hours"}}}])  # fmt: skip
def test_a_form_that_is_saved_unchanged_leaves_the_plan_as_it_was(document: dict[str, Any]) -> None:
    assert from_typed(document) == (document, [])


def test_what_is_typed_becomes_the_plan() -> None:
    made, faults = from_typed(
        calendar="CH 2027",
        zone="Asia/Riyadh",
        holidays="2027-01-01\n25 Dec 2026, 1 May 2027",
        qc__amount="24",
        qc__unit="hours",
        query_escalation__amount="3",
        second_level_percent="15",
        consent__images="destroy",
        service__0__activity="Read",
        service__0__responsible="Readers",
        weekdays=("6", "0", "1", "2", "3"),
    )
    assert faults == []
    assert made["calendar"] == {
        "key": "CH 2027",
        "zone": "Asia/Riyadh",
        "working_weekdays": [0, 1, 2, 3, 6],
        "holidays": ["2026-12-25", "2027-01-01", "2027-05-01"],
    }
    assert made["turnarounds"]["qc"] == {"amount": 24, "unit": "hours"}
    assert made["turnarounds"]["query_escalation"] == {"amount": 3, "unit": "business_days"}
    assert made["quality_control"] == {"second_level_percent": 15}
    assert made["consent"] == {"data": "keep", "originals": "destroy", "images": "destroy"}
    assert made["services"] == [{"activity": "Read", "responsible": "Readers"}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"calendar": "  "}, "Name of the calendar"),
        ({"zone": "Europe/Nowhere"}, "Time zone: choose one"),
        ({"holidays": "31.12."}, "“31.12.” is no date"),
        ({"holidays": "2026-02-30"}, "“2026-02-30” is no date"),
        ({"weekdays": ()}, "Working days: choose at least one"),
        ({"qc__amount": ""}, "QC answer: the plan must set this time"),
        ({"qc__amount": "0"}, "QC answer: a whole number"),
        ({"read_reminder__amount": "2.5"}, "Reminder before a read is due: a whole number"),
        ({"qc__unit": "weeks"}, "QC answer: a whole number"),
        ({"second_level_percent": "101"}, "whole number from 0 to 100"),
        ({"second_level_percent": "ten"}, "whole number from 0 to 100"),
        ({"consent__data": "sell"}, "After withdrawn consent"),
        ({"service__0__activity": "Read"}, "Service 1: say the responsible party"),
        ({"service__0__activity": "R", "service__0__responsible": "X",
          "service__0__clock": "eligibility"}, "sets no time for this turnaround"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(changes: dict[str, Any], message: str) -> None:
    _, (fault,) = from_typed(**changes)
    assert message in fault


def test_a_blank_clock_that_has_another_rule_is_left_out() -> None:
    with_it, _ = from_typed(late_images__amount="3")
    without, faults = from_typed(with_it, late_images__amount="")
    assert "late_images" in with_it["turnarounds"]
    assert (without, faults) == (PLAN, [])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"turnaround": {}}, "“turnaround” is no part of a project plan"),
        ({"turnarounds": {"qc": {"amount": 1, "unit": "hours"}}}, "“read” is missing"),
        ({"services": {"x": 1}}, "“services” is not a list"),
        ({"services": [{"activity": "QC"}]}, "service 1 needs an activity and who is responsible"),
        ({"services": [{"activity": "QC", "responsible": "us", "cost": "1"}]}, "nothing else"),
        ({"services": [{"activity": "QC", "responsible": "us", "clock": "x"}]}, "does not set"),
        ({"quality_control": {"second_level_percent": 120}}, "0 to 100"),
        ({"consent": {"images": "sell"}}, "consent.images"),
    ],
)
def test_a_plan_with_a_part_that_would_be_ignored_cannot_be_approved(
    change: dict[str, Any], problem: str
) -> None:
    assert any(problem in found for found in problems_of("plan", {**PLAN, **change}))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"calendar": None, "turnarounds": [1], "consent": 3, "services": "abc"},
        {"calendar": {"holidays": 1, "working_weekdays": 5}, "services": [1, {"activity": 2}]},
        {"turnarounds": {"qc": 3}, "quality_control": "none"},
    ],
)
def test_a_draft_of_any_form_opens_as_a_form_with_its_faults(document: dict[str, Any]) -> None:
    _, faults = fields.document_from(fields.typed_of(document), [], base=document)
    assert "Name of the calendar: give one, as due dates will name it." in [f.text for f in faults]
    assert problems_of("plan", document)


def test_two_plans_differ_in_words() -> None:
    new, _ = from_typed(FULL, qc__amount="1", holidays="2027-01-01", second_level_percent="0",
                        zone="Asia/Tokyo")  # fmt: skip
    assert [(c.verb, c.what, c.old, c.new) for c in words.difference(FULL, new)] == [
        ("changed", "Time zone", "Europe/Zurich; a day ends at 18:00 there",
         "Asia/Tokyo; a day ends at 18:00 there"),
        ("added", "Holiday", "", "01 Jan 2027, Friday"),
        ("changed", "QC answer", "2 business days", "1 business day"),
        ("changed", "Second-level QC", "10 % of decisions, drawn", "None"),
        ("changed", "Quality control",
         "Image operations; QC answer: 2 business days; QC report; each visit",
         "Image operations; QC answer: 1 business day; QC report; each visit"),
        ("removed", "Holiday", "25 Dec 2026, Friday", ""),
    ]  # fmt: skip
    assert words.difference(FULL, FULL) == []


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def world(db: None) -> StudyWorld:
    return make_study("ALPHA", sponsor="Norvane", subject_count=0)


def client_of(world: StudyWorld, role: str) -> Client:
    client = Client()
    client.force_login(world.users[role], backend=BACKEND)
    return client


def address(world: StudyWorld, name: str, *arguments: Any) -> str:
    return reverse(name, args=[world.study.code, *arguments])


def posted(document: dict[str, Any], draft: Configuration, **changes: str) -> dict[str, Any]:
    return {**typed(document, **changes), "seen": draft.digest}


def begun(world: StudyWorld) -> Configuration:
    with scope(world.study):
        return service.start_draft(world.study, actor=world.actor("project_manager"))


def test_a_project_manager_takes_a_plan_from_the_form_to_effective_and_clocks_follow(
    world: StudyWorld,
) -> None:
    client = client_of(world, "project_manager")
    client.post(address(world, "plan-draft"))
    with scope(world.study):
        draft = service.open_draft(world.study)
    assert draft is not None
    edit = address(world, "plan-edit", draft.pk)
    assert 'name="second_level_percent"' in client.get(edit).content.decode()
    saved = client.post(edit, posted(PLAN, draft, qc__amount="1", second_level_percent="10"))
    page = client.get(saved["Location"]).content.decode()
    assert "What changes against version 1" in page
    assert '<s class="ic-soft">2 business days</s>' in page
    assert "10 % of decisions, drawn" in page
    client.post(address(world, "configuration-step", draft.pk), {"step": "send_to_review"})
    seen = dict(client.get(address(world, "plan-version", draft.pk)).context["sign"].hidden)[
        "digest"
    ]
    approved = client.post(
        address(world, "configuration-approve", draft.pk), {"password": PASSWORD, "digest": seen}
    )
    assert approved["Location"] == address(world, "plan-version", draft.pk)
    client.post(address(world, "configuration-step", draft.pk), {"step": "make_effective"})
    with scope(world.study):
        plan = configuration.plan_of(world.study)
        due = plan.due("qc", datetime(2026, 3, 5, 9, tzinfo=ZoneInfo("Europe/Zurich")))
        states = [one.state for one in service.versions(world.study)]
    assert due.at == datetime(2026, 3, 6, 18, tzinfo=ZoneInfo("Europe/Zurich"))
    assert due.by == "Project plan v2, calendar EU-2026"
    assert states == ["effective", "superseded"]
    page = client.get(address(world, "plan")).content.decode()
    assert "Project plan v2" in page
    assert "made effective" in page


def test_what_is_wrong_comes_back_beside_what_was_typed(world: StudyWorld) -> None:
    draft = begun(world)
    answer = client_of(world, "project_manager").post(
        address(world, "plan-edit", draft.pk),
        posted(PLAN, draft, qc__amount="soon", holidays="25 Dec 2026\nEaster"),
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Holidays: “Easter” is no date." in text
    assert 'href="#qc-amount"' in text
    assert 'value="soon"' in text
    assert "25 Dec 2026\nEaster" in text
    with scope(world.study):
        draft.refresh_from_db()
    assert draft.document == PLAN


def test_of_two_who_edit_one_draft_the_second_is_told_and_keeps_the_values(
    world: StudyWorld,
) -> None:
    draft = begun(world)
    edit = address(world, "plan-edit", draft.pk)
    client_of(world, "scientific").post(edit, posted(PLAN, draft, qc__amount="3"))
    answer = client_of(world, "project_manager").post(edit, posted(PLAN, draft, qc__amount="4"))
    assert answer.status_code == 409
    assert "Somebody else changed this draft meanwhile" in answer.content.decode()
    assert 'value="4"' in answer.content.decode()
    with scope(world.study):
        draft.refresh_from_db()
    assert draft.document["turnarounds"]["qc"]["amount"] == 3


def test_a_plan_comes_back_from_its_file_the_same(world: StudyWorld) -> None:
    client = client_of(world, "project_manager")
    with scope(world.study):
        holds = configuration.effective(world.study, "plan")
    text = client.get(address(world, "plan-export", holds.pk)).content.decode()
    answer = client.post(address(world, "plan-import"), {"text": text})
    assert answer.status_code == 302
    with scope(world.study):
        made = service.open_draft(world.study)
    assert made is not None
    assert (made.document, made.version) == (PLAN, 2)


def test_a_file_with_faults_is_refused_with_their_lines_and_kept_on_the_page(
    world: StudyWorld,
) -> None:
    text = (
        "calendar:\n  key: X\n  zone: UTC\n  holidays: [2026-12-25]\n"
        "turnarounds:\n  qc: {amount: 0, unit: hours}\nextra: 1\n"
    )
    answer = client_of(world, "scientific").post(address(world, "plan-import"), {"text": text})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 6</b>" in page
    assert "the turnaround “qc” needs a whole amount" in page
    assert "Line 7</b>" in page
    assert "“extra” is no part of a project plan" in page
    assert "holidays: [2026-12-25]" in page
    doubled = "calendar: {}\ncalendar: {}\n"
    answer = client_of(world, "scientific").post(address(world, "plan-import"), {"text": doubled})
    twice = 'Line 2</b>, <span class="ic-mono">calendar</span>: is written twice'
    assert twice in answer.content.decode()
    with scope(world.study):
        assert service.open_draft(world.study) is None


def test_others_read_the_plan_and_cannot_edit_it(world: StudyWorld) -> None:
    for role in ("sponsor", "image_operations", "inspector"):
        page = client_of(world, role).get(address(world, "plan"))
        assert page.status_code == 200
        assert b"Edit the plan" not in page.content
    with scope(world.study):
        with pytest.raises(NotPermitted):
            service.start_draft(world.study, actor=world.actor("image_operations"))
        holds = configuration.effective(world.study, "plan")
        with pytest.raises(RuleBroken, match="Only a draft"):
            service.save(holds, typed(), tuple("01234"), seen_digest=holds.digest,
                         actor=world.actor("project_manager"))  # fmt: skip


def test_a_study_without_a_plan_says_what_to_do(world: StudyWorld) -> None:
    with acting(BUILDER):
        bare = Study(
            programme=world.study.programme,
            sponsor=world.study.sponsor,
            code="BARE",
            title="Study without a plan",
            protocol_number="P-BARE",
            phase="2",
            indication="Solid tumours",
            time_zone="Europe/Zurich",
        )
        bare.save()
    with scope(bare):
        people.grant_role(
            world.users["project_manager"], Role.PROJECT_MANAGER, study=bare, sites=[],
            actor=BUILDER,
        )  # fmt: skip
    client = client_of(world, "project_manager")
    page = client.get(reverse("plan", args=["BARE"])).content.decode()
    assert "No plan yet" in page
    assert "Start a draft" in page
    answer = client.post(reverse("plan-draft", args=["BARE"]), follow=True)
    assert "Edit the plan" in answer.content.decode()
    assert problems_of("plan", dict(service.START)) == []
