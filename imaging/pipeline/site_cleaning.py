"""De-identification at the site: what the browser is handed, and what the server makes of it.

The site's browser runs the same profile with the same keys before anything leaves.  It is handed a
key that belongs to one subject alone: with it, new identifiers and the date offset of that subject
can be made, and of no other.  The study's key never leaves the server.

What comes back is cleaned again.  `CleanedAtSite` is the plan of that second cleaning: identifiers
that the first one made and dates that it moved stay, so that cleaning twice equals cleaning once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

from pydicom._dicom_dict import DicomDictionary
from pydicom._uid_dict import UID_dictionary

from imaging.pipeline.deidentify.holds import (
    ALWAYS_HELD,
    CAPTURE_WORDS,
    ENCAPSULATED,
    NOT_PICTURES,
    PHOTOGRAPHS,
    SAMPLED,
    SECONDARY_CAPTURE,
    STORAGE,
    ULTRASOUND,
    WITHOUT_IMAGE,
)
from imaging.pipeline.deidentify.plan import DeidPlan
from imaging.pipeline.deidentify.profile import Profile, makers, meanings, names, vocabulary
from imaging.pipeline.deidentify.values import shift_date
from imaging.pipeline.verifier import Comparison, OutputVerifier
from imaging.pipeline.verify import Header

AT_SITE: Final = ("off", "offered", "required")
UNJUDGED: Final = ("not_sent", "server_holds")
# Written into the file meta information by the engine at the site; as long as the server's name.
SITE_ENGINE: Final = "ICRO_SITE_1"
#: Reports are text in full sentences, which words alone cannot judge.
REPORTS: Final = "1.2.840.10008.5.1.4.1.1.88."
_METHOD: Final = "PS3.15 Annex E, profile "
_NEW_UID: Final = re.compile(r"2\.25\.([1-9]\d{0,38})")
_VERSION_8: Final = 8
_VARIANT: Final = 0b10


@dataclass(frozen=True, slots=True)
class SiteOption:
    """What a profile document says about cleaning at the site.

    `at_site`: off, offered (the site may choose) or required (identified files are refused).
    `unjudged`: what the browser cannot decide is not sent, or sent and held by the server.
    """

    at_site: str = "off"
    unjudged: str = "not_sent"

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> SiteOption:
        """Read the option of a profile document; a document without one says `off`."""
        return cls(document.get("at_site", "off"), document.get("at_site_unjudged", "not_sent"))

    @property
    def problems(self) -> list[str]:
        """What is wrong with the option, in words."""
        found = []
        if self.at_site not in AT_SITE:
            found.append(f"at_site is {self.at_site}; it is one of {', '.join(AT_SITE)}")
        if self.unjudged not in UNJUDGED:
            found.append(f"at_site_unjudged is {self.unjudged}; it is one of {', '.join(UNJUDGED)}")
        return found


def subject_key(study_key: bytes, subject: str) -> bytes:
    """Return the key of one subject, from which its new UIDs and its date offset are made.

    `subject` is the subject's permanent id, not the code, which may be corrected.
    """
    return hmac.new(study_key, f"subject\x1f{subject}".encode(), hashlib.sha256).digest()


def is_new_uid(uid: str) -> bool:
    """Tell whether a UID has the form that the engines give: `2.25.` and a UUID of version 8."""
    match = _NEW_UID.fullmatch(uid)
    if match is None or int(match[1]) >> 128:
        return False
    bits = int(match[1]).to_bytes(16, "big")
    return bits[6] >> 4 == _VERSION_8 and bits[8] >> 6 == _VARIANT


# --- what the browser is handed -------------------------------------------------------------


def site_rules(profile: Profile) -> dict[str, Any]:
    """Return the rules of a profile as data for the engine at the site; nothing in it is secret.

    Dictionary, assigned UIDs, vocabulary and hold rules go with the profile, so that both engines
    judge by one table.
    """
    return {
        "profile": {
            "name": profile.name,
            "version": profile.version,
            "digest": profile.digest,
            "method": method_text(profile),
            "methods": [list(pair) for pair in profile.methods],
            "age_cap": profile.age_cap,
        },
        "engine": SITE_ENGINE,
        "dictionary": {f"{tag:08x}": entry[0] for tag, entry in DicomDictionary.items()},
        "actions": _by_action(profile),
        "identity": {f"{tag:08x}": kind for tag, kind in profile.identity.items()},
        "private_safe": [
            [creator, group, element, vr]
            for (creator, group, element), vr in profile.private_safe.items()
        ],
        "vocabulary": " ".join(sorted(vocabulary())),
        "makers": " ".join(sorted(makers())),
        "names": " ".join(sorted(names())),
        "meanings": sorted(meanings()),
        "assigned_uids": {uid: entry[0] for uid, entry in UID_dictionary.items()},
        "holds": {
            "always": sorted(ALWAYS_HELD),
            "sampled": sorted(SAMPLED),
            "without_image": sorted(WITHOUT_IMAGE),
            "not_pictures": sorted(NOT_PICTURES),
            "secondary_capture": SECONDARY_CAPTURE,
            "encapsulated": ENCAPSULATED,
            "pictures": [*PHOTOGRAPHS, *ULTRASOUND],
            "storage": STORAGE,
            "reports": REPORTS,
            "capture_words": list(CAPTURE_WORDS),
        },
    }


def _by_action(profile: Profile) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for tag, action in sorted(profile.actions.items()):
        grouped.setdefault(action, []).append(f"{tag:08x}")
    return grouped


def site_plan(plan: DeidPlan, option: SiteOption) -> dict[str, Any]:
    """Return all that one submission's browser needs.  `plan.key` must be a subject's key.

    The key and the offset are in it in clear: the answer is for this submission's sender only, is
    never stored by the browser, and tells nothing of another subject.
    """
    return {
        **site_rules(plan.profile),
        "unjudged": option.unjudged,
        "subject": _fields_of(plan.subject),
        "trial": _fields_of(plan.trial),
        "key": plan.key.hex(),
        "offset_days": plan.offset_days,
    }


def _fields_of(row: Any) -> dict[str, Any]:
    return {part.name: getattr(row, part.name) for part in fields(row)}


def method_text(profile: Profile) -> str:
    """Return De-identification Method as both engines write it: profile, version, digest."""
    return f"{_METHOD}{profile.table_edition}"[:64]


# --- what the server makes of it ------------------------------------------------------------


@dataclass(frozen=True)
class CleanedAtSite(DeidPlan):
    """The plan of the second cleaning: identifiers and dates of the first one stay."""

    @cached_property
    def offset_days(self) -> int:
        """The dates were moved at the site."""
        return 0

    @cached_property
    def digest(self) -> str:
        """Another name for caches than that of the plan of the first cleaning."""
        return f"site {super().digest}"

    def new_uid(self, uid: str) -> str:
        """Keep what the site's engine made; what it overlooked is mapped here."""
        return uid if is_new_uid(uid) else super().new_uid(uid)


def second_plan(plan: DeidPlan) -> CleanedAtSite:
    """Return the plan by which files that were cleaned at the site are cleaned again."""
    return CleanedAtSite(
        key=plan.key,
        profile=plan.profile,
        subject=plan.subject,
        trial=plan.trial,
        tokens=plan.tokens,
    )


class _SecondComparison(Comparison):
    def uids(self, tag: int, old: list[str], new: list[str]) -> None:
        changed = [
            pair for pair in zip(old, new, strict=False)
            if not (pair[0] == pair[1] and is_new_uid(pair[0].strip("\0 ")))
        ]  # fmt: skip
        super().uids(tag, [one for one, _ in changed], [two for _, two in changed])


class SecondVerifier(OutputVerifier):
    """The verifier of the second cleaning: an identifier made at the site may stay as it is."""

    comparison = _SecondComparison


def claims_site_cleaning(header: Header) -> bool:
    """Tell whether a file says that one of our engines removed its identity.

    What other tools have marked as removed is identified for us: it is cleaned like any file.
    """
    removed = header.raw(0x00120062).strip(b"\0 ") == b"YES"
    return removed and _text(header, 0x00120063).startswith(_METHOD)


def why_identified(header: Header, plan: DeidPlan, *, latest: date) -> str:
    """Return the reason code why a file does not count as cleaned at the site; empty if it does.

    The file must carry the marks of this profile and subject, new identifiers, no birth date, and
    dates that lie in the past of `latest` (the day of receipt) once moved back by the subject's
    offset: a true date would lie a year or more ahead.
    """
    if not claims_site_cleaning(header):
        return "identified_at_site"
    if _text(header, 0x00120063) != method_text(plan.profile):
        return "site_other_profile"
    names = {_text(header, tag) for tag in (0x00100010, 0x00100020, 0x00120040)}
    if names != {plan.subject.subject_id}:
        return "site_other_subject"
    uids = [_text(header, tag) for tag in (0x00080018, 0x0020000D, 0x0020000E)]
    if not all(is_new_uid(uid) for uid in uids) or _text(header, 0x00100030):
        return "identified_at_site"
    for tag in (0x00080020, 0x00080021, 0x00080022, 0x00080023):
        value = _text(header, tag)
        moved = shift_date(value, -plan.offset_days) if value else None
        if moved and date(int(moved[:4]), int(moved[4:6]), int(moved[6:])) > latest + _SLACK:
            return "dates_not_moved"
    return ""


# Zones: a scan of this morning in Auckland is of tomorrow at the server.
_SLACK: Final = timedelta(days=1)


def _text(header: Header, tag: int) -> str:
    return header.raw(tag).decode("utf-8", "replace").strip("\0 ")


def true_date(value: date | None, plan: DeidPlan) -> date | None:
    """Return the date of acquisition from a date that the site has moved."""
    return value - timedelta(days=plan.offset_days) if value else None
