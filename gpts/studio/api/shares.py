"""/api/v1/gpts/<slug>/shares and owner; GPTs without an owner and transfers of a workspace."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput, NotFound
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT, GPTShare, GPTTransfer
from gpts.assistants.queries.orphans import find_transfer, list_orphans, list_successors
from gpts.assistants.queries.shares import list_shares
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.shares import remove_share, set_share
from gpts.assistants.services.transfers import request_transfer, transfer_gpt
from gpts.assistants.states import ShareRight
from gpts.studio.access import access_share
from gpts.studio.candidates import find_recipient
from gpts.studio.services.shares import share_with
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.serializers import PersonSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import Group, User, Workspace
from workspaces.states import ApiScope

MAX_CHOSEN = 1_000


class ShareGroupSerializer(serializers.ModelSerializer[Group]):
    class Meta:
        model = Group
        fields: ClassVar[Any] = ["id", "name"]
        read_only_fields: ClassVar[Any] = fields


class GPTShareSerializer(serializers.ModelSerializer[GPTShare]):
    """A person or a group, the other one is null; each right includes those before it."""

    user = PersonSerializer(read_only=True, allow_null=True)
    group = ShareGroupSerializer(read_only=True, allow_null=True)

    class Meta:
        model = GPTShare
        fields: ClassVar[Any] = ["id", "user", "group", "right", "created_at"]
        read_only_fields: ClassVar[Any] = fields


class NewShareSerializer(serializers.Serializer[Any]):
    who = serializers.CharField(
        max_length=10_000,
        help_text='The e-mail address of a member, "user:<id>" or "group:<id>" of the GPT\'s workspace.',
    )
    right = serializers.ChoiceField(choices=ShareRight.choices)


class ShareRightSerializer(serializers.Serializer[Any]):
    right = serializers.ChoiceField(choices=ShareRight.choices)


class NewOwnerSerializer(serializers.Serializer[Any]):
    to = serializers.CharField(
        max_length=10_000, help_text='The e-mail address of a builder of the workspace, or "user:<id>".'
    )


class OwnerSerializer(serializers.Serializer[GPT]):
    slug = serializers.CharField(read_only=True)
    owner = PersonSerializer(read_only=True)


class OrphanSerializer(serializers.ModelSerializer[GPT]):
    """``owner`` has left the workspace or closed the account."""

    owner = PersonSerializer(read_only=True)
    is_live = serializers.BooleanField(read_only=True)
    is_quarantined = serializers.SerializerMethodField()

    class Meta:
        model = GPT
        fields: ClassVar[Any] = ["slug", "name", "owner", "is_live", "is_quarantined", "updated_at"]
        read_only_fields: ClassVar[Any] = fields

    def get_is_quarantined(self, gpt: GPT) -> bool:
        return gpt.quarantined_at is not None


class NewTransferSerializer(NewOwnerSerializer):
    gpts = serializers.ListField(
        child=serializers.CharField(max_length=200),
        min_length=1,
        max_length=MAX_CHOSEN,
        help_text="Addresses of GPTs without an owner.",
    )


class TransferSerializer(serializers.ModelSerializer[GPTTransfer]):
    """The progress of a transfer: ``moved`` and ``skipped`` of ``total``, over at ``finished_at``."""

    to = PersonSerializer(source="to_user", read_only=True)
    total = serializers.SerializerMethodField()
    moved = serializers.SerializerMethodField()
    skipped = serializers.SerializerMethodField()

    class Meta:
        model = GPTTransfer
        fields: ClassVar[Any] = ["id", "to", "total", "moved", "skipped", "requested_at", "finished_at"]
        read_only_fields: ClassVar[Any] = fields

    def get_total(self, transfer: GPTTransfer) -> int:
        return len(transfer.gpt_ids)

    def get_moved(self, transfer: GPTTransfer) -> int:
        return len(transfer.moved_ids)

    def get_skipped(self, transfer: GPTTransfer) -> int:
        return len(transfer.skipped_ids)


class SharesView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "POST": ApiScope.GPTS_WRITE}
    ordering = ("id",)

    @extend_schema(operation_id="share_of_gpt_list", responses=GPTShareSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the people and groups that the GPT is shared with."""
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        return self.page(list_shares(gpt), GPTShareSerializer)

    @extend_schema(
        operation_id="share_of_gpt_add", request=NewShareSerializer, responses={201: GPTShareSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Share with a person or group, or change their right.

        While nothing is live for anybody, the draft goes live for the people and groups named.
        """
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        values = self.read(NewShareSerializer)
        share = share_with(
            gpt=gpt,
            right=values["right"],
            by=self.person,
            at=timezone.now(),
            **find_recipient(self.person, gpt, values["who"]),  # type: ignore[arg-type]  # user or group
        )
        return Response(GPTShareSerializer(share).data, status=201)


class ShareView(LoggiaAPIView):
    required_scopes: ClassVar = {"PATCH": ApiScope.GPTS_WRITE, "DELETE": ApiScope.GPTS_WRITE}

    @extend_schema(
        operation_id="share_of_gpt_change", request=ShareRightSerializer, responses=GPTShareSerializer
    )
    def patch(self, request: Request, slug: str, share_id: int) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        share = access_share(gpt, share_id)
        changed = set_share(
            gpt=gpt,
            right=self.read(ShareRightSerializer)["right"],
            user=share.user,
            group=share.group,
            by=self.person,
            at=timezone.now(),
        )
        return Response(GPTShareSerializer(changed).data)

    @extend_schema(operation_id="share_of_gpt_end", request=None, responses={204: None})
    def delete(self, request: Request, slug: str, share_id: int) -> Response:
        """End the share; running answers that it allowed stop."""
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        remove_share(share=access_share(gpt, share_id), by=self.person, at=timezone.now())
        return Response(status=204)


class OwnerView(LoggiaAPIView):
    required_scopes: ClassVar = {"PUT": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="gpt_transfer", request=NewOwnerSerializer, responses=OwnerSerializer)
    def put(self, request: Request, slug: str) -> Response:
        """Give the GPT to a builder of its workspace, who decides about it and earns by it from then on."""
        gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        to_user = _find_successor(self.person, gpt, self.read(NewOwnerSerializer)["to"])
        given = transfer_gpt(gpt=gpt, to_user=to_user, by=self.person, at=timezone.now())
        return Response(OwnerSerializer(given).data)


def _find_successor(person: User, gpt: GPT, sent: str) -> User:
    found = find_recipient(person, gpt, sent).get("user")
    if not isinstance(found, User):
        raise _unknown_successor()
    return found


def _unknown_successor() -> InvalidInput:
    return InvalidInput(
        _("Choose somebody else who may build in this workspace."), code="unknown_successor", field="to"
    )


class OrphansView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}
    ordering = ("-updated_at", "-id")

    @extend_schema(operation_id="orphan_list", responses=OrphanSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the workspace's GPTs without an owner, for its admins."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        return self.page(list_orphans(tenant), OrphanSerializer)


class TransfersView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="gpt_transfer_start",
        request=NewTransferSerializer,
        responses={202: TransferSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Give GPTs without an owner to a builder: a job, whose progress can be asked for by its id."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        values = self.read(NewTransferSerializer)
        transfer = request_transfer(
            workspace=tenant,
            gpt_ids=_find_orphans(tenant, values["gpts"]),
            to_user=find_builder(tenant, values["to"]),
            by=self.person,
            at=timezone.now(),
        )
        return Response(TransferSerializer(transfer).data, status=202)


def _find_orphans(tenant: Workspace, slugs: list[str]) -> list[int]:
    wanted = {slug for slug in slugs if "\x00" not in slug}
    found = list(list_orphans(tenant).filter(slug__in=wanted).values_list("pk", flat=True))
    if len(found) != len(set(slugs)):
        raise InvalidInput(_("There is no such GPT."), code="unknown_gpt", field="gpts")
    return found


def find_builder(tenant: Workspace, sent: str) -> User:
    kind, _sep, number = sent.partition(":")
    people = list_successors(tenant)
    if kind == "user" and number.isascii() and number.isdecimal() and len(number) < 19:
        found = people.filter(pk=int(number)).first()
    else:
        found = people.filter(email=sent.strip().lower()[:254].replace("\x00", "")).first()
    if found is None:
        raise _unknown_successor()
    return found


class TransferView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(operation_id="gpt_transfer_read", responses=TransferSerializer)
    def get(self, request: Request, workspace: str, transfer_id: UUID) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        transfer = find_transfer(tenant, transfer_id)
        if transfer is None:
            raise NotFound(_("There is no such transfer."), code="transfer_not_found")
        return Response(TransferSerializer(transfer).data)
