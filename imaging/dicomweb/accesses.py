"""Who looked at which series: one event per person, series and hour, not one per frame."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Final
from uuid import UUID

from django.core.cache import cache

from audit.actors import Actor
from audit.models import record
from imaging.models import Series

EVERY_S: Final = 3600
MOST_REMEMBERED: Final = 20_000

_seen: OrderedDict[tuple[str, UUID | None, UUID], float] = OrderedDict()
_lock = threading.Lock()


def note(actor: Actor, series_id: UUID) -> None:
    """Keep that a person retrieved images or metadata of a series.

    Each process remembers what was written, and all share the cache; when the cache is down, a
    person may appear once per process and hour.
    """
    key = (str(actor.study_id), actor.user_id, series_id)
    now = time.monotonic()
    with _lock:
        if _seen.get(key, 0.0) > now:
            return
        _seen[key] = now + EVERY_S
        while len(_seen) > MOST_REMEMBERED:
            _seen.popitem(last=False)
    if _first_of_all(key):
        series = Series.objects.in_study(actor.study_id).get(pk=series_id)
        record("archive.retrieve", series, details={"every_seconds": EVERY_S})


def _first_of_all(key: tuple[str, UUID | None, UUID]) -> bool:
    name = ":".join(("dicomweb-access", *map(str, key)))
    try:
        return bool(cache.add(name, 1, timeout=EVERY_S))
    except Exception:  # the broker is losable: an event too many is better than none
        return True


def forget() -> None:
    """Forget what was written, for tests and after a restore."""
    with _lock:
        _seen.clear()
