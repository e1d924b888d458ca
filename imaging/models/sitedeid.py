"""The account of identity removed at the site: what was handed out, and what was not sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from audit import clock
from imaging.models.submission import Submission
from studies.scoping import StudyScoped


class SiteCleaning(StudyScoped):
    """What the site's browser was handed to remove identity with, and what it says it did.

    ``patient_key`` is a hash of the identity in the files under a key of the subject alone: it
    tells whether two uploads of one subject are of one person, and nothing else. No name, number
    or file name is kept.
    """

    site_path = "submission__study_site_id"

    submission = models.OneToOneField(
        Submission, on_delete=models.PROTECT, related_name="site_cleaning"
    )
    profile_digest = models.CharField("SHA-256 of the profile", max_length=64)
    handed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    handed_at = models.DateTimeField("handed out", default=clock.now)
    reported_at = models.DateTimeField("reported", null=True, blank=True)
    engine_version = models.CharField("engine at the site", max_length=40, blank=True)
    cleaned = models.PositiveIntegerField("files cleaned at the site", default=0)
    not_sent = models.JSONField(
        "not sent", default=list, blank=True, help_text="reason code and count; no names"
    )
    patient_key = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"Identity removed at the site for {self.submission}"
