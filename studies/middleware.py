"""Who acts during a request: the person, outside any study until a study view says which."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit.actors import Actor, acting
from studies.actors import ANONYMOUS, home_actor

Answer = Callable[[HttpRequest], HttpResponse]


class ActingPerson:
    """Name the acting person for everything that is written while a request is answered."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set ``request.actor`` and answer inside the act."""
        request.actor = self._actor(request)  # type: ignore[attr-defined]
        with acting(request.actor):  # type: ignore[attr-defined]
            return self.get_response(request)

    def _actor(self, request: HttpRequest) -> Actor:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return ANONYMOUS
        return home_actor(user, **trace_of(request))


def trace_of(request: HttpRequest) -> dict[str, str]:
    """Return the request's address and id as the trail keeps them.

    The peer's own address is kept: a forwarded header from outside proves nothing.
    """
    return {
        "address": request.META.get("REMOTE_ADDR", "") or "",
        "request_id": getattr(request, "request_id", "") or "",
    }
