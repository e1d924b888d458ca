"""What readers are shown: versioned read packages."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from audit.states import StateField
from imaging.models.images import Series
from studies.models import TimePoint
from studies.scoping import StudyScoped


class ReadPackage(StudyScoped):
    """The series of a time point that readers see, in order; what was seen can be re-opened."""

    class Layout(models.TextChoices):
        ONE = "1x1", "One series"
        TWO = "1x2", "Two side by side"
        STACKED = "2x1", "Two, one above the other"
        FOUR = "2x2", "Four"

    time_point = models.ForeignKey(TimePoint, on_delete=models.PROTECT, related_name="packages")
    version = models.PositiveSmallIntegerField("version", default=1)
    layout = models.CharField("layout", max_length=4, choices=Layout.choices, default=Layout.ONE)
    note = models.CharField("why this version", max_length=200, blank=True)
    digest = models.CharField("SHA-256", max_length=64)
    state = StateField(
        "state",
        default="built",
        choices=[("built", "Built"), ("released", "Released"), ("superseded", "Superseded")],
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["time_point", "version"], name="package_version_once"),
            models.UniqueConstraint(
                fields=["time_point"],
                condition=Q(state="released"),
                name="package_one_released",
            ),
        ]

    def __str__(self) -> str:
        return f"Read package v{self.version} of {self.time_point}"


class PackageSeries(models.Model):
    """One series of a package, with the label that readers see and where it opens. Append-only."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    package = models.ForeignKey(ReadPackage, on_delete=models.PROTECT, related_name="entries")
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="package_entries")
    order = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=80)
    place = models.PositiveSmallIntegerField(
        null=True, help_text="place in the layout where the series opens, from 1"
    )

    class Meta:
        ordering = ("order",)
        constraints = [
            models.UniqueConstraint(fields=["package", "series"], name="packageseries_once")
        ]

    def __str__(self) -> str:
        return self.label
