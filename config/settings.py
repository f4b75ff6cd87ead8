"""Settings of every process. Only this file reads the environment; .env.example explains each variable."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.database import database_settings
from config.environment import env, page_address, read_dot_env
from config.logs import configure_logs
from config.production import refuse_unknown, refuse_unsafe
from embedded.credentials import read_or_create_secret
from embedded.paths import get_default_paths
from embedded.redis import EmbeddedCache, EmbeddedRedis

read_dot_env()

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = env.str("LOGGIA_ENV", "production")  # production, development or test
refuse_unknown(ENVIRONMENT)
IS_PRODUCTION = ENVIRONMENT == "production"
DATA_PATHS = get_default_paths()
DATA_DIR = DATA_PATHS.data

# Secrets and hosts ---------------------------------------------------------------------------------------
# In development a random secret is created once in the data directory; production requires one.
DEBUG = env.bool("DEBUG", ENVIRONMENT == "development")
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY and not IS_PRODUCTION:
    SECRET_KEY = read_or_create_secret(DATA_DIR / "secret-key")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Fernet keys for secrets at rest, newest first.
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[])
if not ENCRYPTION_KEYS and not IS_PRODUCTION:
    ENCRYPTION_KEYS = [
        base64.urlsafe_b64encode(hashlib.sha256(f"encryption {SECRET_KEY}".encode()).digest()).decode()
    ]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["*"])
# The port at which this server answers on its own machine.
OWN_PORT = env.int("PORT", 8000)
# The one address of the instance in links; script/server sets it from PORT. Required in production.
BASE_URL = env.str("BASE_URL", "" if IS_PRODUCTION else f"http://localhost:{OWN_PORT}").rstrip("/")
# What mails and authenticator apps call this instance.
INSTANCE_NAME = env.str("INSTANCE_NAME", "Loggia")
# Pages of the operator that the footer links to; empty ones are left out.
TERMS_URL = page_address(env.str("TERMS_URL", ""), name="TERMS_URL")
PRIVACY_URL = page_address(env.str("PRIVACY_URL", ""), name="PRIVACY_URL")
HELP_URL = page_address(env.str("HELP_URL", ""), name="HELP_URL")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL] if IS_PRODUCTION else [])

# Applications --------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "rules.apps.AutodiscoverRulesConfig",
    "core",
    "workspaces",
    "gpts",
    "marketplace",
    "reviews",
    "payouts",
    "demo",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "workspaces.web.compression.page_compression_middleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "workspaces.web.base_url.base_url_middleware",
    "workspaces.web.bodies.body_limit_middleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "workspaces.web.middleware.ScopeMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
                "csp.context_processors.nonce",
                "workspaces.web.context.chrome",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Database, cache, queue ----------------------------------------------------------------------------------
# Each process connects as its own role: "owner" migrates, "app" serves, "worker" runs jobs and commands.
PROCESS_ROLE = env.str("LOGGIA_DATABASE_ROLE", "worker")
DATABASES, DATABASE_ROLES, DATABASE_URLS = database_settings(
    url=env.str("DATABASE_URL", ""),
    given={"app": env.str("DATABASE_APP_URL", ""), "worker": env.str("DATABASE_WORKER_URL", "")},
    public_role=env.str("DATABASE_PUBLIC_ROLE", "loggia_public"),
    process=PROCESS_ROLE,
    secret_key=SECRET_KEY,
    paths=DATA_PATHS,
    pool_size=env.int("DATABASE_POOL_SIZE", 10),
)

# Two stores: queue and turn streams, which must not lose anything, and the cache, which may evict everything.
REDIS_URL = env.str("REDIS_URL", "")
CACHE_URL = env.str("CACHE_URL", "") or REDIS_URL or EmbeddedCache(DATA_PATHS).url()
REDIS_URL = REDIS_URL or EmbeddedRedis(DATA_PATHS).url()
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "config.cache.SharedRedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "loggia",
        "TIMEOUT": 300,
    }
}

CELERY_BROKER_URL = EmbeddedRedis.broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # tasks are idempotent: a task whose worker died runs again
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 1800
CELERY_TASK_SOFT_TIME_LIMIT = 1740
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", 2)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# Accounts and sessions -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "workspaces.web.signup.SignupForm"
ACCOUNT_ADAPTER = "workspaces.web.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "workspaces.web.adapters.SocialAccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_USER_DISPLAY = "workspaces.web.adapters.user_display"
ACCOUNT_FORMS = {
    "signup": "workspaces.web.account_forms.SignupForm",
    "login": "workspaces.web.account_forms.LoginForm",
    "change_password": "workspaces.web.account_forms.ChangePasswordForm",
    "set_password": "workspaces.web.account_forms.SetPasswordForm",
    "reset_password_from_key": "workspaces.web.account_forms.ResetPasswordKeyForm",
    "reset_password": "workspaces.web.account_forms.ResetPasswordForm",
    "add_email": "workspaces.web.account_forms.AddEmailForm",
    "reauthenticate": "workspaces.web.account_forms.ReauthenticateForm",
    "confirm_email_verification_code": "workspaces.web.account_forms.ConfirmEmailVerificationCodeForm",
}
ACCOUNT_EMAIL_VERIFICATION = env.str("ACCOUNT_EMAIL_VERIFICATION", "mandatory")
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # also for e-mail addresses and social accounts
# Wrong passwords: of one client address for one account, of one client address for all accounts, in that many
# seconds; of all addresses for one account in an hour, after which unknown addresses are slowed down.
PASSWORD_TRIES = env.int("PASSWORD_TRIES", 5)
PASSWORD_TRIES_BY_ADDRESS = env.int("PASSWORD_TRIES_BY_ADDRESS", 30)
PASSWORD_TRIES_SECONDS = env.int("PASSWORD_TRIES_SECONDS", 300)
PASSWORD_TRIES_BY_ACCOUNT = env.int("PASSWORD_TRIES_BY_ACCOUNT", 50)
# Mails that people cause: invitations by person and hour, and by workspace and day; to one address
# in an hour; reset links and codes by client address and hour.
INVITATIONS_PER_PERSON_HOUR = env.int("INVITATIONS_PER_PERSON_HOUR", 30)
# The last activity of members is exact to this; 0 records none.
ACTIVITY_SECONDS = env.int("ACTIVITY_SECONDS", 3600)
INVITATIONS_PER_WORKSPACE_DAY = env.int("INVITATIONS_PER_WORKSPACE_DAY", 200)
MAILS_PER_ADDRESS_HOUR = env.int("MAILS_PER_ADDRESS_HOUR", 6)
MAILS_PER_CLIENT_HOUR = env.int("MAILS_PER_CLIENT_HOUR", 20)
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(BASE_URL).scheme or "https"
ACCOUNT_ALLOW_REGISTRATION = env.bool("ACCOUNT_ALLOW_REGISTRATION", True)
# Whether staff roles count only for people who have set up a second factor. Off where people try the demo.
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", IS_PRODUCTION)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ADAPTER = "workspaces.web.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "workspaces.web.second_factor_forms.AuthenticateForm",
    "reauthenticate": "workspaces.web.second_factor_forms.ReauthenticateForm",
    "activate_totp": "workspaces.web.second_factor_forms.ActivateTOTPForm",
    "add_webauthn": "workspaces.web.second_factor_forms.AddWebAuthnForm",
    "edit_webauthn": "workspaces.web.second_factor_forms.EditWebAuthnForm",
}
MFA_TOTP_ISSUER = INSTANCE_NAME
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_PRODUCTION
USERSESSIONS_TRACK_ACTIVITY = False  # would be a write per page; sessions are recorded when they begin
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
# Sign-in with a company's own OpenID Connect server: a JSON list of {"provider_id", "name", "client_id",
# "secret", "settings": {"server_url"}}.
OIDC_PROVIDERS = env.json("OIDC_PROVIDERS", default=[])
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": OIDC_PROVIDERS, "OAUTH_PKCE_ENABLED": True}}

# How audit events read (core/audit_words.py); an action that is in none of these cannot be recorded.
AUDIT_WORDS = [
    "workspaces.audit_words.WORDS",
    "gpts.llm.audit_words.WORDS",
    "gpts.assistants.audit_words.WORDS",
    "gpts.metering.audit_words.WORDS",
    "gpts.knowledge.audit_words.WORDS",
    "gpts.chat.audit_words.WORDS",
    "gpts.evals.audit_words.WORDS",
    "gpts.studio.audit_words.WORDS",
    "marketplace.audit_words.WORDS",
    "reviews.audit_words.WORDS",
    "payouts.audit_words.WORDS",
]

# Called with a group that people were added to by hand, in that transaction; a refusal undoes it.
GROUP_GROWTH_CHECKS = ["gpts.assistants.services.shares.check_group_growth"]

# How notifications read (workspaces/notification_words.py); one of another kind is shown as it was sent.
NOTIFICATION_WORDS = [
    "workspaces.notification_words.WORDS",
    "gpts.assistants.notification_words.WORDS",
    "gpts.metering.notification_words.WORDS",
    "gpts.knowledge.notification_words.WORDS",
    "gpts.chat.notification_words.WORDS",
    "gpts.studio.notification_words.WORDS",
    "reviews.notification_words.WORDS",
    "payouts.notification_words.WORDS",
]

# What each app erases with an account or a workspace, in this order: higher apps first.
ERASURE_PARTS = [
    "payouts.services.erasure.PART",
    "reviews.services.erasure.PART",
    "marketplace.services.erasure.PART",
    "gpts.studio.services.erasure.PART",
    "gpts.evals.services.erasure.PART",
    "gpts.insights.services.erasure.PART",
    "gpts.chat.services.erasure.PART",
    "gpts.knowledge.services.erasure.PART",
    "gpts.metering.services.erasure.PART",
    "gpts.assistants.services.erasure.PART",
    "gpts.llm.services.erasure.PART",
    "workspaces.services.workspace_erasure.PART",
]

# What each app puts into the export of a workspace, in the order of the file.
EXPORT_PARTS = [
    "workspaces.export_part.PART",
    "gpts.assistants.export_part.PART",
    "gpts.knowledge.export_part.PART",
    "gpts.evals.export_part.PART",
    "gpts.llm.export_part.PART",
    "gpts.metering.export_part.PART",
    "gpts.chat.export_part.PART",
    "marketplace.export_part.PART",
    "reviews.export_part.PART",
]

# What apps above workspaces end with a membership, in its transaction.
MEMBERSHIP_ENDINGS = ["gpts.assistants.services.leavers.end_shares"]

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_NAME = "loggia_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "loggia_csrf"

# Languages and time --------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "loggia_language"
TIME_ZONE = "UTC"
USE_TZ = True

# Files ---------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "core.look.static_files.BuiltFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
# Pages load the sources of scripts and style sheets one by one, not the bundles: for work on them.
STATIC_SOURCES = env.bool("STATIC_SOURCES", False)
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(DATA_DIR / "static")))
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(DATA_DIR / "media")))
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not IS_PRODUCTION
S3_BUCKET = env.str("S3_BUCKET", "")
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "core.look.static_files.StaticStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
if S3_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("S3_ENDPOINT_URL", "") or None,
            "access_key": env.str("S3_ACCESS_KEY", "") or None,
            "secret_key": env.str("S3_SECRET_KEY", "") or None,
            "region_name": env.str("S3_REGION", "") or None,
            "default_acl": "private",
            "querystring_auth": True,
            "file_overwrite": False,
            # Larger files that are read go through the disk, not the memory of the process.
            "max_memory_size": 16 * 1024 * 1024,
        },
    }
FILE_UPLOAD_PERMISSIONS = 0o600
# Limits of one knowledge file: bytes, tokens of text, pages of a PDF.
KNOWLEDGE_FILE_BYTES = env.int("KNOWLEDGE_FILE_BYTES", 512 * 1024 * 1024)
KNOWLEDGE_FILE_TOKENS = env.int("KNOWLEDGE_FILE_TOKENS", 2_000_000)
KNOWLEDGE_PDF_PAGES = env.int("KNOWLEDGE_PDF_PAGES", 20_000)
# Bytes of a web page that is added by its address; bytes of all files of a workspace, and new files an hour.
KNOWLEDGE_PAGE_BYTES = env.int("KNOWLEDGE_PAGE_BYTES", 5 * 1024 * 1024)
KNOWLEDGE_WORKSPACE_BYTES = env.int("KNOWLEDGE_WORKSPACE_BYTES", 50 * 1024 * 1024 * 1024)
# All files that one person added, in all of their workspaces.
KNOWLEDGE_PERSON_BYTES = env.int("KNOWLEDGE_PERSON_BYTES", 50 * 1024 * 1024 * 1024)
KNOWLEDGE_FILES_PER_HOUR = env.int("KNOWLEDGE_FILES_PER_HOUR", 600)
# Limits of the child process that reads one file: address space, CPU time (small files get less), unpacked
# size.
EXTRACTION_MEMORY_BYTES = env.int("EXTRACTION_MEMORY_BYTES", 1024 * 1024 * 1024)
EXTRACTION_SECONDS = env.int("EXTRACTION_SECONDS", 600)
EXTRACTION_EXPANDED_BYTES = env.int("EXTRACTION_EXPANDED_BYTES", 1024 * 1024 * 1024)
# Text recognition of scanned pages by Tesseract, where it is installed: languages by its names, the folder of
# its language data (empty: its own), the most pages of a file (0: off) and the time for all of them.
OCR_LANGUAGES = env.list("OCR_LANGUAGES", default=["eng", "chi_sim"])
OCR_DATA_FOLDER = env.str("OCR_DATA_FOLDER", default="")
OCR_PAGES = env.int("OCR_PAGES", 200)
OCR_SECONDS = env.int("OCR_SECONDS", 900)
# Processes that render markdown, for each web process.
RENDER_PROCESSES = env.int("RENDER_PROCESSES", 2)
# Files that one worker reads at the same time, and how many of them may be one workspace's or one person's.
FILES_CONCURRENCY = env.int("FILES_CONCURRENCY", 3)
FILES_PER_WORKSPACE = env.int("FILES_PER_WORKSPACE", 2)
# Bytes of a request's body; routes that take knowledge files go up to one file of KNOWLEDGE_FILE_BYTES.
REQUEST_BYTES = env.int("REQUEST_BYTES", 32 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# Mail: in development messages are files, which the page /dev/mail/ shows ---------------------------------
MAIL_DIR = DATA_DIR / "mails"
EMAIL_FILE_PATH = str(MAIL_DIR)
if env.str("EMAIL_URL", ""):
    vars().update(env.email_url("EMAIL_URL"))
elif IS_PRODUCTION:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_TIMEOUT = 20
# Requests do not wait for the mail server: they leave their mails to a worker.
EMAIL_DELIVERY_BACKEND = EMAIL_BACKEND
if EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend":
    EMAIL_DELIVERY_BACKEND = "core.mail.SmtpBackend"
    EMAIL_BACKEND = "workspaces.mail.QueuedEmailBackend" if PROCESS_ROLE == "app" else EMAIL_DELIVERY_BACKEND
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Loggia <no-reply@localhost>")

# API -----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["workspaces.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "workspaces.api.schema.ScopedSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Loggia",
    "DESCRIPTION": "The store for custom GPTs that you host yourself.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gpts.chat.api.schema.add_turns",
        "gpts.studio.api.create_messages.add_create_messages",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AudienceEnum": "gpts.assistants.states.Audience",
        "CategoryEnum": "gpts.assistants.states.Category",
        "ReportCategoryEnum": "reviews.states.ReportCategory",
        "CaseOutcomeEnum": "reviews.states.Outcome",
        "SubmissionStateEnum": "reviews.states.SubmissionState",
        "FileStateEnum": "gpts.knowledge.states.FileState",
        "GoldenKindEnum": "gpts.evals.states.GoldenKind",
        "GoldenRunStateEnum": "gpts.evals.states.GoldenRunState",
        "ModelKindEnum": "gpts.llm.states.ModelKind",
        "OutboundJobStateEnum": "workspaces.states.OutboundJobState",
        "ModeEnum": (("append", "append"), ("replace", "replace")),
        "SearchModeEnum": "gpts.llm.states.SearchMode",
        "ProviderKindEnum": "gpts.llm.services.catalogue.KINDS",
        "StaffRoleEnum": "workspaces.states.Staff",
        "WorkspaceRoleEnum": "workspaces.states.Role",
        "WorkspaceKindEnum": "workspaces.states.WorkspaceKind",
        "OrdinaryRoleEnum": (("builder", "builder"), ("member", "member")),
        "PolicyActEnum": "workspaces.api.policies.ACT_CHOICES",
        "StoreSectionKindEnum": "marketplace.states.SectionKind",
        "FailedJobKindEnum": "workspaces.queries.jobs.JobKind",
    },
}

# Model providers created at the first start (rows afterwards) -----------------------------------------
OPENAI_API_KEY = env.str("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", "")
OPENAI_MODEL = env.str("OPENAI_MODEL", "")
OPENAI_PROTOCOL = env.str("OPENAI_PROTOCOL", "responses")  # or chat_completions, for compatible servers
# Search by meaning, with the built-in embeddings model or a provider's; off, words are searched alone. How
# many jobs make embeddings of passages at once, over all workers.
SEMANTIC_SEARCH = env.bool("SEMANTIC_SEARCH", True)
EMBEDDING_JOBS = env.int("EMBEDDING_JOBS", 2)
# Private hosts ("host" or "host:port") that the operator's own providers may have, beside OPENAI_BASE_URL's,
# and those that addresses of tenants may have: providers of workspaces and web pages as knowledge.
OUTBOUND_ALLOWED_PRIVATE_HOSTS = env.list("OUTBOUND_ALLOWED_PRIVATE_HOSTS", default=[])
OUTBOUND_TENANT_PRIVATE_HOSTS = env.list("OUTBOUND_TENANT_PRIVATE_HOSTS", default=[])
# Resolvers as "192.0.2.1" or "192.0.2.1:53" for proofs of e-mail domains; empty: those of the server.
DNS_SERVERS = env.list("DNS_SERVERS", default=[])
OUTBOUND_ALLOW_HTTP = env.bool("OUTBOUND_ALLOW_HTTP", False)  # plain http to public hosts
# Calls to other hosts that a person, or a workspace, may have waiting or running, and that run at once.
OUTBOUND_JOBS_PER_PERSON = env.int("OUTBOUND_JOBS_PER_PERSON", 20)
OUTBOUND_JOBS_PER_WORKSPACE = env.int("OUTBOUND_JOBS_PER_WORKSPACE", 60)
OUTBOUND_RUNNING_PER_PERSON = env.int("OUTBOUND_RUNNING_PER_PERSON", 2)
# Waiting for another host inside a database transaction is an error; in production it is only logged.
WAIT_IN_TRANSACTION_RAISES = not IS_PRODUCTION

# Settings that operators cannot change on /operator/settings, by the names of their variables.
LOCKED_SETTINGS = [name.strip().upper() for name in env.list("LOCKED_SETTINGS", default=[])]

# Teams and companies that a person may make or own; a workspace's other limits would mean nothing without it.
WORKSPACES_PER_PERSON = env.int("WORKSPACES_PER_PERSON", 10)

# Chat: answers that a person may have running at once, and messages a minute.
CHAT_RUNNING_TURNS = env.int("CHAT_RUNNING_TURNS", 3)
CHAT_TURNS_PER_MINUTE = env.int("CHAT_TURNS_PER_MINUTE", 30)
# Files in chats: bytes of one, how many a message takes, hours after which one that was not sent is removed.
CHAT_ATTACHMENT_BYTES = env.int("CHAT_ATTACHMENT_BYTES", 20 * 1024 * 1024)
CHAT_ATTACHMENTS_PER_MESSAGE = env.int("CHAT_ATTACHMENTS_PER_MESSAGE", 10)
CHAT_LOOSE_ATTACHMENT_HOURS = env.int("CHAT_LOOSE_ATTACHMENT_HOURS", 24)
# Hours after its last message in which a temporary conversation can still be opened; then it is removed.
CHAT_TEMPORARY_HOURS = env.int("CHAT_TEMPORARY_HOURS", 24)
# Days in which a deleted conversation can be restored; then it is removed for good.
CHAT_DELETED_DAYS = env.int("CHAT_DELETED_DAYS", 30)
# Percent of its golden prompts that a GPT must pass to be submitted to the store; empty asks for none.
STORE_GOLDEN_PASS_RATE = env.int("STORE_GOLDEN_PASS_RATE", None)
# Timeouts of a model's answer, unless the model has its own: seconds until the first token, of silence, and
# in all. Comments that keep the connection alive end a silence.
MODEL_FIRST_TOKEN_SECONDS = env.float("MODEL_FIRST_TOKEN_SECONDS", 60.0)
MODEL_IDLE_SECONDS = env.float("MODEL_IDLE_SECONDS", 30.0)
MODEL_ANSWER_SECONDS = env.float("MODEL_ANSWER_SECONDS", 900.0)

# Money: the currency of new rate cards (ISO 4217) and the name of the bank account in the ledger -----------
PAYOUT_CURRENCY = env.str("PAYOUT_CURRENCY", "USD").upper()
PAYOUT_BANK_ACCOUNT = env.str("PAYOUT_BANK_ACCOUNT", "Main")

# Security headers ----------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", IS_PRODUCTION)
SECURE_SSL_HOST = urlsplit(BASE_URL).netloc or None  # redirects to https lead to BASE_URL's host
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31536000 if IS_PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", False)
SILENCED_SYSTEM_CHECKS = [
    "security.W005",
    "security.W021",
]  # HSTS subdomains, preload: the operator decides
TRUST_PROXY = env.bool("TRUST_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
# How many proxies of ours append to X-Forwarded-For; see workspaces.web.client_address.
TRUSTED_PROXY_HOPS = env.int("TRUSTED_PROXY_HOPS", 1) if TRUST_PROXY else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# Logs: event names with fields, one JSON object a line in production ---------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOGGING_CONFIG = None
configure_logs(level=LOG_LEVEL, as_json=IS_PRODUCTION)
# The token that may read /metrics from another machine.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
# Each running turn holds one such key in Redis.
RUNNING_TURN_KEYS = "turn:running:*"

if IS_PRODUCTION:
    refuse_unsafe(
        secret_key=SECRET_KEY,
        debug=DEBUG,
        hosts=ALLOWED_HOSTS,
        base_url=BASE_URL,
        encryption_keys=ENCRYPTION_KEYS,
    )
    ALLOWED_HOSTS += ["localhost", "127.0.0.1"]  # health checks come from the machine or container itself
