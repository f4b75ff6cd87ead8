"""The types of a turn: its input, its events and its failures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

from core.outbound_purposes import Purpose

Role = Literal["system", "user", "assistant", "tool"]
OutputFormat = Literal["json", "json_schema"]


class ModelAPI(StrEnum):
    RESPONSES = "responses"
    CHAT_COMPLETIONS = "chat_completions"
    OFFLINE = "offline"


class FailureCode(StrEnum):
    # Not reached, or the connection was lost.
    PROVIDER_DOWN = "provider_down"
    PROVIDER_SLOW = "provider_slow"
    # It answered, with an error of its own.
    PROVIDER_ERROR = "provider_error"
    OVERLOADED = "overloaded"
    TLS_FAILED = "tls_failed"
    RATE_LIMITED = "rate_limited"
    # One request is more than the provider takes in a minute.
    MINUTE_LIMIT = "minute_limit"
    BAD_KEY = "bad_key"
    NO_PERMISSION = "no_permission"
    NO_CREDIT = "no_credit"
    NO_MODEL = "no_model"
    # The server does not have the protocol's address.
    NO_ENDPOINT = "no_endpoint"
    NO_TOOLS = "no_tools"
    NO_IMAGES = "no_images"
    REQUEST_REFUSED = "request_refused"
    CONTEXT_OVERFLOW = "context_overflow"
    MALFORMED_STREAM = "malformed_stream"
    EMPTY_ANSWER = "empty_answer"
    CONTENT_REFUSED = "content_refused"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    ACCESS_ENDED = "access_ended"
    # The output limit was reached before the answer began.
    THINKING_LIMIT = "thinking_limit"
    # Only thinking came, and then the end.
    ONLY_THINKING = "only_thinking"
    # The model wrote a function call into its text that cannot be read.
    UNREADABLE_CALL = "unreadable_call"


class ModelOption(StrEnum):
    """Parts of a request that some servers refuse and that an answer can do without."""

    MAX_TOKENS = "max_tokens"
    MAX_COMPLETION_TOKENS = "max_completion_tokens"
    MAX_OUTPUT_TOKENS = "max_output_tokens"
    STREAM = "stream"
    STREAM_OPTIONS = "stream_options"
    TEMPERATURE = "temperature"
    SEED = "seed"
    JSON_SCHEMA = "json_schema"
    JSON_MODE = "json_mode"
    TOOLS = "tools"
    PARALLEL_TOOL_CALLS = "parallel_tool_calls"
    TOOL_CHOICE = "tool_choice"
    # Tools that the provider runs, such as web search.
    PROVIDER_TOOLS = "provider_tools"
    SYSTEM_ROLE = "system_role"
    # A message with function calls and no text has null for its content.
    NULL_CONTENT = "null_content"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of one provider. Sizes in tokens, times in seconds. The key is not in the repr."""

    name: str
    api: ModelAPI
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    context_window: int = 128_000
    max_output_tokens: int = 4_096
    connect_timeout: float = 5.0
    first_token_timeout: float = 60.0
    idle_timeout: float = 30.0
    # Comments that keep a connection alive renew the timeouts above, but never this one for the whole answer.
    answer_timeout: float = 900.0
    # Whose address it is, for the outbound guard; a model that is called over the network has one.
    purpose: Purpose | None = None
    # Options that are not sent to this model.
    omitted: frozenset[ModelOption] = frozenset()


@dataclass(slots=True)
class Pace:
    """The interval in which text is joined to one event; 0 for an event per chunk.

    Many answers share one mutable object, so that its owner can change the interval of all while they run.
    """

    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image for the model to look at. The bytes are not in the repr."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolProposed:
    """A function call that the model wants; `arguments` is JSON as the model wrote it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of the prompt. An assistant's may have `tool_calls`; role "tool" answers `call_id`."""

    role: Role
    content: str
    images: tuple[ImagePart, ...] = ()
    tool_calls: tuple[ToolProposed, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class PassageQuote:
    """A passage of the GPT's knowledge. Lists are best first; the position from 1 is the citation number."""

    title: str
    text: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    name: str
    description: str
    parameters: dict[str, object]


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A JSON answer. Without `is_native` the model has no JSON mode and is only told in its prompt."""

    format: OutputFormat
    schema: dict[str, object] | None = None
    is_native: bool = True
    name: str = "answer"


@dataclass(frozen=True, slots=True)
class TurnInput:
    """Everything that one answer needs. `history` is oldest first and ends before `text`.

    `provider_tools` are values of gpts.llm.states.Capability that the provider runs itself.
    """

    spec: ModelSpec
    text: str
    gpt_name: str
    gpt_description: str = ""
    instructions: str = ""
    history: tuple[PromptMessage, ...] = ()
    passages: tuple[PassageQuote, ...] = ()
    language: str = "en"
    temperature: float | None = None
    tools: tuple[ToolSpec, ...] = ()
    # Without its functions the turn has no purpose: a model that takes none fails with NO_TOOLS.
    needs_tools: bool = False
    images: tuple[ImagePart, ...] = ()
    output: OutputSpec | None = None
    seed: int | None = None
    parallel_tool_calls: bool = True
    provider_tools: tuple[str, ...] = ()
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Input of a model client: the assembled prompt, and the parts that the offline model quotes."""

    spec: ModelSpec
    messages: tuple[PromptMessage, ...]
    max_output_tokens: int
    temperature: float | None = None
    tools: tuple[ToolSpec, ...] = ()
    gpt_name: str = ""
    gpt_description: str = ""
    passages: tuple[PassageQuote, ...] = ()
    output: OutputSpec | None = None
    seed: int | None = None
    parallel_tool_calls: bool = True
    provider_tools: tuple[str, ...] = ()
    pace: Pace = field(default_factory=Pace)
    needs_tools: bool = False
    # False in the last round of a turn, in which the model has to answer.
    may_call_tools: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as counted by the provider; `is_estimated` if it sent no count."""

    input_tokens: int
    output_tokens: int
    is_estimated: bool = False


@dataclass(slots=True)
class TextDelta:
    # Not frozen, because one is made per chunk and frozen dataclasses take three times as long.
    text: str


@dataclass(slots=True)
class ThinkingDelta:
    """A piece of the model's thinking, which is no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class TextWithdrawn:
    """The last `characters` of the text so far were thinking, as a closing mark showed."""

    characters: int


@dataclass(frozen=True, slots=True)
class HistoryTrimmed:
    """The oldest `dropped` messages did not fit the model's context and were left out."""

    dropped: int


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A call that ended: of our function, or of the provider's tool (`name` is then the Capability).

    `label` says what for, such as the search terms; it may be empty.
    """

    call_id: str
    name: str
    is_ok: bool
    label: str = ""


@dataclass(frozen=True, slots=True)
class ImageMade:
    """An image that the provider's tool made; the bytes are not validated."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of a function, for the model to read; `label` as in ToolCalled."""

    content: str
    is_ok: bool = True
    label: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """`finish_reason`: stop, length or tool_calls."""

    usage: Usage
    finish_reason: str = "stop"


@dataclass(frozen=True, slots=True)
class InputCut:
    """The provider counted far fewer tokens than were sent: it has probably cut the prompt."""

    sent: int
    counted: int


@dataclass(frozen=True, slots=True)
class OptionsLearned:
    """What an answer has shown about its model, to be remembered for later requests.

    `refused` options were left out because the server refused them, `accepted` ones were refused once and
    work now. `output_limit` and `context_window` are limits in tokens that the server named, smaller than
    ours.
    """

    refused: frozenset[ModelOption] = frozenset()
    accepted: frozenset[ModelOption] = frozenset()
    output_limit: int | None = None
    context_window: int | None = None
    input_cut: InputCut | None = None


@dataclass(frozen=True, slots=True)
class ProviderError:
    """An error as a provider described it. `status` is that of HTTP, 0 for an error inside a stream.

    `codes` are its codes and types in lower case, `params` the fields that it names. The message can quote
    the prompt or a part of the key until it is scrubbed (gpts.llm.runtime.scrubbing).
    """

    status: int = 0
    codes: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    message: str = field(default="", repr=False)


class ModelFailure(Exception):  # not ...Error: a failed turn is an expected outcome
    """A turn without a complete answer. `retry_after` in seconds; `detail` is a code for logs.

    `detail` never has the provider's text, which can quote the prompt or a part of the key; `error` has it,
    for the people who administer the model, and is neither in this exception's text nor in the logs.
    """

    def __init__(
        self,
        code: FailureCode,
        *,
        retry_after: float | None = None,
        detail: str = "",
        error: ProviderError | None = None,
    ) -> None:
        super().__init__(f"{code.value}{f' ({detail})' if detail else ''}")
        self.code = code
        self.retry_after = retry_after
        self.detail = detail
        self.error = error


@dataclass(frozen=True, slots=True)
class Failed:
    failure: ModelFailure


ModelEvent = (
    TextDelta
    | ThinkingDelta
    | TextWithdrawn
    | ToolProposed
    | ToolCalled
    | ImageMade
    | OptionsLearned
    | Finished
)
TurnEvent = ModelEvent | HistoryTrimmed | Failed


class ModelClient(Protocol):
    def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Yield events as they come and end with exactly one Finished, or raise ModelFailure."""
        ...


class ToolRunner(Protocol):
    async def __call__(self, call: ToolProposed) -> ToolResult:
        """Run one function. A mistake of the model is a result with `is_ok` false, not an exception."""
        ...
