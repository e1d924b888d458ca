"""How long a reader worked at a read: the time between saves, without the pauses."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from reads.models import ReadSession
from studies.models import FormRecord

#: the form saves itself within seconds of a change; a longer silence is a pause
PAUSE = timedelta(minutes=5)


def active_seconds(session: ReadSession, *, until: datetime) -> int:
    """Return the active time from the opening of a read until an instant, in seconds.

    Each gap between two saves counts for five minutes at most. Breaks, nights and reads on hold are
    so left out, at the price of at most five minutes each.
    """
    saved = FormRecord.history.filter(id=session.form_record_id, saved_at__isnull=False)
    instants = sorted({session.opened_at, *saved.values_list("saved_at", flat=True), until})
    gaps = (later - earlier for earlier, later in pairwise(instants))
    return int(sum((min(gap, PAUSE) for gap in gaps), timedelta()).total_seconds())
