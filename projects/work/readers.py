"""Work around readers: escalated reads, plans that run out, fees to approve, what readers sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from accounts.models import User
from audit.actors import Actor
from audit.errors import RuleBroken
from projects.addresses import address
from projects.work.items import WorkItem, end_of_day, source
from reads.models import FeeStatement, Onboarding, ReaderCommitment, Remediation
from reads.services import care, onboarding
from studies.models import Study
from ui.figures import counted


@source("reader.manage")
def escalated_reads(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Readers whose reads are past the plan's time for escalation."""
    try:
        tasks = care.escalated(study)
    except RuleBroken:  # without a plan nothing has a clock
        return
    oldest: dict[User, datetime] = {}
    counted = Counter(task.stream.reader for task in tasks)
    for task in reversed(tasks):
        oldest[task.stream.reader] = task.due_at
    for reader, number in counted.items():
        entry = getattr(reader, "reader", None)
        page = ("reader-care", study.code, entry.pk) if entry else ("care-list", study.code)
        yield WorkItem(
            what=f"Call {reader.printed_name} about late reads",
            study=study.code,
            about=f"{number} past the plan's time for escalation",
            kind="Reader",
            url=address(*page),
            icon="alert-octagon",
            tone="stop",
            due=oldest[reader],
            cause="Reader past due",
        )


@source("reader.manage")
def remediation_to_close(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Open remediation plans with their date."""
    rows = Remediation.objects.visible_to(actor).filter(state="open")
    for plan in rows.select_related("reader__user"):
        yield WorkItem(
            what=f"Follow the remediation plan of {plan.reader}",
            study=study.code,
            about=plan.issue[:80],
            kind="Reader",
            url=address("reader-care", study.code, plan.reader_id),
            icon="clipboard-check",
            tone="wait",
            due=end_of_day(plan.due_on, study),
        )


@source("reader.manage")
def readers_behind_the_charter(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Readers who are qualified for an earlier charter version only."""
    try:
        number = len(onboarding.behind(study))
    except RuleBroken:  # no charter holds
        return
    if number:
        yield WorkItem(
            what=f"Train {counted(number, 'reader')} for the new charter version",
            study=study.code,
            about="They read nothing of it until they have passed",
            kind="Reader",
            url=address("onboarding-board", study.code),
            icon="certificate",
            tone="wait",
        )


@source("fee.approve")
def fees_to_approve(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Statements of fees that wait for a signature."""
    rows = FeeStatement.objects.visible_to(actor).filter(state="draft")
    for statement in rows.select_related("reader__user"):
        yield WorkItem(
            what=f"Approve the fees of {statement}",
            study=study.code,
            about=f"{statement.total} {statement.currency}",
            kind="Reader",
            url=address("fee-page", study.code, statement.pk),
            icon="writing-sign",
        )


@source("read.inbox")
def to_sign_before_reading(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Responsibilities and turnaround that wait for the reader's signature."""
    rows = ReaderCommitment.objects.visible_to(actor).filter(state="open")
    for held in rows.exclude(onboarding__in=Onboarding.objects.filter(state="stopped")):
        yield WorkItem(
            what="Sign responsibilities and turnaround",
            study=study.code,
            about=str(held.design),
            kind="Read",
            url=address("reader-home", study.code),
            icon="writing-sign",
            tone="wait",
        )
