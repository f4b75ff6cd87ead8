"""Builds the bodies of requests in both protocols, without the options that a model does not take."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gpts.llm.runtime.outputs import is_strict
from gpts.llm.runtime.prompts import build_output_note
from gpts.llm.runtime.types import (
    ImagePart,
    ModelOption,
    ModelRequest,
    OutputSpec,
    PromptMessage,
    ToolSpec,
)

# The provider's tools by capability; Chat Completions has none that compatible servers share.
PROVIDER_TOOLS: dict[str, dict[str, Any]] = {
    "web_search": {"type": "web_search"},
    "code": {"type": "code_interpreter", "container": {"type": "auto"}},
    "image_generation": {"type": "image_generation"},
}


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A request's path and fields, and which of the options that a server may refuse are among them."""

    path: str
    fields: dict[str, Any]
    sent: frozenset[ModelOption]


class _Options:
    """The options of a body; one that the model does not take is left out."""

    def __init__(self, request: ModelRequest) -> None:
        self.fields: dict[str, Any] = {}
        self.sent: set[ModelOption] = set()
        self._omitted = request.spec.omitted

    def takes(self, option: ModelOption) -> bool:
        return option not in self._omitted

    def add(self, option: ModelOption, field: str, value: Any) -> bool:
        if not self.takes(option):
            return False
        self.fields[field] = value
        self.sent.add(option)
        return True

    def build(self, path: str, **fields: Any) -> RequestBody:
        return RequestBody(path, {**fields, **self.fields}, frozenset(self.sent))


def build_chat_body(request: ModelRequest) -> RequestBody:
    """Return the body of a request to /chat/completions."""
    options = _Options(request)
    limit = request.max_output_tokens
    if not options.add(ModelOption.MAX_TOKENS, "max_tokens", limit):
        options.add(ModelOption.MAX_COMPLETION_TOKENS, "max_completion_tokens", limit)
    if _add_stream(options):
        options.add(ModelOption.STREAM_OPTIONS, "stream_options", {"include_usage": True})
    if request.temperature is not None:
        options.add(ModelOption.TEMPERATURE, "temperature", request.temperature)
    if request.seed is not None:
        options.add(ModelOption.SEED, "seed", request.seed)
    output = _add_output(options, request.output, "response_format", _build_chat_format)
    if request.tools:
        tools = [{"type": "function", "function": _build_function(tool)} for tool in request.tools]
        _add_tools(options, request, tools)
    messages = _prepare_messages(options, request, output)
    empty = "" if not options.takes(ModelOption.NULL_CONTENT) else None
    if empty is None and any(message.tool_calls and not message.content for message in messages):
        options.sent.add(ModelOption.NULL_CONTENT)
    return options.build(
        "/chat/completions",
        model=request.spec.name,
        messages=[_build_chat_message(message, empty) for message in messages],
    )


def build_responses_body(request: ModelRequest) -> RequestBody:
    """Return the body of a request to /responses; the provider is told to store nothing."""
    options = _Options(request)
    options.add(ModelOption.MAX_OUTPUT_TOKENS, "max_output_tokens", request.max_output_tokens)
    options.add(ModelOption.STORE, "store", False)
    _add_stream(options)
    if request.temperature is not None:
        options.add(ModelOption.TEMPERATURE, "temperature", request.temperature)
    output = _add_output(
        options, request.output, "text", lambda output: {"format": _build_responses_format(output)}
    )
    functions = [{"type": "function", **_build_function(tool), "strict": False} for tool in request.tools]
    provider_tools = [PROVIDER_TOOLS[name] for name in request.provider_tools if name in PROVIDER_TOOLS]
    if provider_tools and options.takes(ModelOption.PROVIDER_TOOLS):
        options.fields["tools"] = provider_tools
        options.sent.add(ModelOption.PROVIDER_TOOLS)
    if functions:
        _add_tools(options, request, functions + options.fields.get("tools", []))
    messages = _prepare_messages(options, request, output)
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    if system:
        options.fields["instructions"] = system
    return options.build(
        "/responses",
        model=request.spec.name,
        input=[
            item
            for message in messages
            if message.role != "system"
            for item in _build_responses_items(message)
        ],
    )


def _add_stream(options: _Options) -> bool:
    """Ask for a stream, or for the whole answer at once; returns whether it is a stream."""
    if options.add(ModelOption.STREAM, "stream", True):
        return True
    options.fields["stream"] = False
    return False


def _add_tools(options: _Options, request: ModelRequest, tools: list[dict[str, Any]]) -> None:
    """Add functions, and only those settings of them that differ from the default."""
    has_choice = request.may_call_tools or options.takes(ModelOption.TOOL_CHOICE)
    if not has_choice or not options.add(ModelOption.TOOLS, "tools", tools):
        # Without tool_choice the only way to forbid calls is to offer none.
        return
    if not request.parallel_tool_calls:
        options.add(ModelOption.PARALLEL_TOOL_CALLS, "parallel_tool_calls", False)
    if not request.may_call_tools:
        options.add(ModelOption.TOOL_CHOICE, "tool_choice", "none")


def _add_output(
    options: _Options, output: OutputSpec | None, field: str, build: Callable[[OutputSpec], dict[str, Any]]
) -> OutputSpec | None:
    """Add the JSON mode of the answer; returns the output that the prompt must still describe, if any."""
    if output is None or not output.is_native:
        return None
    has_schema = output.format == "json_schema" and output.schema is not None
    if has_schema and options.add(ModelOption.JSON_SCHEMA, field, build(output)):
        return None
    options.add(ModelOption.JSON_MODE, field, build(replace(output, format="json")))
    return replace(output, is_native=False) if has_schema else None


def _prepare_messages(
    options: _Options, request: ModelRequest, output: OutputSpec | None
) -> list[PromptMessage]:
    """Return the messages as the model takes them.

    ``output`` is described in the system text. A model without a system role gets that text at the head of
    the first question, and no two messages of one role in a row.
    """
    messages = list(request.messages)
    system = [message.content for message in messages if message.role == "system"]
    if output is not None:
        system.append(build_output_note(output))
    others = [message for message in messages if message.role != "system"]
    if not system:
        return others
    if options.takes(ModelOption.SYSTEM_ROLE):
        options.sent.add(ModelOption.SYSTEM_ROLE)
        return [PromptMessage("system", "\n\n".join(system)), *others]
    text = "\n\n".join(system)
    place = next((number for number, message in enumerate(others) if message.role == "user"), None)
    if place is None:
        return [PromptMessage("user", text), *others]
    first = others[place]
    others[place] = replace(first, content=f"{text}\n\n{first.content}")
    return _join_same_roles(others)


def _join_same_roles(messages: list[PromptMessage]) -> list[PromptMessage]:
    joined: list[PromptMessage] = []
    for message in messages:
        last = joined[-1] if joined else None
        is_plain = message.role in ("user", "assistant") and not message.tool_calls
        if last is not None and is_plain and last.role == message.role and not last.tool_calls:
            joined[-1] = replace(
                last, content=f"{last.content}\n\n{message.content}", images=last.images + message.images
            )
        else:
            joined.append(message)
    return joined


def _build_function(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def _build_data_url(image: ImagePart) -> str:
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"


def _build_chat_message(message: PromptMessage, empty: str | None) -> dict[str, Any]:
    """Return a message; ``empty`` is the content of one that has only function calls."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.content}
    if message.tool_calls:
        calls = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
        return {"role": "assistant", "content": message.content or empty, "tool_calls": calls}
    if not message.images:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.content}]
    parts += [{"type": "image_url", "image_url": {"url": _build_data_url(image)}} for image in message.images]
    return {"role": message.role, "content": parts}


def _build_responses_items(message: PromptMessage) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": message.call_id, "output": message.content}]
    if message.images:
        parts: list[dict[str, Any]] = [{"type": "input_text", "text": message.content}]
        parts += [
            {"type": "input_image", "image_url": _build_data_url(image), "detail": "auto"}
            for image in message.images
        ]
        return [{"role": message.role, "content": parts}]
    items: list[dict[str, Any]] = []
    if message.content or not message.tool_calls:
        items.append({"role": message.role, "content": message.content})
    items += [
        {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}
        for call in message.tool_calls
    ]
    return items


def _build_schema_format(output: OutputSpec) -> dict[str, Any]:
    schema = output.schema or {}
    return {"name": output.name, "schema": schema, "strict": is_strict(schema)}


def _build_chat_format(output: OutputSpec) -> dict[str, Any]:
    if output.format == "json" or output.schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": _build_schema_format(output)}


def _build_responses_format(output: OutputSpec) -> dict[str, Any]:
    if output.format == "json" or output.schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", **_build_schema_format(output)}
