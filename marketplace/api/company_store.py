"""/api/v1/workspaces/<workspace>/store: the private store of a workspace, and its sections."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.models import GPT
from gpts.assistants.services.store_blocks import block_in_store, unblock_in_store
from marketplace import queries
from marketplace.access import access_company_gpt, access_section
from marketplace.queries import SectionView
from marketplace.search.tsquery import MAX_TEXT_LENGTH
from marketplace.services.company_store import (
    EntryDraft,
    SectionDraft,
    change_section,
    create_section,
    delete_section,
)
from marketplace.states import Mark, SectionKind
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.workspaces import access_key_workspace
from workspaces.states import ApiScope


class PrivateCardSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    tagline = serializers.CharField()
    builder_name = serializers.CharField()
    conversations = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    mark = serializers.ChoiceField(choices=[("", ""), *Mark.choices])


class PrivateStorePageSerializer(serializers.Serializer[Any]):
    items = PrivateCardSerializer(many=True)
    next_cursor = serializers.CharField()
    previous_cursor = serializers.CharField()


class SectionEntrySerializer(serializers.Serializer[Any]):
    gpt = serializers.CharField(max_length=80, help_text="Slug of a GPT that is live for everyone.")
    reason = serializers.CharField(max_length=10_000, required=False, allow_blank=True, default="")


class SectionSerializer(serializers.Serializer[Any]):
    """``entries`` are the GPTs that are live now."""

    id = serializers.IntegerField(source="section.pk")
    kind = serializers.ChoiceField(choices=SectionKind.choices, source="section.kind")
    title = serializers.CharField(source="section.title")
    text = serializers.CharField(source="section.text")
    group = serializers.IntegerField(source="section.group_id", allow_null=True)
    place = serializers.SerializerMethodField()
    entries = PrivateCardSerializer(many=True, source="cards")

    def get_place(self, view: SectionView) -> int:
        return view.section.position + 1


class SectionChangeSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=10_000)
    text = serializers.CharField(max_length=10_000, required=False, allow_blank=True, default="")
    group = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    place = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    entries = SectionEntrySerializer(many=True, required=False, default=list)


class NewSectionSerializer(SectionChangeSerializer):
    kind = serializers.ChoiceField(choices=SectionKind.choices)


class PrivateStoreView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.STORE_READ}

    @extend_schema(
        operation_id="private_store_list",
        parameters=[OpenApiParameter("q", str), OpenApiParameter("cursor", str)],
        responses=PrivateStorePageSerializer,
    )
    def get(self, request: Request, workspace: str) -> Response:
        """List GPTs that are live for the workspace, those that most members used lately first."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        text = " ".join(request.query_params.get("q", "")[:MAX_TEXT_LENGTH].split())
        page, cards = queries.page_private_store(
            tenant, self.person, text=text, cursor=request.query_params.get("cursor", "")
        )
        body = {"items": cards, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}
        return Response(PrivateStorePageSerializer(body).data)


class SectionsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="store_section_list", responses=SectionSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_STORE)
        views = queries.read_sections(queries.list_sections(tenant))
        return Response(SectionSerializer(views, many=True).data)

    @extend_schema(
        operation_id="store_section_create", request=NewSectionSerializer, responses={201: SectionSerializer}
    )
    def post(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_STORE)
        given = self.read(NewSectionSerializer)
        made = create_section(
            workspace=tenant, kind=given["kind"], draft=_read_draft(given), by=self.person, at=timezone.now()
        )
        return Response(SectionSerializer(queries.read_sections([made])[0]).data, status=201)


class StoreSectionView(LoggiaAPIView):
    required_scopes: ClassVar = {"PUT": ApiScope.ACCOUNT, "DELETE": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="store_section_replace", request=SectionChangeSerializer, responses=SectionSerializer
    )
    def put(self, request: Request, workspace: str, section_id: int) -> Response:
        """Replace a section whole: title, text, group, place and entries."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_STORE)
        section = access_section(tenant, section_id)
        draft = _read_draft(self.read(SectionChangeSerializer))
        changed = change_section(section=section, draft=draft, by=self.person, at=timezone.now())
        return Response(SectionSerializer(queries.read_sections([changed])[0]).data)

    @extend_schema(operation_id="store_section_delete", request=None, responses={204: None})
    def delete(self, request: Request, workspace: str, section_id: int) -> Response:
        """Remove a section; its GPTs stay in the store."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_STORE)
        delete_section(section=access_section(tenant, section_id), by=self.person, at=timezone.now())
        return Response(status=204)


class StoreBlockSerializer(serializers.ModelSerializer[GPT]):
    """A GPT that nobody in its company may use; its owner and members read ``reason``."""

    gpt = serializers.CharField(source="slug", read_only=True)
    reason = serializers.CharField(source="block_reason", read_only=True)

    class Meta:
        model = GPT
        fields: ClassVar[Any] = ["gpt", "name", "reason", "blocked_at"]
        read_only_fields: ClassVar[Any] = fields


class NewStoreBlockSerializer(serializers.Serializer[Any]):
    gpt = serializers.CharField(max_length=200, help_text="Slug of a GPT of the workspace.")
    reason = serializers.CharField(max_length=10_000)


class StoreBlocksView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}
    ordering = ("-blocked_at", "-id")

    @extend_schema(operation_id="store_block_list", responses=StoreBlockSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the workspace's own GPTs that are blocked in its store."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_STORE)
        return self.page(queries.list_blocked_gpts(tenant), StoreBlockSerializer)

    @extend_schema(
        operation_id="store_block_add",
        request=NewStoreBlockSerializer,
        responses={201: StoreBlockSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Block a GPT of the workspace, or give another reason. Its owner is told."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_STORE)
        given = self.read(NewStoreBlockSerializer)
        gpt = access_company_gpt(tenant, given["gpt"])
        blocked = block_in_store(gpt=gpt, reason=given["reason"], by=self.person, at=timezone.now())
        return Response(StoreBlockSerializer(blocked).data, status=201)


class StoreBlockView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="store_block_lift", request=None, responses={204: None})
    def delete(self, request: Request, workspace: str, slug: str) -> Response:
        """Lift the block: what is live answers again."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_STORE)
        unblock_in_store(gpt=access_company_gpt(tenant, slug), by=self.person, at=timezone.now())
        return Response(status=204)


def _read_draft(given: dict[str, Any]) -> SectionDraft:
    return SectionDraft(
        title=given["title"],
        text=given["text"],
        group_id=given["group"],
        place=given["place"],
        entries=[EntryDraft(entry["gpt"], entry["reason"]) for entry in given["entries"]],
    )
