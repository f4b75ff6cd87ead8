"""The built-in offline model: quotes passages of knowledge and says that it is not a language model."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator

from gpts.llm.runtime.prompts import estimate_tokens
from gpts.llm.runtime.types import Finished, ModelEvent, ModelRequest, PassageQuote, TextDelta, Usage

MODEL_NAME = "offline"
MAX_QUOTES = 3
QUOTE_CHARACTERS = 600
PAUSE_SECONDS = 0.004

CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
# A word with the space after it, or one Chinese character.
PIECE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\s\u3400-\u9fff\uf900-\ufaff]+\s*|\s+")
SENTENCE_END = re.compile(r"[.!?。！？]\s*")


class OfflineClient:
    """Answers without a provider, streamed word by word."""

    def __init__(self, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self.pause_seconds = pause_seconds

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        question = next(m.content for m in reversed(request.messages) if m.role == "user")
        answer = compose_json(request, question) if request.output else compose_answer(request, question)
        for piece in PIECE.findall(answer):
            yield TextDelta(piece)
            await asyncio.sleep(self.pause_seconds)
        prompt_tokens = sum(estimate_tokens(message.content) for message in request.messages)
        yield Finished(Usage(prompt_tokens, estimate_tokens(answer), is_estimated=True))


def compose_answer(request: ModelRequest, question: str) -> str:
    """Return the answer: quotes of the passages, or without any a statement of what this model is."""
    is_chinese = bool(CHINESE.search(question))
    quotes = [_quote(number, passage) for number, passage in enumerate(request.passages[:MAX_QUOTES], 1)]
    if quotes:
        return "\n\n".join([_get_introduction(is_chinese), *quotes])
    return _describe_model(request, is_chinese)


def compose_json(request: ModelRequest, question: str) -> str:
    """Return the answer as JSON. The GPT's schema is ignored: its values would have to be invented."""
    is_chinese = bool(CHINESE.search(question))
    passages = [
        {"number": number, "source": passage.title, "location": passage.location,
         "text": _shorten(passage.text)}
        for number, passage in enumerate(request.passages[:MAX_QUOTES], 1)
    ]  # fmt: skip
    notice = _get_introduction(is_chinese) if passages else _describe_model(request, is_chinese)
    answer = {"model": MODEL_NAME, "notice": notice, "passages": passages}
    return json.dumps(answer, ensure_ascii=False, indent=2)


def _get_introduction(is_chinese: bool) -> str:
    if is_chinese:
        return "这是内置的离线模型：它不会自己组织语言，只引用资料中最相关的段落。"
    return (
        "This is the built-in offline model. It does not write answers of its own; "
        "it quotes the passages that match best."
    )


def _quote(number: int, passage: PassageQuote) -> str:
    body = "\n".join(f"> {line}" for line in _shorten(passage.text).splitlines())
    source = " · ".join(part for part in (passage.title, passage.location) if part)
    return f"{body}\n\n[{number}] {source}".rstrip()


def _shorten(text: str) -> str:
    text = text.strip()
    if len(text) <= QUOTE_CHARACTERS:
        return text
    cut = text[:QUOTE_CHARACTERS]
    ends = [match.end() for match in SENTENCE_END.finditer(cut)]
    return cut[: ends[-1]].rstrip() if ends and ends[-1] > QUOTE_CHARACTERS // 3 else cut.rstrip() + "…"


def _describe_model(request: ModelRequest, is_chinese: bool) -> str:
    name, purpose = request.gpt_name, request.gpt_description.strip()
    if is_chinese:
        about = f"“{name}”的用途：{purpose}" if purpose else f"你正在使用“{name}”。"
        return (
            "这是内置的离线模型，不是语言模型。当前没有配置模型服务商，"
            f"资料里也没有找到与问题相关的段落，因此无法回答。\n\n{about}\n\n请管理员配置模型服务商后再试。"
        )
    about = f"{name} is for: {purpose}" if purpose else f"You are chatting with {name}."
    return (
        "This is the built-in offline model, not a language model. No model provider is configured here, "
        "and no passage of this GPT's knowledge matches your message, so there is no real answer to give."
        f"\n\n{about}\n\n"
        "Ask the operator to configure a model provider, then try again."
    )
