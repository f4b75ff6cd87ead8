"""The only file that imports openai: clients of the Responses and the Chat Completions protocol."""

from __future__ import annotations

import asyncio
import json
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, ClassVar

import httpx2
import openai

from .prompts import estimate_tokens
from .provider_errors import failure_of_event, failure_of_status
from .sse import EventSplitter, EventTooLargeError
from .types import (
    FailureCode,
    Finished,
    ModelAPI,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    ModelSpec,
    TextDelta,
    ToolProposed,
    Usage,
)

LIMITS = httpx2.Limits(max_connections=1_000, max_keepalive_connections=200, keepalive_expiry=30.0)
NO_KEY = "none"
TOTAL_TIMEOUT = 900.0
DRAIN_SECONDS = 0.1

_ClientKey = tuple[str, str, float, bool]
# A connection belongs to the event loop that opened it: one set of clients per loop, gone with the loop.
_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_ClientKey, openai.AsyncOpenAI]] = (
    weakref.WeakKeyDictionary()
)


def shared_client(spec: ModelSpec) -> openai.AsyncOpenAI:
    """The process's client for this address and key, so that connections are reused between turns."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    key = (spec.base_url, spec.api_key, spec.connect_timeout, spec.is_guarded)
    client = clients.get(key)
    if client is None:
        client = clients[key] = openai.AsyncOpenAI(
            api_key=spec.api_key or NO_KEY,
            base_url=spec.base_url or None,
            max_retries=0,
            http_client=_http_client(spec),
        )
    return client


def _http_client(spec: ModelSpec) -> httpx2.AsyncClient:
    timeout = httpx2.Timeout(TOTAL_TIMEOUT, connect=spec.connect_timeout, pool=spec.connect_timeout)
    if spec.is_guarded:
        from core.outbound import guarded_transport  # only this branch needs settings

        return httpx2.AsyncClient(transport=guarded_transport(), timeout=timeout, trust_env=False)
    return httpx2.AsyncClient(limits=LIMITS, timeout=timeout, trust_env=False)


async def close_clients() -> None:
    """Closes the connections of the running loop (shutdown, tests)."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.close()


class _Protocol(ABC):
    """What the two protocols share: open, read with time limits, translate failures, count tokens."""

    api: ClassVar[ModelAPI]

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        answer = _Answer()
        failure: ModelFailure | None = None
        try:
            async with self._open(request) as response:
                chunks = response.http_response.aiter_bytes()
                async with aclosing(_events(chunks, request.spec, answer)) as found:
                    async for data in found:
                        if data == b"[DONE]":
                            break
                        for event in self._read(answer, _parse(data)):
                            yield event
                        if answer.is_ended:
                            break
                await _drain(chunks)
        except openai.APIError as error:
            failure = _failure_of(error)
        except (httpx2.TimeoutException, TimeoutError):
            failure = ModelFailure(FailureCode.PROVIDER_SLOW, detail="timeout")
        except httpx2.HTTPError:
            failure = ModelFailure(FailureCode.PROVIDER_DOWN, detail="connection_lost")
        if failure is not None:
            # Raised out here, so that the provider's words (prompt, part of a key) do not hang on as context.
            raise failure
        for tool in answer.tools():
            yield tool
        yield Finished(self._usage(answer, request), answer.end())

    @abstractmethod
    def _open(self, request: ModelRequest) -> AbstractAsyncContextManager[Any]: ...

    @abstractmethod
    def _read(self, answer: _Answer, event: dict[str, Any]) -> list[ModelEvent]: ...

    def _usage(self, answer: _Answer, request: ModelRequest) -> Usage:
        if answer.usage is not None:
            return answer.usage
        sent = sum(estimate_tokens(message.content) for message in request.messages)
        return Usage(sent, estimate_tokens("".join(answer.texts)), is_estimated=True)


class ChatCompletionsClient(_Protocol):
    """Chat Completions, for servers that are compatible with it."""

    api = ModelAPI.CHAT_COMPLETIONS

    def _open(self, request: ModelRequest) -> AbstractAsyncContextManager[Any]:
        # The SDK has one TypedDict per role; the rows are plain here.
        options: dict[str, Any] = {
            "messages": [{"role": m.role, "content": m.content} for m in request.messages]
        }
        if request.temperature is not None:
            options["temperature"] = request.temperature
        if request.tools:
            options["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in request.tools
            ]
        return shared_client(request.spec).chat.completions.with_streaming_response.create(
            model=request.spec.name,
            max_tokens=request.max_output_tokens,
            stream=True,
            stream_options={"include_usage": True},
            **options,
        )

    def _read(self, answer: _Answer, event: dict[str, Any]) -> list[ModelEvent]:
        if event.get("error"):
            raise failure_of_event(event["error"])
        if usage := event.get("usage"):
            answer.usage = _counted(usage, "prompt_tokens", "completion_tokens")
        events: list[ModelEvent] = []
        for choice in event.get("choices") or ():
            delta = choice.get("delta") or {}
            if text := delta.get("content"):
                events.append(answer.text(text))
            if delta.get("refusal"):
                raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="refusal")
            for call in delta.get("tool_calls") or ():
                answer.tool_part(call)
            if reason := choice.get("finish_reason"):
                answer.finish(reason)
        return events


class ResponsesClient(_Protocol):
    """The Responses protocol; nothing is stored at the provider."""

    api = ModelAPI.RESPONSES

    def _open(self, request: ModelRequest) -> AbstractAsyncContextManager[Any]:
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        options: dict[str, Any] = {}
        if request.temperature is not None:
            options["temperature"] = request.temperature
        if request.tools:
            options["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                    "strict": False,
                }
                for tool in request.tools
            ]
        return shared_client(request.spec).responses.with_streaming_response.create(
            model=request.spec.name,
            instructions=system,
            input=[{"role": m.role, "content": m.content} for m in request.messages if m.role != "system"],
            max_output_tokens=request.max_output_tokens,
            store=False,
            stream=True,
            **options,
        )

    def _read(self, answer: _Answer, event: dict[str, Any]) -> list[ModelEvent]:
        kind = event.get("type")
        if kind == "response.output_text.delta":
            text = event.get("delta")
            return [answer.text(text)] if text else []
        if kind == "response.refusal.delta":
            raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="refusal")
        if kind == "error":
            raise failure_of_event(event.get("error") or event)
        if kind == "response.output_item.done":
            item = event.get("item") or {}
            if item.get("type") == "function_call":
                answer.whole_tool(item)
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            self._end(answer, event.get("response") or {}, str(kind))
        return []

    def _end(self, answer: _Answer, response: dict[str, Any], kind: str) -> None:
        if kind == "response.failed":
            raise failure_of_event(response.get("error"))
        if usage := response.get("usage"):
            answer.usage = _counted(usage, "input_tokens", "output_tokens")
        reason = (
            (response.get("incomplete_details") or {}).get("reason")
            if kind == "response.incomplete"
            else "stop"
        )
        answer.finish("length" if reason == "max_output_tokens" else str(reason))
        answer.is_ended = True


class _Answer:
    """What one stream has said so far."""

    __slots__ = ("_tools", "finish_reason", "is_ended", "texts", "usage")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.usage: Usage | None = None
        self.finish_reason = ""
        # The protocol's last event was seen; Chat Completions has only its [DONE] line for that.
        self.is_ended = False
        self._tools: dict[Any, list[str]] = {}

    def text(self, text: object) -> TextDelta:
        if not isinstance(text, str):
            raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="text_type")
        self.texts.append(text)
        return TextDelta(text)

    def tool_part(self, call: dict[str, Any]) -> None:
        function = call.get("function") or {}
        part = self._tools.setdefault(call.get("index", 0), ["", "", ""])
        part[0] += call.get("id") or ""
        part[1] += function.get("name") or ""
        part[2] += function.get("arguments") or ""

    def whole_tool(self, item: dict[str, Any]) -> None:
        call_id = str(item.get("call_id") or item.get("id") or "")
        self._tools[call_id] = [call_id, str(item.get("name") or ""), str(item.get("arguments") or "")]

    def tools(self) -> list[ToolProposed]:
        return [ToolProposed(*part) for part in self._tools.values()]

    def finish(self, reason: str) -> None:
        if reason == "content_filter":
            raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="content_filter")
        self.finish_reason = reason

    def end(self) -> str:
        """The finish reason in our words; a stream that simply stopped is malformed."""
        if not self.finish_reason:
            raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="no_end")
        if self._tools:
            return "tool_calls"
        return "length" if self.finish_reason == "length" else "stop"


async def _events(
    chunks: AsyncIterator[bytes], spec: ModelSpec, answer: _Answer
) -> AsyncGenerator[bytes, None]:
    """The data of each event; only real data, not keep-alive comments, holds off the idle timeout."""
    clock = asyncio.get_running_loop().time
    splitter = EventSplitter()
    deadline = clock() + spec.first_token_timeout
    try:
        while True:
            async with asyncio.timeout_at(deadline):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            if found := splitter.feed(chunk):
                for data in found:
                    yield data
                deadline = clock() + spec.idle_timeout
    except EventTooLargeError:
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="event_too_large") from None
    except TimeoutError:
        if not answer.finish_reason:
            raise


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Reads the end of the body: only a connection that was read to its end is used again."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass
    except (TimeoutError, httpx2.HTTPError):
        return


def _parse(data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except ValueError:
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="bad_json") from None
    if not isinstance(event, dict):
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="bad_event")
    return event


def _counted(usage: dict[str, Any], sent: str, received: str) -> Usage | None:
    try:
        return Usage(max(int(usage[sent]), 0), max(int(usage[received]), 0))
    except (KeyError, TypeError, ValueError):
        return None


def _failure_of(error: openai.APIError) -> ModelFailure:
    if isinstance(error, openai.APIStatusError):
        code = error.code or error.type or ""
        return failure_of_status(error.status_code, code, error.message, error.response.headers)
    if isinstance(error, openai.APITimeoutError):
        return ModelFailure(FailureCode.PROVIDER_SLOW, detail="timeout")
    if isinstance(error, openai.APIConnectionError):
        return ModelFailure(FailureCode.PROVIDER_DOWN, detail="connection")
    return ModelFailure(FailureCode.MALFORMED_STREAM, detail="sdk")
