"""The environment is judged as a whole, and production refuses what is only fit for play."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from icro.brokers import JsonSerializer, broker_url
from icro.settings.environment import database_from_url, read_environment

GOOD_PRODUCTION = {
    "ICRO_ENV": "production",
    "SECRET_KEY": "q7Vd0zJp2mXw9LrT4sYb6NcKf1HgAe3Ui8Ox5RvBnZtMlPkWjQ",
    "DATABASE_URL": "postgresql://icro_app:a-secret@db.example.org:5432/icro?sslmode=verify-full",
    "MIGRATE_DATABASE_URL": "postgresql://icro_owner:another@db.example.org:5432/icro",
    "REDIS_URL": "rediss://:secret@broker.example.org:6379/0",
    "DATA_DIR": "/srv/icro/data",
    "KEYS_DIR": "/srv/icro-keys",
    "ALLOWED_HOSTS": "imaging.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://imaging.example.org",
    "EMAIL_URL": "smtp+tls://mailer:secret@mail.example.org:587",
    "DEFAULT_FROM_EMAIL": "imaging@example.org",
}


def problems_of(**changes: str) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment({**GOOD_PRODUCTION, **changes})
    return str(caught.value)


def test_nothing_needs_to_be_given_to_develop() -> None:
    environment = read_environment({})
    assert environment.name == "dev"
    assert environment.database["USER"] == "icro_app"
    assert environment.migrate_database["USER"] == "icro_owner"
    assert environment.database["NAME"] == environment.migrate_database["NAME"] == "icro"


def test_a_complete_production_environment_is_accepted() -> None:
    environment = read_environment(GOOD_PRODUCTION)
    assert environment.debug is False
    assert environment.log_format == "json"
    assert environment.keys_dir == Path("/srv/icro-keys")
    assert environment.database["OPTIONS"] == {"sslmode": "verify-full"}


def test_an_empty_production_environment_names_every_missing_setting_at_once() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment({"ICRO_ENV": "production"})
    for name in (
        "SECRET_KEY",
        "DATABASE_URL",
        "MIGRATE_DATABASE_URL",
        "REDIS_URL",
        "DATA_DIR",
        "KEYS_DIR",
        "ALLOWED_HOSTS",
        "EMAIL_URL",
        "DEFAULT_FROM_EMAIL",
    ):
        assert f"{name} must be given in production." in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY needs at least 50 random characters."),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY needs at least 50 random characters."),
        ({"DEBUG": "yes"}, "DEBUG must be off in production."),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name the hosts"),
        ({"CSRF_TRUSTED_ORIGINS": "http://imaging.example.org"}, "must all begin with https"),
        ({"DICOMWEB_ORIGINS": "http://viewer.example.org"}, "must all begin with https"),
        ({"DICOMWEB_ORIGINS": "https://viewer.example.org/app"}, "are origins such as"),
        ({"DICOMWEB_ORIGINS": "https://*.example.org"}, "are origins such as"),
        ({"KEYS_DIR": "/srv/icro/data/keys"}, "KEYS_DIR must lie outside DATA_DIR"),
        ({"EMAIL_URL": "consolemail://"}, "EMAIL_URL must name a mail server."),
        (
            {"MIGRATE_DATABASE_URL": GOOD_PRODUCTION["DATABASE_URL"]},
            "must use different roles",
        ),
        (
            {"MIGRATE_DATABASE_URL": "postgresql://icro_owner@db.example.org:5432/other"},
            "must name the same database",
        ),
    ],
)
def test_production_refuses_what_is_insecure(changes: dict[str, str], complaint: str) -> None:
    assert complaint in problems_of(**changes)


def test_all_problems_come_together() -> None:
    text = problems_of(DEBUG="perhaps", LOG_LEVEL="loud", STORAGES="[", REDIS_URL="amqp://x")
    assert text.count("\n  - ") == 4


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("sqlite:///db.sqlite3", "only PostgreSQL is supported"),
        ("mysql://icro_app@host/icro", "only PostgreSQL is supported"),
        ("postgresql://host/icro", "needs a role and a database name"),
        ("postgresql://icro_app@host/", "needs a role and a database name"),
    ],
)
def test_a_database_must_be_postgresql_with_role_and_name(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        database_from_url(url)


def test_a_password_with_reserved_characters_is_decoded() -> None:
    assert database_from_url("postgres://icro_app:p%40ss%2Fw@host:6543/icro") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "icro",
        "USER": "icro_app",
        "PASSWORD": "p@ss/w",
        "HOST": "host",
        "PORT": "6543",
        "OPTIONS": {},
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
    }


def test_storages_can_be_given_one_by_one() -> None:
    given = '{"research": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {}}}'
    environment = read_environment({"STORAGES": given})
    assert list(environment.storages) == ["research"]


def test_celery_spells_the_address_of_a_unix_socket_in_its_own_way() -> None:
    assert broker_url("unix:///run/v.sock?db=7") == "redis+socket:///run/v.sock?virtual_host=7"
    assert broker_url("redis://broker:6379/2") == "redis://broker:6379/2"


def test_cached_values_are_json_and_counters_stay_bare() -> None:
    serializer = JsonSerializer()
    assert serializer.dumps(3) == 3
    assert serializer.dumps({"a": [1, None]}) == b'{"a": [1, null]}'
    assert serializer.loads(b'{"a": [1, null]}') == {"a": [1, None]}
    with pytest.raises(TypeError):
        serializer.dumps(object())
