"""The hash chain over every append-only table: sealing in batches, and proving it.

A row's content is taken by PostgreSQL itself (``to_jsonb``), so what is sealed is what is stored.
Sealing needs one writer at a time: an advisory lock, taken in the worker, never in a request.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from audit.history import HistoryRow
from audit.models import ChainLink, SealedShape

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
    return [m for m in append_only_models() if m not in {ChainLink, SealedShape}]


def link_digest(previous: str, table: str, row_id: str, row_digest: str) -> str:
    """Return the digest of a link (SHA-256, hex)."""
    return hashlib.sha256(f"{previous}|{table}|{row_id}|{row_digest}".encode()).hexdigest()


# The names of the columns are part of a row's content, so a shape cannot be narrowed unseen.
_DIGEST = "encode(sha256(convert_to((to_jsonb(t) - %s::text[])::text, 'UTF8')), 'hex')"


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
        "AND NOT attisdropped ORDER BY attname",
        [f'"{table}"'],
    )
    return [name for (name,) in cursor.fetchall()]


def _shape(cursor: Any, table: str) -> SealedShape:
    columns = _columns(cursor, table)
    digest = hashlib.sha256("\n".join(columns).encode()).hexdigest()
    shape, _ = SealedShape.objects.get_or_create(
        table=table, digest=digest, defaults={"columns": columns}
    )
    return shape


def _names(model: type[models.Model]) -> tuple[str, str]:
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), quote(str(model._meta.pk.column))


def seal(limit: int = 5000) -> int:
    """Link rows that are not sealed yet; return how many. Safe to repeat and to run twice."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        _steady(cursor)
        previous = head()
        links = []
        for model in _sealed_models():
            table = model._meta.db_table
            for row_id, row_digest in _unsealed(cursor, model, limit):
                link = ChainLink(
                    table=table,
                    row_id=row_id,
                    row_digest=row_digest,
                    previous=previous,
                    digest=link_digest(previous, table, row_id, row_digest),
                )
                previous = link.digest
                links.append(link)
        shapes = {table: _shape(cursor, table) for table in {link.table for link in links}}
        for link in links:
            link.shape = shapes[link.table]
        ChainLink.objects.bulk_create(links, batch_size=1000)
        return len(links)


def _steady(cursor: Any) -> None:
    # Digests must not depend on the session's settings.
    cursor.execute("SET LOCAL TimeZone = 'UTC'")
    cursor.execute("SET LOCAL IntervalStyle = 'iso_8601'")
    cursor.execute("SET LOCAL extra_float_digits = 1")


def _unsealed(cursor: Any, model: type[models.Model], limit: int) -> list[tuple[str, str]]:
    table, key = _names(model)
    cursor.execute(
        f"SELECT t.{key}::text, {_DIGEST} FROM {table} t WHERE NOT EXISTS (SELECT FROM "
        f"audit_chainlink c WHERE c.table = %s AND c.row_id = t.{key}::text) "
        f"ORDER BY t.{key} LIMIT %s",
        [[], model._meta.db_table, limit],
    )
    return list(cursor.fetchall())


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
    breaks = _chain_breaks(expected_head)
    known = {model._meta.db_table: model for model in _sealed_models()}
    tables = set(ChainLink.objects.order_by().values_list("table", flat=True).distinct())
    with transaction.atomic(), connection.cursor() as cursor:
        _steady(cursor)
        for table in sorted(tables):
            if table in known:
                breaks += _row_breaks(cursor, known[table])
            else:
                breaks.append(Break(table, "", "the table is missing"))
    return breaks


def _chain_breaks(expected_head: str) -> list[Break]:
    breaks: list[Break] = []
    previous = GENESIS
    seen_head = expected_head in {"", GENESIS}
    for link in ChainLink.objects.order_by("seq").iterator(chunk_size=5000):
        want = link_digest(previous, link.table, link.row_id, link.row_digest)
        if link.previous != previous or link.digest != want:
            breaks.append(Break(link.table, link.row_id, f"link {link.seq} does not follow"))
        previous = link.digest
        seen_head = seen_head or link.digest == expected_head
    if not seen_head:
        breaks.append(Break("audit_chainlink", "", "a head that left the house is missing"))
    return breaks


def _row_breaks(cursor: Any, model: type[models.Model]) -> list[Break]:
    """Compare every sealed row of a table with its link, shape by shape, inside the database."""
    table, key = _names(model)
    name = model._meta.db_table
    now = set(_columns(cursor, name))
    breaks = []
    for shape in SealedShape.objects.filter(table=name).order_by("id"):
        later = sorted(now - set(shape.columns))
        cursor.execute(
            f"SELECT c.row_id, t.{key} IS NULL FROM audit_chainlink c "
            f"LEFT JOIN {table} t ON t.{key}::text = c.row_id "
            f"WHERE c.table = %s AND c.shape_id = %s "
            f"AND (t.{key} IS NULL OR c.row_digest <> {_DIGEST}) ORDER BY c.seq",
            [name, shape.pk, later],
        )
        breaks += [
            Break(name, row_id, "row is missing" if gone else "content changed after it was sealed")
            for row_id, gone in cursor.fetchall()
        ]
    return breaks


def head() -> str:
    """Return the newest digest of the chain."""
    link = ChainLink.objects.order_by("-seq").first()
    return link.digest if link else GENESIS
