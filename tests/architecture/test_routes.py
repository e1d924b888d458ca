"""Every named address, every role, foreign objects: as the policy written by hand says.

The world is made once and each request is rolled back, so that the whole table stays fast.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import sessions
from accounts.models import ApiToken, Notice, User
from accounts.permissions import Role
from audit.actors import acting
from studies.services import people
from tests.reads.read_world import make_read_study
from tests.rolled_back import rolled_back
from tests.routes_world import own_objects
from tests.world import (
    BACKEND,
    BUILDER,
    StudyWorld,
    make_user,
)

POLICY = yaml.safe_load((Path(__file__).parent / "policy.yaml").read_text(encoding="utf-8"))
SECTIONS = ("person", "study", "open", "api")
IN_STUDY = {
    **POLICY["study"],
    **{name: row for name, row in POLICY["api"].items() if not row.get("outside")},
}
METHODS = ("GET", "POST", "PUT", "DELETE")
OPEN = {200, 201, 204, 302, 400, 409, 422}
#: addresses of the style guide, which holds invented data and exists in development only
WITHOUT_POLICY = ("style-guide",)
#: addresses that the account library serves with its own rules about methods
LIBRARY = ("account_", "mfa_", "usersessions_")
#: how long a session counts as noted here, seconds: twenty would have everybody open their home
#: page for it again and again, a sixth of the whole time
NOTED_S = 600


def expand(names: list[str]) -> set[str]:
    """Return the roles behind names of roles and groups."""
    found: set[str] = set()
    for name in names:
        found |= set(POLICY["groups"].get(name, [name]))
    return found


def named_addresses(resolver: Any = None, namespace: str = "") -> Iterator[str]:
    """Return the name of every address of the project."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from named_addresses(pattern, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{namespace}{pattern.name}"


@dataclass
class Table:
    """Two studies, everybody in them, and one object of each kind in both."""

    alpha: StudyWorld
    beta: StudyWorld
    administrator: User
    own: dict[str, Any] = field(default_factory=dict)
    foreign: dict[str, Any] = field(default_factory=dict)
    #: the session of each person, who logs in once
    sessions: dict[Any, str] = field(default_factory=dict)
    #: when a page of a session was last answered for good, by the clock that only goes on
    noted: dict[str, float] = field(default_factory=dict)

    def people(self) -> dict[str, User]:
        """Return everybody who is asked: members, the administrator, a member of another study."""
        return {
            **self.alpha.users,
            "administrator": self.administrator,
            "outsider": self.beta.users["project_manager"],
        }

    def of(self, user: User, name: str) -> Any:
        """Return an object for an address; personal ones belong to the asking person."""
        if name == "notice":
            return Notice.objects.create(user=user, kind="test", text="A message", key="test").pk
        if name == "token":
            with acting(BUILDER):
                made = ApiToken(
                    user=user, label="key", digest=user.pk.hex, expires_at="2100-01-01T00:00Z"
                )
                made.save()
            return made.pk
        return self.own[name]


def one_study() -> Table:
    """Build one study with everybody in it, and the administrator."""
    alpha = make_read_study("ALPHA", "Norvane")
    administrator = make_user("The Administrator")
    people.grant_role(administrator, Role.ADMINISTRATOR, study=None, actor=BUILDER)
    return Table(alpha, alpha, administrator, own_objects(alpha))


@pytest.fixture(scope="module")
def table(django_db_setup: None, django_db_blocker: Any) -> Iterator[Table]:
    """Build both studies; everything is rolled back after the module."""
    noted = patch.object(sessions, "GRAIN", NOTED_S)
    with django_db_blocker.unblock(), rolled_back(), noted:
        alpha = make_read_study("ALPHA", "Norvane")
        beta = make_read_study("BETA", "Calder")
        administrator = make_user("The Administrator")
        people.grant_role(administrator, Role.ADMINISTRATOR, study=None, actor=BUILDER)
        made = Table(alpha, beta, administrator)
        made.own, made.foreign = own_objects(alpha), own_objects(beta)
        made.sessions = {user.pk: session_of(user) for user in made.people().values()}
        yield made


def session_of(user: User) -> str:
    """Log a person in and return the session of the browser."""
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def ask(session: str, url: str, method: str = "GET", body: Any = None) -> int:
    """Return the status of one request of a session, or of nobody's."""
    client = Client(raise_request_exception=False)
    if session:
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    content = json.dumps(body or {}) if url.startswith("/api/") else ""
    answer = client.generic(method, url, content, content_type="application/json")
    if answer.status_code == 302 and answer["Location"].startswith("/accounts/login"):
        return 401
    return answer.status_code


def word(status: int) -> str:
    """Return the class of a status in the words of the policy."""
    if status in OPEN:
        return "open"
    return {401: "login", 403: "closed", 404: "hidden", 405: "refused"}.get(status, str(status))


def _noted_session(table: Table, user: User) -> str:
    """Return the session of a person, seen lately.

    A page notes when its session was seen. One now and then stays, so that not each of the
    others, which are rolled back, writes it again.
    """
    session, now = table.sessions[user.pk], time.monotonic()
    if now - table.noted.get(session, -NOTED_S) >= NOTED_S / 2:
        ask(session, "/")
        table.noted[session] = now
    return session


def asked(table: Table, name: str, user: User | None, arguments: list[Any], method: str) -> str:
    """Return how an address answers somebody."""
    # Pages about oneself may ask for a log-in of the last minutes.
    is_own = name in POLICY["person"]
    session = _noted_session(table, user) if user is not None and not is_own else ""
    with rolled_back():
        body = IN_STUDY.get(name, {}).get("body")
        if user is not None and is_own:
            session = session_of(user)
        status = ask(session, reverse(name, args=arguments), method, body)
    return word(status)


def test_every_named_address_has_a_row_in_the_policy() -> None:
    rows = {name for section in SECTIONS for name in POLICY[section]}
    known = {name for name in named_addresses() if not name.startswith(WITHOUT_POLICY)}
    assert sorted(known - rows) == [], "addresses without a row"
    assert sorted(rows - known) == [], "rows without an address"


@pytest.mark.parametrize("name", sorted(IN_STUDY))
def test_a_page_of_a_study_opens_for_its_roles_only(table: Table, name: str) -> None:
    row = IN_STUDY[name]
    method = row.get("methods", ["GET"])[0]
    allowed, hidden = expand(row["who"]), expand(row.get("hidden", []))
    near = set(row.get("near", []))
    expected, found = {}, {}
    for role, user in table.people().items():
        kind = role.removesuffix("_2")
        expected[role] = (
            "hidden"
            if role in {"administrator", "outsider"} or role in near or kind in hidden
            else "open"
            if kind in allowed
            else "closed"
        )
        arguments = [table.alpha.study.code, *(table.own[a] for a in row.get("args", []))]
        found[role] = asked(table, name, user, arguments, method)
    assert found == expected


@pytest.mark.parametrize(
    "name",
    sorted(n for n, row in IN_STUDY.items() if row.get("args") and row.get("foreign", True)),
)
def test_an_object_of_another_study_is_not_found(table: Table, name: str) -> None:
    row = IN_STUDY[name]
    method = row.get("methods", ["GET"])[0]
    arguments = [table.alpha.study.code, *(table.foreign[a] for a in row["args"])]
    found = {
        role: asked(table, name, table.alpha.users[role], arguments, method)
        for role in expand(row["who"])
    }
    assert found == dict.fromkeys(found, "hidden")


@pytest.mark.parametrize("name", sorted(POLICY["person"]))
def test_a_page_outside_studies_opens_for_its_roles_only(table: Table, name: str) -> None:
    row = POLICY["person"][name]
    method = row.get("methods", ["GET"])[0]
    allowed = expand(row["who"]) if "who" in row else set(table.people())
    refusal = "hidden" if row.get("hidden") else "closed"
    expected = {
        role: "open" if {role, role.removesuffix("_2")} & allowed else refusal
        for role in table.people()
    }
    found = {}
    for role, user in table.people().items():
        with rolled_back():
            arguments = [table.of(user, a) for a in row.get("args", [])]
            found[role] = asked(table, name, user, arguments, method)
    assert found == expected


@pytest.mark.parametrize("name", ["notice-read", "token-revoke"])
def test_what_belongs_to_another_person_is_not_found(table: Table, name: str) -> None:
    owner, other = table.alpha.users["scientific"], table.alpha.users["data_manager"]
    with rolled_back():
        arguments = [table.of(owner, POLICY["person"][name]["args"][0])]
        assert asked(table, name, other, arguments, "POST") == "hidden"


@pytest.mark.parametrize("name", sorted([*POLICY["person"], *POLICY["study"]]))
def test_somebody_not_signed_in_is_sent_to_the_log_in(table: Table, name: str) -> None:
    section = "person" if name in POLICY["person"] else "study"
    row = POLICY[section][name]
    arguments = [table.alpha.study.code] if section == "study" else []
    arguments += [table.own.get(a, 1) for a in row.get("args", [])]
    if row.get("args") == ["token"]:
        arguments = [table.administrator.pk]
    assert asked(table, name, None, arguments, row.get("methods", ["GET"])[0]) == "login"


@pytest.mark.parametrize(
    "name",
    sorted(n for n in [*POLICY["person"], *POLICY["study"]] if not n.startswith(LIBRARY)),
)
def test_a_method_that_a_page_does_not_know_is_refused(table: Table, name: str) -> None:
    section = "person" if name in POLICY["person"] else "study"
    row = POLICY[section][name]
    who = expand(row["who"]) if "who" in row else {"scientific"}
    user = table.people()[sorted(who)[0] if who else "scientific"]
    arguments = [table.alpha.study.code] if section == "study" else []
    arguments += [table.own.get(a, 1) for a in row.get("args", [])]
    if row.get("args") == ["token"]:
        arguments = [table.administrator.pk]
    known = set(row.get("methods", ["GET"]))
    found = {
        method: asked(table, name, user, arguments, method)
        for method in METHODS
        if method not in known
    }
    assert found == dict.fromkeys(found, "refused")
