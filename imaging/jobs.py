"""Background work of imaging; each handler may be killed at any moment and run again."""

from __future__ import annotations

from audit.jobs import job
from audit.models import Job


# A lost worker is tried often: what kills a worker by itself is contained in child processes.
@job("imaging.process", label="De-identification and checks", max_attempts=40)
def process(row: Job, *, submission: str) -> None:
    """Take a received submission to QC."""
    from imaging.services.process import process as run

    run(row, submission)


@job("imaging.check", label="Checks before sending", max_attempts=10)
def check(row: Job, *, submission: str) -> None:
    """Read an upload before it is sent."""
    from imaging.services.process import check_before_sending

    check_before_sending(row, submission)
