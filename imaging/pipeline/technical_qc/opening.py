"""Headers of files as data sets, opened from the disk or from an index that was made before."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from imaging.pipeline.encoding import Element
from imaging.pipeline.technical_qc.parameters import interned
from imaging.pipeline.verify import Header


def open_header(path: Path) -> Dataset | None:
    """The header of a file, or None when it cannot be read; pixels are not touched."""
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, force=_lacks_preamble(path))
    except Exception:  # untrusted bytes may raise anything
        return None


def dataset_of(header: Header, holds: type[dict[BaseTag, Any]] = dict) -> Dataset | None:
    """The header of a file that was indexed before, without reading it again.

    ``holds`` is what keeps the elements. None where the file is odd (no meta information, another
    encoding than it says, a sequence that calls itself unknown): pydicom reads such a file in its
    own way.
    """
    part10 = header.part10
    if not _ODD.isdisjoint(part10.notes):
        return None
    if any(e.vr == "UN" and e.value_end != e.end for e in header.elements):
        return None
    data, implicit = part10.data, not part10.explicit
    # How pydicom itself holds what it has read: elements that are converted when they are asked.
    raw: dict[BaseTag, DataElement | RawDataElement] = holds(
        (interned(one.tag), raw_of(one, data, implicit=implicit))
        for one in header.elements
        if one.tag < PIXELS_FROM
    )
    dataset = Dataset(raw)
    charset = raw.get(_CHARACTER_SET)
    encodings: Any = default_encoding
    if isinstance(charset, RawDataElement):
        encodings = convert_encodings(convert_raw_data_element(charset).value)
    dataset.set_original_encoding(implicit, True, encodings)
    dataset.file_meta = _meta_of(part10.transfer_syntax)
    return dataset


def raw_of(found: Element, data: bytes, *, implicit: bool) -> RawDataElement:
    """An indexed element as pydicom holds what it has read and not yet converted."""
    tag, vr, _, value, value_end, _ = found
    content = bytes(data[value:value_end])
    shown = None if implicit else vr
    return RawDataElement(interned(tag), shown, value_end - value, content, value, implicit, True)


@cache
def _meta_of(transfer_syntax: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(transfer_syntax)
    return meta


_ODD: Final = frozenset(
    {
        "no_preamble",
        "no_file_meta",
        "no_transfer_syntax",
        "big_endian_rewritten",
        "transfer_syntax_contradicts_data",
    }
)
PIXELS_FROM: Final = 0x7FE00001
_CHARACTER_SET: Final = interned(0x00080005)


def _lacks_preamble(path: Path) -> bool:
    """Whether a file starts with a DICOM group instead of a preamble (group 2 or 8)."""
    with path.open("rb") as stream:
        start = stream.read(132)
    groups = {b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08"}
    return start[128:] != b"DICM" and start[:2] in groups
