"""Images that arrive for a time point after its reads have begun, and what science decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models

from audit.guards import Frozen
from audit.states import StateField
from imaging.models.package import ReadPackage
from imaging.models.submission import Submission
from studies.models import TimePoint
from studies.scoping import StudyScoped


class LateImages(StudyScoped):
    """One decision record: what the late images change, by signature, and what became of it.

    ``outcome`` lists in words what was carried out and what still waits for a person.
    """

    class Decision(models.TextChoices):
        NO_EFFECT = "no_effect", "No effect on the reads"
        RE_READ = "re_read", "Read the time point again"
        ROLLBACK = "rollback", "Roll back this and later time points"

    time_point = models.ForeignKey(TimePoint, on_delete=models.PROTECT, related_name="late_images")
    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="late")
    package = models.ForeignKey(
        ReadPackage, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField("decision due")
    due_by = models.CharField(max_length=120)
    decision = models.CharField("decision", max_length=12, choices=Decision.choices, blank=True)
    reason = models.TextField("reason", blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("decided", null=True, blank=True)
    outcome = models.JSONField("what became of it", default=list, blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[
            ("open", "Waits for science"),
            ("decided", "Decided, to be carried out"),
            ("carried_out", "Carried out"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'open'",
        columns=("decision", "reason", "decided_by_id", "decided_at", "submission_id"),
        why="the decision is signed",
    )

    class Meta:
        verbose_name_plural = "late images"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"Late images {self.submission} of {self.time_point}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the decision's signature covers."""
        return {
            "time_point": self.time_point_id,
            "submission": self.submission_id,
            "package": self.package_id,
            "decision": self.decision,
            "reason": self.reason,
        }
