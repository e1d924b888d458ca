"""The schedule of a protocol version: which time points a subject should have, and when."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from audit.states import StateField
from studies.scoping import StudyScoped


class ProtocolVersion(StudyScoped):
    """One version of the protocol, as far as imaging follows it."""

    number = models.CharField("version", max_length=20)
    summary = models.TextField("what changed", blank=True)
    effective_from = models.DateField("effective from")
    state = StateField(
        "state",
        default="draft",
        choices=[
            ("draft", "Draft"),
            ("in_review", "In review"),
            ("approved", "Approved"),
            ("effective", "Effective"),
            ("superseded", "Superseded"),
            ("withdrawn", "Withdrawn"),
        ],
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="protocolversion_once")
        ]

    def __str__(self) -> str:
        return f"Protocol version {self.number}"


class TimePointDefinition(StudyScoped):
    """A scheduled time point: days after an anchor, with a window (USDM Timing)."""

    protocol_version = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, related_name="time_points"
    )
    code = models.SlugField("code", max_length=20)
    label = models.CharField("label", max_length=60)
    anchor_kind = models.CharField("anchor", max_length=30, default="enrolment")
    offset_days = models.IntegerField("day")
    window_before = models.PositiveSmallIntegerField("window before, days")
    window_after = models.PositiveSmallIntegerField("window after, days")
    is_baseline = models.BooleanField("baseline", default=False)
    modalities = ArrayField(models.CharField(max_length=4), verbose_name="modalities")
    expected_series = models.JSONField("expected series", default=list, blank=True)
    read_required = models.BooleanField("read by the charter", default=True)

    class Meta:
        ordering = ("offset_days",)
        constraints = [
            models.UniqueConstraint(
                fields=["protocol_version", "code"], name="timepointdefinition_code_once"
            ),
            models.UniqueConstraint(
                fields=["protocol_version"],
                condition=Q(is_baseline=True),
                name="timepointdefinition_one_baseline",
            ),
        ]

    def __str__(self) -> str:
        return self.label
