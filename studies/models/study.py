"""The study, its sites and its people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Case, F, Q, Value, When

from accounts.permissions import DUTY_OF, Duty, Role
from audit.history import Tracked
from audit.states import StateField
from studies.models.organisations import Organisation, Programme, Site
from studies.scoping import StudyScoped


class Study(Tracked):
    """One clinical study. ``code`` is what people call it and part of every address."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="studies")
    sponsor = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="studies")
    code = models.CharField("code", max_length=24, unique=True)
    title = models.CharField("title", max_length=300)
    protocol_number = models.CharField("protocol number", max_length=60)
    phase = models.CharField("phase", max_length=12)
    indication = models.CharField("indication", max_length=120)
    time_zone = models.CharField("time zone", max_length=64, default="UTC")
    uat_twin_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="uat_twins"
    )
    state = StateField(
        "state",
        default="startup",
        choices=[
            ("startup", "Start-up"),
            ("conduct", "Conduct"),
            ("locked", "Database locked"),
            ("closed", "Closed"),
        ],
    )

    class Meta:
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.code

    def signed_content(self) -> Mapping[str, Any]:
        """What the signature under the database lock covers."""
        return {
            "code": self.code,
            "sponsor": self.sponsor_id,
            "protocol": self.protocol_number,
            "title": self.title,
        }


class StudySite(StudyScoped):
    """A site in a study, with its number there."""

    site_path = "id"

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="study_sites")
    number = models.CharField("site number", max_length=12)
    investigator = models.CharField("principal investigator", max_length=200, blank=True)
    state = StateField(
        "state",
        default="qualifying",
        choices=[
            ("qualifying", "Qualifying"),
            ("active", "Active"),
            ("suspended", "Suspended"),
            ("closed", "Closed"),
        ],
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="studysite_number_once"),
            models.UniqueConstraint(fields=["study", "site"], name="studysite_site_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.site.city}"


class Membership(Tracked):
    """A person's role, in a study (or, for the administrator, in the installation), for a period.

    The database refuses two memberships of one person in one study whose duties exclude each other
    while their periods overlap, and administration beside anything else (EU GMP Annex 11 §12;
    21 CFR 11.10(g)).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    study = models.ForeignKey(
        Study, null=True, blank=True, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField("role", max_length=40, choices=Role.choices)
    duty = models.CharField(max_length=12, choices=Duty.choices, editable=False)
    period = DateTimeRangeField("period")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="membership_duties_exclude",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (F("study"), RangeOperators.EQUAL),
                    (F("duty"), RangeOperators.NOT_EQUAL),
                    (F("period"), RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="membership_admin_alone",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (
                        Case(When(duty="system", then=Value(1)), default=Value(0)),
                        RangeOperators.NOT_EQUAL,
                    ),
                    (F("period"), RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="membership_role_once",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (F("study"), RangeOperators.EQUAL),
                    (F("role"), RangeOperators.EQUAL),
                    (F("period"), RangeOperators.OVERLAPS),
                ],
            ),
            # Two empty studies are not equal in SQL, so the administrator needs a rule of its own.
            ExclusionConstraint(
                name="membership_admin_once",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (F("period"), RangeOperators.OVERLAPS),
                ],
                condition=Q(study=None),
            ),
            models.CheckConstraint(
                name="membership_admin_has_no_study",
                condition=(Q(role=Role.ADMINISTRATOR) & Q(study=None))
                | (~Q(role=Role.ADMINISTRATOR) & Q(study__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.duty = DUTY_OF[self.role]
        super().save(*args, **kwargs)


class MembershipSite(StudyScoped):
    """A site to which a site user's membership is bound."""

    site_path = "study_site_id"

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="site_links")
    study_site = models.ForeignKey(StudySite, on_delete=models.PROTECT, related_name="user_links")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "study_site"], name="membership_site_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.membership} at {self.study_site}"
