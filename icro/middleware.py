"""What every request passes: a name for its log lines, readable text, headers for its answer."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from icro.logs import request_id

Answer = Callable[[HttpRequest], HttpResponse]
#: an escaped NUL; an even number of backslashes before it would make it a text about one
NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
DEEPEST_JSON = 200
TEXTS_IN_JSON = re.compile(rb'"(?:[^"\\]|\\.)*"')
BRACKETS = re.compile(rb"[][{}]")
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


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class ReadableText:
    """Refuse what no record can keep and nobody sends: the character NUL, JSON without a floor.

    PostgreSQL has no NUL. Paths, queries, forms and JSON are looked at; files and other bodies are
    their views' business.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 404 for such an address and 400 for such a query or form."""
        if "\0" in request.path_info:
            raise Http404
        if _holds_nul(request.GET):
            raise BadRequest
        if request.content_type == "application/json" and _is_bad_json(request):
            raise BadRequest
        if request.method == "POST" and request.content_type in FORMS and _holds_nul(request.POST):
            raise BadRequest
        return self.get_response(request)


def _is_bad_json(request: HttpRequest) -> bool:
    # Larger than memory may hold is refused by whoever reads it.
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return False
    return NUL_IN_JSON.search(request.body) is not None or _depth(request.body) > DEEPEST_JSON


def _depth(body: bytes) -> int:
    """Return how deep lists and objects lie in each other; a reader gives up at about 1,000."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST_JSON:
        return 0
    depth = deepest = 0
    for sign in BRACKETS.findall(TEXTS_IN_JSON.sub(b"", body)):
        depth += 1 if sign in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _holds_nul(given: QueryDict) -> bool:
    return any("\0" in name or any("\0" in one for one in held) for name, held in given.lists())


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
