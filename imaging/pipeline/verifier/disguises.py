"""Texts that are written as codes, decoded in the verifier's own way."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import unescape
from typing import Final
from urllib.parse import unquote

_CODED: Final = re.compile(r"(?<![\w.])\d{2,3}(?:[ ,;]{1,2}\d{2,3}){4,}(?![\w.])", re.ASCII)
# What a name may be written as: letters of base64, pairs of hexadecimal digits, %4B.
_PACKED: Final = re.compile(r"[\w+/-]{6,}", re.ASCII)
_PAIRS: Final = re.compile(r"(?:[0-9a-f]{2}[^0-9a-z]{0,2}){4,}[0-9a-f]?", re.IGNORECASE)
_PREFIX: Final = re.compile(r"\b0x", re.IGNORECASE)
_QUOTED: Final = re.compile(r"[%=][0-9a-f]{2}|&#?\w{1,8};", re.IGNORECASE)
_FOUR_SIGNS: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\ufffd]{4,}")
# What letters of UTF-8 are read by, and how often one over the other.
_WRONG_SETS: Final = ("latin-1", "cp1252", "cp437", "cp850", "mac_roman")
_TIMES: Final = 3
_PLAIN_CODE: Final = re.compile(r"[\x20-\x7e]{8,}")


def decoded(text: str) -> Iterator[str]:
    """Texts that are written in a text as base64, hexadecimal or decimal digits or signs.

    Also in what was decoded, and in letters that a wrong character set was read for.
    """
    yield from _put_right(text)
    signs = text
    for _ in range(_TIMES):
        if not _QUOTED.search(signs):
            break
        signs = unescape(unquote(signs.replace("=", "%")))
        yield signs
        yield from _put_right(signs)
    for raw in _unpacked(text):
        yield from _FOUR_SIGNS.findall(raw.decode("latin-1"))
        for found in _FOUR_SIGNS.findall(raw.decode("utf-8", "replace")):
            yield found
            yield from _put_right(found)
            if _PLAIN_CODE.fullmatch(found):
                yield unescape(unquote(found))
                for inner in _unpacked(found):
                    yield from _FOUR_SIGNS.findall(inner.decode("utf-8", "replace"))
                    yield from _FOUR_SIGNS.findall(inner.decode("latin-1"))


def _put_right(text: str, times: int = _TIMES) -> Iterator[str]:
    """Readings of letters beyond ASCII as UTF-8 that was read by another set."""
    if text.isascii() or not times:
        return
    for wrong in _WRONG_SETS:
        data = b"".join(_byte_of(sign, wrong) for sign in text)
        right = data.decode("utf-8", "replace")
        # Two signs or more have become one letter beyond ASCII.
        if len(right) < len(text) and any(sign > "\x7f" and sign != "\ufffd" for sign in right):
            yield right
            yield from _put_right(right, times - 1)


def _byte_of(sign: str, charset: str) -> bytes:
    """The byte of a sign; of one that the set leaves open, that of Latin-1."""
    try:
        return sign.encode(charset)
    except UnicodeEncodeError:
        return sign.encode("latin-1", "replace")


def _unpacked(text: str) -> list[bytes]:
    """Bytes that are written in a text as decimal or hexadecimal digits or as base64."""
    unpacked: list[bytes] = []
    for run in _CODED.findall(text):
        numbers = [int(number) for number in re.findall(r"\d+", run)]
        if max(numbers) < 256:
            unpacked.append(bytes(numbers))
    for run in _PACKED.findall(text):
        plain = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = plain[start:]
            unpacked.append(base64.b64decode(part + "A" * (-len(part) % 4)))
    for run in _PAIRS.findall(_PREFIX.sub("", text)):
        digits = re.sub(r"[^0-9a-f]", "", run, flags=re.IGNORECASE)
        unpacked += [bytes.fromhex(part[: len(part) & ~1]) for part in (digits, digits[1:])]
    # Letters of two bytes are read without their zeros: as UTF-16 any bytes are some sign.
    return unpacked + [raw.replace(b"\0", b"") for raw in unpacked if b"\0" in raw]
