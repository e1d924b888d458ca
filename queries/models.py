"""Queries: a question to a site or the clinical data partner, what was asked, and the answers."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from accounts.permissions import Role
from audit import clock
from audit.actors import Actor
from audit.states import StateField
from studies.models import StudySite, Subject, TimePoint
from studies.scoping import ScopedManager, ScopedQuerySet, StudyScoped


class QueryRows(ScopedQuerySet):
    """Queries: whoever answers sees those that are addressed to them, nothing else."""

    def visible_to(self, actor: Actor) -> Any:
        """Keep the queries that the actor may see."""
        rows = super().visible_to(actor)
        if actor.sites is not None:
            return rows.filter(addressee=Query.Addressee.SITE)
        if actor.roles and actor.roles <= {Role.CLINICAL_DATA_PARTNER}:
            return rows.filter(addressee=Query.Addressee.PARTNER)
        return rows


class QueryManager(ScopedManager):
    """The fence of queries."""

    _queryset_class = QueryRows


class Query(StudyScoped):
    """A question about a submission, a form, a dossier, a scanner… with a clock by the plan.

    The target is named by kind and id (``queries.targets`` knows how to label, link and close it).
    Overdue and escalated are derived from the clock. A query belongs to a site also when the
    clinical data partner answers it: it is about that site's subject.
    """

    site_path = "study_site_id"

    class Addressee(models.TextChoices):
        SITE = "site", "Site"
        PARTNER = "partner", "Clinical data partner"

    class Cause(models.TextChoices):
        MISSING_IMAGES = "missing_images", "Images are missing"
        OUT_OF_WINDOW = "out_of_window", "Scan date out of window"
        MISSING_DATA = "missing_data", "Clinical imaging data is missing"
        CLINICAL = "clinical", "Clinical data is in doubt"
        PARAMETERS = "parameters", "Acquisition differs from the guideline"
        IDENTITY = "identity", "Subject or identity is in doubt"
        QUALITY = "quality", "Image quality"
        OTHER = "other", "Other"

    study_site = models.ForeignKey(StudySite, on_delete=models.PROTECT, related_name="queries")
    subject = models.ForeignKey(
        Subject, null=True, blank=True, on_delete=models.PROTECT, related_name="queries"
    )
    time_point = models.ForeignKey(
        TimePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="queries"
    )
    target_kind = models.CharField("about", max_length=80)
    target_id = models.CharField(max_length=64)
    number = models.PositiveIntegerField("number")
    cause = models.CharField("cause", max_length=20, choices=Cause.choices)
    title = models.CharField("question", max_length=200)
    text = models.TextField("text")
    addressee = models.CharField(
        "addressed to", max_length=8, choices=Addressee.choices, default=Addressee.SITE
    )
    blocking = models.BooleanField("blocks the time point", default=True)
    blocks_target = models.BooleanField("blocks the next step of what it is about", default=False)
    opened_at = models.DateTimeField("opened", default=clock.now)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField("due")
    due_by = models.CharField("due by", max_length=120, help_text="plan and calendar version")
    answered_at = models.DateTimeField("answered", null=True, blank=True)
    closed_at = models.DateTimeField("closed", null=True, blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[
            ("open", "Open"),
            ("answered", "Answered"),
            ("reopened", "Reopened"),
            ("closed", "Closed"),
            ("cancelled", "Cancelled"),
        ],
    )

    objects: ClassVar[Any] = QueryManager()

    class Meta:
        verbose_name_plural = "queries"
        ordering = ("due_at",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="query_number_once")
        ]
        indexes = [models.Index(fields=["target_kind", "target_id"], name="query_by_target")]

    def __str__(self) -> str:
        return f"Q-{self.number:04d}"

    @property
    def is_open(self) -> bool:
        """Tell whether somebody still has something to do."""
        return self.state in {"open", "answered", "reopened"}

    @property
    def to_partner(self) -> bool:
        """Tell whether the clinical data partner answers it."""
        return self.addressee == self.Addressee.PARTNER


class RequestedAction(StudyScoped):
    """One thing a query asks for; a query closes when every action is done."""

    site_path = "query__study_site_id"

    class Kind(models.TextChoices):
        CONFIRM = "confirm", "Confirm or explain"
        CORRECT_FORM = "correct_form", "Correct the transmittal form"
        SEND_IMAGES = "send_images", "Send images"
        RESCAN = "rescan", "Repeat the scan"
        CORRECT_DATA = "correct_data", "Correct or complete the clinical data"

    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="actions")
    kind = models.CharField("action", max_length=16, choices=Kind.choices)
    text = models.CharField("what exactly", max_length=300)
    finding_code = models.CharField(max_length=60, blank=True)
    done_at = models.DateTimeField("done", null=True, blank=True)
    outcome = models.CharField("outcome", max_length=300, blank=True)

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return self.text


class Message(models.Model):
    """One entry of the thread. Append-only."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="messages")
    at = models.DateTimeField(default=clock.now)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    author_name = models.CharField(max_length=200)
    author_role = models.CharField(max_length=40)
    zone = models.CharField(max_length=64, default="UTC")
    text = models.TextField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text[:60]
