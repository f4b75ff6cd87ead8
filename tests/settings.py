"""Settings of the test run: those of the product, with throw-away servers in a directory of this run."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path

gc.set_threshold(50_000, 20, 100)  # importing the product makes much that stays and little garbage

MEMORY = Path("/dev/shm")  # a clone of the template takes 50 ms there and a second on a disk


def fast_directory() -> Path:
    """Memory when there is plenty (containers often have 64 MB), else the temporary directory."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 * 1024**3:
        return MEMORY
    return Path(tempfile.gettempdir())


# The first process names the directory; workers of xdist and started services inherit it. Each worker has
# servers of its own below: what the rollup may read depends on every open transaction of a whole PostgreSQL.
WHOLE_RUN = Path(
    os.environ.setdefault("LOGGIA_TEST_DIR", str(fast_directory() / f"loggia-test-{os.getpid()}"))
)
RUN_DIR = WHOLE_RUN / os.environ.get("PYTEST_XDIST_WORKER", "main")
REDIS_DATABASE = 0
DATABASE_NAME = "loggia"

for name in (
    "DATABASE_URL",
    "DATABASE_APP_URL",
    "DATABASE_WORKER_URL",
    "DATABASE_PUBLIC_ROLE",
    "REDIS_URL",
    "CACHE_URL",
):
    os.environ.pop(name, None)
for name in (
    "BASE_URL",
    "PORT",
    "TERMS_URL",
    "PRIVACY_URL",
    "HELP_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "EMAIL_URL",
    "S3_BUCKET",
    "DEBUG",
):
    os.environ.pop(name, None)
os.environ |= {
    "LOGGIA_ENV": "test",
    "LOGGIA_ENV_FILE": os.devnull,
    "LOGGIA_DATA_DIR": str(RUN_DIR),
    "LOGGIA_DATABASE_ROLE": "worker",
    # Fixed, because the passwords in the cached template database are derived from it.
    "SECRET_KEY": "only for tests, never for a server that others can reach",
    "LOG_LEVEL": "WARNING",
    # The fake model server, where it is the instance's own provider.
    "OUTBOUND_ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
    # Whether scanned pages are read must not depend on what the machine has installed.
    "OCR_PAGES": "0",
    # No job beside those of what a test does; tests of the last activity turn it on.
    "ACTIVITY_SECONDS": "0",
}

from config.settings import *  # noqa: E402, F403 - the environment above must stand first
from config.settings import AUDIT_WORDS, DATA_PATHS, DATABASES, SECRET_KEY  # noqa: E402
from embedded.credentials import derive_role_password  # noqa: E402
from embedded.redis import EmbeddedRedis  # noqa: E402

TEST_ROLE = "loggia_test"
DATABASES["default"] |= {
    "NAME": DATABASE_NAME,
    "USER": TEST_ROLE,
    "PASSWORD": derive_role_password(SECRET_KEY, TEST_ROLE),
    "CONN_HEALTH_CHECKS": False,
}
REDIS_URL = CACHE_URL = EmbeddedRedis(DATA_PATHS).url(REDIS_DATABASE)
CACHES = {"default": {"BACKEND": "config.cache.SharedRedisCache", "LOCATION": CACHE_URL}}
CELERY_BROKER_URL = EmbeddedRedis.broker_url(REDIS_URL)
EMAIL_BACKEND = EMAIL_DELIVERY_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick; nothing here is secret
AUDIT_WORDS = [*AUDIT_WORDS, "tests.support.audit_words.WORDS"]
