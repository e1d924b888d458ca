"""The hash chain over every append-only table: sealing in batches, and proving it.

A row's content is taken by PostgreSQL itself (``to_jsonb``), so what is sealed is what is stored.
Sealing needs one writer at a time: an advisory lock, taken in the worker, never in a request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, models, transaction

from audit.history import HistoryRow
from audit.models import ChainLink

_LOCK = 7_301_945
GENESIS = "0" * 64


def append_only_models() -> list[type[models.Model]]:
    """Return every model whose rows are only ever added: histories and ``append_only`` models."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if issubclass(model, HistoryRow) or getattr(model, "append_only", False)
    ]


def _sealed_models() -> list[type[models.Model]]:
    return [m for m in append_only_models() if m is not ChainLink]


def link_digest(previous: str, table: str, row_id: str, row_digest: str) -> str:
    """Return the digest of a link (SHA-256, hex)."""
    return hashlib.sha256(f"{previous}|{table}|{row_id}|{row_digest}".encode()).hexdigest()


def _rows(model: type[models.Model], *, unsealed: bool, limit: int) -> Iterator[tuple[str, str]]:
    table = connection.ops.quote_name(model._meta.db_table)
    column = connection.ops.quote_name(str(model._meta.pk.column))
    missing = (
        f"WHERE NOT EXISTS (SELECT 1 FROM audit_chainlink c "
        f"WHERE c.table = %s AND c.row_id = t.{column}::text)"
        if unsealed
        else ""
    )
    sql = (
        f"SELECT t.{column}::text, encode(sha256(convert_to(to_jsonb(t)::text, 'UTF8')), 'hex') "
        f"FROM {table} t {missing} ORDER BY t.{column} LIMIT {int(limit)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [model._meta.db_table] if unsealed else [])
        yield from cursor.fetchall()


def seal(limit: int = 5000) -> int:
    """Link rows that are not sealed yet; return how many. Safe to repeat and to run twice."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return 0
            # Digests must not depend on the session's time zone or float settings.
            cursor.execute("SET LOCAL TimeZone = 'UTC'")
        head = ChainLink.objects.order_by("-seq").first()
        previous = head.digest if head else GENESIS
        links = []
        for model in _sealed_models():
            table = model._meta.db_table
            for row_id, row_digest in _rows(model, unsealed=True, limit=limit):
                digest = link_digest(previous, table, row_id, row_digest)
                links.append(
                    ChainLink(
                        table=table,
                        row_id=row_id,
                        row_digest=row_digest,
                        previous=previous,
                        digest=digest,
                    )
                )
                previous = digest
        ChainLink.objects.bulk_create(links, batch_size=1000)
        return len(links)


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the chain or a row does not match what was sealed."""

    table: str
    row_id: str
    what: str


def verify(expected_head: str = "") -> list[Break]:
    """Walk the chain and every sealed row; return what does not match (empty: all is well).

    Args:
        expected_head: a head that left the house earlier; it must still be in the chain.
    """
    breaks: list[Break] = []
    previous = GENESIS
    sealed: dict[tuple[str, str], str] = {}
    seen_head = not expected_head
    for link in ChainLink.objects.order_by("seq").iterator(chunk_size=5000):
        want = link_digest(previous, link.table, link.row_id, link.row_digest)
        if link.previous != previous or link.digest != want:
            breaks.append(Break(link.table, link.row_id, f"link {link.seq} does not follow"))
        previous = link.digest
        seen_head = seen_head or link.digest == expected_head
        sealed[(link.table, link.row_id)] = link.row_digest
    if not seen_head:
        breaks.append(Break("audit_chainlink", "", "a head that left the house is missing"))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL TimeZone = 'UTC'")
        for model in _sealed_models():
            table = model._meta.db_table
            for row_id, row_digest in _rows(model, unsealed=False, limit=2_000_000_000):
                want_row = sealed.pop((table, row_id), None)
                if want_row is not None and want_row != row_digest:
                    breaks.append(Break(table, row_id, "content changed after it was sealed"))
    breaks += [Break(table, row_id, "row is missing") for table, row_id in sealed]
    return breaks


def head() -> str:
    """Return the newest digest of the chain."""
    link = ChainLink.objects.order_by("-seq").first()
    return link.digest if link else GENESIS
