"""What comes through machine doors: who may send, what arrived, and whose it is."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from audit import clock
from audit.states import StateField
from imaging.models.submission import Submission
from studies.models import StudySite, Subject, TimePoint
from studies.scoping import StudyScoped


class Door(models.TextChoices):
    """How files reach the receipt service without a person at the upload page."""

    REST = "rest", "Interface (REST)"
    STOW = "stow", "DICOMweb (STOW-RS)"
    DICOM = "dicom", "DICOM network (C-STORE)"
    FOLDER = "folder", "Courier's disk (folder)"


class DicomPeer(StudyScoped):
    """A sender on the DICOM network: the pair of AE titles and the address that mean a site.

    An AE title is no authentication (PS3.15 B.1 leaves that to TLS): the address must match as
    well. One open peer per pair of titles; a change ends the row and opens another.
    """

    site_path = "study_site_id"

    study_site = models.ForeignKey(StudySite, on_delete=models.PROTECT, related_name="dicom_peers")
    calling_title = models.CharField("AE title of the site", max_length=16)
    called_title = models.CharField("our AE title", max_length=16, default="ICRO")
    addresses = models.CharField(
        "addresses", max_length=200, help_text="IP addresses or networks, separated by commas"
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="dicom_peers",
        verbose_name="responsible at the site",
    )
    quiet_seconds = models.PositiveIntegerField(
        "closes after quiet, s",
        default=300,
        validators=[MinValueValidator(5), MaxValueValidator(86_400)],
    )
    ended_at = models.DateTimeField("ended", null=True, blank=True)
    end_reason = models.CharField("why ended", max_length=300, blank=True)

    class Meta:
        ordering = ("calling_title", "-created_at")
        constraints = [
            models.UniqueConstraint(
                fields=["calling_title", "called_title"],
                condition=Q(ended_at=None),
                name="dicompeer_pair_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.calling_title} → {self.called_title}"


class Arrival(StudyScoped):
    """What came through one door from one sender without a break. Its files are ciphertext under
    the arrival's own key, which is destroyed when every file was handed on."""

    site_path = "study_site_id"

    study_site = models.ForeignKey(StudySite, on_delete=models.PROTECT, related_name="arrivals")
    door = models.CharField("door", max_length=8, choices=Door.choices)
    source = models.CharField("sender", max_length=120)
    peer = models.ForeignKey(
        DicomPeer, null=True, blank=True, on_delete=models.PROTECT, related_name="arrivals"
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="arrivals"
    )
    number = models.PositiveIntegerField("number")
    directions = models.JSONField(
        default=dict, blank=True, help_text="keyed hash of an identity -> subject and time point"
    )
    quiet_seconds = models.PositiveIntegerField(default=300)
    file_count = models.PositiveIntegerField("files", default=0)
    byte_count = models.BigIntegerField("bytes", default=0)
    opened_at = models.DateTimeField("opened", default=clock.now)
    last_file_at = models.DateTimeField("last file", default=clock.now)
    closed_at = models.DateTimeField("closed", null=True, blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[("open", "Open"), ("closed", "Closed"), ("sorted", "Sorted")],
    )

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="arrival_number_once"),
            models.UniqueConstraint(
                fields=["study", "study_site", "door", "source"],
                condition=Q(state="open"),
                name="arrival_one_open_per_sender",
            ),
        ]

    def __str__(self) -> str:
        return f"A-{self.number:05d}"


class ArrivedExamination(StudyScoped):
    """One person's one examination within an arrival: assigned to a visit, or in the inbox.

    ``facts`` describe images, never a person. ``patient_key`` and ``study_key`` are keyed hashes of
    what the headers say; the identity itself stays sealed in the files.
    """

    site_path = "study_site_id"

    arrival = models.ForeignKey(Arrival, on_delete=models.PROTECT, related_name="examinations")
    study_site = models.ForeignKey(StudySite, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField("number")
    patient_key = models.CharField(max_length=64, blank=True)
    study_key = models.CharField(max_length=64, blank=True)
    facts = models.JSONField("what it holds", default=dict, help_text="modalities, series, images")
    scan_date = models.DateField("scan date", null=True, blank=True)
    why = models.CharField("why not assigned", max_length=200, blank=True)
    subject = models.ForeignKey(
        Subject, null=True, blank=True, on_delete=models.PROTECT, related_name="arrived"
    )
    time_point = models.ForeignKey(
        TimePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="arrived"
    )
    submission = models.ForeignKey(
        Submission, null=True, blank=True, on_delete=models.PROTECT, related_name="arrived"
    )
    state = StateField(
        "state",
        default="unassigned",
        choices=[
            ("unassigned", "Unassigned"),
            ("assigned", "Assigned"),
            ("delivered", "In the submission"),
            ("set_aside", "Set aside"),
        ],
    )

    class Meta:
        ordering = ("arrival__number", "number")
        constraints = [
            models.UniqueConstraint(
                fields=["arrival", "number"], name="arrivedexamination_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.arrival} examination {self.number}"


class ArrivedFile(models.Model):
    """One file of an arrival: by digest and size, never by name."""

    untracked_because = "one row per image; its outcome is set by workers and summed in events"

    class Outcome(models.TextChoices):
        STORED = "stored", "Received whole"
        DELIVERED = "delivered", "In a submission"
        IGNORED = "ignored", "Not an image, ignored"
        REFUSED = "refused", "Refused"

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    arrival = models.ForeignKey(Arrival, on_delete=models.PROTECT, related_name="files")
    examination = models.ForeignKey(
        ArrivedExamination, null=True, blank=True, on_delete=models.PROTECT, related_name="files"
    )
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.STORED)
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    stored_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["arrival", "sha256"], name="arrivedfile_once")
        ]

    def __str__(self) -> str:
        return self.sha256[:12]
