"""A developer's machine and the demonstration."""

from __future__ import annotations

from icro.settings.base import *  # noqa: F403
from icro.settings.base import ICRO_ENV, STORAGES

INTERNAL_IPS = ["127.0.0.1"]

if ICRO_ENV == "dev":
    # Pages work without `collectstatic`.
    STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
    }
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = True
