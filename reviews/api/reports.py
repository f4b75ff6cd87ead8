"""Reporting a listing by API."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.utils import timezone, translation
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.access import access_listing
from reviews.api.serializers import ReportInputSerializer, ReportReceiptSerializer
from reviews.services.reports import ReportInput, file_report
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope
from workspaces.web.client_address import get_client_network


class ReportsView(LoggiaAPIView):
    required_scopes: ClassVar[dict[str, str]] = {"POST": ApiScope.STORE_READ.value}

    @extend_schema(request=ReportInputSerializer, responses={201: ReportReceiptSerializer})
    def post(self, request: Request) -> Response:
        values = self.read(ReportInputSerializer)
        given = ReportInput(
            category=values["category"],
            explanation=values["explanation"],
            is_good_faith=values["is_good_faith"],
            locale=translation.get_language() or settings.LANGUAGE_CODE,
            address=get_client_network(request),
            url=values["url"],
        )
        listing = access_listing(values["gpt"])
        report = file_report(listing=listing, given=given, by=self.person, at=timezone.now())
        return Response(ReportReceiptSerializer(report).data, status=201)
