"""A GPT stays in its workspace: nothing moves it, and a copy takes no right, grant or secret along."""

from __future__ import annotations

import pytest

from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.evals.models import GoldenPrompt
from gpts.metering.models import Budget
from gpts.studio.services.duplicates import duplicate_gpt
from tests.support.api_client import ApiClient
from tests.support.budgets import create_monthly_budget
from tests.support.companies import create_company
from tests.support.evals import create_golden_prompt
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import Member

pytestmark = pytest.mark.django_db


def test_no_page_and_no_endpoint_moves_a_gpt_to_another_workspace_or_owner() -> None:
    """There is no transfer: workspace and owner in a body are ignored, on pages and in the API."""
    owner, other = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Other")
    first, second = create_company(owner, builder=other), create_company(owner)
    gpt = GPTFactory.create(owner=owner, workspace=first)
    body = {
        "name": "Renamed",
        "workspace": second.slug,
        "workspace_id": second.pk,
        "owner": other.pk,
        "owner_id": other.pk,
    }

    answer = ApiClient(owner, first)("PATCH", f"gpts/{gpt.slug}", body)
    assert answer.status_code in (200, 400)
    assert sign_in(owner).post(f"/build/{gpt.slug}/configure", body).status_code in (200, 302, 400)

    assert GPT.objects.values_list("workspace_id", "owner_id").get(pk=gpt.pk) == (first.pk, owner.pk)
    # A key of the second workspace does not even find it.
    assert ApiClient(owner, second).get(f"gpts/{gpt.slug}").status_code == 404


def test_a_copy_has_none_of_the_originals_grants() -> None:
    """No audience, budget or test: who could chat with the original cannot chat with the copy."""
    owner, builder = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Builder")
    member = UserFactory.create(display_name="Member")
    company = create_company(owner, builder=builder)
    MemberFactory.create(workspace=company, user=member, role="member", by=owner)
    gpt = GPTFactory.create(owner=builder, workspace=company)
    version = VersionFactory.create(gpt=gpt)
    for audience in (Audience.WORKSPACE, Audience.LINK):
        set_live_version(gpt=gpt, version=version, audience=audience, at=NOW)
    create_golden_prompt(gpt)
    create_monthly_budget(company, owner, subject="gpt", is_each=True, gpt_slug=gpt.slug)
    assert sign_in(member).get(f"/g/{gpt.slug}/chat").status_code == 200

    copy = duplicate_gpt(gpt=gpt, by=builder, at=NOW)

    assert not LiveVersion.objects.filter(gpt=copy).exists()
    assert not GoldenPrompt.objects.filter(gpt=copy).exists()
    assert not Budget.objects.filter(gpt=copy).exists()
    assert sign_in(member).get(f"/g/{copy.slug}/chat").status_code == 404


def test_who_left_the_workspace_has_no_right_to_the_gpt_that_they_own() -> None:
    """Ownership counts only with a seat in the GPT's workspace; it is checked with every request."""
    builder = UserFactory.create(display_name="Builder")
    company = create_company(UserFactory.create(display_name="Owner"), builder=builder)
    gpt = GPTFactory.create(owner=builder, workspace=company)
    client = sign_in(builder)
    pages = [f"/build/{gpt.slug}/configure", f"/build/{gpt.slug}/knowledge", f"/g/{gpt.slug}/chat"]
    assert [client.get(page).status_code for page in pages] == [200] * 3

    Member.objects.filter(workspace=company, user=builder).delete()

    assert [client.get(page).status_code for page in pages] == [404] * 3
    assert client.post(f"/build/{gpt.slug}/duplicate").status_code == 404
    assert GPT.objects.count() == 1
