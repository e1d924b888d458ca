"""A dossier from the request to what readers see, and what happens when it is revised."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit.actors import acting
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from clinical.definition import Entered
from clinical.models import Dossier, DossierItem
from clinical.services import contents, dossiers, entering, standing
from studies.scoping import scope
from tests.clinical.clinical_world import (
    applied,
    approved,
    baseline,
    define,
    fill,
    requested,
)
from tests.world import BUILDER, StudyWorld, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        define(world)
        yield world


# --- what others ask ------------------------------------------------------------------------------


def test_without_a_definition_no_dossier_is_missing() -> None:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        point = baseline(world)
        assert dossiers.is_missing(point) == ()
        assert dossiers.applied(point) is None
        with pytest.raises(RuleBroken, match="asks for nothing"):
            requested(world, point)


def test_a_missing_dossier_is_told_in_plain_words_at_every_step(world: StudyWorld) -> None:
    point = baseline(world)
    assert dossiers.is_missing(point) == (
        "The charter requires a clinical dossier here; none was requested yet.",
    )
    row = requested(world)
    (reason,) = dossiers.is_missing(point)
    assert reason == (
        "The clinical dossier is requested and did not come yet. "
        "Still missing: PSA, Prior systemic therapy."
    )
    fill(world, row)
    assert dossiers.is_missing(point) == (
        "The clinical dossier came and waits for reconciliation.",
    )
    approved(world, row)
    assert dossiers.is_missing(point) == (
        "The clinical dossier is approved and waits to be applied.",
    )
    dossiers.apply(row, actor=world.actor("scientific"))
    assert dossiers.is_missing(point) == ()
    assert dossiers.applied(point) == row


def test_only_what_is_optional_leaves_nothing_missing(world: StudyWorld) -> None:
    define(world, [{"code": "biopsy", "label": "Biopsy", "kind": "text", "when": "every"}])
    assert dossiers.is_missing(baseline(world)) == ()


# --- entering -------------------------------------------------------------------------------------


def test_asking_twice_gives_the_same_dossier_with_a_due_date_of_the_plan(
    world: StudyWorld,
) -> None:
    row = requested(world)
    assert requested(world) == row
    assert (row.version, row.state) == (1, "requested")
    assert row.due_by == "Project plan v1, calendar EU-2026"
    assert row.due_at > row.requested_at


@pytest.mark.parametrize(
    ("code", "entered", "rule"),
    [
        ("psa", Entered(value="4", unit="µg/L"), "CLD-021"),
        ("shoe_size", Entered(value="42"), "CLD-020"),
        ("biopsy", Entered(value="Seen by Dr Reyes on 05 Mar 2026"), "CLD-022"),
        ("biopsy", Entered(value="Done at Hospital of ALPHA Lisbon"), "CLD-022"),
        ("biopsy", Entered(value="Material sent to Norvane"), "CLD-022"),
        ("biopsy", Entered(value="Seen before in Osaka"), "CLD-022"),  # another site of the study
        ("biopsy", Entered(value="Write to lab@example.org"), "CLD-022"),
        ("biopsy", Entered(missing_reason="lost in Lisbon"), "CLD-022"),
    ],
)
def test_what_is_not_as_agreed_or_could_unblind_is_refused_and_nothing_is_kept(
    world: StudyWorld, code: str, entered: Entered, rule: str
) -> None:
    row = requested(world)
    with pytest.raises(RuleBroken) as refused:
        entering.enter(row, code, entered, actor=world.actor("clinical_data_partner"))
    assert refused.value.rule == rule
    assert not row.items.exists()


def test_the_words_of_the_field_pass_though_a_hospital_bears_them(world: StudyWorld) -> None:
    text = "Adenocarcinoma, Gleason 4+3, progression under hospital treatment with 75 mg"
    kept = entering.enter(
        requested(world), "biopsy", Entered(value=text), actor=world.actor("data_manager")
    )
    assert (kept.value, kept.source) == (text, "site")


def test_a_dossier_is_received_when_every_required_item_has_a_value_or_a_reason(
    world: StudyWorld,
) -> None:
    row, partner = requested(world), world.actor("clinical_data_partner")
    entering.enter(row, "psa", Entered(value="4.2", unit="ng/mL"), actor=partner)
    with pytest.raises(RuleBroken, match="Still missing: “Prior systemic therapy”"):
        dossiers.receive(row, actor=partner)
    reason = Entered(missing_reason="never treated before")
    entering.enter(row, "prior_therapy", reason, actor=partner)
    assert dossiers.receive(row, actor=partner).state == "received"
    with pytest.raises(Conflict, match="was received already"):
        entering.enter(row, "psa", Entered(value="5", unit="ng/mL"), actor=partner)


# --- the second person, and applying --------------------------------------------------------------


def test_whoever_entered_or_reconciled_a_dossier_cannot_approve_it(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    dossiers.reconcile(row, actor=world.actor("data_manager"))
    with acting(BUILDER):
        item = row.items.get(code="psa")
        item.entered_by = world.users["scientific"]
        item.save()
    assent = world.assent("scientific", dossiers.MEANING)
    with pytest.raises(NotPermitted, match="A second person approves"):
        dossiers.approve(row, actor=world.actor("scientific"), assent=assent)
    assert Dossier.objects.get(pk=row.pk).state == "reconciled"


@pytest.mark.parametrize(
    ("role", "step"),
    [
        ("sponsor", "request"),
        ("quality_auditor", "request"),
        ("project_manager", "enter"),
        ("scientific", "enter"),
        ("clinical_data_partner", "reconcile"),
        ("data_manager", "apply"),
        ("central_reader", "request"),
        ("site_user", "enter"),
    ],
)
def test_each_act_is_refused_to_a_role_without_its_right(
    world: StudyWorld, role: str, step: str
) -> None:
    row, actor = requested(world), world.actor(role)
    acts: dict[str, Any] = {
        "request": lambda: dossiers.request(baseline(world, 1), actor=actor),
        "enter": lambda: entering.enter(row, "psa", Entered(value="1", unit="ng/mL"), actor=actor),
        "reconcile": lambda: dossiers.reconcile(row, actor=actor),
        "apply": lambda: dossiers.apply(row, actor=actor),
    }
    with pytest.raises(NotPermitted):
        acts[step]()


def test_readers_and_sites_select_no_dossier(world: StudyWorld) -> None:
    row = requested(world)
    for role in ("central_reader", "adjudicator", "site_user"):
        assert list(Dossier.objects.visible_to(world.actor(role))) == []
    for role in ("clinical_data_partner", "sponsor", "inspector", "project_manager"):
        assert list(Dossier.objects.visible_to(world.actor(role))) == [row]


def test_an_approved_dossier_and_its_items_are_frozen_in_the_database(world: StudyWorld) -> None:
    row = approved(world, fill(world, requested(world)))
    item = row.items.get(code="psa")
    statements: list[tuple[str, list[Any]]] = [
        ("UPDATE clinical_dossieritem SET value = '9' WHERE id = %s", [item.pk]),
        ("UPDATE clinical_dossier SET version = 7 WHERE id = %s", [row.pk]),
    ]
    for sql, values in statements:
        with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
            connection.cursor().execute(sql, values)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic(), acting(BUILDER):
        DossierItem(study=world.study, dossier=row, code="biopsy", source="site").save()


def test_a_dossier_that_was_sent_back_is_corrected_under_the_same_version(
    world: StudyWorld,
) -> None:
    row = approved(world, fill(world, requested(world)))
    with pytest.raises(ReasonRequired):
        dossiers.refuse(row, actor=world.actor("scientific"), reason=" ")
    dossiers.refuse(row, actor=world.actor("scientific"), reason="PSA of another day")
    assert (row.state, row.sent_back_reason) == ("requested", "PSA of another day")
    again = approved(world, fill(world, row, psa="6.1"))
    assert (again.version, again.items.get(code="psa").value) == (1, "6.1")
    assert [one.value for one in again.items.get(code="psa").history.all()] == ["6.1", "4.2"]


def test_a_new_version_begins_with_what_holds_and_supersedes_it_when_applied(
    world: StudyWorld,
) -> None:
    first = applied(world)
    with pytest.raises(RuleBroken, match="Say why it needs another version"):
        requested(world)
    second = requested(world, reason="the laboratory corrected PSA")
    assert second.version == 2
    assert second.items.get(code="psa").value == "4.2"
    assert dossiers.applied(baseline(world)) == first
    approved(world, fill(world, second, psa="5.0"))
    told: list[tuple[str, int, int | None]] = []

    def follow(actor: Any, new: Dossier, old: Dossier | None) -> None:
        told.append((actor.name, new.version, old.version if old else None))

    dossiers.on_applied.append(follow)
    try:
        dossiers.apply(second, actor=world.actor("scientific"))
    finally:
        dossiers.on_applied.remove(follow)
    point = baseline(world)
    assert told == [("Alpha Scientific", 2, 1)]
    assert dossiers.applied(point) == second
    assert dossiers.of_version(point, 1) == first
    assert dossiers.of_version(point, 1).state == "superseded"
    assert dossiers.of_version(point, 3) is None


def test_what_an_upper_app_refuses_is_not_applied(world: StudyWorld) -> None:
    first = applied(world)
    second = approved(world, fill(world, requested(world, reason="corrected")))

    def refuse(*_: Any) -> None:
        raise RuleBroken("Not now.", rule="X")

    dossiers.on_applied.append(refuse)
    try:
        with pytest.raises(RuleBroken, match="Not now"):
            dossiers.apply(second, actor=world.actor("scientific"))
    finally:
        dossiers.on_applied.remove(refuse)
    assert dossiers.applied(baseline(world)) == first


def test_withdrawal_of_consent_cancels_what_is_asked_and_keeps_what_holds(
    world: StudyWorld,
) -> None:
    held = applied(world)
    requested(world, reason="corrected")
    with acting(BUILDER):
        assert dossiers.stops(held.subject, "consent withdrawn") == [
            f"Dossier v2 of {held.time_point} was cancelled."
        ]
    assert dossiers.applied(baseline(world)) == held


# --- what readers see -----------------------------------------------------------------------------


def test_readers_see_values_and_distances_from_baseline(world: StudyWorld) -> None:
    point = baseline(world)
    with acting(BUILDER):
        point.assessment_date = date(2026, 1, 20)
        point.save()
    row = applied(world)
    shown = contents.blinded(Dossier.objects.get(pk=row.pk))
    assert shown.version == 1
    said = {(s.title, r.label, r.value, r.unit, r.when) for s in shown.sections for r in s.rows}
    assert said == {
        ("Clinical data", "PSA", "4.2", "ng/mL", "15 days before baseline"),
        (
            "Prior systemic therapy",
            "Prior systemic therapy 1",
            "Agent: carboplatin; Best response: Partial response",
            "",
            "End: about 2 months before baseline",
        ),
    }


def test_nothing_of_a_dossier_tells_a_reader_who_where_or_when(world: StudyWorld) -> None:
    row = requested(world)
    partner = world.actor("clinical_data_partner")
    entering.enter(row, "biopsy", Entered(value="Reviewed by Moreau"), actor=partner)
    entering.enter(row, "prior_therapy", Entered(missing_reason="records burnt"), actor=partner)
    entering.enter(row, "psa", Entered(value="1", unit="ng/mL", on="2026-01-05"), actor=partner)
    # The name became known after the text was entered.
    with acting(BUILDER):
        site = world.sites[0]
        site.investigator = "Jeanne Moreau"
        site.save()
    text = repr(contents.blinded(row))
    assert "Reviewed by [withheld]" in text
    subject = row.subject
    for token in (
        "Moreau", "2026", "Jan", "Lisbon", "Norvane", subject.code, subject.reading_code, "burnt",
    ):  # fmt: skip
        assert token not in text
    with pytest.raises(RuleBroken, match="Moreau"):
        dossiers.receive(row, actor=partner)
        dossiers.reconcile(row, actor=world.actor("data_manager"))


def test_problems_are_counted_against_the_definition_of_the_dossier(world: StudyWorld) -> None:
    row = requested(world)
    with acting(BUILDER):
        for code, unit in (("psa", "IU"), ("gone", "")):
            DossierItem(
                study=world.study, dossier=row, code=code, value="4", unit=unit, source="cro"
            ).save()
    assert [str(one) for one in standing.problems_of(row)] == [
        "PSA: The unit is IU; it must be ng/mL.",
        "gone: The definition does not ask for it here.",
    ]
