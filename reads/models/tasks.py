"""Who reads what: qualifications, streams and tasks with their pinned versions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.states import StateField
from imaging.models import ReadPackage
from studies.models import Configuration, Subject, TimePoint
from studies.scoping import StudyScoped


class ReaderQualification(StudyScoped):
    """A reader is qualified for a study, a criterion and a read design (charter) version."""

    reader_path = "reader_id"

    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="qualifications"
    )
    criterion = models.CharField("criterion", max_length=40)
    design = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    granted_on = models.DateField("granted on")
    valid_until = models.DateField("valid until", null=True, blank=True)
    revoked_reason = models.CharField("why revoked", max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "reader", "criterion", "design"],
                condition=Q(revoked_reason=""),
                name="qualification_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reader} for {self.criterion}"


class ReaderStream(StudyScoped):
    """One reader's course through one subject: subject × role × reader × purpose."""

    reader_path = "reader_id"

    class Role(models.TextChoices):
        READER_1 = "reader_1", "Reader 1"
        READER_2 = "reader_2", "Reader 2"
        ADJUDICATOR = "adjudicator", "Adjudicator"
        ONCOLOGIST = "oncologist", "Oncologist"
        ONCOLOGIST_2 = "oncologist_2", "Oncologist 2"

    class Purpose(models.TextChoices):
        EFFICACY = "efficacy", "Efficacy"
        ONCOLOGY = "oncology", "Oncology"
        ELIGIBILITY = "eligibility", "Eligibility"
        VARIABILITY = "variability", "Variability"
        TRAINING = "training", "Training"

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="streams")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="streams"
    )
    role = models.CharField("role", max_length=12, choices=Role.choices)
    purpose = models.CharField(
        "purpose", max_length=12, choices=Purpose.choices, default=Purpose.EFFICACY
    )
    label = models.CharField("label for this reader", max_length=12)
    order_index = models.PositiveIntegerField("place in the reader's order")
    order_seed = models.CharField("seed of the order", max_length=64)
    closed_reason = models.CharField("why closed", max_length=200, blank=True)

    class Meta:
        constraints = [
            # Many readers read one training case, each by themselves.
            models.UniqueConstraint(
                fields=["study", "subject", "role", "purpose"],
                condition=Q(closed_reason="") & ~Q(purpose="training"),
                name="stream_role_once",
            ),
            # R1 ≠ R2 ≠ adjudicator ≠ oncologist over the whole subject.
            models.UniqueConstraint(
                fields=["study", "subject", "reader"],
                condition=Q(purpose__in=["efficacy", "oncology"], closed_reason=""),
                name="stream_reader_one_role",
            ),
            models.UniqueConstraint(fields=["study", "reader", "label"], name="stream_label_once"),
        ]

    def __str__(self) -> str:
        return self.label


class ReadTask(StudyScoped):
    """One read to do, with every version it was made for (decision 11).

    A confirmation of progression has no kind: it is the time point's own read with an earlier due
    instant, because a kind would tell the reader what the site believes.
    """

    reader_path = "stream__reader_id"

    class Kind(models.TextChoices):
        TIME_POINT = "time_point", "Time point"
        GLOBAL = "global", "Global review"
        ELIGIBILITY = "eligibility", "Eligibility"
        ONCOLOGY = "oncology", "Oncology review"

    stream = models.ForeignKey(ReaderStream, on_delete=models.PROTECT, related_name="tasks")
    time_point = models.ForeignKey(
        TimePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="read_tasks"
    )
    kind = models.CharField("kind", max_length=12, choices=Kind.choices, default=Kind.TIME_POINT)
    design = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    form = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    blinding = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    package = models.ForeignKey(ReadPackage, null=True, on_delete=models.PROTECT, related_name="+")
    dossier_version = models.PositiveIntegerField("dossier version", null=True, blank=True)
    other_dossiers = models.JSONField(
        "dossier versions of the other time points shown", default=dict, blank=True
    )
    criteria = models.JSONField("criteria and engine versions", default=dict)
    sequence = models.PositiveSmallIntegerField("place in the subject's order")
    due_at = models.DateTimeField("due")
    due_by = models.CharField(max_length=120)
    decline_reason = models.CharField("why declined", max_length=200, blank=True)
    state = StateField(
        "state",
        default="planned",
        choices=[
            ("planned", "Planned"),
            ("assigned", "Assigned"),
            ("accepted", "Accepted"),
            ("in_progress", "In progress"),
            ("signed", "Signed"),
            ("on_hold", "On hold"),
            ("declined", "Declined"),
            ("reassigned", "Reassigned"),
            ("cancelled", "Cancelled"),
        ],
    )

    class Meta:
        ordering = ("due_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "time_point", "kind"],
                condition=~Q(state__in=["declined", "reassigned", "cancelled"]),
                name="readtask_once",
            ),
            # NULL differs from NULL: what spans the subject needs a rule of its own.
            models.UniqueConstraint(
                fields=["stream", "kind"],
                condition=Q(time_point=None)
                & ~Q(state__in=["declined", "reassigned", "cancelled"]),
                name="readtask_over_subject_once",
            ),
        ]

    def __str__(self) -> str:
        if self.time_point_id is None:
            return f"{self.stream.label} {self.get_kind_display().lower()}"
        return f"{self.stream.label} time point {self.sequence}"
