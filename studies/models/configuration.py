"""Controlled configuration and the form records made with it.

A form, a read design, a de-identification profile, guideline parameters, a plan and a transfer
specification are one pattern: an immutable JSON document with a digest that goes from draft through
test and signature to effective, until a later version supersedes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from audit.guards import FixedParts, Frozen
from audit.states import StateField
from studies.scoping import StudyScoped


def document_digest(document: Mapping[str, Any]) -> str:
    """Return SHA-256 (hex) over the canonical JSON of a document."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Configuration(StudyScoped):
    """One version of one controlled configuration of a study."""

    class Kind(models.TextChoices):
        FORM = "form", "Form"
        READ_DESIGN = "read_design", "Read design"
        DEID_PROFILE = "deid_profile", "De-identification profile"
        GUIDELINE = "guideline", "Acquisition guideline"
        PLAN = "plan", "Project plan"
        TRANSFER = "transfer", "Transfer specification"
        BLINDING = "blinding", "Blinding profile"
        PHANTOMS = "phantoms", "Phantom plan"
        DOSSIER = "dossier", "Dossier definition"

    kind = models.CharField("kind", max_length=20, choices=Kind.choices)
    key = models.SlugField("key", max_length=60)
    version = models.PositiveIntegerField("version")
    title = models.CharField("title", max_length=200)
    document = models.JSONField("document")
    digest = models.CharField("SHA-256", max_length=64, editable=False)
    effective_from = models.DateTimeField("effective from", null=True, blank=True)
    state = StateField(
        "state",
        default="draft",
        choices=[
            ("draft", "Draft"),
            ("in_review", "In review"),
            ("in_test", "In test"),
            ("approved", "Approved"),
            ("effective", "Effective"),
            ("superseded", "Superseded"),
            ("withdrawn", "Withdrawn"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state <> 'draft'",
        columns=("document", "digest", "kind", "key", "version", "study_id"),
        why="a configuration that has left the draft is immutable",
        thaws="OLD.state IN ('in_review', 'in_test')",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "kind", "key", "version"], name="configuration_version_once"
            ),
            models.UniqueConstraint(
                fields=["study", "kind", "key"],
                condition=Q(state="effective"),
                name="configuration_one_effective",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.digest = document_digest(self.document)
        super().save(*args, **kwargs)

    def signed_content(self) -> Mapping[str, Any]:
        """What a signature on the configuration covers."""
        return {
            "study": self.study_id,
            "kind": self.kind,
            "key": self.key,
            "version": self.version,
            "digest": self.digest,
        }


class FormRecord(StudyScoped):
    """Answers to one version of one form. A draft until it is completed.

    ``version`` counts saves; a save states the version it was made from, so that of two tabs one
    wins and the other is told. ``entered_at`` is when the person typed, ``saved_at`` when the
    server kept it (EMA 2023 §6.2.1). ``fixed`` names sections whose answers cannot change any more
    while the rest is still written; a section is added to it and never taken out.
    """

    form = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="records")
    answers = models.JSONField("answers", default=dict)
    version = models.PositiveIntegerField(default=0)
    entered_at = models.DateTimeField("entered", null=True, blank=True)
    saved_at = models.DateTimeField("saved", null=True, blank=True)
    completed_at = models.DateTimeField("completed", null=True, blank=True)
    locked = models.BooleanField("locked", default=False)
    fixed = models.JSONField("sections that are fixed", default=list, blank=True)

    frozen = Frozen(
        condition="OLD.locked",
        columns=("answers", "form_id", "locked", "completed_at"),
        why="the form is locked by a signature",
    )
    fixed_parts = FixedParts("answers", keys="fixed", why="this part of the form is fixed")

    def __str__(self) -> str:
        return f"{self.form.title}"

    def signed_content(self) -> Mapping[str, Any]:
        """What a signature on the form covers."""
        return {
            "form": self.form.digest,
            "answers": self.answers,
        }
