"""People, the invitations that brought them, their signatures, tokens and notices."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from simple_history.models import HistoricalRecords

from accounts.permissions import Role
from audit import clock
from audit.history import HistoryRow, Tracked, TrackedBase, TrackedQuerySet


def normal_email(address: str) -> str:
    """Return the one spelling of an e-mail address: NFKC, folded, without blanks around.

    An address is never issued twice (21 CFR 11.100(a)), so two spellings must not be two people.
    Folding can leave what normalising would join (Unicode 3.13, D147), hence twice.
    """
    folded = unicodedata.normalize("NFKC", address).strip().casefold()
    return unicodedata.normalize("NFKC", folded)


class UserManager(BaseUserManager["User"].from_queryset(TrackedQuerySet)):  # type: ignore[misc]
    """Creates people; a person is never deleted and an address never reissued."""

    def create_user(self, email: str, password: str | None = None, **facts: Any) -> User:
        """Create a person with a password, or with none until an invitation is accepted."""
        user = self.model(email=normal_email(email), **facts)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normal_email(username or ""))


class User(AbstractBaseUser, TrackedBase):
    """A person with one account over all studies and sponsors."""

    email = models.EmailField("e-mail", max_length=254, unique=True)
    printed_name = models.CharField("printed name", max_length=200)
    organisation_name = models.CharField("organisation", max_length=200, blank=True)
    time_zone = models.CharField("time zone", max_length=64, default="UTC")
    language = models.CharField("language", max_length=12, default="en")
    theme = models.CharField(
        "theme",
        max_length=6,
        default="light",
        choices=[("light", "Light"), ("dark", "Dark")],
    )
    is_active = models.BooleanField("active", default=True)
    identity_verified_at = models.DateTimeField("identity verified on", null=True, blank=True)
    identity_verified_by = models.CharField("identity verified by", max_length=200, blank=True)
    identity_verified_how = models.CharField("identity verified how", max_length=200, blank=True)

    # Log-ins are events of the trail; the row must not change with each of them.
    last_login = None

    history = HistoricalRecords(
        bases=[HistoryRow],
        excluded_fields=["password"],
        get_user=lambda **_: None,
        history_change_reason_field=models.TextField(null=True),
    )
    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["printed_name"]

    class Meta:
        verbose_name = "user"
        base_manager_name = "every_row"
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.printed_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normal_email(self.email)
        super().save(*args, **kwargs)

    @property
    def initials(self) -> str:
        """Up to two letters for the round sign beside a name."""
        parts = [p for p in self.printed_name.replace("Dr ", "").split() if p[:1].isalpha()]
        return "".join(p[0] for p in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()

    def get_full_name(self) -> str:
        return self.printed_name


class Invitation(Tracked):
    """An offer to join, sent by e-mail; its token is kept only as a digest."""

    email = models.EmailField("e-mail", max_length=254)
    printed_name = models.CharField("printed name", max_length=200)
    organisation_name = models.CharField("organisation", max_length=200, blank=True)
    role = models.CharField("role", max_length=40, choices=Role.choices)
    study_id = models.UUIDField("study", null=True, blank=True)
    study_site_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField("expires")
    accepted_at = models.DateTimeField("accepted", null=True, blank=True)
    withdrawn_at = models.DateTimeField("withdrawn", null=True, blank=True)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return f"Invitation of {self.printed_name}"

    @property
    def is_open(self) -> bool:
        """Tell whether the invitation can still be accepted."""
        return not self.accepted_at and not self.withdrawn_at and self.expires_at > clock.now()


class Signature(models.Model):
    """A handwritten-equivalent signature bound to the content of one record (21 CFR 11.50, 11.70).

    ``content_digest`` is SHA-256 over the canonical content, child versions included. What is shown
    is what was true at signing: the printed name stays when the person's name changes.
    """

    append_only = True

    id = models.BigAutoField(primary_key=True)
    signer = models.ForeignKey(User, on_delete=models.PROTECT)
    printed_name = models.CharField(max_length=200)
    login = models.CharField(max_length=254)
    role = models.CharField(max_length=40)
    organisation = models.CharField(max_length=200, blank=True)
    meaning = models.CharField(max_length=80)
    statement = models.TextField()
    signed_at = models.DateTimeField(default=clock.now)
    zone = models.CharField(max_length=64)
    study_id = models.UUIDField(null=True, blank=True)
    record_kind = models.CharField(max_length=80)
    record_id = models.CharField(max_length=64)
    record_label = models.CharField(max_length=200)
    content_digest = models.CharField(max_length=64)
    method = models.CharField(max_length=40)
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    shifted = models.BooleanField(default=False)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["record_kind", "record_id", "content_digest", "meaning", "signer"],
                name="signature_once_per_content",
            )
        ]
        indexes = [models.Index(fields=["record_kind", "record_id"], name="signature_by_record")]

    def __str__(self) -> str:
        return f"{self.meaning} by {self.printed_name}"


class ApiToken(Tracked):
    """A machine's key, with one person's rights; kept only as a digest."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    label = models.CharField("what it is for", max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField("expires")
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)

    def __str__(self) -> str:
        return self.label

    @staticmethod
    def digest_of(secret: str) -> str:
        """Return what is stored of a secret."""
        return hashlib.sha256(secret.encode()).hexdigest()


class Notice(models.Model):
    """A message to one person, shown under the bell and sent by e-mail without subject data."""

    untracked_because = "a copy of what the trail already says, for reading"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    at = models.DateTimeField(default=clock.now)
    study_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=80)
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=300, blank=True)
    key = models.CharField(max_length=200)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at",)
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_once")]

    def __str__(self) -> str:
        return self.text


class MenuChoice(models.Model):
    """Which groups of the side menu a person opened or folded, by the key of the group."""

    untracked_because = "how a person likes the menu; it says nothing about any record"

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="menu_choice"
    )
    groups = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"Menu of {self.user}"
