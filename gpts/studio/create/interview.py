"""The guided interview: builds a draft by rules, for instances without a model. Pure.

Texts are in the active language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from gpts.assistants.models.gpts import (
    DESCRIPTION_LENGTH,
    INSTRUCTIONS_LENGTH,
    NAME_LENGTH,
    STARTER_COUNT,
    STARTER_LENGTH,
)
from gpts.assistants.states import Category
from gpts.llm.states import Capability
from gpts.studio.create.functions import Proposal

STEPS = ("purpose", "name", "audience", "tone", "avoid", "starters")
DONE = "done"
SKIP_WORDS = frozenset(
    {"skip", "next", "no", "none", "nothing", "pass", "-", "跳过", "没有", "无", "不用", "略过"}
)

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s*")
_INTRODUCTION = re.compile(
    r"^(?:please\s+)?(?:i\s+(?:want|need|would like|'d like)(?:\s+to\s+(?:build|make|create|have))?|"
    r"(?:build|make|create)(?:\s+me)?|help me(?:\s+to)?\s+(?:build|make|create))\s+"
    r"(?:an?\s+)?(?:custom\s+)?(?:gpt|assistant|bot|chatbot|helper|something|one)?\s*(?:that|which|who|to|for)?\s*",
    re.I,
)
_INTRODUCTION_CHINESE = re.compile(
    r"^(?:请)?(?:帮我|我想要?|我要|我需要|想)?(?:做|创建|建|搭建|制作|要)?(?:一个|个)?"
    r"(?:能够?|可以|用来|用于|帮助|帮)?(?:的)?(?:GPT|助手|机器人)?[，,：:]?\s*(?:它?能够?|它?可以|用来|用于)?"
)
_COMMAND = re.compile(
    r"^\s*(name|call it|rename(?: it)?(?: to)?|description|starters?|category|instructions|"
    r"名称|名字|改名为?|简介|描述|开场提问|开场提示|开场白|分类|类别|指令)\s*[:：]\s*(.+)$",
    re.I | re.S,
)
_SMALL_WORDS = frozenset({"a", "an", "the", "our", "my", "your", "for", "to", "in", "help", "helps", "that"})
_COMMAND_FIELDS = {
    "name": (
        "name",
        "call it",
        "rename",
        "rename to",
        "rename it",
        "rename it to",
        "名称",
        "名字",
        "改名",
        "改名为",
    ),
    "description": ("description", "简介", "描述"),
    "starters": ("starter", "starters", "开场提问", "开场提示", "开场白"),
    "category": ("category", "分类", "类别"),
    "instructions": ("instructions", "指令"),
}
_CATEGORY_WORDS = {
    Category.PROGRAMMING: (
        "code|coding|program|developer|software|api|sql|python|bug|编程|代码|程序|开发|软件"
    ),
    Category.EDUCATION: (
        "teach|learn|student|pupil|grammar|school|tutor|exams?\\b|lesson|homework|course|教学|学习|学生|老师|课程|考试|作业|辅导"
    ),
    Category.WRITING: (
        "write|writing|text|essay|e-?mail|letter|blog|story|proofread|translate|写作|文章|邮件|"
        "文案|润色|翻译|作文"
    ),
    Category.RESEARCH: (
        "research|document|handbook|manual|policy|policies|paper|report|analy|data|rules|研究|"
        "文档|手册|资料|制度|报告|分析|数据|论文"
    ),
    Category.LIFESTYLE: (
        "cook|recipe|travel|trip|fitness|sport|garden|health|hobby|music|菜谱|做饭|旅行|旅游|"
        "健身|健康|花园|音乐|运动"
    ),
    Category.PRODUCTIVITY: (
        "meeting|task|plan|schedule|todo|project|organi[sz]e|onboarding|checklist|会议|任务|计划|"
        "日程|项目|清单|效率|入职"
    ),
}
_MENTIONS_FILES = re.compile(
    r"document|handbook|manual|polic|\bfiles?\b|paper|knowledge|faq|手册|文档|资料|制度|文件|知识", re.I
)


@dataclass(frozen=True)
class Reply:
    """Changes and reply of the interview. ``step`` names the question at the end of ``text``."""

    proposals: tuple[Proposal, ...]
    text: str
    step: str
    choices: tuple[str, ...] = ()


def choose_first_step(draft: Mapping[str, Any]) -> str:
    """Return the first question; a draft with description and instructions is not asked for its purpose."""
    return "audience" if draft["description"] and draft["instructions"] else "purpose"


def is_answer(said: str) -> bool:
    """Whether a message answers the last question: it is neither a skip nor a command."""
    return not _is_skip(said) and not _COMMAND.match(said.strip())


def _is_skip(said: str) -> bool:
    return said.strip().lower().rstrip(".!。！") in SKIP_WORDS


def build_reply(
    text: str, *, step: str, draft: Mapping[str, Any], answers: Mapping[str, str], has_name: bool
) -> Reply:
    """Return the changes and the reply to a person's answer to the question ``step``.

    ``answers`` maps earlier steps to their answers; ``draft`` holds the current values of the fields.
    """
    said = text.strip()
    command = _COMMAND.match(said)
    if command:
        return _apply_command(command, step, draft)
    if step == DONE:
        return _append_to_instructions(said, draft)
    if _is_skip(said) and step != "purpose":
        return _ask_next(step, (), _("Left as it is."), draft)
    answers = {**answers, step: said}
    proposals, note = _build_proposals(step, said, answers, draft, has_name)
    return _ask_next(step, proposals, note, draft)


def build_opening_question(step: str, draft: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the first question of a conversation, with answers to click."""
    return _build_question(step, draft)


def _build_proposals(
    step: str, said: str, answers: Mapping[str, str], draft: Mapping[str, Any], has_name: bool
) -> tuple[tuple[Proposal, ...], str]:
    if step == "purpose":
        purpose = _extract_purpose(said)
        proposals = [Proposal("description", _shorten(_capitalise(purpose), DESCRIPTION_LENGTH))]
        proposals.append(Proposal("category", _guess_category(said)))
        if _MENTIONS_FILES.search(said):
            proposals.append(
                Proposal("capabilities", sorted({*draft["capabilities"], Capability.FILE_SEARCH}))
            )
        proposals.append(Proposal("instructions", _compose_instructions(answers, draft)))
        if not has_name:
            proposals.append(Proposal("name", _propose_name(purpose)))
        return tuple(proposals), _("I wrote that down as the description and began the instructions.")
    if step == "name":
        return (Proposal("name", _extract_name(said)),), _("It has its name.")
    if step == "starters":
        return (Proposal("starters", _split_list(said)),), _(
            "Those are the first messages that people can click."
        )
    return (Proposal("instructions", _compose_instructions(answers, draft)),), _(
        "That stands in the instructions now."
    )


def _ask_next(
    step: str,
    proposals: tuple[Proposal, ...],
    note: str,
    draft: Mapping[str, Any],
) -> Reply:
    index = STEPS.index(step) + 1
    next_step = STEPS[index] if index < len(STEPS) else DONE
    fresh = {**draft, **{p.field: p.value for p in proposals}}
    question, choices = _build_question(next_step, fresh)
    return Reply(proposals, f"{note}\n\n{question}", next_step, choices)


def _build_question(step: str, draft: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    skip = _("Skip")
    if step == "purpose":
        return _("What should it do? Say it in your own words, with an example of what people will ask."), (
            _("Answer questions from our handbook"),
            _("Turn meeting notes into minutes"),
            _("Explain grammar to pupils"),
        )
    if step == "name":
        return _("What should people call it? Now it is “%(name)s”.") % {"name": draft["name"]}, (
            _("Keep “%(name)s”") % {"name": draft["name"]},
            skip,
        )
    if step == "audience":
        return _("Who will use it, and what do they know already?"), (
            _("New colleagues"),
            _("Customers"),
            _("Pupils and students"),
            skip,
        )
    if step == "tone":
        return _("How should it sound?"), (
            _("Friendly and short"),
            _("Factual and exact"),
            _("Patient, step by step"),
            skip,
        )
    if step == "avoid":
        return _("What must it never do or talk about?"), (
            _("No legal or medical advice"),
            _("Never guess"),
            skip,
        )
    if step == "starters":
        return _("Which first messages should people be able to click? One on each line."), (
            _("What can you help me with?"),
            _("Show me an example of what you do"),
            skip,
        )
    return (
        _(
            "The draft is ready to try beside this conversation. You can go on: write for example"
            " “name: …”, “starters: …” or what it should also do."
            " Next: add knowledge files, test it, share it."
        ),
        (),
    )


def _apply_command(command: re.Match[str], step: str, draft: Mapping[str, Any]) -> Reply:
    word, value = re.sub(r"\s+", " ", command.group(1).lower()), command.group(2).strip()
    field = next(name for name, words in _COMMAND_FIELDS.items() if word in words)
    if field == "starters":
        proposal = Proposal(field, _split_list(value))
    elif field == "category":
        proposal = Proposal(field, _find_category(value))
    else:
        proposal = Proposal(field, value)
    if field == step:
        return _ask_next(step, (proposal,), _("Done."), draft)
    question, choices = _build_question(step, {**draft, field: proposal.value})
    return Reply((proposal,), _("Done.") + f"\n\n{question}", step, choices)


def _append_to_instructions(said: str, draft: Mapping[str, Any]) -> Reply:
    """Add a message that follows the last question to the instructions."""
    heading = _("More wishes")
    before = draft["instructions"].rstrip()
    line = f"- {_end_sentence(_join_lines(said))}"
    text = f"{before}\n{line}" if f"## {heading}" in before else f"{before}\n\n## {heading}\n{line}"
    question, choices = _build_question(DONE, draft)
    note = _("I added that to the instructions.")
    return Reply((Proposal("instructions", text.strip()),), f"{note}\n\n{question}", DONE, choices)


def _compose_instructions(answers: Mapping[str, str], draft: Mapping[str, Any]) -> str:
    """Build the instructions from the answers; sections written by hand are kept."""
    parts = []
    if purpose := answers.get("purpose"):
        parts.append(f"## {_('Task')}\n{_end_sentence(_capitalise(_extract_purpose(purpose)))}")
    if audience := answers.get("audience"):
        users = _end_sentence(_join_lines(audience))
        parts.append(f"## {_('For whom')}\n" + _("You speak with: %(audience)s") % {"audience": users})
    if tone := answers.get("tone"):
        parts.append(f"## {_('Tone')}\n{_end_sentence(_capitalise(tone))}")
    rules = [
        _("Begin with the answer; details follow."),
        _("When something is missing or unclear, ask one short question before you answer."),
        _("Say so plainly when you do not know, and never invent facts."),
    ]
    if avoid := answers.get("avoid"):
        rules.insert(0, _("Never: %(avoid)s") % {"avoid": _end_sentence(_join_lines(avoid))})
    parts.append(f"## {_('Rules')}\n" + "\n".join(f"- {rule}" for rule in rules))
    composed = "\n\n".join(parts)
    handwritten = _find_handwritten_sections(draft["instructions"])
    return _shorten(
        "\n\n".join(part for part in (composed, handwritten) if part), INSTRUCTIONS_LENGTH, by_line=True
    )


def _find_handwritten_sections(instructions: str) -> str:
    """Return the sections of the instructions that the interview did not write."""
    ours = {_("Task"), _("For whom"), _("Tone"), _("Rules")}
    kept = []
    for section in re.split(r"\n(?=## )", instructions.strip()):
        heading = section.split("\n", 1)[0].removeprefix("## ").strip()
        if section.strip() and not (section.startswith("## ") and heading in ours):
            kept.append(section.strip())
    return "\n\n".join(kept)


def _extract_purpose(said: str) -> str:
    rest = _INTRODUCTION.sub("", said, count=1)
    if rest == said:
        rest = _INTRODUCTION_CHINESE.sub("", said, count=1)
    return rest.strip() or said


def _propose_name(purpose: str) -> str:
    first = re.split(r"[.!?,;:。！？，；：\n]", purpose, maxsplit=1)[0].strip()
    if re.search(r"[\u3400-\u9fff]", first):
        return first[:10] + ("" if first.endswith("助手") else "助手")
    words = [word for word in first.split() if word.lower() not in _SMALL_WORDS]
    return _shorten(" ".join(words[:4]).capitalize() or _("New GPT"), NAME_LENGTH)


def _guess_category(said: str) -> str:
    """Return the category with most matching words; English words match by prefix, Chinese anywhere."""
    hits = {
        category: sum(
            len(re.findall(word if not word.isascii() else rf"\b{word}", said, re.I))
            for word in words.split("|")
        )
        for category, words in _CATEGORY_WORDS.items()
    }
    best = max(hits, key=lambda category: hits[category])
    return best.value if hits[best] else Category.OTHER.value


def _find_category(value: str) -> str:
    wanted = value.strip().lower()
    for category in Category:
        if wanted in (category.value, str(category.label).lower()):
            return category.value
    return wanted


def _split_list(said: str) -> list[str]:
    lines = [line for line in re.split(r"[\n;；]", said) if line.strip()]
    cleaned = [re.sub(r"^\s*(?:[-*•]|\d+[.)、])\s*", "", line).strip() for line in lines]
    return [_shorten(line, STARTER_LENGTH) for line in cleaned if line][: STARTER_COUNT * 2]


def _extract_name(said: str) -> str:
    named = re.match(
        r"^(?:call it|name it|it is called|keep|叫做?|名叫|就叫|保留)\s*[:：]?\s*(.+)$", said, re.I
    )
    return (named.group(1) if named else said).strip().strip("“”\"'「」.。")


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


def _join_lines(text: str) -> str:
    """Put text on one line, because a line break would end its list item."""
    return " ".join(text.split())


def _end_sentence(text: str) -> str:
    text = text.strip()
    if not text or text[-1] in ".!?。！？":
        return text
    return text + ("。" if re.search(r"[\u3400-\u9fff]", text[-1]) else ".")


def _shorten(text: str, max_length: int, *, by_line: bool = False) -> str:
    """Shorten at the end of a sentence or line, if more than half of the length remains."""
    if len(text) <= max_length:
        return text
    cut = text[:max_length]
    ends = [cut.rfind("\n")] if by_line else [m.start() for m in _SENTENCE_END.finditer(cut) if m.start()]
    best = max(ends, default=-1)
    return cut[:best].rstrip() if best > max_length // 2 else cut[: max_length - 1].rstrip() + "…"
