"""Submitting a version by API, and reading or withdrawing submissions."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.access import access_gpt
from gpts.assistants.rules import GPTAct
from reviews.access import access_own_submission, not_found
from reviews.api.serializers import SubmissionSerializer, SubmitInput
from reviews.models import Submission
from reviews.queries.submissions import list_own_submissions
from reviews.services.submissions import submit_version, withdraw_submission
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.states import ApiScope

READ, WRITE = ApiScope.GPTS_READ.value, ApiScope.GPTS_WRITE.value


def get_own_submission(request: Request, submission_id: UUID) -> Submission:
    """Return a submission of the key's person in the key's workspace, or raise NotFound."""
    user, key = bearer(request)
    submission = access_own_submission(user, submission_id)
    if submission.gpt.workspace_id != key.workspace_id:
        raise not_found()
    return submission


class SubmissionsView(LoggiaAPIView):
    required_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses=SubmissionSerializer(many=True))
    def get(self, request: Request) -> Response:
        user, key = bearer(request)
        return self.page(
            list_own_submissions(user).filter(gpt__workspace_id=key.workspace_id), SubmissionSerializer
        )


class SubmissionView(LoggiaAPIView):
    """DELETE withdraws."""

    required_scopes: ClassVar[dict[str, str]] = {"GET": READ, "DELETE": WRITE}

    @extend_schema(responses=SubmissionSerializer)
    def get(self, request: Request, submission_id: UUID) -> Response:
        return Response(SubmissionSerializer(get_own_submission(request, submission_id)).data)

    @extend_schema(responses=SubmissionSerializer)
    def delete(self, request: Request, submission_id: UUID) -> Response:
        submission = get_own_submission(request, submission_id)
        withdraw_submission(submission=submission, by=self.person, at=timezone.now())
        return Response(SubmissionSerializer(get_own_submission(request, submission_id)).data)


class SubmitView(LoggiaAPIView):
    required_scopes: ClassVar[dict[str, str]] = {"POST": WRITE}

    @extend_schema(request=SubmitInput, responses={201: SubmissionSerializer})
    def post(self, request: Request, slug: str) -> Response:
        values = self.read(SubmitInput)
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        submission = submit_version(
            gpt=gpt,
            note=values["note"],
            release_notes=values["release_notes"],
            attested=values["attested"],
            address=values["address"],
            by=self.person,
            at=timezone.now(),
        )
        return Response(SubmissionSerializer(submission).data, status=201)
