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


@job("imaging.arrival", label="Sorting of arrivals", max_attempts=20)
def arrival(row: Job, *, arrival: str, at_once: bool = False) -> None:
    """Close an arrival after its quiet time and sort it."""
    from imaging.doors.sorting import run

    run(row, arrival, at_once=at_once)


@job("imaging.deliver", label="Putting arrivals into submissions", max_attempts=20)
def deliver(row: Job, *, examination: str) -> None:
    """Put an assigned examination into the draft of its visit."""
    from imaging.doors.sorting import deliver as run

    run(row, examination)


@job("imaging.move", label="Moving of images", max_attempts=20)
def move(row: Job, *, move: str) -> None:
    """Bring moved images to where they belong and destroy what was left behind."""
    from imaging.services.moving import run

    run(row, move)


@job("imaging.consent", label="Withdrawal of consent", max_attempts=20)
def consent(row: Job, *, withdrawal: str) -> None:
    """Stop, keep, exclude and destroy as the protocol asks."""
    from imaging.services.consent import run

    run(row, withdrawal)


@job("imaging.sweep", label="Integrity of stored objects", max_attempts=3)
def sweep(row: Job) -> None:
    """Read and prove every stored object."""
    from imaging.storage.nightly import run

    run(row)


@job("imaging.phantom", label="Phantom measurement", max_attempts=10)
def phantom(row: Job, *, scan: str) -> None:
    """Measure a phantom scan."""
    from imaging.services.phantoms import measure_scan

    measure_scan(row, scan)
