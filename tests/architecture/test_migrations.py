"""The migrations, run as an operator runs them, make the database that the tests work in.

An application's first migration stands for all that it had before (``replaces``): an empty
database gets its tables at once, and one that has them sees nothing to do.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from icro.devstack import Stack
from tests.plugins import runs
from tests.plugins.database import APPS
from tests.settings import RUN

#: what a database consists of, by the system catalogues; each row begins with a name
PARTS = {
    "columns": """
        SELECT table_name, column_name, udt_name, is_nullable, column_default, is_identity,
               character_maximum_length, numeric_precision, numeric_scale
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """
        SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": """
        SELECT tablename, regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON')
        FROM pg_indexes WHERE schemaname = 'public'""",
    "triggers": """
        SELECT tgrelid::regclass::text, pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """
        SELECT proname, prosrc FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'audit%'""",
    "grants": """
        SELECT table_name, grantee, privilege_type
        FROM information_schema.role_table_grants WHERE table_schema = 'public'""",
    "column grants": """
        SELECT table_name, column_name, grantee, privilege_type
        FROM information_schema.role_column_grants WHERE table_schema = 'public'""",
    "kinds of rows": "SELECT app_label, model FROM django_content_type",
}


@pytest.fixture(scope="module")
def migrated(stack: Stack, django_db_setup: None) -> Iterator[str]:
    """Run every migration on an empty database and return its name."""
    name = f"{RUN.database}_migrated"
    with _as_superuser(stack, "postgres") as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" OWNER icro_owner')
    _migrate(stack, name)
    yield name
    with _as_superuser(stack, "postgres") as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _migrate(stack: Stack, name: str) -> str:
    """Migrate a database as an operator does; return what is said."""
    environment = {
        **os.environ,
        **RUN.process_environment(),
        "DJANGO_SETTINGS_MODULE": "icro.settings",
        "DATABASE_URL": stack.database_url("icro_app", name),
        "MIGRATE_DATABASE_URL": stack.database_url("icro_owner", name),
    }
    command = [sys.executable, "manage.py", "migrate", "--database=owner", "--no-input"]
    done = subprocess.run(
        command, cwd=runs.ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def _as_superuser(stack: Stack, name: str) -> Iterator[Any]:
    with contextlib.closing(stack.connect(name=name)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


@pytest.mark.slow
def test_the_migrations_make_the_database_that_the_tests_work_in(
    migrated: str, stack: Stack
) -> None:
    with _as_superuser(stack, migrated) as ours, _as_superuser(stack, RUN.database) as tested:
        for part, question in PARTS.items():
            ours.execute(question)
            tested.execute(question)
            made, worked_in = (_own(cursor.fetchall()) for cursor in (ours, tested))
            assert made - worked_in == set(), f"{part} that the migrations make alone"
            assert worked_in - made == set(), f"{part} that no migration makes"
            assert made, part


#: what an installation had applied, app by app, before its migrations became one
BEFORE = {
    "studies": ("0001_initial", "0002_phantom_plans"),
    "imaging": (
        "0001_initial",
        "0002_held_files_and_attachments",
        "0003_opened_archives",
        "0004_quality_control",
        "0005_site_cleaning_and_phantoms",
        "0006_doors_moves_consent",
        "0007_archive_index",
    ),
    "reads": (
        "0001_initial",
        "0002_readers_and_onboarding",
        "0003_variability_imports_questions_preliminary",
        "0004_readers_training_care",
        "0005_sessions_release_and_oversight",
        "0006_escalations_and_meetings",
    ),
}


def test_an_installation_that_applied_the_earlier_migrations_has_nothing_left_to_do(
    migrated: str, stack: Stack
) -> None:
    squashed = "app = %s AND name LIKE '0001\\_squashed\\_%%'"
    with _as_superuser(stack, migrated) as cursor:
        for app, names in BEFORE.items():
            cursor.execute(f"DELETE FROM django_migrations WHERE {squashed}", [app])
            assert cursor.rowcount == 1
            # Migrating an empty database records what the first migration stands for as well.
            cursor.execute(
                "SELECT array_agg(name ORDER BY name) FROM django_migrations WHERE app = %s"
                " AND name = ANY(%s)",
                [app, list(names)],
            )
            assert cursor.fetchone()[0] == sorted(names)
    assert "No migrations to apply." in _migrate(stack, migrated)
    with _as_superuser(stack, migrated) as cursor:
        for app in BEFORE:
            cursor.execute(f"SELECT count(*) FROM django_migrations WHERE {squashed}", [app])
            assert cursor.fetchone()[0] == 1


def _own(rows: list[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    # Libraries number the rows of some tables otherwise in their migrations than in their models.
    return {row for row in rows if row[0].strip('"').startswith(APPS)}
