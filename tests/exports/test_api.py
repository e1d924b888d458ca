"""Data cuts for machines."""

from __future__ import annotations

import base64
import hashlib

import pytest

from studies.scoping import scope
from tests.exports.cut_world import FILES, generated, make_cut_study
from tests.queries.query_world import logged_in

pytestmark = pytest.mark.django_db


def test_a_recipient_lists_looks_and_downloads_what_was_released() -> None:
    from exports.services import release

    world = make_cut_study(reads=False)
    with scope(world.study):
        cut = generated(world)
    client = logged_in(world, "data_recipient")
    address = f"/api/v1/studies/ALPHA/cuts/{cut.pk}/"
    assert client.get(address).json()["state"] == "generated"
    for below in ("files/", "files/tu.csv/"):
        refused = client.get(address + below)
        assert refused.status_code == 403
        assert refused["Content-Type"] == "application/problem+json"
        assert refused.json()["rule"] == "CUT-004"
    with scope(world.study):
        release(
            cut,
            actor=world.actor("data_manager"),
            assent=world.assent("data_manager", "release"),
        )
    listed = client.get("/api/v1/studies/ALPHA/cuts/").json()
    rows = listed["results"] if isinstance(listed, dict) else listed
    assert [(row["title"], row["state"]) for row in rows] == [("Safety cut 1", "released")]
    files = client.get(address + "files/").json()
    assert {file["name"] for file in files} == FILES
    for file in files:
        sent = client.get(f"{address}files/{file['name']}/")
        body = b"".join(sent.streaming_content)
        digest = hashlib.sha256(body)
        assert digest.hexdigest() == file["sha256"]
        encoded = base64.b64encode(digest.digest()).decode()
        assert sent["Repr-Digest"] == f"sha-256=:{encoded}:"
    assert client.get(f"{address}files/none.csv/").status_code == 404
    assert logged_in(world, "site_user").get(address).status_code == 403
