"""Fees: a reader's month from signed work and meetings, by the contract of the day.

A read is paid by the rate of the day of signing, a meeting by that of the day it was held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from accounts.signatures import Assent
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import record
from reads.models import (
    AdjudicationCase,
    FeeLine,
    FeeStatement,
    MeetingPlace,
    Reader,
    ReaderContract,
    ReadSession,
)
from reads.services.meetings import work_of
from reads.workflows import FEE_STATEMENT
from studies.models import Study

#: purposes of a stream whose reads are paid by the rate of another kind than the task's own
_BY_PURPOSE = {"training": "training", "eligibility": "eligibility"}
_BY_TASK = {"time_point": "time_point", "global": "global_review", "eligibility": "eligibility"}
DECEMBER = 12
MEETING = "meeting"
NOON = time(12)
LABEL_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of signed work that no statement pays yet."""

    key: str
    kind: str
    label: str
    record_id: Any
    signed_at: datetime
    contract: ReaderContract | None
    amount: Decimal | None

    @property
    def problem(self) -> str:
        """Why it cannot be paid, in words; "" when it can."""
        if self.contract is None:
            return f"{self.label}: no signed contract held on {self.signed_at:%d %b %Y}."
        if self.amount is None:
            kind = self.kind.replace("_", " ")
            return f"{self.label}: contract {self.contract} has no rate for {kind}."
        return ""


def first_of(month: date) -> date:
    """Return the first day of a day's month."""
    return month.replace(day=1)


def month_bounds(study: Study, month: date) -> tuple[datetime, datetime]:
    """Return a month's first instant and the next one's, in the zone of the study."""
    zone = ZoneInfo(study.time_zone)
    start = first_of(month)
    end = start.replace(year=start.year + start.month // DECEMBER, month=start.month % DECEMBER + 1)
    return datetime.combine(start, time(), zone), datetime.combine(end, time(), zone)


def unpaid(study: Study, reader: Reader, month: date) -> list[Work]:
    """Return signed work of a month that no statement holds.

    A read is named by its stream and time point, whatever version of it was signed: what was paid,
    voided and read again is not paid again.
    """
    start, end = month_bounds(study, month)
    paid = set(
        FeeLine.objects.in_study(study).filter(is_dropped=False).values_list("work", flat=True)
    )
    contracts = list(reader.contracts.filter(state__in=("signed", "ended")))
    found: dict[str, Work] = {}
    works = (*_signed(study, reader, start, end), *_attended(study, reader, month))
    for key, kind, label, row_id, signed_at in works:
        if key not in paid:
            held = _holding(contracts, signed_at.date())
            rate = held.rates.get(kind) if held else None
            if kind == MEETING and not rate:
                continue  # a contract without a rate for meetings pays none
            amount = Decimal(rate) if rate is not None else None
            found[key] = Work(key, kind, label, row_id, signed_at, held, amount)
    return sorted(found.values(), key=lambda one: (one.signed_at, one.key))


def _signed(
    study: Study, reader: Reader, start: datetime, end: datetime
) -> Iterator[tuple[str, str, str, Any, datetime]]:
    sessions = ReadSession.objects.in_study(study).filter(
        task__stream__reader=reader.user_id,
        state__in=("signed", "final"),
        signed_at__gte=start,
        signed_at__lt=end,
    )
    for session in sessions.select_related("task__stream"):
        task = session.task
        purpose = task.stream.purpose
        kind = _BY_PURPOSE.get(purpose, _BY_TASK.get(task.kind, task.kind))
        place = task.time_point_id or f"{task.kind}-{task.sequence}"
        label = f"{task.stream.label}, time point {task.sequence}"
        yield f"{task.kind}:{task.stream_id}:{place}", kind, label, session.pk, session.signed_at
    cases = AdjudicationCase.objects.in_study(study).filter(
        adjudicator=reader.user_id, state="signed", decided_at__gte=start, decided_at__lt=end
    )
    for case in cases:
        place = case.time_point_id or case.subject_id
        yield (
            f"adjudication:{case.level}:{reader.user_id}:{place}",
            "adjudication",
            case.label,
            case.pk,
            case.decided_at,
        )


def _attended(
    study: Study, reader: Reader, month: date
) -> Iterator[tuple[str, str, str, Any, datetime]]:
    """Meetings that were held in the month with this reader, at noon of their day."""
    start, end = month_bounds(study, month)
    rows = MeetingPlace.objects.in_study(study).filter(
        reader=reader,
        took_part=True,
        meeting__state="held",
        meeting__held_on__gte=start.date(),
        meeting__held_on__lt=end.date(),
    )
    for place in rows.select_related("meeting"):
        held_at = datetime.combine(place.meeting.held_on, NOON, ZoneInfo(study.time_zone))
        yield work_of(place), MEETING, str(place.meeting)[:LABEL_LENGTH], place.pk, held_at


def _holding(contracts: list[ReaderContract], day: date) -> ReaderContract | None:
    held = [c for c in contracts if c.valid_from <= day <= c.valid_until]
    return max(held, key=lambda c: c.valid_until, default=None)


def draw_up(study: Study, reader: Reader, month: date, *, actor: Actor) -> FeeStatement:
    """Draw up the statement of a month from everything that is not paid yet.

    Raises:
        RuleBroken: FS-001 nothing was signed; FS-002 no contract or rate for a piece of work;
            FS-003 rates in several currencies; FS-004 the month has a draft already.
    """
    actor.require("reader.manage")
    works = unpaid(study, reader, month)
    problems = [one.problem for one in works if one.problem]
    if problems:
        raise RuleBroken(" ".join(problems), rule="FS-002")
    if not works:
        raise RuleBroken(
            f"{reader} signed nothing in {month:%B %Y} that is not paid already.", rule="FS-001"
        )
    currencies = {one.contract.currency for one in works if one.contract}
    if len(currencies) > 1:
        raise RuleBroken(
            f"The contracts of this month are in {', '.join(sorted(currencies))}.", rule="FS-003"
        )
    made = FeeStatement(
        study=study,
        reader=reader,
        month=first_of(month),
        currency=currencies.pop(),
        total=sum((one.amount or Decimal(0) for one in works), Decimal(0)),
    )
    try:
        with transaction.atomic(), acting(actor.acting_as("reader.manage")):
            made.save()
            for one in works:
                _line(made, one).save()
            record("fee.draw_up", made, details={"lines": len(works), "total": str(made.total)})
    except IntegrityError as error:
        raise RuleBroken(
            f"{made} has a draft already. Approve or withdraw it first.", rule="FS-004"
        ) from error
    return made


def _line(statement: FeeStatement, work: Work) -> FeeLine:
    return FeeLine(
        study_id=statement.study_id,
        statement=statement,
        work=work.key,
        kind=work.kind,
        label=work.label,
        record_id=work.record_id,
        earned_at=work.signed_at,
        contract=str(work.contract),
        amount=work.amount or Decimal(0),
    )


def approve(statement: FeeStatement, *, actor: Actor, assent: Assent) -> FeeStatement:
    """Sign the statement: it is paid as it stands.

    Raises:
        RuleBroken: FS-005 a read of it was voided since; draw it up anew.
    """
    voided = [line.label for line in statement.lines.all() if not _still_signed(line)]
    if voided:
        raise RuleBroken(
            f"Voided since the statement was drawn up: {', '.join(voided)}. Withdraw it and draw "
            "it up again.",
            rule="FS-005",
        )
    return FEE_STATEMENT.move(statement, "approve", actor=actor, assent=assent)


def _still_signed(line: FeeLine) -> bool:
    if line.kind == MEETING:
        places = MeetingPlace.objects.in_study(line.study_id).filter(pk=line.record_id)
        return bool(places.filter(took_part=True, meeting__state="held").exists())
    model: Any = AdjudicationCase if line.kind == "adjudication" else ReadSession
    rows = model.objects.in_study(line.study_id).filter(pk=line.record_id)
    return bool(rows.filter(state__in=("signed", "final")).exists())


def withdraw(statement: FeeStatement, *, actor: Actor, reason: str) -> FeeStatement:
    """Take a draft back; its work waits for the next statement."""
    with transaction.atomic():
        moved = FEE_STATEMENT.move(statement, "withdraw", actor=actor, reason=reason)
        with acting(actor.acting_as("reader.manage"), reason):
            for line in moved.lines.select_for_update():
                line.is_dropped = True
                line.save()
    return moved


def sums(statement: FeeStatement) -> list[tuple[str, int, Decimal]]:
    """Return number and amount by kind of work."""
    found: dict[str, tuple[int, Decimal]] = {}
    for line in statement.lines.all():
        number, amount = found.get(line.kind, (0, Decimal(0)))
        found[line.kind] = (number + 1, amount + line.amount)
    return [(kind, number, amount) for kind, (number, amount) in sorted(found.items())]
