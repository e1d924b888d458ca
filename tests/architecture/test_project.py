"""What holds for the code base as a whole."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

import psycopg2.errors
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client

from icro import processes
from icro.celery import app as celery_app
from icro.logs import without_personal_data

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("icro", *(name for name in settings.INSTALLED_APPS if (ROOT / name).is_dir()))


def own_python_files() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(processes.sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    said = io.StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=said)
    except SystemExit:
        pytest.fail(said.getvalue())


def test_no_two_modules_are_called_after_nothing() -> None:
    vague = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert [path for path in own_python_files() if path.name in vague] == []


def test_a_posted_signature_is_proved_in_one_place() -> None:
    # The interface for machines carries the digest in JSON; the demonstration plays people.
    allowed = {"accounts/signing.py", "reads/api.py", "projects/demonstration/cast.py"}
    calls = re.compile(r"(?<!def )(?<![.\w])prove\(")
    found = {
        str(path.relative_to(ROOT))
        for path in own_python_files()
        if calls.search(path.read_text(encoding="utf-8"))
    }
    assert found == allowed


def test_every_scheduled_task_exists() -> None:
    celery_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled <= set(celery_app.tasks)


def test_work_is_acknowledged_late_and_carried_as_json() -> None:
    assert celery_app.conf.task_acks_late is True
    assert celery_app.conf.task_reject_on_worker_lost is True
    assert celery_app.conf.worker_prefetch_multiplier == 1
    assert celery_app.conf.accept_content == ["json"]
    assert celery_app.conf.task_serializer == "json"


def test_the_locked_requirements_name_no_address_and_hash_every_package() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text, path.name
        pinned = re.findall(r"^[\w.\[\],-]+==.*$", text, flags=re.MULTILINE)
        assert pinned
        assert all(line.endswith("\\") for line in pinned), path.name


def test_django_talks_through_psycopg2_alone() -> None:
    locked = (ROOT / "requirements" / "dev.txt").read_text()
    assert re.search(r"^psycopg2-binary==", locked, flags=re.MULTILINE)
    assert not re.search(r"^psycopg(\[|==|-binary==)", locked, flags=re.MULTILINE)


@pytest.mark.django_db
def test_the_suite_works_with_the_rights_of_the_application() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("icro_app",)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "DROP TABLE django_migrations",
        "ALTER TABLE django_migrations DISABLE TRIGGER ALL",
        "TRUNCATE django_migrations",
        "DELETE FROM django_migrations",
        "CREATE ROLE other",
    ],
)
def test_the_application_cannot_change_the_schema(statement: str) -> None:
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute(statement)
    assert isinstance(caught.value.__cause__, psycopg2.errors.InsufficientPrivilege)


@pytest.mark.django_db(transaction=True)
def test_the_platform_says_that_it_is_alive_and_ready(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {
        "status": "ready",
        "checks": {"database": "ok", "migrations": "ok", "broker": "ok"},
    }


@pytest.mark.django_db
def test_every_answer_carries_the_security_headers(client: Client) -> None:
    headers = client.get("/healthz").headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.django_db
def test_the_interface_answers_failures_as_problem_details(client: Client) -> None:
    for path, status in (("/api/v1/nothing-here/", 404), ("/api/schema/", 401)):
        response = client.get(path)
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/problem+json"
        body = response.json()
        assert body["status"] == status
        assert body["instance"] == f"urn:request:{response.headers['X-Request-ID']}"


def test_log_lines_lose_addresses_and_queries() -> None:
    line = "login of a.person+x@site.example.org from 192.0.2.17 at /find?name=Doe failed"
    assert without_personal_data(line) == "login of [e-mail] from [address] at /find?[…] failed"
