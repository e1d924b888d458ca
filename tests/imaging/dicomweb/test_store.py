"""Storing goes through the machine door, names each object, and needs a key that may send."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client

from imaging.dicomweb.multipart import BadMultipart, Reader
from imaging.models import ArrivedFile
from tests.imaging.dicomweb.archive_world import asking, bytes_of, slice_of
from tests.reads.read_world import logged_in, make_read_study
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

STUDIES = "/dicomweb/ALPHA/studies"


@pytest.fixture
def world() -> StudyWorld:
    return make_read_study()


def message(*parts: tuple[str, bytes]) -> tuple[bytes, str]:
    """Write a multipart message by hand."""
    pieces = []
    for kind, content in parts:
        pieces.append(b"--frontier\r\nContent-Type: " + kind.encode() + b"\r\n\r\n" + content)
    body = b"\r\n".join([*pieces, b"--frontier--\r\n"])
    return body, 'multipart/related; type="application/dicom"; boundary=frontier'


def send(client: Client, *parts: tuple[str, bytes], place: str = STUDIES) -> Any:
    body, kind = message(*parts)
    return client.generic("POST", place, body, content_type=kind)


def objects(count: int) -> list[tuple[str, bytes]]:
    return [
        ("application/dicom", bytes_of(slice_of("1.2.840.99.1", "1.2.840.99", n)))
        for n in range(1, count + 1)
    ]


def test_objects_are_received_and_each_is_named(world: StudyWorld) -> None:
    answer = send(asking(world, "site_user"), *objects(2))
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/dicom+json"
    stored = answer.json()["00081199"]["Value"]
    assert [one["00081155"]["Value"] for one in stored] == [["1.2.840.99.1.1"], ["1.2.840.99.1.2"]]
    assert [one["00081150"]["Value"] for one in stored] == [["1.2.840.10008.5.1.4.1.1.2"]] * 2
    assert "00081198" not in answer.json()
    assert ArrivedFile.objects.filter(outcome="stored").count() == 2


def test_a_bad_object_does_not_stop_the_good_ones(world: StudyWorld) -> None:
    good, better = objects(2)
    answer = send(
        asking(world, "site_user"), good, ("application/dicom", b"no image at all" * 20), better
    )
    assert answer.status_code == 202
    body = answer.json()
    assert len(body["00081199"]["Value"]) == 2
    (failed,) = body["00081198"]["Value"]
    assert failed["00081197"]["Value"] in ([0xA900], [0xC000])
    nothing = send(asking(world, "site_user"), ("application/dicom", b"no image at all" * 20))
    assert nothing.status_code == 409


def test_what_is_no_object_is_refused_in_the_standards_words(world: StudyWorld) -> None:
    client = asking(world, "site_user")
    other = client.generic("POST", STUDIES, b"{}", content_type="application/json")
    assert other.status_code == 415
    metadata = client.generic(
        "POST",
        STUDIES,
        b"",
        content_type='multipart/related; type="application/dicom+json"; boundary=b',
    )
    assert metadata.status_code == 415
    body, kind = message(*objects(1))
    cut = client.generic("POST", STUDIES, body[:-100], content_type=kind)
    assert cut.status_code == 400
    assert "cut" in cut.json()["detail"]
    assert client.generic("POST", f"{STUDIES}/1.2.3", b"", content_type=kind).status_code == 501
    assert client.generic("POST", "/dicomweb/ALPHA/series", b"").status_code == 405


def test_only_a_key_that_may_send_stores(world: StudyWorld) -> None:
    for name, expected in (("image_operations", 403), ("sponsor", 403), ("central_reader", 403)):
        assert send(asking(world, name), *objects(1)).status_code == expected, name
    by_log_in = logged_in(world, "site_user")
    assert send(by_log_in, *objects(1)).status_code == 403
    assert send(Client(), *objects(1)).status_code == 401
    assert not ArrivedFile.objects.exists()


def test_who_may_not_retrieve_is_told_so_and_strangers_find_nothing(world: StudyWorld) -> None:
    for name in ("sponsor", "data_manager", "clinical_data_partner", "data_recipient"):
        answer = asking(world, name).get(STUDIES)
        assert answer.status_code == 403, name
        assert answer["Content-Type"] == "application/problem+json"
    stranger = make_read_study("BETA", "Calder")
    assert asking(stranger, "image_operations").get(STUDIES).status_code == 404
    assert Client().get(STUDIES).status_code == 401


def test_a_person_of_one_study_needs_no_code_in_the_address(world: StudyWorld) -> None:
    assert asking(world, "image_operations").get("/dicomweb/studies").status_code == 200
    assert asking(world, "image_operations").get("/dicomweb/series").json() == []


def test_a_key_that_was_revoked_is_refused_at_once(world: StudyWorld) -> None:
    from accounts import tokens
    from accounts.models import ApiToken
    from studies.actors import home_actor

    client = asking(world, "image_operations")
    assert client.get(STUDIES).status_code == 200
    user = world.users["image_operations"]
    token = ApiToken.objects.get(user=user)
    tokens.revoke(token, actor=home_actor(user), reason="the laptop was lost")
    assert client.get(STUDIES).status_code == 401


def test_a_role_that_ended_is_gone_at_once(world: StudyWorld) -> None:
    from studies.models import Membership
    from studies.services import people
    from tests.world import BUILDER

    client = asking(world, "image_operations")
    assert client.get(STUDIES).status_code == 200
    row = Membership.objects.get(user=world.users["image_operations"], study=world.study)
    people.end_role(row, reason="left the study", actor=BUILDER)
    assert client.get(STUDIES).status_code == 404


def test_parts_are_read_whatever_the_size_of_the_pieces() -> None:
    body, _ = message(("a/b", b"one"), ("c/d", b""), ("e/f", b"x" * 700_000))
    found = [
        (head["content-type"], b"".join(content))
        for head, content in Reader(io.BytesIO(body), b"frontier").parts()
    ]
    assert found == [("a/b", b"one"), ("c/d", b""), ("e/f", b"x" * 700_000)]
    with pytest.raises(BadMultipart):
        for _, content in Reader(io.BytesIO(body[:-30]), b"frontier").parts():
            b"".join(content)
