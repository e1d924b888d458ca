"""A real installation: everything over TLS, nothing by default."""

from __future__ import annotations

from icro.settings.base import *  # noqa: F403
from icro.settings.base import ENVIRONMENT

SESSION_COOKIE_NAME = "__Host-sessionid"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = True
# Health probes come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
# Only a proxy that replaces the header may be trusted with it; without one, say BEHIND_TLS_PROXY=no
# and no forwarded header is believed.
if ENVIRONMENT.behind_tls_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
