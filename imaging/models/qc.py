"""Quality control: findings of the automatic checks and the decisions of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from imaging.models.images import Series
from imaging.models.submission import Submission
from queries.models import Query
from studies.models import FormRecord, TimePoint
from studies.scoping import StudyScoped


class Finding(StudyScoped):
    """One finding of an automatic check: measured against expected, and what became of it."""

    site_path = "submission__study_site_id"

    class Level(models.TextChoices):
        ERROR = "error", "Must be fixed"
        WARNING = "warning", "Must be explained"
        INFO = "info", "For information"

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="findings")
    series = models.ForeignKey(
        Series, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    code = models.CharField("code", max_length=60)
    level = models.CharField("level", max_length=8, choices=Level.choices)
    title = models.CharField("finding", max_length=200)
    measured = models.CharField("measured", max_length=200, blank=True)
    expected = models.CharField("expected", max_length=200, blank=True)
    what_it_means = models.TextField("what it means", blank=True)
    what_to_do = models.TextField("what to do", blank=True)
    positions = models.JSONField("slice positions, mm", default=list, blank=True)
    parameter = models.CharField("parameter", max_length=60, blank=True)
    query_text = models.TextField("question to the site", blank=True)
    source = models.CharField("source of the expected value", max_length=200, blank=True)
    suppressed_by = models.CharField("standing exception", max_length=120, blank=True)
    key = models.CharField(max_length=160)
    query = models.ForeignKey(
        Query, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    explanation = models.CharField("explanation", max_length=300, blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[
            ("open", "Open"),
            ("queried", "Asked at the site"),
            ("explained", "Explained"),
            ("resolved", "Resolved by a correction"),
        ],
    )

    class Meta:
        ordering = ("level", "created_at")
        constraints = [models.UniqueConstraint(fields=["submission", "key"], name="finding_once")]

    def __str__(self) -> str:
        return self.title

    @property
    def blocks(self) -> bool:
        """Tell whether QC cannot pass while the finding is as it is."""
        waits = self.state in {"open", "queried"} and not self.suppressed_by
        return self.level == self.Level.ERROR and waits


class QcReview(StudyScoped):
    """One person's quality control of a submission, with checklist and decision.

    The second level is another person's, on a drawn sample, blinded to the first. Where the two
    differ, a third decision settles it (level 3, without a checklist of its own).
    """

    class Rank(models.IntegerChoices):
        FIRST = 1, "First level"
        SECOND = 2, "Second level"
        RESOLUTION = 3, "Resolution"

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="reviews")
    time_point = models.ForeignKey(TimePoint, on_delete=models.PROTECT, related_name="reviews")
    level = models.PositiveSmallIntegerField("level", default=1, choices=Rank.choices)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="qc_reviews"
    )
    form_record = models.OneToOneField(
        FormRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="qc_review"
    )
    decision = models.CharField(
        "decision",
        max_length=24,
        blank=True,
        choices=[
            ("pass", "Pass"),
            ("pass_with_deviation", "Pass with deviation"),
            ("fail", "Fail"),
        ],
    )
    deviation_cause = models.CharField(
        "cause of the deviation",
        max_length=24,
        blank=True,
        choices=[
            ("standard_of_care", "Standard of care"),
            ("local_rule", "Local radiation or other rule"),
            ("equipment", "Equipment"),
            ("mistake", "Mistake"),
        ],
    )
    comment = models.TextField("comment", blank=True)
    dispositions = models.JSONField(
        "own judgement of findings",
        default=dict,
        blank=True,
        help_text="second level: finding to the reason why it does no harm",
    )
    claimed_at = models.DateTimeField("claimed", default=clock.now)
    decided_at = models.DateTimeField("decided", null=True, blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[("open", "Open"), ("signed", "Signed"), ("voided", "Reset")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'open'",
        columns=(
            "decision",
            "comment",
            "deviation_cause",
            "dispositions",
            "form_record_id",
            "decided_at",
        ),
        why="the decision is signed",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "level"],
                condition=~Q(state="voided"),
                name="qcreview_one_per_level",
            ),
            models.CheckConstraint(
                condition=Q(level=3) | Q(form_record__isnull=False),
                name="qcreview_has_checklist",
            ),
        ]

    def __str__(self) -> str:
        return f"QC {self.level} of {self.submission}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the decision's signature covers."""
        return {
            "submission": self.submission_id,
            "level": self.level,
            "decision": self.decision,
            "deviation_cause": self.deviation_cause,
            "comment": self.comment,
            "dispositions": self.dispositions,
            "checklist": self.form_record.signed_content() if self.form_record else None,
        }


class QcDraw(models.Model):
    """Whether a signed first decision was drawn for the second level, by a stored seed; only added.

    The seed is made after the decision, so that nobody knows beforehand who is looked over; the
    number follows from seed and submission, so that the draw can be repeated by anybody.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    review = models.OneToOneField(QcReview, on_delete=models.PROTECT, related_name="draw")
    seed = models.CharField(max_length=32)
    percent = models.PositiveSmallIntegerField()
    number = models.DecimalField(max_digits=5, decimal_places=2, help_text="0.00 to 99.99")
    drawn = models.BooleanField()
    by = models.CharField("plan", max_length=160)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"Draw of {self.review}: {'second level' if self.drawn else 'not drawn'}"
