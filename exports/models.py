"""Data cuts: what was frozen, and the files made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from audit.guards import Frozen
from audit.states import StateField
from studies.models import Configuration
from studies.scoping import StudyScoped


class DataCut(StudyScoped):
    """One delivery of the study's data: frozen, generated, released, acknowledged."""

    number = models.PositiveIntegerField("number")
    title = models.CharField("title", max_length=120)
    cut_off = models.DateField("cut-off date")
    planned_for = models.DateField("planned for")
    specification = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    open_items = models.JSONField("open items at the freeze", default=list, blank=True)
    open_items_reason = models.TextField("why frozen with open items", blank=True)
    frozen_at = models.DateTimeField("frozen", null=True, blank=True)
    item_count = models.PositiveIntegerField("records", default=0)
    manifest_digest = models.CharField("SHA-256 of the manifest", max_length=64, blank=True)
    chain_head = models.CharField("head of the audit chain", max_length=64, blank=True)
    superseded_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="supersedes"
    )
    state = StateField(
        "state",
        default="planned",
        choices=[
            ("planned", "Planned"),
            ("cleaning", "Cleaning"),
            ("frozen", "Frozen"),
            ("generated", "Generated"),
            ("released", "Released"),
            ("acknowledged", "Acknowledged"),
            ("superseded", "Superseded"),
        ],
    )

    frozen = Frozen(
        condition="OLD.state IN ('generated', 'released', 'acknowledged', 'superseded')",
        columns=(
            "number",
            "title",
            "cut_off",
            "specification_id",
            "open_items",
            "open_items_reason",
            "frozen_at",
            "item_count",
            "manifest_digest",
            "chain_head",
        ),
        why="the cut's files exist",
    )

    class Meta:
        ordering = ("-number",)
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="cut_number_once")]

    def __str__(self) -> str:
        return f"{self.title}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the release's signature covers."""
        return {
            "study": self.study_id,
            "number": self.number,
            "cut_off": self.cut_off,
            "manifest": self.manifest_digest,
        }


class CutItem(models.Model):
    """One record version of a cut: (model, id, history id) — decision 22. Append-only."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    cut = models.ForeignKey(DataCut, on_delete=models.PROTECT, related_name="items")
    record_kind = models.CharField(max_length=80)
    record_id = models.CharField(max_length=64)
    history_id = models.BigIntegerField()

    class Meta:
        ordering = ("record_kind", "record_id")
        constraints = [
            models.UniqueConstraint(fields=["cut", "record_kind", "record_id"], name="cutitem_once")
        ]

    def __str__(self) -> str:
        return f"{self.record_kind} {self.record_id} @{self.history_id}"


class CutFile(models.Model):
    """One file of a cut in the delivery store, addressed by its content. Append-only."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="+")
    cut = models.ForeignKey(DataCut, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    row_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["cut", "name"], name="cutfile_once")]

    def __str__(self) -> str:
        return self.name
