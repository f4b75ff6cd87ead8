"""/api/v1/gpts/<slug>/knowledge: files of the draft."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.access import GPTAct, access_gpt, access_knowledge_file
from gpts.api.build_serializers import KnowledgeFileSerializer, UploadSerializer
from gpts.knowledge_queries import knowledge_files
from gpts.services.knowledge import add_knowledge_file, remove_knowledge_file
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope


class KnowledgeFilesView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "POST": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="knowledge_list", responses=KnowledgeFileSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """At most twenty, so all of them come at once."""
        gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
        files = KnowledgeFileSerializer(knowledge_files(gpt), many=True).data
        return Response({"items": files, "next_cursor": "", "previous_cursor": ""})

    @extend_schema(
        operation_id="knowledge_add",
        request={"multipart/form-data": UploadSerializer},
        responses={201: KnowledgeFileSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
        upload = self.read(UploadSerializer)["file"]
        added = add_knowledge_file(gpt=gpt, upload=upload, by=request.user, at=timezone.now())
        file = next(file for file in knowledge_files(gpt) if file.pk == added.pk)
        return Response(KnowledgeFileSerializer(file).data, status=201)


class KnowledgeFileView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="knowledge_remove", request=None, responses={204: None})
    def delete(self, request: Request, slug: str, file_id: int) -> Response:
        gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
        file = access_knowledge_file(request.user, gpt, file_id)
        remove_knowledge_file(file=file, by=request.user, at=timezone.now())
        return Response(status=204)
