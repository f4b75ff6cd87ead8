"""/api/v1/gpts/<slug>/icon: the icon of the draft."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.access import access_gpt
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.icons import set_drawn_icon, set_icon
from gpts.studio.api.gpts import serialize_gpt
from gpts.studio.api.serializers import DrawnIconSerializer, GPTSerializer, IconSerializer
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope


class IconView(LoggiaAPIView):
    required_scopes: ClassVar = {
        "PUT": ApiScope.GPTS_WRITE,
        "POST": ApiScope.GPTS_WRITE,
        "DELETE": ApiScope.GPTS_WRITE,
    }

    @extend_schema(
        operation_id="icon_set",
        request={"multipart/form-data": IconSerializer},
        responses={200: GPTSerializer},
    )
    def put(self, request: Request, slug: str) -> Response:
        """PNG, JPEG, WebP or GIF, up to 5 MB and 40 megapixels; cropped to a square. Raises the revision."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        upload = self.read(IconSerializer)["icon"]
        return Response(serialize_gpt(set_icon(gpt=gpt, upload=upload, by=self.person, at=timezone.now())))

    @extend_schema(operation_id="icon_draw", request=DrawnIconSerializer, responses={200: GPTSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Draw the icon from the name, in one of eight variants. Raises the revision."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        variant = self.read(DrawnIconSerializer)["variant"]
        drawn = set_drawn_icon(gpt=gpt, variant=variant, by=self.person, at=timezone.now())
        return Response(serialize_gpt(drawn))

    @extend_schema(operation_id="icon_remove", request=None, responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Remove the icon, so that the one drawn for the address is shown."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        set_icon(gpt=gpt, upload=None, by=self.person, at=timezone.now())
        return Response(status=204)
