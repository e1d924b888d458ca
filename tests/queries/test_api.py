"""Queries for machines."""

from __future__ import annotations

import pytest

from studies.scoping import scope
from tests.queries.query_world import CONFIRM, ask, logged_in
from tests.world import make_study

pytestmark = pytest.mark.django_db


def test_a_site_lists_looks_and_answers() -> None:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        own = ask(world, subject=0, requests=[CONFIRM])
        foreign = ask(world, subject=1)
    client = logged_in(world, "site_user")
    listed = client.get("/api/v1/studies/ALPHA/queries/").json()
    rows = listed["results"] if isinstance(listed, dict) else listed
    assert [row["code"] for row in rows] == ["Q-0001"]
    assert rows[0]["subject"] == "101-001"
    one = client.get(f"/api/v1/studies/ALPHA/queries/{own.pk}/").json()
    assert one["actions"][0]["text"] == "Confirm that no other series is cut"
    assert client.get(f"/api/v1/studies/ALPHA/queries/{foreign.pk}/").status_code == 404
    address = f"/api/v1/studies/ALPHA/queries/{own.pk}/answer/"
    refused = client.post(address, {"text": ""}, content_type="application/json")
    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"
    answered = client.post(address, {"text": "None."}, content_type="application/json")
    assert answered.json()["state"] == "answered"
    again = client.post(address, {"text": "None."}, content_type="application/json")
    assert again.status_code == 409
    assert again.json()["code"] == "illegal_step"


def test_only_the_site_answers() -> None:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        query = ask(world)
    client = logged_in(world, "image_operations")
    address = f"/api/v1/studies/ALPHA/queries/{query.pk}/answer/"
    assert client.post(address, {"text": "x"}, content_type="application/json").status_code == 403
