"""The Celery application.

Rows in PostgreSQL are the record of background work and the broker may lose everything: the
beat schedule only wakes the relay and the reconciler, which read those rows.
"""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "icro.settings")

app = Celery("icro")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _log_like_the_rest(**_: Any) -> None:  # Any: whatever Celery tells its receivers
    """Keep Celery from formatting log lines in its own way."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
