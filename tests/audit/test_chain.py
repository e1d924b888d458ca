"""The chain over every append-only table finds what a superuser did (trust P01, T33; I4)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from audit import chain
from audit.actors import acting, service
from audit.models import ChainLink, Event, SealedShape, record
from audit.verification import checks, rows_are_their_last_version
from studies.models import Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def story() -> list[Event]:
    """Five acts and two versions of a row, sealed."""
    with acting(service("test")):
        row = Organisation(name="Norvane", kind="sponsor")
        row.save()
        row.name = "Calder"
        row.save()
        events = [record("test.act", details={"number": n}) for n in range(5)]
    assert chain.seal() == 7
    return events


@contextmanager
def superuser() -> Iterator[Any]:
    """Act as nobody of ours can: past grants and triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET ROLE NONE")
        cursor.execute("SET session_replication_role = replica")
        try:
            yield cursor
        finally:
            cursor.execute("RESET session_replication_role")
            cursor.execute("SET ROLE icro_app")


def found() -> list[tuple[str, str, str]]:
    return [(b.table, b.row_id, b.what) for b in chain.verify()]


def test_an_untouched_chain_holds() -> None:
    assert chain.verify() == []
    assert chain.verify(chain.head()) == []


def test_sealing_again_adds_nothing_and_new_rows_follow_the_head() -> None:
    head = chain.head()
    assert chain.seal() == 0
    with acting(service("test")):
        record("test.later")
    assert chain.seal() == 1
    assert ChainLink.objects.latest("seq").previous == head
    assert chain.verify(head) == []


def test_the_first_link_follows_nothing_and_each_is_the_digest_of_its_parts() -> None:
    links = list(ChainLink.objects.order_by("seq"))
    assert links[0].previous == "0" * 64
    for before, link in zip([None, *links], links, strict=False):
        previous = before.digest if before else "0" * 64
        text = f"{previous}|{link.table}|{link.row_id}|{link.row_digest}"
        assert link.digest == hashlib.sha256(text.encode()).hexdigest()


def test_every_append_only_table_but_the_chain_s_own_is_sealed() -> None:
    sealed = {m._meta.label for m in chain._sealed_models()}
    assert {"audit.Event", "accounts.Signature", "studies.HistoricalSubject"} <= sealed
    assert not {"audit.ChainLink", "audit.SealedShape"} & sealed


def test_an_edited_row_is_found(story: list[Event]) -> None:
    with superuser() as cursor:
        cursor.execute("UPDATE audit_event SET reason = 'x' WHERE id = %s", [story[2].pk])
    changed = ("audit_event", str(story[2].pk), "content changed after it was sealed")
    assert found() == [changed]


def test_an_edited_version_is_found() -> None:
    with superuser() as cursor:
        cursor.execute(
            "UPDATE studies_historicalorganisation SET name = 'x' WHERE name = 'Norvane'"
        )
    assert [(table, what) for table, _, what in found()] == [
        ("studies_historicalorganisation", "content changed after it was sealed")
    ]


@pytest.mark.parametrize("which", [0, 2, 4])
def test_a_deleted_row_is_found_wherever_it_stood(story: list[Event], which: int) -> None:
    with superuser() as cursor:
        cursor.execute("DELETE FROM audit_event WHERE id = %s", [story[which].pk])
    assert found() == [("audit_event", str(story[which].pk), "row is missing")]


def test_two_swapped_rows_are_found(story: list[Event]) -> None:
    first, second = story[1].pk, story[3].pk
    with superuser() as cursor:
        cursor.execute("UPDATE audit_event SET id = -1 WHERE id = %s", [first])
        cursor.execute("UPDATE audit_event SET id = %s WHERE id = %s", [first, second])
        cursor.execute("UPDATE audit_event SET id = %s WHERE id = -1", [second])
    assert {row for _, row, _ in found()} == {str(first), str(second)}


def test_a_link_that_was_taken_out_of_the_middle_is_found(story: list[Event]) -> None:
    with superuser() as cursor:
        cursor.execute("DELETE FROM audit_event WHERE id = %s", [story[1].pk])
        cursor.execute("DELETE FROM audit_chainlink WHERE row_id = %s", [str(story[1].pk)])
    assert [what.split()[-3:] for _, _, what in found()] == [["does", "not", "follow"]]


def test_a_row_deleted_with_the_last_link_is_found_by_the_head_that_left_the_house() -> None:
    left = chain.head()
    last = ChainLink.objects.latest("seq")
    with superuser() as cursor:
        cursor.execute(f'DELETE FROM "{last.table}" WHERE history_id = %s', [last.row_id])
        cursor.execute("DELETE FROM audit_chainlink WHERE seq = %s", [last.seq])
    assert found() == []
    assert [b.what for b in chain.verify(left)] == ["a head that left the house is missing"]


def test_a_chain_rewritten_from_a_row_on_is_found_by_the_head_that_left_the_house(
    story: list[Event],
) -> None:
    left = chain.head()
    with superuser() as cursor:
        cursor.execute("UPDATE audit_event SET reason = 'x' WHERE id = %s", [story[0].pk])
        cursor.execute("DELETE FROM audit_chainlink")
    chain.seal()
    assert found() == []
    assert [b.what for b in chain.verify(left)] == ["a head that left the house is missing"]


def test_a_narrowed_shape_hides_no_change(story: list[Event]) -> None:
    with superuser() as cursor:
        cursor.execute("UPDATE audit_event SET reason = 'x' WHERE id = %s", [story[0].pk])
        cursor.execute("UPDATE audit_sealedshape SET columns = columns - 'reason'")
    assert {row for _, row, _ in found()} >= {str(story[0].pk)}


def test_a_column_that_a_later_version_adds_does_not_break_what_was_sealed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET ROLE icro_owner")
        cursor.execute("ALTER TABLE audit_event ADD COLUMN later text NOT NULL DEFAULT 'new'")
        cursor.execute("SET ROLE icro_app")
    assert chain.verify() == []
    with acting(service("test")):
        record("test.later")
    assert chain.seal() == 1
    assert SealedShape.objects.filter(table="audit_event").count() == 2
    assert chain.verify() == []
    with superuser() as cursor:
        cursor.execute("UPDATE audit_event SET reason = 'x'")
    assert len(chain.verify()) == 6


def test_the_digest_does_not_depend_on_the_session_s_time_zone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'Asia/Kathmandu'")
    assert chain.verify() == []


# --- the command ----------------------------------------------------------------------------------


def verify(*arguments: str) -> tuple[int, str]:
    said = io.StringIO()
    try:
        call_command("verify", *arguments, stdout=said)
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    return 0, said.getvalue()


def test_the_command_says_that_all_is_well_and_prints_the_head() -> None:
    code, text = verify()
    assert code == 0
    assert "FAILED" not in text
    assert f"0 findings. Head of the chain: {chain.head()}" in text
    assert len([line for line in text.splitlines() if line.startswith("ok ")]) >= 3


def test_the_command_names_each_finding_and_fails(story: list[Event]) -> None:
    with superuser() as cursor:
        cursor.execute("UPDATE audit_event SET reason = 'x' WHERE id = %s", [story[2].pk])
        cursor.execute("UPDATE studies_organisation SET name = 'Changed behind'")
    code, text = verify("--no-seal")
    assert code == 1
    assert f"audit_event {story[2].pk}: content changed after it was sealed" in text
    assert "differs from its history in name" in text
    assert "2 findings" in text


def test_the_command_takes_the_head_that_left_the_house() -> None:
    head = chain.head()
    assert verify("--head", head)[0] == 0
    assert verify("--head", "f" * 64)[0] == 1


def test_what_is_not_proved_is_not_sealed() -> None:
    with acting(service("test")):
        record("test.later")
    with superuser() as cursor:
        cursor.execute("UPDATE studies_organisation SET name = 'Changed behind'")
    before = ChainLink.objects.count()
    assert verify()[0] == 1
    assert ChainLink.objects.count() == before


def test_the_applications_add_their_own_proofs() -> None:
    assert "every signature matches its record" in checks()
    assert "every row is what its history says" in checks()


# --- rows against their history -------------------------------------------------------------------


def test_a_row_that_was_changed_past_its_history_is_found() -> None:
    row = Organisation.objects.get()
    assert list(rows_are_their_last_version()) == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_organisation SET kind = 'vendor'")
    (fault,) = rows_are_their_last_version()
    assert str(fault) == f"studies.organisation {row.pk}: differs from its history in kind"


def test_a_row_without_history_and_a_history_without_row_are_found() -> None:
    row = Organisation.objects.get()
    with superuser() as cursor:
        cursor.execute("UPDATE studies_organisation SET id = gen_random_uuid()")
    what = {fault.what for fault in rows_are_their_last_version()}
    assert what == {"has no history", "has a history but is missing"}
    with superuser() as cursor:
        cursor.execute("UPDATE studies_organisation SET id = %s", [row.pk])
