"""What changes from one profile to another, in words a scientist can check line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydicom._dicom_dict import DicomDictionary

from imaging.pipeline.deidentify.profile import Profile

REMOVED: Final = "removed"
_WORDS: Final = {
    "keep": "kept",
    "technical": "kept unless it holds identity",
    "uid": "replaced by a keyed UID",
    "items": "entered, item by item",
    "code": "replaced by a code without meaning",
    "age": "kept, capped",
    "pixels": "kept as pixel data",
    "z": "emptied",
    "d": "replaced by a value without meaning",
}
_KINDS: Final = {
    "clean": "cleaned word by word",
    "date": "shifted by the subject's offset",
    "time": "kept when it is a time",
}
_LAST: Final = {"x": "else removed", "z": "else emptied", "d": "else replaced"}


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the part of the profile, what it is about, and its rule before and after."""

    area: str
    subject: str
    before: str
    after: str

    @property
    def sentence(self) -> str:
        return f"{self.subject}: {self.before} → {self.after}"


def in_words(action: str | None) -> str:
    """Say what an action does; `None` is an attribute that the profile does not name."""
    if action is None:
        return REMOVED
    kind, _, last = action.partition("-")
    return f"{_KINDS[kind]}, {_LAST[last]}" if last else _WORDS[action]


def attribute(tag: int) -> str:
    """Name an attribute: its name in the dictionary and its tag."""
    shown = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    entry = DicomDictionary.get(tag)
    return f"{entry[2]} {shown}" if entry else shown


def difference(old: Profile, new: Profile) -> tuple[Change, ...]:
    """Return every change from `old` to `new`, options first, then attributes by tag."""
    return tuple(_changes(old, new))


def _changes(old: Profile, new: Profile) -> Iterator[Change]:
    yield from _of_options(old, new)
    yield from _compared("Dates and ages", _limits(old), _limits(new), missing="none")
    for tag in sorted(old.actions.keys() | new.actions.keys()):
        before, after = old.actions.get(tag), new.actions.get(tag)
        if before != after:
            yield Change("Attributes", attribute(tag), in_words(before), in_words(after))
    for tag in sorted(old.identity.keys() | new.identity.keys()):
        before, after = old.identity.get(tag, "no"), new.identity.get(tag, "no")
        if before != after:
            yield Change("Searched as identity", attribute(tag), before, after)
    yield from _compared("Private elements", _private(old), _private(new), missing=REMOVED)
    yield from _compared(
        "Values of the trial",
        {name: value or "empty" for name, value in old.trial_defaults.items()},
        {name: value or "empty" for name, value in new.trial_defaults.items()},
        missing="not written",
    )


def _of_options(old: Profile, new: Profile) -> Iterator[Change]:
    before, after = dict(old.methods), dict(new.methods)
    for code in sorted(before.keys() | after.keys()):
        if (code in before) != (code in after):
            name = f"{(before | after)[code]} ({code})"
            words = ("on", "off") if code in before else ("off", "on")
            yield Change("Options", name, *words)


def _limits(profile: Profile) -> dict[str, str]:
    low, high = profile.offset_range
    return {
        "Days added to dates": f"between {low} and {high}",
        "Age cap": f"{profile.age_cap} years",
    }


def _private(profile: Profile) -> dict[str, str]:
    return {
        f"{creator} ({group:04X},xx{element:02X})": f"kept as {vr}"
        for (creator, group, element), vr in profile.private_safe.items()
    }


def _compared(
    area: str, old: Mapping[str, str], new: Mapping[str, str], *, missing: str
) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, missing), new.get(name, missing)
        if before != after:
            yield Change(area, name, before, after)
