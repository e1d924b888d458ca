"""The sign dialog: bound to what was on the page (21 CFR 11.70; trust T22)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from accounts.models import Signature, User
from accounts.signatures import content_digest
from accounts.signing import proven, shown_signatures, sign_request
from audit.actors import Actor, acting
from audit.errors import SignatureRefused
from audit.models import Event
from studies.models import Study
from tests.accounts.test_signatures import study
from tests.world import BUILDER, PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def signer() -> User:
    return make_user("ines_duarte", zone="America/St_Johns")


def request(user: User, **posted: str) -> Any:
    made = RequestFactory().post("/", {"password": PASSWORD, **posted})
    made.user = user
    made.actor = Actor(  # type: ignore[attr-defined]
        name=user.printed_name,
        login=user.email,
        role="data_manager",
        zone=user.time_zone,
        user_id=user.pk,
    )
    return made


def sign(user: User, row: Study, **posted: str) -> Any:
    return proven(request(user, **posted), row, meaning="lock", statement="I lock it.").bind(row)


def dialog(user: User, row: Study, **given: Any) -> Any:
    facts = {"title": "Lock", "url": "/", "facts": (), "statement": "I lock it."}
    return sign_request(request(user), row, **facts, consequence="It is locked.", **given)


def test_a_dialog_sends_back_the_digest_of_what_it_shows(signer: User) -> None:
    row = study()
    shown = dialog(signer, row, hidden=(("side", "sponsor"),))
    assert shown.hidden == (("digest", content_digest(row)), ("side", "sponsor"))
    assert (shown.printed_name, shown.role, shown.zone) == (
        "Ines Duarte",
        "Data manager",
        "America/St_Johns",
    )
    signature = sign(signer, row, **dict(shown.hidden))
    assert signature.content_digest == content_digest(row)
    (line,) = shown_signatures(row)
    assert (line["meaning"], line["role"], line["is_valid"]) == ("I lock it.", "Data manager", True)


@pytest.mark.parametrize("sent", [{}, {"digest": ""}, {"seen_digest": "0" * 64}])
def test_a_page_that_does_not_say_what_was_seen_signs_nothing(
    signer: User, sent: dict[str, str]
) -> None:
    with pytest.raises(SignatureRefused, match="The page did not say what you saw") as refused:
        sign(signer, study(), **sent)
    assert refused.value.rule == "signature.unseen"
    assert not Signature.objects.exists()


@pytest.mark.parametrize("sent", ["0" * 64, "none", "\U0001f4a5"])
def test_a_digest_of_something_else_signs_nothing(signer: User, sent: str) -> None:
    with pytest.raises(SignatureRefused, match="The content changed after you opened it"):
        sign(signer, study(), digest=sent)
    assert not Signature.objects.exists()


def test_what_changed_after_the_page_was_opened_is_not_signed(signer: User) -> None:
    row = study()
    seen = content_digest(row)
    with acting(BUILDER, "a word was wrong"):
        row.title = "Another title"
        row.save()
    with pytest.raises(SignatureRefused, match="look at it again"):
        sign(signer, row, digest=seen)
    assert sign(signer, row, digest=content_digest(row)).content_digest != seen


def test_the_content_of_another_record_is_not_signed_here(signer: User) -> None:
    row, other = study(), study("BETA")
    with pytest.raises(SignatureRefused, match="The content changed"):
        sign(signer, row, digest=content_digest(other))


def test_a_refused_digest_is_no_guess_at_a_password(signer: User) -> None:
    row = study()
    for _ in range(6):
        with pytest.raises(SignatureRefused):
            sign(signer, row, digest="0" * 64)
    assert not Event.objects.filter(kind="signature.refused").exists()
