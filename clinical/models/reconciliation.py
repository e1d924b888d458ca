"""Comparison with a second source of the same data: each difference, and who disposed of it how."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.guards import Frozen
from audit.states import StateField
from queries.models import Query
from studies.models import Subject, TimePoint
from studies.scoping import StudyScoped


class Reconciliation(StudyScoped):
    """One extract of a second source (EDC, a laboratory), and its comparison with what we hold.

    The cells are kept as text, exactly as they came. ``mapping`` names column (from 0) -> what it
    means. ``tally`` keeps what the comparison counted.
    """

    number = models.PositiveIntegerField("number")
    source = models.CharField("second source", max_length=80)
    extracted_on = models.DateField("date of the extract", null=True, blank=True)
    sha256 = models.CharField("SHA-256 of the file", max_length=64)
    file_name = models.CharField("file", max_length=120)
    sheet = models.CharField("sheet", max_length=80, blank=True)
    cells = models.JSONField("cells as text", default=list)
    mapping = models.JSONField("what the columns mean", default=dict, blank=True)
    tally = models.JSONField("what was compared", default=dict, blank=True)
    compared_at = models.DateTimeField("compared", null=True, blank=True)
    state = StateField(
        "state",
        default="draft",
        choices=[
            ("draft", "Draft"),
            ("compared", "Compared"),
            ("closed", "Closed"),
            ("discarded", "Discarded"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'draft'",
        columns=("number", "source", "extracted_on", "sha256", "sheet", "cells", "mapping",
                 "tally", "compared_at"),
        why="a comparison is kept as it was made",
    )  # fmt: skip

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="reconciliation_number_once"),
            models.UniqueConstraint(
                fields=["study", "sha256", "sheet"],
                condition=~Q(state="discarded"),
                name="reconciliation_file_once",
            ),
        ]

    def __str__(self) -> str:
        return f"Reconciliation {self.number}"


class Discrepancy(StudyScoped):
    """One value that two sources hold differently, or that only one of them holds.

    ``ours`` and ``theirs`` are the values in words as they were compared; ``offered`` is theirs in
    the form in which it can be entered. ``repeats`` is the same difference of an earlier
    comparison, whose disposition or query is taken over.
    """

    class Kind(models.TextChoices):
        DIFFERS = "differs", "Values differ"
        ONLY_HERE = "only_here", "Only in our data"
        ONLY_THERE = "only_there", "Only in the second source"
        UNREADABLE = "unreadable", "Could not be compared"

    class Disposition(models.TextChoices):
        OURS = "ours", "Our value holds"
        THEIRS = "theirs", "The second source holds"
        ACCEPTED = "accepted", "Both may stand"
        GONE = "gone", "No longer there"

    reconciliation = models.ForeignKey(
        Reconciliation, on_delete=models.PROTECT, related_name="discrepancies"
    )
    kind = models.CharField("kind", max_length=12, choices=Kind.choices)
    row_number = models.PositiveIntegerField("row of the sheet", null=True, blank=True)
    subject = models.ForeignKey(
        Subject, null=True, blank=True, on_delete=models.PROTECT, related_name="discrepancies"
    )
    time_point = models.ForeignKey(
        TimePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="discrepancies"
    )
    place = models.CharField("subject and time point as the source has them", max_length=160)
    item = models.CharField("item", max_length=90)
    label = models.CharField("what is compared", max_length=160)
    ours = models.TextField("our value", blank=True)
    theirs = models.TextField("value of the second source", blank=True)
    offered = models.JSONField("their value as it would be entered", default=dict, blank=True)
    note = models.CharField("what is wrong", max_length=400, blank=True)
    disposition = models.CharField(
        "disposition", max_length=8, choices=Disposition.choices, blank=True
    )
    reason = models.CharField("reason", max_length=300, blank=True)
    query = models.ForeignKey(
        Query, null=True, blank=True, on_delete=models.PROTECT, related_name="discrepancies"
    )
    repeats = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="repeated_by"
    )
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField("disposed of", null=True, blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[("open", "Open"), ("asked", "Asked"), ("settled", "Disposed of")],
    )

    frozen = Frozen(
        condition="OLD.state = 'settled'",
        columns=("reconciliation_id", "kind", "subject_id", "time_point_id", "item", "ours",
                 "theirs", "disposition", "reason", "settled_by_id", "settled_at"),
        why="it was disposed of; reopen it first",
        thaws="NEW.state = 'open'",
    )  # fmt: skip

    class Meta:
        verbose_name_plural = "discrepancies"
        ordering = ("place", "item", "id")
        indexes = [models.Index(fields=["study", "state"], name="discrepancy_by_state")]

    def __str__(self) -> str:
        return f"{self.label} of {self.place}"
