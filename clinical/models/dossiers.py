"""The dossier of one subject at one time point: versions, items, and documents behind items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit import clock
from audit.guards import Frozen, FrozenWith
from audit.states import StateField
from clinical.models.imports import DossierImport
from imaging.models.holds import Paper
from studies.models import Configuration, Subject, TimePoint
from studies.scoping import StudyScoped

#: states in which a dossier can still become the one that readers see
OPEN_STATES = ("requested", "received", "reconciled", "approved")


class Dossier(StudyScoped):
    """One version of the clinical dossier of a time point.

    A version that was approved never changes; what is corrected is the next version, and applying
    that supersedes this one. Every version can be opened again as readers saw it.
    """

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="dossiers")
    time_point = models.ForeignKey(TimePoint, on_delete=models.PROTECT, related_name="dossiers")
    definition = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="dossiers")
    version = models.PositiveIntegerField("version", default=1)
    reason = models.CharField("why this version", max_length=300, blank=True)
    requested_at = models.DateTimeField("requested", default=clock.now)
    due_at = models.DateTimeField("due")
    due_by = models.CharField(max_length=120)
    chased_at = models.DateTimeField("last reminded", null=True, blank=True)
    received_at = models.DateTimeField("received", null=True, blank=True)
    reconciled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reconciled_at = models.DateTimeField("reconciled", null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField("approved", null=True, blank=True)
    applied_at = models.DateTimeField("applied", null=True, blank=True)
    sent_back_reason = models.CharField("why it was sent back", max_length=300, blank=True)
    state = StateField(
        "state",
        default="requested",
        choices=[
            ("requested", "Requested"),
            ("received", "Received"),
            ("reconciled", "Reconciled"),
            ("approved", "Approved"),
            ("applied", "Applied"),
            ("superseded", "Superseded"),
            ("cancelled", "Cancelled"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state IN ('approved', 'applied', 'superseded', 'cancelled')",
        columns=("subject_id", "time_point_id", "definition_id", "version", "reason",
                 "received_at", "reconciled_by_id", "reconciled_at", "approved_by_id"),
        why="the dossier is signed; a correction is its next version",
        thaws="OLD.state = 'approved' AND NEW.state = 'requested'",
    )  # fmt: skip

    class Meta:
        ordering = ("-version",)
        constraints = [
            models.UniqueConstraint(fields=["time_point", "version"], name="dossier_version_once"),
            models.UniqueConstraint(
                fields=["time_point"], condition=Q(state="applied"), name="dossier_one_applied"
            ),
            models.UniqueConstraint(
                fields=["time_point"],
                condition=Q(state__in=OPEN_STATES),
                name="dossier_one_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"Dossier v{self.version} of {self.time_point}"

    @property
    def public_id(self) -> str:
        """The random id by which addresses name the dossier."""
        return str(self.pk)

    def signed_content(self) -> Mapping[str, Any]:
        """What the approving signature covers: whose it is, and every item with its document."""
        return {
            "subject": self.subject_id,
            "time_point": self.time_point_id,
            "definition": self.definition.digest,
            "version": self.version,
            "items": [
                item.signed_content()
                for item in self.items.select_related("document").order_by("code")
            ],
        }


class DossierDocument(Paper):
    """A paper behind an item: held, redacted by raster and released by a person like any other.

    ``released_pages`` are pictures of the pages of the released copy, in the research store: the
    only form in which a document of a dossier is ever shown to a reader.
    """

    time_point = models.ForeignKey(
        TimePoint, on_delete=models.PROTECT, related_name="dossier_documents"
    )
    released_pages = models.JSONField(
        "pages of the released copy", default=list, blank=True,
        help_text="digest, width and height of each picture",
    )  # fmt: skip

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(
                fields=["time_point", "number"], name="dossierdocument_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"Dossier document {self.number}"

    @property
    def store_id(self) -> Any:
        """Each document has a sealed folder and a key of its own."""
        return self.pk

    @property
    def about(self) -> Any:
        """The row under which acts on the paper are recorded."""
        return self

    @property
    def name(self) -> str:
        """The neutral file name of the redacted copy."""
        return f"dossier-document-{self.number}.pdf"

    def signed_content(self) -> Mapping[str, Any]:
        """What the releasing signature covers: what came, the masks and the copy made."""
        return {"time_point": self.time_point_id, **self.paper_content()}


class DossierItem(StudyScoped):
    """What a dossier says to one item of its definition, or why it says nothing."""

    class Source(models.TextChoices):
        CRO = "cro", "Clinical CRO"
        EDC = "edc", "EDC"
        SITE = "site", "Site"

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="items")
    code = models.SlugField("item", max_length=40)
    value = models.TextField("value", blank=True)
    rows = models.JSONField("rows of a table", default=list, blank=True)
    unit = models.CharField("unit", max_length=20, blank=True)
    observed_on = models.CharField(
        "date", max_length=10, blank=True, help_text="ISO date, month or year"
    )
    source = models.CharField("source", max_length=4, choices=Source.choices)
    missing_reason = models.CharField("why it is not available", max_length=200, blank=True)
    document = models.ForeignKey(
        DossierDocument, null=True, blank=True, on_delete=models.PROTECT, related_name="items"
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    batch = models.ForeignKey(
        DossierImport, null=True, blank=True, on_delete=models.PROTECT, related_name="items"
    )

    frozen_with = FrozenWith(path=("dossier",), why="the dossier is signed")

    class Meta:
        ordering = ("code",)
        constraints = [
            models.UniqueConstraint(fields=["dossier", "code"], name="dossieritem_code_once")
        ]

    def __str__(self) -> str:
        return f"{self.code} of {self.dossier}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the dossier's signature covers of the item."""
        return {
            "code": self.code,
            "value": self.value,
            "rows": self.rows,
            "unit": self.unit,
            "on": self.observed_on,
            "source": self.source,
            "missing": self.missing_reason,
            "document": self.document_id,
            "copy": self.document.released_sha256 if self.document is not None else "",
        }
