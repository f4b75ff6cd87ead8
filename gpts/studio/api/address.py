"""/api/v1/gpts/<slug>/address: the address of a GPT, which can be chosen once before it is shared."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.addresses import check_address, choose_address, suggest_address
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope


class ChooseAddressSerializer(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=200)


class AddressSerializer(serializers.Serializer[Any]):
    """``suggestion`` is empty once the address is final; ``problem`` is about the address asked for."""

    address = serializers.CharField()
    is_final = serializers.BooleanField()
    suggestion = serializers.CharField(allow_blank=True)
    problem = serializers.CharField(allow_blank=True)


def _serialize(gpt: GPT, *, problem: str = "") -> dict[str, Any]:
    is_final = gpt.address_settled_at is not None
    suggestion = "" if is_final else suggest_address(gpt)
    return {"address": gpt.slug, "is_final": is_final, "suggestion": suggestion, "problem": problem}


class AddressView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "PUT": ApiScope.GPTS_WRITE}

    @extend_schema(
        operation_id="gpt_address",
        parameters=[OpenApiParameter("address", str, description="Whether this address could be chosen.")],
        responses=AddressSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """The present address, a free one made from the name, and the ``problem`` of the one asked for:
        empty, or the code with which choosing it would be refused. 429 after many questions in a minute."""
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        asked = request.query_params.get("address", "")[:200]
        problem = check_address(gpt=gpt, address=asked, by=self.person, at=timezone.now()) if asked else None
        return Response(_serialize(gpt, problem="" if problem is None else problem.code))

    @extend_schema(
        operation_id="gpt_choose_address", request=ChooseAddressSerializer, responses=AddressSerializer
    )
    def put(self, request: Request, slug: str) -> Response:
        """Choose the address for good; the provisional one keeps leading to the GPT.

        409 ``address_taken`` or ``address_settled``, 400 for an address that is not allowed.
        """
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        address = self.read(ChooseAddressSerializer)["address"]
        return Response(
            _serialize(choose_address(gpt=gpt, address=address, by=self.person, at=timezone.now()))
        )
