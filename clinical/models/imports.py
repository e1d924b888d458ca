"""Spreadsheets of the clinical CRO, kept as text exactly as they came."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

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
        choices=[("draft", "Draft"), ("imported", "Imported"), ("discarded", "Discarded")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'draft'",
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
