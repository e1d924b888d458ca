"""The test database: made once as the owner, copied for each process, used as the application.

The original is made of the models, which takes a tenth of the time of all migrations;
``tests/architecture/test_migrations.py`` proves that the migrations make the same database. It is
kept in the test cluster under the digest of the code that shapes a database (models, migrations,
states, guards) and reused until that code changes.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase

from icro.devstack import Stack
from tests.plugins import runs
from tests.settings import RUN

APPS = (
    "ui",
    "audit",
    "accounts",
    "studies",
    "queries",
    "imaging",
    "clinical",
    "reads",
    "exports",
    "projects",
)
ROLES = {"default": "icro_app", "owner": "icro_owner"}
SHAPING = ("models/**/*.py", "models.py", "migrations/*.py", "workflows.py", "apps.py")
SHAPING_BELOW = ("audit/*.py", "studies/scoping.py", "accounts/permissions.py")
KEPT_ORIGINALS = 4

_kept_tables: set[str] = set()
_started: list[Stack] = []


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The running PostgreSQL and Valkey of the test suite."""
    runs.STACK.start()
    _started.append(runs.STACK)
    return runs.STACK


@pytest.fixture(scope="session")
def django_db_setup(
    stack: Stack, django_test_environment: None, django_db_blocker: Any
) -> Iterator[None]:
    """Make this process's database; tests then run as the application's role."""
    with django_db_blocker.unblock():
        with _originals_locked():
            original = _original(stack)
            _superuser(stack, f'DROP DATABASE IF EXISTS "{RUN.database}" WITH (FORCE)')
            _superuser(
                stack, f'CREATE DATABASE "{RUN.database}" TEMPLATE "{original}" OWNER icro_owner'
            )
        for alias in ROLES:
            connections[alias].close()
            settings.DATABASES[alias]["NAME"] = RUN.database
            connections[alias].settings_dict["NAME"] = RUN.database
        _take_role(ROLES)
        _kept_tables.update(tables_with_rows())
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        _superuser(stack, f'DROP DATABASE IF EXISTS "{RUN.database}" WITH (FORCE)')


@pytest.fixture
def as_owner(django_db_setup: None) -> Any:
    """A context in which the default connection acts as the owning role."""

    @contextlib.contextmanager
    def acting() -> Iterator[Any]:
        with connections["default"].cursor() as cursor:
            cursor.execute("SET ROLE icro_owner")
            try:
                yield cursor
            finally:
                cursor.execute("RESET ROLE")

    return acting


@pytest.fixture(autouse=True)
def _empty_broker_and_cache() -> Iterator[None]:
    """Forget messages and cached values after each test, if a server runs at all."""
    yield
    if not _started:
        return
    # The bindings stay: kombu declares them once per connection.
    left = [key for key in _broker().scan_iter(count=1000) if not key.startswith(b"_kombu.binding")]
    if left:
        _broker().delete(*left)


@functools.cache
def _broker() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


def _originals_locked() -> contextlib.AbstractContextManager[None]:
    @contextlib.contextmanager
    def locked() -> Iterator[None]:
        with (runs.FOLDER / "originals.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    return locked()


def _original(stack: Stack) -> str:
    name = f"original_{_code_digest()}"
    present = _superuser(
        stack, "SELECT datname FROM pg_database WHERE datname LIKE 'original%' ORDER BY oid DESC"
    )
    if (name,) in present:
        return name
    for (stale,) in present[KEPT_ORIGINALS - 1 :]:
        _superuser(stack, f'DROP DATABASE IF EXISTS "{stale}" WITH (FORCE)')
    building = f"{name}_building"
    _superuser(stack, f'DROP DATABASE IF EXISTS "{building}" WITH (FORCE)')
    _superuser(stack, f'CREATE DATABASE "{building}" OWNER icro_owner')
    _make_tables(building)
    _superuser(stack, f'ALTER DATABASE "{building}" RENAME TO "{name}"')
    return name


def _code_digest() -> str:
    digest = hashlib.sha256()
    paths = {path for app in APPS for part in SHAPING for path in (runs.ROOT / app).glob(part)}
    paths.update(path for part in SHAPING_BELOW for path in runs.ROOT.glob(part))
    paths.update((runs.ROOT / "icro/database").glob("*"))
    for path in sorted([*paths, runs.ROOT / "requirements" / "runtime.txt"]):
        digest.update(str(path.relative_to(runs.ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _make_tables(name: str) -> None:
    from django.apps import apps
    from django.core.management import call_command
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder
    from django.test import override_settings

    connection = connections["default"]
    connection.close()
    connection.settings_dict["NAME"] = name
    _take_role({"default": "icro_owner"})
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    for key, migration in MigrationLoader(connection).disk_migrations.items():
        # One that replaces others counts as applied where all of those do.
        for applied in (key, *migration.replaces):
            recorder.record_applied(*applied)
    with override_settings(MIGRATION_MODULES={one.label: None for one in apps.get_app_configs()}):
        call_command("migrate", database="default", run_syncdb=True, interactive=False, verbosity=0)
    connection.close()


def _take_role(roles: dict[str, str]) -> None:
    for alias, role in roles.items():
        connections[alias].close()
        connections[alias].settings_dict["OPTIONS"]["options"] = f"-c role={role}"


def _superuser(stack: Stack, statement: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(stack.connect(name="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def kept_tables() -> set[str]:
    """Return the tables whose rows belong to the migrated database, not to a test."""
    return _kept_tables


@functools.cache
def tables() -> tuple[str, ...]:
    """Return every table, by name."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return tuple(name for (name,) in cursor.fetchall())


def tables_with_rows() -> set[str]:
    """Return the tables that hold any row."""
    names = tables()
    connection = connections["default"]
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        question = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in names
        )
        filled = set()
        if question:
            cursor.execute(question)
            filled = {name for (name,) in cursor.fetchall()}
        cursor.execute("RESET ROLE")
    return filled


def _empty_tables(alias: str) -> None:
    """Delete every row that a test committed.

    Replica mode keeps the guards from firing; they stay in place for the next test. RESET ROLE
    returns to the role of the connection's options.
    """
    connection = connections[alias]
    if connection.needs_rollback or connection.in_atomic_block:
        connection.close()
    filled = tables_with_rows() - _kept_tables
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET lock_timeout = '20s'")
        for name in sorted(filled):
            cursor.execute(f'DELETE FROM "{name}"')
        cursor.execute("RESET lock_timeout")
        cursor.execute("RESET session_replication_role")
        cursor.execute("RESET ROLE")


def _teardown(self: TransactionTestCase) -> None:
    if "default" in self._databases_names(include_mirrors=False):
        _empty_tables("default")


TransactionTestCase._fixture_teardown = _teardown  # type: ignore[method-assign]
