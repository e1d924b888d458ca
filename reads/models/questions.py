"""What a reader asks while reading, relayed blinded through image operations."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from queries.models import Query
from reads.models.tasks import ReadTask
from studies.models import TimePoint
from studies.scoping import StudyScoped


class ReaderQuestion(StudyScoped):
    """A reader's question about a read, and the blinded words that come back.

    The reader's page shows ``text`` and, once delivered, ``answer``; nothing else of this row.
    """

    reader_path = "task__stream__reader_id"

    class Kind(models.TextChoices):
        IMAGES = "images", "The images"
        DOSSIER = "dossier", "The clinical dossier"
        CHARTER = "charter", "The charter or the form"

    task = models.ForeignKey(ReadTask, on_delete=models.PROTECT, related_name="questions")
    kind = models.CharField("about", max_length=8, choices=Kind.choices, default=Kind.IMAGES)
    dossier_of = models.ForeignKey(
        TimePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    dossier_version = models.PositiveIntegerField("dossier version", null=True, blank=True)
    text = models.TextField("question")
    asked_at = models.DateTimeField("asked", default=clock.now)
    due_at = models.DateTimeField("due")
    due_by = models.CharField(max_length=120)
    query = models.ForeignKey(
        Query, null=True, blank=True, on_delete=models.PROTECT, related_name="reader_questions"
    )
    answer = models.TextField("answer to the reader", blank=True)
    findings = models.JSONField("what could unblind", default=list)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField("answered", null=True, blank=True)
    withdrawn_reason = models.CharField("why withdrawn", max_length=200, blank=True)
    state = StateField(
        "state",
        default="asked",
        choices=[
            ("asked", "Asked"),
            ("relayed", "With the site"),
            ("held", "Answer held for a second person"),
            ("answered", "Answered"),
            ("withdrawn", "Withdrawn"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state IN ('answered', 'withdrawn')",
        columns=("text", "kind", "dossier_version", "answer", "task_id", "answered_at"),
        why="an answered question does not change",
    )

    class Meta:
        ordering = ("asked_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(state__in=["asked", "relayed", "held"]),
                name="question_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"question about {self.task}"
