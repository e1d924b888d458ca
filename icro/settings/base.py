"""Settings that hold everywhere; the environment's values come from ``environment.py``."""

from __future__ import annotations

import os
from typing import Any

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF

from icro.brokers import broker_url
from icro.logs import logging_settings
from icro.settings.environment import BASE_DIR, read_environment

ENVIRONMENT = read_environment(os.environ)

ICRO_ENV = ENVIRONMENT.name
DATA_DIR = ENVIRONMENT.data_dir
KEYS_DIR = ENVIRONMENT.keys_dir
SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.trusted_origins
DICOMWEB_ORIGINS = ENVIRONMENT.dicomweb_origins

# Invented dates belong to demonstrations and tests; a real record is made at its real instant.
CLOCK_SHIFT_ALLOWED = ICRO_ENV in ("demo", "test")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "simple_history",
    "django_htmx",
    "csp",
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
]

MIDDLEWARE = [
    "icro.middleware.RequestIdentity",
    "django.middleware.security.SecurityMiddleware",
    "icro.origins.ViewerOrigins",
    "icro.machines.MachineDoor",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "icro.middleware.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "icro.middleware.ReadableText",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sessions.SessionActivity",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.sessions.SessionLimits",
    "studies.middleware.ActingPerson",
    "icro.problems.RefusedAct",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "icro.urls"
WSGI_APPLICATION = "icro.wsgi.application"
APPEND_SLASH = True

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "ui.context.shell",
            ],
        },
    },
]

# --- Database --------------------------------------------------------------------------------
# "default" is the application's role, which owns nothing; "owner" is used by `migrate` alone.
DATABASES = {"default": ENVIRONMENT.database, "owner": ENVIRONMENT.migrate_database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "accounts.adapter.InvitedOnly"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "icro"
MFA_ADAPTER = "accounts.adapter.SealedSecrets"
MFA_FORMS = {
    "activate_totp": "accounts.secondfactor.Activate",
    "authenticate": "accounts.secondfactor.Authenticate",
    "reauthenticate": "accounts.secondfactor.Reauthenticate",
}
USERSESSIONS_TRACK_ACTIVITY = True  # by accounts.sessions.SessionActivity

# Lock-out: five failures of one account from one address, for half an hour.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.5
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "accounts.lockout.username_of"
AXES_SENSITIVE_PARAMETERS = ["password", "login"]

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE_SECONDS = 30 * 60
SESSION_ABSOLUTE_SECONDS = 12 * 60 * 60
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "icro.problems.stale_page"
CSRF_COOKIE_SAMESITE = "Lax"

# --- Background work -------------------------------------------------------------------------
REDIS_URL = ENVIRONMENT.redis_url
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_RESULT_BACKEND = None
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TASK_SOFT_TIME_LIMIT = 50 * 60
CELERY_TASK_TIME_LIMIT = 55 * 60
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # The reconciler publishes job rows again whose message or worker was lost.
    "reconcile": {"task": "audit.reconcile_jobs", "schedule": 5.0, "options": {"expires": 10}},
    "seal": {"task": "audit.seal", "schedule": crontab(minute="*/5"), "options": {"expires": 240}},
    # The whole chain over the trail is proved once a night, then every stored object.
    "prove": {
        "task": "projects.ask_for_proof",
        "schedule": crontab(hour=0, minute=30),
        "options": {"expires": 3600},
    },
    # Readers are reminded, and late reads escalated, by the clocks of each study's plan.
    "remind": {
        "task": "reads.ask_for_reminders",
        "schedule": crontab(minute=5),
        "options": {"expires": 1800},
    },
    "check_reads": {
        "task": "reads.ask_for_checks",
        "schedule": crontab(hour=2, minute=30),
        "options": {"expires": 3600},
    },
    # Re-reads for variability are made when their wash-out has passed.
    "read_again": {
        "task": "reads.ask_for_rereads",
        "schedule": crontab(hour=2, minute=15),
        "options": {"expires": 3600},
    },
    "sweep": {
        "task": "imaging.ask_for_sweep",
        "schedule": crontab(hour=1, minute=30),
        "options": {"expires": 3600},
    },
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "icro",
        # Never pickle: who can write to the cache could otherwise run code here.
        "OPTIONS": {"serializer": "icro.brokers.JsonSerializer"},
    },
}

# --- Files -----------------------------------------------------------------------------------
FILES = "django.core.files.storage.FileSystemStorage"
_local_storages: dict[str, dict[str, Any]] = {
    # identified arrivals, released images, and what is delivered lie apart, with own credentials
    "default": {"BACKEND": FILES, "OPTIONS": {"location": DATA_DIR / "files"}},
    "arrivals": {"BACKEND": FILES, "OPTIONS": {"location": DATA_DIR / "arrivals"}},
    "research": {"BACKEND": FILES, "OPTIONS": {"location": DATA_DIR / "research"}},
    "deliveries": {"BACKEND": FILES, "OPTIONS": {"location": DATA_DIR / "deliveries"}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STORAGES = _local_storages | ENVIRONMENT.storages
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
DATA_UPLOAD_MAX_NUMBER_FILES = 200

STATIC_URL = "/static/"
STATIC_ROOT = ENVIRONMENT.static_dir

# --- Language and time -----------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["icro.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Mail ------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.from_email
_mail = environ.Env.email_url_config(ENVIRONMENT.email_url)
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST = _mail["EMAIL_HOST"] or "localhost"
EMAIL_PORT = _mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _mail["EMAIL_FILE_PATH"] or None
EMAIL_TIMEOUT = 30

# --- What a browser may do ---------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-src": [NONE],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

# --- API -------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 100,
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "icro.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Imaging CRO platform",
    "DESCRIPTION": "The interface for machines; it obeys the same rules as the pages.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING = logging_settings(level=ENVIRONMENT.log_level, style=ENVIRONMENT.log_format)
