"""What one upload is cleaned with: keys, subject, the trial's own values, tokens, profile."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property

from imaging.pipeline.deidentify.profile import Profile
from imaging.pipeline.deidentify.tokens import IdentityTokens


@dataclass(frozen=True, slots=True)
class Subject:
    """Who the upload is for: the trial's own codes, and the days from the baseline when known."""

    subject_id: str
    site_id: str = ""
    time_point_id: str = ""
    time_point_description: str = ""
    offset_from_event: float | None = None
    event_type: str = "REGISTRATION"


@dataclass(frozen=True, slots=True)
class TrialValues:
    """Values of the Clinical Trial modules that are the same for the whole study."""

    sponsor_name: str
    protocol_id: str
    protocol_name: str = ""
    site_name: str = ""
    coordinating_center_name: str = ""


@dataclass(frozen=True)
class DeidPlan:
    """Everything that decides how the files of one subject in one upload are cleaned.

    Built once per upload and subject.  `key` is the study's secret: the same key gives the same
    UIDs and the same date offset in every upload.
    """

    key: bytes = field(repr=False)
    profile: Profile
    subject: Subject
    trial: TrialValues
    tokens: IdentityTokens = field(repr=False)

    @cached_property
    def offset_days(self) -> int:
        """Days added to every date of the subject: keyed, so it cannot be guessed from the code."""
        low, high = self.profile.offset_range
        number = int.from_bytes(self._mac(f"date\x1f{self.subject.subject_id}")[:8], "big")
        return low + number % (high - low + 1)

    @cached_property
    def safe_tokens(self) -> IdentityTokens:
        """Tokens of the upload less the trial's own values."""
        subject, trial = self.subject, self.trial
        return self.tokens.without(
            (
                subject.subject_id,
                subject.site_id,
                subject.time_point_id,
                subject.time_point_description,
                trial.sponsor_name,
                trial.protocol_id,
                trial.protocol_name,
                trial.site_name,
                trial.coordinating_center_name,
            )
        )

    @cached_property
    def digest(self) -> str:
        """A name for caches: equal plans have equal digests."""
        parts = (self.profile.digest, repr(self.subject), repr(self.trial))
        tokens = repr([sorted(part) for part in vars_of(self.tokens)])
        return hashlib.sha256("\x1f".join((*parts, tokens)).encode() + self.key).hexdigest()

    def new_uid(self, uid: str) -> str:
        """Map a UID to `2.25.` and 128 keyed bits (PS3.5 B.2): same key and UID, same result."""
        bits = bytearray(self._mac(f"uid\x1f{uid}")[:16])
        bits[6] = bits[6] & 0x0F | 0x80
        bits[8] = bits[8] & 0x3F | 0x80
        return f"2.25.{int.from_bytes(bits, 'big')}"

    def _mac(self, message: str) -> bytes:
        return hmac.digest(self.key, message.encode(), "sha256")


def vars_of(tokens: IdentityTokens) -> tuple[frozenset[str], ...]:
    """The parts of tokens in a fixed order."""
    return (
        tokens.people,
        tokens.patient,
        tokens.phrases,
        tokens.numbers,
        tokens.device,
        tokens.technical,
    )
