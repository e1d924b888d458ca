"""Documents behind items: held from the first byte, redacted and released by a person.

They go the way of every paper of the platform (``imaging.services.papers``). What a dossier shows
are pictures of the pages of the released copy, made when it is released.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accounts.signatures import Assent
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.jobs import enqueue
from audit.models import Job, record
from clinical.definition import Entered
from clinical.models import Dossier, DossierDocument
from clinical.services import blinding, dossiers, entering, standing
from clinical.workflows import DOSSIER_DOCUMENT
from imaging.pipeline.deidentify import IdentityTokens
from imaging.pipeline.redaction import DOTS_PER_INCH, POINTS_PER_INCH
from imaging.pipeline.text import WORD, fold, squash
from imaging.services import attachments, papers
from imaging.storage import ArrivalStore, research
from imaging.storage.sweep import Claim
from studies.models import TimePoint
from studies.scoping import across_studies

JOB = "clinical.open_document"
SHORTEST_WORD = 3
SHORTEST_PHRASE = 5
MOST_DOCUMENTS = 20


def add(
    dossier: Dossier,
    code: str,
    name: str,
    chunks: Iterable[bytes],
    *,
    actor: Actor,
) -> DossierDocument:
    """Take in the document of an item: sealed, under a neutral name, held, and opened by a worker.

    Raises:
        RuleBroken: CLD-024 the item takes no document; IMG-051, IMG-052 it is none that can be
            shown.
        Conflict: CLD-023 the dossier was received already.
        AttachmentTooLarge: IMG-050 it is too large, or there are 20 already.
    """
    actor.require("dossier.enter")
    item = next((one for one in standing.items_of(dossier) if one.code == code), None)
    if item is None or item.kind != "document":
        raise RuleBroken("This item takes no document.", rule="CLD-024")
    content = attachments.whole(chunks)
    kind = attachments.kind_of(content)
    with transaction.atomic(), acting(actor.acting_as("dossier.enter")):
        row = dossiers.locked_row(dossier)
        made = _store(row, content, kind, name)
        entering.enter(
            row,
            code,
            Entered(has_document=True),
            actor=actor,
            kept=entering.Kept(document=made),
        )
        enqueue(JOB, key=f"{JOB} {made.pk}", row=made, document=str(made.pk))
        return made


def _store(dossier: Dossier, content: bytes, kind: str, name: str) -> DossierDocument:
    rows = DossierDocument.objects.in_study(dossier.study_id).filter(
        time_point=dossier.time_point_id
    )
    if dossier.items.exclude(document=None).count() >= MOST_DOCUMENTS:
        raise attachments.AttachmentTooLarge(
            f"One dossier takes at most {MOST_DOCUMENTS} documents.", rule="IMG-050"
        )
    made = DossierDocument(
        study_id=dossier.study_id,
        time_point_id=dossier.time_point_id,
        number=(rows.aggregate(n=Max("number"))["n"] or 0) + 1,
        kind=kind,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
    arrivals = ArrivalStore(made.store_id)
    arrivals.put(content)
    made.name_sha256 = arrivals.put(attachments.one_line(name).encode())
    made.save()
    record("dossierdocument.add", made, details={"kind": kind, "bytes": len(content)})
    return made


def remove(document: DossierDocument, *, actor: Actor) -> DossierDocument:
    """Take a document out again while its dossier is asked for and nobody has looked at it.

    Raises:
        Conflict: CLD-023 the dossier was received already.
    """
    actor.require("dossier.enter")
    with transaction.atomic(), acting(actor.acting_as("dossier.enter")):
        for item in document.items.select_related("dossier"):
            if dossiers.locked_row(item.dossier).state != "requested":
                raise Conflict(
                    "This dossier was received already. Send it back first.", rule="CLD-023"
                )
            item.document = None
            item.save()
        return DOSSIER_DOCUMENT.move(document, "remove", actor=actor)


# --- opening, in the worker -----------------------------------------------------------------------


def open_document(job: Job, document: str) -> None:
    """Open a held document once: its pages sealed, its identity risks listed."""
    with across_studies("a worker opens what was sent"):
        row = (
            DossierDocument.objects.filter(pk=document, state="held", opened_at=None)
            .select_related("time_point__subject")
            .first()
        )
    if row is None:
        return
    with _folder(row) as folder:
        papers.open_papers([row], tokens_of(row.time_point), folder, lambda _n, _note: None)


@contextmanager
def _folder(row: DossierDocument) -> Iterator[Path]:
    folder = Path(settings.DATA_DIR) / "work" / row.pk.hex
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tokens_of(time_point: TimePoint) -> IdentityTokens:
    """Return what is known of a subject's identity, as the search of papers looks for it."""
    words, phrases = set(), set()
    for text, _why in blinding.known_words(time_point.subject):
        folded = fold(text)
        parts = [part for part in WORD.findall(folded) if len(part) >= SHORTEST_WORD]
        words |= {part for part in parts if part.isalpha() and part not in blinding.common_words()}
        if len(squash(folded)) >= SHORTEST_PHRASE:
            phrases.add(squash(folded))
    return IdentityTokens(people=frozenset(words), phrases=frozenset(phrases))


# --- release --------------------------------------------------------------------------------------


def release(document: DossierDocument, *, actor: Actor, assent: Assent) -> DossierDocument:
    """Release the redacted copy by signature, and keep its pages as pictures for readers."""
    with transaction.atomic():
        row = papers.release(document, actor=actor, assent=assent)
        with acting(actor.acting_as(papers.RIGHT)):
            row.released_pages = _pictures(research().read(row.released_sha256), row.pages)
            row.save()
        return row


def _pictures(copy: bytes, sizes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Draw each page of a flat copy, which the platform made itself from pixels of these sizes."""
    import pypdfium2 as pdfium

    found: list[dict[str, Any]] = []
    document = pdfium.PdfDocument(copy)
    try:
        for page, size in zip(document, sizes, strict=True):
            picture = page.render(scale=DOTS_PER_INCH / POINTS_PER_INCH).to_pil().convert("RGB")
            # Points are rounded: the drawing may have one line more than the page had.
            picture = picture.crop((0, 0, int(size["width"]), int(size["height"])))
            out = BytesIO()
            picture.save(out, format="PNG")
            sha256 = research().put_bytes(out.getvalue())
            found.append({"sha256": sha256, "width": picture.width, "height": picture.height})
    finally:
        document.close()
    return found


def claims() -> Iterator[Claim]:
    """Name released copies and pictures of their pages in the research store."""
    with across_studies("the integrity sweep names every record"):
        rows = list(
            DossierDocument.objects.exclude(released_sha256="").values_list(
                "pk", "released_sha256", "released_pages", "state"
            )
        )
    for pk, sha256, pages, state in rows:
        # Before its release a copy lies sealed in the document's own folder.
        gone = state != "released"
        yield Claim(sha256, "clinical.dossierdocument", str(pk), gone=gone)
        for page in pages:
            yield Claim(page["sha256"], "clinical.dossierdocument", str(pk), gone=gone)


def waiting(study: Any) -> Any:
    """Return documents that wait for a redacted copy or its release, oldest first."""
    rows = DossierDocument.objects.in_study(study).filter(state__in=("held", "redacted"))
    return rows.select_related("time_point__subject").order_by("created_at")


__all__ = ["add", "claims", "open_document", "release", "remove", "tokens_of", "waiting"]
