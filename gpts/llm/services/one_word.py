"""Asks a model for one word, to see whether its provider's protocol, address and key work."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from gpts.llm.catalogue import get_omitted_options, get_output_limit, is_retired
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.runtime.clients import build_client
from gpts.llm.runtime.openai_clients import close_clients
from gpts.llm.runtime.types import (
    FailureCode,
    Finished,
    ModelAPI,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    ModelSpec,
    OptionsLearned,
    PromptMessage,
    TextDelta,
)
from gpts.llm.states import ModelKind

WORD_SECONDS = 30.0
# Enough for a short word, and not too few for any server.
WORD_TOKENS = 64
# Names of models that do not chat.
_OTHER_KINDS = re.compile(
    r"embed|rerank|bge-|e5-|whisper|tts|audio|speech|realtime|transcri|dall-?e|image|sora|video|moderation|guard"
    r"|ocr|davinci|babbage|instruct-0914",
    re.I,
)


@dataclass(frozen=True)
class WordAnswer:
    """Whether a model answered, and what that has shown about it."""

    failure: ModelFailure | None
    learned: tuple[OptionsLearned, ...] = ()


def find_test_model(provider: ModelProvider) -> LanguageModel | None:
    """Return the provider's default chat model, else its first one that is not retired."""
    models = provider.models.filter(kind=ModelKind.CHAT).select_related("provider")
    return next((model for model in models.order_by("-is_default", "id") if not is_retired(model)), None)


def choose_model(names: Iterable[str]) -> str:
    """Return the first name that is likely to be one of a chat model; empty without any."""
    return next((name for name in names if not _OTHER_KINDS.search(name)), "")


def ask_one_word(
    provider: ModelProvider,
    *,
    key: str,
    name: str,
    model: LanguageModel | None = None,
    api: ModelAPI | None = None,
) -> WordAnswer:
    """Ask for one word by the provider's protocol, or by ``api``, for WORD_SECONDS. Not in a transaction."""
    is_own = model is not None and api is None
    spec = ModelSpec(
        name=name,
        api=api or ModelAPI(provider.kind),
        base_url=provider.base_url,
        api_key=key,
        first_token_timeout=WORD_SECONDS,
        idle_timeout=WORD_SECONDS,
        purpose=provider.purpose,
        omitted=get_omitted_options(model) if is_own and model is not None else frozenset(),
    )
    limit = WORD_TOKENS if model is None else min(WORD_TOKENS, get_output_limit(model))
    request = ModelRequest(
        spec=spec,
        messages=(
            PromptMessage("system", "Answer with one word."),
            PromptMessage("user", "Say hello."),
        ),
        max_output_tokens=limit,
    )
    return asyncio.run(_ask(request))


async def _ask(request: ModelRequest) -> WordAnswer:
    """Read the answer until its first word, or its end: a model that only thought has answered too."""
    learned: list[OptionsLearned] = []
    client = build_client(request.spec)
    try:
        async with (
            asyncio.timeout(WORD_SECONDS),
            aclosing(cast("AsyncGenerator[ModelEvent, None]", client.stream(request))) as events,
        ):
            async for event in events:
                if isinstance(event, OptionsLearned):
                    learned.append(event)
                elif isinstance(event, TextDelta | Finished):
                    break
    except ModelFailure as failure:
        return WordAnswer(failure, tuple(learned))
    except TimeoutError:
        return WordAnswer(ModelFailure(FailureCode.PROVIDER_SLOW, detail="timeout"), tuple(learned))
    finally:
        await close_clients()
    return WordAnswer(None, tuple(learned))
