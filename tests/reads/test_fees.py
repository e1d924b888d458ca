"""Fees from signed reads: by the contract of the day, once, approved by signature."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from accounts.signatures import signatures_of
from audit import clock
from audit.actors import acting, service
from audit.errors import NotPermitted, RuleBroken
from reads.models import FeeLine, FeeStatement, Reader, ReadSession
from reads.services import fees, register
from reads.workflows import READ_SESSION
from studies.scoping import scope
from studies.services import forms
from tests.reads.care_world import contracted, desk, make_care_study
from tests.reads.read_world import READERS, logged_in, read_baseline
from tests.world import BUILDER, PASSWORD, StudyWorld

pytestmark = pytest.mark.django_db


def earned() -> tuple[StudyWorld, Reader, ReadSession]:
    """A reader who signed one baseline."""
    world = make_care_study()
    with scope(world.study):
        session = read_baseline(world, READERS[0], "40.0", "20.0")
        return world, Reader.objects.get(user=world.users[READERS[0]]), session


def drawn(world: StudyWorld, one: Reader) -> FeeStatement:
    return fees.draw_up(world.study, one, clock.today(), actor=desk(world))


def approved(world: StudyWorld, statement: FeeStatement) -> FeeStatement:
    manager = world.actor("project_manager")
    return fees.approve(
        statement, actor=manager, assent=world.assent("project_manager", "approval of fees")
    )


def voided(session: ReadSession) -> ReadSession:
    return READ_SESSION.move(
        session, "void", actor=service("Roll-back", study_id=session.study_id), reason="rolled back"
    )


def test_a_signed_read_is_paid_by_the_rate_of_its_kind() -> None:
    world, one, session = earned()
    with scope(world.study):
        (work,) = fees.unpaid(world.study, one, clock.today())
        assert (work.kind, work.amount, work.record_id) == ("time_point", Decimal(120), session.pk)
        statement = drawn(world, one)
        assert (statement.total, statement.currency) == (Decimal("120.00"), "EUR")
        assert fees.sums(statement) == [("time_point", 1, Decimal("120.00"))]
        assert fees.unpaid(world.study, one, clock.today()) == []
        with pytest.raises(RuleBroken, match="not paid already"):
            drawn(world, one)


def test_nothing_is_paid_without_contract_or_rate_of_the_day_of_signing() -> None:
    world, one, _ = earned()
    with scope(world.study):
        (contract,) = one.contracts.all()
        register.move_contract(contract, "end", actor=desk(world), reason="new one")
        # An ended contract still pays what was signed under it.
        assert fees.unpaid(world.study, one, clock.today())[0].problem == ""
        contracted(world, one, rates={"adjudication": "80"}, days=500)
        (work,) = fees.unpaid(world.study, one, clock.today())
        assert "has no rate for time point" in work.problem
        with pytest.raises(RuleBroken) as caught:
            drawn(world, one)
        assert caught.value.rule == "FS-002"


def test_the_month_is_that_of_the_study() -> None:
    world, one, session = earned()
    with scope(world.study):
        start, end = fees.month_bounds(world.study, clock.today())
        assert start <= session.signed_at < end
        before = fees.first_of(clock.today()) - timedelta(days=1)
        assert fees.unpaid(world.study, one, before) == []


def test_approval_is_a_signature_over_every_line() -> None:
    world, one, _ = earned()
    with scope(world.study):
        statement = drawn(world, one)
        with pytest.raises(NotPermitted):
            fees.approve(
                statement,
                actor=desk(world),
                assent=world.assent("reviewer_operations", "approval of fees"),
            )
        statement = approved(world, statement)
        assert statement.state == "approved"
        (held,) = signatures_of(statement)
        assert held.valid


def test_a_read_that_was_paid_voided_and_read_again_is_not_paid_twice() -> None:
    world, one, session = earned()
    with scope(world.study):
        approved(world, drawn(world, one))
        voided(session)
        # The roll-back opens the same task anew; a second version of the read is signed.
        again = second_version(session)
        assert again.state == "signed"
        assert fees.unpaid(world.study, one, clock.today()) == []


def second_version(session: ReadSession) -> ReadSession:
    """Return a second signed version of a voided read, as a roll-back leaves it."""
    with acting(BUILDER):
        made = ReadSession(
            study_id=session.study_id,
            task=session.task,
            version=2,
            form_record=forms.start(session.form_record.form, actor=BUILDER),
        )
        made.save()
    with connection.cursor() as cursor:  # the signature's own path has tests of its own
        cursor.execute(
            "UPDATE reads_readsession SET state = 'signed', signed_at = %s WHERE id = %s",
            [clock.now(), made.pk],
        )
    made.refresh_from_db()
    return made


def test_a_read_voided_before_approval_stops_the_statement() -> None:
    world, one, session = earned()
    with scope(world.study):
        statement = drawn(world, one)
        voided(session)
        with pytest.raises(RuleBroken, match="Voided since"):
            approved(world, statement)
        fees.withdraw(statement, actor=desk(world), reason="voided")
        assert fees.unpaid(world.study, one, clock.today()) == []


def test_a_withdrawn_draft_sets_its_work_free_and_the_database_pays_once() -> None:
    world, one, _ = earned()
    with scope(world.study):
        first = drawn(world, one)
        fees.withdraw(first, actor=desk(world), reason="wrong month")
        second = drawn(world, one)
        assert second.lines.count() == 1
        line = FeeLine.objects.get(statement=first)
        with pytest.raises(IntegrityError), transaction.atomic(), acting(BUILDER):
            line.is_dropped = False
            line.save()


def test_the_pages_draw_up_export_and_sign() -> None:
    world, one, _ = earned()
    operations, manager = (logged_in(world, n) for n in ("reviewer_operations", "project_manager"))
    month = f"{clock.today():%Y-%m}"
    listed = operations.get(reverse("fee-list", args=["ALPHA"])).content.decode()
    assert "1 piece of work" in listed
    answer = operations.post(reverse("fee-draw", args=["ALPHA", one.pk]), {"month": month})
    with scope(world.study):
        statement = FeeStatement.objects.get()
    assert answer.url == reverse("fee-page", args=["ALPHA", statement.pk])
    page = manager.get(answer.url)
    digest = page.context["sign"].hidden[0][1]
    sign = reverse("fee-sign", args=["ALPHA", statement.pk])
    assert manager.post(sign, {"password": "wrong", "digest": digest}).status_code == 422
    manager.post(sign, {"password": PASSWORD, "digest": digest})
    with scope(world.study):
        assert FeeStatement.objects.get().state == "approved"
    sent = operations.get(reverse("fee-csv", args=["ALPHA", statement.pk])).content.decode()
    (row,) = csv.DictReader(io.StringIO(sent))
    assert (row["amount"], row["currency"], row["kind"]) == ("120.00", "EUR", "time_point")
    printed = operations.get(reverse("fee-pdf", args=["ALPHA", statement.pk]))
    assert printed.content.startswith(b"%PDF-")
