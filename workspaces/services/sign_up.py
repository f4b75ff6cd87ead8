"""Who may make an account by themself."""

from __future__ import annotations

from core.instance_settings import SignUp, get_setting


def is_open_to_address(email: str) -> bool:
    """Return whether somebody with this address may sign up; where only some domains may, by its domain."""
    mode = get_setting("sign_up")
    if mode == SignUp.CLOSED:
        return False
    if mode == SignUp.OPEN:
        return True
    domains = [name.strip() for name in str(get_setting("sign_up_domains")).split(",")]
    return email.rpartition("@")[2].strip().lower() in domains
