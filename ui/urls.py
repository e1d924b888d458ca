"""The style guide exists where no real records are made: in development and in tests."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, path

from ui import views

urlpatterns: list[URLPattern] = []

if settings.ICRO_ENV in ("dev", "test"):
    urlpatterns = [
        path("style-guide/", views.style_guide, name="style-guide"),
        path("style-guide/stacks.json", views.stacks, name="style-guide-stacks"),
        path(
            "style-guide/slice/<int:pane>/<int:position>/<slug:window>.svg",
            views.slice_picture,
            name="style-guide-slice",
        ),
        path("style-guide/<slug:page>/", views.style_guide, name="style-guide-page"),
    ]
