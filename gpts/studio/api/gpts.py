"""/api/v1/gpts: a person's own GPTs and their drafts, and the models they may use."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import get_live_versions, keep_allowed, list_available_models, list_own_gpts
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import create_gpt, delete_gpt, update_draft
from gpts.studio.api.serializers import (
    ChangeGPTSerializer,
    DeleteGPTSerializer,
    DuplicateGPTSerializer,
    GPTSerializer,
    GPTSummarySerializer,
    LanguageModelSerializer,
    NewGPTSerializer,
)
from gpts.studio.services.duplicates import duplicate_gpt
from marketplace.services.listings import delist_listing
from marketplace.states import ListingState
from reviews.queries import submission_status
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.states import ApiScope


def serialize_gpt(gpt: GPT) -> dict[str, Any]:
    data: dict[str, Any] = GPTSerializer(gpt, context={"live": get_live_versions(gpt)}).data
    return data


class GPTsView(LoggiaAPIView):
    """The person's own GPTs in the key's workspace."""

    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "POST": ApiScope.GPTS_WRITE}
    ordering = ("-updated_at", "-id")

    @extend_schema(operation_id="gpt_list", responses=GPTSummarySerializer(many=True))
    def get(self, request: Request) -> Response:
        user, key = bearer(request)
        return self.page(list_own_gpts(user, workspace=key.workspace), GPTSummarySerializer)

    @extend_schema(operation_id="gpt_create", request=NewGPTSerializer, responses={201: GPTSerializer})
    def post(self, request: Request) -> Response:
        user, key = bearer(request)
        draft = self.read(NewGPTSerializer)
        gpt = create_gpt(workspace=key.workspace, owner=user, by=user, at=timezone.now(), **draft)
        return Response(serialize_gpt(gpt), status=201)


class GPTView(LoggiaAPIView):
    required_scopes: ClassVar = {
        "GET": ApiScope.GPTS_READ,
        "PATCH": ApiScope.GPTS_WRITE,
        "DELETE": ApiScope.GPTS_WRITE,
    }

    @extend_schema(operation_id="gpt_read", responses=GPTSerializer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(serialize_gpt(access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)))

    @extend_schema(operation_id="gpt_change", request=ChangeGPTSerializer, responses=GPTSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Change the draft. 409 with the current values of the fields if ``revision`` is not the newest."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        changes = self.read(ChangeGPTSerializer)
        revision = changes.pop("revision")
        saved = update_draft(gpt=gpt, revision=revision, changes=changes, by=self.person, at=timezone.now())
        return Response(serialize_gpt(saved))

    @extend_schema(operation_id="gpt_delete", request=DeleteGPTSerializer, responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Mark the GPT as deleted and delist it from the store; the body repeats the name."""
        user = self.person
        gpt = access_gpt(user, slug, to=GPTAct.MANAGE)
        now = timezone.now()
        delete_gpt(
            gpt=gpt,
            typed_name=self.read(DeleteGPTSerializer)["name"],
            is_under_review=submission_status(gpt).is_open,
            by=user,
            at=now,
        )
        listing = getattr(gpt, "listing", None)
        if listing is not None and listing.state == ListingState.LISTED:
            delist_listing(listing=listing, by=user, at=now, reason="deleted by its owner")
        return Response(status=204)


class DuplicateView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.GPTS_WRITE}

    @extend_schema(
        operation_id="gpt_duplicate", request=DuplicateGPTSerializer, responses={201: GPTSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Create a GPT of your own with the settings, icon and knowledge files of another, in its workspace.

        Conversations, versions, tests, secrets and sharing are not copied.
        """
        user = self.person
        gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
        name = self.read(DuplicateGPTSerializer)["name"]
        return Response(
            serialize_gpt(duplicate_gpt(gpt=gpt, name=name, by=user, at=timezone.now())), status=201
        )


class ModelsView(LoggiaAPIView):
    """Models that the person may use in a GPT of the key's workspace, the default first."""

    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ}

    @extend_schema(operation_id="model_list", responses=LanguageModelSerializer(many=True))
    def get(self, request: Request) -> Response:
        user, key = bearer(request)
        offered = list(list_available_models(key.workspace)[:200])
        models = keep_allowed(offered, user_id=user.pk, workspace_id=key.workspace_id)
        return Response(
            {
                "items": LanguageModelSerializer(models, many=True).data,
                "next_cursor": "",
                "previous_cursor": "",
            }
        )
