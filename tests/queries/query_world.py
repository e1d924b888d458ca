"""Queries in a small study: raised by image operations about a visit of site 101 or 201."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from audit import clock
from queries.models import Query
from queries.services import Request, raise_query
from tests.world import (
    StudyWorld,
    logged_in,  # noqa: F401 - tests ask for it here
    make_study,
)

SEND = Request("send_images", "Send slices 88 to 98 of the abdomen")
CONFIRM = Request("confirm", "Confirm that no other series is cut")


def study_since(days: int, code: str = "ALPHA", sponsor: str = "Norvane") -> StudyWorld:
    """Return a study whose people hold their roles since some days before today."""
    with clock.shifted_by(timedelta(days=-days)):
        return make_study(code, sponsor=sponsor)


def ask(
    world: StudyWorld,
    *,
    subject: int = 0,
    requests: Sequence[Request] = (SEND, CONFIRM),
    **facts: Any,
) -> Query:
    """Raise a query about the first visit of a subject."""
    row = world.subjects[subject]
    time_point = world.time_points(row)[0]
    return raise_query(
        about=time_point,
        study_site=row.study_site,
        subject=row,
        time_point=time_point,
        cause=facts.pop("cause", "missing_images"),
        title=facts.pop("title", "Slices 88 to 98 are missing from the abdomen CT"),
        text=facts.pop("text", "11 slices over the liver dome are not in the folder."),
        requests=requests,
        actor=world.actor("image_operations"),
        **facts,
    )
