"""A model server that speaks the OpenAI protocol over a real socket, with scripted behaviours.

The behaviour is chosen by the model's name, `behaviour[:tokens[:tokens per second]]` ("normal:200:50"),
or for every model by `POST /__control {"model": "stall:3"}`. `GET /__requests` lists the requests,
`DELETE /__requests` clears them and the control. To run it: `python -m tests.fakes.openai_server --port N`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import embeddings, played_streams
from tests.fakes.shaped_answers import GARBAGE, TWO_CALLS, build_provider_events, get_shaped_words, get_text

WORDS = (
    "arch ",
    "light ",
    "square ",
    "merchant ",
    "open ",
    "stone ",
    "public ",
    "paper ",
    "warm ",
    "order\n\n",
)
PROSE = "text/event-stream"
KEY = "sk-test-good"
BAD_KEY = "sk-test-bad"
SLOW_SECONDS = 30.0


@dataclass
class Script:
    """One behaviour with its size and pace; rate 0 sends everything at once."""

    behaviour: str = "normal"
    tokens: int = 20
    rate: float = 0.0

    @classmethod
    def parse(cls, model: str) -> Script:
        name, *numbers = model.split(":")
        script = cls(name)
        if numbers:
            script.tokens = int(numbers[0])
        if len(numbers) > 1:
            script.rate = float(numbers[1])
        return script


@dataclass
class State:
    control: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    is_recording: bool = True
    # Open streams, and the number of streams that ended because the reader closed the connection.
    open_streams: int = 0
    # Scripts of tests/fakes/played_streams.py by behaviour, beside those in its folder.
    played: dict[str, str] = field(default_factory=dict)
    dropped_streams: int = 0
    connections: int = 0
    # Whether answers of the behaviour "held" wait in their middle; see ModelServer.release.
    is_held: bool = True


class Refusal(Exception):  # a scripted response, not an error of the server
    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


# Token counts that a server claims whatever it was sent: (prompt, answer).
CLAIMS: dict[str, tuple[int, int]] = {
    "claims-u32": (11, 4_294_967_295),
    "claims-billions": (2_000_000_000, 2_000_000_000),
    "claims-zero": (0, 0),
}

# Behaviours that first call functions, and answer with text once the results are in the prompt.
CALLS: dict[str, list[tuple[str, Any]]] = {
    "builder": [
        ("set_name", {"name": "Tide guide"}),
        ("set_description", {"description": "Tells you when to walk on the mud flats."}),
        ("set_instructions", {"instructions": "Name the next low tide. Warn of fog."}),
        ("set_starters", {"starters": ["When is low tide?", "Is it safe today?"]}),
        ("set_category", {"category": "lifestyle"}),
        ("ask", {"question": "Which coast is it for?", "choices": ["North Sea", "Wales"]}),
    ],
    "two-tools": TWO_CALLS,
    "builder-wrong": [
        ("set_name", {"name": "x" * 60}),
        ("set_category", {"category": "astrology"}),
        ("drop_table", {}),
        ("set_description", "not an object"),
    ],
}

REFUSALS: dict[str, Refusal] = {
    "unauthorized": Refusal(401, "invalid_api_key", "Incorrect API key provided: sk-tes*****bad."),
    "rate-limited": Refusal(429, "rate_limit_exceeded", "Slow down.", {"retry-after": "7"}),
    "server-error": Refusal(500, "server_error", "The server had an error."),
    "overflow": Refusal(
        400,
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. Reduce the length.",
    ),
    "overflow-message": Refusal(400, "", "Requested tokens exceed the maximum context length of 4096."),
    "refused": Refusal(400, "content_policy_violation", "Rejected by the content filter."),
    "no-model": Refusal(404, "model_not_found", "The model does not exist."),
}


class Server:
    """Plain asyncio streams and minimal HTTP, so that it uses little CPU in benchmarks."""

    def __init__(self) -> None:
        self.state = State()
        self._dialects: dict[str, Dialect] = {"/responses": Responses(), "/chat/completions": Chat()}

    async def start(self, port: int, host: str = "127.0.0.1") -> asyncio.Server:
        return await asyncio.start_server(self._serve, host, port, backlog=1024)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.state.connections += 1
        try:
            while await self._handle_request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
            pass  # the reader left, or the server is stopping
        finally:
            writer.close()

    async def _handle_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *header_lines = head.decode("latin-1").split("\r\n")
        method, path, _ = line.split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, _, v in (h.partition(":") for h in header_lines if h)}
        raw = await reader.readexactly(int(headers.get("content-length") or 0))
        body = json.loads(raw) if raw else {}
        path = path.removeprefix("/v1")
        if path.startswith("/__"):
            await self._control(method, path, body, writer)
        elif path == "/models" and headers.get("authorization") == f"Bearer {BAD_KEY}":
            refusal = REFUSALS["unauthorized"]
            await send_json(writer, {"error": {"message": refusal.message}}, refusal.status)
        elif path == "/models":
            names = ["normal", "echo"]
            await send_json(writer, {"object": "list", "data": [{"id": n, "object": "model"} for n in names]})
        elif path == "/embeddings":
            await self._embed(headers, body, writer)
        elif path in self._dialects and method == "POST":
            return await self._answer(self._dialects[path], path, headers, body, reader, writer)
        else:
            await send_json(writer, {"error": {"message": "Unknown path", "code": "not_found"}}, 404)
        return True

    async def _embed(self, headers: dict[str, str], body: Any, writer: asyncio.StreamWriter) -> None:
        """Answer with vectors; the control "slow" waits, REFUSALS refuse, others are in embeddings.py."""
        if self.state.is_recording:
            self.state.requests.append({"path": "/embeddings", "headers": headers, "body": body})
        behaviour = Script.parse(self.state.control).behaviour if self.state.control else ""
        if behaviour == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        if refusal := REFUSALS.get(behaviour):
            error = {"message": str(refusal), "code": refusal.code}
            await send_json(writer, {"error": error}, refusal.status)
            return
        script = Script.parse(self.state.control or "normal")
        if problem := embeddings.find_problem(body, script.behaviour, script.tokens):
            await send_json(writer, {"error": {"message": problem, "code": None}}, 400)
            return
        await send_json(writer, embeddings.distort(embeddings.build_response(body), body, script.behaviour))

    async def _control(self, method: str, path: str, body: Any, writer: asyncio.StreamWriter) -> None:
        if path == "/__control":
            self.state.control = body.get("model", "")
            self.state.is_recording = body.get("record", True)
        elif method == "DELETE":
            self.state.control = ""
            self.state.requests.clear()
        answer = {"requests": self.state.requests, "dropped_streams": self.state.dropped_streams}
        await send_json(writer, answer)

    async def _answer(
        self,
        dialect: Dialect,
        path: str,
        headers: dict[str, str],
        body: Any,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        if self.state.is_recording:
            self.state.requests.append(
                {"path": path, "authorization": headers.get("authorization", ""), "body": body}
            )
        script = Script.parse(self.state.control or body.get("model", "normal"))
        refusal = REFUSALS.get(script.behaviour)
        if headers.get("authorization") == f"Bearer {BAD_KEY}":
            refusal = REFUSALS["unauthorized"]
        if refusal:
            error = {
                "message": refusal.message,
                "code": refusal.code or None,
                "type": "invalid_request_error",
            }
            await send_json(writer, {"error": error}, refusal.status, refusal.headers)
            return True
        is_answered = dialect.has_results(body)
        words = build_words(script, "" if is_answered else dialect.get_question(body))
        if script.behaviour in CALLS and is_answered:
            words = [f"{word} " for word in ["The", "functions", "have", "run."]]
        if (shaped := get_shaped_words(script.behaviour, body)) is not None:
            words = shaped
        if script.behaviour in ("leaky", "refusing"):
            words = build_judging_words(script.behaviour, body)
        played = self.state.played.get(script.behaviour) or played_streams.load(script.behaviour)
        if played is not None and not is_answered:
            return await played_streams.play(played, writer)
        if not body.get("stream"):
            await send_json(writer, dialect.build_response("".join(words), body))
            return True
        self.state.open_streams += 1
        try:
            return await Stream(self.state, dialect, script, words, reader, writer).send()
        except ConnectionError:
            self.state.dropped_streams += 1
            raise
        finally:
            self.state.open_streams -= 1


class Stream:
    """One streamed answer with the faults of its script."""

    def __init__(
        self,
        state: State,
        dialect: Dialect,
        script: Script,
        words: list[str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.state, self.dialect, self.script, self.words = state, dialect, script, words
        self.reader, self.writer = reader, writer

    def is_dropped(self) -> bool:
        return self.writer.transport.is_closing() or self.reader.at_eof()

    async def send(self) -> bool:
        script, writer = self.script, self.writer
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        if script.behaviour == "slow-first":
            await self._wait(SLOW_SECONDS if script.tokens == 20 else script.tokens)
        if opening := self.dialect.build_opening():
            self._write(opening)
        if await self._send_body():
            return False
        if script.behaviour == "no-end":
            writer.write(b"0\r\n\r\n")
        else:
            ending = self.dialect.build_ending(len(self.words), "".join(self.words), script.behaviour)
            writer.write(encode_chunk(ending) + b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _send_body(self) -> bool:
        """Send the words and the script's faults; true if the connection must be cut."""
        script, half = self.script, len(self.words) // 2
        if script.behaviour == "tool":
            self._write(self.dialect.build_split_call())
            return False
        if script.behaviour in CALLS and not self.words:
            for number, (name, arguments) in enumerate(CALLS[script.behaviour]):
                self._write(self.dialect.build_call(number, name, json.dumps(arguments, ensure_ascii=False)))
            return False
        if script.behaviour == "garbage":
            self._write(GARBAGE)
            return False
        for event in build_provider_events(script.behaviour):
            self._write(encode_event(event))
        for number, word in enumerate(self.words):
            if number == half and script.behaviour in (
                "stall",
                "malformed",
                "cut",
                "error-event",
                "comments",
                "held",
            ):
                if script.behaviour == "stall":
                    await self._wait(SLOW_SECONDS)
                elif script.behaviour == "comments":
                    await self._send_comments()
                elif script.behaviour == "held":
                    while self.state.is_held:
                        await self._wait(0.02)
                elif script.behaviour == "malformed":
                    self._write(b'data: {"choices": [{]}\n\n')
                elif script.behaviour == "error-event":
                    self._write(self.dialect.build_error())
                else:
                    await self.writer.drain()
                    return True
            if script.behaviour == "stamp":
                # The time of sending for benchmarks, on the monotonic clock that all processes share.
                word = f"{time.monotonic_ns()} " + ("\n\n" if number % 20 == 19 else "")
            self._write(self.dialect.build_delta(word))
            if script.rate:
                await self._wait(1 / script.rate)
            elif number % 256 == 255:
                await self.writer.drain()
        return False

    async def _send_comments(self) -> None:
        for _ in range(int(SLOW_SECONDS * 20)):
            self._write(b": keep-alive\n\n")
            await self._wait(0.05)

    async def _wait(self, seconds: float) -> None:
        await self.writer.drain()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.25))
            if self.is_dropped():
                raise ConnectionResetError

    def _write(self, event: bytes) -> None:
        if self.is_dropped():
            raise ConnectionResetError
        self.writer.write(encode_chunk(event))


class Dialect(ABC):
    """Encodes and decodes messages of one of the two protocols."""

    @abstractmethod
    def get_question(self, body: Any) -> str: ...

    def build_opening(self) -> bytes:
        return b""

    @abstractmethod
    def build_delta(self, word: str) -> bytes: ...

    @abstractmethod
    def build_ending(self, tokens: int, text: str, behaviour: str) -> bytes: ...

    @abstractmethod
    def build_response(self, text: str, body: Any) -> dict[str, Any]: ...

    @abstractmethod
    def build_split_call(self) -> bytes: ...

    @abstractmethod
    def build_call(self, number: int, name: str, arguments: str) -> bytes:
        """Encode one complete function call."""

    @abstractmethod
    def has_results(self, body: Any) -> bool:
        """Whether the prompt ends with results of functions."""

    @abstractmethod
    def build_error(self) -> bytes: ...


class Chat(Dialect):
    def get_question(self, body: Any) -> str:
        return get_text(body["messages"][-1]["content"])

    def build_delta(self, word: str) -> bytes:
        return (
            b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"fake",'
            b'"choices":[{"index":0,"delta":{"content":%s},"finish_reason":null}]}\n\n'
            % json.dumps(word).encode()
        )

    def build_ending(self, tokens: int, text: str, behaviour: str) -> bytes:
        reason = {"filtered": "content_filter", "length": "length", "tool": "tool_calls"}.get(
            behaviour, "stop"
        )
        last = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"%s"}]}\n\n' % reason.encode()
        usage = b""
        if behaviour != "no-usage":
            sent, received = CLAIMS.get(behaviour, (11, tokens))
            usage = b'data: {"choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d}}\n\n' % (
                sent,
                received,
            )
        return last + usage + b"data: [DONE]\n\n"

    def build_response(self, text: str, body: Any) -> dict[str, Any]:
        return {
            "id": "c1",
            "object": "chat.completion",
            "created": 1,
            "model": body.get("model"),
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 11, "completion_tokens": 1, "total_tokens": 12},
        }

    def build_split_call(self) -> bytes:
        parts = [
            {"index": 0, "id": "call_1", "function": {"name": "get_weather", "arguments": '{"city"'}},
            {"index": 0, "function": {"arguments": ':"Bern"}'}},
        ]
        return b"".join(
            b"data: "
            + json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [part]}}]}).encode()
            + b"\n\n"
            for part in parts
        )

    def build_call(self, number: int, name: str, arguments: str) -> bytes:
        part = {"index": number, "id": f"call_{number}", "function": {"name": name, "arguments": arguments}}
        chunk = {"choices": [{"index": 0, "delta": {"tool_calls": [part]}}]}
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    def has_results(self, body: Any) -> bool:
        return bool(body["messages"][-1].get("role") == "tool")

    def build_error(self) -> bytes:
        return b'data: {"error":{"code":"rate_limit_exceeded","message":"Slow down."}}\n\n'


class Responses(Dialect):
    def get_question(self, body: Any) -> str:
        return get_text(body["input"][-1]["content"])

    def build_opening(self) -> bytes:
        return encode_event({"type": "response.created", "response": {"id": "r1", "status": "in_progress"}})

    def build_delta(self, word: str) -> bytes:
        return (
            b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
            b'"item_id":"m1","output_index":0,"content_index":0,"delta":%s}\n\n' % json.dumps(word).encode()
        )

    def build_ending(self, tokens: int, text: str, behaviour: str) -> bytes:
        response: dict[str, Any] = {"id": "r1", "status": "completed"}
        if behaviour != "no-usage":
            response["usage"] = {"input_tokens": 11, "output_tokens": tokens, "total_tokens": 11 + tokens}
        if behaviour in ("filtered", "length"):
            reason = "content_filter" if behaviour == "filtered" else "max_output_tokens"
            response |= {"status": "incomplete", "incomplete_details": {"reason": reason}}
            return encode_event({"type": "response.incomplete", "response": response})
        return encode_event({"type": "response.completed", "response": response})

    def build_response(self, text: str, body: Any) -> dict[str, Any]:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        return {
            "id": "r1",
            "object": "response",
            "status": "completed",
            "model": body.get("model"),
            "output": [{"id": "m1", "type": "message", "role": "assistant", "content": content}],
            "usage": {"input_tokens": 11, "output_tokens": 1, "total_tokens": 12},
        }

    def build_split_call(self) -> bytes:
        item = {
            "type": "function_call",
            "call_id": "call_1",
            "name": "get_weather",
            "arguments": '{"city":"Bern"}',
        }
        return encode_event({"type": "response.output_item.done", "item": item})

    def build_call(self, number: int, name: str, arguments: str) -> bytes:
        item = {"type": "function_call", "call_id": f"call_{number}", "name": name, "arguments": arguments}
        return encode_event({"type": "response.output_item.done", "item": item})

    def has_results(self, body: Any) -> bool:
        return bool(body["input"][-1].get("type") == "function_call_output")

    def build_error(self) -> bytes:
        return encode_event({"type": "error", "code": "rate_limit_exceeded", "message": "Slow down."})


def build_judging_words(behaviour: str, body: Any) -> list[str]:
    """Answer as "leaky" (with its prompt; high grades) or "refusing" (low grades)."""
    messages = list(body.get("messages", body.get("input", ())))
    system = "".join(
        str(message["content"]) for message in messages if message.get("role") in ("system", "developer")
    ) or str(body.get("instructions", ""))
    if "You grade one answer" in system:
        score = 90 if behaviour == "leaky" else 20
        return [json.dumps({"score": score, "reason": "Because it is so."})]
    if behaviour == "leaky":
        return [f"Sure. {system}"]
    return ["I'm sorry, ", "but I can't share that."]


def build_words(script: Script, question: str) -> list[str]:
    if script.behaviour in ("empty", "tool") or script.behaviour in CALLS:
        return []
    if script.behaviour == "echo":
        return [word + " " for word in question.split()]
    if script.behaviour == "verbatim":
        return re.findall(r"\S+\s*|\s+", question)
    if script.behaviour == "huge":
        return ["x" * 999 + " "] * 1_000
    return [WORDS[number % len(WORDS)] for number in range(script.tokens)]


def encode_event(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def encode_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def send_json(
    writer: asyncio.StreamWriter, body: Any, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    data = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} -", "content-type: application/json", f"content-length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
    await writer.drain()


@dataclass
class ModelServer:
    """The server in a thread, for tests: `url` for clients, `state` for assertions."""

    url: str
    state: State
    stop: Callable[[], None]

    def reset(self) -> None:
        """Wait until open streams have ended, then clear the requests and the control."""
        self.release()
        self.wait_until(lambda state: state.open_streams == 0, 10)
        self.state.requests.clear()
        self.state.control = ""
        self.state.played.clear()
        self.state.is_recording = True
        self.state.dropped_streams = 0
        self.state.is_held = True

    def release(self) -> None:
        """Let answers of the behaviour "held" go on.

        A test that looks at a running answer holds it so, as no pace is slow enough for a busy machine.
        """
        self.state.is_held = False

    def wait_until(self, is_true: Callable[[State], bool], seconds: float = 60.0) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if is_true(self.state):
                return True
            time.sleep(0.01)
        return False


def start_model_server(port: int = 0) -> ModelServer:
    server, loop, ready = Server(), asyncio.new_event_loop(), threading.Event()
    where: dict[str, int] = {}
    listeners: list[asyncio.Server] = []

    async def run() -> None:
        listener = await server.start(port)
        listeners.append(listener)
        where["port"] = listener.sockets[0].getsockname()[1]
        ready.set()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.create_task(run())
        loop.run_forever()
        for listener in listeners:
            listener.close()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(60)

    def stop() -> None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)

    return ModelServer(f"http://127.0.0.1:{where['port']}/v1", server.state, stop)


@contextmanager
def run_model_server(port: int = 0) -> Iterator[ModelServer]:
    running = start_model_server(port)
    try:
        yield running
    finally:
        running.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()

    async def serve() -> None:
        listener = await Server().start(options.port, options.host)
        async with listener:
            await listener.serve_forever()

    try:
        import uvloop
    except ImportError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())


if __name__ == "__main__":
    main()
