"""Search of pixel data: comments of compressed streams, and printed letters among the samples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from imaging.pipeline.verifier.printed import RUNS

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
# Start of a JPEG, JPEG-LS or JPEG 2000 stream, and of the coded picture inside it.
_STREAMS: Final = re.compile(rb"\xff\xd8\xff|\xff\x4f\xff\x51")
_SCANS: Final = re.compile(rb"\xff\xda|\xff\x93")


def header_texts(data: bytes) -> Iterator[str]:
    """Printed runs of the heads of JPEG-family streams, and of what follows them."""
    parts = [data[max(data.rfind(b"\xff\xd9"), len(data) - 4096) :]]
    for start in _STREAMS.finditer(data):
        scan = _SCANS.search(data, start.end())
        parts.append(data[start.start() : scan.start() if scan else start.end()])
    yield from (run.decode() for part in parts for run in RUNS.findall(part))


def names_somebody(data: bytes) -> bool:
    """Tell whether a comment of a stream holds a word that no encoder writes of itself."""
    starts = (match.start() for match in _STREAMS.finditer(data))
    return any(_is_odd(text) for start in starts for text in _comments(data, start))


def holds_printed(pixels: memoryview, needles: Sequence[bytes]) -> bool:
    """Tell whether one of `needles` lies as printed text in the bytes of the pixel data.

    A token of seven letters and digits covers an aligned pair of bytes and an aligned group of
    four wherever it starts.  The second byte of such a pair is between 20 and 7F hex, so the
    pair is `FIRST_PRINTED` or more as a signed number: most pictures have none and need not be
    searched.
    """
    marks = _PRINTED_MARKS[np.frombuffer(pixels, np.uint8)]
    groups = marks[: len(marks) // 4 * 4].view("<u4")
    last = -1
    for group in np.flatnonzero(groups == FOUR_PRINTED).tolist():
        if 4 * group < last:
            continue
        last = 4 * group + LONGEST_NEEDLE
        near = bytes(pixels[max(4 * group - LONGEST_NEEDLE, 0) : last + LONGEST_NEEDLE])
        for run in _PLAIN_RUNS.findall(near.lower()):
            if any(needle in run for needle in needles):
                return True
    return False


def _comments(data: bytes, start: int) -> Iterator[str]:
    """Printed runs of the comment and application segments of one JPEG or JPEG 2000 header."""
    pos = start + 2
    while data[pos : pos + 1] == b"\xff" and pos + 4 <= len(data):
        marker = data[pos + 1]
        if marker in (0xDA, 0x93, 0xD9):  # the coded picture, or the end
            return
        length = int.from_bytes(data[pos + 2 : pos + 4], "big")
        if marker in _COMMENT_MARKERS:
            yield from (run.decode() for run in RUNS.findall(data[pos + 4 : pos + 2 + length]))
        pos += 2 + length


def _is_odd(comment: str) -> bool:
    """Tell whether a comment holds a word that no encoder writes of itself."""
    words = re.findall(r"[a-z]{4,}", comment.lower())
    return any(word not in _ENCODERS for word in words)
