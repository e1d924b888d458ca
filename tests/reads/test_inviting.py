"""Many people are invited to read in one act, from a list pasted or sent as CSV."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Invitation, User
from audit import jobs
from audit.errors import NotPermitted, RuleBroken
from audit.models import Job
from reads.models import Onboarding, Reader, ReaderInvitation
from reads.services import inviting
from studies.models import Membership
from studies.scoping import scope
from studies.services import people
from tests.reads.read_world import READERS, logged_in, make_read_study, run_jobs
from tests.world import StudyWorld, make_user

pytestmark = pytest.mark.django_db


def listed(world: StudyWorld) -> str:
    known = make_user("known_physician")
    return "\n".join(
        (
            "name;email;specialty;country;areas;per_day;per_week",
            f"Known;{known.email};Radiology;SE;oncology, neurology;4;20",
            f"Reader;{world.users[READERS[0]].email};Radiology;DE;;;",
            "New One;new.one@example.org;Nuclear medicine;FR;oncology;5;25",
            "No Mail;;Radiology;FR;;;",
            "Wrong;wrong@example.org;Radiology;France;;;",
            "Again;NEW.ONE@example.org;Radiology;FR;;;",
        )
    )


def test_known_people_come_onto_the_board_and_others_are_invited_by_mail(
    django_capture_on_commit_callbacks: object,
) -> None:
    world = make_read_study()
    client = logged_in(world, "reviewer_operations")
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        answer = client.post(
            reverse("reader-invite-many", args=["ALPHA"]), {"list": listed(world)}, follow=True
        )
    page = answer.content.decode()
    assert "2 readers are on the onboarding board, 1 people without an account" in page
    assert "Line 4: email is missing." in page
    assert "Enter the country as two letters" in page
    assert "Line 6: new.one@example.org stands twice." in page
    assert "new.one@example.org" in page  # invited by mail, no account yet
    with scope(world.study):
        assert Onboarding.objects.count() == 2
        known = Reader.objects.get(user__printed_name="Known Physician")
        assert (known.per_week, known.therapeutic_areas) == (20, ["oncology", "neurology"])
        assert Membership.objects.filter(user=known.user, role="central_reader").exists()
    (sent,) = [one for one in mail.outbox if one.to == ["new.one@example.org"]]
    accept(re.search(r"https?://\S+?(/\S+)", sent.body).group(1))  # type: ignore[union-attr]
    run_jobs()
    with scope(world.study):
        row = Onboarding.objects.get(reader__user__email="new.one@example.org")
        assert (row.state, row.reader.per_week, row.reader.specialty) == (
            "cv",
            25,
            "Nuclear medicine",
        )
        assert ReaderInvitation.objects.get().onboarding == row


def accept(path: str) -> None:
    """Accept an invitation as the invited person does, in a browser of their own."""
    Client().post(
        path,
        {
            "password": "a long enough pass phrase 7",
            "again": "a long enough pass phrase 7",
            "time_zone": "Europe/Paris",
        },
    )
    assert User.objects.filter(email="new.one@example.org").exists()


def test_the_same_list_twice_invites_nobody_twice() -> None:
    world = make_read_study()
    desk = world.actor("reviewer_operations")
    text = "New One,new.one@example.org,Radiology,FR"
    with scope(world.study):
        first = inviting.invite_many(world.study, text, actor=desk, mail=lambda *_: None)
        again = inviting.invite_many(world.study, text, actor=desk, mail=lambda *_: None)
    assert (first.invited, again.invited) == (["New One"], [])
    assert again.left_out == ["New One is invited already."]
    assert Invitation.objects.count() == 1


def test_a_welcome_that_runs_twice_brings_nobody_twice() -> None:
    world = make_read_study()
    secrets: list[str] = []
    with scope(world.study), transaction.atomic():
        inviting.invite_many(
            world.study,
            "New One,new.one@example.org,Radiology,FR",
            actor=world.actor("reviewer_operations"),
            mail=lambda _, secret: secrets.append(secret),
        )
    (invited,) = ReaderInvitation._base_manager.all()
    people.accept_invitation(
        Invitation.objects.get(pk=invited.invitation_id),
        password="a long enough pass phrase 7",
        time_zone="Europe/Paris",
        invited_by=world.actor("reviewer_operations"),
    )
    row = Job.objects.get(kind="reads.welcome")
    for _ in range(2):
        Job.objects.filter(pk=row.pk).update(state="pending", attempts=0, finished_at=None)
        assert jobs.run(str(row.pk)) == "done"
    assert Onboarding._base_manager.count() == 1
    assert Reader.objects.count() == 1


def test_reviewer_operations_bring_readers_and_no_other_role() -> None:
    world = make_read_study()
    with scope(world.study):
        with pytest.raises(NotPermitted):
            people.invite(
                email="a@example.org", printed_name="A", organisation="", role="data_manager",
                study=world.study, actor=world.actor("reviewer_operations"),
            )  # fmt: skip
        with pytest.raises(NotPermitted):
            inviting.invite_many(
                world.study, "x", actor=world.actor("project_manager"), mail=lambda *_: None
            )


@pytest.mark.parametrize("text", ["", "\n \n", "\n".join(["a,b@c,d,SE"] * 202)])
def test_an_empty_or_endless_list_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken):
        inviting.read_lines(text)


def test_columns_are_parted_by_comma_semicolon_or_tab() -> None:
    for mark in ",;\t":
        (line,) = inviting.read_lines(mark.join(("A", "a@b.org", "Radiology", "SE")))
        assert (line.problem, line.entry["country"], line.entry["per_week"]) == ("", "SE", 30)
