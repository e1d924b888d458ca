"""Metadata of series and instances: one stored file per series and view, cut for one instance."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from imaging.dicomweb.blinding import BlindedView
from imaging.dicomweb.indexing import keep_document
from imaging.dicomweb.part10 import blinded_metadata
from imaging.dicomweb.values import Encoder
from imaging.models import InstanceIndex, SeriesDocument, SeriesIndex
from imaging.storage import metadata_documents

REMEMBERED = 512


def document_of(parent: SeriesIndex, view: BlindedView | None) -> SeriesDocument | None:
    """Return the stored metadata of a series; a blinded one is made when it is asked for first.

    ``None`` while the series is being indexed anew.
    """
    digest = view.digest if view else ""
    known = SeriesDocument.objects.filter(
        series_id=parent.series_id, view=digest, members=parent.members
    ).first()
    if known is not None or view is None:
        return known
    encoder = Encoder()
    rows = InstanceIndex.objects.filter(series_id=parent.series_id, frames__gt=0)
    parts = [blinded_metadata(row, view, encoder) for row in rows.order_by("number", "instance_id")]
    content = ("[" + ",\n".join(parts) + "]").encode()
    sha256 = metadata_documents().put_bytes(content)
    return keep_document(parent.series, parent.members, sha256, size=len(content), view=digest)


def metadata_of(
    row: InstanceIndex, parent: SeriesIndex, view: BlindedView | None, *, document: str = ""
) -> str:
    """Return the metadata of one instance; addresses begin with ``@base@``.

    Args:
        document: SHA-256 of the series' plain metadata, where it is known.

    Raises:
        LookupError: the series is being indexed anew.
    """
    if view is not None:
        return blinded_metadata(row, view, Encoder())
    if not document:
        found = document_of(parent, None)
        if found is None:
            raise LookupError(row.sop_instance_uid)
        document = found.sha256
    part = metadata_documents().part(document, row.document_at, row.document_bytes)
    return part.decode()


def blinded_attributes(parent: SeriesIndex, view: BlindedView) -> dict[str, Any]:
    """Return the attributes of a series' first image as a blinded person gets them."""
    row = (
        InstanceIndex.objects.filter(series_id=parent.series_id, frames__gt=0)
        .order_by("number", "instance_id")
        .first()
    )
    return json.loads(_remembered(_ByContent(row), view)) if row is not None else {}


class _ByContent:
    """An index row that is equal to another with the same content, as a key of the memory."""

    def __init__(self, row: InstanceIndex) -> None:
        self.row = row

    def __hash__(self) -> int:
        return hash(self.row.sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByContent) and other.row.sha256 == self.row.sha256


@lru_cache(maxsize=REMEMBERED)
def _remembered(row: _ByContent, view: BlindedView) -> str:
    return blinded_metadata(row.row, view, Encoder())
