"""Background work of dossiers; each handler may be killed at any moment and run again."""

from __future__ import annotations

from audit.jobs import job
from audit.models import Job


@job("clinical.open_document", label="Opening of a dossier document", max_attempts=10)
def open_document(row: Job, *, document: str) -> None:
    """Open a held document in the guarded process."""
    from clinical.services.documents import open_document as run

    run(row, document)
