"""/api/v1/gpts/<slug>/price: what answers of a GPT cost, known before the first one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound
from gpts.assistants.access import access_chat, pin_version
from gpts.llm.catalogue import get_usable_model
from gpts.metering.queries.price_ceilings import get_answer_price
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer


class AnswerPriceSerializer(serializers.Serializer[Any]):
    """Micro-units of `currency` per million tokens."""

    model = serializers.CharField(source="model.label")
    input_price_micros = serializers.IntegerField(source="model.input_price_micros")
    output_price_micros = serializers.IntegerField(source="model.output_price_micros")
    priced_by = serializers.CharField(
        source="priced_by.name",
        allow_null=True,
        default=None,
        help_text="The other workspace that runs the model and sets its price; null for yours and ours.",
    )
    is_allowed = serializers.BooleanField(
        help_text="False above your workspace's price ceiling: answers are then refused."
    )
    currency = serializers.SerializerMethodField()

    def get_currency(self, price: object) -> str:
        return settings.PAYOUT_CURRENCY


class AnswerPriceView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}

    @extend_schema(operation_id="gpt_price", responses=AnswerPriceSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The price that the key's workspace pays for the GPT's answers. It holds for each answer from its
        start to its end."""
        user, key = bearer(request)
        gpt, version, relation = access_chat(user, slug)
        version, _relation = pin_version(user, gpt, version, relation, payer_id=key.workspace_id)
        model = get_usable_model(version or gpt, gpt.workspace)
        if model is None:
            raise NotFound(_("No model is configured for this GPT."), code="model_missing")
        return Response(AnswerPriceSerializer(get_answer_price(model, key.workspace_id)).data)
