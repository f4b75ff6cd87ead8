"""Block rules of markdown beyond CommonMark: <details> with <summary>, and formulas in cells of tables."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from core.markdown_math import find_formulas

TAGS = frozenset({"details", "summary"})
_TAG = re.compile(r"(</?(?:details|summary)(?:\s+open)?\s*>)", re.I)
_BEGIN = re.compile(r"</?(?:details|summary)(?:\s+open)?\s*>", re.I)
_DELIMITERS = frozenset("|-: \t")
# Stands for a bar inside a formula while the cells of a table are parted.
_BAR = "\ue010"


def block_plugin(parser: MarkdownIt) -> None:
    """Add the rule for <details>, and replace that of tables."""
    parser.block.ruler.before(
        "html_block", "details", _details, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    parser.core.ruler.after("block", "balanced_details", _balance)


def _details(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Take one line that begins with one of the tags; text in it is a paragraph, or the summary's words."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    if state.is_code_block(start_line) or state.src[begin : begin + 1] != "<":
        return False
    line = state.src[begin : state.eMarks[start_line]]
    if _BEGIN.match(line) is None:
        return False
    if silent:
        return True
    is_summary = False
    for piece in _TAG.split(line):
        if _BEGIN.fullmatch(piece):
            name = "summary" if "summary" in piece.lower() else "details"
            is_closing = piece.startswith("</")
            is_summary = name == "summary" and not is_closing
            token = state.push("folded_tag", name, 0)
            token.content, token.block = piece, True
            token.meta = {"is_closing": is_closing}
        elif piece.strip():
            _push_text(state, piece.strip(), start_line, in_paragraph=not is_summary)
    state.line = start_line + 1
    return True


def _push_text(state: StateBlock, text: str, line: int, *, in_paragraph: bool) -> None:
    if in_paragraph:
        state.push("paragraph_open", "p", 1).map = [line, line + 1]
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = text, [line, line + 1], []
    if in_paragraph:
        state.push("paragraph_close", "p", -1)


def _balance(state: StateCore) -> None:
    """Turn tags that have no partner on their level into text."""
    opened: dict[tuple[str, int], list[Token]] = {}
    paired: set[int] = set()
    for token in state.tokens:
        if token.type != "folded_tag":
            continue
        waiting = opened.setdefault((token.tag, token.level), [])
        if not token.meta["is_closing"]:
            waiting.append(token)
        elif waiting:
            paired |= {id(waiting.pop()), id(token)}
    for token in state.tokens:
        if token.type == "folded_tag":
            token.meta["is_paired"] = id(token) in paired


def _table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Read a table whose formulas may have bars in them, such as $|x|$."""
    line = start_line + 1
    if line >= end_line or not set(state.src[state.bMarks[line] : state.eMarks[line]]) <= _DELIMITERS:
        return False
    original, first = state.src, len(state.tokens)
    header = slice(state.bMarks[start_line], state.eMarks[start_line])
    state.src = _hide_bars(original, header)
    try:
        is_table = table(state, start_line, end_line, True)
        if silent or not is_table:
            return is_table
        last = line
        while last + 1 < end_line and not state.isEmpty(last + 1):
            last += 1
        state.src = _hide_bars(original, slice(header.start, state.eMarks[last]))
        return table(state, start_line, end_line, False)
    finally:
        state.src = original
        for token in state.tokens[first:]:
            token.content = token.content.replace(_BAR, "|")


def _hide_bars(source: str, part: slice) -> str:
    """Replace the bars inside formulas in a part of the text, character by character."""
    rows = source[part]
    if "|" not in rows or not ("$" in rows or "\\(" in rows):
        return source
    hidden = "\n".join(_hide_bars_of_row(row) if "|" in row else row for row in rows.split("\n"))
    return source[: part.start] + hidden + source[part.stop :]


def _hide_bars_of_row(row: str) -> str:
    for begin, end in find_formulas(row):
        formula = row[begin:end]
        # A bar between spaces, alone, parts cells: "$5 | 6$".
        if "|" in formula and (formula.count("|") % 2 == 0 or " | " not in formula):
            row = row[:begin] + formula.replace("|", _BAR) + row[end:]
    return row
