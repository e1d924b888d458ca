"""Single elements of an output or its source, decoded with pydicom."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Final

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from imaging.pipeline.verifier.walk import Piece

_PLAIN_VRS: Final = frozenset("AE AS CS DA DS DT IS LO SH TM UI UR".split())
_UTF8_EXPLICIT: Final = b"\x08\0\x05\0CS\x0a\0ISO_IR 192"
_UTF8_BIG_ENDIAN: Final = b"\0\x08\0\x05CS\0\x0aISO_IR 192"
_UTF8_IMPLICIT: Final = b"\x08\0\x05\0\x0a\0\0\0ISO_IR 192"


def parse(raw: bytes, explicit: bool, *, big_endian: bool = False) -> Dataset:
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


def plain_texts(piece: Piece) -> list[str]:
    """The values of an element of ASCII text."""
    return piece.value.decode("ascii").strip("\0 ").split("\\")


def texts(value: object) -> list[str]:
    """The values of an element as texts."""
    if value is None:
        return [""]
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return [str(value)]
    return [str(part) for part in value]


def must_change(piece: Piece) -> bool:
    """Tell whether a value that is equal before and after can be a fault: a UID, date or list."""
    if piece.vr:
        return piece.vr in (b"UI", b"DA", b"DT", b"SQ")
    return dictionary_has_tag(piece.tag) and dictionary_VR(piece.tag) in ("UI", "DA", "DT", "SQ")


def plain_vr(piece: Piece) -> str:
    """The VR of a value of ASCII text that needs no character set; else an empty text."""
    if piece.vr:
        vr = piece.vr.decode("ascii")
    else:
        vr = dictionary_VR(piece.tag) if dictionary_has_tag(piece.tag) else ""
    return vr if vr in _PLAIN_VRS and piece.value.isascii() else ""
