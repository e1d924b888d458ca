"""Background work of dossiers; each handler may be killed at any moment and run again."""

from __future__ import annotations

from audit.jobs import job
from audit.models import Job
from studies.scoping import scope


@job("clinical.open_document", label="Opening of a dossier document", max_attempts=10)
def open_document(row: Job, *, document: str) -> None:
    """Open a held document in the guarded process."""
    from clinical.services.documents import open_document as run

    run(row, document)


@job("clinical.check_import", label="Dry run of a dossier file")
def check_import(row: Job, *, of: str) -> None:
    """Judge every row of a large file and keep what was found."""
    from clinical.services import importing

    with scope(row.study_id):
        importing.check(row, of)


@job("clinical.import", label="Import of a dossier file", max_attempts=10)
def import_file(row: Job, *, of: str, by: str) -> None:
    """Import a large file, dossier by dossier."""
    from clinical.services import importing

    with scope(row.study_id):
        importing.carry_out(row, of, by)
