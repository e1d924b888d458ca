"""Phantom scans: how a scanner of a study proves that it measures what it should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models

from audit.guards import Frozen
from audit.states import StateField
from studies.models import Configuration, Scanner, StudySite
from studies.scoping import StudyScoped


class PhantomScan(StudyScoped):
    """One scan of a phantom on one scanner for one study, from its files to the decision.

    The files as they came are ciphertext in an arrival store under this row's id; only figures and
    a picture are taken out of them. ``plan`` pins the phantoms, intervals and limits that it is
    judged by. Concentrations are those of the filling at the time to which the images are decay
    corrected, in kBq/ml.
    """

    site_path = "study_site_id"

    class Occasion(models.TextChoices):
        FIRST = "first", "First qualification"
        SCHEDULED = "scheduled", "Scheduled requalification"
        CHANGE = "change", "Repair, move or new software"
        REPEAT = "repeat", "Repeat after a failure"

    study_site = models.ForeignKey(
        StudySite, on_delete=models.PROTECT, related_name="phantom_scans"
    )
    scanner = models.ForeignKey(Scanner, on_delete=models.PROTECT, related_name="phantom_scans")
    plan = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    programme = models.CharField("phantom", max_length=40)
    number = models.PositiveIntegerField("number")
    occasion = models.CharField("occasion", max_length=10, choices=Occasion.choices)
    scan_date = models.DateField("scan date", null=True, blank=True)
    background_kbq_ml = models.DecimalField(
        "background, kBq/ml", max_digits=9, decimal_places=4, null=True, blank=True
    )
    sphere_kbq_ml = models.DecimalField(
        "spheres, kBq/ml", max_digits=9, decimal_places=4, null=True, blank=True
    )
    comment = models.CharField("comment of the site", max_length=500, blank=True)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="phantom_scans"
    )
    files = models.JSONField(
        "files", default=list, blank=True, help_text="SHA-256, bytes and whether it has arrived"
    )
    received_at = models.DateTimeField("received", null=True, blank=True)
    engine_version = models.CharField("engine", max_length=40, blank=True)
    header = models.JSONField(
        "header facts", default=dict, blank=True, help_text="scanner, date, series; no names"
    )
    figures = models.JSONField(
        "figures", default=list, blank=True, help_text="metric, value, limits, verdict"
    )
    picture_sha256 = models.CharField(max_length=64, blank=True)
    problem = models.CharField("why not measured", max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("decided", null=True, blank=True)
    decision_comment = models.CharField("comment of the decision", max_length=500, blank=True)
    qualified_until = models.DateField("qualified until", null=True, blank=True)
    state = StateField(
        "state",
        default="draft",
        choices=[
            ("draft", "Draft"),
            ("received", "Received"),
            ("measured", "Measured"),
            ("returned", "Returned to the site"),
            ("qualified", "Passed"),
            ("failed", "Failed"),
            ("withdrawn", "Withdrawn"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state IN ('qualified', 'failed')",
        columns=("figures", "header", "files", "decided_by_id", "decided_at", "scanner_id"),
        why="the qualification of the scanner is signed",
    )

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="phantomscan_number_once")
        ]

    def __str__(self) -> str:
        return f"P-{self.number:04d}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the deciding signature covers: the files, what was measured and what it is worth."""
        return {
            "scanner": self.scanner_id,
            "plan": self.plan_id,
            "programme": self.programme,
            "files": sorted(entry["sha256"] for entry in self.files),
            "filling": [str(self.background_kbq_ml), str(self.sphere_kbq_ml)],
            "figures": self.figures,
            "engine": self.engine_version,
            "comment": self.decision_comment,
        }
