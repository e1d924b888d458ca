"""The independent verifier: reads what was written and looks for what must not be there.

It shares no code with the engine: it walks the bytes in its own way, decodes values with pydicom,
and compares each output with its source.  Data that it takes from the plan are the tokens of the
upload and the number of days; it never asks the engine how a value was made.
"""

from __future__ import annotations

import base64
import re
import struct
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from imaging.pipeline.deidentify.plan import DeidPlan
from imaging.pipeline.deidentify.tokens import IdentityTokens
from imaging.pipeline.reasons import sentence
from imaging.pipeline.travel import travels
from imaging.pipeline.verifier_walk import Known, KnownPairs, Opened, Piece, Seen, bytes_of

_WORDS: Final = re.compile(r"[^\W_]+")
_LETTER_RUNS: Final = re.compile(r"[^\W\d_]+")
_GROUPS: Final = re.compile(r"\d(?:[ ./()-]{0,2}\d){5,}")
_RUNS: Final = re.compile(rb"[\x20-\x7e]{5,}")
# Where a word that is written as several begins anew: Vogel|Proto, CT|Koh.
_HUMPS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CODED: Final = re.compile(r"(?<![\w.])\d{2,3}(?:[ ,;]{1,2}\d{2,3}){4,}(?![\w.])", re.ASCII)
_SHORT_DAY: Final = re.compile(r"\b(\d\d)[-./ ](\d\d)[-./ ](\d\d)\b")
# Signs of nuclides before or after their mass, which are surnames too.
_NUCLIDES: Final = re.compile(
    r"(?i)(?<![a-z0-9])(?:\d{2,3}[ -]{0,2}(?:Lu|Tl|Rb)|(?:Lu|Tl|Rb)[ -]{0,2}\d{2,3})(?![a-z0-9])"
)
_UID_AS_TEXT: Final = re.compile(r"(?<![\w.])[012](?:\.[0-9]+){4,}(?![\w.])")
SHORTEST_NEEDLE: Final = 7
LONGEST_NEEDLE: Final = 128
FIRST_PRINTED: Final = 0x2000
FOUR_PRINTED: Final = 0x01010101
_PLAIN_RUNS: Final = re.compile(rb"[0-9a-z]{7,}")
_PRINTED_MARKS: Final = np.array([chr(n).isascii() and chr(n).isalnum() for n in range(256)], "u1")
# COM, APP1 (Exif), APP3 to APP13 and APP15 of JPEG; COM of JPEG 2000.
_COMMENT_MARKERS: Final = frozenset({0xFE, 0x64, 0xE1, 0xEF, *range(0xE3, 0xEE)})
_ENCODERS: Final = frozenset(
    """accusoft adobe agfa application aware bioelectromech codec coder codestream compress
    compressed compression compressor copyright corporation created creator dcmtk decoder
    dicom encode encoded encoder exif ffmpeg file from fujifilm gdcm generated gimp group
    image imagemagick incorporated independent intel james jasper jpeg jpegls kakadu lavc
    lead libjpeg library lossless lossy made matlab merge mitra openjpeg optimized pegasus
    philips photoshop pillow pixelmed processed progressive quality rate ratio siemens
    software standard system technologies toolkit turbo using version weeks with written""".split()
)
_COMMENTS: Final = re.compile(rb"[\x20-\x7e]{5,}")
# Start of a JPEG, JPEG-LS or JPEG 2000 stream, and of the coded picture inside it.
_STREAMS: Final = re.compile(rb"\xff\xd8\xff|\xff\x4f\xff\x51")
_SCANS: Final = re.compile(rb"\xff\xda|\xff\x93")
_WIDE: Final = re.compile(rb"(?:[\x20-\x7e]\0){5,}")
_WIDE_SWAPPED: Final = re.compile(rb"(?:\0[\x20-\x7e]){5,}")
_PLAIN_VRS: Final = frozenset("AE AS CS DA DS DT IS LO SH TM UI UR".split())
# Keyed bits in decimal digits: eight of them can look like any date.
_NEW_UID: Final = re.compile(r"2\.25\.\d+")
_NUMBERS: Final = frozenset("DS IS FD FL UL SL UV SV".split())
_FORMATS: Final = {
    "FD": "<f8", "FL": "<f4", "UL": "<u4", "SL": "<i4", "US": "<u2", "SS": "<i2", "UV": "<u8",
    "SV": "<i8",
}  # fmt: skip
_INSTANCE_NUMBER: Final = 0x00200013
# What a name may be written as: letters of base64, pairs of hexadecimal digits, %4B.
_PACKED: Final = re.compile(r"[\w+/-]{6,}", re.ASCII)
_PAIRS: Final = re.compile(r"(?:[0-9a-f]{2}[^0-9a-z]{0,2}){4,}", re.IGNORECASE)
_QUOTED: Final = re.compile(r"[%=][0-9a-f]{2}", re.IGNORECASE)
_FOUR_SIGNS: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\ufffd]{4,}")
# Maker and model, which may bear the name of the station.
_PRODUCT_TAGS: Final = frozenset({0x00080070, 0x00081090})
_READ_AS: Final = ("utf-8", "latin-1")
_REMEMBERED: Final = 20_000
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


@travels
@dataclass(frozen=True, slots=True)
class Verdict:
    """`code` is empty when the output may go on; `where` is a tag or place, never a value."""

    code: str = ""
    where: str = ""

    @property
    def passed(self) -> bool:
        return not self.code

    @property
    def sentence(self) -> str:
        return sentence(self.code) if self.code else ""


class _Failed(Exception):
    def __init__(self, code: str, where: str) -> None:
        super().__init__(code)
        self.verdict = Verdict(code, where)


class OutputVerifier:
    """Verifies the outputs of one plan; remembers elements that it has already judged."""

    def __init__(self, plan: DeidPlan) -> None:
        self._search = TokenSearch(plan.safe_tokens)
        self._days = plan.offset_days
        self._clean: set[bytes] = set()
        self._pairs: set[tuple[bytes, bytes]] = set()
        self._quiet: set[str] = set()
        self._known = KnownPairs()
        self._uids: dict[str, str] = {}
        self._origins: dict[str, str] = {}

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
        except _Failed as failed:
            return failed.verdict
        except Exception as problem:  # an unreadable output must hold the file, whatever the cause
            return Verdict("not_readable_after", type(problem).__name__)
        return Verdict()

    def _check(self, source: bytes, output: bytes, name: str) -> None:
        for memory in (self._clean, self._pairs, self._quiet):
            if len(memory) > _REMEMBERED:
                memory.clear()
        self._check_frame(output, name)
        known = self._known.recognise(source, output)
        if known is not None:
            self._check_known(known)
            return
        before, after = Opened(source), Opened(output)
        if after.tail:
            raise _Failed("identity_left", "trailing bytes")
        old = {piece.tag: piece for piece in before.pieces}
        for piece in after.pieces:
            self._check_changed(old.get(piece.tag), piece, before, after)
        self._check_kept(old, {piece.tag for piece in after.pieces})
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
        self._check_kept(before.varying, known.pair.output.tags)
        self._check_pixels(before, after)

    def _check_changed(self, old: Piece | None, piece: Piece, before: Seen, after: Seen) -> None:
        """Search one top-level element of the output, and compare it with its origin."""
        if piece.raw not in self._clean:
            self._check_piece(piece, after.explicit)
            if len(piece.raw) <= 4096:
                self._clean.add(piece.raw)
        if old is not None and (old.value != piece.value or _must_change(piece)):
            self._check_pair(old, piece, before, after)

    def _check_frame(self, output: bytes, name: str) -> None:
        if output[:132] != b"\0" * 128 + b"DICM":
            raise _Failed("identity_left", "preamble")
        size = struct.unpack_from("<I", output, 140)[0]
        for text in [run.decode() for run in _RUNS.findall(output[132 : 144 + size])] + [name]:
            rest = _NEW_UID.sub("", text)
            if rest not in self._quiet and self._search.in_text(rest):
                raise _Failed("identity_left", "file meta information or name")
            self._quiet.add(rest)

    def _check_piece(self, piece: Piece, explicit: bool) -> None:
        """Search one top-level element, decoded and as bytes."""
        vr = _plain_vr(piece)
        if vr:
            texts = piece.value.decode("ascii").strip("\0 ").split("\\")
            self._check_value(piece.tag, vr, texts)
        else:
            for element in _parse(piece.raw, explicit).iterall():
                if element.VR != "SQ":
                    self._check_value(element.tag, element.VR, element.value)
        if b"\0" not in piece.value:
            return
        for pattern, codec in ((_WIDE, "utf-16-le"), (_WIDE_SWAPPED, "utf-16-be")):
            for run in pattern.findall(piece.value):
                if self._search.in_text(run.decode(codec)):
                    raise _Failed("identity_left", _shown(piece.tag))

    def _check_value(self, tag: int, vr: str, value: object) -> None:
        if vr in _FORMATS:
            self._check_number_bytes(tag, vr, value)
        if vr in ("DA", "DT", "TM", "US", "SS", "AT"):
            return
        if isinstance(value, bytes):
            texts = _printed(value)
        elif isinstance(value, str) or not hasattr(value, "__iter__"):
            texts = [str(value)]
        else:
            texts = [str(part) for part in value]
        spoken = not isinstance(value, bytes)
        for text in texts:
            if vr in _NUMBERS:
                whole = text.strip("+- ").removesuffix(".0")
                found = tag != _INSTANCE_NUMBER and self._search.in_number(whole)
                found = found or bool(tag >> 16 & 1 and self._search.in_private_number(whole))
            elif vr == "UI":
                found = bool(text.strip("0123456789.\\[]', ")) or self._search.in_uid(text)
            else:
                found = self._search.in_text(text) or (spoken and self._search.in_speech(text))
                if tag not in _PRODUCT_TAGS:
                    found = found or self._search.in_station(text)
                found = found or self._search.in_disguise(text)
            if found:
                raise _Failed("identity_left", _shown(tag))

    def _check_number_bytes(self, tag: int, vr: str, value: Any) -> None:
        """Search the bytes that numbers are written as: eight letters are one FD."""
        raw = np.asarray(value if value is not None else (), _FORMATS[vr]).tobytes()
        if len(raw) >= SHORTEST_NEEDLE and any(map(self._search.in_text, _printed(raw))):
            raise _Failed("identity_left", _shown(tag))

    def _check_pair(self, old: Piece, new: Piece, before: Seen, after: Seen) -> None:
        if len(old.raw) <= 4096 and (old.raw, new.raw) in self._pairs:
            return
        vr = _plain_vr(new)
        if vr and _plain_vr(old) == vr:
            values = [piece.value.decode("ascii").strip("\0 ").split("\\") for piece in (old, new)]
            self._compare_values(new.tag, vr, *values)
        else:
            self._compare(
                _parse(old.raw, before.explicit, big_endian=before.big_endian),
                _parse(new.raw, after.explicit),
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
                    element.tag, element.VR, _texts(origin.value), _texts(element.value)
                )

    def _compare_values(self, tag: int, vr: str, old: list[str], new: list[str]) -> None:
        if vr == "UI":
            self._compare_uids(tag, old, new)
        elif vr in ("DA", "DT"):
            self._compare_dates(tag, old, new)
        elif int(tag) in UNCHANGED and [v.strip() for v in old] != [v.strip() for v in new]:
            raise _Failed("acquisition_changed", _shown(tag))

    def _compare_uids(self, tag: int, old: list[str], new: list[str]) -> None:
        for before, after in zip(old, new, strict=False):
            origin, mapped = before.strip("\0 "), after.strip("\0 ")
            if not origin or origin in UID_dictionary or origin == mapped == "":
                continue
            if origin == mapped:
                if tag in _CLASS_UIDS:
                    continue
                raise _Failed("uid_map_broken", _shown(tag))
            if self._uids.setdefault(origin, mapped) != mapped:
                raise _Failed("uid_map_broken", _shown(tag))
            if self._origins.setdefault(mapped, origin) != origin:
                raise _Failed("uid_map_broken", _shown(tag))

    def _compare_dates(self, tag: int, old: list[str], new: list[str]) -> None:
        for origin, moved in zip(old, new, strict=False):
            first, second = _day(origin), _day(moved)
            if first and second and (second - first).days != self._days:
                raise _Failed("dates_inconsistent", _shown(tag))

    def _check_kept(self, old: Mapping[int, Piece], present: Set[int]) -> None:
        for tag in UNCHANGED & old.keys():
            if tag not in present and old[tag].value.strip(b"\0 "):
                raise _Failed("acquisition_changed", _shown(tag))

    def _check_pixels(self, before: Seen, after: Seen) -> None:
        if before.pixels is None and after.pixels is None:
            return
        if before.pixels is None or after.pixels is None:
            raise _Failed("pixels_changed", "pixel data")
        old, new = np.frombuffer(before.pixels, "u1"), np.frombuffer(after.pixels, "u1")
        if before.big_endian and before.pixel_vr == b"OW":
            old = old.reshape(-1, 2)[:, ::-1].reshape(-1)
        short = min(len(old), len(new))
        highest = _highest_of_equal(old[:short], new[:short])
        if highest is None or new[short:].any():
            raise _Failed("pixels_changed", "pixel data")
        compressed = after.encapsulated and self._search.in_comments(after.pixels)
        if compressed or (highest >= FIRST_PRINTED and self._search.in_pixels(after.pixels)):
            raise _Failed("identity_left", "pixel data")


_CLASS_UIDS: Final = frozenset(
    {0x00080016, 0x0008001A, 0x0008001B, 0x00080062, 0x0008010C, 0x00080117, 0x00080118}
    | {0x00083002, 0x00081150, 0x0008115A, 0x00041510, 0x00041512, 0x0008040E}
    | {0x04000010, 0x30100052, 0x30100053}
)  # fmt: skip


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


def _parse(raw: bytes, explicit: bool, *, big_endian: bool = False) -> Dataset:
    """Decode one element with pydicom, as UTF-8 (outputs are ISO_IR 192 throughout)."""
    charset = _UTF8_EXPLICIT if explicit else _UTF8_IMPLICIT
    if big_endian:
        charset = _UTF8_BIG_ENDIAN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = read_dataset(BytesIO(charset + raw), not explicit, not big_endian)
        for key in list(dataset.keys()):
            dataset[key]
    return dataset


_UTF8_EXPLICIT: Final = b"\x08\0\x05\0CS\x0a\0ISO_IR 192"
_UTF8_BIG_ENDIAN: Final = b"\0\x08\0\x05CS\0\x0aISO_IR 192"
_UTF8_IMPLICIT: Final = b"\x08\0\x05\0\x0a\0\0\0ISO_IR 192"


class TokenSearch:
    """Searches texts and pixel bytes for tokens, with a folding of its own."""

    def __init__(self, tokens: IdentityTokens) -> None:
        self._people = tokens.people
        self._phrases = (*tokens.whole, *tokens.parts)
        self._numbers = frozenset(number for number in tokens.numbers if len(number) > 4)
        self._long_numbers = frozenset(
            number.lstrip("0") for number in tokens.numbers if len(number) > 5
        )
        self._stations = tokens.device - frozenset(tokens.whole) - tokens.station_words
        self._values = frozenset(n for n in (d.lstrip("0") for d in tokens.numbers) if len(n) > 3)
        self._short = tokens.short
        self._inside = tokens.inside
        self._heads = tokens.beginnings
        plain = [*self._phrases, *self._people]
        self._needles = [
            word.encode() for word in plain if word.isascii() and len(word) >= SHORTEST_NEEDLE
        ]

    def in_text(self, text: str) -> bool:
        """Tell whether a text holds a token in any spelling."""
        folded = _plain(text)
        words = _WORDS.findall(folded)
        if not self._people.isdisjoint(words):
            return True
        if not self._numbers.isdisjoint(re.findall(r"\d+", folded)):
            return True
        joined = "".join(words)
        if any(phrase in joined for phrase in self._phrases):
            return True
        if not self._people.isdisjoint(_LETTER_RUNS.findall(joined)):
            return True
        return any(self.is_number(re.sub(r"\D", "", run)) for run in _GROUPS.findall(folded))

    def in_station(self, text: str) -> bool:
        """Tell whether a text holds a station that is named after its model."""
        joined = "".join(_WORDS.findall(text.casefold()))
        return any(station in joined for station in self._stations)

    def in_disguise(self, text: str) -> bool:
        """Tell whether a text holds a token as base64, hexadecimal or decimal digits or signs."""
        for run in _CODED.findall(text):
            numbers = [int(number) for number in re.findall(r"\d+", run)]
            if max(numbers) < 256 and self.in_text(bytes(numbers).decode("utf-8", "replace")):
                return True
        if _QUOTED.search(text) and self.in_text(unquote(text.replace("=", "%"))):
            return True
        unpacked: list[bytes] = []
        for run in _PACKED.findall(text):
            plain = run.replace("-", "+").replace("_", "/")
            for start in range(4):
                part = plain[start:]
                unpacked.append(base64.b64decode(part + "A" * (-len(part) % 4)))
        for run in _PAIRS.findall(text):
            digits = re.sub(r"[^0-9a-f]", "", run, flags=re.IGNORECASE)
            unpacked += [bytes.fromhex(digits), bytes.fromhex(digits[1:-1])]
        # Letters of two bytes are read without their zeros: as UTF-16 any bytes are some sign.
        unpacked += [raw.replace(b"\0", b"") for raw in unpacked if b"\0" in raw]
        read = (raw.decode(codec, "replace") for raw in unpacked for codec in _READ_AS)
        return any(self.in_text(found) for one in read for found in _FOUR_SIGNS.findall(one))

    def in_private_number(self, number: str) -> bool:
        """Tell whether a private number is an identifier by value; round ones of four are not."""
        try:
            value = Decimal(number)
        except InvalidOperation:
            return False
        # Its size first: as a whole number, 1E+999999 has a million digits.
        if not value.is_finite() or not 999 < value < 10**15 or value != int(value):
            return False
        return str(int(value)) in self._values and (value > 9999 or value % 50 != 0)

    def _is_cut(self, text: str, runs: list[str]) -> bool:
        """Tell whether a text holds the beginning of a long name, or a name turned round."""
        plain = [_plain(run) for run in runs if len(run) > 5]
        if any(run[::-1] in self._people for run in plain):
            return True
        if any(len(run) > 7 and run in self._heads for run in plain):
            return True
        # A scanner cuts what is longer than 16 or 64 signs.
        if len(text) not in (16, 64) or not runs or not text.endswith(runs[-1]):
            return False
        return len(runs[-1]) > 3 and _plain(runs[-1]) in self._heads

    def in_speech(self, text: str) -> bool:
        """Tell whether a text holds a short or joined name, a short birth date or a UID.

        Not asked of bytes: two or three printed letters occur in them by chance.
        """
        if any(_is_own_uid(found) for found in _UID_AS_TEXT.findall(text)):
            return True
        if any("".join(parts) in self._people for parts in _SHORT_DAY.findall(text)):
            return True
        runs = _LETTER_RUNS.findall(_NUCLIDES.sub(" ", text))
        for run in runs:
            if len(run) == 2 and not run[0].islower() and run.casefold() in self._short:
                return True
            if any(hump.casefold() in self._people for hump in _HUMPS.split(run) if len(hump) > 2):
                return True
            if len(run) > 5 and any(name in run.casefold() for name in self._inside):
                return True
        if self._is_cut(text, runs):
            return True
        low = [run.casefold() for run in runs]
        return any(low[n] + low[n + 1] in self._people for n in range(len(low) - 1))

    def is_number(self, digits: str) -> bool:
        """Tell whether digits are a long number of the upload, leading zeros apart."""
        plain = digits.lstrip("0")
        return len(plain) > 4 and plain in self._long_numbers

    def in_number(self, digits: str) -> bool:
        """Tell whether a numeric value is a number of the upload, or a long one with digits around.

        Not asked of UIDs: forty keyed digits hold any eight by chance.
        """
        around = digits.isdigit() and any(len(n) > 7 and n in digits for n in self._long_numbers)
        return around or self.is_number(digits)

    def in_uid(self, uid: str) -> bool:
        """Tell whether a component of a UID is a number of the upload."""
        return any(self.is_number(component) for component in uid.split("."))

    def in_comments(self, pixels: memoryview) -> bool:
        """Tell whether the head of a JPEG-family stream, or what follows it, holds a token."""
        data = bytes(pixels)
        parts = [data[max(data.rfind(b"\xff\xd9"), len(data) - 4096) :]]
        for start in _STREAMS.finditer(data):
            scan = _SCANS.search(data, start.end())
            parts.append(data[start.start() : scan.start() if scan else start.end()])
        runs = (run.decode() for part in parts for run in _COMMENTS.findall(part))
        if any(self.in_text(run) for run in runs):
            return True
        starts = (match.start() for match in _STREAMS.finditer(data))
        return any(_names_somebody(text) for start in starts for text in _comments(data, start))

    def in_pixels(self, pixels: memoryview) -> bool:
        """Tell whether printed text of a token lies in the bytes of the pixel data.

        A token of seven letters and digits covers an aligned pair of bytes and an aligned group of
        four wherever it starts.  The second byte of such a pair is between 20 and 7F hex, so the
        pair is `FIRST_PRINTED` or more as a signed number: most pictures have none and need not be
        searched.
        """
        if not self._needles or len(pixels) < SHORTEST_NEEDLE:
            return False
        marks = _PRINTED_MARKS[np.frombuffer(pixels, np.uint8)]
        groups = marks[: len(marks) // 4 * 4].view("<u4")
        last = -1
        for group in np.flatnonzero(groups == FOUR_PRINTED).tolist():
            if 4 * group < last:
                continue
            last = 4 * group + LONGEST_NEEDLE
            near = bytes(pixels[max(4 * group - LONGEST_NEEDLE, 0) : last + LONGEST_NEEDLE])
            for run in _PLAIN_RUNS.findall(near.lower()):
                if any(needle in run for needle in self._needles):
                    return True
        return False


def _plain(text: str) -> str:
    """A text in small letters without marks."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    parts = unicodedata.normalize("NFKD", folded)
    return "".join(sign for sign in parts if unicodedata.category(sign)[0] != "M")


def _is_own_uid(uid: str) -> bool:
    """Tell whether digits in groups are a UID, longer than a version, that no standard assigned."""
    standard = uid.startswith("1.2.840.10008.") or uid in UID_dictionary
    return len(uid) >= 16 and not standard


def _comments(data: bytes, start: int) -> Iterator[str]:
    """Printed runs of the comment and application segments of one JPEG or JPEG 2000 header."""
    pos = start + 2
    while data[pos : pos + 1] == b"\xff" and pos + 4 <= len(data):
        marker = data[pos + 1]
        if marker in (0xDA, 0x93, 0xD9):  # the coded picture, or the end
            return
        length = int.from_bytes(data[pos + 2 : pos + 4], "big")
        if marker in _COMMENT_MARKERS:
            yield from (run.decode() for run in _RUNS.findall(data[pos + 4 : pos + 2 + length]))
        pos += 2 + length


def _names_somebody(comment: str) -> bool:
    """Tell whether a comment holds a word that no encoder writes of itself."""
    words = re.findall(r"[a-z]{4,}", comment.lower())
    return any(word not in _ENCODERS for word in words)


def _printed(value: bytes) -> list[str]:
    """Runs of printed signs in binary data, and the whole as UTF-8 where it goes beyond ASCII."""
    found = [run.decode() for run in _RUNS.findall(value)]
    if len(value) <= _BLOCK and not value.isascii():
        found.append(value.decode("utf-8", "replace"))
    return found


def _texts(value: object) -> list[str]:
    if value is None:
        return [""]
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return [str(value)]
    return [str(part) for part in value]


def _must_change(piece: Piece) -> bool:
    """Tell whether a value that is equal before and after can be a fault: a UID, date or list."""
    if piece.vr:
        return piece.vr in (b"UI", b"DA", b"DT", b"SQ")
    return dictionary_has_tag(piece.tag) and dictionary_VR(piece.tag) in ("UI", "DA", "DT", "SQ")


def _plain_vr(piece: Piece) -> str:
    """The VR of a value of ASCII text that needs no character set; else an empty text."""
    if piece.vr:
        vr = piece.vr.decode("ascii")
    else:
        vr = dictionary_VR(piece.tag) if dictionary_has_tag(piece.tag) else ""
    return vr if vr in _PLAIN_VRS and piece.value.isascii() else ""


def _day(text: str) -> date | None:
    digits = re.sub(r"(?<=\d)\.(?=\d{2}(?:\.|$))", "", text.strip())[:8]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _shown(tag: int) -> str:
    return f"({int(tag) >> 16:04X},{int(tag) & 0xFFFF:04X})"
