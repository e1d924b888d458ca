"""How many questions a page asks the database, on a quick machine and on a slow one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import sessions


@contextmanager
def counted() -> Iterator[CaptureQueriesContext]:
    """Collect what is asked inside, but for the note when a session was seen.

    That note is due every twenty seconds: a page that was slow to come, or much that was made
    between two looks, would add its questions. The session is to be noted before: by a look.
    """
    with patch.object(sessions, "GRAIN", math.inf), CaptureQueriesContext(connection) as asked:
        yield asked
