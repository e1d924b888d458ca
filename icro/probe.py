"""A health check for containers: ask the web process of this container how it is.

usage: ``python -m icro.probe [/healthz|/readyz]``
"""

from __future__ import annotations

import http.client
import os
import sys

OK = 200


def main(arguments: list[str]) -> int:
    """Return 0 when the web process answers with success."""
    # The platform answers only to the names that it was given.
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=5
    )
    try:
        connection.request("GET", (arguments or ["/healthz"])[0], headers={"Host": host})
        return 0 if connection.getresponse().status == OK else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
