"""The one gateway of states: who may step, what a step asks for, and that one of two wins (T08)."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections

from accounts.signatures import Assent
from audit import states
from audit.actors import Actor, acting, service
from audit.errors import (
    Conflict,
    IllegalStep,
    NotPermitted,
    ReasonRequired,
    Refused,
    RuleBroken,
    SignatureRefused,
    SignatureRequired,
)
from audit.models import Event
from audit.states import GuardResult, Workflow, step
from studies.models import Organisation, Programme, Study
from studies.services import configuration, forms
from studies.workflows import STUDY
from tests.world import BUILDER, make_study, make_user

pytestmark = pytest.mark.django_db

PERSON = Actor(
    name="Iris Bell",
    login="iris@example.org",
    role="project_manager",
    zone="Europe/Zurich",
    rights={"study.configure": "project_manager", "cut.make": "data_manager"},
    roles=frozenset({"project_manager", "data_manager"}),
)


def study(code: str = "ALPHA") -> Study:
    with acting(BUILDER):
        sponsor = Organisation(name=f"Sponsor of {code}", kind="sponsor")
        sponsor.save()
        programme = Programme(sponsor=sponsor, name="P")
        programme.save()
        row = Study(programme=programme, sponsor=sponsor, code=code, title="T")
        row.save()
    return row


def put(row: Study, state: str) -> Study:
    """Set a state by SQL, as no program of ours can."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_study SET state = %s WHERE id = %s", [state, row.pk])
    row.refresh_from_db()
    return row


#: (state, step) -> target, drawn by hand; every other pair is refused.
ALLOWED = {
    ("startup", "open"): "conduct",
    ("conduct", "lock"): "locked",
    ("locked", "unlock"): "conduct",
    ("locked", "close"): "closed",
}


def test_every_pair_of_state_and_step_is_taken_or_refused_as_drawn() -> None:
    signer = make_user("iris_bell")
    actor = Actor(
        name=PERSON.name,
        login=PERSON.login,
        role=PERSON.role,
        user_id=signer.pk,
        rights=PERSON.rights,
        roles=PERSON.roles,
    )
    row = study()
    for state, name in itertools.product(
        ("startup", "conduct", "locked", "closed"), ("open", "lock", "unlock", "close")
    ):
        put(row, state)
        before = Event.objects.count()
        assent = Assent(actor, "lock", "I lock the database.", "password")
        given = {"reason": "as drawn", "assent": assent if name == "lock" else None}
        if (state, name) in ALLOWED:
            assert STUDY.move(row, name, actor=actor, **given).state == ALLOWED[state, name]
            assert Event.objects.count() == before + 1
        else:
            with pytest.raises(IllegalStep):
                STUDY.move(row, name, actor=actor, **given)
            row.refresh_from_db()
            assert row.state == state
            assert Event.objects.count() == before


def test_a_step_needs_its_right() -> None:
    row = study()
    reader = Actor(name="Reader", role="central_reader", rights={"read.perform": "central_reader"})
    with pytest.raises(NotPermitted):
        STUDY.move(row, "open", actor=reader, reason="because")
    assert row.state == "startup"


def test_a_right_in_one_study_moves_nothing_in_another() -> None:
    row, other = study(), study("BETA")
    elsewhere = Actor(
        name="PM of BETA",
        role="project_manager",
        study_id=other.pk,
        rights={"study.configure": "project_manager"},
    )
    with pytest.raises(NotPermitted):
        STUDY.move(row, "open", actor=elsewhere, reason="because")
    assert STUDY.move(other, "open", actor=elsewhere, reason="because").state == "conduct"


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_a_step_that_asks_for_a_reason_is_refused_without_one(reason: str) -> None:
    with pytest.raises(ReasonRequired):
        STUDY.move(study(), "open", actor=PERSON, reason=reason)


def test_a_step_that_asks_for_a_signature_is_refused_without_one() -> None:
    row = put(study(), "conduct")
    with pytest.raises(SignatureRequired):
        STUDY.move(row, "lock", actor=PERSON)


def test_nobody_steps_with_another_person_s_signature() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    assent = world.assent("project_manager", "lock")
    with pytest.raises(SignatureRefused):
        STUDY.move(world.study, "lock", actor=world.actor("data_manager"), assent=assent)
    world.study.refresh_from_db()
    assert world.study.state == "conduct"


def test_a_step_leaves_the_act_with_who_why_from_and_to() -> None:
    row = study()
    STUDY.move(row, "open", actor=PERSON, reason="all sites are ready", details={"sites": 3})
    event = Event.objects.latest("id")
    assert (event.kind, event.object_label, event.reason) == (
        "study.open",
        "ALPHA",
        "all sites are ready",
    )
    assert event.details == {"from": "startup", "to": "conduct", "sites": 3}
    assert (event.actor_name, event.actor_role) == ("Iris Bell", "project_manager")
    version = row.history.latest("history_id")
    assert (version.state, version.history_change_reason) == ("conduct", "all sites are ready")


def test_the_trail_names_the_role_that_gave_the_right() -> None:
    row = put(study(), "locked")
    STUDY.move(row, "unlock", actor=PERSON, reason="a late scan")
    assert Event.objects.latest("id").actor_role == "data_manager"


def test_a_condition_that_does_not_hold_stops_the_step_and_changes_nothing() -> None:
    row = study()
    refusing = Workflow(
        "made for one test",
        "startup",
        ("startup", "conduct"),
        (
            step(
                "open",
                "startup",
                "conduct",
                "study.configure",
                "Open",
                guards=(lambda _: GuardResult("TST-001", False, "A site is missing."),),
            ),
        ),
    )
    states.WORKFLOWS.pop(refusing.name)
    with pytest.raises(RuleBroken, match=r"A site is missing\.") as caught:
        refusing.move(row, "open", actor=PERSON)
    assert caught.value.rule == "TST-001"
    row.refresh_from_db()
    assert row.state == "startup"


def test_open_steps_are_those_that_lead_on_and_that_the_actor_may_take() -> None:
    row = put(study(), "locked")
    assert [s.name for s in STUDY.open_steps(row, PERSON)] == ["unlock", "close"]
    manager = Actor(name="M", rights={"cut.make": "data_manager"})
    assert [s.name for s in STUDY.open_steps(row, manager)] == ["unlock"]


def test_a_table_with_an_unknown_state_or_a_doubled_step_is_no_workflow() -> None:
    with pytest.raises(ValueError, match="unknown states"):
        Workflow("w", "a", ("a",), (step("go", "a", "b", "r", "Go"),))
    with pytest.raises(ValueError, match="twice"):
        Workflow("w", "a", ("a",), (step("x", "a", "a", "r", "X"), step("x", "a", "a", "r", "X")))
    assert "w" not in states.WORKFLOWS


# --- races ----------------------------------------------------------------------------------------


def together(count: int, act: Callable[[int], object]) -> list[object]:
    """Run an act in threads that begin at one moment; return results and refusals."""
    barrier = threading.Barrier(count)
    results: list[object] = [None] * count

    def run(index: int) -> None:
        barrier.wait()
        try:
            results[index] = act(index)
        except Refused as refused:
            results[index] = refused
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_of_two_opposite_steps_at_once_one_wins_and_the_other_is_told() -> None:
    row = study()
    for _ in range(8):
        put(row, "locked")
        before = Event.objects.count()
        results = together(
            2,
            lambda n: STUDY.move(
                Study.objects.get(pk=row.pk),
                ("unlock", "close")[n],
                actor=PERSON,
                reason="race",
            ),
        )
        won = [r for r in results if isinstance(r, Study)]
        lost = [r for r in results if isinstance(r, IllegalStep)]
        assert len(won) == len(lost) == 1
        row.refresh_from_db()
        assert row.state == won[0].state
        assert Event.objects.count() == before + 1


@pytest.mark.django_db(transaction=True)
def test_of_twenty_saves_of_one_version_of_a_form_one_is_kept_and_nineteen_are_told() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    form = configuration.effective(world.study, "form", "transmittal_ct")
    row = forms.start(form, actor=BUILDER)
    results = together(
        20,
        lambda n: forms.save_answers(
            row, {"visit": {"date": f"tab {n}"}}, seen_version=0, actor=service("tab")
        ),
    )
    kept = [r for r in results if not isinstance(r, Refused)]
    told = [r for r in results if isinstance(r, Conflict)]
    assert (len(kept), len(told)) == (1, 19)
    row.refresh_from_db()
    assert row.version == 1
    assert all(r.details["answers"] == row.answers for r in told)
    assert row.history.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_lock_while_a_save_runs_takes_the_save_wholly_or_refuses_it() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    form = configuration.effective(world.study, "form", "transmittal_ct")
    for _ in range(5):
        row = forms.start(form, actor=BUILDER)

        def act(n: int, row: object = row) -> object:
            if n == 0:
                return forms.lock(row, actor=service("signing"))
            return forms.save_answers(
                row, {"visit": {"date": "late"}}, seen_version=0, actor=service("tab")
            )

        _, saved = together(2, act)
        row.refresh_from_db()
        assert row.locked
        if isinstance(saved, Refused):
            assert row.answers == {}
        else:
            assert row.answers == {"visit": {"date": "late"}}
