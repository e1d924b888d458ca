"""Checks of one output: its frame, its elements, its pixel data."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from imaging.pipeline.deidentify.plan import DeidPlan
from imaging.pipeline.verifier.comparing import Comparison
from imaging.pipeline.verifier.elements import must_change, parse, plain_texts, plain_vr
from imaging.pipeline.verifier.pictures import FIRST_PRINTED, SHORTEST_NEEDLE
from imaging.pipeline.verifier.printed import RUNS, printed, wide
from imaging.pipeline.verifier.searching import TokenSearch
from imaging.pipeline.verifier.verdict import Failed, Verdict, shown
from imaging.pipeline.verifier.walk import Known, KnownPairs, Opened, Piece, Seen, bytes_of

# Keyed bits in decimal digits: eight of them can look like any date.
_NEW_UID: Final = re.compile(r"2\.25\.\d+")
_NUMBERS: Final = frozenset("DS IS FD FL UL SL UV SV".split())
_FORMATS: Final = {
    "FD": "<f8", "FL": "<f4", "UL": "<u4", "SL": "<i4", "US": "<u2", "SS": "<i2", "UV": "<u8",
    "SV": "<i8",
}  # fmt: skip
_INSTANCE_NUMBER: Final = 0x00200013
# Maker and model, which may bear the name of the station.
_PRODUCT_TAGS: Final = frozenset({0x00080070, 0x00081090})
# Values of codes, also long ones and those written as an address.
_CODE_TAGS: Final = frozenset({0x00080100, 0x00080119, 0x00080120})
_REMEMBERED: Final = 20_000


class OutputVerifier:
    """Verifies the outputs of one plan; remembers elements that it has already judged."""

    comparison: ClassVar[type[Comparison]] = Comparison

    def __init__(self, plan: DeidPlan) -> None:
        self._search = TokenSearch(plan.safe_tokens)
        self._comparison = self.comparison(plan.offset_days)
        self._clean: set[bytes] = set()
        self._quiet: set[str] = set()
        self._known = KnownPairs()

    def check(self, src: Path, dst: Path) -> Verdict:
        """Compare an output with its source and search it.  Never raises for file content."""
        try:
            source, output = bytes_of(src), bytes_of(dst)
        except OSError as problem:
            return Verdict("not_readable_after", type(problem).__name__)
        return self.compare(source, output, dst.name)

    def compare(self, source: bytes, output: bytes, name: str) -> Verdict:
        """Compare the bytes of an output called `name` with those of its source, and search it."""
        try:
            self._check(source, output, name)
        except Failed as failed:
            return failed.verdict
        except Exception as problem:  # an unreadable output must hold the file, whatever the cause
            return Verdict("not_readable_after", type(problem).__name__)
        return Verdict()

    def _check(self, source: bytes, output: bytes, name: str) -> None:
        for memory in (self._clean, self._quiet):
            if len(memory) > _REMEMBERED:
                memory.clear()
        self._comparison.forget(_REMEMBERED)
        self._check_frame(output, name)
        known = self._known.recognise(source, output)
        if known is not None:
            self._check_known(known)
            return
        before, after = Opened(source), Opened(output)
        if after.tail:
            raise Failed("identity_left", "trailing bytes")
        old = {piece.tag: piece for piece in before.pieces}
        for piece in after.pieces:
            self._check_changed(old.get(piece.tag), piece, before, after)
        self._comparison.kept(old, {piece.tag for piece in after.pieces})
        self._check_pixels(before, after)
        self._known.learn(before, after)

    def _check_known(self, known: Known) -> None:
        """Check what this pair of files does not share with pairs that have passed."""
        before, after = known.before, known.after
        for piece in after.varying.values():
            self._check_changed(known.origin(piece.tag), piece, before, after)
        for tag, piece in before.varying.items():
            settled = known.pair.of_output.get(tag)
            if settled is not None:
                self._check_changed(piece, settled, before, after)
        self._comparison.kept(before.varying, known.pair.output.tags)
        self._check_pixels(before, after)

    def _check_changed(self, old: Piece | None, piece: Piece, before: Seen, after: Seen) -> None:
        """Search one top-level element of the output, and compare it with its origin."""
        if piece.raw not in self._clean:
            self._check_piece(piece, after.explicit)
            if len(piece.raw) <= 4096:
                self._clean.add(piece.raw)
        if old is not None and (old.value != piece.value or must_change(piece)):
            self._comparison.pair(old, piece, before, after)

    def _check_frame(self, output: bytes, name: str) -> None:
        if output[:132] != b"\0" * 128 + b"DICM":
            raise Failed("identity_left", "preamble")
        size = struct.unpack_from("<I", output, 140)[0]
        for text in [run.decode() for run in RUNS.findall(output[132 : 144 + size])] + [name]:
            rest = _NEW_UID.sub("", text)
            if rest not in self._quiet and self._search.in_text(rest):
                raise Failed("identity_left", "file meta information or name")
            self._quiet.add(rest)

    def _check_piece(self, piece: Piece, explicit: bool) -> None:
        """Search one top-level element, decoded and as bytes."""
        vr = plain_vr(piece)
        if vr:
            self._check_value(piece.tag, vr, plain_texts(piece))
        else:
            for element in parse(piece.raw, explicit).iterall():
                if element.VR != "SQ":
                    self._check_value(element.tag, element.VR, element.value)
        if b"\0" not in piece.value:
            return
        if any(map(self._search.in_text, wide(piece.value))):
            raise Failed("identity_left", shown(piece.tag))

    def _check_value(self, tag: int, vr: str, value: object) -> None:
        if vr in _FORMATS:
            self._check_number_bytes(tag, vr, value)
        if vr in ("DA", "DT", "TM", "US", "SS", "AT"):
            return
        if isinstance(value, bytes):
            texts = printed(value)
        elif isinstance(value, str) or not hasattr(value, "__iter__"):
            texts = [str(value)]
        else:
            texts = [str(part) for part in value]
        spoken = not isinstance(value, bytes)
        for text in texts:
            if vr in _NUMBERS:
                found = self._is_in_number(tag, text.strip("+- ").removesuffix(".0"))
            elif vr == "UI":
                found = bool(text.strip("0123456789.\\[]', ")) or self._search.in_uid(text)
            else:
                found = self._is_in_text(tag, text, spoken)
            if found:
                raise Failed("identity_left", shown(tag))

    def _is_in_number(self, tag: int, number: str) -> bool:
        if tag != _INSTANCE_NUMBER and self._search.in_number(number):
            return True
        return bool(tag >> 16 & 1) and self._search.in_private_number(number)

    def _is_in_text(self, tag: int, text: str, spoken: bool) -> bool:
        if self._search.in_text(text) or self._search.in_disguise(text):
            return True
        if tag not in _PRODUCT_TAGS and self._search.in_station(text):
            return True
        if not spoken:
            return False
        numbered = tag not in _CODE_TAGS and self._search.in_four_digits(text)
        return numbered or self._search.in_speech(text)

    def _check_number_bytes(self, tag: int, vr: str, value: Any) -> None:
        """Search the bytes that numbers are written as: eight letters are one FD."""
        raw = np.asarray(value if value is not None else (), _FORMATS[vr]).tobytes()
        if len(raw) >= SHORTEST_NEEDLE and any(map(self._search.in_text, printed(raw))):
            raise Failed("identity_left", shown(tag))

    def _check_pixels(self, before: Seen, after: Seen) -> None:
        highest = self._comparison.pixels(before, after)
        if after.pixels is None:
            return
        compressed = after.encapsulated and self._search.in_comments(after.pixels)
        if compressed or (highest >= FIRST_PRINTED and self._search.in_pixels(after.pixels)):
            raise Failed("identity_left", "pixel data")
