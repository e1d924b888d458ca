"""Every address: the applications' pages, the interface for machines, the health probes."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import DefaultRouter

from icro import health, interface

APPS = (
    "ui",
    "accounts",
    "studies",
    "queries",
    "imaging",
    "clinical",
    "reads",
    "exports",
    "projects",
)


def pages() -> list[URLPattern | URLResolver]:
    """Return the pages of every application; each names its full address."""
    return [path("", include(f"{app}.urls")) for app in APPS if find_spec(f"{app}.urls")]


def api_router() -> DefaultRouter:
    """Return the router on which every application's ``api.py`` registers its resources."""
    router = DefaultRouter()
    router.root_view_name = "root"
    for app in APPS:
        if find_spec(f"{app}.api"):
            import_module(f"{app}.api").register(router)
    return router


urlpatterns = [
    path("", include("imaging.dicomweb.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/schema/", interface.Description.as_view(), name="api-schema"),
    path("api/v1/", include((api_router().urls, "api"))),
    *pages(),
]

handler400 = "icro.problems.bad_request"
handler403 = "icro.problems.permission_denied"
handler404 = "icro.problems.not_found"
handler500 = "icro.problems.server_error"
