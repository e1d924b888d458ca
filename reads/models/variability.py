"""Variability studies: which signed reads are read again, by whom, and not before when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.guards import Frozen
from audit.states import StateField
from reads.models.tasks import ReaderStream
from studies.models import Configuration
from studies.scoping import StudyScoped


class VariabilityPlan(StudyScoped):
    """A sample of signed courses that is read again, hidden among live reads.

    ``population`` lists the streams that the sample was drawn from, so that seed and population
    repeat the draw.
    """

    title = models.CharField("title", max_length=80)
    design = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    intra_percent = models.PositiveSmallIntegerField("read again by the same reader, %", default=0)
    inter_percent = models.PositiveSmallIntegerField("read by another reader, %", default=0)
    washout_days = models.PositiveSmallIntegerField("wash-out, days")
    seed = models.CharField("seed", max_length=64)
    population = models.JSONField("streams drawn from", default=list)
    drawn_at = models.DateTimeField("drawn", null=True, blank=True)
    state = StateField(
        "state",
        default="planned",
        choices=[
            ("planned", "Planned"),
            ("drawn", "Drawn"),
            ("closed", "Closed"),
            ("cancelled", "Cancelled"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'planned'",
        columns=(
            "intra_percent",
            "inter_percent",
            "washout_days",
            "seed",
            "population",
            "drawn_at",
            "design_id",
        ),
        why="a drawn sample does not change",
    )

    def __str__(self) -> str:
        return self.title


class ReRead(StudyScoped):
    """One course of the sample. Its stream exists for the reader only after the wash-out.

    No reader path: whoever reads again never learns it.
    """

    class Kind(models.TextChoices):
        INTRA = "intra", "Same reader"
        INTER = "inter", "Another reader"

    plan = models.ForeignKey(VariabilityPlan, on_delete=models.PROTECT, related_name="rereads")
    kind = models.CharField("kind", max_length=8, choices=Kind.choices)
    original = models.ForeignKey(ReaderStream, on_delete=models.PROTECT, related_name="rereads")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    not_before = models.DateField("not before")
    stream = models.OneToOneField(
        ReaderStream, null=True, blank=True, on_delete=models.PROTECT, related_name="reread_of"
    )
    left_out_reason = models.CharField("why left out", max_length=200, blank=True)

    class Meta:
        ordering = ("not_before", "id")
        constraints = [
            models.UniqueConstraint(fields=["plan", "original"], name="reread_once"),
            models.CheckConstraint(
                condition=Q(stream=None) | Q(left_out_reason=""), name="reread_out_or_given"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.original}"
