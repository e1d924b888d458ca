"""Logging: one line per event, JSON where machines read it, never personal data.

Log records carry ids, routes and outcomes. What a person typed, who they are and where they
connect from belongs to the audit trail, which has rules for reading it; the filter here is the
second fence for libraries that log such values on their own account.
"""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="")

EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# The machine's own addresses tell nothing about anybody.
ADDRESS = re.compile(r"\b(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}\b")
QUERY = re.compile(r"\?\S*")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029]")
# Attributes through which Django attaches the whole request to a record.
CARRIERS = ("request", "server_time", "scope")


def without_personal_data(text: str) -> str:
    """Return the text without e-mail addresses, network addresses and query strings."""
    text = EMAIL.sub("[e-mail]", text)
    text = ADDRESS.sub("[address]", text)
    return QUERY.sub("?[…]", text)


class Redact(logging.Filter):
    """Clean a record before any handler sees it, and name the request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always let the record pass, cleaned."""
        message = without_personal_data(str(record.getMessage()))
        record.msg = CONTROL.sub(lambda found: repr(found.group())[1:-1], message)
        record.args = None
        record.request_id = request_id.get()
        for name in CARRIERS:
            record.__dict__.pop(name, None)
        return True


class PlainTracebacks(logging.Formatter):
    """Readable lines; a traceback shows places, never the values of variables or messages."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name; Any: its tuple
        """Return the traceback with its messages cleaned."""
        return without_personal_data(super().formatException(ei))


class JsonLines(JsonFormatter):
    """One JSON object per line."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name; Any: its tuple
        """Return the traceback with its messages cleaned."""
        return without_personal_data(str(super().formatException(ei)))


def logging_settings(*, level: str, style: str) -> dict[str, Any]:
    """Return Django's LOGGING for a level and a style (``json`` or ``text``)."""
    formatter: dict[str, Any] = {
        "()": "icro.logs.JsonLines",
        "format": "{levelname}{name}{message}{request_id}",
        "style": "{",
        "timestamp": True,
        "rename_fields": {"levelname": "level", "name": "logger"},
    }
    if style == "text":
        formatter = {
            "()": "icro.logs.PlainTracebacks",
            "format": "{asctime} {levelname:<7} {name}: {message}",
            "style": "{",
            "datefmt": "%H:%M:%S",
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"redact": {"()": "icro.logs.Redact"}},
        "formatters": {"line": formatter},
        "handlers": {
            "line": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["redact"],
            },
        },
        "root": {"handlers": ["line"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": ["line"], "level": level, "propagate": False},
            # It logs the name and the address of who failed to log in; the audit trail has both.
            "axes": {"level": "ERROR"},
            # A line for every wake-up hides the others; the rows of jobs tell what was done.
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "pydicom": {"level": "ERROR"},
        },
    }
