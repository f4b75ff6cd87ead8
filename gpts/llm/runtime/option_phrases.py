"""Phrases by which servers refuse an option of a request, or say how long an answer may be."""

from __future__ import annotations

import re

from gpts.llm.runtime.error_phrases import compile_phrases
from gpts.llm.runtime.types import ModelOption

# How errors name an option in a field such as `param`.
PARAMS: dict[ModelOption, str] = {
    ModelOption.MAX_TOKENS: r"max_tokens",
    ModelOption.MAX_COMPLETION_TOKENS: r"max_completion_tokens",
    ModelOption.MAX_OUTPUT_TOKENS: r"max_output_tokens",
    ModelOption.STREAM: r"stream",
    ModelOption.STREAM_OPTIONS: r"stream_options(\..*)?|include_usage",
    ModelOption.TEMPERATURE: r"temperature",
    ModelOption.SEED: r"seed",
    ModelOption.JSON_SCHEMA: r"(response_format|text\.format|text)(\..*)?|json_schema",
    ModelOption.JSON_MODE: r"(response_format|text\.format|text)(\..*)?|json_object",
    ModelOption.PARALLEL_TOOL_CALLS: r"parallel_tool_calls",
    ModelOption.TOOL_CHOICE: r"tool_choice",
    ModelOption.TOOLS: r"tools|functions",
    ModelOption.PROVIDER_TOOLS: r"tools(\[\d+\])?(\.type)?|include",
    ModelOption.SYSTEM_ROLE: r"messages?[\[.]+0\]?\.role|role|instructions|system",
    ModelOption.NULL_CONTENT: r"messages?[\[.]+\d+\]?\.content|content",
    ModelOption.STORE: r"store",
}
# How sentences name it. Tools and the system role have common words for names, and phrases of their own.
SENTENCES: dict[ModelOption, re.Pattern[str]] = {
    ModelOption.MAX_TOKENS: re.compile(r"\bmax_tokens\b", re.I),
    ModelOption.MAX_COMPLETION_TOKENS: re.compile(r"\bmax_completion_tokens\b", re.I),
    ModelOption.MAX_OUTPUT_TOKENS: re.compile(r"\bmax_output_tokens\b", re.I),
    ModelOption.STREAM: re.compile(r"\bstreaming\b|['\"`]stream['\"`]|\bto stream\b|stream=true|流式", re.I),
    ModelOption.STREAM_OPTIONS: re.compile(r"\bstream_options\b|\binclude_usage\b|\bstream options\b", re.I),
    ModelOption.TEMPERATURE: re.compile(r"\btemperature\b|温度", re.I),
    ModelOption.SEED: re.compile(r"\bseed\b", re.I),
    ModelOption.JSON_SCHEMA: compile_phrases(r"""
        json[ _-]?schema
        structured[ _-]?outputs?
        \bresponse[ _]format\b
        \btext\.format\b
        结构化输出
    """),
    ModelOption.JSON_MODE: compile_phrases(r"""
        json[ _-]?(mode|object|output)
        \bresponse[ _]format\b
        \btext\.format\b
    """),
    ModelOption.PARALLEL_TOOL_CALLS: re.compile(
        r"\bparallel_tool_calls\b|parallel (tool|function)[ _-]call", re.I
    ),
    ModelOption.TOOL_CHOICE: re.compile(r"\btool_choice\b|tool choice", re.I),
    ModelOption.PROVIDER_TOOLS: re.compile(
        r"\bweb_search\b|\bcode_interpreter\b|\bimage_generation\b|(hosted|built-in) tool", re.I
    ),
    ModelOption.NULL_CONTENT: compile_phrases(r"""
        \bcontent\b.{0,60}\b(null|none|nil|non-null|a string|valid string)\b
        \bcontent\b.{0,60}\b(is required|missing|must not be empty)\b
        \b(null|none|nil)\b.{0,30}\bcontent\b
    """),
    ModelOption.STORE: re.compile(r"\bstore\b", re.I),
}
# The function itself was refused, not functions as such.
FUNCTION_SCHEMA = compile_phrases(r"""
    schema for function
    tools?[\[.]\d+\]?\.(function|parameters)
""")
SYSTEM_REFUSED = compile_phrases(r"""
    \b(system|developer)['\"` ]*(role|message|prompt|instruction)s?\b.{0,40}(not|n't|\bun)\s?-?(support|allow)
    \b(system|developer)['\"` ]*(role|message|prompt|instruction)s?\b.{0,40}(not|n't)\s(permit|accept|enable)
    (not|n't) (currently )?(support|allow|accept)\w* .{0,24}\b(system|developer)\b
    (unknown|unsupported|invalid|unrecogni[sz]ed|unexpected)[^.]{0,40}\brole\b[^.]{0,60}\b(system|developer)\b
    (unknown|unsupported|invalid|unrecogni[sz]ed|unexpected)[^.]{0,40}\b(system|developer)\b.{0,12}\brole\b
    \brole\b.{0,24}\b(system|developer)\b.{0,40}(not|n't|un)\s?-?(support|allow|valid|recogni|accept)
    roles must alternate
    valid role: user
    only (supports? )?user and assistant roles
    (unsupported|unknown|unrecogni[sz]ed|unexpected)[^.]{0,40}\binstructions\b
    \binstructions\b.{0,24}not (supported|allowed|permitted)
    不支持.{0,8}(system|系统)
    (system|系统)\s?(角色|消息|提示词?|role)?.{0,6}不支持
""")
REFUSED = compile_phrases(r"""
    unsupported|unrecogni[sz]ed|unknown|unexpected|\bextra\b|additional propert|\binvalid\b|illegal|forbidden
    deprecated|unavailable|disallow|incompatible|no longer|without specifying|cannot both|not have
    not\s+(currently\s+|yet\s+)?(support|permit|allow|accept|available|implement|enabled|valid|recogni|compatible)
    not\s+(a valid|be (used|set|specified|empty))
    n't\s+(support|allow|accept|permit)
    can ?not be|can't be
    only (the )?default
    must (not )?be
    requires?\b
    only (allowed|supported|valid|supports?|\d)
    expected|should be|is required|missing|got null
    不支持|不允许|未知|无法|非法|无效|不能|不合法|有误|错误|仅支持|只支持|必须
""")
REFUSED_CODES = frozenset(
    {
        "unsupported_parameter",
        "unsupported_value",
        "unknown_parameter",
        "invalid_parameter",
        "extra_forbidden",
        "unrecognized_parameter",
        "value_error",
        "invalid_value",
        "invalid_request_error",
        "literal_error",
    }
)
# A value outside of a range, or a schema of this request: no trait of the model.
RANGE = compile_phrases(r"""
    (between|range|within|(less|greater) than|at (most|least)|too (high|large)|maximum|minimum).{0,60}\d
    (<=|>=|≤|≥|区间|范围|取值|大于|小于|不超过).{0,60}\d
    [\[(]\s*[\d.]+\s*,\s*[\d.]+\s*[\])]
    \d.{0,20}(less|greater) than
""")
BAD_SCHEMA = compile_phrases(r"""
    invalid schema
    schema .{0,80}(not permitted|not allowed|too (complex|deep|large|many)|is not valid|invalid)
    additionalproperties
    unsupported (schema|keyword)
    schema (is|was) rejected
""")
SENTENCE_END = re.compile(r"(?<=[.;!?])\s|[。；！？\n]")

_NUMBER = r"(\d[\d,_]*)"
# The size of the context window, and of the prompt, in an error about both.
WINDOW = re.compile(
    r"(?:context (?:length|window|size)(?: (?:is|of))?(?: only)?|must be <=|model limit of|n_ctx\W+)"
    rf"\D{{0,24}}?{_NUMBER}",
    re.I,
)
PROMPT = re.compile(
    rf"{_NUMBER} (?:tokens? )?(?:(?:in|from|of) (?:the |your )?(?:input )?(?:messages|prompt|input)\b"
    r"|(?:of )?text input|input tokens|`inputs` tokens|prompt tokens)",
    re.I,
)
LIMIT_NAMES = compile_phrases(r"""
    max[_ ]?(completion_|output_|new_)?tokens
    maxOutputTokens
    maximum tokens
    (completion|output) tokens
    (for|in) the (completion|output)
    max(imum)? output
    最大输出
    输出长度
    输出 ?token
""")
# Each with what is subtracted from its number: "less than 4096" allows 4095.
LIMITS = tuple(
    (re.compile(pattern, re.I), less)
    for pattern, less in (
        (r"\[\s*\d+\s*,\s*(\d+)\s*\]", 0),
        (r"from \d+ \(inclusive\) to (\d+) \(exclusive\)", 1),
        (r"(?:between|from) \d+ (?:and|to|-) ?(\d+)", 0),
        (rf"\d\s*>\s*{_NUMBER}", 0),
        (
            r"(?:at most|up to|(?:less|lower|smaller) than or equal to|no (?:more|greater|larger) than"
            r"|not exceed|<=|≤|exceeds? (?:the )?(?:model'?s? )?(?:maximum|limit)(?: (?:value|limit))?"
            r"(?: of)?"
            r"|(?:limit|maximum|max|cap)[^.,\d]{0,40}?(?:is|of|:|=)"
            r"|不(?:能|可|得)?(?:超过|大于)|小于等于"
            r"|最大(?:值)?(?:支持)?(?:为|是)?|上限(?:为|是)?)"
            rf"[\s:=`'\"]{{0,4}}{_NUMBER}",
            0,
        ),
        (rf"(?:less|lower|smaller) than[\s:=`'\"]{{0,4}}{_NUMBER}|(?:<|小于)\s*{_NUMBER}", 1),
    )
)
