"""Settings that operators change while the instance runs: checked, logged, in force in every process."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest
from django.core import mail
from django.test import Client

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.instance_settings import DEFINITIONS, forget_everywhere, get_setting
from core.models import AuditEvent, InstanceSetting
from core.scope import system_scope
from tests.support.api_client import ApiClient
from tests.support.factories.workspaces import PASSWORD, OperatorUserFactory, UserFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.pages import sign_in
from tests.support.reauthentication import confirm_identity
from tests.support.services import WebService
from tests.support.times import NOW
from tests.support.waiting import wait_for
from workspaces.mail_text import MailText
from workspaces.models import User
from workspaces.services.instance_settings import change_setting, reset_setting
from workspaces.services.mails import enqueue_mail
from workspaces.services.users import create_user
from workspaces.services.workspaces import create_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def otto() -> User:
    return OperatorUserFactory.create()


def set_to(key: str, value: Any, by: User) -> None:
    change_setting(key=key, value=value, by=by, at=NOW)
    forget_everywhere()  # what the commit does


def list_acts() -> list[tuple[str, str, Any]]:
    events = AuditEvent.objects.filter(action__startswith="workspaces.instance_").order_by("pk")
    return [(event.action, event.subject_id, event.data["changes"]) for event in events]


def test_a_change_holds_until_it_is_reset(otto: User) -> None:
    assert get_setting("chat_turns_per_minute") == 30
    set_to("chat_turns_per_minute", "5", otto)
    assert get_setting("chat_turns_per_minute") == 5
    set_to("chat_turns_per_minute", 5, otto)  # changes nothing
    reset_setting(key="chat_turns_per_minute", by=otto, at=NOW)
    forget_everywhere()
    reset_setting(key="chat_turns_per_minute", by=otto, at=NOW)
    assert get_setting("chat_turns_per_minute") == 30
    assert list_acts() == [
        (
            "workspaces.instance_setting_changed",
            "chat_turns_per_minute",
            {"chat_turns_per_minute": [30, 5]},
        ),
        ("workspaces.instance_setting_reset", "chat_turns_per_minute", {"chat_turns_per_minute": [5, 30]}),
    ]


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("instance_name", "  Acme   GPTs ", "Acme GPTs"),
        ("terms_url", "https://acme.example/terms?a=1", "https://acme.example/terms?a=1"),
        ("help_url", " /help ", "/help"),
        ("privacy_url", "", ""),
        ("sign_up", "closed", "closed"),
        ("sign_up_domains", "Acme.example, @b.example;acme.example", "acme.example, b.example"),
        ("chat_deleted_days", "365", 365),
        ("knowledge_person_bytes", 0, 0),
        ("staff_second_factor", "false", False),
    ],
)
def test_values_are_cleaned(key: str, value: Any, kept: Any) -> None:
    assert DEFINITIONS[key].clean(value) == kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("instance_name", ""),
        ("instance_name", "x" * 61),
        ("instance_name", 7),
        ("terms_url", "javascript:alert(1)"),
        ("terms_url", "http://plain.example"),
        ("terms_url", "//else.example"),
        ("terms_url", 'https://a.example/"><script>'),
        ("help_url", None),
        ("sign_up", "perhaps"),
        ("sign_up_domains", "acme"),
        ("sign_up_domains", "a b.c, -x.example"),
        ("chat_turns_per_minute", "0"),
        ("chat_turns_per_minute", "-1"),
        ("chat_turns_per_minute", "1e3"),
        ("chat_turns_per_minute", "٣"),
        ("chat_turns_per_minute", 10**30),
        ("chat_turns_per_minute", True),
        ("chat_turns_per_minute", None),
        ("chat_deleted_days", 366),
        ("staff_second_factor", "maybe"),
    ],
)
def test_wrong_values_are_refused_and_change_nothing(key: str, value: Any, otto: User) -> None:
    with pytest.raises(InvalidInput) as refusal:
        change_setting(key=key, value=value, by=otto, at=NOW)
    assert refusal.value.field == "value"
    assert (list_acts(), InstanceSetting.objects.count()) == ([], 0)


def test_what_the_environment_locks_it_decides(otto: User, settings: Any) -> None:
    set_to("chat_running_turns", 7, otto)
    settings.LOCKED_SETTINGS = ["CHAT_RUNNING_TURNS"]
    assert get_setting("chat_running_turns") == 3
    with pytest.raises(Conflict) as refusal:
        change_setting(key="chat_running_turns", value=9, by=otto, at=NOW)
    with pytest.raises(Conflict) as no_reset:
        reset_setting(key="chat_running_turns", by=otto, at=NOW)
    assert (refusal.value.code, no_reset.value.code) == ("setting_locked", "setting_locked")
    assert "Locked by the environment" in sign_in(otto).get("/operator/settings").content.decode()
    with pytest.raises(NotFound):
        change_setting(key="secret_key", value="x", by=otto, at=NOW)


def test_an_operator_does_not_lock_themself_out(otto: User) -> None:
    with pytest.raises(Conflict) as refusal:
        change_setting(key="staff_second_factor", value=True, by=otto, at=NOW)
    assert refusal.value.code == "second_factor_missing"
    assert get_setting("staff_second_factor") is False


def test_a_reset_locks_nobody_out_and_needs_the_password(otto: User, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    InstanceSetting.objects.create(key="staff_second_factor", value=False, changed_by=otto, changed_at=NOW)
    forget_everywhere()
    with pytest.raises(Conflict) as refusal:
        reset_setting(key="staff_second_factor", by=otto, at=NOW)
    assert refusal.value.code == "second_factor_missing"

    path = "operator/settings/staff_second_factor"
    api = ApiClient(otto, scopes=["operator:work"])
    assert api("DELETE", path).json()["error"]["code"] == "password_needed"
    assert api("DELETE", path, {"password": PASSWORD}).json()["error"]["code"] == "second_factor_missing"
    client = Client()
    client.force_login(otto)
    answer = client.post(f"/{path}/reset")
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    confirm_identity(client, otto)
    assert client.post(f"/{path}/reset").status_code == 409
    assert InstanceSetting.objects.exists()


@pytest.mark.parametrize("typed", ["\u00b2", "9" * 5_000])
def test_odd_digits_are_no_number(otto: User, typed: str) -> None:
    path = "/operator/settings/knowledge_workspace_bytes"
    assert sign_in(otto).post(path, {"value": typed}).status_code == 400


def test_the_page_and_the_api_change_and_reset(otto: User) -> None:
    client, api = sign_in(otto), ApiClient(otto, scopes=["operator:work"])
    refused = client.post("/operator/settings/knowledge_workspace_bytes", {"value": "much"})
    assert refused.status_code == 400
    assert "Enter a whole number." in refused.content.decode() and 'value="much"' in refused.content.decode()

    assert client.post("/operator/settings/knowledge_workspace_bytes", {"value": "200"}).status_code == 302
    assert api("PUT", "operator/settings/sign_up", {"value": "closed"}).status_code == 200

    rows = {row["key"]: row for row in api.get("operator/settings").json()}
    assert rows.keys() == DEFINITIONS.keys()
    size, sign_up = rows["knowledge_workspace_bytes"], rows["sign_up"]
    assert (size["value"], size["is_changed"], size["changed_by"]) == (200 * 1024**2, True, otto.pk)
    assert (sign_up["value"], sign_up["default"], sign_up["choices"]) == (
        "closed", "open", ["open", "domains", "closed"],
    )  # fmt: skip
    assert "Changed by Otto" in client.get("/operator/settings").content.decode()
    assert api("DELETE", "operator/settings/sign_up").status_code == 204
    assert api("PUT", "operator/settings/nothing", {"value": 1}).status_code == 404
    needs = api("PUT", "operator/settings/staff_second_factor", {"value": False})
    assert (needs.status_code, needs.json()["error"]["code"]) == (403, "password_needed")


def sign_up(address: str) -> Any:
    return Client().post(
        "/accounts/signup/",
        {"display_name": "New", "email": address, "password1": PASSWORD},
    )


def test_who_may_sign_up(otto: User) -> None:
    set_to("sign_up", "domains", otto)
    set_to("sign_up_domains", "acme.example", otto)
    assert "Only addresses of some domains" in sign_up("ada@else.example").content.decode()
    assert "Only addresses of some domains" in sign_up("ada@sub.acme.example").content.decode()
    assert sign_up("ada@ACME.example").status_code == 302
    set_to("sign_up", "closed", otto)
    sign_up("bob@acme.example")
    assert sorted(User.objects.filter(email__endswith=".example").values_list("email", flat=True)) == [
        "ada@acme.example"
    ]
    # Operators and imports still make accounts.
    create_user(email="eva@else.example", display_name="Eva", at=NOW)


def test_who_makes_workspaces_and_how_many(otto: User) -> None:
    ada = UserFactory.create()
    set_to("workspace_makers", "operators", otto)
    with pytest.raises(Forbidden) as refusal:
        create_workspace(name="Acme", by=ada, at=NOW)
    assert refusal.value.code == "workspaces_closed"
    create_workspace(name="Acme", by=otto, at=NOW)
    set_to("workspaces_per_person", 1, otto)
    with pytest.raises(Conflict) as full:
        create_workspace(name="Second", by=otto, at=NOW)
    assert full.value.code == "too_many_workspaces"


def test_mails_have_the_name_of_the_instance_and_of_its_sender(
    otto: User, django_capture_on_commit_callbacks: Any
) -> None:
    set_to("instance_name", "Acme GPTs", otto)
    set_to("mail_sender_name", "Acme helpers", otto)
    with django_capture_on_commit_callbacks(execute=True):
        enqueue_mail(to="ada@example.com", text=MailText("Hello"))
    run_enqueued_jobs()
    (message,) = mail.outbox
    assert message.from_email.startswith("Acme helpers <")
    assert "Acme GPTs sent this mail" in str(message.body)


def test_a_change_reaches_another_process_within_ten_seconds(server: WebService) -> None:
    with system_scope("tests"):
        otto = OperatorUserFactory.create()
    url = f"{server.url}/rules"
    assert "acme.example/terms" not in httpx2.get(url).text
    for value, is_there in (("https://acme.example/terms", True), ("", False)):
        with system_scope("tests"):
            change_setting(key="terms_url", value=value, by=otto, at=NOW)
        changed = time.monotonic()
        wait_for(lambda is_there=is_there: ("acme.example/terms" in httpx2.get(url).text) == is_there)  # type: ignore[misc]
        assert time.monotonic() - changed < 10
        assert get_setting("terms_url") == value
