"""Subjects, their dated anchors, the protocol they follow, and their time points."""

from __future__ import annotations

import secrets

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from audit.states import StateField
from studies.models.schedule import ProtocolVersion, TimePointDefinition
from studies.models.study import StudySite
from studies.scoping import StudyScoped

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def random_reading_code() -> str:
    """Return a code that says nothing about site, order or date."""
    return (
        f"RD-{secrets.choice(_LETTERS)}{secrets.choice(_LETTERS)}{secrets.randbelow(9000) + 1000}"
    )


class Subject(StudyScoped):
    """A trial subject. Its code, the blinded reading code and readers' labels are separate."""

    site_path = "study_site_id"

    study_site = models.ForeignKey(StudySite, on_delete=models.PROTECT, related_name="subjects")
    code = models.CharField("subject", max_length=24)
    reading_code = models.CharField(
        "reading code", max_length=12, default=random_reading_code, editable=False
    )
    state = StateField(
        "state",
        default="screening",
        choices=[
            ("screening", "Screening"),
            ("enrolled", "Enrolled"),
            ("completed", "Completed"),
            ("discontinued", "Discontinued"),
            ("withdrawn", "Consent withdrawn"),
            ("screen_failed", "Screen failed"),
        ],
    )

    class Meta:
        ordering = ("code",)
        constraints = [
            models.UniqueConstraint(fields=["study", "code"], name="subject_code_once"),
            models.UniqueConstraint(fields=["study", "reading_code"], name="subject_reading_once"),
        ]

    def __str__(self) -> str:
        return self.code


class Anchor(StudyScoped):
    """A dated fact from which windows are counted; superseded, never overwritten."""

    site_path = "subject__study_site_id"

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="anchors")
    kind = models.CharField("anchor", max_length=30)
    date = models.DateField("date")
    source = models.CharField("source", max_length=60)
    version = models.PositiveSmallIntegerField("version", default=1)
    superseded_by = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="supersedes"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "kind", "version"], name="anchor_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.date:%d %b %Y}"


class ProtocolPeriod(StudyScoped):
    """The protocol version that a subject follows over a dated period; periods do not overlap."""

    site_path = "subject__study_site_id"

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="protocol_periods")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT)
    period = DateRangeField("period")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="protocolperiod_one_at_a_time",
                expressions=[
                    (F("subject"), RangeOperators.EQUAL),
                    (F("period"), RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} follows {self.protocol_version}"


class TimePoint(StudyScoped):
    """A time point of a subject: scheduled (has a definition) or unscheduled (has a reason).

    Order is by assessment date, never by number. A time point is never deleted; one that did not
    take place is "not done" with a reason. Due, overdue, out of window and delivered are derived.
    """

    site_path = "subject__study_site_id"

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="time_points")
    definition = models.ForeignKey(
        TimePointDefinition,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="time_points",
    )
    unscheduled_reason = models.CharField("reason", max_length=200, blank=True)
    label = models.CharField("time point", max_length=60)
    planned_date = models.DateField("planned date", null=True, blank=True)
    window_from = models.DateField("window from", null=True, blank=True)
    window_to = models.DateField("window to", null=True, blank=True)
    assessment_date = models.DateField("assessment date", null=True, blank=True)
    not_done_reason = models.CharField("reason not done", max_length=200, blank=True)
    state = StateField(
        "state",
        default="expected",
        choices=[
            ("expected", "Expected"),
            ("received", "Received"),
            ("in_qc", "In QC"),
            ("accepted", "QC accepted"),
            ("ready", "Ready to read"),
            ("reading", "Read in progress"),
            ("read", "Read"),
            ("checked", "Checked"),
            ("locked", "Locked"),
            ("not_done", "Not done"),
        ],
    )

    class Meta:
        ordering = ("subject__code", F("assessment_date").asc(nulls_last=True), "planned_date")
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "definition"],
                condition=Q(definition__isnull=False),
                name="timepoint_once_per_definition",
            ),
            models.CheckConstraint(
                condition=Q(definition__isnull=False) | ~Q(unscheduled_reason=""),
                name="timepoint_scheduled_or_reasoned",
            ),
            models.CheckConstraint(
                condition=~Q(state="not_done") | ~Q(not_done_reason=""),
                name="timepoint_not_done_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject.code} {self.label}"

    @property
    def order_date(self) -> object:
        """The date by which time points follow each other."""
        return self.assessment_date or self.planned_date
