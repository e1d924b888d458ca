"""Addresses of pages by the name of their URL."""

from __future__ import annotations

from django.urls import reverse

#: pages over all studies of a person: their address names no study
OVER_ALL_STUDIES = frozenset({"home", "site-home", "read-inbox", "adjudication-inbox"})


def address(name: str, *args: object) -> str:
    """Return the address of a page."""
    return reverse(name, args=args)


def start_address(name: str, study_code: str) -> str:
    """Return the address of a page of a study, or of one over all studies."""
    return address(name) if name in OVER_ALL_STUDIES else address(name, study_code)
