"""The tags of suggested tests: stored in the language of the GPT, shown in the reader's."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

# English, as stored; Chinese, as stored; shown.
_SUGGESTED = (
    ("starter", "开场", pgettext_lazy("tag of a test", "starter")),
    ("knowledge", "资料", pgettext_lazy("tag of a test", "knowledge")),
    ("safety", "安全", pgettext_lazy("tag of a test", "safety")),
    ("escalation", "转人工", pgettext_lazy("tag of a test", "escalation")),
    ("limits", "边界", pgettext_lazy("tag of a test", "limits")),
    ("basics", "基础", pgettext_lazy("tag of a test", "basics")),
    ("style", "风格", pgettext_lazy("tag of a test", "style")),
)
_CHINESE = {english: chinese for english, chinese, _shown in _SUGGESTED}
_SHOWN = {stored: shown for *stored_in, shown in _SUGGESTED for stored in stored_in}


def write_tag(english: str, *, is_chinese: bool) -> str:
    """Return a suggested tag as it is stored for a GPT in English or Chinese."""
    return _CHINESE[english] if is_chinese else english


def show_tag(tag: str) -> str:
    """Return a tag for people: a suggested one in their language, their own as written."""
    return str(_SHOWN.get(tag, tag))
