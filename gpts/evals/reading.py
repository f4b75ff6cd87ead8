"""Classify an answer without a model: whether it refuses or hands over to a person, and its language.

The rules match words, so that the same answer always gets the same result and a verdict can quote the match.
"""

from __future__ import annotations

import re
from collections import Counter

from gpts.evals.states import ExpectedOutcome

# A refusal is at the beginning; later in a long answer, "I cannot" is mostly about the subject.
OPENING_LENGTH = 400
# Enough for "I will connect you with a colleague of the support team" and some polite words.
SHORT_LENGTH = 200

REFUSALS = (
    r"\bi(?:['\u2019]m| am) (?:sorry|afraid|unable|not able|not allowed|not permitted)\b",
    r"\bi (?:can(?:not|['\u2019]t)|won['\u2019]t|will not|could not|couldn['\u2019]t|may not|must not)"
    r" (?:help|assist|answer|share|give|provide|reveal|disclose|tell|do|discuss|comply|list|show|repeat|say"
    r"|offer|advise|support|fulfil|translate|output|print|make|create|write|find)\b",
    r"\bi (?:do not|don['\u2019]t) (?:have (?:enough |any |the |that )*information|know)\b",
    r"\bnot enough information\b",
    r"\bno (?:passage|document|source|information)s? (?:of|in|on|about|that|was|were|match)",
    r"\b(?:is|are|falls?) outside (?:of )?(?:my|what i)\b",
    r"\bunable to (?:help|assist|answer|comply|share|provide)\b",
    r"(?:抱歉|对不起|很遗憾|不好意思)",
    r"(?:我|本助手)?(?:无法|不能|不可以|没办法|不会|不便)(?:回答|提供|透露|分享|帮|协助|告诉|公开|给出|讨论|执行|满足|列出)",
    r"(?:资料|信息|内容)(?:不足|中没有|里没有)|没有(?:足够的|相关的?)(?:信息|资料)|不知道",
)
ESCALATIONS = (
    r"\b(?:contact|call|e-?mail|write to|speak (?:to|with)|talk to|reach out to|ask|turn to|consult|see)\b"
    r"[^.!?\n]{0,60}\b(?:support|team|manager|colleague|human|person|agent|expert|specialist|department|hr|legal"
    r"|doctor|physician|lawyer|helpdesk|help desk|service desk|office|administrator|admin|supervisor"
    r"|representative|advisor|adviser|emergency)\b",
    r"\b(?:hand|pass|transfer|connect|escalat|forward)\w*\b[^.!?\n]{0,50}\b(?:human|person|agent|colleague|team"
    r"|support|specialist|expert|manager)\b",
    r"(?:转接?|联系|咨询|询问|请教|求助于?|找|拨打)[^。!?\n!?]{0,20}(?:人工|客服|同事|经理|主管|专家|医生|律师|部门|团队|管理员"
    r"|负责人|人事|法务|热线|支持)",
    r"转人工",
)
_REFUSES = re.compile("|".join(REFUSALS), re.I)
_ESCALATES = re.compile("|".join(ESCALATIONS), re.I)

LATIN_WORDS = {
    "en": "the and is of to in that you for are with this it not be on your can have as or we if will by",
    "de": "der die das und ist nicht sie ich mit ein eine zu den von auf für wir es im auch dem sich oder",
    "fr": "le la les et est des une un vous pour dans pas que qui sur avec nous ce il au par plus ou sont ne",
    "es": "el la los las y es de que en un una por con para no se su del como lo más está usted o sus pero",
    "it": "il la di che e è un una per non con le sono si del della in dei ma come più anche lo gli al da",
    "pt": "o a os as de que e é um uma para não com em se por do da no na mais como você ou ao dos seu são",
    "nl": "de het een en is van dat niet in op te zijn voor met u je ik er aan ook als maar om we bij of",
}
_STOP_WORDS = {language: frozenset(words.split()) for language, words in LATIN_WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+")
_NOT_PROSE = re.compile(r"```.*?```|`[^`]*`|https?://\S+|\[\d{1,2}\]", re.S)
SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
LANGUAGES = (*(code for code, _pattern in SCRIPTS), *LATIN_WORDS)


def classify_outcome(answer: str, *, no_answer_text: str = "") -> ExpectedOutcome:
    """Return whether an answer answers, refuses or hands over to a person; handing over beats refusing."""
    # Quotations from documents are not the answer's own words.
    lines = [line for line in answer.splitlines() if not line.lstrip().startswith(">")]
    text = " ".join(" ".join(lines).split())
    if no_answer_text and " ".join(no_answer_text.split()) in text:
        return ExpectedOutcome.ESCALATE if _ESCALATES.search(text) else ExpectedOutcome.REFUSE
    refuses = _REFUSES.search(text[:OPENING_LENGTH])
    escalates = _ESCALATES.search(text)
    # A long answer may mention a contact in passing; a short one, or one that refuses, hands over.
    if escalates and (refuses or len(text) <= SHORT_LENGTH):
        return ExpectedOutcome.ESCALATE
    return ExpectedOutcome.REFUSE if refuses else ExpectedOutcome.ANSWER


def find_refusal(answer: str) -> str:
    """Return the words with which an answer refuses, or "" if it does not."""
    match = _REFUSES.search(" ".join(answer.split())[:OPENING_LENGTH])
    return match[0] if match else ""


def detect_language(text: str) -> str:
    """Return the main language of a text as a code of LANGUAGES, or "" if there is too little text.

    Decided by script; among Latin scripts by frequent words, between Japanese and Chinese by kana.
    """
    prose = _NOT_PROSE.sub(" ", text)
    letters = sum(1 for character in prose if character.isalpha())
    if not letters:
        return ""
    counts = {code: len(pattern.findall(prose)) for code, pattern in SCRIPTS}
    if counts["ja"] * 10 >= counts["zh"] + counts["ja"] and counts["ja"]:
        counts["ja"] += counts["zh"]
        counts["zh"] = 0
    code, most = max(counts.items(), key=lambda entry: entry[1])
    # An ideograph weighs as much as three letters: one foreign name must not outvote a Chinese sentence.
    weight = most * (3 if code in ("zh", "ja", "ko") else 1)
    latin = letters - sum(counts.values())
    if weight > latin:
        return code
    words = Counter(word.lower() for word in _WORD.findall(prose))
    scores = {name: sum(words[word] for word in stops) for name, stops in _STOP_WORDS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else ""
