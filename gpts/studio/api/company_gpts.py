"""/api/v1/workspaces/<workspace>/gpts: every GPT of a company for its admins, saved filters, batches."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.http import QueryDict, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.audiences import DIRECT_AUDIENCES
from gpts.assistants.gpt_filters import ORDER_COLUMNS, GPTOrder, Unused, read_gpt_filter
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpt_table import describe_access, list_company_gpts, list_gpt_filters
from gpts.assistants.services.gpt_filters import delete_gpt_filter, save_gpt_filter
from gpts.assistants.services.gpt_table_exports import record_gpt_table_export
from gpts.assistants.states import Audience
from gpts.studio.api.shares import find_builder
from gpts.studio.web.gpt_batches import BatchAct, apply_batch, read_chosen
from gpts.studio.web.gpt_table_files import stream_gpt_table
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.api.pagination import KeysetPagination
from workspaces.api.serializers import PersonSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.states import ApiScope

FILTERS = [
    OpenApiParameter("q", OpenApiTypes.STR, description="Part of the name."),
    OpenApiParameter("owner", OpenApiTypes.STR, description='Id of an account, or "none" without an owner.'),
    OpenApiParameter("group", OpenApiTypes.INT, description="Shared with this group."),
    OpenApiParameter("audience", OpenApiTypes.STR, enum=[*Audience.values, "none"]),
    OpenApiParameter("model", OpenApiTypes.INT, description="Id of the draft's model."),
    OpenApiParameter("unused", OpenApiTypes.STR, enum=Unused.values, description="Not used for these days."),
]
ORDER = OpenApiParameter("order", OpenApiTypes.STR, enum=GPTOrder.values)


class CompanyGPTSerializer(serializers.Serializer[Any]):
    """Counts of people are null while they are fewer than five. Cost is in millionths of ``currency``."""

    slug = serializers.CharField()
    name = serializers.CharField()
    owner = PersonSerializer(allow_null=True, help_text="Null once the owner has left.")
    audiences = serializers.ListField(child=serializers.CharField())
    access = serializers.ListField(child=serializers.CharField(), help_text="In your language.")
    model = serializers.CharField(help_text="Empty for the workspace's default.")
    chats = serializers.IntegerField(allow_null=True)
    members_28_days = serializers.IntegerField(allow_null=True)
    answers_28_days = serializers.IntegerField()
    cost_micros_28_days = serializers.IntegerField()
    currency = serializers.CharField()
    last_used = serializers.DateField(allow_null=True)
    is_quarantined = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SavedFilterSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    query = serializers.CharField(max_length=1_000, allow_blank=True, help_text="As in an address.")


class GPTBatchSerializer(serializers.Serializer[Any]):
    act = serializers.ChoiceField(choices=BatchAct.choices)
    gpts = serializers.ListField(
        child=serializers.CharField(max_length=200), min_length=1, max_length=100, help_text="Addresses."
    )
    audience = serializers.ChoiceField(
        choices=[(one.value, one.label) for one in DIRECT_AUDIENCES], required=False, default=""
    )
    to = serializers.CharField(
        max_length=10_000,
        required=False,
        default="",
        help_text='With transfer: the e-mail address of a builder of the workspace, or "user:<id>".',
    )
    count = serializers.IntegerField(
        required=False, default=0, help_text="With delete: the number of GPTs, as a confirmation."
    )


class GPTBatchResultSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    is_done = serializers.BooleanField()
    text = serializers.CharField(help_text="What became of it, in your language.")


def _serialize(gpt: GPT) -> dict[str, Any]:
    return {
        "slug": gpt.slug,
        "name": gpt.name,
        "owner": gpt.owner if getattr(gpt, "has_owner", False) else None,
        "audiences": [row.audience for row in gpt.live_versions.all()],
        "access": describe_access(gpt),
        "model": "" if gpt.language_model is None else gpt.language_model.label,
        "chats": gpt.shown_conversations,
        "members_28_days": gpt.shown_members,
        "answers_28_days": gpt.recent_answers,
        "cost_micros_28_days": gpt.recent_cost_micros,
        "currency": settings.PAYOUT_CURRENCY,
        "last_used": gpt.last_used,
        "is_quarantined": gpt.quarantined_at is not None,
        "created_at": gpt.created_at,
        "updated_at": gpt.updated_at,
    }


class CompanyGPTsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="company_gpt_list",
        parameters=[*FILTERS, ORDER],
        responses=CompanyGPTSerializer(many=True),
    )
    def get(self, request: Request, workspace: str) -> Response:
        """List the workspace's GPTs with owner, access, model and use, for its admins."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        wanted = read_gpt_filter(request.query_params)
        self.ordering = ORDER_COLUMNS[wanted.order]  # type: ignore[misc]  # of this request
        pagination = KeysetPagination()
        rows = list_company_gpts(tenant, wanted, today=timezone.now().date())
        items = [_serialize(gpt) for gpt in pagination.paginate_queryset(rows, request, self)]
        return pagination.get_paginated_response(CompanyGPTSerializer(items, many=True).data)


class CompanyGPTFileView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="company_gpt_export",
        parameters=FILTERS,
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, workspace: str) -> StreamingHttpResponse:
        """Fetch a line for each GPT as CSV."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        user, key = bearer(request)
        wanted, now = read_gpt_filter(request.query_params), timezone.now()
        record_gpt_table_export(workspace=tenant, wanted=wanted, today=now.date(), by=user, at=now)
        return stream_gpt_table(tenant, wanted, user=user, today=now.date(), api_key=key)


class GPTFiltersView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="gpt_filter_list", responses=SavedFilterSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the filters that you saved in this workspace."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        return Response(SavedFilterSerializer(list_gpt_filters(tenant, self.person), many=True).data)

    @extend_schema(operation_id="gpt_filter_save", request=SavedFilterSerializer, responses={204: None})
    def post(self, request: Request, workspace: str) -> Response:
        """Save a filter under a name for yourself; the same name replaces it."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        values = self.read(SavedFilterSerializer)
        wanted = read_gpt_filter(QueryDict(values["query"]))
        save_gpt_filter(workspace=tenant, name=values["name"], wanted=wanted, by=self.person)
        return Response(status=204)


class GPTFilterView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="gpt_filter_delete",
        parameters=[OpenApiParameter("name", OpenApiTypes.STR, required=True)],
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, workspace: str) -> Response:
        """Forget one of your filters."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        delete_gpt_filter(workspace=tenant, name=request.query_params.get("name", ""), by=self.person)
        return Response(status=204)


class GPTBatchView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="company_gpt_change",
        request=GPTBatchSerializer,
        responses=GPTBatchResultSerializer(many=True),
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Change up to 100 GPTs one after the other; a refusal of one does not stop the others."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        values = self.read(GPTBatchSerializer)
        results = apply_batch(
            workspace=tenant,
            gpts=read_chosen(tenant, values["gpts"]),
            act=values["act"],
            audience=values["audience"],
            to=find_builder(tenant, values["to"]) if values["act"] == BatchAct.TRANSFER else None,
            typed_count=str(values["count"]),
            by=self.person,
            at=timezone.now(),
        )
        return Response(GPTBatchResultSerializer(results, many=True).data)
