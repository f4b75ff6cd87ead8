"""Creates the data of the chat benchmark: two public GPTs, sessions, a long conversation. Prints JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module

import django

django.setup()

from django.conf import settings  # noqa: E402 - needs the apps, as all below
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.knowledge_files import add_files  # noqa: E402
from core.scope import system_scope  # noqa: E402
from gpts.assistants.models import GPT, Version  # noqa: E402
from gpts.assistants.services.gpts import create_gpt  # noqa: E402
from gpts.assistants.services.versions import freeze_version, set_live_version  # noqa: E402
from gpts.assistants.states import Audience  # noqa: E402
from gpts.chat.services.turns import finish_turn, start_first_turn, start_turn  # noqa: E402
from gpts.llm.models import LanguageModel  # noqa: E402
from gpts.llm.services.providers import ensure_instance_provider  # noqa: E402
from gpts.llm.states import ProviderKind  # noqa: E402
from workspaces.access import personal_workspace  # noqa: E402
from workspaces.models import User  # noqa: E402
from workspaces.services.users import create_user  # noqa: E402

INSTRUCTIONS = "Answer in short paragraphs. Ask one question back when something is unclear. " * 8
FILES = 20
# Typical answers: prose, a list, a table, code.
ANSWERS = (
    "An arch turns weight into thrust. The **keystone** goes in last.\n\n1. Build the centring.\n"
    "2. Lay the voussoirs from both sides.\n3. Strike the centring.\n\nWhich span do you have?",
    "| stone | weight |\n|---|---|\n| granite | 2700 |\n| limestone | 2400 |\n\n"
    + "Light comes in warm. " * 40,
    "```python\ndef thrust(span: float, rise: float, load: float) -> float:\n"
    "    return load * span**2 / (8 * rise)\n```\n\nThe thrust grows with the *square* of the span.",
    "Merchants met in the open square, under paper awnings. " * 15,
)


def main(base_url: str, model: str, readers: int, turns: int, megabytes: float) -> None:
    with system_scope("benchmarks.chat"):
        owner = _create_user(0)
        used = _create_model(base_url, model, owner)
        plain, version = _publish_gpt(_create_gpt("Bench", used, owner), owner)
        users = [_create_user(number) for number in range(1, readers + 1)]
        sessions = [_create_session(user) for user in users]
        conversation = _create_conversation(plain, version, users[0], used, turns) if turns else ""
        with_files = _create_gpt("Knows", used, owner)
    if megabytes:
        add_files(with_files, FILES, megabytes)
    with system_scope("benchmarks.chat"):
        _publish_gpt(with_files, owner)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(
        json.dumps(
            {"plain": plain.slug, "with_files": with_files.slug, "sessions": sessions, "long": conversation}
        )
    )


def _create_user(number: int) -> User:
    return create_user(
        email=f"reader{number}@example.test",
        password=None,
        display_name=f"Reader {number}",
        at=timezone.now(),
        is_email_verified=True,
    )


def _create_session(user: User) -> str:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _create_model(base_url: str, name: str, owner: User) -> LanguageModel:
    return ensure_instance_provider(
        kind=ProviderKind.CHAT_COMPLETIONS, base_url=base_url, key="sk-bench", model=name, by=None,
        at=timezone.now(),
    )  # fmt: skip


def _create_gpt(name: str, model: LanguageModel, owner: User) -> GPT:
    return create_gpt(
        workspace=personal_workspace(owner), owner=owner, by=owner, at=timezone.now(), name=name,
        description="Answers.", instructions=INSTRUCTIONS, starters=[], category="writing",
        language_model=model,
    )  # fmt: skip


def _publish_gpt(gpt: GPT, owner: User) -> tuple[GPT, Version]:
    version = freeze_version(gpt=gpt, release_notes="", by=owner, at=timezone.now())
    set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=timezone.now())
    return gpt, version


def _create_conversation(gpt: GPT, version: Version, user: User, model: LanguageModel, turns: int) -> str:
    """Create a conversation with ``turns`` answered turns by the services of a chat."""
    first = start_first_turn(
        gpt=gpt, version=version, workspace=personal_workspace(user), text="How does an arch stand?",
        by=user, at=timezone.now(),
    )  # fmt: skip
    turn = first
    for number in range(turns):
        if number:
            turn, _is_new = start_turn(
                conversation=first.conversation, text=f"And then, step {number}?", by=user, at=timezone.now()
            )
        finish_turn(
            turn_id=turn.pk, text=ANSWERS[number % len(ANSWERS)], input_tokens=400, output_tokens=120,
            model=model, at=timezone.now(),
        )  # fmt: skip
    return str(first.conversation.pk)


if __name__ == "__main__":
    url, model_name, *numbers = sys.argv[1:]
    main(url, model_name, int(numbers[0]), int(numbers[1]), float(numbers[2]))
