"""Readers of the organisation over all studies, and their way into one study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from audit import clock
from audit.guards import Frozen
from audit.history import Tracked
from audit.states import StateField
from studies.models import Organisation, Site
from studies.scoping import StudyScoped


class Reader(Tracked):
    """A physician who reads for the organisation: what holds in every study."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reader"
    )
    specialty = models.CharField("specialty", max_length=80)
    therapeutic_areas = models.JSONField("therapeutic areas", default=list, blank=True)
    languages = models.JSONField("languages", default=list, blank=True)
    country = models.CharField("country", max_length=2, help_text="ISO 3166-1 alpha-2")
    licence_number = models.CharField("licence number", max_length=60, blank=True)
    licence_authority = models.CharField("licensing authority", max_length=120, blank=True)
    licence_until = models.DateField("licence valid until", null=True, blank=True)
    employer = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="readers"
    )
    per_day = models.PositiveSmallIntegerField("reads a day", default=8)
    per_week = models.PositiveSmallIntegerField("reads a week", default=30)
    cv_sha256 = models.CharField("CV", max_length=64, blank=True)
    cv_name = models.CharField("name of the CV", max_length=120, blank=True)
    cv_dated = models.DateField("CV dated", null=True, blank=True)
    pools = models.JSONField("pools", default=list, blank=True)
    state = StateField(
        "state",
        default="active",
        choices=[("active", "Active"), ("suspended", "Suspended"), ("released", "Released")],
    )

    def __str__(self) -> str:
        return self.user.printed_name


class ReaderConflict(Tracked):
    """A tie of a reader to a site or an organisation that keeps them from its subjects."""

    class Kind(models.TextChoices):
        EMPLOYMENT = "employment", "Employed there"
        INVESTIGATOR = "investigator", "Investigator there"
        FINANCIAL = "financial", "Financial interest"
        PERSONAL = "personal", "Personal tie"

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="conflicts")
    site = models.ForeignKey(
        Site, null=True, blank=True, on_delete=models.PROTECT, related_name="reader_conflicts"
    )
    organisation = models.ForeignKey(
        Organisation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reader_conflicts",
    )
    kind = models.CharField("kind", max_length=12, choices=Kind.choices)
    note = models.CharField("note", max_length=300, blank=True)
    since = models.DateField("since", null=True, blank=True)
    ended_on = models.DateField("ended on", null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(site__isnull=False) ^ Q(organisation__isnull=False),
                name="conflict_site_or_organisation",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.site or self.organisation}"


class ReaderContract(Tracked):
    """A reader's agreement with dates and rates. Immutable once sent, but for its ending."""

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="contracts")
    number = models.CharField("number", max_length=40, unique=True)
    valid_from = models.DateField("valid from")
    valid_until = models.DateField("valid until")
    currency = models.CharField("currency", max_length=3, help_text="ISO 4217")
    rates = models.JSONField("rate per kind of work", default=dict)
    document_sha256 = models.CharField("signed document", max_length=64, blank=True)
    state = StateField(
        "state",
        default="draft",
        choices=[("draft", "Draft"), ("sent", "Sent"), ("signed", "Signed"), ("ended", "Ended")],
    )

    frozen = Frozen(
        condition="OLD.state <> 'draft'",
        columns=("reader_id", "number", "valid_from", "valid_until", "currency", "rates"),
        why="a contract that was sent is immutable",
        thaws="OLD.state = 'sent'",
    )

    class Meta:
        ordering = ("-valid_from", "number")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")), name="contract_dates_in_order"
            )
        ]

    def __str__(self) -> str:
        return self.number

    def signed_content(self) -> Mapping[str, Any]:
        """What the reader's signature on the contract covers."""
        return {
            "number": self.number,
            "reader": self.reader_id,
            "from": self.valid_from,
            "until": self.valid_until,
            "currency": self.currency,
            "rates": self.rates,
        }


class ReaderAbsence(Tracked):
    """Days on which a reader does not read."""

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="absences")
    first_day = models.DateField("first day")
    last_day = models.DateField("last day")
    note = models.CharField("note", max_length=200, blank=True)
    cancelled_on = models.DateField("cancelled on", null=True, blank=True)

    class Meta:
        ordering = ("first_day",)
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="absence_days_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}"


class Onboarding(StudyScoped):
    """A reader's way into a study, from the invitation to the qualification."""

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="onboardings")
    stage_since = models.DateTimeField("in this stage since", default=clock.now)
    workstation = models.JSONField("workstation check", default=dict, blank=True)
    training_note = models.CharField("training held", max_length=300, blank=True)
    training_on = models.DateField("trained on", null=True, blank=True)
    cases_right = models.PositiveSmallIntegerField("points reached", null=True, blank=True)
    cases_total = models.PositiveSmallIntegerField("points possible", null=True, blank=True)
    state = StateField(
        "stage",
        default="cv",
        choices=[
            ("cv", "CV"),
            ("contract", "Contract"),
            ("access", "Access"),
            ("workstation", "Workstation"),
            ("training", "Training"),
            ("test_cases", "Test cases"),
            ("qualified", "Qualified"),
            ("stopped", "Stopped"),
        ],
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "reader"], condition=~Q(state="stopped"), name="onboarding_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reader}: {self.get_state_display()}"

    def signed_content(self) -> Mapping[str, Any]:
        """What the reader signs: responsibilities and turnaround in this study."""
        return {
            "reader": self.reader_id,
            "study": self.study_id,
            "training": self.training_on,
            "points": [self.cases_right, self.cases_total],
        }


class ReaderInvitation(StudyScoped):
    """Somebody without an account who was invited to read; kept until the account is there."""

    invitation_id = models.UUIDField("invitation", unique=True)
    name = models.CharField("name", max_length=200)
    email = models.EmailField("e-mail")
    entry = models.JSONField("what the register will hold", default=dict)
    onboarding = models.OneToOneField(
        Onboarding, null=True, blank=True, on_delete=models.PROTECT, related_name="invitation"
    )

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return self.name
