"""What the beat wakes in the project layer."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="projects.ask_for_proof")
def ask_for_proof() -> str:
    """Ask for the nightly proof of the whole chain."""
    from projects.sealing import ask_for_proof as ask

    return str(ask().pk)
