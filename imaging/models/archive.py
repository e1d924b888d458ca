"""The archive's index: what DICOMweb searches, and where each frame lies in a stored object.

Everything here is derived from the clean files and can be made again (``manage.py index_images``).
"""

from __future__ import annotations

from django.db import models

from audit import clock
from imaging.models.images import ImagingStudy, Instance, Series

_DERIVED = "derived from the clean files; made again by `manage.py index_images`"


class StudyIndex(models.Model):
    """An imaging study as DICOMweb finds it; ``attributes`` are DICOM JSON (PS3.18 F)."""

    untracked_because = _DERIVED

    imaging_study = models.OneToOneField(
        ImagingStudy, primary_key=True, on_delete=models.PROTECT, related_name="index"
    )
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    uid = models.CharField("Study Instance UID", max_length=64)
    study_date = models.CharField("Study Date", max_length=8, blank=True)
    patient_id = models.CharField("Patient ID", max_length=64, blank=True)
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "uid"], name="studyindex_uid_once")]
        indexes = [
            models.Index(fields=["study", "study_date", "uid"], name="studyindex_by_date"),
            models.Index(fields=["study", "patient_id"], name="studyindex_by_patient"),
        ]

    def __str__(self) -> str:
        return self.uid


class SeriesIndex(models.Model):
    """A clean series as DICOMweb finds it; ``members`` is the digest of the objects indexed."""

    untracked_because = _DERIVED

    series = models.OneToOneField(
        Series, primary_key=True, on_delete=models.PROTECT, related_name="index"
    )
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    imaging_study = models.ForeignKey(ImagingStudy, on_delete=models.PROTECT, related_name="+")
    study_uid = models.CharField("Study Instance UID", max_length=64)
    uid = models.CharField("Series Instance UID", max_length=64)
    modality = models.CharField("modality", max_length=16)
    number = models.IntegerField("series number", null=True, blank=True)
    instance_count = models.PositiveIntegerField("instances", default=0)
    attributes = models.JSONField(default=dict)
    members = models.CharField("SHA-256 of the members", max_length=64)
    indexed_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["study", "uid"], name="seriesindex_by_uid"),
            models.Index(fields=["study", "study_uid"], name="seriesindex_by_study"),
            models.Index(fields=["imaging_study"], name="seriesindex_of_study"),
        ]

    def __str__(self) -> str:
        return self.uid


class InstanceIndex(models.Model):
    """One stored object: what a search answers, and the places of pixels, bulk data and metadata.

    Attributes:
        pixel_at, frame_bytes: native frames lie at ``pixel_at + n * frame_bytes``.
        fragments: encapsulated frames, each a list of ``[offset, length]`` (PS3.5 A.4).
        bulk: other large values by path: ``[path, VR, offset, length]``.
        document_at, document_bytes: its metadata inside the series' plain document.
    """

    untracked_because = _DERIVED

    instance = models.OneToOneField(
        Instance, primary_key=True, on_delete=models.PROTECT, related_name="index"
    )
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="+")
    sop_instance_uid = models.CharField(max_length=64)
    sop_class_uid = models.CharField(max_length=64)
    transfer_syntax = models.CharField(max_length=64)
    number = models.IntegerField(null=True)
    rows = models.PositiveIntegerField(default=0)
    columns = models.PositiveIntegerField(default=0)
    frames = models.PositiveIntegerField(default=0)
    bits_allocated = models.PositiveSmallIntegerField(default=0)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    pixel_at = models.BigIntegerField(null=True)
    frame_bytes = models.BigIntegerField(default=0)
    fragments = models.JSONField(null=True)
    bulk = models.JSONField(default=list)
    document_at = models.BigIntegerField(default=0)
    document_bytes = models.IntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["series", "number", "instance"], name="instanceindex_in_series"),
            models.Index(fields=["study", "sop_instance_uid"], name="instanceindex_by_uid"),
        ]

    def __str__(self) -> str:
        return self.sop_instance_uid


class SeriesDocument(models.Model):
    """The metadata of a series as one stored JSON file, per view; a newer one replaces an older.

    ``view`` is empty for the plain metadata, else the digest of a blinded view. Older rows stay, so
    that no stored file is without its row.
    """

    untracked_because = _DERIVED

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="documents")
    view = models.CharField(max_length=64, blank=True)
    members = models.CharField("SHA-256 of the members", max_length=64)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["series", "view", "members", "sha256"], name="seriesdocument_once"
            )
        ]

    def __str__(self) -> str:
        return self.sha256[:12]


class Sweep(models.Model):
    """One run over every stored object: how many were read and what was found. Append-only."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(default=clock.now)
    objects_read = models.PositiveIntegerField("objects read", default=0)
    bytes_read = models.BigIntegerField("bytes read", default=0)
    faults = models.JSONField(default=list, help_text="store, object and what is wrong")
    fault_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.objects_read} objects, {self.fault_count} faults"
