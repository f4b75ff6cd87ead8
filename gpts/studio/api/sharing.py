"""/api/v1/gpts/<slug>/audiences/<audience> and versions/<number>/restore."""

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
from gpts.studio.access import access_gpt_to_update
from gpts.studio.api.gpts import serialize_gpt
from gpts.studio.api.serializers import GPTSerializer, RestoreSerializer, ShareSerializer, VersionSerializer
from gpts.studio.services.sharing import restore_with_backup, share_draft
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
        request=ShareSerializer,
        responses={200: VersionSerializer},
    )
    def post(self, request: Request, slug: str, audience: str) -> Response:
        """Freeze the draft as a version and make it live for the audience; repeating it changes nothing.

        Editors update audiences inside the company that have a live version; the owner and admins decide
        which do.

        ``address`` is taken only while the present one is provisional; its errors are those of PUT address.
        """
        gpt, only_update = access_gpt_to_update(self.person, slug, audience)
        check_direct_audience(gpt, audience)
        body = self.read(ShareSerializer)
        version = share_draft(
            gpt=gpt,
            audiences=[audience],
            release_notes=body["release_notes"],
            address=body["address"],
            only_update=only_update,
            by=self.person,
            at=timezone.now(),
        )
        return Response(VersionSerializer(version).data)

    @extend_schema(operation_id="audience_clear", parameters=[AUDIENCE], request=None, responses={204: None})
    def delete(self, request: Request, slug: str, audience: str) -> Response:
        """Stop serving the audience; harmless if nothing was live for it."""
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        check_direct_audience(gpt, audience)
        clear_live_version(gpt=gpt, audience=audience, by=self.person, at=timezone.now())
        return Response(status=204)


class RestoreView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="version_restore", request=RestoreSerializer, responses={200: GPTSerializer})
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Restore a version into the draft; the replaced draft is kept as a version."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        version = access_version(self.person, gpt, number)
        revision = self.read(RestoreSerializer)["revision"]
        restored, _backup = restore_with_backup(
            gpt=gpt, version=version, revision=revision, by=self.person, at=timezone.now()
        )
        return Response(serialize_gpt(restored))
