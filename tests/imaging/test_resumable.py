"""Large files in parts (tus 1.0): durable by frames, proved at the end, the owner's only (T04)."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.errors import RuleBroken
from imaging.models import Submission
from imaging.services import manifest, resumable
from imaging.storage import ArrivalStore
from imaging.storage.partial import PartialArrival, WrongOffset
from studies.scoping import scope
from tests.imaging.upload_world import draft, make_imaging_study
from tests.world import (
    BACKEND,
    StudyWorld,
)

pytestmark = pytest.mark.django_db
MIB = 1024 * 1024
CONTENT = os.urandom(2 * MIB + 345)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
TUS = {"Tus-Resumable": "1.0.0"}


def _client(world: StudyWorld, name: str = "site_user") -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.users[name], backend=BACKEND)
    return client


def _announced(world: StudyWorld, content: bytes = CONTENT) -> Submission:
    row = draft(world)
    entry = (hashlib.sha256(content).hexdigest(), len(content))
    manifest.announce(row, [entry], actor=world.actor("site_user"))
    return row


def _url(world: StudyWorld, row: Submission, digest: str = DIGEST) -> str:
    return reverse("upload-part", args=[world.study.code, row.pk, digest])


def _patch(client: Client, url: str, content: bytes, offset: Any) -> Any:
    return client.patch(
        url,
        content,
        content_type="application/offset+octet-stream",
        headers={**TUS, "Upload-Offset": str(offset)},
    )


def _stored(row: Submission, digest: str = DIGEST) -> bytes:
    return b"".join(ArrivalStore(row.pk).chunks(digest))


def test_a_file_arrives_in_parts_and_is_asked_where_it_stopped() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, client = _announced(world), _client(world)
        url = _url(world, row)
        asked = client.head(url, headers=TUS)
        assert (asked.status_code, asked["Upload-Offset"]) == (200, "0")
        assert asked["Upload-Length"] == str(len(CONTENT))
        assert asked["Cache-Control"] == "no-store"
        first = _patch(client, url, CONTENT[:MIB], 0)
        assert (first.status_code, first["Upload-Offset"]) == (204, str(MIB))
        assert client.head(url, headers=TUS)["Upload-Offset"] == str(MIB)
        last = _patch(client, url, CONTENT[MIB:], MIB)
        assert (last.status_code, last["Upload-Offset"]) == (204, str(len(CONTENT)))
        assert row.files.get().outcome == "stored"
        assert _stored(row) == CONTENT


def test_what_is_not_a_whole_frame_is_not_called_durable() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, client = _announced(world), _client(world)
        cut = _patch(client, _url(world, row), CONTENT[: MIB + 7], 0)
        assert cut["Upload-Offset"] == str(MIB)


def test_a_part_that_begins_elsewhere_is_answered_with_the_right_place() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, client = _announced(world), _client(world)
        url = _url(world, row)
        _patch(client, url, CONTENT[:MIB], 0)
        wrong = _patch(client, url, CONTENT[:9], 9)
        assert (wrong.status_code, wrong["Upload-Offset"]) == (409, str(MIB))
        assert wrong.json()["rule"] == "IMG-016"
        assert _patch(client, url, CONTENT[MIB:], MIB).status_code == 204


def test_a_file_that_changed_meanwhile_is_refused_by_its_hash_and_nothing_is_kept() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, client = _announced(world), _client(world)
        url = _url(world, row)
        _patch(client, url, CONTENT[:MIB], 0)
        changed = b"x" * (len(CONTENT) - MIB)
        refused = _patch(client, url, changed, MIB)
        assert refused.status_code == 422
        assert "not those of the file" in refused.json()["detail"]
        assert row.files.get().outcome == "announced"
        assert client.head(url, headers=TUS)["Upload-Offset"] == "0"
        assert _patch(client, url, CONTENT, 0).status_code == 204


def test_more_bytes_than_announced_are_refused() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, client = _announced(world), _client(world)
        answer = _patch(client, _url(world, row), CONTENT + b"x", 0)
        assert answer.status_code == 422
        assert "More bytes arrived" in answer.json()["detail"]


def test_creating_gives_the_address_of_the_announced_file() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, client = _announced(world), _client(world)
        url = reverse("upload-parts", args=[world.study.code, row.pk])
        can = client.options(url)
        assert (can.status_code, can["Tus-Extension"]) == (204, "creation")
        told = {"Upload-Metadata": f"sha256 {b64encode(DIGEST.encode()).decode()}", **TUS}
        made = client.post(url, headers={**told, "Upload-Length": str(len(CONTENT))})
        assert (made.status_code, made["Location"]) == (201, _url(world, row))
        other = client.post(url, headers={**told, "Upload-Length": "5"})
        assert other.status_code == 422


def test_nobody_else_finds_the_file() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        for name in ("site_user_2", "image_operations", "central_reader"):
            answer = _patch(_client(world, name), _url(world, row), CONTENT, 0)
            assert answer.status_code in {403, 404}, name
        assert row.files.get().outcome == "announced"


def test_bytes_that_wait_on_the_disk_are_sealed() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        partial = PartialArrival(row.pk, sha256=DIGEST, size=len(CONTENT))
        partial.append(0, [CONTENT[:MIB]])
        assert CONTENT[:64] not in partial.path.read_bytes()


def test_a_frame_that_a_crash_cut_is_sent_again_and_the_hash_still_fits() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        partial = PartialArrival(row.pk, sha256=DIGEST, size=len(CONTENT))
        partial.append(0, [CONTENT[:MIB]])
        with partial.path.open("ab") as stream:
            stream.write(b"half a frame")
        again = PartialArrival(row.pk, sha256=DIGEST, size=len(CONTENT))
        assert again.offset == MIB
        with pytest.raises(WrongOffset):
            again.append(0, [CONTENT])
        assert again.append(MIB, [CONTENT[MIB:]]) == len(CONTENT)
        file = row.files.get()
        # All bytes were there when the process died before it could say so.
        assert resumable.offset_of(row, file) in {2 * MIB, len(CONTENT)}
        resumable.add_part(row, file, 2 * MIB, [CONTENT[2 * MIB :]])
        assert _stored(row) == CONTENT


@pytest.mark.parametrize("size", [1, MIB - 1, MIB, MIB + 1, 2 * MIB])
def test_every_length_around_a_frame_comes_back_whole(size: int) -> None:
    content = os.urandom(size)
    digest = hashlib.sha256(content).hexdigest()
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world, content)
        assert resumable.add_part(row, row.files.get(), 0, [content[:9], content[9:]]) == size
        assert _stored(row, digest) == content


def test_a_file_that_was_not_announced_has_no_place() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        with pytest.raises(RuleBroken, match="was not announced"):
            resumable.announced(row, DIGEST, actor=world.actor("site_user"))
