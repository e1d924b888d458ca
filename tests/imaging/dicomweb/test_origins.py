"""A viewer of another origin reads DICOMweb with a key, where the installation names it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from studies.scoping import scope
from tests.imaging.dicomweb.archive_world import asking, stored_series
from tests.reads.read_world import make_read_study

pytestmark = pytest.mark.django_db
VIEWER = "https://viewer.example.org"
URL = "/dicomweb/ALPHA/studies"


@pytest.fixture
def client(settings: Any) -> Client:
    settings.DICOMWEB_ORIGINS = [VIEWER]
    world = make_read_study()
    with scope(world.study):
        stored_series(world, world.time_points(world.subjects[0])[0], count=1)
    return asking(world, "image_operations")


def test_a_named_viewer_may_read_with_a_key_and_never_with_a_log_in(client: Client) -> None:
    answer = client.get(URL, headers={"Origin": VIEWER})
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == VIEWER
    assert "ETag" in answer["Access-Control-Expose-Headers"]
    assert "Origin" in answer["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer


def test_what_a_browser_asks_first_needs_no_key(client: Client) -> None:
    asked = {"Origin": VIEWER, "Access-Control-Request-Method": "GET"}
    answer = Client().options(URL, headers=asked)
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == VIEWER
    assert answer["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert "Authorization" in answer["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    ("origin", "url"),
    [("https://elsewhere.example.org", URL), ("null", URL), (VIEWER, "/s/ALPHA/qc/")],
)
def test_nobody_else_and_nothing_else_is_opened(client: Client, origin: str, url: str) -> None:
    answer = client.get(url, headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer
    first = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    assert "Access-Control-Allow-Origin" not in Client().options(url, headers=first)


def test_without_a_named_viewer_nothing_is_said(client: Client, settings: Any) -> None:
    settings.DICOMWEB_ORIGINS = []
    assert "Access-Control-Allow-Origin" not in client.get(URL, headers={"Origin": VIEWER})
