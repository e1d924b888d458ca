"""Sessions end on the server, and guesses are stopped (trust T20, P17, P21, P22; ASVS 7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.sessions import NOTED, SEEN, STARTED
from audit import clock
from audit.actors import acting
from audit.models import Event
from studies.models import Membership
from studies.services import people
from tests.world import BUILDER, PASSWORD, StudyWorld, make_study, make_user

pytestmark = pytest.mark.django_db

SUBJECTS = "/api/v1/studies/ALPHA/subjects/"
STUDIES = "/api/v1/studies/"


@pytest.fixture
def user() -> User:
    return make_user("ana_ruiz")


def log_in(client: Client, user: User, password: str = PASSWORD, **headers: Any) -> bool:
    client.post("/accounts/login/", {"login": user.email, "password": password}, **headers)
    return "_auth_user_id" in client.session


def inside(client: Client) -> bool:
    return client.get(STUDIES).status_code == 200


def back(client: Client, key: str, seconds: int) -> None:
    session = client.session
    session[key] = session[key] - seconds
    session.save()


@pytest.fixture
def visitor(client: Client, user: User) -> Client:
    assert log_in(client, user)
    assert inside(client)
    return client


def test_a_session_lasts_while_it_is_used(visitor: Client) -> None:
    for _ in range(3):
        back(visitor, SEEN, 29 * 60)
        assert inside(visitor)


def test_a_session_that_idled_for_half_an_hour_is_over(visitor: Client) -> None:
    back(visitor, SEEN, 30 * 60 + 1)
    assert not inside(visitor)
    assert "_auth_user_id" not in visitor.session


def test_a_session_ends_after_twelve_hours_of_work(visitor: Client) -> None:
    back(visitor, STARTED, 12 * 3600 + 1)
    assert not inside(visitor)


def test_a_page_that_asks_by_itself_does_not_keep_a_session_alive(visitor: Client) -> None:
    back(visitor, SEEN, 25 * 60)
    before = visitor.session[SEEN]
    assert visitor.get(STUDIES, headers={"X-Background": "1"}).status_code == 200
    assert visitor.session[SEEN] == before
    assert inside(visitor)
    assert visitor.session[SEEN] > before


def test_a_session_is_listed_with_where_it_was_used_last(visitor: Client, user: User) -> None:
    first = UserSession.objects.get(user=user)
    assert first.ip == "127.0.0.1"
    for address in ("192.0.2.7", "192.0.2.8"):
        assert visitor.get(STUDIES, REMOTE_ADDR=address).status_code == 200
        assert UserSession.objects.get(user=user).ip == address
    visitor.get(STUDIES, REMOTE_ADDR="192.0.2.8", headers={"User-Agent": "another browser"})
    assert UserSession.objects.get(user=user).user_agent == "another browser"


def test_the_time_a_session_was_seen_is_written_at_most_every_twenty_seconds(
    visitor: Client, user: User
) -> None:
    seen = UserSession.objects.get(user=user).last_seen_at
    assert inside(visitor)
    assert UserSession.objects.get(user=user).last_seen_at == seen
    session = visitor.session
    session[NOTED] = [session[NOTED][0], session[NOTED][1] - 21]
    session.save()
    assert inside(visitor)
    assert UserSession.objects.get(user=user).last_seen_at > seen


def test_each_log_in_is_a_session_of_its_own_in_the_list(visitor: Client, user: User) -> None:
    other = Client()
    assert log_in(other, user)
    assert inside(other)
    listed = set(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
    assert listed == {visitor.session.session_key, other.session.session_key}


def test_a_machine_is_told_401_and_a_person_is_led_to_the_log_in_and_back(visitor: Client) -> None:
    back(visitor, SEEN, 31 * 60)
    assert visitor.get(STUDIES).status_code == 401
    back_again = Client()
    user = User.objects.get()
    assert log_in(back_again, user)
    back_again.get(STUDIES)
    back(back_again, SEEN, 31 * 60)
    answer = back_again.get("/accounts/password/change/?from=here")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/?next=")
    assert "from%3Dhere" in answer.headers["Location"]


def test_a_cookie_that_was_stolen_is_worth_nothing_after_the_log_out(visitor: Client) -> None:
    thief = Client()
    thief.cookies["sessionid"] = visitor.cookies["sessionid"].value
    assert inside(thief)
    visitor.post("/accounts/logout/")
    assert not inside(thief)
    assert not inside(visitor)


def test_the_session_gets_a_new_name_at_log_in(client: Client, user: User) -> None:
    client.get("/accounts/login/")
    session = client.session
    session["before"] = 1
    session.save()
    client.cookies["sessionid"] = session.session_key
    assert log_in(client, user)
    assert client.cookies["sessionid"].value != session.session_key


def test_a_person_who_is_deactivated_is_out_with_the_next_request(
    visitor: Client, user: User
) -> None:
    with acting(BUILDER, "left the company"):
        user.is_active = False
        user.save()
    assert not inside(visitor)


def test_a_new_password_ends_the_other_sessions(visitor: Client, user: User) -> None:
    with acting(BUILDER):
        changed = User.objects.get(pk=user.pk)
        changed.set_password("another long phrase here")
        changed.save()
    assert not inside(visitor)


def test_a_role_that_ends_ends_with_the_next_request() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=1)
    operations = world.users["image_operations"]
    client = Client()
    client.force_login(operations, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(SUBJECTS).status_code == 200
    held = Membership.objects.get(user=operations)
    people.end_role(held, actor=BUILDER, reason="changed teams")
    assert client.get(SUBJECTS).status_code == 404
    assert inside(client)  # the account itself goes on


def test_a_right_begins_and_ends_to_the_second() -> None:
    world: StudyWorld = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    from studies.actors import actor_for

    user = make_user("guest")
    start = datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC)  # summer time ends in Zurich at 01:00
    people.grant_role(
        user,
        "quality_auditor",
        study=world.study,
        actor=BUILDER,
        starts=start,
        ends=start + timedelta(seconds=2),
    )
    held = []
    for seconds in (-1, 0, 1, 2):
        with clock.shifted_by(start + timedelta(seconds=seconds, milliseconds=1) - clock.now()):
            held.append(actor_for(user, world.study) is not None)
    assert held == [False, True, True, False]


# --- log-in ---------------------------------------------------------------------------------------


def test_log_ins_log_outs_and_failures_are_in_the_trail(client: Client, user: User) -> None:
    log_in(client, user, "wrong")
    log_in(client, user)
    client.post("/accounts/logout/")
    told = list(
        Event.objects.filter(kind__startswith="account.").values_list("kind", "actor_login")
    )
    assert ("account.login_failed", user.email) in told
    assert ("account.login", user.email) in told
    assert ("account.logout", user.email) in told
    assert PASSWORD not in str(list(Event.objects.values()))
    assert all(event.address == "127.0.0.1" for event in Event.objects.filter(kind="account.login"))


def test_after_five_failures_the_right_password_is_refused_from_that_address(
    client: Client, user: User
) -> None:
    for _ in range(5):
        assert not log_in(client, user, "wrong", REMOTE_ADDR="192.0.2.1")
    assert not log_in(client, user, REMOTE_ADDR="192.0.2.1")


def test_guesses_from_many_addresses_are_counted_on_the_account(client: Client, user: User) -> None:
    for number in range(5):
        log_in(client, user, "wrong", REMOTE_ADDR=f"192.0.2.{number + 1}")
    assert not log_in(Client(), user, REMOTE_ADDR="192.0.2.99")


def test_nobody_locks_another_person_out_for_good(client: Client, user: User) -> None:
    for _ in range(5):
        log_in(client, user, "wrong", REMOTE_ADDR="192.0.2.1")
    cache.clear()  # the account's own pause of five minutes is over
    assert log_in(Client(), user, REMOTE_ADDR="192.0.2.2")
    assert not log_in(Client(), user, REMOTE_ADDR="192.0.2.1")


def test_another_spelling_of_the_address_is_counted_on_the_same_account(
    client: Client, user: User
) -> None:
    for spelling in (user.email, user.email.upper(), f" {user.email}", user.email.title()) * 2:
        client.post("/accounts/login/", {"login": spelling, "password": "wrong"})
    assert not log_in(client, user)


def test_a_log_in_works_with_any_spelling_of_the_address(client: Client, user: User) -> None:
    client.post("/accounts/login/", {"login": user.email.upper(), "password": PASSWORD})
    assert "_auth_user_id" in client.session


def test_a_stranger_learns_nothing_about_who_has_an_account(client: Client, user: User) -> None:
    def told(address: str) -> str:
        answer = client.post("/accounts/login/", {"login": address, "password": "wrong"})
        return answer.content.decode().replace(address, "")

    known, unknown = told(user.email), told("nobody.here@example.org")
    assert ("not correct" in known) == ("not correct" in unknown)
    client.post("/accounts/password/reset/", {"email": "nobody.here@example.org"})
    assert all(user.email not in message.to for message in mail.outbox)


@pytest.mark.parametrize(
    ("page", "back_to"),
    [
        ("http://testserver/s/ALPHA/qc/1/?series=2", "/s/ALPHA/qc/1/?series=2"),
        ("https://elsewhere.example/s/ALPHA/", "/"),
        ("", "/"),
    ],
)
def test_who_sent_a_form_too_late_comes_back_to_the_page_of_the_form(
    page: str, back_to: str
) -> None:
    """What answers a form has no page of its own: to be led there would end at an empty one."""
    headers = {"Referer": page} if page else {}
    answer = Client(headers=headers).post("/s/ALPHA/qc/00000000-0000-0000-0000-000000000000/claim/")
    assert answer.status_code == 302
    asked = parse_qs(urlsplit(answer["Location"]).query)
    assert asked["next"] == [back_to]


def test_a_form_older_than_the_last_log_in_is_refused_in_words(visitor: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    answer = strict.post("/accounts/logout/")
    assert answer.status_code == 403
    assert "older than your last log-in" in answer.content.decode()
    assert "Nothing was changed" in answer.content.decode()
