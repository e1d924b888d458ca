"""The dossier panel in the room of a read or a case; nothing of the contents is here."""

from __future__ import annotations

from typing import Any

from django import template

from reads.models import AdjudicationCase, ReadSession, ReadTask
from reads.services import dossiers
from reads.services.dossiers import Place, Shelf

register = template.Library()


@register.simple_tag(takes_context=True)
def dossier_shelf(context: Any, task: ReadTask, session: ReadSession | None = None) -> Shelf:
    """Return what the panel of a read shows."""
    return dossiers.shelf(task, session, actor=context["request"].actor)


@register.simple_tag(takes_context=True)
def case_shelf(context: Any, case: AdjudicationCase) -> Shelf:
    """Return what the panel of a case shows."""
    return dossiers.shelf_of_case(case, actor=context["request"].actor)


@register.inclusion_tag("reads/parts/dossier.html", takes_context=True)
def dossier_panel(
    context: Any,
    shelf: Shelf,
    task: ReadTask | None = None,
    case: AdjudicationCase | None = None,
) -> dict[str, Any]:
    """Show which dossiers may be opened; opening one is a POST that is kept."""
    from reads.views.dossiers import panel_of

    request = context["request"]
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        **panel_of(request, shelf, task, case),
    }


@register.simple_tag
def dossier_places(task: ReadTask) -> list[Place]:
    """Return the dossiers that a read shows, with the version pinned for each."""
    return dossiers.places(task)
