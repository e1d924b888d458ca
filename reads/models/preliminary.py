"""Measurements that image operations prepare, and what the reader makes of each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.guards import Frozen
from audit.states import StateField
from reads.models.answers import ReadSession
from studies.models import TimePoint
from studies.scoping import StudyScoped


class PreliminaryAnalysis(StudyScoped):
    """The preliminary measurements of a time point, finished before anybody reads it."""

    time_point = models.ForeignKey(
        TimePoint, on_delete=models.PROTECT, related_name="preliminary_analyses"
    )
    analyst = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    finished_at = models.DateTimeField("finished", null=True, blank=True)
    state = StateField(
        "state",
        default="draft",
        choices=[("draft", "Draft"), ("finished", "Finished"), ("discarded", "Discarded")],
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["time_point"],
                condition=~Q(state="discarded"),
                name="preliminary_one_of_time_point",
            )
        ]

    def __str__(self) -> str:
        return f"preliminary measurements of {self.time_point}"


class PreliminaryMeasurement(StudyScoped):
    """One value of the analyst, as entered and in millimetres (decision 21)."""

    class Kind(models.TextChoices):
        LONG_AXIS = "long_axis", "Long axis"
        SHORT_AXIS = "short_axis", "Short axis"

    analysis = models.ForeignKey(
        PreliminaryAnalysis, on_delete=models.PROTECT, related_name="measurements"
    )
    label = models.CharField("lesion", max_length=8)
    location = models.CharField("location", max_length=60)
    kind = models.CharField("axis", max_length=12, choices=Kind.choices)
    entered = models.CharField("as entered", max_length=24)
    entered_unit = models.CharField("unit entered", max_length=12, default="mm")
    value = models.DecimalField("value, mm", max_digits=12, decimal_places=4)
    slice_number = models.PositiveIntegerField("slice", null=True, blank=True)
    removed_reason = models.CharField("why removed", max_length=200, blank=True)

    class Meta:
        ordering = ("label", "kind")
        constraints = [
            models.UniqueConstraint(
                fields=["analysis", "label", "kind"],
                condition=Q(removed_reason=""),
                name="preliminary_value_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.get_kind_display().lower()} {self.value} mm"


class PreliminaryReview(StudyScoped):
    """What a reader made of a preliminary value in one read: approved, changed or rejected."""

    reader_path = "session__task__stream__reader_id"

    class Decision(models.TextChoices):
        APPROVED = "approved", "Approved"
        CHANGED = "changed", "Changed"
        REJECTED = "rejected", "Not used"

    measurement = models.ForeignKey(
        PreliminaryMeasurement, on_delete=models.PROTECT, related_name="reviews"
    )
    session = models.ForeignKey(
        ReadSession, on_delete=models.PROTECT, related_name="preliminary_reviews"
    )
    decision = models.CharField("decision", max_length=10, choices=Decision.choices)
    value = models.DecimalField(
        "reader's value, mm", max_digits=12, decimal_places=4, null=True, blank=True
    )
    reason = models.CharField("reason", max_length=200, blank=True)
    signed_at = models.DateTimeField("signed with the read", null=True, blank=True)

    frozen = Frozen(
        condition="OLD.signed_at IS NOT NULL",
        columns=("measurement_id", "session_id", "decision", "value", "reason", "signed_at"),
        why="a signed read is immutable",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["measurement", "session"], name="preliminary_reviewed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.measurement}: {self.get_decision_display().lower()}"
