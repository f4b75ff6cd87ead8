"""/api/v1/gpts/<slug>/versions, change-log, diff and submission."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound
from gpts.assistants.access import access_gpt, access_version
from gpts.assistants.change_log import get_change_log
from gpts.assistants.comparison import compare_snapshots, get_snapshot
from gpts.assistants.queries.versions import list_versions
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.versions import freeze_version
from gpts.studio.api.serializers import (
    ChangeLogSerializer,
    DiffSerializer,
    FreezeSerializer,
    SubmissionSerializer,
    SubmitSerializer,
    VersionSerializer,
    VersionSummarySerializer,
)
from reviews.queries import submission_status
from reviews.services.submissions import submit_version, withdraw_submission
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope


class VersionsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "POST": ApiScope.GPTS_WRITE}
    ordering = ("-number",)

    @extend_schema(operation_id="version_list", responses=VersionSummarySerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        return self.page(list_versions(gpt), VersionSummarySerializer)

    @extend_schema(
        operation_id="version_freeze", request=FreezeSerializer, responses={201: VersionSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Freeze the draft as a version. If nothing changed since the newest version, return that one."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        version = freeze_version(
            gpt=gpt,
            release_notes=self.read(FreezeSerializer)["release_notes"],
            by=self.person,
            at=timezone.now(),
        )
        return Response(VersionSerializer(version).data, status=201)


class VersionView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ}

    @extend_schema(operation_id="version_read", responses=VersionSerializer)
    def get(self, request: Request, slug: str, number: int) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        return Response(VersionSerializer(access_version(self.person, gpt, number)).data)


class ChangeLogView(LoggiaAPIView):
    """The changes of each of the newest 200 versions, newest first."""

    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ}

    @extend_schema(operation_id="change_log_read", responses=ChangeLogSerializer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(get_change_log(access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)))


class DiffView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ}

    @extend_schema(
        operation_id="version_diff",
        parameters=[
            OpenApiParameter("from", str, required=True, description="A version's number, or draft."),
            OpenApiParameter("to", str, description="A version's number, or draft (default)."),
        ],
        responses=DiffSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        before = get_snapshot(self.person, gpt, request.query_params.get("from", ""))
        after = get_snapshot(self.person, gpt, request.query_params.get("to", "draft"))
        return Response(
            {
                "before": before.name,
                "after": after.name,
                "differences": [difference.as_json() for difference in compare_snapshots(gpt, before, after)],
            }
        )


class SubmissionView(LoggiaAPIView):
    """The newest submission of a GPT to the public store."""

    required_scopes: ClassVar = {
        "GET": ApiScope.GPTS_READ,
        "POST": ApiScope.GPTS_WRITE,
        "DELETE": ApiScope.GPTS_WRITE,
    }

    @extend_schema(operation_id="submission_read", responses=SubmissionSerializer)
    def get(self, request: Request, slug: str) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        submission = submission_status(gpt).submission
        if submission is None:
            raise _submission_not_found()
        return Response(SubmissionSerializer(submission).data)

    @extend_schema(
        operation_id="submission_create", request=SubmitSerializer, responses={201: SubmissionSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Freeze the draft and submit it to the store; the same content again returns the same submission."""
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        body = self.read(SubmitSerializer)
        submission = submit_version(
            gpt=gpt,
            note=body["note"],
            release_notes=body["release_notes"],
            attested=body["attested"],
            address=body["address"],
            by=self.person,
            at=timezone.now(),
        )
        return Response(SubmissionSerializer(submission).data, status=201)

    @extend_schema(operation_id="submission_withdraw", request=None, responses=SubmissionSerializer)
    def delete(self, request: Request, slug: str) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        submission = submission_status(gpt).submission
        if submission is None:
            raise _submission_not_found()
        withdrawn = withdraw_submission(submission=submission, by=self.person, at=timezone.now())
        return Response(SubmissionSerializer(withdrawn).data)


def _submission_not_found() -> NotFound:
    return NotFound(_("Nothing was submitted for this GPT."), code="submission_not_found")
