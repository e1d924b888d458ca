"""Imaging studies, series and instances of the research store, all de-identified."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from audit import clock
from imaging.models.submission import Submission
from studies.models import Subject, TimePoint
from studies.scoping import StudyScoped


class ImagingStudy(StudyScoped):
    """A DICOM study under its new UID; ``original_key`` is a keyed hash of the UID that came."""

    site_path = "subject__study_site_id"

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="imaging_studies")
    uid = models.CharField("Study Instance UID", max_length=64)
    original_key = models.CharField(max_length=64)
    description = models.CharField("description", max_length=120, blank=True)

    class Meta:
        verbose_name_plural = "imaging studies"
        constraints = [
            models.UniqueConstraint(fields=["study", "uid"], name="imagingstudy_uid_once"),
        ]
        indexes = [models.Index(fields=["original_key"], name="imagingstudy_by_original")]

    def __str__(self) -> str:
        return self.description or self.uid


class Series(StudyScoped):
    """A clean series. ``facts`` are header facts without identity, for QC and display."""

    site_path = "submission__study_site_id"

    imaging_study = models.ForeignKey(ImagingStudy, on_delete=models.PROTECT, related_name="series")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="series")
    uid = models.CharField("Series Instance UID", max_length=64)
    original_key = models.CharField(max_length=64)
    modality = models.CharField("modality", max_length=16)
    description = models.CharField("description", max_length=120, blank=True)
    number = models.IntegerField("series number", null=True, blank=True)
    body_part = models.CharField("body part", max_length=32, blank=True)
    instance_count = models.PositiveIntegerField("images", default=0)
    facts = models.JSONField("header facts", default=dict)
    scanner = models.ForeignKey(
        "studies.Scanner", null=True, blank=True, on_delete=models.PROTECT, related_name="series"
    )
    superseded_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="supersedes"
    )

    class Meta:
        verbose_name_plural = "series"
        ordering = ("number", "created_at")
        constraints = [
            models.UniqueConstraint(
                fields=["study", "submission", "uid"], name="series_once_per_submission"
            )
        ]

    def __str__(self) -> str:
        return self.description or f"{self.modality} series {self.number}"


class AcquisitionFacts(models.Model):
    """Sealed facts of a series as acquired: true dates and times, weight, keyed hashes.

    Read by rules (windows, intervals, SUV, SDTM), never shown to people: no page, API or export
    reads this table but through ``imaging.facts``. Append-only.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    series = models.OneToOneField(Series, on_delete=models.PROTECT, related_name="sealed_facts")
    study_date = models.DateField(null=True)
    study_time = models.CharField(max_length=16, blank=True)
    acquisition_date = models.DateField(null=True)
    acquisition_time = models.CharField(max_length=16, blank=True)
    weight_kg = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    patient_key = models.CharField(max_length=64)
    patient_traits_key = models.CharField(max_length=64, blank=True)
    serial_key = models.CharField(max_length=64, blank=True)
    document = models.JSONField(default=dict, help_text="facts for the automatic checks")
    sealed_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"Sealed facts of {self.series_id}"


class SeriesTimePoint(StudyScoped):
    """Which time points a series serves, and as what (decision 6: many to many with a role)."""

    site_path = "time_point__subject__study_site_id"

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="time_point_links")
    time_point = models.ForeignKey(TimePoint, on_delete=models.PROTECT, related_name="series_links")
    role = models.CharField(
        "role",
        max_length=16,
        choices=[("assessment", "Assessment"), ("comparison", "Comparison")],
        default="assessment",
    )
    withdrawn_reason = models.CharField("why withdrawn", max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series", "time_point"],
                condition=Q(withdrawn_reason=""),
                name="seriestimepoint_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.series} at {self.time_point}"


class Instance(models.Model):
    """One clean DICOM instance in the research store, addressed by its content. Append-only.

    The unique key makes de-identification exactly-once: one output per source, profile and subject.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="instances")
    sop_class_uid = models.CharField(max_length=64)
    sop_instance_uid = models.CharField(max_length=64)
    original_key = models.CharField(max_length=64)
    number = models.IntegerField(null=True)
    position_mm = models.FloatField(null=True)
    rows = models.PositiveIntegerField(default=0)
    columns = models.PositiveIntegerField(default=0)
    transfer_syntax = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    source_sha256 = models.CharField(max_length=64)
    pixel_sha256 = models.CharField(max_length=64, blank=True)
    profile_digest = models.CharField(max_length=64)
    effects = models.JSONField(default=dict, help_text="elements by what was done with them")
    stored_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("position_mm", "number", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["series", "source_sha256", "profile_digest"],
                name="instance_once_per_source_and_profile",
            )
        ]
        indexes = [
            models.Index(fields=["sop_instance_uid"], name="instance_by_uid"),
            models.Index(fields=["original_key"], name="instance_by_original"),
        ]

    def __str__(self) -> str:
        return self.sop_instance_uid


class Preview(models.Model):
    """Rendered pictures of a series for one window, in slice order. Append-only."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="previews")
    window = models.CharField(max_length=16)
    objects_sha256 = models.JSONField(help_text="digest of each picture, in slice order")
    slices = models.JSONField(
        default=list, help_text="SOP Instance UID, frame and height in mm of each picture"
    )
    thumbnail_sha256 = models.CharField(max_length=64, blank=True)
    rendered_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "window"], name="preview_once_per_window")
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.window}"
