"""Takes secrets and quotes of the prompt out of what a provider says, before people who run it read it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gpts.llm.runtime.types import ModelRequest

GAP = "…"
LONGEST = 600
# A run of this many characters that the prompt also has is a quote of it.
QUOTE = 24
STEP = 8
_KEY_PREFIXES = r"sk|pk|rk|gsk|xai|hf|r8|fw|pplx|tgp|nvapi|key|ak|csk|or|glpat|ghp"
_SECRETS = (
    # URLs: no user, password or query.
    (re.compile(r"(\bhttps?://)[^\s/@\"']+@", re.I), rf"\1{GAP}@"),
    (re.compile(r"(\bhttps?://[^\s?#\"'<>]+)[?#][^\s\"'<>)]*", re.I), rf"\1?{GAP}"),
    (re.compile(r"\b(bearer|basic)\s+[^\s,;\"']+", re.I), rf"\1 {GAP}"),
    (
        re.compile(
            r"\b((?:api|access|secret|auth)[-_ ]?(?:key|token)|token|password|secret)(\s*[=:]\s*)[^\s,;]{6,}",
            re.I,
        ),
        rf"\1\2{GAP}",
    ),
    (re.compile(rf"\b(?:{_KEY_PREFIXES})[-_][A-Za-z0-9_\-*.]{{6,}}"), GAP),
    (re.compile(r"\bAIza[A-Za-z0-9_\-]{8,}"), GAP),
    (re.compile(r"[A-Za-z0-9_\-]*\*{3,}[A-Za-z0-9_\-]*"), GAP),
    (re.compile(r"\beyJ[A-Za-z0-9_\-]{10,}(?:\.[A-Za-z0-9_\-]+)*"), GAP),
    (re.compile(r"\b[0-9a-fA-F]{32}\.[A-Za-z0-9]{8,}"), GAP),
    (re.compile(r"\b(?=[A-Za-z0-9_]*\d)(?=[A-Za-z0-9_]*[A-Za-z])[A-Za-z0-9_]{28,}\b"), GAP),
    (re.compile(r"\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"), GAP),
)  # fmt: skip


def scrub_provider_text(text: str, request: ModelRequest) -> str:
    """Return a provider's text as one line of at most LONGEST characters without keys, tokens, credentials in
    URLs, e-mail addresses, and what it quotes of the prompt."""
    spec = request.spec
    if spec.api_key:
        text = text.replace(spec.api_key, GAP)
    text = _remove_quotes(text, (message.content for message in request.messages), keep=spec.name)
    return scrub_secrets(text)


def scrub_secrets(text: str) -> str:
    """Return one line of at most LONGEST characters without keys, credentials and e-mail addresses."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}{GAP}"


def _remove_quotes(text: str, prompt: Iterable[str], *, keep: str) -> str:
    """Replace runs of QUOTE characters and more that also stand in the prompt."""
    sent = "\n".join(prompt)
    if keep:
        sent = sent.replace(keep, "\x00")
    quoted = [False] * len(text)
    for start in range(0, max(len(text) - QUOTE + 1, 0), STEP):
        if text[start : start + QUOTE] in sent:
            begin, end = start, start + QUOTE
            while begin > 0 and text[begin - 1 : end] in sent:
                begin -= 1
            while end < len(text) and text[begin : end + 1] in sent:
                end += 1
            quoted[begin:end] = [True] * (end - begin)
    if not any(quoted):
        return text
    kept = "".join("\x00" if is_quote else letter for letter, is_quote in zip(text, quoted, strict=True))
    return re.sub("\x00+", GAP, kept)
