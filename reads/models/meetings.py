"""Meetings with readers: training on the charter, calibration; who took part is paid."""

from __future__ import annotations

from django.db import models

from audit.guards import Frozen
from audit.states import StateField
from reads.models.readers import Reader
from studies.scoping import StudyScoped


class ReaderMeeting(StudyScoped):
    """A training or calibration meeting of a study: when, about what, with which minutes."""

    class Kind(models.TextChoices):
        TRAINING = "training", "Training"
        CALIBRATION = "calibration", "Calibration"

    kind = models.CharField("kind", max_length=12, choices=Kind.choices)
    title = models.CharField("subject matter", max_length=120)
    held_on = models.DateField("held on")
    duration_minutes = models.PositiveSmallIntegerField("length in minutes")
    minutes = models.TextField("minutes of the meeting", blank=True)
    state = StateField(
        "state",
        default="planned",
        choices=[("planned", "Planned"), ("held", "Held"), ("cancelled", "Cancelled")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'planned'",
        columns=("kind", "title", "held_on", "duration_minutes", "minutes"),
        why="a meeting that was held is immutable",
    )

    class Meta:
        ordering = ("-held_on", "title")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.held_on:%d %b %Y}: {self.title}"


class MeetingPlace(StudyScoped):
    """A reader's place in a meeting. Who took part is said when the meeting was held."""

    reader_path = "reader__user_id"

    meeting = models.ForeignKey(ReaderMeeting, on_delete=models.PROTECT, related_name="places")
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="meeting_places")
    took_part = models.BooleanField("took part", null=True, blank=True)

    class Meta:
        ordering = ("reader__user__printed_name",)
        constraints = [
            models.UniqueConstraint(fields=["meeting", "reader"], name="meeting_place_once")
        ]

    def __str__(self) -> str:
        return f"{self.reader} in {self.meeting}"
