"""All settings. The environment is read here and nowhere else; `.env.example` lists every name."""

from pathlib import Path

import environ
import structlog
from celery.schedules import crontab

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")
# Where `make run` left the addresses of its servers, so that commands beside it reach them.
env.read_env(BASE_DIR / env("JIEMA_DATA", default=".jiema") / "env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
# Former ones: what was signed or sealed under them is still read.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEBUG else [])
SITE_URL = env("SITE_URL", default="http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
# The shop is being worked on: pages and API say so, but for health, status and admin.
MAINTENANCE = env.bool("MAINTENANCE", default=False)
MAINTENANCE_RETRY_SECONDS = 120
# Where customers, and whoever finds a hole, write to: a mail address or the address of a page.
CONTACT = env("CONTACT", default="")

# Where the shop stands behind a proxy, how many of the right-most X-Forwarded-For entries are ours.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "jiema",
    "jiema.alarms",
    "jiema.status",
    "accounts",
    "accounts.wallet",
    "accounts.topups",
    "accounts.referrals",
    "accounts.vouchers",
    "catalog",
    "orders",
    "orders.webhooks",
]

MIDDLEWARE = [
    "jiema.api.middleware.ApiMiddleware",
    "jiema.site.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "jiema.status.middleware.StatusMiddleware",
    "jiema.site.middleware.MaintenanceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jiema.middleware.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sessions.SessionsMiddleware",
]

ROOT_URLCONF = "jiema.urls"
WSGI_APPLICATION = "jiema.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jiema.context.page",
            ]
        },
    }
]

# Connections live as long as their thread. The first statement of an API call runs without a health
# check and is repeated once on a dead connection (jiema.api.db), so that polling costs one statement.
DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASES["default"].update(
    ENGINE="django.db.backends.postgresql",
    CONN_MAX_AGE=None,
    CONN_HEALTH_CHECKS=True,
    ATOMIC_REQUESTS=False,
)
DATABASES["default"].setdefault("OPTIONS", {}).update(
    connect_timeout=3,
    options="-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s",
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "jiema.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "jiema",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.3},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
RATELIMIT_IP_META_KEY = "jiema.api.addresses.client_address"
# django-ratelimit knows only Django's own Redis back end, and ours is a child of it; an e-mail address is unique by
# a constraint that ignores case.
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.E003", "django_ratelimit.W001", "auth.W004"]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = env("EMAIL_VERIFICATION", default="mandatory")
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.referrals.forms.InvitationForm"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.partition(":")[0]
ACCOUNT_FORMS = {
    "login": "accounts.entrance.LoginForm",
    "signup": "accounts.entrance.SignupForm",
    "add_email": "accounts.entrance.ChangeEmailForm",
    "change_password": "accounts.entrance.ChangePasswordForm",
    "set_password": "accounts.entrance.SetPasswordForm",
    "reset_password": "accounts.entrance.ResetPasswordForm",
    "reset_password_from_key": "accounts.entrance.ResetPasswordKeyForm",
    "reauthenticate": "accounts.entrance.ReauthenticateForm",
}
MFA_ADAPTER = "accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "jiema"
# A code is taken one period early or late, too: clocks differ, and people type slowly.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "accounts.second_factor.CodeForm",
    "reauthenticate": "accounts.second_factor.CodeAgainForm",
    "activate_totp": "accounts.second_factor.FirstCodeForm",
    "add_webauthn": "accounts.second_factor.PasskeyForm",
    "edit_webauthn": "accounts.second_factor.PasskeyNameForm",
}

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
globals().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="jiema <noreply@localhost>")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("id", "Bahasa Indonesia"), ("ms", "Bahasa Melayu"), ("zh-hans", "简体中文")]
LANGUAGE_COOKIE_NAME = "lang"
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "accounts" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Straight from static/, without collectstatic: for laptops and tests.
STATIC_FROM_SOURCE = env.bool("STATIC_FROM_SOURCE", default=DEBUG)
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = STATIC_FROM_SOURCE
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if STATIC_FROM_SOURCE
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# The demo shop's upstream, and its gateway for top-ups that move no real money.
SANDBOX_URL = env("SANDBOX_URL", default="")
SANDBOX_GATEWAY = env.bool("SANDBOX_GATEWAY", default=DEBUG)
SANDBOX_GATEWAY_URL = env("SANDBOX_GATEWAY_URL", default="")
SANDBOX_GATEWAY_SECRET = env("SANDBOX_GATEWAY_SECRET", default="")

# Payment gateways: one is there when its keys are. Several webhook secrets are one being rotated.
STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRETS = env.list("STRIPE_WEBHOOK_SECRETS", default=[])
STRIPE_API_URL = env("STRIPE_API_URL", default="")
TRON_XPUB = env("TRON_XPUB", default="")
TRON_CONTRACT = env("TRON_CONTRACT", default="TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")
TRON_CONFIRMATIONS = env.int("TRON_CONFIRMATIONS", default=19)
TRONGRID_URL = env("TRONGRID_URL", default="https://api.trongrid.io")
TRONGRID_API_KEY = env("TRONGRID_API_KEY", default="")

# Transport security is on unless this is a laptop.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_NAME = "sessionid" if DEBUG else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        # The form of a top-up leads on to the gateway's page.
        "form-action": [
            "'self'",
            *(["https://checkout.stripe.com"] if STRIPE_SECRET_KEY else []),
            *([SANDBOX_GATEWAY_URL] if SANDBOX_GATEWAY_URL else []),
        ],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_EXPIRES = 60
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
# A gateway that hangs may keep two of them waiting; orders go on in the others.
CELERY_WORKER_CONCURRENCY = env.int("CELERY_CONCURRENCY", default=4)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
}
# Each task finds its work by a due time in the database: a lost message is picked up by the next tick.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "orders.sweep", "schedule": 3.0, "options": {"expires": 6}},
    "end-due-orders": {"task": "orders.end_due", "schedule": 5.0, "options": {"expires": 10}},
    "cancel-upstream": {"task": "orders.cancel_upstream", "schedule": 5.0, "options": {"expires": 10}},
    "forget-idempotency-keys": {"task": "orders.forget_idempotency_keys", "schedule": 3600.0},
    "roll-up-odds": {"task": "orders.roll_up_odds", "schedule": 60.0, "options": {"expires": 55}},
    "sync-catalogue": {"task": "catalog.sync", "schedule": 180.0, "options": {"expires": 170}},
    "check-books": {"task": "jiema.check_books", "schedule": 300.0, "options": {"expires": 290}},
    "check-all-books": {"task": "jiema.check_all_books", "schedule": crontab(hour=3, minute=17)},
    "send-webhooks": {"task": "webhooks.send", "schedule": 2.0, "options": {"expires": 4}},
    "tell-webhooks-off": {"task": "webhooks.tell_switched_off", "schedule": 60.0, "options": {"expires": 60}},
    "forget-webhooks": {"task": "webhooks.forget", "schedule": 3600.0},
    "follow-payments": {"task": "topups.follow", "schedule": 5.0, "options": {"expires": 10}},
    "handle-webhooks": {"task": "topups.handle_webhooks", "schedule": 5.0, "options": {"expires": 10}},
    "send-payouts": {"task": "topups.send_payouts", "schedule": 30.0, "options": {"expires": 30}},
    "mail-credits": {"task": "topups.mail_credits", "schedule": 10.0, "options": {"expires": 10}},
    "reconcile-payments": {"task": "topups.reconcile", "schedule": 600.0, "options": {"expires": 600}},
    "reconcile-all-payments": {"task": "topups.reconcile_whole", "schedule": crontab(hour=3, minute=47)},
    "watch": {"task": "jiema.watch", "schedule": 15.0, "options": {"expires": 15}},
    "record-status": {"task": "status.record", "schedule": crontab(), "options": {"expires": 50}},
    "read-balances": {"task": "jiema.read_balances", "schedule": 60.0, "options": {"expires": 60}},
    "low-balance": {"task": "accounts.low_balance", "schedule": 30.0, "options": {"expires": 30}},
    "write-key-uses": {"task": "accounts.write_key_uses", "schedule": 60.0, "options": {"expires": 60}},
    "mail-new-tokens": {"task": "accounts.mail_new_tokens", "schedule": 15.0, "options": {"expires": 15}},
}

API_AUTHENTICATOR = "accounts.selectors.find_caller"
API_SERVICE_CODES = "catalog.selectors.service_codes"
API_WINDOW_SECONDS = env.float("API_WINDOW_SECONDS", default=60.0)
API_READS_PER_WINDOW = env.int("API_READS_PER_WINDOW", default=60)
API_WRITES_PER_WINDOW = env.int("API_WRITES_PER_WINDOW", default=10)
API_ORDER_POLLS_PER_WINDOW = env.int("API_ORDER_POLLS_PER_WINDOW", default=60)
API_KEY_POLLS_PER_WINDOW = env.int("API_KEY_POLLS_PER_WINDOW", default=600)
API_FAILED_KEYS_PER_WINDOW = env.int("API_FAILED_KEYS_PER_WINDOW", default=30)

# How many threads of one process may wait for one provider at once; the others go on serving.
UPSTREAM_SEATS = env.int("UPSTREAM_SEATS", default=3)
# An account whose newest orders, this many within an hour, were nearly all cancelled waits (0 for no brake).
CANCEL_BRAKE_ORDERS = env.int("CANCEL_BRAKE_ORDERS", default=30)
CANCEL_BRAKE_PERCENT = env.int("CANCEL_BRAKE_PERCENT", default=90)

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "jiema",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "jiema.openapi.wrap_in_envelope",
    ],
    "ENUM_NAME_OVERRIDES": {"OrderStatusName": "orders.models.Status"},
}

# Who reads /metrics sends it as a Bearer token; without one nobody reads them, but on a laptop.
METRICS_TOKEN = env("METRICS_TOKEN", default="")

LOG_LEVEL = env("LOG_LEVEL", default="INFO")
_shared_processors: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.dev.ConsoleRenderer(colors=False) if DEBUG else structlog.processors.JSONRenderer(),
            "foreign_pre_chain": _shared_processors,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django.server": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
}
structlog.configure(
    processors=[
        *_shared_processors,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
