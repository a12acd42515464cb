"""Every setting of Shipside. What differs between machines comes from environment variables; see docs/operations.md.

Importing this file has no side effects: it starts nothing, writes nothing, and connects to nothing.
"""

from email.headerregistry import Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from config import local_postgres
from config.mail import parse_mail_url
from config.postgresql import CONNECT_TIMEOUT
from web import logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")  # `make run` writes it for this machine; environment variables take precedence

DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data"))).expanduser().resolve()

SITE_NAME = env.str("SITE_NAME", default="Shipside")
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
SITE_OPERATOR = env.str("SITE_OPERATOR", default="")  # who runs the site, as /about/ names them
CONTACT_EMAIL = env.str("CONTACT_EMAIL", default="")  # where readers report errors
HTTPS = urlsplit(SITE_URL).scheme == "https"

SECRET_KEY = env.str("SECRET_KEY", default="only-for-debugging" if DEBUG else "")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # former keys, which still verify old links
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEBUG else [])

if missing := [name for name in ("SECRET_KEY", "ALLOWED_HOSTS") if not globals()[name]]:
    raise ImproperlyConfigured(
        f"Shipside cannot start in production without {' and '.join(missing)}. Set "
        f"{'it' if len(missing) == 1 else 'them'} in the environment (docs/operations.md), "
        "or DEBUG=true on your own machine."
    )

# The number of our own reverse proxies in front of gunicorn. Each appends one entry to X-Forwarded-For, and the nearest
# sets X-Forwarded-Proto. With 0, both headers could be forged and are ignored.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

# -- Apps and middleware ----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "web",
    "accounts",
    "tools",
    "reviews",
    "votes",
    "comparisons",
    "handovers",
    "catalog",
    "newsletter",
    "config.apps.ProjectConfig",
    "desk",  # after auth and allauth, whose admin pages it unregisters or replaces
    "config.apps.AdminSiteConfig",  # django.contrib.admin with our AdminSite
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "simple_history",
]

MIDDLEWARE = [
    "web.health.HealthMiddleware",  # before the host check and the redirect to HTTPS: load balancers know neither
    "config.metrics.MetricsMiddleware",  # around all that takes time
    "web.pages.PageMiddleware",  # around all that sets headers of public pages, which it stores and compresses
    "web.middleware.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "web.middleware.RequestRepairMiddleware",
    "config.staticfiles.StaticFilesMiddleware",
    "web.middleware.CompressionMiddleware",
    "web.middleware.ConditionalMiddleware",  # an ETag from the content, unless the view sets one
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "web.middleware.ErrorPageMiddleware",  # inside the two above, so that error pages have their headers
    "web.bodies.BodyMiddleware",  # before anything reads a form
    "django.contrib.sessions.middleware.SessionMiddleware",
    "web.middleware.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",  # who made a change
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["web.templates.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.messages.context_processors.messages",
                "django.contrib.auth.context_processors.auth",
                "web.context.site",
                "votes.made_up.context",
            ],
        },
    },
]

# -- Database ---------------------------------------------------------------------------------------------


def configure_database(url: str) -> dict[str, Any]:
    """Return the entry of DATABASES for a URL."""
    database: dict[str, Any] = env.db_url_config(url)
    # Each thread of the server keeps its connection for at most an hour, and checks it before it is used again.
    database |= {"ENGINE": "config.postgresql", "CONN_MAX_AGE": 3600, "CONN_HEALTH_CHECKS": True}
    options = database.setdefault("OPTIONS", {})
    # Parameters are bound by the server, and it prepares a statement that a connection has sent five times. That
    # accounts for half of the page's speed. Set false behind a transaction pooler that cannot do this, such as
    # PgBouncer before 1.24 as it is configured by default.
    if env.bool("DATABASE_PREPARE", default=True):
        options |= {"server_side_binding": True, "prepare_threshold": 5}
    # How soon a thread notices that PostgreSQL is gone if nothing says so: a dead machine or network
    # (config/postgresql).
    for option, value in {
        "connect_timeout": CONNECT_TIMEOUT,
        "tcp_user_timeout": CONNECT_TIMEOUT * 1000,  # milliseconds until what was sent must have arrived
        "keepalives_idle": 10,
        "keepalives_interval": 2,
        "keepalives_count": 3,
    }.items():
        options.setdefault(option, value)
    return database


# Without DATABASE_URL: the server that `make` runs in DATA_DIR. PostgreSQL 15 or newer.
DATABASES = {"default": configure_database(env.str("DATABASE_URL", default="") or local_postgres.url(DATA_DIR))}
DATABASES["default"]["TEST"] = {"NAME": "test_shipside"}
# Public pages may be rendered from a streaming replica of it (web/replica.py).
if replica_url := env.str("DATABASE_REPLICA_URL", default=""):
    DATABASES["replica"] = configure_database(replica_url)
    DATABASE_ROUTERS = ["web.replica.Router"]
SITE_REVISION_SQL = "votes.live.SITE"  # of an app that `web` does not import
# A request at the desk that waits longer than this for others, such as an import, answers 503 (web/locks.py).
LOCK_WAIT_SECONDS = env.float("LOCK_WAIT_SECONDS", default=3)
# In one process. The other threads stay free for readers, however many saves wait for an import.
MAX_WAITING_REQUESTS = max(1, env.int("WEB_THREADS", default=4) // 2)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Sign-in ----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
# NIST SP 800-63B-4: a minimum length and a blocklist, no composition rules, no periodic changes. 15 characters is its
# minimum for a password without a second factor, which Reviewers and Moderators may have.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.LengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "accounts.passwords.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.ContextValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 3600  # seconds; the email says a day
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"

# Everyone who may publish, and every superuser, needs a second factor to enter the desk (accounts/groups.py).
REQUIRE_MFA = env.bool("REQUIRE_MFA", default=not DEBUG)

SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12) * 3600  # from the last use
SESSION_DAYS = env.int("SESSION_DAYS", default=7)  # from sign-in, however much it is used (accounts/sessions.py)

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_EMAIL_VERIFICATION = "none"  # only administrators can set an address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # send no mail to unknown addresses; the page looks the same either way
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {"login": "accounts.forms.LoginForm", "reset_password": "accounts.forms.ResetPasswordForm"}
ACCOUNT_RATE_LIMITS = {
    # Failed attempts per client and per account; each second factor counts as a separate account.
    "login_failed": "10/m/ip,5/5m/key,50/d/key",
    "reset_password": "20/h/ip,5/h/key",
}

MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # as above: users cannot set their address
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1  # accept the previous and the next code too: phone clocks drift
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "accounts.forms.AuthenticateForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
}
MFA_RATE_LIMITS = {"webauthn_login": "10/m/ip", "webauthn_login_options": "30/m/ip"}

# -- Security ---------------------------------------------------------------------------------------------

SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
# Django's admin templates set the nonce on their inline scripts and styles.
ADMIN_CSP = SECURE_CSP | {
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "frame-src": [CSP.SELF],
}
# The desk shows previews beside its forms.
PREVIEW_CSP = SECURE_CSP | {"frame-ancestors": [CSP.SELF]}

# Never "no-referrer": browsers would send `Origin: null` with our own forms (web/http.py).
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "desk.csrf.fail"
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=HTTPS)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 3600 if HTTPS else 0)
# Both bind host names that may not be ours, and for a year: the operator has to ask for them.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # the two switches above are off on purpose
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
EDGE_SECONDS = env.int("EDGE_SECONDS", default=0)  # how long a proxy may cache a public page; 0: not at all

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes; the largest form is a tool with its reviews (web/bodies.py)
FILE_UPLOAD_HANDLERS: list[str] = []  # files are dropped unread, except by views that take them (web/bodies.py)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000  # a tool with 50 plans (12 fields each) and 100 facts (8 each), with headroom

SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True  # a reason may exceed 100 characters

# -- Time and language ------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False  # one language; dates and numbers are formatted in web/templatetags
FORMAT_MODULE_PATH = "config.formats"  # dates and times at the desk

# -- Files ------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(DATA_DIR / "media")))  # logos; tools/views.py serves them
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "config.staticfiles.CompressedOnceStorage"
    },
}
WHITENOISE_AUTOREFRESH = DEBUG

CACHES = {
    # Limits of sign-in and codes that were used: shared by all processes, and so in the database.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
        "KEY_FUNCTION": "web.cache_keys.hash_key",  # otherwise the keys would contain clients' addresses
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
}
# Whether a process caches editors' words and HTML (web/caching.py). Off while debugging: an edited template shows at
# once. `make bench-page` measures how fast pages are without it.
CACHE_CONTENT = not DEBUG
# The memory of each process for public pages that have not changed (web/pages.py). 0 stores none.
PAGE_MEMORY_MB = env.int("PAGE_MEMORY_MB", default=0 if DEBUG else 64)

# -- Mail -------------------------------------------------------------------------------------------------

_mail = parse_mail_url(env.str("MAIL_URL", default=""), data_dir=DATA_DIR)
MAILERS = {"default": _mail.mailer}
MAIL_PROVIDER = _mail.provider  # reports bounces (newsletter/views/reports.py)
ANYMAIL = _mail.anymail
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str(
    "MAIL_FROM", default=str(Address(SITE_NAME, addr_spec=f"hello@{urlsplit(SITE_URL).hostname}"))
)

# How often the reply to a sign-up is mailed (newsletter/signing_up.py).
NEWSLETTER_ADDRESS_PAUSE = env.int("NEWSLETTER_ADDRESS_PAUSE", default=600)  # seconds between two to one address
NEWSLETTER_PER_ADDRESS = env.int("NEWSLETTER_PER_ADDRESS", default=3)  # per day
NEWSLETTER_PER_NETWORK = env.int("NEWSLETTER_PER_NETWORK", default=20)  # per day
NEWSLETTER_PER_DAY = env.int("NEWSLETTER_PER_DAY", default=2_000)  # in total

# Workers (newsletter/worker.py). A lease is longer than sending takes; when it expires, another worker may take over.
NEWSLETTER_MAILS_PER_SECOND = env.float("NEWSLETTER_MAILS_PER_SECOND", default=0)  # all workers together; 0: no limit
NEWSLETTER_LEASE_SECONDS = env.int("NEWSLETTER_LEASE_SECONDS", default=300)
NEWSLETTER_RETRY_SECONDS = env.float(
    "NEWSLETTER_RETRY_SECONDS", default=60
)  # before the second attempt; later ones wait longer
NEWSLETTER_MAX_ATTEMPTS = env.int("NEWSLETTER_MAX_ATTEMPTS", default=8)

# What workers do beside sending mail, every few seconds: functions of apps that the newsletter does not import.
WORKER_JOBS = ["desk.pending.publishing.publish_due"]
WORKER_RUNS_DAILY = env.bool("WORKER_RUNS_DAILY", default=True)  # otherwise run `manage.py daily` (newsletter/daily.py)

# -- Logging ----------------------------------------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="lines")
if LOG_FORMAT not in logs.FORMATS:
    raise ImproperlyConfigured(f"LOG_FORMAT must be {' or '.join(logs.FORMATS)}, not {LOG_FORMAT!r}.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"site": {"()": "web.logs.make_formatter", "name": LOG_FORMAT}},
    "filters": {"one_line": {"()": "web.logs.OneLine"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "site"},
        "refusals": {"class": "logging.StreamHandler", "formatter": "site", "filters": ["one_line"]},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "django.request": {"level": "ERROR"},  # a 404 or 405 is an answer; who wants lines of them sets ACCESS_LOG
        "django.security": {"handlers": ["refusals"], "propagate": False},  # scanners send foreign Hosts all day
        # Warns about the missing body of every HEAD response.
        "gunicorn.http.wsgi": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        # Paths of written mail files, and the workers' progress.
        "web.mail_files": {"level": "INFO"},
        "newsletter": {"level": "INFO"},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}

# Where errors are reported, and how this site is called there (config/error_reports.py).
SENTRY_DSN = env.str("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", default="production")

METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # /metrics answers requests that send it (config/metrics.py)

POPULARITY_FLUSH_SECONDS = env.int("POPULARITY_FLUSH_SECONDS", default=60)  # per process (comparisons/reading)

# -- Display of numbers (see /methodology/) ----------------------------------------------------------------

COMMUNITY_EARLY_VOTES = env.int("COMMUNITY_EARLY_VOTES", default=10)  # from this many votes, a percent marked as early
COMMUNITY_FULL_VOTES = env.int("COMMUNITY_FULL_VOTES", default=50)  # from this many, a percent without that remark
STALE_AFTER_DAYS = env.int("STALE_AFTER_DAYS", default=90)  # a price or fact verified longer ago is flagged
LIKE_FOR_LIKE_DAYS = env.int("LIKE_FOR_LIKE_DAYS", default=90)  # newest reviews further apart are not like for like
PAIR_RANKING_VOTES = env.int("PAIR_RANKING_VOTES", default=100)  # categories with this many are ranked by pair votes

# -- Limits on votes (see /methodology/) --------------------------------------------------------------------

# A network is an IPv4 /24 or an IPv6 /56. Votes over a limit are held for a moderator; requests over theirs get a 429.
VOTES_PER_NETWORK_AND_TOOL = env.int("VOTES_PER_NETWORK_AND_TOOL", default=10)  # new votes on one tool per day
VOTES_PER_NETWORK = env.int("VOTES_PER_NETWORK", default=60)  # new votes per hour
VOTE_REQUESTS_PER_NETWORK = env.int("VOTE_REQUESTS_PER_NETWORK", default=300)  # requests per hour
BURST_VOTES = env.int("BURST_VOTES", default=20)  # a burst exceeds this many new votes on one tool per hour
BURST_TIMES = env.int("BURST_TIMES", default=6)  # and this multiple of its median hour over seven days
