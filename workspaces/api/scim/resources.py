"""/scim/v2/<workspace>/Users and /Groups (RFC 7644)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from workspaces.api.scim.base import (
    ScimView,
    answer,
    choose_attributes,
    is_unchanged,
    read_ask,
    require_version,
)
from workspaces.models import ScimGroup, ScimUser
from workspaces.queries.scim import (
    DEFAULT_COUNT,
    MAX_COUNT,
    Ask,
    Page,
    build_groups,
    build_users,
    build_version,
    find_only_name,
    get_group_row,
    get_user_row,
    list_groups,
    list_users,
)
from workspaces.scim.errors import ScimError, build_missing
from workspaces.scim.patch import apply_patch
from workspaces.scim.schemas import GROUPS, LIST, USERS
from workspaces.scim.values import clean_resource
from workspaces.services.scim_groups import add_scim_group, delete_scim_group, replace_scim_group
from workspaces.services.scim_users import (
    add_missing_rows,
    add_scim_user,
    delete_scim_user,
    replace_scim_user,
)


def show_page(page: Page, values: Mapping[str, Any]) -> HttpResponse:
    return answer(
        {
            "schemas": [LIST],
            "totalResults": page.total,
            "startIndex": page.start,
            "itemsPerPage": len(page.resources),
            "Resources": [choose_attributes(one, values) for one in page.resources],
        }
    )


class _Users(ScimView):
    def find(self, identifier: UUID) -> ScimUser:
        row = get_user_row(self.token.workspace_id, identifier)
        if row is None:
            raise build_missing()
        return row

    def build(self, row: ScimUser, *, is_new: bool = False) -> dict[str, Any]:
        return build_users([row], workspace_id=self.token.workspace_id, base=self.base, are_new=is_new)[0]

    def show(
        self,
        request: HttpRequest,
        row: ScimUser,
        *,
        status: int = 200,
        is_fresh: bool = False,
        is_new: bool = False,
    ) -> HttpResponse:
        """Answer with the person; ``is_fresh``: as in the database, ``is_new``: in no group yet."""
        fresh = row if is_fresh else self.find(row.pk)
        response = answer(
            choose_attributes(self.build(fresh, is_new=is_new), request.GET.dict()),
            status=status,
            version=build_version(fresh),
        )
        response["Location" if status == 201 else "Content-Location"] = f"{self.base}/Users/{row.pk}"
        return response


class UsersView(_Users):
    def get(self, request: HttpRequest, workspace: str) -> HttpResponse:
        return self._list(request.GET.dict())

    def post(self, request: HttpRequest, workspace: str) -> HttpResponse:
        resource = clean_resource(self.read_body(request), USERS)
        row = add_scim_user(token=self.token, resource=resource, at=timezone.now())
        return self.show(request, row, status=201, is_fresh=True, is_new=True)

    def _list(self, values: Mapping[str, Any]) -> HttpResponse:
        ask = read_ask(values)
        # A first sync asks for each person by name: then nobody else's row can be missing.
        add_missing_rows(workspace=self.token.workspace, at=timezone.now(), email=find_only_name(ask))
        return show_page(list_users(self.token.workspace_id, ask, self.base), values)


class UserSearchView(UsersView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, workspace: str) -> HttpResponse:
        return self._list(self.read_body(request))


class UserView(_Users):
    def get(self, request: HttpRequest, workspace: str, identifier: UUID) -> HttpResponse:
        row = self.find(identifier)
        if is_unchanged(request, build_version(row)):
            return answer(None, status=304, version=build_version(row))
        return self.show(request, row, is_fresh=True)

    def put(self, request: HttpRequest, workspace: str, identifier: UUID) -> HttpResponse:
        resource = clean_resource(self.read_body(request), USERS)
        return self._replace(request, identifier, lambda _row: resource)

    def patch(self, request: HttpRequest, workspace: str, identifier: UUID) -> HttpResponse:
        body = self.read_body(request)
        return self._replace(
            request, identifier, lambda row: clean_resource(apply_patch(self.build(row), body, USERS), USERS)
        )

    def _replace(
        self, request: HttpRequest, identifier: UUID, build: Callable[[ScimUser], dict[str, Any]]
    ) -> HttpResponse:
        def read(row: ScimUser) -> dict[str, Any]:
            require_version(request, build_version(row))
            return build(row)

        after = replace_scim_user(token=self.token, row=self.find(identifier), read=read, at=timezone.now())
        return self.show(request, after, is_fresh=True)

    def delete(self, request: HttpRequest, workspace: str, identifier: UUID) -> HttpResponse:
        delete_scim_user(
            token=self.token,
            row=self.find(identifier),
            check=lambda row: require_version(request, build_version(row)),
            at=timezone.now(),
        )
        return answer(None, status=204)


class _Groups(ScimView):
    def find(self, identifier: UUID) -> ScimGroup:
        row = get_group_row(self.token.workspace_id, identifier)
        if row is None:
            raise build_missing()
        return row

    def show(self, request: HttpRequest, row: ScimGroup, *, status: int = 200) -> HttpResponse:
        fresh, values = self.find(row.pk), request.GET.dict()
        with_members = "members" not in values.get("excludedAttributes", "").lower()
        resource = build_groups([fresh], base=self.base, with_members=with_members)[0]
        response = answer(choose_attributes(resource, values), status=status, version=build_version(fresh))
        response["Location" if status == 201 else "Content-Location"] = f"{self.base}/Groups/{row.pk}"
        return response


class GroupsView(_Groups):
    def get(self, request: HttpRequest, workspace: str) -> HttpResponse:
        return self._list(request.GET.dict())

    def post(self, request: HttpRequest, workspace: str) -> HttpResponse:
        resource = clean_resource(self.read_body(request), GROUPS)
        row = add_scim_group(token=self.token, resource=resource, at=timezone.now())
        return self.show(request, row, status=201)

    def _list(self, values: Mapping[str, Any]) -> HttpResponse:
        with_members = "members" not in str(values.get("excludedAttributes", "")).lower()
        page = list_groups(self.token.workspace_id, read_ask(values), self.base, with_members=with_members)
        return show_page(page, values)


class GroupSearchView(GroupsView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, workspace: str) -> HttpResponse:
        return self._list(self.read_body(request))


class SearchView(ScimView):
    """/.search: people and groups together (RFC 7644, section 3.4.3), people first."""

    def post(self, request: HttpRequest, workspace: str) -> HttpResponse:
        values = self.read_body(request)
        ask, workspace_id = read_ask(values), self.token.workspace_id
        add_missing_rows(workspace=self.token.workspace, at=timezone.now())
        whole = replace(ask, start=1, count=MAX_COUNT)
        found, total = [], 0
        for page in self._read_pages(whole, workspace_id):
            found += page.resources
            total += page.total
        start = max(ask.start, 1)
        count = DEFAULT_COUNT if ask.count is None else min(max(ask.count, 0), MAX_COUNT)
        return show_page(Page(total, start, found[start - 1 : start - 1 + count]), values)

    def _read_pages(self, ask: Ask, workspace_id: int) -> Iterator[Page]:
        """Yield those lists whose attributes the filter knows. Raises ScimError where neither does."""
        refusals = []
        readers: tuple[Callable[[], Page], ...] = (
            lambda: list_users(workspace_id, ask, self.base),
            lambda: list_groups(workspace_id, ask, self.base, with_members=True),
        )
        for read in readers:
            try:
                yield read()
            except ScimError as refusal:
                refusals.append(refusal)
        if len(refusals) == 2:
            raise refusals[0]


class GroupView(_Groups):
    def get(self, request: HttpRequest, workspace: str, identifier: UUID) -> HttpResponse:
        row = self.find(identifier)
        if is_unchanged(request, build_version(row)):
            return answer(None, status=304, version=build_version(row))
        return self.show(request, row)

    def put(self, request: HttpRequest, workspace: str, identifier: UUID) -> HttpResponse:
        resource = clean_resource(self.read_body(request), GROUPS)
        return self._replace(request, identifier, lambda _row: resource)

    def patch(self, request: HttpRequest, workspace: str, identifier: UUID) -> HttpResponse:
        body = self.read_body(request)

        def build(row: ScimGroup) -> dict[str, Any]:
            before = build_groups([row], base=self.base, with_members=True)[0]
            return clean_resource(apply_patch(before, body, GROUPS), GROUPS)

        return self._replace(request, identifier, build)

    def _replace(
        self, request: HttpRequest, identifier: UUID, build: Callable[[ScimGroup], dict[str, Any]]
    ) -> HttpResponse:
        def read(row: ScimGroup) -> dict[str, Any]:
            require_version(request, build_version(row))
            return build(row)

        after = replace_scim_group(token=self.token, row=self.find(identifier), read=read, at=timezone.now())
        return self.show(request, after)

    def delete(self, request: HttpRequest, workspace: str, identifier: UUID) -> HttpResponse:
        delete_scim_group(
            token=self.token,
            row=self.find(identifier),
            check=lambda row: require_version(request, build_version(row)),
            at=timezone.now(),
        )
        return answer(None, status=204)
