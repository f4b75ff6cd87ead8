"""The download of all conversations asks for each page whether its person and key still count."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from gpts.chat.models import Conversation
from gpts.chat.streaming.threads import in_thread
from gpts.chat.web.export import stream_export
from tests.support.api_client import create_key
from tests.support.chat import create_conversation, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from workspaces.models import ApiKey, User
from workspaces.services.api_keys import revoke_api_key
from workspaces.services.leaving import deactivate_user

COUNT = 25  # more than one page


def read_lines(download: Any, after_first_page: Callable[[], object]) -> list[dict[str, Any]]:
    async def read() -> str:
        parts: list[str] = []
        async for part in download:
            if not parts:
                await in_thread(after_first_page)
            parts.append(part.decode())
        return "".join(parts)

    return [json.loads(line) for line in asyncio.run(read()).splitlines()]


@pytest.mark.parametrize("end", ["nothing", "deactivated", "revoked"])
def test_a_download_ends_with_the_access_of_its_person_or_key(transactional_db: None, end: str) -> None:
    gpt, reader = create_public_gpt(), UserFactory.create(display_name="Reader")
    for _number in range(COUNT):
        create_conversation(reader, gpt=gpt)
    create_key(reader)
    key = ApiKey.objects.select_related("user").get()

    def end_access() -> None:
        if end == "deactivated":
            deactivate_user(user=User.objects.get(pk=reader.pk), by=None, at=NOW)
        elif end == "revoked":
            revoke_api_key(key=key, by=reader, at=NOW)

    lines = read_lines(stream_export(reader, api_key=key if end == "revoked" else None), end_access)

    if end == "nothing":
        assert [line["id"] for line in lines] == [
            str(pk) for pk in Conversation.objects.order_by("-updated_at", "-id").values_list("pk", flat=True)
        ]
    else:
        assert lines[-1] == {"error": {"code": "access_ended"}}
        assert len(lines) < COUNT
