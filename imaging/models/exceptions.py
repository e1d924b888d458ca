"""Standing exceptions: what a site cannot do otherwise, agreed once and listed every time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from audit.guards import Frozen
from audit.states import StateField
from studies.models import StudySite
from studies.scoping import StudyScoped


class SiteException(StudyScoped):
    """A documented exception of a site from the acquisition guideline, for a period.

    A finding that it covers stays listed with the exception's number; it asks nobody again and
    does not keep a visit from passing.
    """

    site_path = "study_site_id"

    study_site = models.ForeignKey(StudySite, on_delete=models.PROTECT, related_name="exceptions")
    number = models.PositiveIntegerField("number")
    code = models.CharField("finding", max_length=60)
    parameter = models.CharField("parameter", max_length=60, blank=True)
    modality = models.CharField("modality", max_length=16, blank=True)
    reason = models.TextField("reason")
    valid_from = models.DateField("from")
    valid_until = models.DateField("until", null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    approved_at = models.DateTimeField("approved", null=True, blank=True)
    ended_on = models.DateField("ended on", null=True, blank=True)
    end_reason = models.CharField("why ended", max_length=300, blank=True)
    state = StateField(
        "state",
        default="proposed",
        choices=[
            ("proposed", "Proposed"),
            ("approved", "Approved"),
            ("ended", "Ended"),
            ("declined", "Declined"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'proposed'",
        columns=(
            "study_site_id",
            "code",
            "parameter",
            "modality",
            "reason",
            "valid_from",
            "valid_until",
        ),
        why="the exception is approved",
    )

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="siteexception_number_once"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="siteexception_period",
            ),
        ]

    def __str__(self) -> str:
        return f"EX-{self.number:03d}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the approval covers."""
        return {
            "study_site": self.study_site_id,
            "number": self.number,
            "code": self.code,
            "parameter": self.parameter,
            "modality": self.modality,
            "reason": self.reason,
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
        }
