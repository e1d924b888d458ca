"""The short way for programs that show a key: images are asked for and sent by the thousand.

Sessions, log-in pages, messages and forms are for browsers. A request with a key needs none of
them: its view asks for the key itself, with every request. Any other request goes the whole way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation

Answer = Callable[[HttpRequest], HttpResponse]
# What the middlewares for browsers would say: nothing of such an answer is a page.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class MachineDoor:
    """Answer DICOMweb, and the sending of single files, without what only browsers need."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer by the view alone where a key is shown and the view does not rely on a session."""
        found = _view(request) if _is_keyed(request) else None
        if found is None:
            return self.get_response(request)
        request.resolver_match = found
        with translation.override(translation.get_language_from_request(request)):
            response: Any = found.func(request, *found.args, **found.kwargs)
            if callable(getattr(response, "render", None)):
                response = response.render()
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response


def _is_keyed(request: HttpRequest) -> bool:
    path = request.path_info
    files = request.method == "PUT" or (request.method == "POST" and path.endswith("/files/"))
    known = path.startswith("/dicomweb/") or (files and path.startswith("/api/v1/studies/"))
    return known and request.headers.get("Authorization", "")[:7].lower() == "bearer "


def _view(request: HttpRequest) -> Any:  # Any: Django's ResolverMatch, or None
    try:
        found = resolve(request.path_info)
    except Resolver404:
        return None  # the whole way knows what to answer
    # A view that a browser's forms reach relies on the check of their tokens.
    return found if getattr(found.func, "csrf_exempt", False) else None
