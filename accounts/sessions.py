"""Sessions end on the server: after idling, after a day's work, with the account.

Both limits are settings of the installation and cannot be changed by a person (EU GMP Annex 11
draft 11.8; OWASP ASVS 7.3). What a person typed survives: forms are autosaved, and a log-in leads
back to the page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

Answer = Callable[[HttpRequest], HttpResponse]
STARTED, SEEN, NOTED = "icro_started", "icro_seen", "icro_noted"
#: the idle clock and the list of a person's sessions are written at most this often, seconds
GRAIN = 20


def way_back(request: HttpRequest) -> str:
    """Return where a person goes on after logging in again: the page, or the page of the form.

    What answers a form has nothing to show by itself.
    """
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    hosts = {request.get_host()}
    if not url_has_allowed_host_and_scheme(page, hosts, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(page)
    return parts.path + (f"?{parts.query}" if parts.query else "")


class SessionActivity:
    """Keep the list of a person's sessions: from where and when each was seen.

    The library's own middleware writes that row at every request. Here it is written when the
    session is new or comes from elsewhere, and else as often as the idle clock.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note the session where that is due, and answer."""
        if request.session.session_key and request.user.is_authenticated:
            now, comes_from = datetime.now(UTC).timestamp(), _origin(request)
            told, noted = request.session.get(NOTED, ("", 0.0))
            if told != comes_from or not 0 <= now - noted <= GRAIN:
                UserSession.objects.create_from_request(request)
                request.session[NOTED] = [comes_from, now]
        return self.get_response(request)


def _origin(request: HttpRequest) -> str:
    """Return a digest of the session's name, the address and the program it is used with."""
    agent = request.headers.get("User-Agent", "")
    parts = (request.session.session_key, get_adapter().get_client_ip(request), agent)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class SessionLimits:
    """End sessions that idled too long or began too long ago."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or send an ended session to the log-in page."""
        if request.user.is_authenticated:
            now = datetime.now(UTC).timestamp()
            started = request.session.setdefault(STARTED, now)
            seen = request.session.get(SEEN, now)
            if (
                now - seen > settings.SESSION_IDLE_SECONDS
                or now - started > settings.SESSION_ABSOLUTE_SECONDS
            ):
                return self._ended(request)
            # A page that asks by itself (a job card, the bell) must not keep a session alive.
            acted = now - seen > GRAIN and not request.headers.get("X-Background")
            if acted or SEEN not in request.session:
                request.session[SEEN] = now
        return self.get_response(request)

    def _ended(self, request: HttpRequest) -> HttpResponse:
        path = way_back(request)
        logout(request)
        if request.path.startswith("/api/") or request.headers.get("HX-Request"):
            response: HttpResponse = JsonResponse({"detail": _("Sign in again.")}, status=401)
            response["HX-Redirect"] = redirect_to_login(path, settings.LOGIN_URL).url
            return response
        messages.info(request, _("You were signed out after a pause. What you had saved is kept."))
        return redirect_to_login(path, settings.LOGIN_URL)
