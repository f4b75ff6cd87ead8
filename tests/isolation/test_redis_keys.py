"""Keys in Redis name the tenant, the person or an id that nobody can guess: same names never meet."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache

from gpts.chat.streaming.connection import build_request_key, check_message, get_sync_redis
from gpts.studio.presence import record_presence
from tests.fakes.openai_server import ModelServer
from tests.support.chat import configure_model, create_public_gpt
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.web_client import MakeWebClient
from workspaces.models import User
from workspaces.services.outbound_jobs import check_rate_limit

UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}"
# Every kind of key. A number is the id of a person, workspace or case; rendered store pages are public.
KINDS = (
    rf"turn:(events|running|stop):{UUID}",
    r"chat:rate:\d+",
    r"chat:key:\d+:(session|\d+):[a-z0-9-]+:[01]:.+",
    r"builder:here:\d+:\d+",
    r".*workspaces:outbound-requests:\d+",
    # Of the whole instance: whether any embeddings model is in use.
    r".*gpts:has-embedding-models",
    # Of the whole instance: the settings that its operator changed.
    r".*core:instance-settings",
    r".*gpts:embedding-rests:\d+",
    r".*sign-in:saml:\d+:.+",
    r".*store:public:.*",
    r".*reviews:looking:\d+",
    r".*slot:[a-z-]+:[0-9a-f]{32}:\d",
    r".*(allauth|ratelimit|rl:|dj-|session|mfa|reports?:|throttle).*",
    r"(celery|_kombu|unacked).*",
)


@pytest.mark.django_db
def test_same_named_gpts_of_two_companies_share_no_key() -> None:
    """The same name, the same window of the browser, the same request key: two of each."""
    owners = [UserFactory.create(display_name="Olga") for _tenant in range(2)]
    gpts = [
        GPTFactory.create(owner=owner, workspace=create_company(owner), name="Helper") for owner in owners
    ]

    for owner, gpt in zip(owners, gpts, strict=True):
        assert record_presence(gpt, owner, "window-0001") == []
        assert check_message(owner.pk, "same-key", scope=f"session:{gpt.slug}:0", count_recent=int) is False
        check_rate_limit(owner)

    assert count_keys("builder:here:") == count_keys("chat:key:") == count_keys("chat:rate:") == 2
    assert [cache.get(f"workspaces:outbound-requests:{owner.pk}") for owner in owners] == [1, 1]


@pytest.mark.django_db
def test_one_person_with_the_same_request_key_in_two_workspaces() -> None:
    user = UserFactory.create(display_name="Ada")
    own, company = user.personal_workspace, create_company(user)
    scopes = [f"{workspace.pk}:helper:0" for workspace in (own, company)]
    assert [check_message(user.pk, "k", scope=scope, count_recent=int) for scope in scopes] == [False, False]
    assert len({build_request_key(user.pk, scope, "k") for scope in scopes}) == 2


def test_a_chat_leaves_only_keys_of_known_kinds(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    """A new kind of key has to be added above, and with it the tenant."""
    gpt = create_public_gpt(configure_model(model_server.url, "normal:5"))
    for name in ("Ada", "Ada"):
        reader: User = UserFactory.create(display_name=name)
        browser: Any = make_web_client(reader)
        browser.say(f"/g/{gpt.slug}/chat/turns", "Hello", key="same-key")
        for path in ("/", f"/g/{gpt.slug}", "/search?q=helper"):
            browser.http.get(path)

    keys = [str(key) for key in get_sync_redis().scan_iter("*", count=1_000)]
    assert [key for key in keys if not any(re.fullmatch(kind, key) for kind in KINDS)] == []
    assert count_keys("chat:key:") == 2


def count_keys(start: str) -> int:
    return len(list(get_sync_redis().scan_iter(f"{start}*")))
