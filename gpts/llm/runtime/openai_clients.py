"""Clients of the Responses and the Chat Completions protocol. The only file that imports openai."""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, ClassVar

import httpx2
import openai
import orjson
from openai import APIError as APIError
from openai import OpenAIError as OpenAIError

from core.connections import check_no_open_scope
from core.outbound import guarded_transport
from core.outbound_guard import policy_for
from core.outbound_purposes import OPERATOR_PURPOSES, Purpose
from gpts.llm.runtime.idle_timeout import IdleTimeout
from gpts.llm.runtime.images import detect_media_type
from gpts.llm.runtime.provider_errors import translate_error_event, translate_response
from gpts.llm.runtime.refused_options import RequestForms
from gpts.llm.runtime.request_bodies import RequestBody, build_chat_body, build_responses_body
from gpts.llm.runtime.scrubbing import scrub_provider_text
from gpts.llm.runtime.sse import EventSplitter, EventTooLargeError
from gpts.llm.runtime.transport import StreamTransport
from gpts.llm.runtime.types import (
    FailureCode,
    Finished,
    ImageMade,
    ModelAPI,
    ModelEvent,
    ModelFailure,
    ModelOption,
    ModelRequest,
    ModelSpec,
    OptionsLearned,
    TextDelta,
    ToolCalled,
    ToolProposed,
    Usage,
)
from gpts.llm.runtime.usage import check_usage, find_input_cut

NO_KEY = "none"
TOTAL_TIMEOUT = 900.0
DRAIN_SECONDS = 0.1
# An image comes whole in one event, and again in the last one.
IMAGE_EVENT_BYTES = 32_000_000
LABEL_LENGTH = 200
MAX_WEB_SOURCES = 20

PROVIDER_CALLS = {
    "web_search_call": "web_search",
    "code_interpreter_call": "code",
    "image_generation_call": "image_generation",
}

_ClientKey = tuple[str, str, float, Purpose | None]
# Connections belong to the event loop that opened them, so each loop has its clients, removed with the loop.
_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_ClientKey, openai.AsyncOpenAI]] = (
    weakref.WeakKeyDictionary()
)


def get_shared_client(spec: ModelSpec) -> openai.AsyncOpenAI:
    """Return the running loop's client for this address and key, so that turns reuse connections."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    key = (spec.base_url, spec.api_key, spec.connect_timeout, spec.purpose)
    client = clients.get(key)
    if client is None:
        client = clients[key] = openai.AsyncOpenAI(
            api_key=spec.api_key or NO_KEY,
            base_url=spec.base_url or None,
            max_retries=0,
            http_client=_build_http_client(spec),
        )
    return client


def _build_timeout(spec: ModelSpec, read: float) -> httpx2.Timeout:
    return httpx2.Timeout(TOTAL_TIMEOUT, connect=spec.connect_timeout, pool=spec.connect_timeout, read=read)


def _build_http_client(spec: ModelSpec) -> httpx2.AsyncClient:
    if spec.purpose is None:
        raise ValueError("A model that is called over the network needs a purpose.")
    timeout = _build_timeout(spec, TOTAL_TIMEOUT)
    transport: httpx2.AsyncBaseTransport
    if spec.purpose in OPERATOR_PURPOSES:
        transport = StreamTransport(policy_for(spec.purpose))
    else:
        transport = guarded_transport(spec.purpose)
    return httpx2.AsyncClient(transport=transport, timeout=timeout, trust_env=False)


async def close_clients() -> None:
    """Close the connections of the running loop (shutdown, tests)."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.close()


@asynccontextmanager
async def _post(spec: ModelSpec, path: str, **body: Any) -> AsyncIterator[httpx2.Response]:
    """Open a stream by the SDK's generic ``post``.

    Its named methods transform every field by its type. Our bodies are plain data already, and that
    transformation would take as long as the rest of the call.
    """
    check_no_open_scope("model")
    opened = await get_shared_client(spec).post(
        path,
        cast_to=object,
        body={**body, "stream": True},
        options={"timeout": _build_timeout(spec, max(spec.first_token_timeout, spec.idle_timeout))},
        stream=True,
        stream_cls=openai.AsyncStream[object],
    )
    try:
        yield opened.response
    finally:
        await opened.close()


class _Protocol(ABC):
    """What both protocols share: open the stream, read with timeouts, translate failures, count tokens."""

    api: ClassVar[ModelAPI]

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Yield the answer's events.

        An option that the server refuses is left out, and the server is asked again, as long as nothing was
        answered and the time for a first token is not over.
        """
        forms = RequestForms(request)
        ends_at = time.monotonic() + request.spec.first_token_timeout
        while True:
            has_answered = False
            body = self._build_body(forms.request)
            try:
                async with aclosing(self._stream_once(forms.request, body)) as events:
                    async for event in events:
                        if not has_answered:
                            has_answered = True
                            if learned := forms.get_learned():
                                yield learned
                        yield event
                return
            except ModelFailure as refusal:
                failure = refusal
            is_late = time.monotonic() >= ends_at
            if has_answered or is_late or not forms.change(failure, body.sent):
                break
            if request.needs_tools and ModelOption.TOOLS in forms.request.spec.omitted:
                yield OptionsLearned(refused=frozenset({ModelOption.TOOLS}))
                failure = ModelFailure(FailureCode.NO_TOOLS, detail=failure.detail, error=failure.error)
                break
        # Raised outside the handlers: the provider's error may quote the prompt and would be the context.
        raise _hide_secrets(failure, request)

    async def _stream_once(
        self, request: ModelRequest, body: RequestBody
    ) -> AsyncGenerator[ModelEvent, None]:
        answer = _Answer()
        failure: ModelFailure | None = None
        try:
            async with _post(request.spec, body.path, **body.fields) as response:
                chunks = response.aiter_bytes()
                async with aclosing(_read_batches(chunks, request, answer)) as batches:
                    async for batch in batches:
                        has_text = False
                        for event in self._read_batch(answer, batch, is_joined=request.pace.seconds > 0):
                            has_text = has_text or isinstance(event, TextDelta)
                            yield event
                        if answer.failure is not None:
                            raise answer.failure
                        if answer.is_ended:
                            break
                        if has_text and request.pace.seconds:
                            await asyncio.sleep(request.pace.seconds)
                await _drain(chunks)
        except openai.APIError as error:
            failure = translate_sdk_error(error)
        except (httpx2.TimeoutException, TimeoutError):
            failure = ModelFailure(FailureCode.PROVIDER_SLOW, detail="timeout")
        except httpx2.HTTPError:
            failure = ModelFailure(FailureCode.PROVIDER_DOWN, detail="connection_lost")
        if failure is not None:
            # Raised outside the handlers: the provider's error may quote the prompt and would be the context.
            raise failure
        if not request.output and (listed := answer.format_web_sources()):
            yield answer.add_text(listed)
        for tool in answer.list_tool_calls():
            yield tool
        if cut := find_input_cut(answer.usage, request):
            yield OptionsLearned(input_cut=cut)
        yield Finished(self._get_usage(answer, request), answer.get_finish_reason())

    @abstractmethod
    def _build_body(self, request: ModelRequest) -> RequestBody: ...

    @abstractmethod
    def _parse_event(self, answer: _Answer, event: dict[str, Any]) -> list[ModelEvent]: ...

    def _read_batch(self, answer: _Answer, batch: list[bytes], *, is_joined: bool) -> list[ModelEvent]:
        """Return the model events of a batch; with `is_joined` consecutive texts become one.

        A failure is stored in the answer and not raised, so that the events before it are still sent.
        """
        read: list[ModelEvent] = []
        for data in batch:
            if data == b"[DONE]":
                answer.is_ended = True
            if answer.is_ended:
                break
            try:
                events = self._read_event(answer, data)
            except ModelFailure as failure:
                answer.failure = failure
                break
            for event in events:
                last = read[-1] if read else None
                if is_joined and isinstance(event, TextDelta) and isinstance(last, TextDelta):
                    last.text += event.text
                else:
                    read.append(event)
        return read

    def _read_event(self, answer: _Answer, data: bytes) -> list[ModelEvent]:
        """Return the model events of one event; JSON of an unknown shape is a malformed stream."""
        try:
            return self._parse_event(answer, _parse(data))
        except (AttributeError, TypeError, KeyError, ValueError):
            raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="bad_event") from None

    def _get_usage(self, answer: _Answer, request: ModelRequest) -> Usage:
        calls = "".join(f"{call.name}{call.arguments}" for call in answer.list_tool_calls())
        return check_usage(answer.usage, request, "".join(answer.texts), calls)


class ChatCompletionsClient(_Protocol):
    """The Chat Completions protocol, which most compatible servers support."""

    api = ModelAPI.CHAT_COMPLETIONS

    def _build_body(self, request: ModelRequest) -> RequestBody:
        return build_chat_body(request)

    def _parse_event(self, answer: _Answer, event: dict[str, Any]) -> list[ModelEvent]:
        if event.get("error"):
            raise translate_error_event(event["error"])
        if usage := event.get("usage"):
            answer.usage = _read_usage(usage, "prompt_tokens", "completion_tokens")
        events: list[ModelEvent] = []
        for choice in event.get("choices") or ():
            delta = choice.get("delta") or {}
            if text := delta.get("content"):
                events.append(answer.add_text(text))
            if delta.get("refusal"):
                raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="refusal")
            for call in delta.get("tool_calls") or ():
                answer.add_tool_part(call)
            if reason := choice.get("finish_reason"):
                answer.finish(reason)
        return events


class ResponsesClient(_Protocol):
    """The Responses protocol; the provider is told to store nothing."""

    api = ModelAPI.RESPONSES

    def _build_body(self, request: ModelRequest) -> RequestBody:
        return build_responses_body(request)

    def _parse_event(self, answer: _Answer, event: dict[str, Any]) -> list[ModelEvent]:
        kind = event.get("type")
        if kind == "response.output_text.delta":
            text = event.get("delta")
            return [answer.add_text(text)] if text else []
        if kind == "response.refusal.delta":
            raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="refusal")
        if kind == "error":
            raise translate_error_event(event.get("error") or event)
        if kind == "response.output_text.annotation.added":
            answer.add_web_source(event.get("annotation"))
        elif kind == "response.output_item.done":
            item = event.get("item") or {}
            if item.get("type") == "function_call":
                answer.add_tool(item)
            elif item.get("type") in PROVIDER_CALLS:
                return _read_provider_call(item)
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            self._end(answer, event.get("response") or {}, str(kind))
        return []

    def _end(self, answer: _Answer, response: dict[str, Any], kind: str) -> None:
        if kind == "response.failed":
            raise translate_error_event(response.get("error"))
        if usage := response.get("usage"):
            answer.usage = _read_usage(usage, "input_tokens", "output_tokens")
        reason = (
            (response.get("incomplete_details") or {}).get("reason")
            if kind == "response.incomplete"
            else "stop"
        )
        answer.finish("length" if reason == "max_output_tokens" else str(reason))
        answer.is_ended = True


class _Answer:
    """What was read of one stream so far."""

    __slots__ = ("_sources", "_tools", "failure", "finish_reason", "is_ended", "texts", "usage")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.usage: Usage | None = None
        self.finish_reason = ""
        # Whether the protocol's last event was read ([DONE] for Chat Completions).
        self.is_ended = False
        self.failure: ModelFailure | None = None
        self._tools: dict[Any, list[str]] = {}
        self._sources: dict[str, str] = {}

    def add_text(self, text: object) -> TextDelta:
        if not isinstance(text, str):
            raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="text_type")
        self.texts.append(text)
        return TextDelta(text)

    def add_tool_part(self, call: dict[str, Any]) -> None:
        function = call.get("function") or {}
        part = self._tools.setdefault(call.get("index", 0), ["", "", ""])
        part[0] += call.get("id") or ""
        part[1] += function.get("name") or ""
        part[2] += function.get("arguments") or ""

    def add_tool(self, item: dict[str, Any]) -> None:
        call_id = str(item.get("call_id") or item.get("id") or "")
        self._tools[call_id] = [call_id, str(item.get("name") or ""), str(item.get("arguments") or "")]

    def add_web_source(self, annotation: object) -> None:
        """Add a page that the answer cites, once; only web addresses."""
        fields = annotation if isinstance(annotation, dict) else {}
        url = str(fields.get("url") or "")
        if fields.get("type") != "url_citation" or not url.startswith(("https://", "http://")):
            return
        if len(self._sources) < MAX_WEB_SOURCES and len(url) <= 2_000 and not set(url) & set(" <>\n\r\t"):
            self._sources.setdefault(url, str(fields.get("title") or ""))

    def format_web_sources(self) -> str:
        """Return Markdown links to the cited pages that the text does not link to; empty without any."""
        said = "".join(self.texts)
        links = [
            f"- [{_strip_markdown(title) or _strip_markdown(url)}](<{url}>)"
            for url, title in self._sources.items()
            if url not in said
        ]
        return "\n\n" + "\n".join(links) if links else ""

    def list_tool_calls(self) -> list[ToolProposed]:
        return [ToolProposed(*part) for part in self._tools.values()]

    def finish(self, reason: str) -> None:
        if reason == "content_filter":
            raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="content_filter")
        self.finish_reason = reason

    def get_finish_reason(self) -> str:
        """Return stop, length or tool_calls. Raises ModelFailure for a stream that ended without a reason."""
        if not self.finish_reason:
            raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="no_end")
        if self._tools:
            return "tool_calls"
        return "length" if self.finish_reason == "length" else "stop"


async def _read_batches(
    chunks: AsyncIterator[bytes], request: ModelRequest, answer: _Answer
) -> AsyncGenerator[list[bytes], None]:
    """Yield the data of events as they come. Data renews the idle timeout, keep-alive comments do not."""
    makes_images = "image_generation" in request.provider_tools
    splitter = EventSplitter(IMAGE_EVENT_BYTES) if makes_images else EventSplitter()
    idle_timeout = IdleTimeout(request.spec.first_token_timeout)
    try:
        while True:
            chunk = await idle_timeout.wait_for(chunks)
            if chunk is None:
                return
            if found := splitter.feed(chunk):
                yield found
                idle_timeout.renew(request.spec.idle_timeout)
    except EventTooLargeError:
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="event_too_large") from None
    except TimeoutError:
        if not answer.finish_reason:
            raise
    finally:
        idle_timeout.end()


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read the rest of the body: only a connection that was read to its end is reused."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass
    except (TimeoutError, httpx2.HTTPError):
        return


def _scrub(failure: ModelFailure, request: ModelRequest) -> str:
    return "" if failure.error is None else scrub_provider_text(failure.error.message, request)


def _hide_secrets(failure: ModelFailure, request: ModelRequest) -> ModelFailure:
    """Return the failure anew, without its context and with a scrubbed text."""
    error = failure.error
    if error is not None:
        error = replace(error, message=_scrub(failure, request))
    return ModelFailure(failure.code, retry_after=failure.retry_after, detail=failure.detail, error=error)


def _read_provider_call(item: dict[str, Any]) -> list[ModelEvent]:
    """Return the events of a call that the provider ran: the call, and the image if it made one."""
    name = PROVIDER_CALLS[str(item["type"])]
    call_id = str(item.get("id") or "")
    is_ok = item.get("status", "completed") == "completed"
    action = item.get("action")
    label = str(action.get("query") or action.get("url") or "") if isinstance(action, dict) else ""
    called = ToolCalled(call_id, name, is_ok, " ".join(label.split())[:LABEL_LENGTH])
    if name != "image_generation" or not isinstance(item.get("result"), str):
        return [called]
    try:
        data = base64.b64decode(item["result"], validate=True)
    except binascii.Error:
        data = b""
    media_type = detect_media_type(data)
    if not media_type:
        return [ToolCalled(call_id, name, False)]
    return [called, ImageMade(media_type, data)]


def _strip_markdown(text: str) -> str:
    """Return a page's title as the text of a link: one line without Markdown."""
    return " ".join(text.translate(_NO_MARKDOWN).split())[:LABEL_LENGTH]


_NO_MARKDOWN = str.maketrans(dict.fromkeys("[]()<>*_`\\!|#", " "))


def _parse(data: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(data)
    except ValueError:
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="bad_json") from None
    if not isinstance(event, dict):
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="bad_event")
    return event


def _read_usage(usage: dict[str, Any], sent: str, received: str) -> Usage | None:
    try:
        return Usage(max(int(usage[sent]), 0), max(int(usage[received]), 0))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def translate_sdk_error(error: APIError) -> ModelFailure:
    """Return the failure that an error of the SDK means."""
    if isinstance(error, openai.APIStatusError):
        return translate_response(error.status_code, _get_error_body(error), error.response.headers)
    if isinstance(error, openai.APITimeoutError):
        return ModelFailure(FailureCode.PROVIDER_SLOW, detail="timeout")
    if isinstance(error, openai.APIConnectionError):
        return _translate_connection_error(error)
    return ModelFailure(FailureCode.MALFORMED_STREAM, detail="sdk")


def _get_error_body(error: openai.APIStatusError) -> object:
    """Return the whole body of an error response; the SDK's `body` is only a part of it."""
    try:
        return error.response.content or error.body
    except (httpx2.HTTPError, httpx2.StreamError):
        return error.body


def _translate_connection_error(error: BaseException) -> ModelFailure:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return ModelFailure(FailureCode.TLS_FAILED, detail="tls")
        cause = cause.__cause__ or cause.__context__
    return ModelFailure(FailureCode.PROVIDER_DOWN, detail="connection")
