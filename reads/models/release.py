"""What lets a read design into use: reports of its validation; and the standard of truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from studies.models import Configuration, FormRecord, Subject, TimePoint
from studies.scoping import StudyScoped


class ValidationReport(models.Model):
    """What one validation of a read design with its eCRF found. Append-only.

    ``facts`` holds every requirement with its test and result, and the digests and engine versions
    that were validated; ``digest`` is SHA-256 over its canonical JSON; ``pdf`` is the same as it
    was printed then.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    design = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="validations")
    form = models.ForeignKey(
        Configuration, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    design_digest = models.CharField("SHA-256 of the design", max_length=64)
    form_digest = models.CharField("SHA-256 of the eCRF", max_length=64, blank=True)
    passed = models.BooleanField("passed")
    facts = models.JSONField("report")
    digest = models.CharField("SHA-256 of the report", max_length=64)
    pdf = models.BinaryField("as printed")
    asked_by = models.CharField("asked by", max_length=200)
    at = models.DateTimeField("validated", default=clock.now)

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"Validation of {self.design}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the reviewer's signature covers: the report and what it is about."""
        return {
            "report": self.digest,
            "design": self.design_digest,
            "form": self.form_digest,
            "passed": self.passed,
        }


class TruthRecord(StudyScoped):
    """The standard of truth of a visit in a diagnostic study. No reader sees it, ever."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+")
    time_point = models.ForeignKey(TimePoint, on_delete=models.PROTECT, related_name="+")
    form_record = models.OneToOneField(FormRecord, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField("signed", null=True, blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[("open", "Open"), ("signed", "Signed"), ("voided", "Voided")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'open'",
        columns=("subject_id", "time_point_id", "form_record_id", "signed_at"),
        why="a signed standard of truth is immutable",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["time_point"], condition=~Q(state="voided"), name="truth_once"
            )
        ]

    def __str__(self) -> str:
        return f"Standard of truth of {self.time_point}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the signature on the standard of truth covers."""
        return {"time_point": self.time_point_id, "answers": self.form_record.signed_content()}
