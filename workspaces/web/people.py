"""The actor of a request.

Views get it once with ``person_of(request)`` and pass it to services as ``by``. ``LoggiaAPIView.person``
is the same for API views; ``bearer(request)`` in ``workspaces.api.me`` returns it together with the API key.
"""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request

from workspaces.models import User


def person_of(request: HttpRequest | Request) -> User:
    """Return the signed-in person or the person of the API key; only for views that admit nobody else."""
    user = request.user
    assert isinstance(user, User)
    return user
