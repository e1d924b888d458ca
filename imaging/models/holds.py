"""What waits for a person because identity may be visible: pictures of held files, decisions on
them, and the papers that a site attaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from imaging.models.submission import ReceivedFile, Submission
from studies.scoping import StudyScoped


class Paper(StudyScoped):
    """A paper or picture of which only a flat copy, redacted and released by a person, is shown.

    What came is ciphertext in an arrival store (``sha256``; its name as it came is
    ``name_sha256`` there). ``pages`` are pictures of it, sealed as well. Only the flat derivative
    without text layer (``released_sha256``, research store) is ever shown outside the screen of
    held files.
    """

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        IMAGE = "image", "Picture"
        OFFICE = "office", "Office document"
        OTHER = "other", "Other file"

    number = models.PositiveSmallIntegerField("number")
    kind = models.CharField("kind", max_length=8, choices=Kind.choices)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.BigIntegerField("bytes")
    name_sha256 = models.CharField(max_length=64)
    opened_at = models.DateTimeField("opened", null=True, blank=True)
    problem = models.CharField("reason code", max_length=60, blank=True)
    risks = models.JSONField(
        "identity risks", default=list, blank=True, help_text="code, count and page; no value"
    )
    pages = models.JSONField(
        "pages", default=list, blank=True, help_text="digest, width and height of each sealed page"
    )
    masks = models.JSONField("masks", default=list, blank=True, help_text="in pixels of the page")
    redacted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    redacted_at = models.DateTimeField("redacted", null=True, blank=True)
    engine_version = models.CharField("engine", max_length=40, blank=True)
    released_sha256 = models.CharField("SHA-256 of the redacted copy", max_length=64, blank=True)
    released_size = models.BigIntegerField("bytes of the redacted copy", default=0)
    decision_reason = models.CharField("reason", max_length=300, blank=True)
    state = StateField(
        "state",
        default="held",
        choices=[
            ("held", "Held"),
            ("redacted", "Redacted"),
            ("released", "Released"),
            ("refused", "Refused"),
            ("removed", "Removed before sending"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state = 'released'",
        columns=("masks", "pages", "released_sha256", "redacted_by_id", "sha256"),
        why="the copy is released by signature",
        thaws="NEW.state = 'held'",
    )

    class Meta:
        abstract = True

    @property
    def store_id(self) -> Any:
        """The arrival store in which the paper lies sealed."""
        raise NotImplementedError

    @property
    def about(self) -> Any:
        """The row under which acts on the paper are recorded."""
        raise NotImplementedError

    def paper_content(self) -> Mapping[str, Any]:
        """The part of a releasing signature that every paper has."""
        return {
            "number": self.number,
            "came": self.sha256,
            "pages": self.pages,
            "masks": self.masks,
            "copy": self.released_sha256,
            "engine": self.engine_version,
        }


class Attachment(Paper):
    """A paper that a site sent beside its images, under a neutral name; readers never see it."""

    site_path = "submission__study_site_id"

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="attachments")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="attachment_number_once")
        ]

    def __str__(self) -> str:
        return f"Attachment {self.number}"

    @property
    def store_id(self) -> Any:
        """It lies with the originals of its submission."""
        return self.submission_id

    @property
    def about(self) -> Any:
        """Acts on an attachment are told with its submission."""
        return self.submission

    @property
    def name(self) -> str:
        """The neutral file name of the redacted copy."""
        return f"attachment-{self.number}.pdf"

    def signed_content(self) -> Mapping[str, Any]:
        """What the releasing signature covers: what came, the masks and the copy made."""
        return {"submission": self.submission_id, **self.paper_content()}


class HoldDecision(StudyScoped):
    """What a person decided about held files of one submission, and how it was applied.

    ``files`` are the digests of the files as they came; ``proposed`` the boxes that recognition
    showed when the person decided. Hashes after stand in the instances made under the decision.
    """

    site_path = "submission__study_site_id"

    class Verdict(models.TextChoices):
        CLEAN = "clean", "No identity in the picture"
        MASKED = "masked", "Identity masked"
        LEFT_OUT = "left_out", "Left out"

    class Reach(models.TextChoices):
        FRAME = "frame", "This frame"
        FILE = "file", "All frames of this file"
        SERIES = "series", "The whole series"
        ALIKE = "alike", "All of the same size and scanner"

    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, related_name="hold_decisions"
    )
    verdict = models.CharField("decision", max_length=8, choices=Verdict.choices)
    reach = models.CharField("applied to", max_length=8, choices=Reach.choices)
    files = models.JSONField("files", default=list, help_text="digests as they came")
    codes = models.JSONField("holds answered", default=list, help_text="reason codes")
    masks = models.JSONField(
        "masks", default=list, blank=True, help_text="left, top, right, bottom, frame (-1: all)"
    )
    proposed = models.JSONField("boxes found", default=list, blank=True)
    reason = models.CharField("reason", max_length=300)
    engine_version = models.CharField("engine", max_length=40)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="hold_decisions"
    )
    decided_at = models.DateTimeField("decided", default=clock.now)
    needs_second = models.BooleanField("waits for a second look", default=False)
    second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    second_at = models.DateTimeField("second look", null=True, blank=True)
    second_reason = models.CharField("second look: reason", max_length=300, blank=True)
    state = StateField(
        "state",
        default="proposed",
        choices=[
            ("proposed", "Waits for a second look"),
            ("effective", "Effective"),
            ("refused", "Refused by the second look"),
            ("superseded", "Superseded"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'proposed'",
        columns=("verdict", "files", "masks", "reason", "decided_by_id", "decided_at"),
        why="a decision that took effect is superseded, not changed",
    )

    class Meta:
        ordering = ("decided_at",)

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} ({len(self.files)})"


class Screening(models.Model):
    """Pictures of one held file for the person who decides, and the boxes that recognition found.

    The pictures show identity: they are sealed in the arrival store under the submission's key and
    vanish with it. The row itself holds no identity.
    """

    untracked_because = "a cache that the worker makes again from the original"

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    file = models.OneToOneField(ReceivedFile, on_delete=models.CASCADE, related_name="screening")
    modality = models.CharField(max_length=16, blank=True)
    label = models.CharField(max_length=80, blank=True, help_text="kind of object, no identity")
    series_key = models.CharField(max_length=64, blank=True)
    alike_key = models.CharField(max_length=64, blank=True)
    position = models.PositiveIntegerField(default=0, help_text="order in its series")
    frames = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    columns = models.PositiveIntegerField(default=0)
    pictures = models.JSONField(
        default=list, help_text="[frame, digest] of each picture; frame -1: all frames over another"
    )
    boxes = models.JSONField(default=list, help_text="frame, left, top, right, bottom, score")
    score = models.FloatField(default=0.0, help_text="suspicion, 0 to 1")
    pixel_sha256 = models.CharField(max_length=64, blank=True)
    problem = models.CharField(max_length=60, blank=True)
    engine_version = models.CharField(max_length=40, blank=True)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("series_key", "position", "id")

    def __str__(self) -> str:
        return f"Pictures of {self.file}"
