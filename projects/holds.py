"""What an unfinished time point holds up: later reads of the subject, and the next data cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from audit import clock
from audit.actors import Actor
from exports.models import DataCut
from reads.services.planning import time_points_to_read
from studies.models import TimePoint

_OVER = ("locked", "not_done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Something that waits; ``tone`` is stop where it would be missed."""

    what: str
    words: str
    tone: str = "idle"


def held_by(time_point: TimePoint, actor: Actor) -> list[Held]:
    """Return what waits for a time point."""
    if time_point.state in _OVER:
        return []
    return [*_later_reads(time_point), *_cuts(time_point, actor)]


def _later_reads(time_point: TimePoint) -> Iterable[Held]:
    ordered = [tp for tp in time_points_to_read(time_point.subject) if tp.state not in _OVER]
    places = [n for n, tp in enumerate(ordered) if tp.pk == time_point.pk]
    for other in ordered[places[0] + 1 :] if places else []:
        window = f"window from {other.window_from:%d %b %Y}" if other.window_from else ""
        yield Held(what=f"{other.label} reads of this subject", words=window)


def _cuts(time_point: TimePoint, actor: Actor) -> Iterable[Held]:
    if not actor.may("cut.view"):
        return
    day = time_point.order_date
    rows: Any = DataCut.objects.visible_to(actor).filter(state__in=["planned", "cleaning"])
    for cut in rows.filter(cut_off__gte=day).order_by("planned_for") if day else []:
        days = (cut.planned_for - clock.today()).days
        yield Held(
            what=cut.title,
            words=f"planned for {cut.planned_for:%d %b %Y}",
            tone="stop" if days <= 0 else "wait",
        )
