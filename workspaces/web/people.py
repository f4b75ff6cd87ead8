"""Who is asking, for views behind a sign-in."""

from __future__ import annotations

from django.http import HttpRequest

from workspaces.models import User


def person_of(request: HttpRequest) -> User:
    """Return the signed-in person; only for views behind ``login_required``."""
    user = request.user
    assert isinstance(user, User)
    return user
