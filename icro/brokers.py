"""How Celery and the cache speak to the Redis-protocol server."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.serializers.json import DjangoJSONEncoder


def broker_url(redis_url: str) -> str:
    """Return Celery's spelling of a Redis address: only the one of a Unix socket differs."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={number}"


class JsonSerializer:
    """Cache values as JSON; a value that JSON cannot carry is refused when it is stored.

    Whole numbers stay bare, because the server counts with them itself.
    """

    def dumps(self, value: Any) -> bytes | int:  # Any: whatever the caller stores
        """Return what is sent to the server."""
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return json.dumps(value, cls=DjangoJSONEncoder).encode()

    def loads(self, data: bytes) -> Any:  # Any: whatever was stored
        """Return what was stored; tuples come back as lists."""
        return json.loads(data)
