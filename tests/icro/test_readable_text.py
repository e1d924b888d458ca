"""Text that no record can keep is refused at the door, before any page sees it."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
#: sends whoever is not signed in to the log-in page, once it is asked
ACCOUNT = "/account/profile/change/"
ASKED = 302


def post(url: str, body: bytes | str, kind: str) -> int:
    client = Client(raise_request_exception=False)
    return client.generic("POST", url, body, content_type=kind).status_code


def test_an_address_with_nul_does_not_exist() -> None:
    answer = Client().get("/s/a%00b/overview/")
    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.content.decode()


@pytest.mark.parametrize("query", ["q=%00", "q=a%00b", "%00=1", "q=1&q=%00"])
def test_a_query_with_nul_is_refused_in_words(query: str) -> None:
    answer = Client().get(f"{LOGIN}?{query}")
    assert answer.status_code == 400
    assert "The request could not be read." in answer.content.decode()


def test_a_form_with_nul_is_refused() -> None:
    form = "application/x-www-form-urlencoded"
    assert post(ACCOUNT, "name=a%00b&zone=x", form) == 400
    assert post(ACCOUNT, "name=ab&zone=x", form) == ASKED
    assert Client().post(ACCOUNT, {"name": "a\0b"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (rb'{"a": "\u0000"}', 400),
        (rb'{"a": "x\\\u0000"}', 400),
        (rb'{"a": "the text \\u0000"}', ASKED),
        (b"[" * 300 + b"]" * 300, 400),
        (b'{"a": ' * 300 + b"1" + b"}" * 300, 400),
        (b"[" + b'{"a": [1]},' * 500 + b"1]", ASKED),
        (b'{"a": "' + b"[" * 300 + b'"}', ASKED),
        (b"[1, 2", ASKED),
    ],
)
def test_json_with_nul_or_without_a_floor_is_refused(body: bytes, status: int) -> None:
    assert post(ACCOUNT, body, "application/json") == status


def test_other_bodies_are_their_views_business() -> None:
    assert post(ACCOUNT, b"\x00\xff", "application/octet-stream") == ASKED
