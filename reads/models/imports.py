"""Readings that were made before the platform, taken over from spreadsheets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from studies.models import Subject, TimePoint
from studies.scoping import StudyScoped

IMPORTED = "imported"


class ReadingImport(StudyScoped):
    """A spreadsheet, what its columns mean, and the signature that took it over.

    The cells are kept as text, exactly as they were found, so that a row can be compared with its
    source for ever.
    """

    sha256 = models.CharField("SHA-256 of the file", max_length=64)
    file_name = models.CharField("file", max_length=120)
    sheet = models.CharField("sheet", max_length=80, blank=True)
    origin = models.CharField("where the readings come from", max_length=200)
    cells = models.JSONField("cells as text", default=list)
    mapping = models.JSONField("what the columns mean", default=dict)
    criterion = models.CharField("criterion", max_length=40, blank=True)
    imported_at = models.DateTimeField("imported", null=True, blank=True)
    state = StateField(
        "state",
        default="draft",
        choices=[("draft", "Draft"), ("imported", "Imported"), ("discarded", "Discarded")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'draft'",
        columns=("sha256", "sheet", "origin", "cells", "mapping", "criterion", "imported_at"),
        why="an imported file does not change",
    )

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["study", "sha256", "sheet"],
                condition=~Q(state="discarded"),
                name="readingimport_file_once",
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    def signed_content(self) -> Mapping[str, Any]:
        """What the signature covers: the file, its mapping and every cell."""
        return {
            "file": self.sha256,
            "sheet": self.sheet,
            "origin": self.origin,
            "criterion": self.criterion,
            "mapping": self.mapping,
            "cells": self.cells,
        }


class ImportedReading(models.Model):
    """One reading as a spreadsheet had it: marked as imported for ever, never overwritten."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(ReadingImport, on_delete=models.PROTECT, related_name="readings")
    row_number = models.PositiveIntegerField("row of the sheet")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+")
    time_point = models.ForeignKey(
        TimePoint, on_delete=models.PROTECT, related_name="imported_readings"
    )
    reader = models.CharField("reader, as the file names them", max_length=40)
    criterion = models.CharField("criterion", max_length=40)
    read_on = models.DateField("read on", null=True, blank=True)
    values = models.JSONField("values")
    origin = models.CharField("origin", max_length=8, default=IMPORTED)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["study", "time_point", "reader", "criterion"], name="importedreading_once"
            ),
            models.UniqueConstraint(
                fields=["batch", "row_number"], name="importedreading_row_once"
            ),
            models.CheckConstraint(
                condition=Q(origin=IMPORTED), name="importedreading_is_imported"
            ),
        ]

    def __str__(self) -> str:
        return f"imported reading of {self.time_point} by {self.reader}"
