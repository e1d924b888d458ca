"""What reviewer operations keep of readers: correspondence, escalations, remediation, fees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from reads.models.readers import Reader
from studies.scoping import StudyScoped


class ReaderEscalation(StudyScoped):
    """Late reads of a reader that went to reviewer operations: opened by rule, closed by people.

    ``rule`` says by which clock of the plan; ``tasks`` names the reads, those that crossed the
    limit while the escalation was open included; ``plan`` is what the owner is going to do.
    """

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="escalations")
    rule = models.CharField("rule", max_length=200)
    tasks = models.JSONField("reads", default=list)
    opened_at = models.DateTimeField("opened", default=clock.now)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    outcome = models.TextField("outcome", blank=True)
    closed_at = models.DateTimeField("closed", null=True, blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[("open", "Open"), ("owned", "Being worked on"), ("closed", "Closed")],
    )

    frozen = Frozen(
        condition="OLD.state = 'closed'",
        columns=("reader_id", "rule", "tasks", "opened_at", "owner_id", "outcome", "closed_at"),
        why="a closed escalation is immutable",
    )

    class Meta:
        ordering = ("-opened_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["study", "reader"],
                condition=~Q(state="closed"),
                name="escalation_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"Escalation of {self.reader}, {self.opened_at:%d %b %Y}"


class ReaderMessage(StudyScoped):
    """One entry of the correspondence with a reader: sent by the platform, or told by a person."""

    class Kind(models.TextChoices):
        REMINDER = "reminder", "Reminder before due"
        OVERDUE = "overdue", "Overdue"
        ESCALATION = "escalation", "Escalation"
        MAIL = "mail", "Mail"
        CALL = "call", "Call"
        MEETING = "meeting", "Meeting"

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField("kind", max_length=12, choices=Kind.choices)
    is_from_reader = models.BooleanField("from the reader", default=False)
    at = models.DateTimeField("at", default=clock.now)
    text = models.TextField("text")
    #: ids of the reads that a message of the platform is about
    tasks = models.JSONField("reads", default=list, blank=True)
    escalation = models.ForeignKey(
        ReaderEscalation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="messages",
    )

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%d %b %Y}"


class Remediation(StudyScoped):
    """A plan by which a reader's performance is mended: issue, steps, owner, dates.

    ``steps``: ``[{"text", "owner", "due", "done_on"}, …]``.
    """

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="remediations")
    issue = models.TextField("issue")
    steps = models.JSONField("steps", default=list)
    due_on = models.DateField("to be closed by")
    outcome = models.TextField("outcome", blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[("open", "Open"), ("completed", "Completed"), ("cancelled", "Cancelled")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'open'",
        columns=("reader_id", "issue", "steps", "due_on", "outcome"),
        why="a closed remediation plan is immutable",
    )

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"Remediation plan of {self.reader}"


class FeeStatement(StudyScoped):
    """What a reader earned in a month in a study, from signed reads and adjudications."""

    reader_path = "reader__user_id"

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="statements")
    month = models.DateField("first day of the month")
    currency = models.CharField("currency", max_length=3)
    total = models.DecimalField("total", max_digits=12, decimal_places=2)
    state = StateField(
        "state",
        default="draft",
        choices=[("draft", "Draft"), ("approved", "Approved"), ("withdrawn", "Withdrawn")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'draft'",
        columns=("reader_id", "month", "currency", "total"),
        why="an approved statement is immutable",
    )

    class Meta:
        ordering = ("-month",)
        constraints = [
            models.UniqueConstraint(
                fields=["study", "reader", "month", "currency"],
                condition=Q(state="draft"),
                name="fee_statement_one_draft",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reader}, {self.month:%b %Y}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the approval covers: every line with its rate."""
        return {
            "reader": self.reader_id,
            "month": self.month,
            "currency": self.currency,
            "total": self.total,
            "lines": [
                [line.work, line.kind, line.record_id, line.earned_at, line.contract, line.amount]
                for line in self.lines.order_by("work")
            ],
        }


class FeeLine(StudyScoped):
    """One piece of work that is paid. ``work`` names it whatever version of it was signed."""

    reader_path = "statement__reader__user_id"

    statement = models.ForeignKey(FeeStatement, on_delete=models.PROTECT, related_name="lines")
    #: e.g. ``time_point:<stream>:<time point>``: a read that is voided and read again is one work
    work = models.CharField("work", max_length=140)
    kind = models.CharField("kind of work", max_length=20)
    label = models.CharField("label", max_length=60)
    record_id = models.UUIDField("signed record")
    earned_at = models.DateTimeField("signed")
    contract = models.CharField("contract", max_length=40)
    amount = models.DecimalField("amount", max_digits=10, decimal_places=2)
    is_dropped = models.BooleanField("taken off with its statement", default=False)

    class Meta:
        ordering = ("earned_at",)
        constraints = [
            # The database pays a piece of work once.
            models.UniqueConstraint(
                fields=["study", "work"], condition=Q(is_dropped=False), name="fee_line_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.amount}"
