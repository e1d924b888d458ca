"""What the beat wakes in imaging."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

from celery import shared_task
from celery.signals import worker_init

from imaging.pipeline.buffers import keep_large_buffers
from imaging.pipeline.burned_in import recogniser
from imaging.pipeline.sandbox import COLLECTED_AFTER

# What the jobs of an upload load when they begin; loaded once, every process of a worker has it.
_LOADED_FIRST = (
    "imaging.services.process",
    "imaging.pipeline.previews",
)


@worker_init.connect
def load_first(**_: Any) -> None:  # Any: whatever Celery tells its receivers
    """Load what uploads need before the worker's processes are made."""
    for name in _LOADED_FIRST:
        import_module(name)
    recogniser()
    keep_large_buffers()
    # What was loaded is never garbage; an upload makes many records without cycles.
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


@shared_task(name="imaging.ask_for_sweep")
def ask_for_sweep() -> str:
    """Ask for the nightly proof of every stored object."""
    from imaging.storage.nightly import ask

    return str(ask().pk)
