"""The style guide: every part once, with invented data, in development and tests."""

from __future__ import annotations

import math
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from ui import samples
from ui.context import shell as frame_context
from ui.records import FormError, Link
from ui.shell import Band

PAGES = {
    "parts": ("Parts", "list"),
    "home": ("My work", "inbox"),
    "overview": ("Study overview", "layout-dashboard"),
    "matrix": ("Time points", "table"),
    "time-point": ("Subjects", "users"),
    "upload": ("Uploads and QC", "clipboard-check"),
    "query": ("Queries", "message-question"),
    "workbench": ("Assignments", "eye"),
    "signed-form": ("Documents", "file-certificate"),
}
SLICES = 80
WINDOWS = {"soft": "Soft", "lung": "Lung", "bone": "Bone"}
GREYS = {
    "soft": ("#8a8a8a", "#b9b9b9", "#0c0c0c", "#f4f4f4"),
    "lung": ("#e8e8e8", "#ffffff", "#3c3c3c", "#ffffff"),
    "bone": ("#4a4a4a", "#5c5c5c", "#000000", "#e0e0e0"),
}
BLINDED = Band(
    kind="blinded",
    title="Blinded reading",
    text="Case RD-4817 · Time point 3, follow-up · RECIST 1.1, charter v2.0",
    note="Blinding profile B-2",
)


@require_safe
def style_guide(request: HttpRequest, page: str = "parts") -> HttpResponse:
    """Show one page of the style guide."""
    if page not in PAGES:
        raise Http404
    band = BLINDED if page == "workbench" else None
    context: dict[str, Any] = {  # Any: the parts of a page differ in kind
        **frame_context(request),
        "s": samples,
        "shell": samples.shell(PAGES[page][0], band=band),
        "crumbs": (Link(label="ONC-2041", url="#study"), Link(label=PAGES[page][0], url="")),
        "page": Paginator(range(1, 133), 14).get_page(request.GET.get("page")),
        "errors": (
            FormError(text="Injected activity: enter MBq, for example 312", anchor="activity"),
            FormError(text="Injection time is after the scan start", anchor="injection"),
        ),
    }
    return render(request, f"ui/{page.replace('-', '_')}.html", context)


@require_safe
def stacks(request: HttpRequest) -> JsonResponse:
    """Describe two stacks for the viewer, in the form that every viewer endpoint answers."""

    def stack(pane: int) -> dict[str, Any]:  # Any: JSON
        def address(position: int, window: str) -> str:
            return reverse("style-guide-slice", args=[pane, position, window])

        return {
            "windows": {
                name: {"label": label, "slices": [address(i, name) for i in range(SLICES)]}
                for name, label in WINDOWS.items()
            },
            "positions": [-2.5 * i - 5 * pane for i in range(SLICES)],
        }

    panes = [
        {"title": title, "detail": "Abdomen, 2.5 mm", "corner": "RD-4817", "stack": stack(pane)}
        for pane, title in enumerate(["TP1 Baseline", "TP3 Current"])
    ]
    return JsonResponse({"panes": panes})


@require_safe
def slice_picture(request: HttpRequest, pane: int, position: int, window: str) -> HttpResponse:
    """Draw a slice of a body made of ellipses; it changes with the position."""
    if window not in WINDOWS or position >= SLICES:
        raise Http404
    tissue, organ, air, bone = GREYS[window]
    way = position / SLICES
    width = 190 + 20 * math.sin(math.pi * way)
    liver = 40 + 60 * way
    lesion = 6 + 10 * math.sin(math.pi * way) + 5 * pane
    body = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">'
        f'<rect width="512" height="512" fill="#000"/>'
        f'<ellipse cx="256" cy="256" rx="{width:.1f}" ry="150" fill="{tissue}"/>'
        f'<ellipse cx="185" cy="240" rx="{liver:.1f}" ry="{liver * 0.8:.1f}" fill="{organ}"/>'
        f'<ellipse cx="330" cy="215" rx="{70 - 40 * way:.1f}" ry="46" fill="{air}"/>'
        f'<circle cx="256" cy="350" r="26" fill="{bone}"/>'
        f'<ellipse cx="170" cy="240" rx="{lesion:.1f}" ry="{lesion * 0.75:.1f}" fill="{tissue}"/>'
        f"</svg>"
    )
    return HttpResponse(body, content_type="image/svg+xml")
