"""What a site sent: the submission, its files, and the proof of de-identification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models

from audit import clock
from audit.states import StateField
from queries.models import Query
from studies.models import Configuration, FormRecord, StudySite, Subject, TimePoint
from studies.scoping import StudyScoped


class Submission(StudyScoped):
    """One sending of a visit's scans with its transmittal form. Append-only in spirit: a correction
    is a new submission that supersedes series of an earlier one."""

    site_path = "study_site_id"

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="submissions")
    study_site = models.ForeignKey(StudySite, on_delete=models.PROTECT, related_name="submissions")
    time_point = models.ForeignKey(TimePoint, on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField("receipt number")
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions"
    )
    form_record = models.OneToOneField(
        FormRecord, on_delete=models.PROTECT, related_name="submission"
    )
    profile = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    guideline = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    moved_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="moved_to"
    )
    answers_query = models.ForeignKey(
        Query, null=True, blank=True, on_delete=models.PROTECT, related_name="submissions"
    )
    file_count = models.PositiveIntegerField("files", default=0)
    byte_count = models.BigIntegerField("bytes", default=0)
    manifest_digest = models.CharField("SHA-256 of the manifest", max_length=64, blank=True)
    received_at = models.DateTimeField("received", null=True, blank=True)
    qc_due_at = models.DateTimeField("QC answer due", null=True, blank=True)
    qc_due_by = models.CharField(max_length=120, blank=True)
    hold_reason = models.CharField("why held", max_length=300, blank=True)
    lifted_holds = models.JSONField(
        "holds that a person lifted", default=list, blank=True, help_text="reason codes"
    )
    check_result = models.JSONField(
        "checks before sending",
        default=dict,
        blank=True,
        help_text="counts, series, findings and header values for the form; no identity",
    )
    state = StateField(
        "state",
        default="draft",
        choices=[
            ("draft", "Draft"),
            ("uploading", "Uploading"),
            ("received", "Received"),
            ("deidentified", "De-identified"),
            ("in_qc", "In QC"),
            ("released", "Released"),
            ("held", "Held"),
            ("rejected", "Rejected"),
            ("withdrawn", "Withdrawn"),
        ],
    )

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="submission_number_once")
        ]

    def __str__(self) -> str:
        return f"T-{self.number:05d}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the site's signature covers: the files sent and the form sent with them."""
        content = {
            "subject": self.subject_id,
            "time_point": self.time_point_id,
            "manifest": self.manifest_digest,
            "files": self.file_count,
            "form": self.form_record.signed_content(),
        }
        attached = self.attachments.exclude(state="removed").order_by("number")
        if attached:  # what was signed before papers could be attached reads as it did
            content["attachments"] = [row.sha256 for row in attached]
        return content


class ReceivedFile(models.Model):
    """One announced file: by digest and size, never by name (names carry identity)."""

    untracked_because = "one row per image; its outcome is set by workers and summed in events"

    class Outcome(models.TextChoices):
        ANNOUNCED = "announced", "Announced"
        STORED = "stored", "Received whole"
        OPENED = "opened", "Archive, opened"
        CLEANED = "cleaned", "De-identified"
        DUPLICATE = "duplicate", "Already received"
        IGNORED = "ignored", "Not an image, ignored"
        HELD = "held", "Held for a person"
        REFUSED = "refused", "Refused"

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="files")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.ANNOUNCED)
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    stored_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(
        null=True, blank=True, help_text="when its pixels were judged for text"
    )
    held_at = models.DateTimeField(null=True, blank=True, help_text="since when a person must look")
    decision = models.ForeignKey(
        "imaging.HoldDecision",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="decided_files",
    )

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["submission", "sha256"], name="receivedfile_once")
        ]

    def __str__(self) -> str:
        return self.sha256[:12]


class DeidReport(models.Model):
    """The proof of a de-identification: profile, counts, digests; no identity. Append-only."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="reports")
    at = models.DateTimeField(default=clock.now)
    profile_digest = models.CharField(max_length=64)
    engine_version = models.CharField(max_length=40)
    document = models.JSONField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"De-identification of {self.submission}"
