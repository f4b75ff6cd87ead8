"""/api/v1/gpts/<slug>/knowledge: files of the draft."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.rules import GPTAct
from gpts.knowledge.access import access_knowledge_file, access_page_job
from gpts.knowledge.api.serializers import (
    ChangeFileSerializer,
    EraseFileSerializer,
    KnowledgeFileSerializer,
    KnownFileSerializer,
    PageJobSerializer,
    PageSerializer,
    PassageSerializer,
    RereadSerializer,
    UploadSerializer,
)
from gpts.knowledge.extraction import list_labels
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.queries import get_file_passages, list_knowledge_files, list_page_jobs
from gpts.knowledge.services.files import (
    erase_file,
    remove_knowledge_file,
    replace_file,
    retry_file,
    update_file,
    upload_knowledge_file,
)
from gpts.knowledge.services.rereading import reread_file, reread_outdated_files
from gpts.knowledge.services.web_pages import request_fetch_again, request_page
from workspaces.api.base import LoggiaAPIView
from workspaces.services.outbound_jobs import dismiss_job, retry_job
from workspaces.states import ApiScope
from workspaces.web.bodies import takes_files

WRITE: dict[str, str] = {"POST": ApiScope.GPTS_WRITE}


# No docstring on the base class: the OpenAPI document would repeat it for every view without its own.
class KnowledgeView(LoggiaAPIView):
    def answer(self, gpt: GPT, identifier: int, *, status: int = 200) -> Response:
        """Return the file with its document, fetched again after a change."""
        file = access_knowledge_file(self.person, gpt, identifier)
        return Response(KnowledgeFileSerializer(file).data, status=status)

    def get_file_to_edit(self, slug: str, file_id: int) -> tuple[GPT, KnowledgeFile]:
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        return gpt, access_knowledge_file(self.person, gpt, file_id)


@takes_files
class KnowledgeFilesView(KnowledgeView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "POST": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="knowledge_list", responses=KnowledgeFileSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """At most twenty, so all of them come at once."""
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        files = KnowledgeFileSerializer(list_knowledge_files(gpt), many=True).data
        return Response({"items": files, "next_cursor": "", "previous_cursor": ""})

    @extend_schema(
        operation_id="knowledge_add",
        description=(
            "Take a file in. It is read afterwards: ask for it until its state is ready or failed, with"
            f" `remarks` about what was left out. Read are {', '.join(list_labels())}, files without an"
            " ending such as README, and source code."
        ),
        request={"multipart/form-data": UploadSerializer},
        responses={200: KnownFileSerializer, 201: KnowledgeFileSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Take a file in. It is read afterwards: ask for it until its state is ready or failed.

        200 with a `note`, and nothing is added, if a file with the same content is there already.
        """
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        upload = self.read(UploadSerializer)["file"]
        file = upload_knowledge_file(gpt=gpt, upload=upload, by=self.person, at=timezone.now())
        if file.is_already_there:
            known = access_knowledge_file(self.person, gpt, file.pk)
            return Response(KnownFileSerializer(known).data)
        return self.answer(gpt, file.pk, status=201)


class KnowledgePagesView(KnowledgeView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "POST": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="knowledge_pages", responses=PageJobSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The web pages that were asked for in the last week, with the state of fetching them."""
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        with gpt_workspace_scope(gpt):
            return self.page(list_page_jobs(gpt), PageJobSerializer)

    @extend_schema(
        operation_id="knowledge_add_page", request=PageSerializer, responses={202: PageJobSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Have a web page fetched and taken in. Ask for the job until its state is done or failed."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        url = self.read(PageSerializer)["url"]
        job = request_page(gpt=gpt, url=url, by=self.person, at=timezone.now())
        return Response(PageJobSerializer(job).data, status=202)


class KnowledgePageJobView(KnowledgeView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "DELETE": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="knowledge_page_show", responses=PageJobSerializer)
    def get(self, request: Request, slug: str, job_id: UUID) -> Response:
        """Show how fetching a web page goes; `file_id` is set once it is done."""
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        return Response(PageJobSerializer(access_page_job(self.person, gpt, job_id)).data)

    @extend_schema(operation_id="knowledge_page_dismiss", request=None, responses={204: None})
    def delete(self, request: Request, slug: str, job_id: UUID) -> Response:
        """Forget a page that waits or has ended; 409 while it is being fetched."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        job = access_page_job(self.person, gpt, job_id)
        with gpt_workspace_scope(gpt):
            dismiss_job(job=job)
        return Response(status=204)


class KnowledgePageRetryView(KnowledgeView):
    required_scopes: ClassVar = WRITE

    @extend_schema(operation_id="knowledge_page_retry", request=None, responses={202: PageJobSerializer})
    def post(self, request: Request, slug: str, job_id: UUID) -> Response:
        """Fetch a page again whose fetching failed; 409 for any other."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        job = access_page_job(self.person, gpt, job_id)
        with gpt_workspace_scope(gpt):
            job = retry_job(job=job, by=self.person, at=timezone.now())
        return Response(PageJobSerializer(job).data, status=202)


class KnowledgeFileView(KnowledgeView):
    required_scopes: ClassVar = {
        "GET": ApiScope.GPTS_READ,
        "PATCH": ApiScope.GPTS_WRITE,
        "DELETE": ApiScope.GPTS_WRITE,
    }

    @extend_schema(operation_id="knowledge_show", responses=KnowledgeFileSerializer)
    def get(self, request: Request, slug: str, file_id: int) -> Response:
        """Show one file of the draft."""
        return self.answer(access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS), file_id)

    @extend_schema(
        operation_id="knowledge_change", request=ChangeFileSerializer, responses=KnowledgeFileSerializer
    )
    def patch(self, request: Request, slug: str, file_id: int) -> Response:
        """Rename a file, or set the day from which it counts as stale."""
        gpt, file = self.get_file_to_edit(slug, file_id)
        changes = self.read(ChangeFileSerializer)
        update_file(file=file, by=self.person, at=timezone.now(), **changes)
        return self.answer(gpt, file_id)

    @extend_schema(operation_id="knowledge_remove", request=None, responses={204: None})
    def delete(self, request: Request, slug: str, file_id: int) -> Response:
        """Take a file out of the draft; frozen versions that use it keep it."""
        _gpt, file = self.get_file_to_edit(slug, file_id)
        remove_knowledge_file(file=file, by=self.person, at=timezone.now())
        return Response(status=204)


@takes_files
class KnowledgeContentView(KnowledgeView):
    required_scopes: ClassVar = {"PUT": ApiScope.GPTS_WRITE}

    @extend_schema(
        operation_id="knowledge_replace",
        request={"multipart/form-data": UploadSerializer},
        responses=KnowledgeFileSerializer,
    )
    def put(self, request: Request, slug: str, file_id: int) -> Response:
        """Replace a file's content. The answer may have another id: frozen versions keep the old one."""
        gpt, file = self.get_file_to_edit(slug, file_id)
        upload = self.read(UploadSerializer)["file"]
        new = replace_file(file=file, upload=upload, by=self.person, at=timezone.now())
        return self.answer(gpt, new.pk)


class KnowledgeFetchView(KnowledgeView):
    required_scopes: ClassVar = WRITE

    @extend_schema(operation_id="knowledge_fetch", request=None, responses={202: PageJobSerializer})
    def post(self, request: Request, slug: str, file_id: int) -> Response:
        """Have a web page fetched anew, to replace the file by it. Ask for the job until it has ended."""
        _gpt, file = self.get_file_to_edit(slug, file_id)
        job = request_fetch_again(file=file, by=self.person, at=timezone.now())
        return Response(PageJobSerializer(job).data, status=202)


class KnowledgeRetryView(KnowledgeView):
    required_scopes: ClassVar = WRITE

    @extend_schema(operation_id="knowledge_retry", request=None, responses=KnowledgeFileSerializer)
    def post(self, request: Request, slug: str, file_id: int) -> Response:
        """Have a file that failed read again; nothing happens to any other."""
        gpt, file = self.get_file_to_edit(slug, file_id)
        retry_file(file=file, by=self.person, at=timezone.now())
        return self.answer(gpt, file_id)


class KnowledgeRereadView(KnowledgeView):
    required_scopes: ClassVar = WRITE

    @extend_schema(operation_id="knowledge_reread", request=None, responses=KnowledgeFileSerializer)
    def post(self, request: Request, slug: str, file_id: int) -> Response:
        """Have a file read again that an older reader read; its passages answer until the new ones are there.

        Nothing happens to a file that today's reader has read whole.
        """
        gpt, file = self.get_file_to_edit(slug, file_id)
        reread_file(file=file, by=self.person, at=timezone.now())
        return self.answer(gpt, file_id)


class KnowledgeRereadAllView(KnowledgeView):
    required_scopes: ClassVar = WRITE

    @extend_schema(operation_id="knowledge_reread_all", request=None, responses={202: RereadSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Have all files of a GPT read again that an older reader read, also those kept for versions."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        count = reread_outdated_files(gpt=gpt, by=self.person, at=timezone.now())
        return Response({"count": count}, status=202)


class KnowledgeEraseView(KnowledgeView):
    required_scopes: ClassVar = WRITE

    @extend_schema(operation_id="knowledge_erase", request=EraseFileSerializer, responses={204: None})
    def post(self, request: Request, slug: str, file_id: int) -> Response:
        """Delete a file for good, from the draft and from every version; also one removed from the draft."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        file = access_knowledge_file(self.person, gpt, file_id, include_removed=True)
        confirmation = self.read(EraseFileSerializer)["confirmation"]
        erase_file(file=file, confirmation=confirmation, by=self.person, at=timezone.now())
        return Response(status=204)


class KnowledgeTextView(KnowledgeView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ}
    ordering: ClassVar[tuple[str, ...]] = ("position",)

    @extend_schema(operation_id="knowledge_text", responses=PassageSerializer(many=True))
    def get(self, request: Request, slug: str, file_id: int) -> Response:
        """The text of a file as it was read, in passages that answers can quote; empty until it is ready."""
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        file = access_knowledge_file(self.person, gpt, file_id)
        return self.page(get_file_passages(file), PassageSerializer)
