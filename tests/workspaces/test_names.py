"""Public names that resemble a mark, a prohibited name or a verified builder's are not accepted anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from core.errors import DomainError, InvalidInput
from core.models import AuditEvent
from gpts.assistants.access import access_chat
from gpts.assistants.models import LiveVersion
from gpts.assistants.services.versions import freeze_version, set_live_version
from marketplace.models import BuilderProfile, Listing
from marketplace.services.builders import upsert_builder_profile
from reviews.models import Case, Decision
from reviews.services.name_rechecks import recheck_names
from tests.support.api_client import ApiClient
from tests.support.factories.workspaces import UserFactory, WorkspaceFactory
from tests.support.pages import sign_in
from tests.support.reviews import AT, decide, make_gpt, make_listed_gpt, make_moderator, make_report_case
from workspaces.models import ProtectedName, User, Workspace
from workspaces.services.names import hold_verified_name, prohibit_name, protect_mark
from workspaces.services.users import create_user
from workspaces.services.workspaces import create_workspace

pytestmark = pytest.mark.django_db

BAD = [
    "OpenAI",
    "openai",
    "Open-AI",
    "ОpenAI",  # a Cyrillic O: what people try
    "0penAI",
    "Loggia Official Support",
    "微信客服",
    "Grand Verified",
    "Grаnd Verified",  # a Cyrillic a
]
GOOD = ["Ada", "Anna Open", "Grand Piano", "Open Air", "王小明"]


def set_up() -> User:
    """Make a verified builder and return another person."""
    verified = UserFactory.create(display_name="Grand Verified")
    upsert_builder_profile(
        user=verified, handle="grand", display_name="Grand Verified", by=None, at=AT, verified_name=True
    )
    return UserFactory.create(display_name="Ann")


def set_builder_name(user: User, name: str) -> Any:
    return upsert_builder_profile(user=user, handle="ann-b", display_name=name, by=user, at=AT)


def set_workspace_name(user: User, name: str) -> Any:
    return create_workspace(name=name, by=user, at=AT)


def rename_workspace(user: User, name: str) -> Any:
    own = Workspace.objects.filter(name="Acme", members__user=user).first()  # nobody may make many
    place = own or WorkspaceFactory.create(owner=user, name="Acme")
    answer = sign_in(user).post(f"/w/{place.slug}/admin/settings", {"name": name, "accent": ""})
    place.refresh_from_db()
    return answer if place.name != "Acme" else None


def share_gpt(user: User, name: str) -> Any:
    gpt = make_gpt(user, name=name)
    answer = ApiClient(user).post(f"gpts/{gpt.slug}/audiences/link", {"release_notes": ""})
    return answer if LiveVersion.objects.filter(gpt=gpt).exists() else None


WAYS: list[Callable[[User, str], Any]] = [set_builder_name, set_workspace_name, rename_workspace, share_gpt]


def is_accepted(way: Callable[[User, str], Any], user: User, name: str) -> bool:
    try:
        return way(user, name) is not None
    except InvalidInput as error:
        return error.code != "name_protected"  # any other refusal is a mistake of the test


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_protected_names_are_refused_and_others_are_not(way: Callable[[User, str], Any]) -> None:
    ann = set_up()
    assert [name for name in BAD if is_accepted(way, ann, name)] == []
    assert not BuilderProfile.objects.filter(user=ann).exists()
    assert not Workspace.objects.filter(name__in=BAD).exclude(person__isnull=False).exists()
    assert [name for name in GOOD if not is_accepted(way, ann, name)] == []


@pytest.mark.parametrize("handle", ["openai", "openai-help", "loggia_support", "grandverified"])
def test_handles_and_addresses_too(handle: str) -> None:
    ann = set_up()
    with pytest.raises(DomainError) as caught:
        upsert_builder_profile(user=ann, handle=handle, display_name="Ann", by=ann, at=AT)
    assert caught.value.code in ("name_protected", "handle_reserved")
    with pytest.raises(DomainError) as caught:
        create_workspace(name="Fine", slug=handle.replace("_", "-"), by=ann, at=AT)
    assert caught.value.code == "name_protected"
    assert not BuilderProfile.objects.filter(user=ann).exists()
    assert not Workspace.objects.filter(name="Fine").exists()


def test_display_names_of_people(client: Client) -> None:
    """Marks and look-alikes are refused, on page, by API and at sign-up; people may be called like others."""
    ann = set_up()
    api = ApiClient(ann, scopes=["account"])
    for name in ("OpenAI", "Loggia Official Support", "Grаnd Verified"):  # Cyrillic
        answer = api("PATCH", "me", {"display_name": name})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "name_protected"), name
        page = sign_in(ann).post("/settings/", {"display_name": name, "time_zone": "UTC"})
        assert page.status_code == 400
        with pytest.raises(DomainError):
            create_user(email="x@else.test", display_name=name, at=AT)
        body = {"email": "new@else.test", "password1": "four words are enough", "display_name": name}
        assert client.post("/accounts/signup/", body).status_code == 200  # the form again
    assert User.objects.get(pk=ann.pk).display_name == "Ann"
    assert not User.objects.filter(email__endswith="@else.test").exists()
    assert api("PATCH", "me", {"display_name": "Grand Verified"}).status_code == 200


def test_the_holder_may_use_the_name() -> None:
    ann = set_up()
    protect_mark(name="OpenAI", holder=ann, by=None, at=AT)
    assert set_builder_name(ann, "OpenAI").display_name == "OpenAI"
    with pytest.raises(DomainError):
        set_builder_name(UserFactory.create(), "OpenAI")


def test_verification_protects_the_name_and_its_loss_frees_it() -> None:
    ann = set_up()
    grand = User.objects.get(display_name="Grand Verified")
    assert not is_accepted(set_builder_name, ann, "Grand Verified")
    upsert_builder_profile(user=grand, handle="grand", display_name="Another Name", by=grand, at=AT)
    assert is_accepted(set_builder_name, ann, "Grand Verified")


def test_an_operator_protects_and_frees_names_by_command() -> None:
    ann = set_up()
    call_command("protect_name", "Acme Rockets", "--holder", ann.email)
    row = ProtectedName.objects.get(name="Acme Rockets")
    assert (row.kind, row.holder) == ("mark", ann)
    call_command("protect_name", "Acme Rockets", "--release")
    assert not ProtectedName.objects.filter(name="Acme Rockets").exists()
    with pytest.raises(CommandError):
        call_command("protect_name", "Acme Rockets", "--release")
    assert AuditEvent.objects.filter(action="workspaces.name_protected").count() == 1


def test_a_banned_name_stops_links_and_is_not_approved_either() -> None:
    """Banned after it was shared and submitted: the link pauses, the approval is refused."""
    ann, reader, mona = set_up(), UserFactory.create(display_name="Reader"), make_moderator()
    gpt = make_gpt(ann, name="Sunny Bank")
    version = freeze_version(gpt=gpt, release_notes="", by=ann, at=AT)
    set_live_version(gpt=gpt, version=version, audience="link", by=ann, at=AT)
    access_chat(reader, gpt.slug)
    other = Listing.objects.get(gpt=make_listed_gpt(UserFactory.create(), mona, name="Sunny Bank"))
    decide(
        make_report_case(other, "impersonation"), make_moderator("Lea"), "delist",
        policies=("impersonation",), reasoning="It is not a bank.",
    )  # fmt: skip
    assert ProtectedName.objects.get(name="Sunny Bank").kind == "prohibited"

    with pytest.raises(DomainError):
        access_chat(reader, gpt.slug)
    with pytest.raises(DomainError) as caught:
        set_live_version(gpt=gpt, version=version, audience="public", by=None, at=AT)
    assert caught.value.code == "name_protected"


def test_existing_names_go_into_the_queue_once_and_stay_as_they_are() -> None:
    ann = set_up()
    set_builder_name(ann, "Sunny Bank")
    assert recheck_names(at=AT) == 0
    prohibit_name(name="Sunny Bank", enforcement_id=Case().pk)
    User.objects.filter(pk=ann.pk).update(display_name="OpenAI Team")

    assert (recheck_names(at=AT), recheck_names(at=AT)) == (2, 0)

    case = Case.objects.get(kind="proactive")
    assert (case.builder, case.state, len(case.note.splitlines())) == (ann, "queued", 2)
    assert BuilderProfile.objects.get(user=ann).display_name == "Sunny Bank"
    mona = make_moderator()
    page = sign_in(mona).get(f"/moderation/cases/{case.pk}").content.decode()
    assert "Sunny Bank" in page and "OpenAI" in page
    assert 'value="delist"' not in page  # there is no GPT to take out
    with pytest.raises(DomainError):
        decide(case, mona, "delist", policies=("impersonation",), reasoning="No.")
    decide(case, mona, "no_violation")
    assert recheck_names(at=AT) == 0  # what was judged is not raised again
    assert Decision.objects.count() == 1


def test_verified_names_follow_the_profiles() -> None:
    """Rows that were changed in the database are put right by the job."""
    ann = set_up()
    BuilderProfile.objects.filter(display_name="Grand Verified").update(display_name="Grander")
    recheck_names(at=AT)
    assert not is_accepted(set_builder_name, ann, "Grander")
    hold_verified_name(user_id=ann.pk, name=None)
