"""What the platform answers to sites, and what decides who is read: eligibility, confirmation.

Nothing here has a ``reader_path``: a reader never sees that a site asked, what it thinks, what it
was told, or that the sample became a full review.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit import clock
from audit.states import StateField
from reads.models.answers import ReadSession
from reads.models.tasks import ReadTask
from studies.models import Configuration, Subject, TimePoint
from studies.scoping import StudyScoped


class EligibilityAnswer(models.Model):
    """What imaging says of a subject's eligibility. Append-only; the newest valid row holds.

    It is valid while the session that it rests on is not voided. ``criteria`` says for each
    criterion of the charter whether disease is measurable.
    """

    append_only = True

    class Answer(models.TextChoices):
        ELIGIBLE = "eligible", "Eligible by imaging"
        NOT_ELIGIBLE = "not_eligible", "Not eligible by imaging"
        MORE_IMAGES = "more_images", "More images needed"

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(
        Subject, on_delete=models.PROTECT, related_name="eligibility_answers"
    )
    session = models.ForeignKey(
        ReadSession, on_delete=models.PROTECT, related_name="eligibility_answers"
    )
    answer = models.CharField("answer", max_length=16, choices=Answer.choices)
    criteria = models.JSONField("measurable by criterion", default=dict)
    asked_at = models.DateTimeField("asked")
    due_at = models.DateTimeField("due")
    due_by = models.CharField(max_length=120)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.subject}: {self.get_answer_display()}"


class ConfirmationRequest(StudyScoped):
    """A site asks whether progression is confirmed before treatment stops; answered in hours."""

    site_path = "subject__study_site_id"

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", "Progression confirmed"
        NOT_CONFIRMED = "not_confirmed", "Progression not confirmed"
        NOT_EVALUABLE = "not_evaluable", "Not evaluable"

    subject = models.ForeignKey(
        Subject, on_delete=models.PROTECT, related_name="confirmation_requests"
    )
    time_point = models.ForeignKey(
        TimePoint, on_delete=models.PROTECT, related_name="confirmation_requests"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opinion = models.CharField("overall response in the site's opinion", max_length=24)
    why = models.TextField("why it is asked")
    asked_at = models.DateTimeField("asked", default=clock.now)
    due_at = models.DateTimeField("due")
    due_by = models.CharField(max_length=120)
    outcome = models.CharField("answer", max_length=16, blank=True, choices=Outcome.choices)
    basis = models.CharField("how it was found", max_length=16, blank=True)
    answered_at = models.DateTimeField("answered", null=True, blank=True)
    state = StateField(
        "state",
        default="asked",
        choices=[("asked", "Asked"), ("answered", "Answered"), ("withdrawn", "Withdrawn")],
    )

    class Meta:
        ordering = ("due_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["study", "time_point"],
                condition=Q(state="asked"),
                name="confirmation_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"Confirmation of progression, {self.time_point}"


class ExpeditedDue(models.Model):
    """A read whose due instant a request brought forward: before and after. Append-only."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    request = models.ForeignKey(
        ConfirmationRequest, on_delete=models.PROTECT, related_name="expedited"
    )
    task = models.ForeignKey(ReadTask, on_delete=models.PROTECT, related_name="expedited")
    due_before = models.DateTimeField("due before")
    due_by_before = models.CharField(max_length=120)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.task} brought forward"


class LocalResult(models.Model):
    """The overall response that a site reports for a time point. Append-only; the newest holds.

    Central review of a sample is compared with it; no reader ever sees it.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    time_point = models.ForeignKey(
        TimePoint, on_delete=models.PROTECT, related_name="local_results"
    )
    response = models.CharField("overall response", max_length=24)
    reason = models.CharField("why it was corrected", max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.time_point}: {self.response} by the site"


class SampleEscalation(models.Model):
    """The instant from which every subject is reviewed centrally, and the rate that led there."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    design = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    sample = models.PositiveIntegerField("subjects in the sample")
    different = models.PositiveIntegerField("subjects with different results")
    above_percent = models.PositiveSmallIntegerField("charter's limit, %")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.different} of {self.sample} subjects differ"
