"""Owner and editors hear of each other's edits: once in a while, by mail unless they switched that off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from core.scope import open_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.edit_notices import send_edit_notices
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.services.shares import set_share
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.access import scope_for
from workspaces.models import Notification, OutgoingMail, User

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def make_shared_gpt() -> tuple[GPT, dict[str, User]]:
    people = {name: UserFactory.create(display_name=name.title()) for name in ("owner", "ada", "viewer")}
    company = create_company(people["owner"], builder=people["ada"])
    MemberFactory.create(workspace=company, user=people["viewer"], role="builder", by=people["owner"])
    gpt = GPTFactory.create(owner=people["owner"], workspace=company, name="Letters")
    set_share(gpt=gpt, right="edit", user=people["ada"], by=people["owner"], at=NOW)
    set_share(gpt=gpt, right="view", user=people["viewer"], by=people["owner"], at=NOW)
    return gpt, people


def edit(gpt: GPT, by: User, at: object, **changes: object) -> None:
    gpt.refresh_from_db()
    update_draft(gpt=gpt, revision=gpt.draft_revision, changes=changes, by=by, at=at)  # type: ignore[arg-type]


def list_notes() -> list[tuple[str, str, str]]:
    rows = Notification.objects.filter(kind="gpt_edited").select_related("user").order_by("created_at", "pk")
    return [(str(row.user), row.title, row.body) for row in rows]


def test_others_are_told_once_what_changed_after_it_is_quiet() -> None:
    gpt, people = make_shared_gpt()
    edit(gpt, people["ada"], NOW, instructions="Be kind.")
    edit(gpt, people["ada"], NOW + timedelta(minutes=1), starters=["Hello"])

    assert send_edit_notices(at=NOW + timedelta(minutes=5)) == 0
    for _again in range(2):
        send_edit_notices(at=NOW + timedelta(minutes=12))
    first = ("Owner", "Ada edited Letters", "Changed: Instructions, Conversation starters.")
    assert list_notes() == [first]
    # Within six hours nobody hears of the same GPT again; of what happened meanwhile, later.
    edit(gpt, people["ada"], NOW + HOUR, description="Kind letters.")
    edit(gpt, people["owner"], NOW + HOUR, name="Kind letters")
    assert send_edit_notices(at=NOW + 2 * HOUR) == 1
    assert send_edit_notices(at=NOW + 7 * HOUR) == 1

    assert list_notes() == [
        first,
        ("Ada", "Owner edited Kind letters", "Changed: Name."),
        ("Owner", "Ada edited Kind letters", "Changed: Description."),
    ]
    assert OutgoingMail.objects.count() == 3
    assert mail.outbox == []


def test_mails_are_switched_off_in_the_settings() -> None:
    gpt, people = make_shared_gpt()
    owner = people["owner"]
    client = sign_in(owner)
    assert client.post("/settings/notifications/mails", {}).status_code == 302
    owner.refresh_from_db()
    assert not owner.mails_edit_notices
    edit(gpt, people["ada"], NOW, instructions="Be kind.")

    send_edit_notices(at=NOW + HOUR)

    assert [name for name, _title, _body in list_notes()] == ["Owner"]
    assert not OutgoingMail.objects.exists()
    client.post("/settings/notifications/mails", {"edits": "on"})
    owner.refresh_from_db()
    assert owner.mails_edit_notices


def test_a_notice_is_read_in_the_language_of_today() -> None:
    gpt, people = make_shared_gpt()
    edit(gpt, people["ada"], NOW, instructions="Be kind.")
    send_edit_notices(at=NOW + HOUR)
    with open_scope(scope_for(people["owner"])):
        User.objects.filter(pk=people["owner"].pk).update(language="zh-hans")
    people["owner"].refresh_from_db()

    page = sign_in(people["owner"]).get("/settings/notifications/").content.decode()

    assert "Ada 编辑了 Letters" in page


def test_what_goes_live_is_told_too() -> None:
    gpt, people = make_shared_gpt()
    GPT.objects.update(updated_at=NOW - 48 * HOUR)
    version = freeze_version(gpt=gpt, release_notes="", by=people["ada"], at=NOW)
    for audience in (Audience.WORKSPACE, Audience.PUBLIC):
        set_live_version(gpt=gpt, version=version, audience=audience, at=NOW, by=people["ada"])
    for _again in range(2):
        send_edit_notices(at=NOW + HOUR)
    assert list_notes() == [
        ("Owner", "Ada made version 1 of Letters live", "Whoever uses it gets this version now.")
    ]
    assert OutgoingMail.objects.count() == 1
    # With edits of the draft, the notice says both; the store's versions and the system's are not told.
    edit(gpt, people["owner"], NOW + 8 * HOUR, starters=["Hello"])
    second = freeze_version(gpt=gpt, release_notes="", by=people["owner"], at=NOW + 8 * HOUR)
    set_live_version(gpt=gpt, version=second, audience=Audience.PUBLIC, at=NOW + 8 * HOUR)
    set_live_version(
        gpt=gpt, version=second, audience=Audience.WORKSPACE, at=NOW + 8 * HOUR, by=people["owner"]
    )
    send_edit_notices(at=NOW + 9 * HOUR)
    assert list_notes()[1:] == [
        ("Ada", "Owner made version 2 of Letters live", "Changed: Conversation starters.")
    ]
