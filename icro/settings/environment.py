"""What the environment says, read once, judged as a whole.

Every problem is reported together, so that an operator repairs a deployment in one pass.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from icro.devstack import Stack

BASE_DIR = Path(__file__).resolve().parents[2]
NAMES = ("demo", "dev", "test", "production")
KNOWN_WEAK_KEY = "only-for-development-and-demonstration-not-for-production"
SHORTEST_KEY = 50
FEWEST_CHARACTERS = 10
TRUE = ("1", "true", "yes", "on")
FALSE = ("0", "false", "no", "off", "")

Storages = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The settings an operator may give, with their defaults filled in."""

    name: str
    debug: bool
    secret_key: str
    data_dir: Path
    keys_dir: Path
    static_dir: Path
    database: dict[str, Any]
    migrate_database: dict[str, Any]
    redis_url: str
    storages: Storages
    allowed_hosts: list[str]
    trusted_origins: list[str]
    dicomweb_origins: list[str]
    email_url: str
    from_email: str
    log_level: str
    log_format: str
    behind_tls_proxy: bool


class Reader:
    """Read typed values out of a mapping and remember each one that is wrong."""

    def __init__(self, source: Mapping[str, str]) -> None:
        self.source = source
        self.problems: list[str] = []

    def text(self, key: str, default: str = "") -> str:
        """Return the value of ``key`` without surrounding blanks."""
        return self.source.get(key, "").strip() or default

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a yes-or-no value; anything else is a problem."""
        raw = self.source.get(key)
        if raw is None:
            return default
        if raw.lower() not in TRUE + FALSE:
            self.problems.append(f"{key} must be yes or no; it is {raw!r}.")
        return raw.lower() in TRUE

    def names(self, key: str, default: str = "") -> list[str]:
        """Return a comma-separated list."""
        return [part.strip() for part in self.text(key, default).split(",") if part.strip()]

    def database(self, key: str, default: str) -> dict[str, Any]:
        """Return Django's description of a PostgreSQL database."""
        try:
            return database_from_url(self.text(key, default))
        except ValueError as error:
            self.problems.append(f"{key}: {error}")
            return {"ENGINE": "django.db.backends.postgresql", "NAME": "icro"}

    def storages(self, key: str) -> Storages:
        """Return storages given as a JSON object of alias to backend and options."""
        try:
            value = json.loads(self.text(key, "{}"))
        except ValueError as error:
            self.problems.append(f"{key} is not JSON: {error}.")
            return {}
        if isinstance(value, dict) and all(
            isinstance(entry, dict) and isinstance(entry.get("BACKEND"), str)
            for entry in value.values()
        ):
            return value
        self.problems.append(f"{key} must map each alias to an object with a BACKEND.")
        return {}


def database_from_url(url: str) -> dict[str, Any]:
    """Turn ``postgresql://role:password@host:5432/name`` into Django's form.

    A Unix socket is given as a query: ``postgresql://role@/name?host=/folder``. Other query
    parts are options of libpq, such as ``sslmode``.

    Raises
    ------
    ValueError
        The scheme is not PostgreSQL's, or the database has no name or no role.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError("only PostgreSQL is supported (postgresql://role@host/name).")
    name, role = unquote(parts.path.lstrip("/")), unquote(parts.username or "")
    if not name or not role:
        raise ValueError("the address needs a role and a database name.")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": role,
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {**query},
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
    }


def read_environment(source: Mapping[str, str]) -> Environment:
    """Return the judged environment.

    Raises
    ------
    ImproperlyConfigured
        With every problem found, one per line.
    """
    reader = Reader(source)
    name = reader.text("ICRO_ENV", "dev")
    if name not in NAMES:
        reader.problems.append(f"ICRO_ENV must be one of {', '.join(NAMES)}; it is {name!r}.")
    environment = _fill(reader, name)
    reader.problems += _problems_of_values(environment)
    if name == "production":
        reader.problems += _production_problems(environment, source)
    if reader.problems:
        lines = "\n".join(f"  - {problem}" for problem in reader.problems)
        raise ImproperlyConfigured(f"The settings cannot be used:\n{lines}")
    return environment


def _fill(reader: Reader, name: str) -> Environment:
    default_dir = BASE_DIR / "var" / "test" if name == "test" else BASE_DIR / "var"
    data_dir = Path(reader.text("DATA_DIR", str(default_dir))).expanduser().absolute()
    stack = Stack(data_dir / "stack")
    production = name == "production"
    return Environment(
        name=name,
        debug=reader.flag("DEBUG", default=name == "dev"),
        secret_key=reader.text("SECRET_KEY", "" if production else KNOWN_WEAK_KEY),
        data_dir=data_dir,
        keys_dir=Path(reader.text("KEYS_DIR", str(data_dir / "keys"))).expanduser().absolute(),
        static_dir=Path(reader.text("STATIC_ROOT", str(data_dir / "static"))).absolute(),
        database=reader.database("DATABASE_URL", stack.database_url("icro_app")),
        migrate_database=reader.database("MIGRATE_DATABASE_URL", stack.database_url("icro_owner")),
        redis_url=reader.text("REDIS_URL", stack.redis_url()),
        storages=reader.storages("STORAGES"),
        allowed_hosts=reader.names("ALLOWED_HOSTS", "" if production else "*"),
        trusted_origins=reader.names("CSRF_TRUSTED_ORIGINS"),
        dicomweb_origins=reader.names("DICOMWEB_ORIGINS"),
        email_url=reader.text("EMAIL_URL", "" if production else f"filemail:///{data_dir}/mail"),
        from_email=reader.text("DEFAULT_FROM_EMAIL", "" if production else "icro@example.org"),
        log_level=reader.text("LOG_LEVEL", "INFO").upper(),
        log_format=reader.text("LOG_FORMAT", "json" if production else "text"),
        behind_tls_proxy=reader.flag("BEHIND_TLS_PROXY", default=production),
    )


def _problems_of_values(environment: Environment) -> list[str]:
    problems = []
    if environment.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        problems.append("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
    if environment.log_format not in ("json", "text"):
        problems.append("LOG_FORMAT must be json or text.")
    if urlsplit(environment.redis_url).scheme not in ("redis", "rediss", "unix"):
        problems.append("REDIS_URL must begin with redis, rediss or unix.")
    if any(urlsplit(origin).path or "*" in origin for origin in environment.dicomweb_origins):
        problems.append("DICOMWEB_ORIGINS are origins such as https://viewer.example.org.")
    same = ("HOST", "PORT", "NAME")
    app, owner = environment.database, environment.migrate_database
    if [app.get(key) for key in same] != [owner.get(key) for key in same]:
        problems.append("DATABASE_URL and MIGRATE_DATABASE_URL must name the same database.")
    if app.get("USER") and app.get("USER") == owner.get("USER"):
        problems.append(
            "DATABASE_URL and MIGRATE_DATABASE_URL must use different roles: "
            "the application may not own its tables."
        )
    return problems


REQUIRED_IN_PRODUCTION = (
    "SECRET_KEY",
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "REDIS_URL",
    "DATA_DIR",
    "KEYS_DIR",
    "ALLOWED_HOSTS",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
)


def _production_problems(environment: Environment, source: Mapping[str, str]) -> list[str]:
    problems = [
        f"{key} must be given in production."
        for key in REQUIRED_IN_PRODUCTION
        if not source.get(key, "").strip()
    ]
    key = environment.secret_key
    if key and (
        key == KNOWN_WEAK_KEY or len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_CHARACTERS
    ):
        problems.append("SECRET_KEY needs at least 50 random characters.")
    if environment.debug:
        problems.append("DEBUG must be off in production.")
    if any(host in ("*", ".") for host in environment.allowed_hosts):
        problems.append("ALLOWED_HOSTS must name the hosts; '*' is not allowed.")
    if any(not origin.startswith("https://") for origin in environment.trusted_origins):
        problems.append("CSRF_TRUSTED_ORIGINS must all begin with https.")
    if any(not origin.startswith("https://") for origin in environment.dicomweb_origins):
        problems.append("DICOMWEB_ORIGINS must all begin with https.")
    if environment.keys_dir.is_relative_to(environment.data_dir):
        problems.append(
            "KEYS_DIR must lie outside DATA_DIR: the keys of the originals may not be "
            "stored or backed up together with the originals."
        )
    if environment.email_url.startswith(("filemail:", "consolemail:", "memorymail:", "dummymail:")):
        problems.append("EMAIL_URL must name a mail server.")
    return problems
