"""Odd input is refused in words: no address answers 500, whatever is in its path, query or body.

Names of parameters are read from the code. By default every third address meets one odd value, the
same in every run; with ``--whole`` each address meets every one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from django.urls import get_resolver, resolve, reverse

from tests.architecture.test_project import own_python_files
from tests.architecture.test_routes import (
    BACKEND,
    IN_STUDY,
    LIBRARY,
    POLICY,
    Table,
    expand,
    one_study,
)
from tests.rolled_back import rolled_back

ODD = (
    "-1",
    "0",
    "99999999999999999999999",
    "1e309",
    "NaN",
    "\x00",
    "a\x00b",
    "2026-13-45",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "9999-12",
    "٣",  # a digit in another script
    "½",
    "{}",
    "[[[",
    "' OR 1=1 --",
    "\u202e\U0001f4a5",
    "x" * 3000,
    "00000000-0000-0000-0000-000000000000",
    "",
)
BODIES = (
    ("application/json", b"[1, 2"),
    ("application/json", b'"a text"'),
    ("application/json", b'{"values": [1], "version": {}, "a": "\\u0000"}'),
    ("application/json", b"[" * 5000),
    ("application/x-www-form-urlencoded", b"%00=%00&%ff=%fe&="),
    ("multipart/form-data; boundary=x", b"--x\r\nno header\r\n\r\n--y"),
    ("multipart/form-data", b"no boundary"),
    ("text/plain; charset=nothing", b"\xff\xfe\x00"),
    ("image/png", b"\x89PNG"),
)
READ = re.compile(
    r"\b(?:GET|POST|query_params|given|data)\s*\.get(?:list)?\(\s*f?\"([a-z_][a-z_-]*)\""
    r"|^    (\w+) = (?:forms|serializers)\.",
    re.MULTILINE,
)


def parameters() -> list[str]:
    """Return the names of parameters that the code asks for."""
    names = {
        found[1] or found[2]
        for path in own_python_files()
        for found in READ.finditer(path.read_text(encoding="utf-8"))
    }
    return sorted(names)


NAMES = parameters()


@pytest.fixture(scope="module")
def table(django_db_setup: None, django_db_blocker: Any) -> Iterator[Table]:
    """Build a study with one object of every kind; it is rolled back after the module."""
    with django_db_blocker.unblock(), rolled_back():
        yield one_study()


def some(seed: str, whole: bool, things: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return one thing or nothing by default; everything when all is asked for."""
    if whole:
        return things
    return (things[_number(seed) % len(things)],) if _number(f"{seed} turn") % 3 == 0 else ()


def _number(seed: str) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")


def addresses(table: Table) -> Iterator[tuple[str, list[str], Any, str]]:
    """Return (name, methods, somebody who may open it, its address), once for each name."""
    everybody = table.people()
    for section in ("study", "api", "person"):
        for name, row in POLICY[section].items():
            if name.startswith(LIBRARY) or name in {"job-retry", "job-cancel"}:
                continue
            who = sorted(expand(row.get("who", ["project_manager"])))
            user = next((everybody[role] for role in who if role in everybody), None)
            if user is None:  # nobody may
                continue
            for one in row.get("args", []):
                if one not in table.own:  # what belongs to the person who asks
                    table.own[one] = table.of(user, one)
            own = [table.own[one] for one in row.get("args", [])]
            prefix = [table.alpha.study.code] if name in IN_STUDY else []
            yield name, row.get("methods", ["GET"]), user, reverse(name, args=[*prefix, *own])


def ask(user: Any, method: str, url: str, **request: Any) -> int:
    """Return the status of one request, which is rolled back."""
    client = Client(raise_request_exception=False)
    with rolled_back():
        client.force_login(user, backend=BACKEND)
        return int(client.generic(method, url, **request).status_code)


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--whole"))


def test_no_query_makes_a_page_fail(table: Table, whole: bool) -> None:
    failed = {}
    for name, methods, user, url in addresses(table):
        if "GET" not in methods:
            continue
        for odd in some(f"query {name}", whole, ODD):
            status = ask(user, "GET", f"{url}?{urlencode(dict.fromkeys(NAMES, odd))}")
            if status >= 500:
                failed[name, odd[:40]] = status
    assert failed == {}


def test_no_form_makes_a_page_fail(table: Table, whole: bool) -> None:
    failed = {}
    for name, methods, user, url in addresses(table):
        method = next((one for one in methods if one != "GET"), None)
        if method is None:
            continue
        for seed in some(f"form {name}", whole, tuple(range(8))):
            # Another odd value for each field, so that one refusal does not hide the others.
            typed = {one: ODD[_number(f"{name} {one} {seed}") % len(ODD)] for one in NAMES}
            body = urlencode(typed)
            kind = "application/x-www-form-urlencoded"
            if ask(user, method, url, data=body, content_type=kind) >= 500:
                failed[name, seed] = 500
    assert failed == {}


def test_no_body_of_another_kind_makes_a_page_fail(table: Table, whole: bool) -> None:
    failed = {}
    for name, methods, user, url in addresses(table):
        method = next((one for one in methods if one != "GET"), None)
        if method is None:
            continue
        for kind, body in some(f"body {name}", whole, BODIES):
            if ask(user, method, url, data=body, content_type=kind) >= 500:
                failed[name, kind, body[:20]] = 500
    assert failed == {}


PARTS = {
    "int": ("99999999999999999999", "0"),
    "str": ("a\x00b", "x" * 3000, "..", "\u202e\U0001f4a5", "%", "²"),
    "path": ("a\x00b", "../../x", "studies/1.2.3/series/ä/instances"),
    "uuid": ("00000000-0000-0000-0000-000000000000",),
}


def odd_paths() -> Iterator[tuple[str, str]]:
    """Return (name, address) with one odd part each, for every address that has parts."""
    resolver = get_resolver()
    for name in sorted({*POLICY["study"], *POLICY["api"], *POLICY["person"], *POLICY["open"]}):
        row = next(POLICY[s][name] for s in ("study", "api", "person", "open") if name in POLICY[s])
        methods = row.get("methods", ["GET"]) if isinstance(row, dict) else ["GET"]
        for template, names in _templates(resolver, name):
            for wanted in names:
                kind = _kind(resolver, name, wanted)
                for odd in PARTS.get(kind, ("x",)):
                    plain = {one: _plain(resolver, name, one) for one in names} | {wanted: odd}
                    path = template % {one: quote(str(v), safe="/") for one, v in plain.items()}
                    yield methods[0], f"/{path}"


def _templates(resolver: Any, name: str) -> list[tuple[str, list[str]]]:
    return [one for found in resolver.reverse_dict.getlist(name) for one in found[0]]


def _kind(resolver: Any, name: str, wanted: str) -> str:
    converter = resolver.reverse_dict.getlist(name)[0][3].get(wanted)
    kind = type(converter).__name__.removesuffix("Converter").lower()
    return {"string": "str", "nonetype": "str"}.get(kind, kind)


def _plain(resolver: Any, name: str, wanted: str) -> str:
    if wanted == "study_code":
        return "ALPHA"
    kind = _kind(resolver, name, wanted)
    return {"uuid": PARTS["uuid"][0], "int": "1"}.get(kind, "x")


def test_no_path_makes_a_page_fail(table: Table, whole: bool) -> None:
    manager = table.alpha.users["project_manager"]
    tried = list(odd_paths())
    assert len(tried) > 400
    failed = {}
    for number, (method, path) in enumerate(tried):
        if not whole and number % 12:
            continue
        if ask(manager, method, path) >= 500:
            failed[path[:120]] = 500
    assert failed == {}


LINK = re.compile(r'<(?:a|form|button|img|link)\b[^>]*?\b(?:href|action|src)="(/[^"#?]*)')


def test_every_link_leads_somewhere_for_who_sees_it(table: Table, whole: bool) -> None:
    """Pages are opened as somebody who may; of links to one address the first is followed."""
    found: dict[tuple[str, Any], str] = {}
    for number, (name, methods, user, url) in enumerate(addresses(table)):
        if methods[0] != "GET" or url.startswith("/api/") or (number % 5 and not whole):
            continue
        client = Client(raise_request_exception=False)
        with rolled_back():
            client.force_login(user, backend=BACKEND)
            answer = client.get(url)
            if "text/html" not in answer.get("Content-Type", ""):
                continue
            for link in LINK.findall(answer.content.decode()):
                if not link.startswith(("/static/", "/accounts/")):
                    match = resolve(link)
                    found.setdefault((match.url_name, user), f"{link} on {name}")
    assert len(found) > 30
    broken = {}
    for (_name, user), where in found.items():
        if (status := ask(user, "GET", where.split(" ")[0])) in {403, 404, 500}:
            broken[where] = status
    assert broken == {}
