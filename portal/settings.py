"""Settings, all from the environment.

`LEDGERPORT_ENV=development` supplies what a laptop needs. Production (the default) refuses to
start without its keys. Every variable is described in docs/operate.md.
"""

import os
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import get_language_info, to_language
from kombu import Exchange, Queue

import engines
from connections.platforms import PLATFORMS
from portal import logs, proxies

BASE_DIR = Path(__file__).resolve().parent.parent


def _secret(name: str, *, development: str | None = None) -> str:
    value = engines.configured(name) or (development if DEVELOPMENT else None)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. See docs/operate.md.")
    return value


def _own_secret(name: str, *, development: str) -> str:
    """Read what an installation must have of its own, not the one that everybody can read here."""
    value = _secret(name, development=development)
    if not DEVELOPMENT and development.rpartition(":")[2] in value.partition(",")[0]:
        raise ImproperlyConfigured(
            f"{name} is the one of the source code, which everybody knows: make your own. "
            "See docs/operate.md."
        )
    return value


MONTH, CENTURY = 31, 36_500


def _days(name: str, default: int) -> int:
    """Read a number of days between a month and a century."""
    value = os.environ.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{2,5}", value) or not MONTH <= int(value) <= CENTURY:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: it takes days, {MONTH} to {CENTURY}. See docs/operate.md."
        )
    return int(value)


DEVELOPMENT = os.environ.get("LEDGERPORT_ENV", "production") in {"development", "test"}
#: Where the fault rig leaves orders for this process to fail; production takes none.
CHAOS_ORDERS = os.environ.get("LEDGERPORT_CHAOS_ORDERS") if DEVELOPMENT else None
DEBUG = False  # pages never show our insides; errors are in the log

# Where we are
BASE_URL = _secret("LEDGERPORT_BASE_URL", development="http://127.0.0.1:8000").rstrip("/")
_base = urlsplit(BASE_URL)
SECURE = _base.scheme == "https"
ALLOWED_HOSTS = [_base.hostname or "", *os.environ.get("LEDGERPORT_EXTRA_HOSTS", "").split()]
if DEVELOPMENT:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]", "testserver"]
if os.environ.get("LEDGERPORT_TRUST_PROXY", "0") != "0":
    raise ImproperlyConfigured(
        "LEDGERPORT_TRUST_PROXY believes everybody: name your proxies in "
        "LEDGERPORT_TRUSTED_PROXIES instead. See docs/operate.md."
    )
try:
    TRUSTED_PROXIES = proxies.networks(os.environ.get("LEDGERPORT_TRUSTED_PROXIES", ""))
except ValueError as error:
    raise ImproperlyConfigured(
        f"LEDGERPORT_TRUSTED_PROXIES: {error}. See docs/operate.md."
    ) from error

# Keys
SECRET_KEY = _own_secret(
    "LEDGERPORT_SECRET_KEY",
    development="development-only-key-that-is-long-enough-for-checks-0123456789",
)
ENCRYPTION_KEYS = _own_secret(
    "LEDGERPORT_ENCRYPTION_KEYS", development="dev:bGVkZ2VycG9ydC1kZXZlbG9wbWVudC1rZXktMzJieXQ="
)

# Applications
INSTALLED_APPS = [
    "portal",
    "companies",
    "connections",
    "files",
    "sync",
    "link",
    "webhooks",
    "support",
    "notices",
    "api",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_htmx",
    *(["bench", "chaos"] if DEVELOPMENT else []),
]
MIDDLEWARE = [
    "portal.observed.ObservedMiddleware",  # sees what all others do
    "portal.middleware.LettingGoMiddleware",  # after all others are done with the database
    "portal.proxies.ProxyMiddleware",  # who asks, before anybody counts
    "django.middleware.security.SecurityMiddleware",
    "api.gateway.ApiMiddleware",
    "portal.middleware.StaticFilesMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.sessions.SessionLimitsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.PortalLoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.TimezoneMiddleware",
    "support.middleware.SupportMiddleware",  # runs the admin's views
    "companies.middleware.OrganizationMiddleware",  # runs the view: keep it last
]
ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
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
                "companies.context_processors.organization",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "portal.templatetags.ui",
            ],
        },
    }
]

# PostgreSQL is the truth
DATABASE_ROLE = "ledgerport_app"
POOLED = os.environ.get("LEDGERPORT_ENV") != "test"  # a pool's threads cost the tests seconds


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "DISABLE_SERVER_SIDE_CURSORS": True,  # safe behind a pooler in transaction mode
        # After a restart of PostgreSQL the pool still holds what was connected before: without a
        # look at each, as many requests fail as it holds, minutes after all is well again.
        "CONN_HEALTH_CHECKS": POOLED,
        "OPTIONS": {
            # Every statement runs as a role that owns nothing: row-level security binds it. Said
            # as the connection opens, because Django's own "assume_role" waits for the pool inside
            # the pool.
            "options": f"-c role={DATABASE_ROLE}",
            "connect_timeout": 10,
            **({"pool": {"min_size": 0, "max_size": 8, "timeout": 10}} if POOLED else {}),
            **query,
        },
    }


DATABASES = {"default": _database(_secret("DATABASE_URL", development=engines.database_url()))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis or Valkey is a doorbell
REDIS_URL = _secret("REDIS_URL", development=engines.redis_url())
CACHES = {
    "default": {
        "BACKEND": "portal.valkey.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "ledgerport",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# Celery carries ids only; leases and outcomes live in PostgreSQL
CELERY_BROKER_URL = engines.broker_url()
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 1500
CELERY_TASK_SOFT_TIME_LIMIT = 1380
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broker that is read-only, or has no memory left, refuses commands: that, too, passes.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,  # must exceed the hard time limit, or healthy tasks start twice
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "health_check_interval": 25,
}
# A web request never waits for a doorbell: the relay rings again.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
# A worker takes from its queues by turns. The bells of pulls have one of their own, so that however
# many there are, nothing else stands behind them. So have the clock's ticks: one that was not taken
# in time is worth nothing, since the next one looks again.
CELERY_TASK_DEFAULT_QUEUE = "work"
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), routing_key=name) for name in ("pulls", "work", "clock")
]
CELERY_TASK_ROUTES = {
    f"{app}.beat.*": {"queue": "clock", "routing_key": "clock"}
    for app in ("connections", "sync", "files", "notices", "webhooks", "api")
} | {"sync.tasks.run_connection": {"queue": "pulls", "routing_key": "pulls"}}
CELERY_BEAT_SCHEDULER = "portal.ticks:PersistentTicks"
CELERY_BEAT_SCHEDULE = {
    name: {"task": f"sync.beat.{task}", "schedule": seconds}
    for name, task, seconds in (
        ("queue-due-pulls", "queue_due_pulls", 1.0),
        ("ring-again", "ring_again", 5.0),
        ("recover-lost-pulls", "recover_lost_pulls", 5.0),
        ("ring-jobs-again", "ring_jobs_again", 5.0),
    )
} | {
    "ring-due-scans": {
        "task": "files.beat.ring_due_scans",
        "schedule": 60.0,
    },
    "sweep-orphans": {
        "task": "files.tasks.sweep_orphans",
        "schedule": 3600.0,
    },
    "look-for-lost-access": {
        "task": "notices.beat.look_for_lost_access",
        "schedule": 60.0,
    },
    "ring-waiting-alerts": {
        "task": "webhooks.beat.ring_waiting_alerts",
        "schedule": 60.0,
    },
    "look-for-disabled-consumers": {
        "task": "webhooks.beat.look_for_disabled_consumers",
        "schedule": 60.0,
    },
    "forget-old-deliveries": {
        "task": "webhooks.tasks.forget_old_deliveries",
        "schedule": 3600.0,
    },
    "reset-quotas": {
        "task": "api.beat.reset_quotas",
        "schedule": 60.0,
    },
    "forget-answers": {
        "task": "api.beat.forget_answers",
        "schedule": 600.0,
    },
    "look-for-idle-connections": {
        "task": "connections.beat.look_for_idle",
        "schedule": 900.0,
    },
    "look-for-lapses": {
        "task": "notices.beat.look_for_lapses",
        "schedule": 900.0,
    },
    "make-months": {
        "task": "portal.tasks.make_months",
        "schedule": 6 * 3600.0,
    },
    "look-for-failures": {
        "task": "notices.beat.look_for_failures",
        "schedule": 900.0,
    },
}

# How long what happened is kept, in days (see `portal.pruning`). Messages to endpoints, their
# attempts and what was missed have their own thirty: an event has to outlast them.
KEEP_PLATFORM_REQUESTS_DAYS = _days("LEDGERPORT_KEEP_PLATFORM_REQUESTS_DAYS", 90)
KEEP_EVENTS_DAYS = _days("LEDGERPORT_KEEP_EVENTS_DAYS", 396)
KEEP_PULLS_DAYS = _days("LEDGERPORT_KEEP_PULLS_DAYS", 396)

# Accounting platforms. A platform is reached at the vendor's own addresses unless a stand-in's is
# named here: `XERO_URL=http://127.0.0.1:4010`.
PLATFORM_URLS = {key: os.environ.get(f"{key.upper()}_URL", "").rstrip("/") for key in PLATFORMS}
# Customers type in where their own server is. It may lie in a private network only where the
# operator says so.
ALLOW_PRIVATE_ADDRESSES = (
    os.environ.get("LEDGERPORT_ALLOW_PRIVATE_ADDRESSES", "1" if DEVELOPMENT else "0") == "1"
)
# Webhooks go to ports 443 and 8443, and to those the operator names.
WEBHOOK_PORTS = frozenset(map(int, os.environ.get("LEDGERPORT_WEBHOOK_PORTS", "").split()))

# The sandbox accounting platform
SANDBOX_URL = os.environ.get("SANDBOX_URL", "").rstrip("/")
SANDBOX_CLIENT_ID = os.environ.get("SANDBOX_CLIENT_ID", "ledgerport")
SANDBOX_CLIENT_SECRET = os.environ.get("SANDBOX_CLIENT_SECRET", "")
SANDBOX_CONTROL_KEY = os.environ.get("SANDBOX_CONTROL_KEY", "")

# People
AUTH_USER_MODEL = "companies.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "portal.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "portal.signup.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Ledgerport] "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _base.scheme
MFA_ADAPTER = "portal.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Ledgerport"
MFA_TOTP_TOLERANCE = 1  # a telephone's clock may be half a minute off
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT  # http://localhost
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.console.EmailBackend"
        if DEVELOPMENT
        else "django.core.mail.backends.smtp.EmailBackend",
        **(
            {}
            if DEVELOPMENT
            else {
                "OPTIONS": {
                    "host": os.environ.get("SMTP_HOST", "localhost"),
                    "port": int(os.environ.get("SMTP_PORT", "587")),
                    "username": os.environ.get("SMTP_USER", ""),
                    "password": os.environ.get("SMTP_PASSWORD", ""),
                    "use_tls": True,
                    "timeout": 10,
                }
            }
        ),
    }
}
DEFAULT_FROM_EMAIL = os.environ.get("LEDGERPORT_FROM_EMAIL", "Ledgerport <no-reply@localhost>")

# Cookies and headers
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_IDLE_SECONDS = 60 * int(os.environ.get("LEDGERPORT_IDLE_MINUTES", "120"))
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = SECURE
# Load balancers and Prometheus stand beside us. The API refuses instead: a program that is sent on
# would go on showing its key to everybody.
SECURE_REDIRECT_EXEMPT = [r"^live$", r"^ready$", r"^metrics$", r"^api/"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# Time and language
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
#: The source, and every language with a compiled catalogue; a browser's wish decides among them.
LANGUAGES = [
    (LANGUAGE_CODE, "English"),
    *(
        (code, get_language_info(code)["name_local"])
        for catalog in sorted((BASE_DIR / "locale").glob("*/LC_MESSAGES/django.mo"))
        if (code := to_language(catalog.parts[-3])) != LANGUAGE_CODE
    ),
]
FORMAT_MODULE_PATH = ["portal.formats"]

# Static files: hashed names, served by whitenoise
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("LEDGERPORT_STATIC_ROOT") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Never below the web root: the portal itself hands them out, after asking who wants them.
    "files": {
        "BACKEND": "files.storage.DurableFileSystemStorage",
        "OPTIONS": {
            "location": os.environ.get("LEDGERPORT_FILES_ROOT") or engines.data_dir() / "files",
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEVELOPMENT
WHITENOISE_AUTOREFRESH = DEVELOPMENT

# The operator's virus scanner: a command that is given the path of an uploaded file
FILE_SCANNER = shlex.split(os.environ.get("LEDGERPORT_FILE_SCANNER", ""))

# What monitoring may ask: the web processes with a token, the others at a port of their own
METRICS_TOKEN = engines.configured("LEDGERPORT_METRICS_TOKEN") or ""
METRICS_PORT = int(os.environ.get("LEDGERPORT_METRICS_PORT") or 0)
METRICS_ADDRESS = os.environ.get("LEDGERPORT_METRICS_ADDRESS") or "127.0.0.1"
METRICS_DIR = os.environ.get("LEDGERPORT_METRICS_DIR")

# Where errors are told of besides the log
SENTRY_DSN = engines.configured("SENTRY_DSN") or ""

# Logs: one line each, never a secret (Secret values do not print themselves)
LOG_FORMAT = os.environ.get("LEDGERPORT_LOG_FORMAT") or ("text" if DEVELOPMENT else "json")
if LOG_FORMAT not in logs.FORMATS:
    raise ImproperlyConfigured(
        f"LEDGERPORT_LOG_FORMAT is {LOG_FORMAT!r}, not one of: {', '.join(logs.FORMATS)}. "
        "See docs/operate.md."
    )
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "portal.logs.JsonLine"}, "text": {"()": "portal.logs.TextLine"}},
    "filters": {"tokens": {"()": "portal.logs.WithoutTokens"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["tokens"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # These had handlers of their own before the application was loaded.
        **{name: {"handlers": [], "propagate": True} for name in ("uvicorn", "uvicorn.error")},
        # Whatever the server was told: a Link URL in it would be a key left lying about. Unnamed it
        # would be opened again as a child of the one above.
        "uvicorn.access": {"handlers": [], "propagate": False},
    },
}
