"""The project: settings, addresses, processes. It knows every application; none knows it."""

from icro.celery import app as celery_app

__all__ = ["celery_app"]
