"""The profile document: which action each attribute gets, as data with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

PROFILES: Final = Path(__file__).resolve().parents[2] / "deid_profiles"
# Later lists win: the hand-made list over the makers' numbers.
PRIVATE_LISTS: Final = ("private_numbers.json", "private_safe.json")
ACTIONS: Final = frozenset(
    ["keep", "technical", "uid", "items", "code", "age", "pixels", "z", "d"]
    + [f"{kind}-{last}" for kind in ("clean", "date", "time") for last in "xzd"]
)


class ProfileInvalid(Exception):
    """The profile document cannot be used; the message says which entry."""


@dataclass(frozen=True)
class Profile:
    """A de-identification profile, compiled for look-up.  An attribute without action is removed.

    `private_safe` maps (creator, group, element in block) to the VR under which it is kept.
    """

    name: str
    version: int
    digest: str
    methods: tuple[tuple[str, str], ...]
    actions: Mapping[int, str]
    identity: Mapping[int, str]
    private_safe: Mapping[tuple[str, int, int], str]
    age_cap: int
    offset_range: tuple[int, int]
    trial_defaults: Mapping[str, str]

    @cached_property
    def table_edition(self) -> str:
        """Name, version and the first 12 characters of the digest, for reports."""
        return f"{self.name} v{self.version} {self.digest[:12]}"


@cache
def load_profile(name_or_path: str = "trial") -> Profile:
    """Load a shipped profile by name, or any profile document by path.

    Raises ProfileInvalid when the document cannot be read or names an unknown action.
    """
    shipped = PROFILES / f"{name_or_path}.json"
    path = shipped if name_or_path.isidentifier() and shipped.exists() else Path(name_or_path)
    try:
        raw = path.read_bytes()
        document: dict[str, Any] = json.loads(raw)
    except (OSError, ValueError) as problem:
        raise ProfileInvalid(f"cannot read profile {path.name}: {problem}") from problem
    return compile_profile(document, hashlib.sha256(raw).hexdigest())


def compile_profile(document: Mapping[str, Any], digest: str) -> Profile:
    """Turn a profile document into a Profile.  Raises ProfileInvalid."""
    try:
        actions: dict[int, str] = {}
        for action, tags in document["actions"].items():
            if action not in ACTIONS:
                raise ProfileInvalid(f"unknown action {action}")
            actions.update({int(tag, 16): action for tag in tags})
        low, high = document["date_offset_days"]
        return Profile(
            name=document["name"],
            version=document["version"],
            digest=digest,
            methods=tuple((c, m) for c, m in [document["basic"], *document["options"]]),
            actions=actions,
            identity={int(tag, 16): kind for tag, kind in document["identity"].items()},
            private_safe=_private_safe(document),
            age_cap=document["age_cap_years"],
            offset_range=(low, high),
            trial_defaults=document["clinical_trial"],
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise ProfileInvalid(f"profile entry is missing or wrong: {problem}") from problem


def _private_safe(document: Mapping[str, Any]) -> dict[tuple[str, int, int], str]:
    if ["113111", "Retain Safe Private Option"] not in document["options"]:
        return {}
    rows = document.get("private_safe")
    if rows is None:
        rows = [row for name in PRIVATE_LISTS for row in _elements(name)]
    return {(row[0], int(row[1], 16), int(row[2], 16)): row[3] for row in rows}


def _elements(name: str) -> list[list[str]]:
    rows: list[list[str]] = json.loads((PROFILES / name).read_text("utf-8"))["elements"]
    return rows


def _words(name: str) -> frozenset[str]:
    lines = (PROFILES / name).read_text("utf-8").splitlines()
    return frozenset(w for line in lines if not line.startswith("#") for w in line.split())


@cache
def vocabulary() -> frozenset[str]:
    """Words that a free text may keep (folded)."""
    return _words("vocabulary.txt")


@cache
def names() -> frozenset[str]:
    """Given names and surnames that are also plain words (folded)."""
    return _words("surnames.txt")


@cache
def meanings() -> frozenset[str]:
    """Meanings of standard codes with words outside the vocabulary, folded, one space between."""
    return frozenset((PROFILES / "meanings.txt").read_text("utf-8").splitlines())


@cache
def makers() -> frozenset[str]:
    """Words of manufacturers and products: never identity in technical text (folded)."""
    return _words("makers.txt")
