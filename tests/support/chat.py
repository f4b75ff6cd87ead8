"""Public GPTs, models, conversations and cited answers for tests of the chat."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Conversation, Turn
from gpts.chat.services.turns import finish_turn, start_first_turn, start_turn
from gpts.knowledge.models import Passage
from gpts.knowledge.services.files import add_knowledge_file
from gpts.llm.models import LanguageModel
from gpts.llm.services.providers import ensure_instance_provider
from gpts.llm.states import ProviderKind
from tests.fakes.openai_server import KEY
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.times import NOW
from tests.support.uploads import make_upload
from workspaces.access import personal_workspace
from workspaces.models import User


def configure_model(
    base_url: str, name: str = "normal:12", *, input_price: int = 0, output_price: int = 0
) -> LanguageModel:
    model = ensure_instance_provider(
        kind=ProviderKind.CHAT_COMPLETIONS, base_url=base_url, key=KEY, model=name, by=None, at=NOW
    )
    LanguageModel.objects.filter(pk=model.pk).update(
        input_price_micros=input_price, output_price_micros=output_price
    )
    model.refresh_from_db()
    return model


def create_public_gpt(model: LanguageModel | None = None, **fields: Any) -> GPT:
    # Services that narrow the scope for a moment come back to this one, not to the connection's.
    with system_scope("tests"):
        if model:
            fields["language_model"] = model
        gpt = GPTFactory.create(**fields)
        version = VersionFactory.create(gpt=gpt)
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)
    return gpt


def create_conversation(reader: User, *, turns: int = 1, **fields: Any) -> Conversation:
    """A conversation with the GPT's live version, with the draft of one that has none."""
    gpt = fields.pop("gpt", None) or create_public_gpt()
    workspace = personal_workspace(reader)
    live = LiveVersion.objects.filter(gpt=gpt).select_related("version").first()
    version = live.version if live else None
    first = start_first_turn(
        gpt=gpt, version=version, workspace=workspace, text="Question 1", by=reader, at=NOW
    )
    _finish(first)
    conversation = first.conversation
    for number in range(2, turns + 1):
        turn, _new = start_turn(conversation=conversation, text=f"Question {number}", by=reader, at=NOW)
        _finish(turn)
    return conversation


def _finish(turn: Turn) -> None:
    finish_turn(
        turn_id=turn.pk, text="An **answer** [1]", input_tokens=5, output_tokens=3, model=None, at=NOW,
        citations=[{"number": 1, "passage_id": 1, "file": "guide.pdf", "heading": "Paths", "page": 2}],
    )  # fmt: skip


FILE_TEXT = "Returns <b>are</b> accepted within 30 days of delivery."


def create_gpt_with_file(text: str = FILE_TEXT) -> tuple[GPT, Passage]:
    with system_scope("tests"):
        gpt = GPTFactory.create()
        add_knowledge_file(gpt=gpt, upload=make_upload("returns.txt", text.encode()), by=gpt.owner, at=NOW)
        gpt.refresh_from_db()
        version = VersionFactory.create(gpt=gpt)
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)
    return gpt, Passage.objects.get(document__files__gpt=gpt)


def create_citing_turn(reader: User, gpt: GPT, passage_id: int) -> Turn:
    with system_scope("tests"):
        version = gpt.versions.get()
        turn = start_first_turn(
            gpt=gpt,
            version=version,
            workspace=personal_workspace(reader),
            text="How long?",
            by=reader,
            at=NOW,
        )
        source = {"number": 1, "passage_id": passage_id, "file": "returns.txt", "heading": "", "page": None}
        finish_turn(
            turn_id=turn.pk, text="30 days [1]", input_tokens=1, output_tokens=1, model=None, at=NOW,
            citations=[source],
        )  # fmt: skip
    return turn


def configure_provider(url: str, model: str = "echo") -> None:
    """Make the instance's provider, as OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL would."""
    with system_scope("tests"):
        ensure_instance_provider(
            kind=ProviderKind.RESPONSES, base_url=url, key=KEY, model=model, by=None, at=timezone.now()
        )
