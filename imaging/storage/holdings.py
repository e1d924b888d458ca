"""Which records of imaging name objects in which store, for the integrity sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from audit.models import kind_of
from audit.verification import Fault
from imaging.models import (
    Attachment,
    Instance,
    PhantomScan,
    Preview,
    ReceivedFile,
    SeriesDocument,
    Submission,
)
from imaging.models.changes import Destruction
from imaging.storage.arrivals import ArrivalStore
from imaging.storage.content import ContentDamaged
from imaging.storage.keys import has_submission_key
from imaging.storage.sweep import Claim
from studies.scoping import across_studies

CHUNK = 2000


def _destroyed(what: str) -> set[Any]:
    rows = Destruction.objects.filter(what=what)
    return set(rows.values_list("submission_id", flat=True))


def research_claims() -> Iterator[Claim]:
    """Name clean images and the redacted copies of attachments."""
    gone = _destroyed(Destruction.What.OUTPUTS)
    rows = Instance.objects.values_list("pk", "sha256", "series__submission_id")
    for pk, sha256, submission_id in rows.iterator(chunk_size=CHUNK):
        yield Claim(sha256, "imaging.instance", str(pk), gone=submission_id in gone)
    with across_studies("the integrity sweep names every record"):
        papers = Attachment.objects.exclude(released_sha256="")
        found = list(papers.values_list("pk", "released_sha256", "state"))
    for paper_pk, sha256, state in found:
        # Before its release a copy lies sealed with the originals.
        yield Claim(sha256, "imaging.attachment", str(paper_pk), gone=state != "released")


def preview_claims() -> Iterator[Claim]:
    """Name rendered pictures and thumbnails."""
    gone = _destroyed(Destruction.What.OUTPUTS)
    for row in Preview.objects.select_related("series").iterator(chunk_size=200):
        lost = row.series.submission_id in gone
        for sha256 in {row.thumbnail_sha256, *row.objects_sha256} - {""}:
            yield Claim(sha256, kind_of(row), str(row.pk), gone=lost)
    with across_studies("the integrity sweep names every record"):
        pictures = PhantomScan.objects.exclude(picture_sha256="")
        found = list(pictures.values_list("pk", "picture_sha256"))
    for pk, sha256 in found:
        yield Claim(sha256, "imaging.phantomscan", str(pk))


def document_claims() -> Iterator[Claim]:
    """Name the stored metadata of series."""
    for row in SeriesDocument.objects.iterator(chunk_size=CHUNK):
        yield Claim(row.sha256, kind_of(row), str(row.pk))


def originals_hold(watch: Callable[[int], None] = lambda size: None) -> Iterator[Fault]:
    """Unseal every original that still has its key; name what is missing or was changed."""
    gone = _destroyed(Destruction.What.ORIGINALS)
    with across_studies("the integrity sweep names every record"):
        submissions = list(Submission.objects.values_list("pk", flat=True))
    for pk in submissions:
        if not has_submission_key(pk):
            continue  # destroyed by the study's rule, or nothing arrived
        store = ArrivalStore(pk)
        rows = ReceivedFile.objects.filter(submission_id=pk).exclude(
            outcome=ReceivedFile.Outcome.ANNOUNCED
        )
        for row in rows.iterator(chunk_size=CHUNK):
            what = _original_fault(store, row.sha256, watch)
            if what and not (what.endswith("missing") and pk in gone):
                yield Fault(kind_of(row), str(row.pk), what)


def _original_fault(store: ArrivalStore, sha256: str, watch: Callable[[int], None]) -> str:
    try:
        for chunk in store.chunks(sha256):
            watch(len(chunk))
    except FileNotFoundError:
        return f"its original {sha256} is missing"
    except ContentDamaged:
        return f"the bytes of its original {sha256} were changed"
    return ""
