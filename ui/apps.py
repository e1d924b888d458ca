"""The look of the platform as a Django application, the bottom layer."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Frame, palette, tags and components."""

    name = "ui"
    verbose_name = "Look"
