"""Context processor: the frame and the chosen colours of every page."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from ui.shell import shell_for

THEME_COOKIE = "icro_theme"
THEMES = ("light", "dark")


def shell(request: HttpRequest) -> dict[str, object]:
    """Give templates ``shell``, built when first asked for, and ``theme``."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "shell": SimpleLazyObject(partial(shell_for, request)),
        "theme": chosen if chosen in THEMES else THEMES[0],
    }
