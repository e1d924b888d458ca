"""Viewers that are served elsewhere: which of them a browser lets read DICOMweb (Fetch, CORS).

Nothing is allowed unless the installation names the origins of its viewers. A named one may read
with a key; the log-in of a browser is never lent to another origin (no credentials).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

Answer = Callable[[HttpRequest], HttpResponse]
PATH: Final = "/dicomweb/"
ASKED: Final = "Authorization, Accept, If-None-Match"
SHOWN: Final = "ETag, Content-Length, Content-Location, Warning"
A_DAY: Final = "86400"


class ViewerOrigins:
    """Answer the questions that a browser asks before a named viewer reads, and mark answers."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let a request through; say who may read the answer where the origin is a named one."""
        origin = request.headers.get("Origin", "")
        if not request.path_info.startswith(PATH) or origin not in settings.DICOMWEB_ORIGINS:
            return self.get_response(request)
        asked_first = "Access-Control-Request-Method" in request.headers
        if request.method == "OPTIONS" and asked_first:
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = "GET, HEAD"
            response["Access-Control-Allow-Headers"] = ASKED
            response["Access-Control-Max-Age"] = A_DAY
        else:
            response = self.get_response(request)
            response["Access-Control-Expose-Headers"] = SHOWN
        response["Access-Control-Allow-Origin"] = origin
        patch_vary_headers(response, ("Origin",))
        return response
