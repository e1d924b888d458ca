"""Electronic signatures (21 CFR 11.50, 11.70, 11.100, 11.200, 11.300; trust P14-P18, T21, T22)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.db import connection, connections, transaction

from accounts.models import Signature, User
from accounts.signatures import (
    Assent,
    content_digest,
    is_signed,
    needs_second_factor,
    prove,
    signatures_match,
    signatures_of,
)
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, SignatureRefused
from audit.models import Event
from studies.models import Organisation, Programme, Study
from tests.world import BUILDER, PASSWORD, make_user

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def signer() -> User:
    return make_user("ines_duarte", zone="America/St_Johns")


def actor_of(user: User, role: str = "data_manager") -> Actor:
    return Actor(
        name=user.printed_name,
        login=user.email,
        role=role,
        organisation=user.organisation_name,
        zone=user.time_zone,
        user_id=user.pk,
        address="192.0.2.7",
        request_id="request-1",
    )


def study(code: str = "ALPHA") -> Study:
    with acting(BUILDER):
        sponsor, _ = Organisation.objects.get_or_create(name="Norvane", kind="sponsor")
        programme, _ = Programme.objects.get_or_create(sponsor=sponsor, name="P")
        row = Study(programme=programme, sponsor=sponsor, code=code, title="T")
        row.save()
    return row


def proof(user: User, **given: Any) -> Assent:
    facts = {"password": PASSWORD, "meaning": "lock", "statement": "I lock the database."}
    return prove(user, actor_of(user), **(facts | given))


def refused(user: User, **given: Any) -> str:
    with pytest.raises(SignatureRefused) as caught:
        proof(user, **given)
    return caught.value.rule


def test_a_signature_shows_who_when_where_in_which_role_and_what_it_means(signer: User) -> None:
    row = study()
    at = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
    with clock.shifted_to(at):
        proof(signer).bind(row)
    (shown,) = signatures_of(row)
    signature = shown.signature
    assert signature.printed_name == "Ines Duarte"
    assert signature.login == "ines.duarte@example.org"
    assert signature.role == "data_manager"
    assert signature.meaning == "lock"
    assert signature.statement == "I lock the database."
    assert abs(signature.signed_at - at) < timedelta(seconds=10)
    assert signature.zone == "America/St_Johns"
    assert signature.content_digest == content_digest(row)
    assert (signature.record_kind, signature.record_label) == ("studies.study", "ALPHA")
    assert (signature.address, signature.request_id) == ("192.0.2.7", "request-1")
    assert signature.shifted
    assert shown.valid


def test_a_signature_keeps_the_name_that_was_printed_when_it_was_given(signer: User) -> None:
    row = study()
    proof(signer).bind(row)
    with acting(BUILDER, "married"):
        signer.printed_name = "Ines Duarte Pereira"
        signer.save()
    assert signatures_of(row)[0].signature.printed_name == "Ines Duarte"
    assert signatures_of(row)[0].valid


def test_a_record_that_changed_after_signing_is_shown_as_not_signed(signer: User) -> None:
    row = study()
    proof(signer).bind(row)
    assert is_signed(row)
    with acting(BUILDER, "a word was wrong"):
        row.title = "Another title"
        row.save()
    assert [shown.valid for shown in signatures_of(row)] == [False]
    assert not is_signed(row)
    (fault,) = signatures_match()
    assert fault.record_id == str(row.pk)
    assert "does not match its content" in fault.what
    proof(signer).bind(row)
    assert [shown.valid for shown in signatures_of(row)] == [False, True]
    assert list(signatures_match()) == []


def test_a_change_by_sql_is_found_as_well(signer: User) -> None:
    row = study()
    proof(signer).bind(row)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_study SET title = 'x' WHERE id = %s", [row.pk])
    row.refresh_from_db()
    assert [shown.valid for shown in signatures_of(row)] == [False]


def test_a_signature_copied_to_a_record_with_the_same_content_does_not_match(
    signer: User, as_owner: Callable[[], Any]
) -> None:
    row, other = study(), study("BETA")
    proof(signer).bind(row)
    columns = "signer_id, printed_name, login, role, organisation, meaning, statement, signed_at, "
    columns += (
        "zone, record_kind, record_label, content_digest, method, address, request_id, shifted"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_signature ({columns}, record_id) "
            f"SELECT {columns}, %s FROM accounts_signature",
            [str(other.pk)],
        )
        # The same content, word for word, but for the record.
        cursor.execute("UPDATE studies_study SET code = 'OLD' WHERE id = %s", [row.pk])
        cursor.execute("UPDATE studies_study SET code = 'ALPHA' WHERE id = %s", [other.pk])
    other.refresh_from_db()
    assert [shown.valid for shown in signatures_of(other)] == [False]
    assert {fault.record_id for fault in signatures_match()} == {str(row.pk), str(other.pk)}


def test_one_proof_signs_one_record(signer: User) -> None:
    assent = proof(signer)
    assent.bind(study())
    with pytest.raises(SignatureRefused):
        assent.bind(study("BETA"))
    assert Signature.objects.count() == 1


def test_signing_twice_is_one_signature(signer: User) -> None:
    row = study()
    proof(signer).bind(row)
    proof(signer).bind(row)
    assert Signature.objects.count() == 1


def test_what_changed_behind_the_dialog_is_not_signed(signer: User) -> None:
    row = study()
    seen = content_digest(row)
    with acting(BUILDER):
        row.title = "Meanwhile"
        row.save()
    with pytest.raises(Conflict):
        proof(signer, seen_digest=seen).bind(row)
    assert not Signature.objects.exists()


def test_a_signature_cannot_be_given_without_the_password(signer: User) -> None:
    assert refused(signer, password="") == "password"
    assert refused(signer, password="wrong") == "password"


def test_a_refused_attempt_is_kept_with_who_why_and_where_and_without_the_password(
    signer: User,
) -> None:
    refused(signer, password="my other password")
    event = Event.objects.get(kind="signature.refused")
    assert event.details == {"meaning": "lock", "why": "password"}
    assert (event.actor_name, event.object_id) == ("Ines Duarte", str(signer.pk))
    assert event.address == "192.0.2.7"
    assert "my other password" not in str(event.__dict__)


@pytest.mark.django_db(transaction=True)
def test_signing_is_proved_outside_every_transaction_so_that_a_refusal_survives(
    signer: User,
) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        proof(signer)
    refused(signer, password="wrong")
    assert Event.objects.filter(kind="signature.refused").count() == 1


def test_after_five_failures_the_right_password_does_not_sign_for_a_while(signer: User) -> None:
    for _ in range(5):
        assert refused(signer, password="wrong") == "password"
    assert refused(signer) == "locked"
    with clock.shifted_by(timedelta(minutes=16)):
        assert proof(signer).meaning == "lock"


def test_the_lock_of_one_signer_does_not_stop_another(signer: User) -> None:
    for _ in range(5):
        refused(signer, password="wrong")
    assert proof(make_user("john_reed")).meaning == "lock"


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_are_counted_one_after_another(signer: User) -> None:
    rules: list[str] = []

    def guess() -> None:
        try:
            prove(signer, actor_of(signer), password="wrong", meaning="lock", statement="s")
        except SignatureRefused as error:
            rules.append(error.rule)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(rules) == ["locked"] * 3 + ["password"] * 5


def test_nobody_signs_whose_identity_was_not_verified(signer: User) -> None:
    with acting(BUILDER):
        signer.identity_verified_at = None
        signer.save()
    assert refused(signer) == "identity"


def test_nobody_signs_with_an_account_that_ended(signer: User) -> None:
    with acting(BUILDER):
        ended = User.objects.get(pk=signer.pk)
        ended.is_active = False
        ended.save()
    assert refused(signer) == "inactive"  # though the session's copy still says active


def test_nobody_signs_for_somebody_else(signer: User) -> None:
    other = make_user("john_reed")
    with pytest.raises(SignatureRefused) as caught:
        prove(signer, actor_of(other), password=PASSWORD, meaning="lock", statement="s")
    assert caught.value.rule == "person"


# --- the second factor ----------------------------------------------------------------------------


def code(shift: int = 0) -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 + shift))


@pytest.fixture
def enrolled(signer: User) -> User:
    TOTP.activate(signer, SECRET)
    return signer


def test_who_has_a_second_factor_is_asked_for_it_at_every_signature(enrolled: User) -> None:
    assert needs_second_factor(enrolled)
    assert refused(enrolled) == "code"
    assert refused(enrolled, code="000000") == "code"
    assert refused(enrolled, code=code(-10)) == "code"
    assert proof(enrolled, code=code()).method == "password and one-time code"


def test_a_one_time_code_signs_once(enrolled: User) -> None:
    used = code()
    proof(enrolled, code=used)
    assert refused(enrolled, code=used) == "code"


def test_the_right_code_does_not_help_a_wrong_password(enrolled: User) -> None:
    assert refused(enrolled, password="wrong", code=code()) == "password"


def test_wrong_codes_lock_like_wrong_passwords(enrolled: User) -> None:
    for _ in range(5):
        refused(enrolled, code="000000")
    assert refused(enrolled, code=code()) == "locked"


def test_a_revoked_second_factor_is_not_asked_for(enrolled: User) -> None:
    Authenticator.objects.filter(user=enrolled).delete()
    assert proof(enrolled).method == "password"
