"""What every request passes: a name for its log lines, and headers for its answer."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from icro.logs import request_id

Answer = Callable[[HttpRequest], HttpResponse]
WELL_FORMED = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestIdentity:
    """Give each request an id, which its log lines, its error page and its answer show."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the id; one given by a proxy is kept when it is well formed."""
        given = request.headers.get("X-Request-ID", "")
        name = given if WELL_FORMED.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(name)
        request.request_id = name  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = name
        return response


class SecurityHeaders:
    """Headers that Django does not set itself."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; pages and data of a person who is logged in are never stored on the way."""
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response
