"""Who opened which dossier, and what a revised dossier changes for reads that were signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from reads.models.adjudication import AdjudicationCase
from reads.models.answers import ReadSession
from reads.models.tasks import ReadTask
from studies.models import TimePoint
from studies.scoping import StudyScoped

PERSON = settings.AUTH_USER_MODEL


class DossierOpening(models.Model):
    """One look of a blinded person at one version of a time point's dossier. Append-only.

    Its contents are read only through the service that writes this row. ``answers_version`` is the
    version of the form as it was saved when the dossier was opened, so that what changed after it
    can be told from the history of the form.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    #: how a reader's page names it: a number would tell how often others opened theirs
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    reader = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="dossier_openings")
    task = models.ForeignKey(
        ReadTask, null=True, blank=True, on_delete=models.PROTECT, related_name="dossier_openings"
    )
    session = models.ForeignKey(
        ReadSession,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="dossier_openings",
    )
    case = models.ForeignKey(
        AdjudicationCase,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="dossier_openings",
    )
    time_point = models.ForeignKey(
        TimePoint, on_delete=models.PROTECT, related_name="dossier_openings"
    )
    sequence = models.PositiveSmallIntegerField("place of the time point")
    version = models.PositiveIntegerField("dossier version")
    answers_version = models.PositiveIntegerField("version of the form", null=True, blank=True)
    after_signature = models.BooleanField("after the signature", default=False)
    at = models.DateTimeField("opened", default=clock.now)
    zone = models.CharField("time zone of the reader", max_length=64, default="UTC")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(task=None, session=None, case__isnull=False)
                | Q(task__isnull=False, session__isnull=False, case=None),
                name="dossieropening_in_a_read_or_a_case",
            )
        ]
        indexes = [models.Index(fields=["study", "time_point"], name="dossieropening_of_point")]

    def __str__(self) -> str:
        return f"Opening of dossier version {self.version} of time point {self.sequence}"


class DossierChange(StudyScoped):
    """A dossier was revised after reads were signed with it: science decides what that changes.

    ``affected`` lists the signed reads as they were when the new version came; ``outcome`` says in
    words what was carried out and what still waits for a person.
    """

    class Decision(models.TextChoices):
        NO_EFFECT = "no_effect", "No effect on the reads"
        RE_READ = "re_read", "Read the time point again"
        ROLLBACK = "rollback", "Roll back this and later time points"

    time_point = models.ForeignKey(
        TimePoint, on_delete=models.PROTECT, related_name="dossier_changes"
    )
    from_version = models.PositiveIntegerField("version that was read with")
    to_version = models.PositiveIntegerField("version that holds now")
    affected = models.JSONField("reads signed with the earlier version", default=list)
    due_at = models.DateTimeField("decision due")
    due_by = models.CharField(max_length=120)
    decision = models.CharField("decision", max_length=12, choices=Decision.choices, blank=True)
    reason = models.TextField("reason", blank=True)
    decided_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("decided", null=True, blank=True)
    outcome = models.JSONField("what became of it", default=list, blank=True)
    state = StateField(
        "state",
        default="open",
        choices=[
            ("open", "Waits for science"),
            ("decided", "Decided, to be carried out"),
            ("carried_out", "Carried out"),
            ("overtaken", "Overtaken by a newer version"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'open'",
        columns=(
            "time_point_id",
            "from_version",
            "to_version",
            "affected",
            "decision",
            "reason",
            "decided_by_id",
            "decided_at",
        ),
        why="the decision is signed",
    )

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(fields=["time_point", "to_version"], name="dossierchange_once")
        ]

    def __str__(self) -> str:
        return f"Dossier of {self.time_point}, version {self.to_version}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the decision's signature covers: both versions, the reads concerned, the words."""
        return {
            "time_point": self.time_point_id,
            "from_version": self.from_version,
            "to_version": self.to_version,
            "affected": self.affected,
            "decision": self.decision,
            "reason": self.reason,
        }
