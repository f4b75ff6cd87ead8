"""Renders markdown as safe HTML: no raw HTML but a few tags without attributes, highlighted code, sanitised
at the end. Pure.

Runs in the processes of ``core.render_pool``, because it takes CPU and hostile text can make each part slow:
``Budget`` stops highlighting, formulas and the whole after their time.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from core import markdown_blocks, markdown_inline, markdown_math

MAX_CHARACTERS = 200_000
# CPU seconds for one text: all of it, and of these highlighting and formulas. An ordinary answer takes 2 to 7
# ms, a long one 65. The lexer of make takes 9 seconds for 15,000 letters.
RENDER_SECONDS = 1.5
HIGHLIGHT_SECONDS = 0.3
FORMULA_SECONDS = 0.3
# Longer code, and code after this much in one text, is not highlighted: that is the slowest step.
MAX_CODE_CHARACTERS = 20_000
MAX_HIGHLIGHTED = 60_000
# The title of a conversation needs no more.
MAX_PLAIN_CHARACTERS = 2_000
MAX_NESTING = 20
# Characters of the columns that name a table.
MAX_TABLE_NAME = 120
HEADINGS_DEMOTED_BY = 2
CLASS_PREFIX = "tok-"
SCHEMES = frozenset({"http", "https", "mailto"})
ADDRESS = re.compile(r"(?<![a-z0-9])https?://[a-z0-9\-._~:/?#@!$&'()*+,;=%]{1,2000}", re.IGNORECASE)
LINK_REL = "noopener nofollow ugc"

TAGS = {
    "a", "blockquote", "br", "button", "code", "del", "div", "em", "h3", "h4",
    "h5", "h6", "hr", "input", "li",
    "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
    *markdown_math.TAGS, *markdown_inline.TAGS, *markdown_blocks.TAGS,
}  # fmt: skip
ATTRIBUTES = {
    "*": {"class"},
    "a": {"href", "title"},
    "button": {"type", "data-copy", "data-copied"},
    "div": {"tabindex", "role", "aria-label"},
    "input": {"type", "checked", "disabled"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "table": {"aria-label"},
    "th": {"scope"},
} | {tag: set(markdown_math.ATTRIBUTES) for tag in markdown_math.TAGS}


class OutOfTimeError(BaseException):
    """The CPU time is used up. Not an Exception, which libraries may catch."""


class Budget:
    """CPU time of one rendering, by a timer of this process. Only in its main thread.

    Python handles signals between the instructions of its own code and, every few thousand steps, inside a
    regular expression, so that neither a loop nor a match goes on.
    """

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.process_time() + seconds
        self._left = {"highlight": HIGHLIGHT_SECONDS, "formula": FORMULA_SECONDS}

    @contextmanager
    def limit_all(self) -> Iterator[None]:
        """Raise OutOfTimeError in the block when the time is used up."""
        signal.signal(signal.SIGPROF, _raise_out_of_time)
        self._set_timer(self._ends_at - time.process_time())
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    @contextmanager
    def limit_part(self, part: str) -> Iterator[None]:
        """Raise OutOfTimeError in the block when the time of this part, over all its blocks, is used up."""
        began = time.process_time()
        if self._left[part] <= 0:
            raise OutOfTimeError
        self._set_timer(min(self._left[part], self._ends_at - began))
        try:
            yield
        finally:
            now = time.process_time()
            self._left[part] -= now - began
            self._set_timer(self._ends_at - now)

    def _set_timer(self, seconds: float) -> None:
        # Zero would turn it off.
        signal.setitimer(signal.ITIMER_PROF, max(seconds, 0.001))


def _raise_out_of_time(number: int, frame: Any) -> None:
    raise OutOfTimeError


def render_html(text: str, labels: Mapping[str, str]) -> str:
    """Return safe HTML for untrusted markdown: no images, links to http(s) and mailto only, and of raw HTML
    the tags of markdown_inline and markdown_blocks.

    At most MAX_CHARACTERS are rendered; the rest is shown as plain text, and so is everything when
    RENDER_SECONDS are used up. ``labels`` are the words "copy", "copied", "image" and "table", "columns" (a
    table with "%(columns)s") and "comma" between them, in the reader's language.
    """
    rest = text[MAX_CHARACTERS:]
    budget = Budget(RENDER_SECONDS)
    try:
        with budget.limit_all():
            env = {"highlighted": 0, "formulas": 0, "labels": labels, "budget": budget}
            html = _sanitise(_parser().render(text[:MAX_CHARACTERS], env))
    except OutOfTimeError:
        return render_plain(text)
    return html + render_plain(rest) if rest else html


def render_plain(text: str) -> str:
    """Return text as it is, escaped: what is shown when rendering is not possible."""
    return f"<pre><code>{escape(text)}</code></pre>"


def extract_plain(text: str) -> str:
    """Return the text without markup on one line, for titles. Not escaped."""
    tokens = _parser().parse(text[:MAX_PLAIN_CHARACTERS])
    return " ".join(" ".join(_collect_texts(tokens)).split())


def _collect_texts(tokens: Sequence[Token]) -> list[str]:
    texts: list[str] = []
    for token in tokens:
        if token.type == "inline":
            texts.append("".join(_inline_text(child) for child in token.children or ()))
        elif token.type in ("fence", "code_block", "math_block"):
            texts.append(token.content)
    return texts


def _inline_text(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return token.content if token.type in ("text", "code_inline", "image", "math_inline") else ""


def _sanitise(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=set(SCHEMES),
        link_rel=LINK_REL,
        set_tag_attribute_values={"a": {"target": "_blank"}, "input": {"type": "checkbox", "disabled": ""}},
    )


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING}, renderer_cls=_Renderer)
    parser.enable(["table", "strikethrough"]).use(tasklists_plugin)
    for plugin in (markdown_math.math_plugin, markdown_inline.inline_plugin, markdown_blocks.block_plugin):
        parser.use(plugin)
    parser.core.ruler.after("text_join", "bare_addresses", _link_bare_addresses)
    parser.validateLink = is_safe_link  # type: ignore[method-assign]  # the documented way to replace it
    return parser


def _link_bare_addresses(state: StateCore) -> None:
    """Link URLs in running text in linear time; the plugins for it are quadratic on hostile text."""
    for block in state.tokens:
        if block.type != "inline" or "://" not in block.content:
            continue
        children: list[Token] = []
        depth = 0
        for token in block.children or []:
            depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            if token.type == "text" and not depth:
                children.extend(_split_addresses(token))
            else:
                children.append(token)
        block.children = children


def _split_addresses(token: Token) -> list[Token]:
    tokens: list[Token] = []
    start = 0
    for match in ADDRESS.finditer(token.content):
        url = _trim_address(match.group())
        if not is_safe_link(url):
            continue
        if before := token.content[start : match.start()]:
            tokens.append(_text_token(before))
        tokens.append(Token("link_open", "a", 1, attrs={"href": url}))
        tokens.append(_text_token(url))
        tokens.append(Token("link_close", "a", -1))
        start = match.start() + len(url)
    if not tokens:
        return [token]
    if rest := token.content[start:]:
        tokens.append(_text_token(rest))
    return tokens


def _trim_address(url: str) -> str:
    """Drop trailing punctuation; a closing bracket stays when it was opened inside the URL."""
    while url and (url[-1] in ".,:;!?'*_~" or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url


def _text_token(content: str) -> Token:
    return Token("text", "", 0, content=content)


def is_safe_link(url: str) -> bool:
    """Return whether ``url`` is an absolute http(s) URL without user information, or a mail address."""
    if not url.isascii() or any(character in url for character in "\\\t\n\r\x00 "):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return bool(parts.path)
    return parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.path.partition("?")[0] if parts.scheme == "mailto" else parts.netloc.lower()


class _Renderer(RendererHTML):
    """Renders headings, links, images and code in our own way; inherits the rest."""

    def heading_open(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        return f"<{_demote(tokens[i].tag)}>"

    def heading_close(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        return f"</{_demote(tokens[i].tag)}>\n"

    def link_close(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        level, start = 1, i
        while level and start:
            start -= 1
            level += {"link_close": 1, "link_open": -1}.get(tokens[start].type, 0)
        label = "".join(_inline_text(token) for token in tokens[start + 1 : i])
        return "</a>" + _host_note(str(tokens[start].attrs.get("href", "")), label)

    def image(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        """Render a link instead of an image: nothing loads before a click, and the host is visible."""
        token = tokens[i]
        source = str(token.attrs.get("src", ""))
        label = token.content or str(env["labels"]["image"])
        if not is_safe_link(source):
            return escape(label)
        if _is_inside_link(tokens, i, env):
            return f"{escape(label)}{_host_note(source, '')}"
        return f'<a class="image-link" href="{escape(source)}">{escape(label)}</a>{_host_note(source, label)}'

    def fence(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        info = tokens[i].info.strip().split()
        return _code_block(tokens[i].content, info[0][:40] if info else "", env)

    def softbreak(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        """Render a line end as one: models set lists and verses by single ones."""
        return "<br>\n"

    def harmless_tag(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        return f"<{'/' if tokens[i].meta['is_closing'] else ''}{tokens[i].tag}>"

    def folded_tag(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[i]
        if not token.meta["is_paired"]:
            return f"<p>{escape(token.content)}</p>\n"
        return f"<{'/' if token.meta['is_closing'] else ''}{token.tag}>\n"

    def math_inline(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        return _formula(tokens[i].content, env, is_block=tokens[i].meta["is_block"])

    def math_block(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        return f'<div class="math" tabindex="0">{_formula(tokens[i].content, env, is_block=True)}</div>\n'

    def table_open(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        name = escape(_name_table(tokens, i, env["labels"]))
        frame = f'<div class="table-scroll" role="region" tabindex="0" aria-label="{name}">'
        return f'{frame}<table aria-label="{name}">\n'

    def table_close(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[i], scope=' scope="col"')

    def td_open(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[i])

    def code_block(self, tokens: Sequence[Token], i: int, options: OptionsDict, env: EnvType) -> str:
        return _code_block(tokens[i].content, "", env)


def _formula(source: str, env: Any, *, is_block: bool) -> str:
    env["formulas"] += 1
    if env["formulas"] > markdown_math.MAX_FORMULAS:
        return f"<code>{escape(source)}</code>"
    try:
        with env["budget"].limit_part("formula"):
            return markdown_math.to_mathml(source, is_block=is_block)
    except OutOfTimeError:
        env["formulas"] = markdown_math.MAX_FORMULAS
        return f"<code>{escape(source)}</code>"


def _name_table(tokens: Sequence[Token], i: int, labels: Mapping[str, str]) -> str:
    """Return the name of a table for screen readers, which list the tables of a page: its columns, if any."""
    columns = []
    for at in range(i + 1, len(tokens)):
        if tokens[at].type == "thead_close":
            break
        if tokens[at].type == "inline":
            text = "".join(_inline_text(child) for child in tokens[at].children or ())
            columns.append(" ".join(text.split()))
    found = labels["comma"].join(filter(None, columns))
    if len(found) > MAX_TABLE_NAME:
        found = found[:MAX_TABLE_NAME].rstrip() + "…"
    return labels["columns"].replace("%(columns)s", found) if found else labels["table"]


def _cell(token: Token, scope: str = "") -> str:
    """Render a cell with its alignment as a class, as the sanitiser removes style attributes."""
    side = str(token.attrs.get("style", "")).removeprefix("text-align:")
    css = f' class="is-{side}"' if side in ("right", "center") else ""
    return f"<{token.tag}{css}{scope}>"


def _demote(tag: str) -> str:
    return f"h{min(int(tag[1]) + HEADINGS_DEMOTED_BY, 6)}"


def _is_inside_link(tokens: Sequence[Token], i: int, env: Any) -> bool:
    """Count on from the image before, as one paragraph may have thousands."""
    counted, at, depth = env.get("links", (None, 0, 0))
    if counted is not tokens:
        at = depth = 0
    for token in tokens[at:i]:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
    env["links"] = (tokens, i, depth)
    return depth > 0


def _host_note(url: str, label: str) -> str:
    host = _host(url)
    # A label that is the URL itself shows the host already.
    if not host or label in (url, url.rstrip("/"), host):
        return ""
    return f' <span class="link-host">({escape(host)})</span>'


def _code_block(code: str, language: str, env: Any) -> str:
    labels = env["labels"]
    is_short = len(code) <= MAX_CODE_CHARACTERS
    body = escape(code)
    lexer = _lexer(language) if is_short and env["highlighted"] + len(code) <= MAX_HIGHLIGHTED else None
    if lexer:
        env["highlighted"] += len(code)
        try:
            with env["budget"].limit_part("highlight"):
                body = highlight(code, lexer, _formatter())
        except OutOfTimeError:
            env["highlighted"] = MAX_HIGHLIGHTED
    copy = ""
    if is_short:
        copy = (
            '<button class="button button--quiet button--small js-only" type="button"'
            f' data-copy="{escape(code)}" data-copied="{escape(labels["copied"])}">'
            f"{escape(labels['copy'])}</button>"
        )
    label = f'<span class="code__label">{escape(language)}</span>'
    return (
        f'<div class="code"><div class="code__head">{label}{copy}</div>'
        f'<pre class="code__text" tabindex="0"><code>{body}</code></pre></div>\n'
    )


@lru_cache(maxsize=1)
def _formatter() -> HtmlFormatter[str]:
    return HtmlFormatter(nowrap=True, classprefix=CLASS_PREFIX)


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if not language or language in ("text", "plain", "plaintext"):
        return None
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
