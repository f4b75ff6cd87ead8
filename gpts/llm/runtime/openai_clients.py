"""Clients of the Responses and the Chat Completions protocol. The only file that imports openai.

It is imported on first use: that takes a fifth of the time of starting a process, and most never ask a model.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import httpx2

from core.connections import check_no_open_scope
from core.outbound import guarded_transport
from core.outbound_guard import policy_for
from core.outbound_purposes import OPERATOR_PURPOSES, Purpose
from gpts.llm.runtime.answer_reading import AnswerReader
from gpts.llm.runtime.chat_events import read_chat_event
from gpts.llm.runtime.idle_timeout import IdleTimeout
from gpts.llm.runtime.provider_errors import translate_response
from gpts.llm.runtime.refused_options import RequestForms
from gpts.llm.runtime.request_bodies import RequestBody, build_chat_body, build_responses_body
from gpts.llm.runtime.responses_events import read_responses_event
from gpts.llm.runtime.scrubbing import scrub_provider_text
from gpts.llm.runtime.sse import DONE, EventSplitter, EventTooLargeError, parse_json
from gpts.llm.runtime.transport import StreamTransport
from gpts.llm.runtime.types import (
    FailureCode,
    Finished,
    ModelAPI,
    ModelEvent,
    ModelFailure,
    ModelOption,
    ModelRequest,
    ModelSpec,
    OptionsLearned,
    TextDelta,
    ThinkingDelta,
)
from gpts.llm.runtime.usage import find_input_cut

if TYPE_CHECKING:
    import openai

NO_KEY = "none"
TOTAL_TIMEOUT = 900.0
DRAIN_SECONDS = 0.1
# An image comes whole in one event, and again in the last one.
IMAGE_EVENT_BYTES = 32_000_000

_ClientKey = tuple[str, str, float, Purpose | None]
# Connections belong to the event loop that opened them, so each loop has its clients, removed with the loop.
_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_ClientKey, openai.AsyncOpenAI]] = (
    weakref.WeakKeyDictionary()
)


def load_sdk() -> tuple[type[openai.APIError], type[openai.OpenAIError]]:
    """Import openai, so that a first call does not wait for it; return the errors that its calls raise."""
    import openai

    return openai.APIError, openai.OpenAIError


def get_shared_client(spec: ModelSpec) -> openai.AsyncOpenAI:
    """Return the running loop's client for this address and key, so that turns reuse connections."""
    import openai

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
    import openai

    check_no_open_scope("model")
    opened = await get_shared_client(spec).post(
        path,
        cast_to=object,
        body=body,
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

    def __init__(self) -> None:
        self.api_error, _ = load_sdk()  # before the time of an answer begins

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
                async with aclosing(self._stream_once(_give_time(forms.request), body)) as events:
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
        answer = AnswerReader(request)
        failure: ModelFailure | None = None
        is_joined = request.pace.seconds > 0
        try:
            async with _post(request.spec, body.path, **body.fields) as response:
                chunks = response.aiter_bytes()
                async with aclosing(_read_batches(chunks, request)) as batches:
                    async for batch in batches:
                        events = self._read_batch(answer, batch)
                        for event in _join(events) if is_joined else events:
                            yield event
                        if answer.failure is not None or answer.is_ended:
                            break
                        if is_joined and any(isinstance(event, TextDelta) for event in events):
                            await asyncio.sleep(request.pace.seconds)
                await _drain(chunks)
        except self.api_error as error:
            failure = translate_sdk_error(error)
        except (httpx2.TimeoutException, TimeoutError):
            failure = ModelFailure(FailureCode.PROVIDER_SLOW, detail="timeout")
        except httpx2.HTTPError:
            failure = ModelFailure(FailureCode.PROVIDER_DOWN, detail="connection_lost")
        except ModelFailure as found:
            failure = found
        # What breaks after the reason of the end takes nothing away from the answer.
        answer.failure = answer.failure or (None if answer.finish_reason else failure)
        for event in answer.close():
            yield event
        if answer.failure is not None:
            # Raised outside the handlers: the provider's error may quote the prompt and would be the context.
            raise answer.failure
        answer.check_end()
        if not request.output and (listed := answer.format_web_sources()):
            yield TextDelta(listed)
        for tool in answer.list_tool_calls():
            yield tool
        if cut := find_input_cut(answer.usage, request):
            yield OptionsLearned(input_cut=cut)
        yield Finished(answer.get_usage(request), answer.get_finish_reason())

    @abstractmethod
    def _build_body(self, request: ModelRequest) -> RequestBody: ...

    @abstractmethod
    def _read_event(self, answer: AnswerReader, event: dict[str, Any], events: list[ModelEvent]) -> None:
        """Read one event of the protocol, adding to ``events``. Raises ModelFailure for an error."""

    def _read_batch(self, answer: AnswerReader, batch: list[bytes]) -> list[ModelEvent]:
        """Return the model events of a batch.

        A failure is stored in the answer and not raised, so that the events before it are still sent.
        """
        events: list[ModelEvent] = []
        for data in batch:
            if data == DONE:
                answer.is_ended = True
            if answer.is_ended:
                break
            try:
                if (event := _parse(data)) is not None:
                    self._read_event(answer, event, events)
            except ModelFailure as failure:
                answer.failure = failure
                break
            except (AttributeError, TypeError, KeyError, ValueError):
                # JSON of an unknown shape.
                answer.failure = ModelFailure(FailureCode.MALFORMED_STREAM, detail="bad_event")
                break
        return events


class ChatCompletionsClient(_Protocol):
    """The Chat Completions protocol, which most compatible servers support."""

    api = ModelAPI.CHAT_COMPLETIONS

    def _build_body(self, request: ModelRequest) -> RequestBody:
        return build_chat_body(request)

    def _read_event(self, answer: AnswerReader, event: dict[str, Any], events: list[ModelEvent]) -> None:
        read_chat_event(answer, event, events)


class ResponsesClient(_Protocol):
    """The Responses protocol; the provider is told to store nothing."""

    api = ModelAPI.RESPONSES

    def _build_body(self, request: ModelRequest) -> RequestBody:
        return build_responses_body(request)

    def _read_event(self, answer: AnswerReader, event: dict[str, Any], events: list[ModelEvent]) -> None:
        read_responses_event(answer, event, events)


def _join(events: list[ModelEvent]) -> list[ModelEvent]:
    """Return the events with consecutive texts, and consecutive thinking, as one."""
    joined: list[ModelEvent] = []
    for event in events:
        last = joined[-1] if joined else None
        if isinstance(event, TextDelta | ThinkingDelta) and type(event) is type(last):
            last.text += event.text
        else:
            joined.append(event)
    return joined


async def _read_batches(
    chunks: AsyncIterator[bytes], request: ModelRequest
) -> AsyncGenerator[list[bytes], None]:
    """Yield the data of events as they come.

    Every byte is a sign of life, also of a comment that only keeps the connection alive; but all together may
    not take longer than the model's limit for an answer.
    """
    spec = request.spec
    makes_images = "image_generation" in request.provider_tools
    splitter = EventSplitter(IMAGE_EVENT_BYTES) if makes_images else EventSplitter()
    limit = spec.first_token_timeout
    idle_timeout = IdleTimeout(limit, spec.answer_timeout)
    try:
        while (chunk := await idle_timeout.wait_for(chunks)) is not None:
            if found := splitter.feed(chunk):
                yield found
                limit = spec.idle_timeout
            idle_timeout.renew(limit)
        if found := splitter.finish():
            yield found
    except (httpx2.HTTPError, TimeoutError):
        if found := splitter.finish():
            yield found
        raise
    except EventTooLargeError:
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="event_too_large") from None
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


def _give_time(request: ModelRequest) -> ModelRequest:
    """Return the request with the time of a whole answer for its first byte, if the answer comes at once."""
    spec = request.spec
    if ModelOption.STREAM not in spec.omitted:
        return request
    return replace(request, spec=replace(spec, first_token_timeout=spec.answer_timeout))


def _hide_secrets(failure: ModelFailure, request: ModelRequest) -> ModelFailure:
    """Return the failure anew, without its context and with a scrubbed text."""
    error = failure.error
    if error is not None:
        error = replace(error, message=_scrub(failure, request))
    return ModelFailure(failure.code, retry_after=failure.retry_after, detail=failure.detail, error=error)


def _parse(data: bytes) -> dict[str, Any] | None:
    """Return an event; None for data that is none, such as "ping". Raises ModelFailure for a damaged one."""
    try:
        event = parse_json(data)
    except ValueError:
        if data.startswith(b"{") and any(word in data for word in _ANSWER_WORDS):
            raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="bad_json") from None
        return None
    return event if isinstance(event, dict) else None


# Of JSON that cannot be read: whether it had a part of the answer.
_ANSWER_WORDS = (b'"choices"', b'"delta"', b'"content"', b'"output')


def translate_sdk_error(error: openai.APIError) -> ModelFailure:
    """Return the failure that an error of the SDK means."""
    import openai

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
