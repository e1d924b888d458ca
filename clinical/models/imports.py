"""Spreadsheets of the clinical CRO, kept as text exactly as they came."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from studies.scoping import StudyScoped


class DossierImport(StudyScoped):
    """A file with items of many subjects and time points, and what became of it."""

    sha256 = models.CharField("SHA-256 of the file", max_length=64)
    file_name = models.CharField("file", max_length=120)
    sheet = models.CharField("sheet", max_length=80, blank=True)
    reason = models.CharField("what the file brings", max_length=200)
    cells = models.JSONField("cells as text", default=list)
    imported_at = models.DateTimeField("imported", null=True, blank=True)
    state = StateField(
        "state",
        default="draft",
        choices=[
            ("draft", "Draft"),
            ("importing", "Being imported"),
            ("imported", "Imported"),
            ("discarded", "Discarded"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state IN ('imported', 'discarded')",
        columns=("sha256", "sheet", "reason", "cells", "imported_at"),
        why="an imported file does not change",
    )

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["study", "sha256", "sheet"],
                condition=~Q(state="discarded"),
                name="dossierimport_file_once",
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def rows(self) -> int:
        """How many rows the sheet has below its head."""
        return max(len(self.cells) - 1, 0)


class DossierImportRun(models.Model):
    """What one run over a large file found or wrote. Append-only.

    ``lines`` are ``[row number, outcome, problem]``: of a dry run every row, of an import the rows
    that were left out.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(DossierImport, on_delete=models.PROTECT, related_name="runs")
    at = models.DateTimeField(default=clock.now)
    work = models.CharField("key of the job", max_length=200, unique=True)
    is_dry = models.BooleanField("dry run")
    changes = models.PositiveIntegerField("items that are new or differ")
    dossiers = models.PositiveIntegerField()
    received = models.PositiveIntegerField("dossiers that are complete and received", default=0)
    problems = models.PositiveIntegerField("rows with a problem")
    lines = models.JSONField(default=list)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{'Dry run' if self.is_dry else 'Import'} of {self.batch} at {self.at:%d %b %Y}"
