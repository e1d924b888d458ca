"""Imported readings of a time point, for pages of the layers above."""

from __future__ import annotations

from typing import Any

from django import template

from reads.services.imports import readings_of
from studies.models import TimePoint

register = template.Library()


@register.inclusion_tag("reads/imports/of_time_point.html", takes_context=True)
def imported_of(context: Any, time_point: TimePoint) -> dict[str, object]:
    """Show what was imported for a time point to those who may see imported readings."""
    request = context["request"]
    may = request.actor.may("readings.view")
    return {
        "request": request,
        "readings": readings_of(request.study, time_point) if may else (),
    }
