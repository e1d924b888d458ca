"""Texts written as codes: base64, hexadecimal and decimal digits, percent signs, numbered signs.

A name as base64 has none of its letters left, so it is decoded before it is searched.  What was
encoded may begin anywhere in a run of such signs: base64 is read from each of four starts, digits
from two.  What was decoded may be a code again.  Letters of UTF-8 that were read by another
character set, once or more often, are put right: `MÃ¼ller`, `M├╝ller`, `MÃ\x83Â¼ller`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

SHORTEST: Final = 6
# Both alphabets of RFC 4648, over the ends of lines.
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}", re.ASCII)
# Four bytes and more, alone or in groups with a sign or two between them: 4B 6F 77 61, 0x4b,0x6f.
_HEX: Final = re.compile(
    r"[0-9A-Fa-f]{8,}|(?<![A-Za-z0-9])(?:0[xX])?[0-9A-Fa-f]{2,7}"
    r"(?:[ ,:;._%=-]{1,2}(?:0[xX])?[0-9A-Fa-f]{2,}(?![A-Za-z0-9]))+"
)
# The numbers of five signs and more: 75 111 119 97 108, 075,111,119,097,108.
_DECIMAL: Final = re.compile(
    r"(?<![\w.])[012]?\d{2}(?:[ ,;\\]{1,2}[012]?\d{2}){4,}(?![\w.])", re.ASCII
)
_NUMBER: Final = re.compile(r"\d+", re.ASCII)
_NO_HEX: Final = re.compile(r"0[xX]|[^0-9A-Fa-f]+")
# Words, and written signs in them: M%C3%BCller, M=C3=BCller, M&#252;ller, M&uuml;ller.
_WORDS: Final = re.compile(r"[^ \t\r\n]+")
_LINES: Final = re.compile(r"[^\r\n]+")
_MARK: Final = re.compile(r"[%=][0-9A-Fa-f]{2}|&#?\w{1,8};", re.ASCII)
_NUMBERED: Final = re.compile(r"&#(?:[xX]([0-9A-Fa-f]{1,6})|(\d{1,7}));", re.ASCII)
_NAMED: Final = re.compile(r"&([A-Za-z])[A-Za-z]{1,7};")
_AMPERSAND: Final = "&amp;"
_URL_SAFE: Final = str.maketrans("-_", "+/", "\r\n=")
_UTF_8: Final = re.compile(
    rb"(?:[\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+"
)
_LATIN: Final = re.compile(rb"[\x20-\x7e\xc0-\xff]+")
_SHORTEST_RUN: Final = 4
_SHORTEST_HEX: Final = 8
_SHORTEST_CODE: Final = 8
# How often a text may have been encoded by signs, or read by a wrong character set.
_ROUNDS: Final = 3
_UPPER_HALF: Final = range(0x80, 0x100)
_LAST_SIGN: Final = 0x10FFFF
_LAST_BYTE: Final = 0xFF


class _Page(dict[int, int]):
    """Letters beyond ASCII of a single-byte character set, and their bytes; `?` for all others."""

    def __init__(self, *codecs: str) -> None:
        super().__init__()
        for codec in codecs:
            for byte in _UPPER_HALF:
                for sign in bytes([byte]).decode(codec, "ignore"):
                    self[ord(sign)] = byte

    def __missing__(self, sign: int) -> int:
        return sign if sign < _UPPER_HALF.start else ord("?")


# What UTF-8 is read by: Latin-1 and its Windows form, DOS (United States, Western Europe), Mac.
_PAGES: Final = (
    _Page("latin-1", "cp1252"), _Page("cp437"), _Page("cp850"), _Page("mac_roman"),
)  # fmt: skip


def _signs(first: int, last: int) -> str:
    found = {chr(sign) for page in _PAGES for sign, byte in page.items() if first <= byte <= last}
    return re.escape("".join(sorted(found)))


# The first two signs of a letter of UTF-8 that was read by one of the pages.
_MISREAD: Final = re.compile(f"[{_signs(0xC2, 0xF4)}][{_signs(0x80, 0xBF)}]")
_LETTER_OF_UTF_8: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def disguised(text: str, tells: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Return the spans of a text that, decoded, hold what `tells` knows; none overlap."""
    if len(text) < SHORTEST:
        return []
    spans = [
        match.span()
        for pattern, read in _READERS
        for match in pattern.finditer(text)
        if any(tells(layer) for decoded in read(match.group()) for layer in _layers(decoded))
    ]
    if not text.isascii():
        spans += [m.span() for m in _WORDS.finditer(text) if any(map(tells, misread(m.group())))]
    # Words that are told together only: H=E1=BA=BBm Sen.
    spans += [
        line.span()
        for line in _LINES.finditer(text)
        if not any(start < line.end() and line.start() < end for start, end in spans)
        and not tells(line.group())
        and any(map(tells, rewritten(line.group())))
    ]
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if apart and start < apart[-1][1]:
            first, last = apart.pop()
            apart.append((first, max(last, end)))
        else:
            apart.append((start, end))
    return apart


def rewritten(text: str) -> Iterator[str]:
    """Readings of a text whose letters are written as signs or were read by a wrong set."""
    yield from misread(text)
    for read in _from_marks(text):
        yield read
        yield from misread(read)


def misread(text: str, rounds: int = _ROUNDS) -> Iterator[str]:
    """Readings of letters of UTF-8 that were read by another character set, however often."""
    if not rounds or text.isascii() or not _MISREAD.search(text):
        return
    for page in _PAGES:
        data = text.translate(page).encode("latin-1")
        if _LETTER_OF_UTF_8.search(data):
            read = data.decode("utf-8", "replace")
            yield read
            yield from misread(read, rounds - 1)


def _layers(decoded: str) -> Iterator[str]:
    """A decoded text, and what it holds where it is a code again."""
    yield decoded
    yield from misread(decoded)
    if len(decoded) >= _SHORTEST_CODE and decoded.isascii():
        for pattern, read in _READERS:
            for match in pattern.finditer(decoded):
                yield from read(match.group())


def _from_base64(run: str) -> Iterator[str]:
    signs = run.translate(_URL_SAFE)
    for start in range(4):
        part = signs[start:]
        part = part[: len(part) - (len(part) % 4 == 1)]
        if len(part) >= SHORTEST:
            yield from _texts(binascii.a2b_base64(part + "=" * (-len(part) % 4)))


def _from_hex(run: str) -> Iterator[str]:
    digits = _NO_HEX.sub("", run)
    if len(digits) < _SHORTEST_HEX:
        return
    for start in range(2):
        yield from _texts(bytes.fromhex(digits[start : len(digits) - (len(digits) - start) % 2]))


def _from_decimals(run: str) -> Iterator[str]:
    numbers = [int(number) for number in _NUMBER.findall(run)]
    if max(numbers) <= _LAST_BYTE:
        yield from _texts(bytes(numbers))


def _from_marks(run: str, rounds: int = _ROUNDS) -> Iterator[str]:
    if not rounds or not _MARK.search(run):
        return
    plain = _NAMED.sub(_named, _NUMBERED.sub(_numbered, run))
    data = unquote_to_bytes(plain.replace("=", "%"))
    for read in (plain, data.decode("utf-8", "replace"), data.decode("latin-1")):
        if read != run:
            yield read
            yield from _from_marks(read, rounds - 1)


def _named(match: re.Match[str]) -> str:
    return "&" if match[0].lower() == _AMPERSAND else match[1]


def _numbered(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    return chr(number) if number <= _LAST_SIGN else ""


def _texts(data: bytes) -> Iterator[str]:
    """Texts in decoded bytes: UTF-8, Latin-1, and letters of two bytes each."""
    for run in _UTF_8.findall(data):
        if len(run) >= _SHORTEST_RUN:
            yield run.decode("utf-8", "ignore")
    if not data.isascii():
        for run in _LATIN.findall(data):
            if len(run) >= _SHORTEST_RUN and not run.isascii():
                yield run.decode("latin-1")
    if b"\0" in data:
        narrow = data.replace(b"\0", b"")
        yield from (run.decode("ascii") for run in re.findall(rb"[\x20-\x7e]{4,}", narrow))


_READERS: Final = (
    (_BASE64, _from_base64),
    (_HEX, _from_hex),
    (_DECIMAL, _from_decimals),
    (_WORDS, _from_marks),
)
