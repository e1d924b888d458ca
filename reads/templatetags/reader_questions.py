"""What a reader asked about a read, and the answers, as the reader may see them."""

from __future__ import annotations

from typing import Any

from django import template

from reads.models import ReaderQuestion, ReadTask
from reads.services.questions import ASKABLE, LONGEST, OPEN, dossier_asked_about

register = template.Library()


@register.inclusion_tag("reads/questions/of_reader.html", takes_context=True)
def questions_of(context: Any, task: ReadTask) -> dict[str, object]:
    """Show the questions about a read and the way to ask one; texts only, nobody's name."""
    rows = ReaderQuestion.objects.in_study(task.study_id).filter(task=task)
    shown = list(
        rows.values_list("text", "asked_at", "state", "answer", "answered_at").order_by("asked_at")
    )
    waits = any(state in OPEN for _, _, state, _, _ in shown)
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "task": task,
        "questions": [
            {
                "text": text,
                "asked_at": asked_at,
                "waits": state in OPEN,
                "is_withdrawn": state == "withdrawn",
                # An answer that is held for a second person does not exist for the reader.
                "answer": answer if state == "answered" else "",
                "answered_at": answered_at,
            }
            for text, asked_at, state, answer, answered_at in shown
        ],
        "waits": waits,
        "can_ask": task.state in ASKABLE and not waits and task.stream.purpose != "training",
        "kinds": [
            (value, label)
            for value, label in ReaderQuestion.Kind.choices
            if value != ReaderQuestion.Kind.DOSSIER or dossier_asked_about(task) is not None
        ],
        "longest": LONGEST,
    }
