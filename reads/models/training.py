"""How a reader proves to read by the charter: training cases with a key, attempts, a commitment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen
from audit.states import StateField
from reads.models.readers import Onboarding
from reads.models.tasks import ReaderStream
from studies.models import Configuration, Study, Subject
from studies.scoping import StudyScoped


class TrainingStudy(StudyScoped):
    """The study in which readers of ``study`` read their training cases.

    It is a study of its own, so that no training read can reach a data cut, with the same charter,
    form and viewer.
    """

    held_in = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="trains")
    ended_on = models.DateField("ended on", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study"], condition=Q(ended_on=None), name="training_study_once"
            )
        ]

    def __str__(self) -> str:
        return f"training of {self.study} in {self.held_in}"


class TrainingCase(StudyScoped):
    """A subject of a training study with the answers that a scientist expects.

    ``key`` holds, by time point, what is expected at which item, and why:
    ``{"1": [{"place", "label", "value", "tolerance", "clause", "why"}, …]}``.
    """

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="training_cases")
    title = models.CharField("title", max_length=120)
    design = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    key = models.JSONField("answer key", default=dict)
    #: study, subject and time points whose images the case shows; {} for images sent to it
    made_from = models.JSONField("made from", default=dict, blank=True)
    state = StateField(
        "state",
        default="draft",
        choices=[("draft", "Draft"), ("approved", "Approved"), ("withdrawn", "Withdrawn")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'draft'",
        columns=("subject_id", "title", "design_id", "key"),
        why="an approved answer key is immutable",
    )

    class Meta:
        ordering = ("title",)
        constraints = [
            models.UniqueConstraint(
                fields=["study", "subject", "design"],
                condition=~Q(state="withdrawn"),
                name="training_case_once",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def signed_content(self) -> Mapping[str, Any]:
        """What the scientist's signature covers: the key and the charter version it is made for."""
        return {
            "subject": self.subject_id,
            "title": self.title,
            "design": self.design.digest,
            "key": self.key,
        }


class TrainingAttempt(StudyScoped):
    """One reading of a training case by a reader. Every attempt is kept."""

    reader_path = "reader_id"

    case = models.ForeignKey(TrainingCase, on_delete=models.PROTECT, related_name="attempts")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="training_attempts"
    )
    stream = models.OneToOneField(
        ReaderStream, on_delete=models.PROTECT, related_name="training_attempt"
    )
    number = models.PositiveSmallIntegerField("attempt")
    given_at = models.DateTimeField("given", default=clock.now)
    marks = models.JSONField("marks by time point", default=dict)
    right = models.PositiveSmallIntegerField("points reached", default=0)
    total = models.PositiveSmallIntegerField("points possible", default=0)
    state = StateField(
        "state",
        default="open",
        choices=[("open", "Open"), ("scored", "Scored"), ("ended", "Ended unscored")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'open'",
        columns=("case_id", "reader_id", "stream_id", "number", "marks", "right", "total"),
        why="a scored attempt is immutable",
    )

    class Meta:
        ordering = ("given_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["case", "reader", "number"], name="training_attempt_number_once"
            ),
            models.UniqueConstraint(
                fields=["case", "reader"],
                condition=Q(state="open"),
                name="training_attempt_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case}, attempt {self.number}"


class ReaderCommitment(StudyScoped):
    """Responsibilities and turnaround that a reader signs before the qualification."""

    reader_path = "onboarding__reader__user_id"

    onboarding = models.ForeignKey(Onboarding, on_delete=models.PROTECT, related_name="commitments")
    design = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    contract_number = models.CharField("contract", max_length=40)
    paragraphs = models.JSONField("text", default=list)
    state = StateField(
        "state",
        default="open",
        choices=[("open", "To sign"), ("signed", "Signed"), ("replaced", "Replaced")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'open'",
        columns=("onboarding_id", "design_id", "contract_number", "paragraphs"),
        why="a signed commitment is immutable",
    )

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["onboarding"], condition=Q(state="open"), name="commitment_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"Responsibilities and turnaround, {self.design}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the reader signs: the text as rendered, for a charter version and a contract."""
        return {
            "reader": self.onboarding.reader_id,
            "design": self.design.digest,
            "contract": self.contract_number,
            "text": self.paragraphs,
        }
