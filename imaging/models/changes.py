"""What changes whose images they are, or whether they may be used: moves, consent, destruction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from imaging.models.submission import Submission
from studies.models import Subject, TimePoint
from studies.scoping import StudyScoped


class Move(StudyScoped):
    """A submission, or some of its series, goes to another subject or time point.

    ``effects`` is what was listed before the signature: reads, packages and cuts in words.
    """

    site_path = "submission__study_site_id"

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="moves")
    series_uids = models.JSONField(
        "series", default=list, help_text="empty: the whole submission; else Series Instance UIDs"
    )
    target = models.ForeignKey(TimePoint, on_delete=models.PROTECT, related_name="moves_here")
    result = models.OneToOneField(
        Submission, null=True, blank=True, on_delete=models.PROTECT, related_name="moved_by"
    )
    reason = models.TextField("reason")
    effects = models.JSONField("effects", default=list)
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    carried_out_at = models.DateTimeField("carried out", null=True, blank=True)
    state = StateField(
        "state",
        default="planned",
        choices=[
            ("planned", "Planned"),
            ("carried_out", "Carried out"),
            ("cancelled", "Cancelled"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'planned'",
        columns=("submission_id", "series_uids", "target_id", "reason", "effects"),
        why="the move is signed or given up",
    )

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"Move of {self.submission} to {self.target}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the signature covers: what goes where, why, and what it affects."""
        return {
            "submission": self.submission_id,
            "series": self.series_uids,
            "target": self.target_id,
            "reason": self.reason,
            "effects": self.effects,
        }


class ConsentWithdrawal(StudyScoped):
    """A subject withdrew consent: when, what for, who reported it, and what the protocol asks.

    ``policy`` is the study's rule as it was when the withdrawal was recorded.
    """

    site_path = "subject__study_site_id"

    class Scope(models.TextChoices):
        COLLECTION = "collection", "No further images"
        PROCESSING = "processing", "No further images and no further reading"
        USE = "use", "No use of the images at all"

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="withdrawals")
    withdrawn_on = models.DateField("withdrawn on")
    scope = models.CharField("scope", max_length=12, choices=Scope.choices)
    source = models.CharField("reported by", max_length=200)
    reason = models.TextField("note", blank=True)
    policy = models.JSONField("rule of the protocol", default=dict)
    state_before = models.CharField(max_length=24)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField("recorded", default=clock.now)
    done_at = models.DateTimeField("carried out", null=True, blank=True)
    outcome = models.JSONField("what became of it", default=dict)
    corrected_reason = models.CharField("why corrected", max_length=300, blank=True)
    state = StateField(
        "state",
        default="effective",
        choices=[("effective", "Effective"), ("corrected", "Corrected: recorded in error")],
    )

    frozen = Frozen(
        condition="TRUE",
        columns=("subject_id", "withdrawn_on", "scope", "source", "reason", "policy"),
        why="a withdrawal is corrected by its own step, never edited",
    )

    class Meta:
        ordering = ("-recorded_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=models.Q(state="effective"),
                name="consentwithdrawal_one_effective",
            )
        ]

    def __str__(self) -> str:
        return f"Withdrawal of consent of {self.subject}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the signature under a correction covers."""
        return {
            "subject": self.subject_id,
            "withdrawn_on": self.withdrawn_on,
            "scope": self.scope,
            "source": self.source,
            "policy": self.policy,
            "outcome": self.outcome,
        }


class Destruction(models.Model):
    """Proof that bytes were destroyed: what, how many, how, why. Append-only.

    ``list_digest`` is SHA-256 over the sorted digests of what was destroyed, so that anybody who
    still knows the digests can check the proof.
    """

    append_only = True

    class What(models.TextChoices):
        ORIGINALS = "originals", "Original files"
        OUTPUTS = "outputs", "Clean images and pictures"

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, related_name="destructions"
    )
    withdrawal = models.ForeignKey(
        ConsentWithdrawal, null=True, on_delete=models.PROTECT, related_name="destructions"
    )
    move = models.ForeignKey(Move, null=True, on_delete=models.PROTECT, related_name="destructions")
    what = models.CharField(max_length=12, choices=What.choices)
    count = models.PositiveIntegerField()
    byte_count = models.BigIntegerField()
    list_digest = models.CharField(max_length=64)
    method = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=200)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.get_what_display()} of {self.submission} destroyed"
