"""Acts for which a key is not enough: the body also has the person's password."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from core.errors import Forbidden
from workspaces.services.passwords import is_own_password
from workspaces.web.client_address import get_client_network
from workspaces.web.people import person_of


class FreshPasswordSerializer(serializers.Serializer[object]):
    """Adds the password to the body of an act that a stolen key must not be able to do."""

    password = serializers.CharField(
        write_only=True,
        required=False,
        max_length=4096,
        trim_whitespace=False,
        help_text="The password of the key's person. A key alone is refused.",
    )


def require_password(request: Request, password: object) -> None:
    """Raise Forbidden unless ``password`` is that of the key's person; RateLimited after wrong ones."""
    user = person_of(request)
    if not user.has_usable_password():
        raise Forbidden(
            _("This needs your password, and your account has none. Do it on the settings page."),
            code="password_missing",
            field="password",
        )
    text = password if isinstance(password, str) else ""
    if not text:
        raise Forbidden(
            _("A key alone may not do this. Send your password in the field password too."),
            code="password_needed",
            field="password",
        )
    address = get_client_network(request._request)
    if not is_own_password(user=user, password=text, address=address, at=timezone.now()):
        raise Forbidden(_("This is not your password."), code="password_wrong", field="password")
