"""What stands above a reader's own pages: reminders to acknowledge, training to pass."""

from __future__ import annotations

from typing import Any

from django import template

from audit import clock
from reads.models import TrainingReminder
from reads.services.dossiers import was_begun_anew
from reads.services.reminders import gating
from reads.services.retraining import places_of
from reads.services.rollback import reminder_of
from studies.actors import studies_of
from studies.scoping import scope

register = template.Library()


@register.inclusion_tag("reads/oversight/banner.html", takes_context=True)
def oversight_banner(context: Any, task: Any = None) -> dict[str, Any]:
    """Show what the signed-in reader has to acknowledge or to pass, in this study or in all.

    Args:
        task: a read; a reminder that came with its roll-back stays above it, acknowledged or not.
    """
    request = context.get("request")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"rows": [], "places": []}
    study = getattr(request, "study", None)
    rows: list[tuple[Any, TrainingReminder]] = []
    places: list[Any] = []
    for one in [study] if study is not None else studies_of(user):
        with scope(one):
            found = TrainingReminder.objects.filter(reader=user, state="issued").order_by("due_at")
            rows += [(one, row) for row in found]
            places += [(one, place) for place in places_of(user.pk, one)]
            if task is not None:
                rows += _of_the_re_read(one, task, [row.pk for _, row in rows])
    anew = task is not None and task.state != "signed" and was_begun_anew(task)
    return {"rows": rows, "places": places, "anew": anew, "now": clock.now(), "user": user}


def _of_the_re_read(study: Any, task: Any, shown: list[Any]) -> list[tuple[Any, TrainingReminder]]:
    row = reminder_of(task)
    if row is None or row.pk in shown or row.state == "withdrawn":
        return []
    return [(study, row)]


@register.simple_tag(takes_context=True)
def reads_are_held(context: Any) -> bool:
    """Tell whether a reminder keeps the signed-in reader from starting reads in this study."""
    request = context["request"]
    return bool(gating(request.user.pk, request.study))
