"""Secrets of second factors at rest, their keys, and the way back (21 CFR 11.300; trust P21)."""

from __future__ import annotations

import re
import time
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts import secondfactor
from accounts.models import User
from accounts.permissions import Role
from accounts.signatures import prove
from audit.actors import Actor, acting
from audit.errors import SignatureRefused
from audit.models import Event
from studies.services import people
from tests.world import (
    BACKEND,
    BUILDER,
    PASSWORD,
    make_user,
)

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
UNREADABLE = "cannot be read on this installation any more. Ask an administrator to reset it"


@pytest.fixture(autouse=True)
def keys(settings: Any, tmp_path: Path) -> Path:
    settings.KEYS_DIR = tmp_path / "keys"
    return tmp_path / "keys" / "second-factor"


@pytest.fixture
def person() -> User:
    user = make_user("Ines Duarte")
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


@pytest.fixture
def administrator() -> User:
    user = make_user("The Administrator")
    people.grant_role(user, Role.ADMINISTRATOR, study=None, actor=BUILDER)
    return user


def code(shift: int = 0) -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 + shift))


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        return str(cursor.fetchone()[0])


def log_in(user: User, typed: str) -> tuple[Client, Any]:
    client = Client()
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer["Location"].startswith("/accounts/2fa/authenticate")
    return client, client.post(answer["Location"], {"code": typed})


def sign(user: User, typed: str = "") -> None:
    actor = Actor(name=user.printed_name, login=user.email, role="scientific", user_id=user.pk)
    prove(user, actor, password=PASSWORD, code=typed, meaning="approval", statement="I approve.")


def lose(keys: Path) -> None:
    for path in keys.glob("*.key"):
        path.unlink()


def reset(client: Client, user: User, **change: str) -> Any:
    words = {"reason_code": "unreadable", "reason": "The key file was lost.", **change}
    return client.post(f"/admin/users/{user.pk}/second-factor/", words)


def test_the_database_holds_no_secret_and_no_recovery_code_in_clear(person: User) -> None:
    found = Authenticator.objects.get(user=person, type="recovery_codes")
    seed = secondfactor.unseal(found.data["seed"])
    text = stored()
    assert SECRET not in text
    assert seed not in text
    assert list(secondfactor.secrets_are_sealed()) == []


def test_a_key_can_be_read_by_its_owner_only(person: User, keys: Path) -> None:
    (path,) = keys.glob("*.key")
    assert path.stat().st_mode & 0o777 == 0o600


def test_signing_in_with_a_code_works(person: User) -> None:
    client, answer = log_in(person, code())
    assert answer.status_code == 302
    assert client.get("/account/profile/").status_code == 200


def test_signing_in_with_a_recovery_code_works(person: User) -> None:
    codes = Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()
    client, _ = log_in(person, codes[0])
    assert client.get("/account/profile/").status_code == 200


def test_a_wrong_code_does_not_sign_in(person: User) -> None:
    client, _ = log_in(person, code(-20))
    assert client.get("/account/profile/").status_code == 302


SETUP = "/accounts/2fa/totp/activate/"


def setting_up(person: User) -> tuple[Client, str]:
    """Return a browser that shows a new secret, and that secret as the page shows it."""
    client = Client()
    client.force_login(person, backend=BACKEND)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    shown = re.search(r'data-copy="([A-Z2-7]{32})"', client.get(SETUP).content.decode())
    assert shown is not None
    return client, shown[1]


def now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def waiting_in(client: Client) -> str:
    session = Session.objects.get(pk=client.session.session_key)
    return str(session.get_decoded().get("mfa.totp.secret", ""))


def test_a_secret_that_waits_for_its_first_code_lies_encrypted_in_the_session() -> None:
    client, secret = setting_up(make_user("Jana Weiss"))
    assert secondfactor.unseal(waiting_in(client)) == secret
    client.post(SETUP, {"code": "000000"})
    assert secondfactor.unseal(waiting_in(client)) == secret, "a wrong code keeps the secret"


def test_the_first_code_turns_the_second_factor_on_and_empties_the_session() -> None:
    user = make_user("Jana Weiss")
    client, secret = setting_up(user)
    assert client.post(SETUP, {"code": now(secret)}).status_code == 302
    row = Authenticator.objects.get(user=user, type="totp")
    assert secondfactor.unseal(row.data["secret"]) == secret
    assert waiting_in(client) == ""


def test_a_new_secret_is_shown_when_the_key_of_the_waiting_one_is_lost(keys: Path) -> None:
    user = make_user("Jana Weiss")
    client, secret = setting_up(user)
    lose(keys)
    answer = client.post(SETUP, {"code": now(secret)})
    assert answer.status_code == 200
    assert secret not in answer.content.decode()
    assert secondfactor.unseal(waiting_in(client)) in answer.content.decode()
    assert not Authenticator.objects.filter(user=user).exists()


def test_what_an_earlier_version_stored_in_clear_is_encrypted_once(person: User) -> None:
    row = Authenticator.objects.get(user=person, type="totp")
    row.data = {"secret": SECRET}
    row.save()
    assert [str(fault) for fault in secondfactor.secrets_are_sealed()] == [
        f"mfa.authenticator {row.pk}: holds a secret in clear"
    ]
    change = import_module("accounts.migrations.0002_second_factor_secrets_and_menu")
    for _ in range(2):
        change.encrypt_what_is_in_clear(apps, SimpleNamespace(connection=connection))
    assert SECRET not in stored()
    sign(person, code())


def test_a_secret_put_into_the_database_in_clear_is_not_believed(person: User) -> None:
    Authenticator.objects.filter(user=person, type="totp").update(data={"secret": SECRET})
    with pytest.raises(SignatureRefused) as refused:
        sign(person, code())
    assert refused.value.rule == "second_factor"


def test_a_new_key_encrypts_everything_and_codes_go_on_working(person: User, keys: Path) -> None:
    before = stored()
    call_command("second_factors", "rotate", stdout=StringIO())
    assert stored() != before
    assert all("k2:" in str(row.data) for row in Authenticator.objects.all())
    assert sorted(path.name for path in keys.glob("*.key")) == ["000001.key", "000002.key"]
    call_command("second_factors", "rotate", stdout=StringIO())
    assert sorted(path.name for path in keys.glob("*.key")) == ["000002.key", "000003.key"]
    sign(person, code())


def test_no_new_key_is_made_while_a_secret_cannot_be_read(person: User, keys: Path) -> None:
    lose(keys)
    before = stored()
    with pytest.raises(CommandError, match="nothing was changed"):
        call_command("second_factors", "rotate", stdout=StringIO())
    assert stored() == before


def test_when_the_key_is_lost_signing_in_says_what_to_do(person: User, keys: Path) -> None:
    lose(keys)
    client, answer = log_in(person, code())
    assert answer.status_code == 200
    assert UNREADABLE in answer.content.decode()
    assert client.get("/account/profile/").status_code == 302


def test_when_the_key_is_lost_signing_says_what_to_do(person: User, keys: Path) -> None:
    lose(keys)
    with pytest.raises(SignatureRefused, match=UNREADABLE):
        sign(person, code())
    assert Event.objects.get(kind="signature.refused").details["why"] == "second_factor"


def test_the_page_of_a_lost_second_factor_explains_itself(person: User, keys: Path) -> None:
    lose(keys)
    client = Client()
    client.force_login(person, backend=BACKEND)
    answer = client.get("/accounts/2fa/")
    assert answer.status_code == 409
    assert UNREADABLE in answer.content.decode()


def test_the_operator_learns_whose_second_factor_is_lost(person: User, keys: Path) -> None:
    out = StringIO()
    call_command("second_factors", "check", stdout=out)
    assert out.getvalue() == "0 second factors cannot be read.\n"
    lose(keys)
    with pytest.raises(SystemExit):
        call_command("second_factors", "check", stdout=out)
    assert f"{person.email}: the second factor cannot be read" in out.getvalue()


def test_an_administrator_resets_it_and_the_identity_is_verified_anew(
    person: User, administrator: User, keys: Path
) -> None:
    lose(keys)
    client, theirs = Client(), Client()
    client.force_login(administrator, backend=BACKEND)
    theirs.force_login(person, backend=BACKEND)
    theirs.get("/")
    assert "Reset second factor" in client.get(f"/admin/users/{person.pk}/").content.decode()
    assert reset(client, person).status_code == 302
    assert theirs.get("/account/profile/").status_code == 302, "their session has ended"
    event = Event.objects.get(kind="account.second_factor_revoked")
    assert (event.actor_name, event.reason) == (
        "The Administrator",
        "It cannot be read on this installation any more: The key file was lost.",
    )
    answer = Client().post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    assert answer["Location"] == "/"
    with pytest.raises(SignatureRefused) as refused:
        sign(person)
    assert refused.value.rule == "identity"
    TOTP.activate(person, SECRET)
    assert list(secondfactor.unreadable()) == []


def test_nobody_resets_the_own_second_factor(administrator: User) -> None:
    TOTP.activate(administrator, SECRET)
    client = Client()
    client.force_login(administrator, backend=BACKEND)
    answer = reset(client, administrator)
    assert answer.status_code == 422
    assert "Another administrator resets your second factor" in answer.content.decode()
    assert Authenticator.objects.filter(user=administrator).exists()


def test_a_reset_needs_a_reason_and_something_to_reset(administrator: User) -> None:
    other = make_user("Ines Duarte")
    client = Client()
    client.force_login(administrator, backend=BACKEND)
    assert reset(client, other, reason="").status_code == 422
    assert "has no second factor" in reset(client, other).content.decode()


def test_the_operator_resets_when_no_administrator_can_sign_in(person: User, keys: Path) -> None:
    lose(keys)
    words = ["reset", person.email.upper(), "--by", "Runa Holm", "--reason", "Key lost."]
    call_command("second_factors", *words, stdout=StringIO())
    event = Event.objects.get(kind="account.second_factor_revoked")
    assert event.actor_name == "Runa Holm (operation of the platform)"
    with acting(BUILDER), pytest.raises(CommandError, match="has no second factor"):
        call_command("second_factors", *words, stdout=StringIO())
