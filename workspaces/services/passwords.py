"""The one place where a password is checked, with the limits on wrong guesses; and setting a new one.

Guesses are counted by pair of account and client address, so that a stranger's wrong guesses do not lock the
owner out. Many addresses that guess at one account are slowed down, except those from which the owner has
signed in before. A test fails when other code checks a password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.jobs import enqueue_now
from core.rate_limits import (
    Limit,
    build_refusal,
    count_try,
    forget_tries,
    is_remembered,
    pass_slowly,
    remember,
    take_back_try,
)
from core.scope import Scope, current_scope, open_scope
from workspaces.models import ApiKey, User
from workspaces.services.security_notices import SecurityEvent, notify_security

# Beyond the limit of an account, unknown addresses get one guess in this time.
SLOW_SECONDS = 10
KNOWN_ADDRESS_SECONDS = 90 * 24 * 3600
NOTICE_SECONDS = 3600


@dataclass
class Guess:
    """One check of a password; the check sets ``is_right``."""

    is_right: bool = False


def pair_limit() -> Limit:
    return Limit("password-pair", settings.PASSWORD_TRIES, settings.PASSWORD_TRIES_SECONDS)


def address_limit() -> Limit:
    return Limit("password-address", settings.PASSWORD_TRIES_BY_ADDRESS, settings.PASSWORD_TRIES_SECONDS)


def account_limit() -> Limit:
    return Limit("password-account", settings.PASSWORD_TRIES_BY_ACCOUNT, 3600)


@contextmanager
def limited_guess(*, email: str, address: str, at: datetime) -> Iterator[Guess]:
    """Count a guess at the password of ``email`` from the client address; a right one is not counted.

    Raises RateLimited before the block runs when there were too many. It makes no difference whether an
    account with that address exists, except for the notice that its owner gets.
    """
    email = email.strip().lower()
    pair, account = (email, address), email
    is_known = is_remembered("sign-in", pair)
    counts = {
        pair_limit(): (pair, count_try(pair_limit(), pair, at=at)),
        address_limit(): (address, count_try(address_limit(), address, at=at)),
    }
    if not is_known:
        counts[account_limit()] = (account, count_try(account_limit(), account, at=at))
    for limit, (key, count) in counts.items():
        if count <= limit.count:
            continue
        if limit == account_limit() and pass_slowly("password", account, seconds=SLOW_SECONDS):
            continue
        if limit != address_limit():
            _notify_of_guesses(email)
        raise build_refusal(
            limit, key, at=at, message=_("Too many wrong passwords. Wait a little, then try again.")
        )
    guess = Guess()
    yield guess
    if guess.is_right:
        for limit, (key, _count) in counts.items():
            take_back_try(limit, key, at=at)
        remember("sign-in", pair, seconds=KNOWN_ADDRESS_SECONDS)


def is_own_password(*, user: User, password: str, address: str, at: datetime) -> bool:
    """Return whether this is the person's password. Raises RateLimited after too many wrong ones."""
    with limited_guess(email=user.email, address=address, at=at) as guess:
        guess.is_right = user.check_password(password)
    return guess.is_right


def forget_guesses(*, email: str, address: str, at: datetime) -> None:
    """Let the person try again at once, after they proved by mail that the account is theirs."""
    email = email.strip().lower()
    forget_tries(pair_limit(), (email, address), at=at)
    forget_tries(account_limit(), email, at=at)


def finish_password_change(*, user: User, revoke_keys: bool, by: User, at: datetime) -> int:
    """Revoke all API keys if asked, tell the person, and return how many keys were revoked. Audited.

    Sessions need nothing: each holds a hash of the password and ends with the next request.
    """
    with _own_scope(user):
        revoked = 0
        if revoke_keys:
            revoked = ApiKey.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=at)
        notify_security(user=user, event=SecurityEvent.PASSWORD_CHANGED, at=at, is_mailed=False)
        record(
            action="workspaces.password_changed", by=by, at=at, subject=user, data={"keys_revoked": revoked}
        )
    return revoked


def count_valid_keys(user: User, *, at: datetime) -> int:
    with _own_scope(user):
        keys = ApiKey.objects.filter(user=user, revoked_at__isnull=True)
        return keys.exclude(expires_at__lte=at).count()


def _own_scope(user: User) -> AbstractContextManager[object]:
    """Open the person's scope; whoever follows a reset link is still a visitor."""
    scope = current_scope()
    if scope.system or scope.user_id == user.pk:
        return transaction.atomic()
    return open_scope(Scope(user_id=user.pk))


def _notify_of_guesses(email: str) -> None:
    """Tell the owner at most once an hour; a job, as the refusal may roll the request back."""
    if pass_slowly("guess-notice", email, seconds=NOTICE_SECONDS):
        enqueue_now("workspaces.notify_of_guesses", email=email)
