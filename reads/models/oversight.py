"""What goes wrong in reads and what is done about it: findings, reminders, roll-backs, retraining.

No blinded person sees a row of these tables but the reminders addressed to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from imaging.models import LateImages
from queries.models import Query
from reads.models.answers import ReadSession
from reads.models.dossiers import DossierChange
from reads.models.tasks import ReaderStream, ReadTask
from reads.oversight.library import BY_ID
from studies.scoping import StudyScoped

PERSON = settings.AUTH_USER_MODEL


class CheckRun(models.Model):
    """One run of the check library over the signed reads of a study. Append-only."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    asked_by = models.CharField(max_length=200)
    work = models.CharField("key of the job", max_length=200, unique=True)
    library = models.CharField("digest of the library", max_length=64)
    checks = models.PositiveSmallIntegerField()
    streams = models.PositiveIntegerField()
    sessions = models.PositiveIntegerField()
    opened = models.PositiveIntegerField("new findings")
    gone = models.PositiveIntegerField("findings that fire no more")
    standing = models.PositiveIntegerField("findings that wait")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Check run of {self.at:%d %b %Y %H:%M}"


class TrainingReminder(StudyScoped):
    """A training point reminder: the rule that a reader forgot, to be acknowledged by signature.

    The picture is one slice of a package that the reader has read; it is shown as served to
    readers, without text. ``gates`` keeps the reader from starting and signing until it is
    acknowledged.
    """

    reader_path = "reader_id"

    reader = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="reminders")
    number = models.PositiveIntegerField("number")
    rule = models.CharField("rule", max_length=200)
    clause = models.CharField("clause", max_length=120)
    text = models.TextField("what to respect")
    session = models.ForeignKey(
        ReadSession, null=True, blank=True, on_delete=models.PROTECT, related_name="reminders"
    )
    picture_series = models.ForeignKey(
        "imaging.Series", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    picture_sha256 = models.CharField("picture", max_length=64, blank=True)
    gates = models.BooleanField("holds the next read", default=False)
    due_at = models.DateTimeField("due", null=True, blank=True)
    due_by = models.CharField(max_length=120, blank=True)
    written_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    issued_at = models.DateTimeField("issued", null=True, blank=True)
    acknowledged_at = models.DateTimeField("acknowledged", null=True, blank=True)
    state = StateField(
        "state",
        default="draft",
        choices=[
            ("draft", "Draft"),
            ("issued", "Issued"),
            ("acknowledged", "Acknowledged"),
            ("withdrawn", "Withdrawn"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'draft'",
        columns=(
            "reader_id",
            "number",
            "rule",
            "clause",
            "text",
            "session_id",
            "picture_series_id",
            "picture_sha256",
            "gates",
            "due_at",
        ),
        why="an issued reminder does not change",
    )

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="reminder_number_once")
        ]

    def __str__(self) -> str:
        return f"TPR-{self.number:04d}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the reader's signature covers: the reminder as it was shown."""
        return {
            "reader": self.reader_id,
            "rule": self.rule,
            "clause": self.clause,
            "text": self.text,
            "picture": self.picture_sha256,
        }


class TwoSignatures(StudyScoped):
    """What two different persons have to approve: one of science, one of project management."""

    number = models.PositiveIntegerField("number")
    reason = models.TextField("reason")
    clause = models.CharField("clause", max_length=120, blank=True)
    impact = models.JSONField("what it touches", default=list)
    requested_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField("requested", default=clock.now)
    science_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    science_at = models.DateTimeField("approved by science", null=True, blank=True)
    project_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    project_at = models.DateTimeField("approved by project management", null=True, blank=True)
    carried_out_at = models.DateTimeField("carried out", null=True, blank=True)
    outcome = models.JSONField("what was done", default=list, blank=True)
    acknowledged_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_at = models.DateTimeField("sponsor acknowledged", null=True, blank=True)

    class Meta:
        abstract = True


STATES = [
    ("requested", "Requested"),
    ("science_approved", "Approved by science"),
    ("project_approved", "Approved by project management"),
    ("approved", "Approved"),
    ("carried_out", "Carried out"),
    ("acknowledged", "Acknowledged by the sponsor"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
]
_DECIDED = "OLD.state NOT IN ('requested')"
_TWO_PERSONS = (
    Q(science_by=None) | Q(project_by=None) | ~Q(science_by=F("project_by"))
)  # fmt: skip


class Recall(TwoSignatures):
    """Every read of one reader is rolled back, subject by subject, by a job."""

    reader = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="recalls")
    state = StateField("state", default="requested", choices=STATES)

    frozen = Frozen(
        condition=_DECIDED,
        columns=("number", "reader_id", "reason", "clause", "impact", "requested_by_id"),
        why="an approved recall does not change",
    )

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="recall_number_once"),
            models.CheckConstraint(condition=_TWO_PERSONS, name="recall_two_persons"),
        ]

    def __str__(self) -> str:
        return f"RC-{self.number:04d}"

    def signed_content(self) -> Mapping[str, Any]:
        """What each approval covers."""
        return {
            "number": self.number,
            "reader": self.reader_id,
            "reason": self.reason,
            "clause": self.clause,
            "impact": self.impact,
        }


class RollBack(TwoSignatures):
    """The reads of one stream from one read on are voided, with all that rests on them."""

    task = models.ForeignKey(ReadTask, on_delete=models.PROTECT, related_name="roll_backs")
    reminder = models.ForeignKey(
        TrainingReminder, null=True, blank=True, on_delete=models.PROTECT, related_name="roll_backs"
    )
    recall = models.ForeignKey(
        Recall, null=True, blank=True, on_delete=models.PROTECT, related_name="roll_backs"
    )
    late = models.ForeignKey(
        LateImages, null=True, blank=True, on_delete=models.PROTECT, related_name="roll_backs"
    )
    dossier_change = models.ForeignKey(
        DossierChange, null=True, blank=True, on_delete=models.PROTECT, related_name="roll_backs"
    )
    state = StateField("state", default="requested", choices=STATES)

    frozen = Frozen(
        condition=_DECIDED,
        columns=("number", "task_id", "reason", "clause", "impact", "requested_by_id"),
        why="an approved roll-back does not change",
    )

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="rollback_number_once"),
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(
                    state__in=["requested", "science_approved", "project_approved", "approved"]
                ),
                name="rollback_one_waiting",
            ),
            models.CheckConstraint(condition=_TWO_PERSONS, name="rollback_two_persons"),
        ]

    def __str__(self) -> str:
        return f"RB-{self.number:04d}"

    def signed_content(self) -> Mapping[str, Any]:
        """What each approval covers, and the sponsor's acknowledgement: the list included."""
        return {
            "number": self.number,
            "read": self.task_id,
            "reason": self.reason,
            "clause": self.clause,
            "impact": self.impact,
        }


class CheckFinding(StudyScoped):
    """What a check found in the signed reads of a stream, and what was decided about it."""

    class Disposition(models.TextChoices):
        NO_ACTION = "no_action", "No action"
        QUERY = "query", "Query"
        REMINDER = "reminder", "Training point reminder"
        ROLLBACK = "rollback", "Roll-back"

    stream = models.ForeignKey(ReaderStream, on_delete=models.PROTECT, related_name="findings")
    session = models.ForeignKey(
        ReadSession, on_delete=models.PROTECT, related_name="check_findings"
    )
    check_id = models.CharField("check", max_length=60)
    level = models.CharField("level", max_length=8)
    kind = models.CharField("kind", max_length=12)
    scope = models.CharField("scope", max_length=12)
    place = models.CharField("where", max_length=80, blank=True)
    text = models.TextField("what was found")
    clause = models.CharField("clause", max_length=120)
    key = models.CharField(max_length=200)
    found_at = models.DateTimeField("found", default=clock.now)
    disposition = models.CharField(
        "disposition", max_length=10, choices=Disposition.choices, blank=True
    )
    reason = models.TextField("reason", blank=True)
    disposed_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    disposed_at = models.DateTimeField("decided", null=True, blank=True)
    query = models.ForeignKey(
        Query, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reminder = models.ForeignKey(
        TrainingReminder, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    roll_back = models.ForeignKey(
        RollBack, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    state = StateField(
        "state",
        default="open",
        choices=[("open", "Open"), ("disposed", "Decided"), ("gone", "Fires no more")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'open'",
        columns=("session_id", "check_id", "text", "disposition", "reason", "disposed_by_id"),
        why="a decided finding does not change",
    )

    class Meta:
        ordering = ("-found_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["study", "key"], condition=~Q(state="gone"), name="checkfinding_once"
            )
        ]
        indexes = [models.Index(fields=["study", "state"], name="finding_by_state")]

    def __str__(self) -> str:
        check = BY_ID.get(self.check_id)
        return f"“{check.title if check else self.check_id}” in {self.stream.label}"


class Retraining(StudyScoped):
    """One or all readers are trained again; their assignments wait until they have passed."""

    number = models.PositiveIntegerField("number")
    reason = models.TextField("reason")
    clause = models.CharField("clause", max_length=120, blank=True)
    all_readers = models.BooleanField("all readers", default=False)
    ordered_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ordered_at = models.DateTimeField("ordered", default=clock.now)
    minutes = models.TextField("minutes of the meeting", blank=True)
    state = StateField("state", default="open", choices=[("open", "Open"), ("closed", "Closed")])

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="retraining_number_once")
        ]

    def __str__(self) -> str:
        return f"RT-{self.number:04d}"


class RetrainingPlace(StudyScoped):
    """A reader in a retraining: what was held, and when the reader was released."""

    retraining = models.ForeignKey(Retraining, on_delete=models.PROTECT, related_name="places")
    reader = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="retrainings")
    held_tasks = models.JSONField("reads put on hold", default=list)
    ended_qualifications = models.PositiveSmallIntegerField(default=0)
    released_at = models.DateTimeField("released", null=True, blank=True)
    state = StateField(
        "state", default="held", choices=[("held", "On hold"), ("released", "Released")]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "reader"], condition=Q(state="held"), name="retraining_one_open"
            )
        ]

    def __str__(self) -> str:
        # Who it is stands on the page, by name or by code as the role may know.
        return f"a place in {self.retraining}"
