"""The test suite and the processes that it starts; ``tests/settings.py`` adds pytest's own part."""

from __future__ import annotations

from icro.settings.base import *  # noqa: F403
from icro.settings.base import STORAGES

DEBUG = False
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
# No hashed names: they would need `collectstatic` before the first page.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# A killed worker's message comes back within a test's patience.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 5}
