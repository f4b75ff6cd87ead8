"""Formulas in markdown, between dollar signs or TeX brackets, as MathML, which browsers render natively."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from xml.etree import ElementTree  # parses only the output of latex2mathml, which cannot contain a DTD

from latex2mathml import converter, exceptions
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

MAX_FORMULA = 2_000
# Per text; further formulas are shown as their source.
MAX_FORMULAS = 300
_BRACKETS = {"\\(": ("\\)", False), "\\[": ("\\]", True)}
# "$5 and 10$" is money: a formula that starts with a digit and has spaces must contain one of these.
_MATHEMATICAL = re.compile(r"[\\^_=+{}<>*/|]")
# "$5/day or 140$" is money too: words, in letters or in Chinese, behind a number that is no TeX.
_FUNCTIONS = "sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|log|ln|exp|lim|max|min|sup|inf|det|gcd|mod|deg"
_WORDS = re.compile(
    rf"(?<![a-zA-Z])(?!(?:{_FUNCTIONS})(?![a-zA-Z]))[a-zA-Z]{{3,}}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
# No macros, which can grow without limit, and nothing that refers to a URL, a file or a style.
_REFUSED = re.compile(
    r"\\(?:def|edef|gdef|let|newcommand|renewcommand|providecommand|newenvironment|csname|href|url|includegraphics"
    r"|style|class|cssId|html\w*|require|input|include|unicode)(?![a-zA-Z])"
)
_OPENING = re.compile(r"(?<!\\)(?:\$\$?|\\\()")
TAGS = frozenset({
    "math", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom",
    "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable",
    "mtd", "mtext", "mtr", "munder", "munderover", "none",
})  # fmt: skip
ATTRIBUTES = frozenset({
    "accent", "accentunder", "columnalign", "columnlines", "columnspacing", "columnspan", "depth",
    "display", "displaystyle", "fence", "form", "frame", "height", "largeop", "linethickness", "lspace",
    "mathvariant", "maxsize", "minsize", "movablelimits", "rowalign", "rowlines", "rowspacing", "rowspan",
    "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "width",
})  # fmt: skip
_VALUE = re.compile(r"[-\w.%+ ]{1,60}")
# Environments that the converter does not know, by similar ones that it does.
_ENVIRONMENTS = {
    "aligned": "split", "alignedat": "split", "alignat": "split", "flalign": "split", "eqnarray": "split",
    "gathered": "matrix", "gather": "matrix", "multline": "matrix",
}  # fmt: skip
_ENVIRONMENT = re.compile(
    r"\\(begin|end)\{(aligned|alignedat|alignat|flalign|eqnarray|gathered|gather|multline|equation)\*?\}"
    r"(?:(?<=at\})\{\d+\}|(?<=at\*\})\{\d+\})?"
)
# Environments that are formulas also without dollar signs around them.
_BARE = re.compile(
    r"\\begin\{((?:equation|align|alignat|aligned|gather|gathered|multline|eqnarray|flalign|split|cases|array"
    r"|[pbvBV]?matrix)\*?)\}"
)
# Placeholders for < and >, which the converter would write unescaped.
_PLACEHOLDERS = {ord("<"): "\ue000", ord(">"): "\ue001"}
_ORIGINALS = {ord("\ue000"): "<", ord("\ue001"): ">"}
_CONVERTER_ERRORS: tuple[type[Exception], ...] = (
    *(kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    ElementTree.ParseError, ArithmeticError, AttributeError, LookupError, RecursionError, StopIteration,
    TypeError, ValueError,
)  # fmt: skip


def math_plugin(parser: MarkdownIt) -> None:
    """Add the rules for $…$, $$…$$, \\(…\\) and \\[…\\]; their tokens are math_inline and math_block."""
    parser.inline.ruler.before("escape", "math_inline", _inline)
    parser.block.ruler.before("fence", "math_block", _block, {"alt": ["paragraph", "blockquote", "list"]})


def to_mathml(source: str, *, is_block: bool) -> str:
    """Return a formula as MathML of allowed tags, or its source in <code> when it cannot be converted."""
    mathml = _convert(source.strip(), is_block)
    return mathml or f"<code>{escape(source.strip())}</code>"


@lru_cache(maxsize=512)
def _convert(source: str, is_block: bool) -> str:
    if not source or len(source) > MAX_FORMULA or _REFUSED.search(source):
        return ""
    known = _ENVIRONMENT.sub(_replace_environment, source)
    safe = known.translate(_PLACEHOLDERS)
    try:
        mathml = converter.convert(safe, display="block" if is_block else "inline")
        return _clean(ElementTree.fromstring(mathml), 0)  # noqa: S314  # no DTD: "<" is replaced before
    except _CONVERTER_ERRORS:
        return ""


def _replace_environment(match: re.Match[str]) -> str:
    name = _ENVIRONMENTS.get(match[2], "")
    return f"\\{match[1]}{{{name}}}" if name else ""


def _clean(element: ElementTree.Element, depth: int) -> str:
    tag = element.tag.rpartition("}")[2]
    text = (element.text or "").translate(_ORIGINALS)
    if tag == "mi" and text in _ORIGINALS.values():
        tag = "mo"
    boxed = ""
    if tag == "menclose" and element.get("notation") == "box":
        # Not every browser draws menclose.
        tag, boxed = "mrow", ' class="boxed"'
    if tag not in TAGS or depth > 60:
        raise ValueError(tag)
    attributes = "".join(
        f' {name}="{escape(value)}"'
        for name, value in element.attrib.items()
        if name in ATTRIBUTES and _VALUE.fullmatch(value)
    )
    inner = "".join(_clean(child, depth + 1) + escape(child.tail or "") for child in element)
    return f"<{tag}{boxed}{attributes}>{escape(text)}{inner}</{tag}>"


def _inline(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source.startswith("$", start):
        opening = "$$" if source.startswith("$$", start) else "$"
        end = _closing_dollar(source, start + len(opening), opening)
        closing, is_block = opening, opening == "$$"
        if end < 0 or (opening == "$" and not _is_formula(source, start, end)):
            return False
    elif source.startswith("\\begin{", start) and (bare := _BARE.match(source, start)):
        return _inline_environment(state, bare[1], silent)
    elif (opening := source[start : start + 2]) in _BRACKETS:
        closing, is_block = _BRACKETS[opening]
        end = source.find(closing, start + 2, start + 2 + MAX_FORMULA)
        if end < 0:
            return False
    else:
        return False
    content = source[start + len(opening) : end]
    if not content.strip() or "`" in content:
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = content
        token.meta = {"is_block": is_block}
    state.pos = end + len(closing)
    return True


def _inline_environment(state: StateInline, name: str, silent: bool) -> bool:
    ending = f"\\end{{{name}}}"
    end = state.src.find(ending, state.pos, state.pos + MAX_FORMULA)
    if end < 0:
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = state.src[state.pos : end + len(ending)]
        token.meta = {"is_block": True}
    state.pos = end + len(ending)
    return True


def _closing_dollar(source: str, start: int, mark: str) -> int:
    limit = start + MAX_FORMULA
    end = source.find(mark, start, limit)
    while end > 0 and source[end - 1] == "\\":
        end = source.find(mark, end + 1, limit)
    return end


def _is_formula(source: str, start: int, end: int) -> bool:
    """Return whether two dollar signs enclose a formula: Pandoc's rules, and one for "$5 or 10$"."""
    content = source[start + 1 : end]
    if not content or content[0].isspace() or content[-1].isspace():
        return False
    before = source[start - 1] if start else " "
    if (before.isascii() and before.isalnum()) or source[end + 1 : end + 2].isdigit():
        return False
    if not content[0].isdigit() or "\\" in content:
        return True
    is_price = content[-1].isdigit() and _WORDS.search(content) is not None
    return not is_price and (" " not in content or _MATHEMATICAL.search(content) is not None)


def find_formulas(line: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of the formulas between dollar signs or \\( \\) in a line."""
    at = 0
    while (match := _OPENING.search(line, at)) is not None:
        opening, start = match[0], match.start()
        closing = "\\)" if opening == "\\(" else opening
        end = (
            line.find(closing, match.end())
            if opening == "\\("
            else _closing_dollar(line, match.end(), opening)
        )
        if end < 0 or (opening == "$" and not _is_formula(line, start, end)):
            at = match.end()
            continue
        at = end + len(closing)
        yield start, at


def _block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    first = state.src[state.bMarks[start_line] + state.tShift[start_line] : state.eMarks[start_line]]
    opening = first[:2]
    if opening == "\\b" and (bare := _BARE.match(first)):
        return _bare_environment(state, bare[1], start_line, end_line, silent)
    if opening not in ("$$", "\\["):
        return False
    closing = "$$" if opening == "$$" else "\\]"
    found = _closing_line(state, first[2:], start_line, end_line, closing)
    if found is None:
        return False
    content, last_line = found
    if silent:
        return True
    _push_block(state, content, start_line, last_line)
    return True


def _bare_environment(state: StateBlock, name: str, start_line: int, end_line: int, silent: bool) -> bool:
    """Take the lines from \\begin to the line with its \\end; a blank line may not come between."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    ending = f"\\end{{{name}}}"
    at = state.src.find(ending, begin, begin + MAX_FORMULA)
    if at < 0:
        return False
    last = start_line
    while last < end_line and state.eMarks[last] < at + len(ending):
        last += 1
        if last >= end_line or state.isEmpty(last) or state.sCount[last] < state.blkIndent:
            return False
    if state.src[at + len(ending) : state.eMarks[last]].strip(" .,;。，；"):
        return False
    if silent:
        return True
    _push_block(state, state.src[begin : at + len(ending)], start_line, last)
    return True


def _push_block(state: StateBlock, content: str, first_line: int, last_line: int) -> None:
    token = state.push("math_block", "math", 0)
    token.block = True
    token.content = content
    token.map = [first_line, last_line + 1]
    state.line = last_line + 1


def _closing_line(
    state: StateBlock, rest: str, start_line: int, end_line: int, closing: str
) -> tuple[str, int] | None:
    """Return the formula and the line that ends with ``closing``; None when a blank line comes first."""
    begin = state.bMarks[start_line] + state.tShift[start_line] + 2
    if state.src.find(closing, begin, begin + MAX_FORMULA) < 0:
        return None
    lines, size, line = [rest], 0, start_line
    while True:
        text = lines[-1].rstrip()
        if text.endswith(closing) and not text.endswith("\\" + closing if closing == "$$" else "\\\\\\]"):
            lines[-1] = text[: -len(closing)]
            content = "\n".join(lines)
            return (content, line) if content.strip() and closing not in content else None
        line += 1
        size += len(text)
        if (
            line >= end_line
            or size > MAX_FORMULA
            or state.isEmpty(line)
            or state.sCount[line] < state.blkIndent
        ):
            return None
        lines.append(state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]])
