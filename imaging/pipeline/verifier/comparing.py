"""Comparison of an output with its source: what must stay, what must move and by how much."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset

from imaging.pipeline.verifier.elements import parse, plain_texts, plain_vr, texts
from imaging.pipeline.verifier.verdict import Failed, shown
from imaging.pipeline.verifier.walk import Piece, Seen

_BLOCK: Final = 128 * 1024
# Geometry, rescale, frame layout and what SUV needs (PS3.3 C.7.6.2, C.7.6.3, C.8.9; QIBA SUVbw).
UNCHANGED: Final = frozenset(
    {
        0x00080016, 0x00080060, 0x00180050, 0x00180088, 0x00181100, 0x00181120, 0x00200032,
        0x00200037, 0x00201041, 0x00280002, 0x00280008, 0x00280010, 0x00280011, 0x00280030,
        0x00280034, 0x00280100, 0x00280101, 0x00280102, 0x00280103, 0x00281050, 0x00281051,
        0x00281052, 0x00281053, 0x00281054, 0x00200013, 0x00101030, 0x00101020, 0x00181074,
        0x00181075, 0x00181076, 0x00181071, 0x00541001, 0x00541102, 0x00541300, 0x00541321,
        0x00541322, 0x00280051, 0x00080031, 0x00080032, 0x00181072, 0x00181242, 0x00180080,
        0x00180081, 0x00180082, 0x00181314, 0x00189087, 0x00180087, 0x00280004, 0x00280006,
    }
)  # fmt: skip
# UIDs that name a class, a scheme or a codec.
_CLASS_UIDS: Final = frozenset(
    {0x00080016, 0x0008001A, 0x0008001B, 0x00080062, 0x0008010C, 0x00080117, 0x00080118}
    | {0x00083002, 0x00081150, 0x0008115A, 0x00041510, 0x00041512, 0x0008040E}
    | {0x04000010, 0x30100052, 0x30100053}
)  # fmt: skip


class Comparison:
    """Compares the outputs of one plan; remembers pairs that agree, and which UID became which."""

    def __init__(self, offset_days: int) -> None:
        self._days = offset_days
        self._pairs: set[tuple[bytes, bytes]] = set()
        self._uids: dict[str, str] = {}
        self._origins: dict[str, str] = {}

    def forget(self, most: int) -> None:
        """Forget the pairs that agree when there are more than `most`."""
        if len(self._pairs) > most:
            self._pairs.clear()

    def pair(self, old: Piece, new: Piece, before: Seen, after: Seen) -> None:
        """Compare one top-level element with its origin."""
        if len(old.raw) <= 4096 and (old.raw, new.raw) in self._pairs:
            return
        vr = plain_vr(new)
        if vr and plain_vr(old) == vr:
            self._compare_values(new.tag, vr, plain_texts(old), plain_texts(new))
        else:
            self._compare(
                parse(old.raw, before.explicit, big_endian=before.big_endian),
                parse(new.raw, after.explicit),
            )
        if len(old.raw) <= 4096:
            self._pairs.add((old.raw, new.raw))

    def _compare(self, old: Dataset, new: Dataset) -> None:
        for element in new:
            if element.tag not in old:
                continue
            origin = old[element.tag]
            if element.VR == "SQ" and origin.VR == "SQ":
                if len(element.value) == len(origin.value):
                    for one, other in zip(origin.value, element.value, strict=True):
                        self._compare(one, other)
            else:
                self._compare_values(
                    element.tag, element.VR, texts(origin.value), texts(element.value)
                )

    def _compare_values(self, tag: int, vr: str, old: list[str], new: list[str]) -> None:
        if vr == "UI":
            self.uids(tag, old, new)
        elif vr in ("DA", "DT"):
            self._compare_dates(tag, old, new)
        elif int(tag) in UNCHANGED and [v.strip() for v in old] != [v.strip() for v in new]:
            raise Failed("acquisition_changed", shown(tag))

    def uids(self, tag: int, old: list[str], new: list[str]) -> None:
        """Tell that every UID became one other, and every new one came of one old."""
        for before, after in zip(old, new, strict=False):
            origin, mapped = before.strip("\0 "), after.strip("\0 ")
            if not origin or origin in UID_dictionary or origin == mapped == "":
                continue
            if origin == mapped:
                if tag in _CLASS_UIDS:
                    continue
                raise Failed("uid_map_broken", shown(tag))
            if self._uids.setdefault(origin, mapped) != mapped:
                raise Failed("uid_map_broken", shown(tag))
            if self._origins.setdefault(mapped, origin) != origin:
                raise Failed("uid_map_broken", shown(tag))

    def _compare_dates(self, tag: int, old: list[str], new: list[str]) -> None:
        for origin, moved in zip(old, new, strict=False):
            first, second = _day(origin), _day(moved)
            if first and second and (second - first).days != self._days:
                raise Failed("dates_inconsistent", shown(tag))

    def kept(self, old: Mapping[int, Piece], present: Set[int]) -> None:
        """Tell that no acquisition value of the source is missing."""
        for tag in UNCHANGED & old.keys():
            if tag not in present and old[tag].value.strip(b"\0 "):
                raise Failed("acquisition_changed", shown(tag))

    def pixels(self, before: Seen, after: Seen) -> int:
        """Compare pixel data; return their highest pair of bytes, below 0 where there are none."""
        if before.pixels is None and after.pixels is None:
            return -1
        if before.pixels is None or after.pixels is None:
            raise Failed("pixels_changed", "pixel data")
        old, new = np.frombuffer(before.pixels, "u1"), np.frombuffer(after.pixels, "u1")
        if before.big_endian and before.pixel_vr == b"OW":
            old = old.reshape(-1, 2)[:, ::-1].reshape(-1)
        short = min(len(old), len(new))
        highest = _highest_of_equal(old[:short], new[:short])
        if highest is None or new[short:].any():
            raise Failed("pixels_changed", "pixel data")
        return highest


def _highest_of_equal(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> int | None:
    """Compare two byte arrays; None when they differ, else their highest pair of bytes.

    A pair is a signed number, lower byte first.  Block by block, so that each stays in the cache.
    """
    same = np.empty(_BLOCK, np.bool_)
    highest = -1
    for at in range(0, len(one), _BLOCK):
        part = one[at : at + _BLOCK]
        if not np.equal(part, other[at : at + _BLOCK], out=same[: len(part)]).all():
            return None
        if len(part) > 1:
            pairs = part[: len(part) & ~1].view("<i2")
            highest = max(highest, int(pairs.max()))
    return highest


def _day(text: str) -> date | None:
    digits = re.sub(r"(?<=\d)\.(?=\d{2}(?:\.|$))", "", text.strip())[:8]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
