"""Addresses of DICOMweb, which the project looks through first: they are asked most often."""

from __future__ import annotations

from django.urls import path, re_path

from imaging.dicomweb.views import dicomweb

urlpatterns = [
    re_path(
        r"^dicomweb/(?P<rest>(?:studies|series|instances)(?:/.*)?)$", dicomweb, name="dicomweb-own"
    ),
    path("dicomweb/<str:study_code>/<path:rest>", dicomweb, name="dicomweb"),
]
