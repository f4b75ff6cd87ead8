"""Who chats in the benchmark: a public GPT on the given model, and readers who are signed in. Prints JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module

import django

django.setup()

from django.conf import settings  # noqa: E402 - needs the apps, as all below
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.utils import timezone  # noqa: E402

from core.scope import system_scope  # noqa: E402
from gpts.services.gpts import create_gpt  # noqa: E402
from gpts.services.providers import ensure_instance_provider  # noqa: E402
from gpts.services.versions import freeze_version, set_live_version  # noqa: E402
from gpts.states import Audience, ProviderKind  # noqa: E402
from workspaces.access import personal_workspace  # noqa: E402
from workspaces.models import User  # noqa: E402
from workspaces.services.users import create_user  # noqa: E402

INSTRUCTIONS = "Answer in short paragraphs. Ask one question back when something is unclear. " * 8


def main(base_url: str, model: str, readers: int) -> None:
    with system_scope("benchmarks.chat"):
        slug = _gpt(base_url, model)
        sessions = [_session(_user(number)) for number in range(1, readers + 1)]
    print(json.dumps({"slug": slug, "sessions": sessions}))


def _user(number: int) -> User:
    return create_user(
        email=f"reader{number}@example.test",
        password=None,
        display_name=f"Reader {number}",
        at=timezone.now(),
        is_email_verified=True,
    )


def _session(user: User) -> str:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _gpt(base_url: str, name: str) -> str:
    now = timezone.now()
    model = ensure_instance_provider(
        kind=ProviderKind.CHAT_COMPLETIONS, base_url=base_url, key="sk-bench", model=name, by=None, at=now
    )
    owner = _user(0)
    gpt = create_gpt(
        workspace=personal_workspace(owner), owner=owner, by=owner, at=now, name="Bench",
        description="Answers.", instructions=INSTRUCTIONS, starters=[], category="writing",
        language_model=model,
    )  # fmt: skip
    version = freeze_version(gpt=gpt, release_notes="", by=owner, at=now)
    set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=now)
    return gpt.slug


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
