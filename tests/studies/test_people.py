"""Roles of people: dated, excluding each other, bound to sites (21 CFR 11.10(d)(g); trust T42)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.permissions import PERMISSIONS, Role, right, rights_of
from audit import clock
from audit.actors import acting
from audit.errors import NotPermitted, ReasonRequired, RuleBroken
from audit.models import Event
from studies.actors import actor_for, home_actor, studies_of
from studies.models import Membership, Organisation, Programme, Study
from studies.services import people
from tests.world import BUILDER, StudyWorld, make_study, make_user

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 1, tzinfo=UTC)


def bare_study(code: str) -> Study:
    with acting(BUILDER):
        sponsor, _ = Organisation.objects.get_or_create(name="Norvane", kind="sponsor")
        programme, _ = Programme.objects.get_or_create(sponsor=sponsor, name="P")
        row = Study(programme=programme, sponsor=sponsor, code=code, title="T")
        row.save()
    return row


def membership(user: Any, study: Study | None, role: str, **period: datetime) -> Membership:
    row = Membership(
        user=user,
        study=study,
        role=role,
        period=DateTimeTZRange(period.get("starts", START), period.get("ends")),
    )
    with acting(BUILDER), transaction.atomic():
        row.save()
    return row


#: Two roles of one person in one study: may they overlap? Drawn by hand.
TOGETHER = {
    ("project_manager", "data_manager"): True,
    ("central_reader", "adjudicator"): True,
    ("quality_auditor", "inspector"): True,
    ("central_reader", "image_operations"): False,
    ("central_reader", "sponsor"): False,
    ("adjudicator", "site_user"): False,
    ("site_user", "image_operations"): False,
    ("site_user", "sponsor"): False,
    ("sponsor", "data_manager"): False,
    ("clinical_data_partner", "central_reader"): False,
    ("inspector", "project_manager"): False,
    ("quality_auditor", "image_operations"): False,
}


@pytest.mark.parametrize(("roles", "together"), list(TOGETHER.items()))
def test_the_database_lets_one_person_hold_two_roles_or_refuses_it(
    roles: tuple[str, str], together: bool
) -> None:
    user, study = make_user("one_person", password=None), bare_study("ALPHA")
    for first, second in (roles, roles[::-1]):
        held = membership(user, study, first)
        if together:
            membership(user, study, second)
        else:
            with pytest.raises(IntegrityError, match="membership_duties_exclude"):
                membership(user, study, second)
        with acting(BUILDER):
            for row in Membership.objects.filter(user=user):
                row.period = DateTimeTZRange(empty=True)
                row.save()
        assert held.pk


def test_what_excludes_itself_in_one_study_is_allowed_in_two_and_one_after_the_other() -> None:
    user, alpha, beta = make_user("p", password=None), bare_study("ALPHA"), bare_study("BETA")
    end = START + timedelta(days=30)
    membership(user, alpha, "central_reader", ends=end)
    membership(user, beta, "image_operations")
    membership(user, alpha, "image_operations", starts=end)  # to the second, [from, to)
    with pytest.raises(IntegrityError):
        membership(user, alpha, "sponsor", starts=end - timedelta(seconds=1))


def test_an_administrator_holds_nothing_else_and_holds_it_once() -> None:
    user, study = make_user("root", password=None), bare_study("ALPHA")
    membership(user, None, "administrator")
    with pytest.raises(IntegrityError, match="membership_admin_alone"):
        membership(user, study, "data_manager")
    with pytest.raises(IntegrityError, match="membership_admin_once"):
        membership(user, None, "administrator")
    with pytest.raises(IntegrityError, match="membership_admin_has_no_study"):
        membership(make_user("r2", password=None), study, "administrator")
    with pytest.raises(IntegrityError, match="membership_admin_has_no_study"):
        membership(make_user("r3", password=None), None, "sponsor")


def test_the_duty_column_follows_the_role_whatever_is_typed_into_it() -> None:
    row = membership(make_user("p", password=None), bare_study("ALPHA"), "site_user")
    assert row.duty == "site"
    row.duty = "operations"
    with acting(BUILDER):
        row.save()
    assert Membership.objects.get().duty == "site"


@pytest.fixture
def world() -> StudyWorld:
    return make_study("ALPHA", sponsor="Norvane", subject_count=0)


def test_the_service_answers_an_exclusion_in_words_and_changes_nothing(world: StudyWorld) -> None:
    reader = world.users["central_reader"]
    with pytest.raises(RuleBroken, match="excludes “Sponsor”") as caught:
        people.grant_role(reader, "sponsor", study=world.study, actor=BUILDER)
    assert caught.value.rule == "ROL-001"
    assert Membership.objects.filter(user=reader).count() == 1


def test_a_site_user_is_bound_to_sites_of_the_study(world: StudyWorld) -> None:
    user, other = make_user("new_nurse"), make_study("BETA", sponsor="Calder", subject_count=0)
    with pytest.raises(RuleBroken) as caught:
        people.grant_role(user, "site_user", study=world.study, actor=BUILDER)
    assert caught.value.rule == "ROL-002"
    with pytest.raises(RuleBroken) as caught:
        people.grant_role(
            user, "site_user", study=world.study, sites=[other.sites[0]], actor=BUILDER
        )
    assert caught.value.rule == "ROL-005"
    people.grant_role(user, "site_user", study=world.study, sites=world.sites, actor=BUILDER)
    actor = actor_for(user, world.study)
    assert actor is not None
    assert actor.sites == {site.pk for site in world.sites}
    # one home over all studies
    people.grant_role(user, "site_user", study=other.study, sites=[other.sites[1]], actor=BUILDER)
    assert [study.code for study in studies_of(user)] == ["ALPHA", "BETA"]
    elsewhere = actor_for(user, other.study)
    assert elsewhere is not None
    assert elsewhere.sites == {other.sites[1].pk}


def test_a_project_manager_manages_the_own_study_and_makes_no_administrator(
    world: StudyWorld,
) -> None:
    manager, user = world.actor("project_manager"), make_user("new")
    beta = bare_study("BETA")
    assert people.grant_role(user, "sponsor", study=world.study, actor=manager)
    for study in (beta, None):
        role = "administrator" if study is None else "sponsor"
        with pytest.raises(NotPermitted):
            people.grant_role(user, role, study=study, actor=manager)
        with pytest.raises(NotPermitted):
            people.invite(
                email="x@example.org",
                printed_name="X",
                organisation="",
                role=role,
                study=study,
                actor=manager,
            )
    held = membership(make_user("b", password=None), beta, "sponsor")
    with pytest.raises(NotPermitted):
        people.end_role(held, actor=manager, reason="mine")


def test_nobody_gives_a_role_to_themselves(world: StudyWorld) -> None:
    manager = world.actor("project_manager")
    with pytest.raises(NotPermitted):
        people.grant_role(
            world.users["project_manager"], "data_manager", study=world.study, actor=manager
        )


def test_a_role_that_is_over_cannot_be_ended_into_the_present() -> None:
    study = bare_study("ALPHA")
    held = membership(make_user("p", password=None), study, "sponsor", ends=START)
    Membership.objects.get(pk=held.pk)
    over = membership(
        make_user("q", password=None), study, "sponsor", ends=START + timedelta(days=1)
    )
    for row in (held, over):
        with pytest.raises(RuleBroken) as caught:
            people.end_role(row, actor=BUILDER, reason="again")
        assert caught.value.rule == "ROL-006"
    over.refresh_from_db()
    assert over.period.upper == START + timedelta(days=1)


def test_a_role_that_has_not_begun_never_begins_once_it_is_ended() -> None:
    later = clock.now() + timedelta(days=10)
    user, study = make_user("p", password=None), bare_study("ALPHA")
    held = membership(user, study, "sponsor", starts=later)
    people.end_role(held, actor=BUILDER, reason="changed plans")
    with clock.shifted_by(timedelta(days=11)):
        assert actor_for(user, study) is None


def test_ending_a_role_needs_a_reason_and_is_in_the_trail(world: StudyWorld) -> None:
    held = Membership.objects.get(user=world.users["sponsor"])
    with pytest.raises(ReasonRequired):
        people.end_role(held, actor=BUILDER, reason=" ")
    people.end_role(held, actor=BUILDER, reason="contract ended")
    event = Event.objects.get(kind="role.end")
    assert (event.reason, event.study_id) == ("contract ended", world.study.pk)


def test_an_account_that_ended_is_given_no_role(world: StudyWorld) -> None:
    user = make_user("gone")
    with acting(BUILDER):
        user.is_active = False
        user.save()
    with pytest.raises(RuleBroken):
        people.grant_role(user, "sponsor", study=world.study, actor=BUILDER)


# --- invitations ----------------------------------------------------------------------------------


def invited(world: StudyWorld, email: str = "New.Nurse@Example.org") -> tuple[Any, str]:
    return people.invite(
        email=email,
        printed_name=" Nora Lund ",
        organisation="Hospital",
        role="site_user",
        study=world.study,
        sites=[world.sites[0]],
        actor=world.actor("project_manager"),
    )


def test_an_invitation_makes_an_account_with_its_role_and_works_once(world: StudyWorld) -> None:
    invitation, secret = invited(world)
    assert secret not in str(invitation.__dict__)
    found = people.invitation_for(secret)
    assert found == invitation
    user = people.accept_invitation(
        invitation, password="a long phrase of mine", time_zone="Europe/Oslo", invited_by=BUILDER
    )
    assert (user.email, user.printed_name) == ("new.nurse@example.org", "Nora Lund")
    assert user.check_password("a long phrase of mine")
    assert user.identity_verified_by == "world builder"
    actor = actor_for(user, world.study)
    assert actor is not None
    assert (actor.role, actor.sites) == ("site_user", {world.sites[0].pk})
    assert people.invitation_for(secret) is None
    with pytest.raises(RuleBroken) as caught:
        people.accept_invitation(invitation, password="x", time_zone="UTC", invited_by=BUILDER)
    assert caught.value.rule == "ROL-004"


def test_an_invitation_ends_after_two_weeks(world: StudyWorld) -> None:
    _, secret = invited(world)
    with clock.shifted_by(timedelta(days=14, seconds=-5)):
        assert people.invitation_for(secret) is not None
    with clock.shifted_by(timedelta(days=14, seconds=5)):
        assert people.invitation_for(secret) is None
    assert people.invitation_for("guessed") is None


def test_who_has_an_account_keeps_it_and_its_password(world: StudyWorld) -> None:
    user = make_user("nora_lund")
    invitation, _ = invited(world, user.email.upper())
    same = people.accept_invitation(
        invitation, password="another phrase", time_zone="UTC", invited_by=BUILDER
    )
    assert same.pk == user.pk
    assert not same.check_password("another phrase")


# --- the table of rights --------------------------------------------------------------------------


def test_an_unknown_right_fails_where_it_is_used() -> None:
    assert right("query.answer") == "query.answer"
    with pytest.raises(KeyError):
        right("query.anser")


def test_the_duties_that_must_not_meet_share_no_deciding_right() -> None:
    """Drawn by hand: who makes a fact does not judge it."""
    deciding = {"qc.decide", "read.perform", "adjudication.perform", "submission.upload"}
    deciding |= {"cut.make", "cut.acknowledge", "query.answer", "query.close"}
    holders = {name: PERMISSIONS[name] for name in deciding}
    assert not holders["submission.upload"] & holders["qc.decide"]
    assert not holders["read.perform"] & holders["adjudication.perform"]
    assert not holders["query.answer"] & holders["query.close"]
    assert not holders["cut.make"] & holders["cut.acknowledge"]
    for role in (Role.QUALITY_AUDITOR, Role.INSPECTOR, Role.ADMINISTRATOR, Role.PORTFOLIO_MANAGER):
        assert not any(role in roles for roles in holders.values()), role


def test_blinded_people_hold_only_the_rights_of_reading() -> None:
    reader = rights_of(["central_reader", "adjudicator"])
    assert set(reader) <= {
        "account.self",
        "read.inbox",
        "read.perform",
        "adjudication.inbox",
        "adjudication.perform",
        "reminder.acknowledge",
        # blinded: what of the archive exists for them is decided by their open reads
        "archive.retrieve",
    }
    assert reader["read.perform"] == "central_reader"


def test_an_administrator_manages_people_and_sees_no_data() -> None:
    held = set(rights_of(["administrator"]))
    assert {"user.manage", "system.view", "study.members.manage"} <= held
    assert not any(name.startswith(("subject.", "read.", "image.", "cut.")) for name in held)


def test_outside_a_study_a_person_has_an_account_and_nothing_else(world: StudyWorld) -> None:
    home = home_actor(world.users["data_manager"])
    assert set(home.rights) == {"account.self"}
    assert (home.study_id, home.roles) == (None, frozenset())
