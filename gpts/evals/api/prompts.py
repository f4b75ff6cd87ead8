"""/api/v1/gpts/<slug>/golden-prompts and golden-runs, and a workspace's gate for publishing."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.access import access_gpt, access_version
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.evals.access import access_golden_prompt, access_golden_run, may_see_leaks
from gpts.evals.api.serializers import (
    GoldenGateSerializer,
    GoldenImportSerializer,
    GoldenOrderSerializer,
    GoldenPromptChangeSerializer,
    GoldenPromptSerializer,
    GoldenResultSerializer,
    GoldenRunDetailSerializer,
    GoldenRunSerializer,
    GoldenRunStartSerializer,
)
from gpts.evals.files import FORMATS, MAX_FILE_BYTES
from gpts.evals.models import GoldenResult, GoldenRun
from gpts.evals.queries import compare_with_baseline, list_golden_prompts, list_golden_runs, list_results
from gpts.evals.services.prompts import (
    change_prompt,
    create_prompt,
    delete_prompt,
    import_prompts,
    order_prompts,
)
from gpts.evals.services.runs import cancel_run, start_run
from gpts.evals.states import GoldenKind
from gpts.evals.web.prompts import build_export_response
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.api.workspaces import access_key_workspace
from workspaces.services.sharing import get_golden_pass_rate, set_golden_pass_rate
from workspaces.states import ApiScope

READ_WRITE: dict[str, str] = {"GET": ApiScope.GPTS_READ, "POST": ApiScope.GPTS_WRITE}
MAX_RESULTS = 200


def _build_prompts_response(gpt: GPT) -> Response:
    """All prompts on one page: a GPT has at most a hundred."""
    rows = GoldenPromptSerializer(list_golden_prompts(gpt), many=True).data
    return Response({"items": rows, "next_cursor": "", "previous_cursor": ""})


class GoldenPromptsView(LoggiaAPIView):
    required_scopes: ClassVar = READ_WRITE

    @extend_schema(operation_id="golden_prompt_list", responses=GoldenPromptSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        return _build_prompts_response(access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS))

    @extend_schema(
        operation_id="golden_prompt_add",
        request=GoldenPromptChangeSerializer,
        responses={201: GoldenPromptSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        fields = self.read(GoldenPromptChangeSerializer)
        prompt = create_prompt(gpt=gpt, fields=fields, by=self.person, at=timezone.now())
        return Response(GoldenPromptSerializer(prompt).data, status=201)


class GoldenPromptView(LoggiaAPIView):
    required_scopes: ClassVar = {
        "GET": ApiScope.GPTS_READ,
        "PATCH": ApiScope.GPTS_WRITE,
        "DELETE": ApiScope.GPTS_WRITE,
    }

    @extend_schema(operation_id="golden_prompt_read", responses=GoldenPromptSerializer)
    def get(self, request: Request, slug: str, prompt_id: int) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        return Response(GoldenPromptSerializer(access_golden_prompt(gpt, prompt_id)).data)

    @extend_schema(
        operation_id="golden_prompt_change",
        request=GoldenPromptChangeSerializer,
        responses=GoldenPromptSerializer,
    )
    def patch(self, request: Request, slug: str, prompt_id: int) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        prompt = access_golden_prompt(gpt, prompt_id)
        fields = self.read(GoldenPromptChangeSerializer)
        saved = change_prompt(prompt=prompt, fields=fields, by=self.person, at=timezone.now())
        return Response(GoldenPromptSerializer(saved).data)

    @extend_schema(operation_id="golden_prompt_remove", request=None, responses={204: None})
    def delete(self, request: Request, slug: str, prompt_id: int) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        prompt = access_golden_prompt(gpt, prompt_id)
        delete_prompt(prompt=prompt, by=self.person, at=timezone.now())
        return Response(status=204)


class GoldenOrderView(LoggiaAPIView):
    required_scopes: ClassVar = {"PUT": ApiScope.GPTS_WRITE}

    @extend_schema(
        operation_id="golden_prompt_order",
        request=GoldenOrderSerializer,
        responses=GoldenPromptSerializer(many=True),
    )
    def put(self, request: Request, slug: str) -> Response:
        """Sort the prompts; the ids must be exactly those of the GPT's prompts."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        ids = self.read(GoldenOrderSerializer)["ids"]
        order_prompts(gpt=gpt, ids=ids, by=self.person, at=timezone.now())
        return _build_prompts_response(gpt)


class GoldenFileView(LoggiaAPIView):
    required_scopes: ClassVar = READ_WRITE

    @extend_schema(
        operation_id="golden_prompt_export",
        parameters=[OpenApiParameter("as", str, enum=list(FORMATS), description="csv when absent.")],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/jsonl"): OpenApiTypes.STR},
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        return build_export_response(gpt, request.query_params.get("as", "csv"))

    @extend_schema(
        operation_id="golden_prompt_import",
        request={"multipart/form-data": GoldenImportSerializer},
        responses={201: GoldenPromptSerializer(many=True)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Import all rows of a file or none; the error's ``data.rows`` lists the lines that are wrong."""
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        body = self.read(GoldenImportSerializer)
        prompts = import_prompts(
            gpt=gpt,
            data=body["file"].read(MAX_FILE_BYTES + 1),
            name=body["file"].name or "",
            replace=body["mode"] == "replace",
            by=self.person,
            at=timezone.now(),
        )
        rows = GoldenPromptSerializer(prompts, many=True).data
        return Response({"items": rows, "next_cursor": "", "previous_cursor": ""}, status=201)


class GoldenRunsView(LoggiaAPIView):
    required_scopes: ClassVar = READ_WRITE
    ordering = ("-created_at", "-id")

    @extend_schema(
        operation_id="golden_run_list",
        parameters=[OpenApiParameter("kind", str, enum=list(GoldenKind.values))],
        responses=GoldenRunSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        """List runs of a kind. Leak runs are only listed for people who may edit the GPT."""
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        kind = request.query_params.get("kind", GoldenKind.GOLDEN)
        runs = list_golden_runs(gpt, kind=kind)
        if kind == GoldenKind.LEAK and not may_see_leaks(self.person, gpt):
            runs = runs.none()
        return self.page(runs, GoldenRunSerializer)

    @extend_schema(
        operation_id="golden_run_start",
        request=GoldenRunStartSerializer,
        responses={201: GoldenRunSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        body = self.read(GoldenRunStartSerializer)
        number = body["version"]
        run = start_run(
            gpt=gpt,
            version=None if number is None else access_version(self.person, gpt, number),
            kind=body["kind"],
            language=get_language() or "en",
            by=self.person,
            at=timezone.now(),
            api_key_id=bearer(request)[1].pk,
        )
        return Response(GoldenRunSerializer(run).data, status=201)


def _serialize_run(run: GoldenRun) -> dict[str, Any]:
    context = {"comparison": compare_with_baseline(run)}
    data: dict[str, Any] = GoldenRunDetailSerializer(run, context=context).data
    return data


class GoldenRunView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ}

    @extend_schema(operation_id="golden_run_read", responses=GoldenRunDetailSerializer)
    def get(self, request: Request, slug: str, run_id: UUID) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        return Response(_serialize_run(access_golden_run(self.person, gpt, run_id)))


class GoldenRunCancelView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="golden_run_cancel", request=None, responses=GoldenRunDetailSerializer)
    def post(self, request: Request, slug: str, run_id: UUID) -> Response:
        gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        run = access_golden_run(self.person, gpt, run_id)
        cancel_run(run=run, by=self.person, at=timezone.now())
        return Response(_serialize_run(access_golden_run(self.person, gpt, run_id)))


class GoldenResultsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ}

    @extend_schema(operation_id="golden_result_list", responses=GoldenResultSerializer(many=True))
    def get(self, request: Request, slug: str, run_id: UUID) -> Response:
        """List all results of a run on one page, failed ones first."""
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        run = access_golden_run(self.person, gpt, run_id)
        results: list[GoldenResult] = list(list_results(run)[:MAX_RESULTS])
        rows = GoldenResultSerializer(results, many=True).data
        return Response({"items": rows, "next_cursor": "", "previous_cursor": ""})


class GoldenGateView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PUT": ApiScope.ACCOUNT}

    @extend_schema(operation_id="golden_gate_read", responses=GoldenGateSerializer)
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
        return Response({"golden_pass_rate": get_golden_pass_rate(tenant)})

    @extend_schema(
        operation_id="golden_gate_set", request=GoldenGateSerializer, responses=GoldenGateSerializer
    )
    def put(self, request: Request, workspace: str) -> Response:
        """Set the pass rate. Versions that are shared already stay; the next one to be shared has to pass."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
        rate = self.read(GoldenGateSerializer)["golden_pass_rate"]
        set_golden_pass_rate(workspace=tenant, rate=rate, by=self.person, at=timezone.now())
        return Response({"golden_pass_rate": rate})
