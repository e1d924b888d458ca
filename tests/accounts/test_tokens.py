"""Keys for machines: shown once, kept as a digest, dated, revocable (trust P21, T42)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import ApiToken, User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import NotPermitted, RuleBroken
from audit.models import Event
from studies.actors import home_actor
from tests.world import BUILDER, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return make_user("rosa_lind")


@pytest.fixture
def key(user: User) -> tuple[ApiToken, str]:
    return tokens.issue(user, label="nightly pull", days=30, actor=home_actor(user))


def status(secret: str, scheme: str = "Bearer") -> int:
    return (
        Client()
        .get("/api/v1/studies/", headers={"Authorization": f"{scheme} {secret}"})
        .status_code
    )


def test_a_key_opens_the_interface(key: tuple[ApiToken, str]) -> None:
    assert status(key[1]) == 200
    assert status(key[1], "bearer") == 200


@pytest.mark.parametrize("secret", ["", "icro_wrong", "two parts", "ümlaut"])
def test_what_is_no_key_opens_nothing(key: tuple[ApiToken, str], secret: str) -> None:
    assert status(secret.encode("latin-1").decode("latin-1")) == 401


def test_the_secret_is_not_kept_anywhere(key: tuple[ApiToken, str]) -> None:
    token, secret = key
    everything = str(list(ApiToken.objects.values())) + str(list(Event.objects.values()))
    everything += str(list(token.history.values()))
    assert secret not in everything
    assert token.digest == ApiToken.digest_of(secret)


def test_a_key_ends_on_its_day(key: tuple[ApiToken, str]) -> None:
    with clock.shifted_by(timedelta(days=30, seconds=-5)):
        assert status(key[1]) == 200
    with clock.shifted_by(timedelta(days=30, seconds=5)):
        assert status(key[1]) == 401


def test_a_revoked_key_is_refused_at_once(key: tuple[ApiToken, str], user: User) -> None:
    tokens.revoke(key[0], actor=home_actor(user), reason="the laptop was lost")
    assert status(key[1]) == 401
    event = Event.objects.get(kind="token.revoke")
    assert event.reason == "the laptop was lost"


def test_the_key_of_a_person_who_left_is_refused(key: tuple[ApiToken, str], user: User) -> None:
    with acting(BUILDER):
        user.is_active = False
        user.save()
    assert status(key[1]) == 401


@pytest.mark.parametrize(("label", "days"), [("", 30), (" ", 30), ("x", 0), ("x", 366)])
def test_a_key_needs_a_purpose_and_an_end_within_a_year(user: User, label: str, days: int) -> None:
    with pytest.raises(RuleBroken):
        tokens.issue(user, label=label, days=days, actor=home_actor(user))


def test_nobody_makes_or_ends_another_person_s_key(key: tuple[ApiToken, str], user: User) -> None:
    other = home_actor(make_user("eve_moss"))
    with pytest.raises(NotPermitted):
        tokens.issue(user, label="mine now", days=1, actor=other)
    with pytest.raises(NotPermitted):
        tokens.revoke(key[0], actor=other, reason="because")
    administrator = Actor(name="Admin", rights={"user.manage": "administrator"})
    assert tokens.revoke(key[0], actor=administrator, reason="lost").revoked_at is not None
