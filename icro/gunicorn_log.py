"""The web server's log lines, in the project's format."""

from __future__ import annotations

import logging.config
import os
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from icro.logs import logging_settings


class Logger(GunicornLogger):  # type: ignore[misc] # gunicorn ships no types
    """Log through the project's formatter; an access line names route and outcome, not people."""

    def setup(self, cfg: Any) -> None:  # Any: gunicorn's own settings object
        """Configure logging before the application is loaded."""
        self.error_log.propagate = self.access_log.propagate = True
        production = os.environ.get("ICRO_ENV") == "production"
        style = os.environ.get("LOG_FORMAT", "json" if production else "text")
        logging.config.dictConfig(
            logging_settings(level=os.environ.get("LOG_LEVEL", "INFO").upper(), style=style)
        )

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Write one line per answer: method, path without its query, status, milliseconds."""
        self.access_log.info(
            "%s %s %s %d ms",
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            resp.status.split()[0],
            request_time.total_seconds() * 1000,
        )
