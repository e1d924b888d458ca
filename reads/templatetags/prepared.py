"""Prepared measurements in the reading room: values and the reader's word, nobody's name."""

from __future__ import annotations

from typing import Any

from django import template

from reads.models import ReadSession, ReadTask
from reads.services.preliminary import shown_to_reader

register = template.Library()


@register.inclusion_tag("reads/preliminary/of_reader.html", takes_context=True)
def prepared_values(context: Any, task: ReadTask, session: ReadSession) -> dict[str, object]:
    """Show the prepared values of a read with what the reader made of each."""
    words = {row.measurement_id: row for row in session.preliminary_reviews.all()}
    rows = [(row, words.get(row.pk)) for row in shown_to_reader(session)]
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "task": task,
        "rows": rows,
        "left": sum(review is None for _, review in rows),
        "can_decide": session.state == "open",
    }
