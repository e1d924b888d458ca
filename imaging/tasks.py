"""What the beat wakes in imaging."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="imaging.ask_for_sweep")
def ask_for_sweep() -> str:
    """Ask for the nightly proof of every stored object."""
    from imaging.storage.nightly import ask

    return str(ask().pk)
