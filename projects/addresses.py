"""Addresses of pages by the name of their URL."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

#: pages over all studies of a person: their address names no study
OVER_ALL_STUDIES = frozenset({"home", "site-home", "user-list", "system-page"})


def address(name: str, *args: object) -> str:
    """Return the address of a page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return "#"


def start_address(name: str, study_code: str) -> str:
    """Return the address of a page of a study, or of one over all studies."""
    return address(name) if name in OVER_ALL_STUDIES else address(name, study_code)
