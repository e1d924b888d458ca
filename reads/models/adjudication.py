"""Where two readers differ: the case, and which session is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from reads.models.answers import ReadSession
from studies.models import Configuration, Subject, TimePoint
from studies.scoping import StudyScoped


class AdjudicationCase(StudyScoped):
    """Two locked sessions that differ in a variable of the rule; one adjudicator decides.

    ``first_is_a`` is drawn at random when the case is made: the adjudicator sees A and B, never
    reader 1 and reader 2. A case over the subject compares two global reviews and has no time point
    of its own; one of oncology compares two oncologists' reviews.

    The chosen read is the one whose measurements stay on record. Where the charter allows a third
    result, ``third`` holds the adjudicator's own values: criterion -> variable -> value.
    """

    reader_path = "adjudicator_id"

    class Level(models.TextChoices):
        TIME_POINT = "time_point", "Time point"
        SUBJECT = "subject", "Subject"
        ONCOLOGY = "oncology", "Oncology review"

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="adjudications")
    level = models.CharField(
        "what is compared", max_length=12, choices=Level.choices, default=Level.TIME_POINT
    )
    time_point = models.ForeignKey(
        TimePoint,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="adjudications",
    )
    design = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    session_1 = models.ForeignKey(ReadSession, on_delete=models.PROTECT, related_name="+")
    session_2 = models.ForeignKey(ReadSession, on_delete=models.PROTECT, related_name="+")
    first_is_a = models.BooleanField()
    variables = models.JSONField("variables that differ")
    label = models.CharField("case label", max_length=12)
    adjudicator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField("due")
    due_by = models.CharField(max_length=120)
    choice = models.CharField(
        "choice", max_length=1, blank=True, choices=[("A", "Read A"), ("B", "Read B")]
    )
    third = models.JSONField("third result", default=dict, blank=True)
    reason = models.TextField("reason", blank=True)
    decided_at = models.DateTimeField("decided", null=True, blank=True)
    state = StateField(
        "state",
        default="pending",
        choices=[
            ("pending", "Pending"),
            ("claimed", "Claimed"),
            ("signed", "Signed"),
            ("voided", "Voided"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state IN ('signed', 'voided')",
        columns=("choice", "third", "reason", "adjudicator_id", "session_1_id", "session_2_id"),
        why="a signed adjudication is immutable",
        ends="OLD.state = 'voided'",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session_1", "session_2"],
                condition=~Q(state="voided"),
                name="adjudication_once",
            )
        ]

    def __str__(self) -> str:
        return self.label

    def signed_content(self) -> Mapping[str, Any]:
        """What the adjudicator's signature covers."""
        content = {
            "case": self.pk,
            "sessions": [self.session_1_id, self.session_2_id],
            "choice": self.choice,
            "reason": self.reason,
        }
        return content | ({"third": self.third} if self.third else {})


BASES = [
    ("single", "Single read"),
    ("agreement", "Readers agree"),
    ("adjudication", "Adjudication"),
    # A roll-back takes the acceptance back: from this row on nothing counts.
    ("rolled_back", "Rolled back"),
]


class Acceptance(models.Model):
    """Which locked session counts for a time point, and why. Append-only; the newest row holds."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    time_point = models.ForeignKey(TimePoint, on_delete=models.PROTECT, related_name="acceptances")
    session = models.ForeignKey(ReadSession, on_delete=models.PROTECT, related_name="acceptances")
    basis = models.CharField(max_length=16, choices=BASES)
    case = models.ForeignKey(
        AdjudicationCase, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.session} counts"


class ReviewAcceptance(models.Model):
    """Which locked review counts: of the subject as a whole, or of the oncologist.

    Append-only; of the same subject, kind and time point the newest row holds while its session is
    not voided.
    """

    append_only = True

    class Kind(models.TextChoices):
        GLOBAL = "global", "Global review"
        ONCOLOGY = "oncology", "Oncology review"

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(
        Subject, on_delete=models.PROTECT, related_name="review_acceptances"
    )
    time_point = models.ForeignKey(
        TimePoint, null=True, on_delete=models.PROTECT, related_name="review_acceptances"
    )
    kind = models.CharField("kind", max_length=12, choices=Kind.choices)
    session = models.ForeignKey(
        ReadSession, on_delete=models.PROTECT, related_name="review_acceptances"
    )
    basis = models.CharField(max_length=16, choices=BASES)
    case = models.ForeignKey(
        AdjudicationCase, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.session} counts"
