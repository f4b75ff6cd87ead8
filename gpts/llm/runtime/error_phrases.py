"""Codes and phrases by which providers say what went wrong, by kind of failure.

Collected from the errors of OpenAI, Azure OpenAI, Anthropic, Gemini, Mistral, Cohere, Groq, Together,
Fireworks, DeepSeek, Qwen, Moonshot, Zhipu, xAI, OpenRouter, one-api, LiteLLM, vLLM, SGLang, TGI, Ollama, LM
Studio and llama.cpp. Codes are in lower case; a line of phrases is one regular expression.
"""

from __future__ import annotations

import re

from gpts.llm.runtime.types import FailureCode


def _read_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CODES: dict[FailureCode, frozenset[str]] = {
    FailureCode.NO_CREDIT: _read_words(
        """
        insufficient_quota insufficient_balance insufficient_credits insufficient_funds
        insufficient_user_quota billing_hard_limit_reached billing_not_active arrearage
        exceeded_current_quota_error quota_exceeded pre_consume_token_quota_failed
        credits_required 1113
        """
    ),
    FailureCode.CONTENT_REFUSED: _read_words(
        """
        content_filter content_policy_violation moderation_blocked invalid_prompt
        data_inspection_failed datainspectionfailed responsibleaipolicyviolation
        content_filter_error sensitive_words_detected prohibited_content safety 1301
        """
    ),
    FailureCode.CONTEXT_OVERFLOW: _read_words(
        """
        context_length_exceeded string_above_max_length request_too_large
        exceed_context_size_error context_window_exceeded model_max_prompt_tokens_exceeded 1261
        """
    ),
    FailureCode.OVERLOADED: _read_words(
        """
        overloaded_error engine_overloaded_error server_overloaded unavailable model_overloaded
        service_unavailable 1305 1312
        """
    ),
    FailureCode.RATE_LIMITED: _read_words(
        """
        rate_limit_exceeded rate_limit_error rate_limit_reached_error tokens requests
        resource_exhausted limit_requests throttling throttling.ratequota
        throttling.allocationquota too_many_requests 1302 1303 1308
        """
    ),
    FailureCode.BAD_KEY: _read_words(
        """
        invalid_api_key authentication_error account_deactivated invalid_authentication_error
        api_key_invalid invalidapikey unauthenticated unauthorized 1002 1003 1004
        """
    ),
    FailureCode.NO_MODEL: _read_words(
        """
        model_not_found deploymentnotfound modelnotfound model_not_available invalid_model
        model_not_exist modelnotexist resource_not_found_error model_decommissioned 1211
        """
    ),
    FailureCode.NO_PERMISSION: _read_words(
        """
        permission_error permission_denied permission_denied_error access_denied accessdenied
        accessdenied.unpurchased insufficient_permissions unsupported_country_region_territory
        key_model_access_denied team_model_access_denied model_access_denied 1220
        """
    ),
}


# Short forms for use inside of phrases. Names of models have points in them, which end no sentence.
PARTS = {
    "<not>": r"(does ?n[o']t|do ?n[o']t|can ?not|can't|is ?n[o']t|not)( currently| yet)?",
    "<off>": r"(not|un)[ -]?(supported|available|allowed|enabled|permitted|implemented)",
    "<words>": r"([^.]|\.(?=\S)){0,160}",
}


def compile_phrases(lines: str) -> re.Pattern[str]:
    """Return a pattern that finds any of the lines, each of which is a regular expression."""
    for short, whole in PARTS.items():
        lines = lines.replace(short, whole)
    return re.compile("|".join(line.strip() for line in lines.strip().splitlines()), re.I | re.S)


NO_CREDIT = compile_phrases(r"""
    insufficient (account )?(balance|credit|quota|fund)
    exceeded your current quota
    credit balance
    out of (credit|quota|fund)
    (requires|need) more credits
    no (remaining )?credits?\b
    not enough credit
    (balance|quota|credits?) (is|are|has been) (not enough|insufficient|exhausted|used up|depleted|too low)
    payment required
    spending limit
    billing (hard )?limit
    account is not active
    in arrears
    overdue
    余额不足
    欠费
    额度(已)?(不足|用尽|用完|耗尽)
    充值
    账户已?停用
""")
CONTENT_REFUSED = compile_phrases(r"""
    content (management )?(policy|filter)
    content exists risk
    inappropriate content
    \bflagged\b
    usage polic
    considered high risk
    safety (system|filter|check|setting)
    responsible ai polic
    prohibited content
    sensitive (word|content|information)
    blocked by (the |our )?(safety|moderation)
    敏感
    违规
    不合规
    安全审核
    内容安全
    不安全或敏感
""")
MINUTE = compile_phrases(r"""
    (tokens?|requests?|token count) per[ -]min
    \b[TR]PM\b
    / ?min\b
    per[ -]minute
    每分钟
""")
TOO_LARGE = compile_phrases(r"""
    too large
    reduce your message
    must be reduced
    larger than
    exceeds? the limit per
""")
OVERFLOW = compile_phrases(r"""
    context[ _-]?(length|window|size|limit|overflow)
    maximum context
    too many (input )?tokens
    (prompt|input|message|text|request|inputs?)s? (is|are|was) too long
    reduce the length
    input length
    prompt length
    token limit
    (max(imum)?|longest) (input|prompt|sequence|model) (length|tokens|len)
    input token count
    number of (input )?tokens
    tokens? (that )?exceeds?
    token count exceeds
    exceeds? (the )?(model'?s? )?(max(imum)?|available) (\w+ )?(tokens?|length|context)
    context the overflows
    `inputs` (tokens|must have)
    too large for model with
    larger than the (context|model)
    上下文
    超长
    (输入|提示|prompt|消息|内容).{0,12}(过长|太长|超过|超出)
    长度超(过|出)
    tokens?\s*超(过|出)
""")
RATE_LIMITED = compile_phrases(r"""
    rate[ _-]?limit
    too many requests
    quota exceeded for
    throttl
    concurrency
    try again in \d
    retry in \d
    free-models-per
    请求(过于|太)?频繁
    限流
    速率限制
    并发(数|量)?(过|超)
    频率限制
""")
OVERLOADED = compile_phrases(r"""
    overload
    at capacity
    (server|service|model|engine|system)s? (is|are) (too |currently |very )*busy
    no healthy upstream
    loading model
    model .{0,60}(is )?(currently )?loading
    high (demand|traffic|load)
    service (is )?(temporarily )?unavailable
    系统繁忙
    服务.{0,6}(繁忙|过载)
    负载(已|过)
    访问量过大
""")
BAD_KEY = compile_phrases(r"""
    (incorrect|invalid|wrong|expired|revoked|missing|no|malformed) (api|access|auth\w*)[ _-]?(key|token)
    api[ _-]?key.{0,40}(not valid|invalid|incorrect|expired|not found|is required|missing|revoked|disabled)
    api_key_invalid
    invalid (bearer )?token
    invalid subscription key
    authentication (failed|fails|error)
    user not found
    no auth credentials
    unauthori[sz]ed
    could not (validate|find) (your )?(credential|api)
    (令牌|密钥|api ?key|身份验证|鉴权).{0,12}(无效|错误|不正确|失败|过期|不存在)
    无效的?(令牌|密钥|api ?key)
""")
NO_PERMISSION = compile_phrases(r"""
    not allowed to access
    (does not|do not|don't) have (access|permission)
    permission
    not authori[sz]ed
    must be verified
    no access to
    access (to (the |this )?model )?(is |was )?denied
    not (activated|purchased)
    country, region
    location is not supported
    没有.{0,8}权限
    无权
    未开通
    未授权
""")
NO_ENDPOINT = compile_phrases(r"""
    only supported in v1/
    not (supported )?in (the )?v1/
    not a chat model
    does not support (the )?(chat|chat completions?|responses|generate)( api| endpoint)?\s*(\.|$|\")
    (unknown|no such|invalid) (path|route|endpoint|url)
    (path|route|endpoint|url|page).{0,60}(not found|does not exist)
    cannot (post|get) /
    unexpected endpoint or method
    invalid url \(post
    convert_request_failed
    not implemented
""")
NO_MODEL = compile_phrases(r"""
    \bmodels?\b<words>\b(not found|not exist|does ?n[o']t exist|do not exist|cannot be found)
    \bmodels?\b<words>\b(not available|unavailable|unknown|not supported|not a valid|is not valid|not served)
    \bmodels?\b<words>\b(not loaded|decommissioned|deprecated|no longer|not deployed|could not be found)
    \bmodels?\b<words>\b(has|have) been (removed|retired|shut ?down|discontinued)
    (no such|unknown|invalid|unsupported|non-?existent|not found)[^.\w]{0,4}(the )?model\b
    model[_ ]not[_ ]found
    deployment .{0,60}does not exist
    no available channel
    no endpoints found for
    try pulling it
    not a valid model
    no models? loaded
    ^model: \S+$
    (没有|未找到|不存在).{0,12}模型
    模型.{0,60}(不存在|不可用|已下线|未找到|无可用渠道|不支持)
    无可用渠道
""")
NO_TOOLS = compile_phrases(r"""
    <not> support(ed)?:? (\w+[ -]){0,3}(tools?|functions?)\b
    <not> support(ed)?:? (\w+[ -]){0,3}tool[ _-](use|call)\w*\b
    \b(tools?|functions?)['\"`]? (param(eter)?s? )?(is|are|was) <off>
    \b(tool|function)[ _-]?(use|call)\w*['\"`]? (is|are|was) (currently )?<off>
    found that support tool use
    requires? --(jinja|enable-auto-tool-choice)
    --tool-call-parser
    (unknown|unrecogni[sz]ed|unexpected|extra|unsupported)[^.]{0,60}['\"`: ](tools|functions)\b(?![\[.])
    \btools: extra inputs
    不支持.{0,12}(工具|函数|tools?\b|function)
    (工具|函数)(调用)?.{0,8}不支持
""")
NO_IMAGES = compile_phrases(r"""
    <not> support(ed)? (\w+[ -]){0,3}(image|vision|multi-?modal)
    (image|vision)s?( input| url|_url)?s?['\"`]? (is|are) (currently )?(only supported|<off>)
    unknown variant .image_url
    at most 0 image
    not a (multi-?modal|vision) model
    support image input
    no support for image
    image input.{0,30}(not|un)[ -]?support
    mmproj
    不支持.{0,8}(图片|图像|视觉|多模态)
""")
