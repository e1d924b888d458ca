"""The WSGI entry of the web process."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "icro.settings")

application = get_wsgi_application()
# Every address with its view, loaded before the first request and not during it.
_addresses = get_resolver().url_patterns
