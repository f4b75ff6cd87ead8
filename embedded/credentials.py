"""Names and passwords of the database roles."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

DATABASE = "loggia"
SUPERUSER = "loggia_superuser"
ROLES = {"owner": "loggia_owner", "app": "loggia_app", "worker": "loggia_worker", "public": "loggia_public"}


def derive_role_password(secret_key: str, role: str) -> str:
    """Derive a role's password from the secret key, so that no file has to store it."""
    digest = hmac.new(secret_key.encode(), f"database role {role}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def read_or_create_secret(path: Path) -> str:
    """Read the secret in ``path``; create it on the first call, readable by this user only."""
    try:
        if existing := path.read_text().strip():
            return existing
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)  # fails when another process was faster: then its secret is used
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
