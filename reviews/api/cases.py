"""The queue and its cases by API. NotFound to everybody but moderators."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from reviews.access import access_case, access_queue
from reviews.api.serializers import (
    ClaimSerializer,
    DecisionInput,
    DecisionSerializer,
    NextInput,
    QueuedCaseSerializer,
    TokenInput,
    build_case_body,
)
from reviews.models.cases import QUEUE_ORDER
from reviews.queries import QueueFilters, get_case_detail, get_queue_row, list_queue
from reviews.services.claims import claim_case, claim_next_case, release_claim, renew_claim
from reviews.services.decisions import decide_case
from reviews.services.viewers import record_viewer
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope

WORK = ApiScope.REVIEWS_WORK.value


class ModeratorView(LoggiaAPIView):
    """A view for moderators: the key's scope alone is not enough, its person must be one."""

    required_scopes: ClassVar[dict[str, str]] = {"GET": WORK, "POST": WORK, "PUT": WORK, "DELETE": WORK}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        access_queue(request.user)


class QueueView(ModeratorView):
    ordering: ClassVar[tuple[str, ...]] = QUEUE_ORDER

    @extend_schema(responses=QueuedCaseSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = list_queue(
            self.person, filters=QueueFilters.from_query(request.query_params), at=timezone.now()
        )
        return self.page(rows, QueuedCaseSerializer)


class NextView(ModeratorView):
    @extend_schema(request=NextInput, responses={200: ClaimSerializer, 204: None})
    def post(self, request: Request) -> Response:
        filters = QueueFilters.from_query(self.read(NextInput))
        claim = claim_next_case(by=self.person, at=timezone.now(), queue=filters.queue)
        return Response(status=204) if claim is None else Response(ClaimSerializer(claim).data)


class CaseView(ModeratorView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, case_id: UUID) -> Response:
        case = access_case(self.person, case_id)
        detail = get_case_detail(case, looking=record_viewer(case, self.person), at=timezone.now())
        return Response(build_case_body(detail, get_queue_row(case)))


class ClaimView(ModeratorView):
    """POST claims, PUT renews, DELETE releases (the token in the body)."""

    @extend_schema(request=None, responses=ClaimSerializer)
    def post(self, request: Request, case_id: UUID) -> Response:
        claim = claim_case(case_id=case_id, by=self.person, at=timezone.now())
        return Response(ClaimSerializer(claim).data)

    @extend_schema(request=TokenInput, responses=ClaimSerializer)
    def put(self, request: Request, case_id: UUID) -> Response:
        token = self.read(TokenInput)["token"]
        claim = renew_claim(case_id=case_id, token=token, by=self.person, at=timezone.now())
        return Response(ClaimSerializer(claim).data)

    @extend_schema(request=TokenInput, responses={204: None})
    def delete(self, request: Request, case_id: UUID) -> Response:
        token = self.read(TokenInput)["token"]
        release_claim(case_id=case_id, token=token, by=self.person, at=timezone.now())
        return Response(status=204)


class DecisionView(ModeratorView):
    @extend_schema(request=DecisionInput, responses={201: DecisionSerializer})
    def post(self, request: Request, case_id: UUID) -> Response:
        values = self.read(DecisionInput)
        decision = decide_case(
            case_id=case_id,
            claim_token=values["claim_token"],
            row_version=values["row_version"],
            outcome=values["outcome"],
            policy_codes=values["policies"],
            reasoning=values["reasoning"],
            private_note=values["private_note"],
            by=self.person,
            at=timezone.now(),
        )
        return Response(DecisionSerializer(decision).data, status=201)
