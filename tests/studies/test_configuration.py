"""Controlled configuration is one pattern (decision 10), and forms are kept as typed."""

from __future__ import annotations

import hashlib

import pytest

from audit import clock
from audit.errors import Conflict, IllegalStep, NotPermitted, RuleBroken
from studies.models import Configuration
from studies.services import configuration, forms
from studies.services.configuration import VALIDATORS
from studies.workflows import CONFIGURATION
from tests.world import BUILDER, PLAN, StudyWorld, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    return make_study("ALPHA", sponsor="Norvane", subject_count=0)


def draft(world: StudyWorld, days: int = 3) -> Configuration:
    turnarounds = PLAN["turnarounds"] | {"qc": {"amount": days, "unit": "business_days"}}
    return configuration.draft(
        world.study,
        kind="plan",
        key="plan",
        title="Project plan",
        document=PLAN | {"turnarounds": turnarounds},
        actor=world.actor("project_manager"),
    )


def test_a_version_goes_from_draft_by_signature_to_effective_and_is_superseded(
    world: StudyWorld,
) -> None:
    first = configuration.effective(world.study, "plan")
    second = draft(world)
    assert (first.version, second.version, second.state) == (1, 2, "draft")
    assert configuration.effective(world.study, "plan") == first
    scientist = world.actor("scientific")
    with pytest.raises(IllegalStep):
        configuration.make_effective(second, actor=scientist)
    first.refresh_from_db()
    assert first.state == "effective"  # nothing half done
    configuration.approve(second, actor=scientist, assent=world.assent("scientific", "approval"))
    configuration.make_effective(second, actor=scientist)
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "effective")
    assert configuration.effective(world.study, "plan", "plan") == second
    assert configuration.plan_of(world.study).label == "Project plan v2"
    assert abs((clock.now() - second.effective_from).total_seconds()) < 60


def test_the_digest_is_that_of_the_canonical_document(world: StudyWorld) -> None:
    made = configuration.draft(
        world.study, kind="blinding", key="b", title="B", document={"b": 1, "a": "ü"}, actor=BUILDER
    )
    assert made.digest == hashlib.sha256('{"a":"ü","b":1}'.encode()).hexdigest()


def test_a_document_with_problems_is_no_draft_and_all_problems_are_named(
    world: StudyWorld,
) -> None:
    assert "plan" in VALIDATORS
    with pytest.raises(RuleBroken, match=r"no calendar.*no turnarounds") as caught:
        configuration.draft(
            world.study, kind="plan", key="plan", title="P", document={}, actor=BUILDER
        )
    assert caught.value.rule == "CFG-001"


def test_an_unfinished_draft_is_kept_and_cannot_leave_the_draft_before_it_is_mended(
    world: StudyWorld,
) -> None:
    scientist = world.actor("scientific")
    made = configuration.draft(
        world.study,
        kind="plan",
        key="later",
        title="P",
        document={},
        actor=scientist,
        unfinished=True,
    )
    with pytest.raises(RuleBroken, match="no calendar"):
        CONFIGURATION.move(made, "send_to_review", actor=scientist)
    mended = configuration.revise(made, PLAN, seen_digest=made.digest, actor=scientist)
    assert CONFIGURATION.move(mended, "send_to_review", actor=scientist).state == "in_review"
    with pytest.raises(RuleBroken, match="Only a draft") as caught:
        configuration.revise(mended, {}, seen_digest=mended.digest, actor=scientist)
    assert caught.value.rule == "CFG-004"


def test_of_two_who_change_a_draft_the_second_is_told(world: StudyWorld) -> None:
    scientist = world.actor("scientific")
    made = draft(world)
    seen = made.digest
    configuration.revise(made, PLAN, seen_digest=seen, actor=scientist)
    with pytest.raises(Conflict) as caught:
        configuration.revise(made, PLAN | {"x": 1}, seen_digest=seen, actor=scientist)
    assert caught.value.rule == "CFG-005"
    made.refresh_from_db()
    assert made.document == PLAN


def test_who_may_not_configure_drafts_nothing(world: StudyWorld) -> None:
    with pytest.raises(NotPermitted):
        configuration.draft(
            world.study,
            kind="plan",
            key="plan",
            title="P",
            document=PLAN,
            actor=world.actor("data_manager"),
        )


def test_what_a_study_does_not_have_is_said_by_its_name(world: StudyWorld) -> None:
    with pytest.raises(RuleBroken, match="no effective transfer specification “csv”") as caught:
        configuration.effective(world.study, "transfer", "csv")
    assert caught.value.rule == "CFG-002"


def test_a_withdrawn_draft_leaves_the_number_taken(world: StudyWorld) -> None:
    second = draft(world)
    CONFIGURATION.move(second, "withdraw", actor=BUILDER, reason="not needed")
    assert draft(world).version == 3


# --- form records ---------------------------------------------------------------------------------


def record(world: StudyWorld) -> forms.FormRecord:
    form = configuration.effective(world.study, "form", "transmittal_ct")
    return forms.start(form, actor=BUILDER)


def test_answers_are_kept_as_typed_and_each_save_is_a_version(world: StudyWorld) -> None:
    row = record(world)
    saved = forms.save_answers(row, {"scan": {"x": "no date"}}, seen_version=0, actor=BUILDER)
    assert (saved.version, saved.answers) == (1, {"scan": {"x": "no date"}})
    again = forms.save_answers(saved, saved.answers, seen_version=1, actor=BUILDER)
    assert again.version == 1  # nothing changed, nothing written
    assert row.history.count() == 2


def test_the_older_tab_is_told_and_gets_what_is_stored(world: StudyWorld) -> None:
    row = record(world)
    forms.save_answers(row, {"a": 1}, seen_version=0, actor=BUILDER)
    with pytest.raises(Conflict) as caught:
        forms.save_answers(row, {"a": 2}, seen_version=0, actor=BUILDER)
    assert caught.value.details == {"version": 1, "answers": {"a": 1}}


def test_a_signed_form_takes_no_answers(world: StudyWorld) -> None:
    row = forms.lock(record(world), actor=BUILDER)
    with pytest.raises(Conflict) as caught:
        forms.save_answers(row, {"a": 1}, seen_version=0, actor=BUILDER)
    assert caught.value.rule == "FRM-002"


def test_a_form_with_missing_answers_is_not_complete(world: StudyWorld) -> None:
    row = record(world)
    with pytest.raises(RuleBroken, match="answers are missing") as caught:
        forms.complete(row, forms.evaluated(row, final=True), actor=BUILDER)
    assert caught.value.rule == "FRM-004"


def test_a_form_cannot_hold_a_book(world: StudyWorld) -> None:
    with pytest.raises(RuleBroken) as caught:
        forms.save_answers(record(world), {"a": "x" * 1_000_001}, seen_version=0, actor=BUILDER)
    assert caught.value.rule == "FRM-001"
