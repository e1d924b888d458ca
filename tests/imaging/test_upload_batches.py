"""Many files in one message: each is checked, what arrived whole before a fault is kept."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import tokens
from imaging.models import Submission
from imaging.services import manifest
from imaging.storage import ArrivalStore
from studies.actors import home_actor
from studies.scoping import scope
from tests.imaging.upload_world import draft, make_imaging_study
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

FILES = [b"first file" * 100, b"second file" * 100, b"third file" * 100]
DIGESTS = [hashlib.sha256(content).hexdigest() for content in FILES]


def _key(world: StudyWorld, who: str = "site_user") -> str:
    user = world.users[who]
    _, secret = tokens.issue(user, label="sender", days=1, actor=home_actor(user))
    return secret


def _announced(world: StudyWorld) -> Submission:
    row = draft(world)
    entries = [(digest, len(content)) for digest, content in zip(DIGESTS, FILES, strict=True)]
    manifest.announce(row, entries, actor=world.actor("site_user"))
    return row


def _sent(world: StudyWorld, row: Submission, body: bytes, *, key: str | None = None) -> Any:
    return Client().post(
        f"/api/v1/studies/{world.study.code}/submissions/{row.pk}/files/",
        body,
        content_type="application/octet-stream",
        headers={"Authorization": f"Bearer {key or _key(world)}"},
    )


def _message(digests: list[str], contents: list[bytes]) -> bytes:
    return " ".join(digests).encode() + b"\n" + b"".join(contents)


def _outcomes(row: Submission) -> dict[str, str]:
    return dict(row.files.values_list("sha256", "outcome"))


def test_files_of_one_message_are_stored_sealed_under_their_own_digests() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        assert _sent(world, row, _message(DIGESTS, FILES)).status_code == 204
        assert set(_outcomes(row).values()) == {"stored"}
        arrivals = ArrivalStore(row.pk)
        assert [arrivals.read(digest) for digest in DIGESTS] == FILES
        with arrivals.store.open(DIGESTS[0]) as sealed:
            assert FILES[0][:20] not in sealed.read()
        assert manifest.missing(row) == []


def test_a_file_that_is_here_already_is_passed_over_and_the_rest_is_taken() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        manifest.store_file(row, DIGESTS[0], [FILES[0]], actor=world.actor("site_user"))
        stored_at = row.files.get(sha256=DIGESTS[0]).stored_at
        assert _sent(world, row, _message(DIGESTS[:2], FILES[:2])).status_code == 204
        assert row.files.get(sha256=DIGESTS[0]).stored_at == stored_at
        assert manifest.missing(row) == [DIGESTS[2]]


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ([FILES[0], b"x" * len(FILES[1]), FILES[2]], "not those of the file"),
        ([FILES[0], FILES[1][:7]], "did not arrive whole"),
    ],
)
def test_what_came_whole_before_a_wrong_file_is_kept_and_nothing_else(
    contents: list[bytes], words: str
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        answer = _sent(world, row, _message(DIGESTS, contents))
        assert answer.status_code == 422
        assert words in answer.json()["detail"]
        assert _outcomes(row) == {
            DIGESTS[0]: "stored",
            DIGESTS[1]: "announced",
            DIGESTS[2]: "announced",
        }
        arrivals = ArrivalStore(row.pk)
        assert [arrivals.exists(digest) for digest in DIGESTS] == [True, False, False]


def test_files_that_nobody_announced_and_lists_that_say_nothing_are_refused() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        stranger = hashlib.sha256(b"stranger").hexdigest()
        for body in (
            _message([DIGESTS[0], stranger], [FILES[0], b"stranger"]),
            _message([DIGESTS[0], DIGESTS[0]], [FILES[0], FILES[0]]),
            b"no list at all",
            b"",
        ):
            assert _sent(world, row, body).status_code == 422
        assert set(_outcomes(row).values()) == {"announced"}


def test_nothing_is_taken_from_another_site_or_under_a_key_that_does_not_hold() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        body = _message(DIGESTS, FILES)
        assert _sent(world, row, body, key=_key(world, "site_user_2")).status_code == 404
        assert _sent(world, row, body, key="icro_wrong").status_code == 401
        assert set(_outcomes(row).values()) == {"announced"}


def _by_the_page(world: StudyWorld, row: Submission, body: bytes, who: str = "site_user") -> Any:
    client = Client()
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(world.users[who], backend=backend)
    address = reverse("upload-many", args=[world.study.code, row.pk])
    return client.post(address, body, content_type="application/octet-stream")


def test_the_upload_page_sends_many_files_in_one_message() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        assert _by_the_page(world, row, _message(DIGESTS, FILES)).status_code == 204
        assert set(_outcomes(row).values()) == {"stored"}
        assert ArrivalStore(row.pk).read(DIGESTS[1]) == FILES[1]


def test_of_a_message_of_the_page_what_came_before_a_wrong_file_is_kept() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        wrong = bytes(len(FILES[1]))
        answer = _by_the_page(world, row, _message(DIGESTS, [FILES[0], wrong, FILES[2]]))
        assert answer.status_code == 422
        assert answer.json()["rule"] == "IMG-015"
        assert _outcomes(row) == dict(
            zip(DIGESTS, ["stored", "announced", "announced"], strict=True)
        )


def test_a_message_of_the_page_without_a_readable_first_line_is_refused() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        answer = _by_the_page(world, row, b"no digests\n" + FILES[0])
        assert answer.status_code == 422
        assert answer.json()["rule"] == "IMG-017"


def test_another_sites_upload_is_not_found_by_the_page() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = _announced(world)
        message = _message(DIGESTS, FILES)
        assert _by_the_page(world, row, message, who="site_user_2").status_code == 404
        assert set(_outcomes(row).values()) == {"announced"}
