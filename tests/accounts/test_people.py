"""One person is one account, for ever (21 CFR 11.100(a), 11.300(a); trust P16, P19)."""

from __future__ import annotations

import threading
import unicodedata

import pytest
from django.db import IntegrityError, connection, connections, transaction

from accounts.models import User, normal_email
from audit.actors import acting
from audit.errors import UntrackedWrite
from tests.world import BUILDER, make_user

pytestmark = pytest.mark.django_db

ADDRESS = "jörg.müller@example.org"
SPELLINGS = [
    "JÖRG.MÜLLER@EXAMPLE.ORG",
    unicodedata.normalize("NFD", ADDRESS),
    unicodedata.normalize("NFD", ADDRESS.upper()),
    f"  {ADDRESS} ",
    "jörg.müller@example.org",
]


def make(address: str) -> User:
    with acting(BUILDER), transaction.atomic():
        return User.objects.create_user(address, None, printed_name="Jörg Müller")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_spelling_of_an_address_is_the_same_person(spelling: str) -> None:
    make(ADDRESS)
    with pytest.raises(IntegrityError):
        make(spelling)


def test_spellings_that_only_folding_makes_equal_are_one() -> None:
    assert normal_email("STRASSE@example.org") == normal_email("straße@example.org")
    assert normal_email("ﬁona@example.org") == "fiona@example.org"
    # U+0345 folds to iota; the order of its marks is settled by normalising again.
    assert normal_email("\u0345\u0301@x") == normal_email(normal_email("\u0345\u0301@x"))


def test_an_address_is_not_given_again_after_its_person_left() -> None:
    user = make(ADDRESS)
    with acting(BUILDER, "left"):
        user.is_active = False
        user.save()
    with pytest.raises(IntegrityError):
        make(SPELLINGS[0])


def test_the_database_refuses_another_case_by_itself() -> None:
    user = make("anna@example.org")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_user SELECT (jsonb_populate_record(u, jsonb_build_object("
            "'id', gen_random_uuid(), 'email', 'ANNA@example.org'))).* "
            "FROM accounts_user u WHERE id = %s",
            [user.pk],
        )


def test_nobody_is_deleted() -> None:
    user = make(ADDRESS)
    with pytest.raises(UntrackedWrite), acting(BUILDER):
        user.delete()


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_take_one_address_at_once_one_gets_it() -> None:
    made: list[bool] = []

    def take() -> None:
        try:
            make("same@example.org")
            made.append(True)
        except IntegrityError:
            made.append(False)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 7 + [True]


def test_a_password_is_kept_with_argon2id_and_stays_out_of_the_history() -> None:
    user = make_user("anna_ek")
    assert user.password.startswith("argon2$argon2id$")
    version = user.history.first()
    assert not hasattr(version, "password")


def test_initials_are_those_of_first_and_last_name() -> None:
    names = {"Ines Duarte Pereira": "IP", "Dr Ana Sousa": "AS", "Cher": "C", "山田 太郎": "山太"}
    for name, initials in names.items():
        assert User(printed_name=name).initials == initials
