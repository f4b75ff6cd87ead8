"""Why a sign-in with a company's identity provider did not succeed, in words that say what to mend."""

from __future__ import annotations

from core.errors import DomainError


class SignInFailed(DomainError):
    """The identity provider, or what it sent, does not let this person in. Nothing was changed."""

    status = 403


class DiscoveryFailed(DomainError):
    """The identity provider's description of itself cannot be used; the message says what to mend."""
