"""/api/v1/gpts/<slug>/audiences/<audience> and restoring a version: what the Share and Versions tabs do."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.access import access_gpt, access_version
from gpts.assistants.audiences import DIRECT_AUDIENCES, check_direct_audience
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.versions import clear_live_version
from gpts.studio.api.gpts import shown
from gpts.studio.api.serializers import FreezeSerializer, GPTSerializer, RestoreSerializer, VersionSerializer
from gpts.studio.services.sharing import restore_keeping, share_draft
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope

AUDIENCE = OpenApiParameter(
    "audience",
    str,
    OpenApiParameter.PATH,
    enum=[audience.value for audience in DIRECT_AUDIENCES],
    description="The public store goes through a submission.",
)


class AudienceView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.GPTS_WRITE, "DELETE": ApiScope.GPTS_WRITE}

    @extend_schema(
        operation_id="audience_set",
        parameters=[AUDIENCE],
        request=FreezeSerializer,
        responses={200: VersionSerializer},
    )
    def post(self, request: Request, slug: str, audience: str) -> Response:
        """Freeze the draft and make that version live there; doing it again changes nothing."""
        gpt = access_gpt(request.user, slug, to=GPTAct.MANAGE)
        check_direct_audience(gpt, audience)
        notes = self.read(FreezeSerializer)["release_notes"]
        version = share_draft(
            gpt=gpt, audiences=[audience], release_notes=notes, by=request.user, at=timezone.now()
        )
        return Response(VersionSerializer(version).data)

    @extend_schema(operation_id="audience_clear", parameters=[AUDIENCE], request=None, responses={204: None})
    def delete(self, request: Request, slug: str, audience: str) -> Response:
        """Serve it there no longer; harmless when it was not."""
        gpt = access_gpt(request.user, slug, to=GPTAct.MANAGE)
        check_direct_audience(gpt, audience)
        clear_live_version(gpt=gpt, audience=audience, by=request.user, at=timezone.now())
        return Response(status=204)


class RestoreView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="version_restore", request=RestoreSerializer, responses={200: GPTSerializer})
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Make the draft what the version was and keep what it was as a version."""
        gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
        version = access_version(request.user, gpt, number)
        revision = self.read(RestoreSerializer)["revision"]
        restored, _kept = restore_keeping(
            gpt=gpt, version=version, revision=revision, by=request.user, at=timezone.now()
        )
        return Response(shown(restored))
