"""What Celery runs: one task for every job, and the three housekeepers."""

from __future__ import annotations

from celery import shared_task

from audit import chain, jobs


@shared_task(name="audit.run_job")
def run_job(job_id: str) -> str:
    """Run the job of a row, if it is free."""
    return jobs.run(job_id)


@shared_task(name="audit.reconcile_jobs")
def reconcile_jobs() -> int:
    """Publish lost work again."""
    return jobs.reconcile()


@shared_task(name="audit.seal")
def seal() -> int:
    """Seal new rows of every append-only table."""
    return chain.seal()
