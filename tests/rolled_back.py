"""A block of database work that leaves nothing behind, for worlds that several tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def rolled_back() -> Iterator[None]:
    """Do the block in a transaction (or savepoint) and undo it.

    The block counts as a test's own, as Django's ``TestCase`` does it, so that durable
    transactions of the code under test may lie directly inside.
    """
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)
