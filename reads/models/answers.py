"""What a reader records: sessions, lesions, observations, measurements, assessments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen, FrozenWith
from audit.states import StateField
from reads.models.tasks import ReaderStream, ReadTask
from studies.models import FormRecord
from studies.scoping import StudyScoped


class ReadSession(StudyScoped):
    """One version of one read. Immutable once signed; a roll-back voids it and makes a new one."""

    reader_path = "task__stream__reader_id"

    task = models.ForeignKey(ReadTask, on_delete=models.PROTECT, related_name="sessions")
    version = models.PositiveSmallIntegerField("version", default=1)
    form_record = models.OneToOneField(
        FormRecord, on_delete=models.PROTECT, related_name="read_session"
    )
    opened_at = models.DateTimeField("opened", default=clock.now)
    signed_at = models.DateTimeField("signed", null=True, blank=True)
    seconds_active = models.PositiveIntegerField("active time, s", default=0)
    state = StateField(
        "state",
        default="open",
        choices=[
            ("open", "Open"),
            ("signed", "Signed"),
            ("final", "Final"),
            ("voided", "Voided"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'open'",
        columns=("task_id", "version", "form_record_id", "signed_at", "seconds_active"),
        why="a signed read is immutable",
        ends="OLD.state = 'voided'",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "version"], name="session_version_once"),
            models.UniqueConstraint(
                fields=["task"], condition=~Q(state="voided"), name="session_one_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} v{self.version}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the reader's signature covers: the answers and every derived assessment."""
        return {
            "task": self.task_id,
            "version": self.version,
            "package": self.task.package.digest if self.task.package else "",
            "design": self.task.design.digest,
            "answers": self.form_record.signed_content(),
            "assessments": [
                {
                    "criterion": a.criterion,
                    "engine": a.engine_version,
                    "input": a.input_digest,
                    "derived": a.derived,
                    "entered": a.entered,
                    "override": [a.override_class, a.override_reason],
                }
                for a in self.assessments.order_by("criterion")
            ],
        }


_PART = "it is part of a signed read"


class Lesion(StudyScoped):
    """A lesion of a stream; it keeps its label over all time points.

    It is written by a signature and only withdrawn afterwards, when that read is rolled back.
    """

    reader_path = "stream__reader_id"

    class Category(models.TextChoices):
        TARGET = "target", "Target"
        NON_TARGET = "non_target", "Non-target"
        NEW = "new", "New"

    stream = models.ForeignKey(ReaderStream, on_delete=models.PROTECT, related_name="lesions")
    first_session = models.ForeignKey(
        ReadSession, on_delete=models.PROTECT, related_name="first_lesions"
    )
    label = models.CharField("label", max_length=8)
    category = models.CharField("category", max_length=12, choices=Category.choices)
    location = models.CharField("location", max_length=60)
    laterality = models.CharField("laterality", max_length=12, blank=True)
    is_nodal = models.BooleanField("lymph node", default=False)
    withdrawn_reason = models.CharField("why withdrawn", max_length=200, blank=True)

    frozen = Frozen(
        condition="TRUE",
        columns=(
            "stream_id",
            "first_session_id",
            "label",
            "category",
            "location",
            "laterality",
            "is_nodal",
        ),
        why=_PART,
        ends="OLD.withdrawn_reason <> ''",
    )

    class Meta:
        ordering = ("category", "label")
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "label"],
                condition=Q(withdrawn_reason=""),
                name="lesion_label_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.location}"


class Observation(StudyScoped):
    """What a session says of a lesion."""

    reader_path = "session__task__stream__reader_id"

    session = models.ForeignKey(ReadSession, on_delete=models.PROTECT, related_name="observations")
    lesion = models.ForeignKey(Lesion, on_delete=models.PROTECT, related_name="observations")
    status = models.CharField("status", max_length=32)
    reason = models.CharField("reason", max_length=200, blank=True)

    frozen_with = FrozenWith(("session",), why=_PART)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "lesion"], name="observation_once")
        ]

    def __str__(self) -> str:
        return f"{self.lesion.label}: {self.status}"


class Measurement(StudyScoped):
    """A measured value, as entered and as standardised (decision 21)."""

    reader_path = "observation__session__task__stream__reader_id"

    observation = models.ForeignKey(
        Observation, on_delete=models.PROTECT, related_name="measurements"
    )
    kind = models.CharField("kind", max_length=24)
    entered = models.CharField("as entered", max_length=24)
    entered_unit = models.CharField("unit entered", max_length=12)
    value = models.DecimalField("value", max_digits=12, decimal_places=4)
    unit = models.CharField("unit", max_length=12)

    frozen_with = FrozenWith(("observation", "session"), why=_PART)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["observation", "kind"], name="measurement_once")
        ]

    def __str__(self) -> str:
        return f"{self.value} {self.unit}"


class Annotation(StudyScoped):
    """A mark on an image: SOP Instance UID, frame, coordinates in mm (DICOM PS3.3 C.7.6.2)."""

    reader_path = "measurement__observation__session__task__stream__reader_id"

    measurement = models.ForeignKey(
        Measurement, on_delete=models.PROTECT, related_name="annotations"
    )
    sop_instance_uid = models.CharField("SOP Instance UID", max_length=64)
    frame = models.PositiveIntegerField("frame", default=1)
    coordinates = models.JSONField("patient coordinates, mm")
    copied_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="copies"
    )

    frozen_with = FrozenWith(("measurement", "observation", "session"), why=_PART)

    def __str__(self) -> str:
        return f"mark on {self.sop_instance_uid}"


class CriterionAssessment(StudyScoped):
    """One criterion's view of a session: derived, entered, and why they differ (decision 13)."""

    reader_path = "session__task__stream__reader_id"

    session = models.ForeignKey(ReadSession, on_delete=models.PROTECT, related_name="assessments")
    criterion = models.CharField("criterion", max_length=40)
    engine_version = models.CharField("engine version", max_length=20)
    input_digest = models.CharField("SHA-256 of the input", max_length=64)
    derived = models.JSONField("derived")
    entered = models.JSONField("entered", default=dict)
    trace = models.JSONField("why", default=list)
    override_class = models.CharField("override", max_length=40, blank=True)
    override_reason = models.TextField("reason for the override", blank=True)

    frozen_with = FrozenWith(("session",), why=_PART)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "criterion"], name="assessment_once")
        ]

    def __str__(self) -> str:
        return f"{self.criterion} of {self.session}"
