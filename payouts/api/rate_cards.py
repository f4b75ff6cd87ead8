"""Rate cards by API."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from payouts.api.base import FinanceView
from payouts.api.serializers import RateCardSerializer
from payouts.queries import list_rate_cards
from payouts.services import create_rate_card
from payouts.services.rate_cards import RateTerms


class RateCardsView(FinanceView):
    @extend_schema(operation_id="finance_rate_cards", responses={200: RateCardSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return Response({"items": RateCardSerializer(list_rate_cards(), many=True).data})

    @extend_schema(
        operation_id="finance_rate_card_create",
        request=RateCardSerializer,
        responses={201: RateCardSerializer},
    )
    def post(self, request: Request) -> Response:
        values = self.read(RateCardSerializer)
        rates = {
            (line["unit"], line["category"]): line["amount_micros"] for line in values.pop("lines")["all"]
        }
        head = {name: values.pop(name) for name in ("currency", "first_month", "note")}
        card = create_rate_card(
            **head, rates=rates, terms=RateTerms(**values), by=self.person, at=timezone.now()
        )
        return Response(RateCardSerializer(card).data, status=201)
