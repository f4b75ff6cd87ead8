"""The payout account of the key's owner by API."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound
from payouts.api.serializers import PayoutAccountSerializer, SavePayoutAccountSerializer
from payouts.queries import get_payout_account
from payouts.services import save_payout_account
from workspaces.api.base import LoggiaAPIView
from workspaces.api.fresh_password import require_password
from workspaces.api.me import bearer
from workspaces.api.permissions import HasRequiredScope
from workspaces.states import ApiScope


class PayoutAccountView(LoggiaAPIView):
    """Reading needs usage:read. Saving decides where money goes: it needs the scope account as well, which
    keys for reports lack, and the person's password, as on the page."""

    required_scopes: ClassVar = {"GET": ApiScope.USAGE_READ, "PUT": ApiScope.ACCOUNT}

    @extend_schema(operation_id="earnings_account", responses={200: PayoutAccountSerializer})
    def get(self, request: Request) -> Response:
        """The account number is never in the answer, only its last four characters."""
        account = get_payout_account(self.person)
        if account is None:
            raise NotFound(_("You have no payout account yet."), code="payout_account_missing")
        return Response(PayoutAccountSerializer(account).data)

    @extend_schema(
        operation_id="earnings_account_save",
        request=SavePayoutAccountSerializer,
        responses={200: PayoutAccountSerializer},
    )
    def put(self, request: Request) -> Response:
        """Needs the scopes account and usage:read, and your password, since it decides where money goes. You
        are told of every change; finance checks it, and nothing is paid to it for 72 hours."""
        user, key = bearer(request)
        if ApiScope.USAGE_READ not in key.scopes:
            raise PermissionDenied(HasRequiredScope.message)
        values = self.read(SavePayoutAccountSerializer)
        require_password(request, values.pop("password", ""))
        account = save_payout_account(payee=user, by=user, at=timezone.now(), **values)
        return Response(PayoutAccountSerializer(account).data)
