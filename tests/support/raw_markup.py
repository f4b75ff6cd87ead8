"""Finds places where text becomes markup or code without being escaped: scripts, templates, Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_javascript.language()))
_PROPERTIES = frozenset({"innerHTML", "outerHTML", "srcdoc"})
_METHODS = frozenset(
    {
        "createContextualFragment", "execScript", "insertAdjacentHTML", "parseFromString", "parseHTMLUnsafe",
        "setHTMLUnsafe", "write", "writeln",
    }
)  # fmt: skip
_TIMERS = frozenset({"setTimeout", "setInterval"})
_TEMPLATE = re.compile(
    r"""(?P<filter>\|\s*safe(?:seq)?\b)|(?P<escape>\{%-?\s*autoescape\s+off)|(?P<handler>\shx-on[:\w-]*\s*=)"""
    r"""|(?P<attribute>\son[a-z]+\s*=\s*["'{])|(?P<address>["'\s=]javascript:)|(?P<document>\ssrcdoc\s*=)""",
    re.IGNORECASE,
)
_TEMPLATE_NAMES = {
    "filter": "|safe",
    "escape": "autoescape off",
    "handler": "hx-on",
    "attribute": "inline handler",
    "address": "javascript:",
    "document": "srcdoc",
}


def find_in_script(text: str) -> Iterator[str]:
    """Yield the construct of each place where a script makes markup or code of text."""
    for node in _walk(_PARSER.parse(text.encode()).root_node):
        if node.type in ("assignment_expression", "augmented_assignment_expression"):
            name = _get_last_name(node.child_by_field_name("left"))
            if name in _PROPERTIES:
                yield name
        elif (
            node.type == "new_expression" and _get_text(node.child_by_field_name("constructor")) == "Function"
        ):
            yield "new Function"
        elif node.type == "call_expression":
            yield from _find_in_call(node)


def _find_in_call(node: Node) -> Iterator[str]:
    called = node.child_by_field_name("function")
    name = _get_last_name(called)
    if called is not None and called.type == "member_expression" and name in _METHODS:
        owner = _get_text(called.child_by_field_name("object"))
        if name not in ("write", "writeln") or owner.endswith("document"):
            yield name
    elif name in ("eval", "Function", "execScript"):
        yield name
    elif name in _TIMERS:
        arguments = node.child_by_field_name("arguments")
        first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
        if first is not None and first.type in ("string", "template_string", "binary_expression"):
            yield f"{name} with text"


def find_in_template(text: str) -> Iterator[str]:
    """Yield the construct of each place where a template does not escape, or has code in an attribute."""
    for match in _TEMPLATE.finditer(text):
        yield _TEMPLATE_NAMES[str(match.lastgroup)]


def find_in_python(text: str) -> Iterator[str]:
    """Yield the construct of each place where Python declares text to be safe markup."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in ("mark_safe", "SafeString", "SafeText", "eval", "exec") and not _is_empty_text(node):
                yield name
            elif name in ("format_html", "format_html_join") and not _has_constant_format(node, name):
                yield f"{name} without a constant"
            elif any(keyword.arg == "is_safe" and _is_true(keyword.value) for keyword in node.keywords):
                yield "is_safe"
        elif isinstance(node, ast.FunctionDef) and node.name == "__html__":
            yield "__html__"


def _is_empty_text(node: ast.Call) -> bool:
    return len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == ""


def _has_constant_format(node: ast.Call, name: str) -> bool:
    place = 0 if name == "format_html" else 1
    return len(node.args) > place and isinstance(node.args[place], ast.Constant)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _get_last_name(node: Node | None) -> str:
    if node is None:
        return ""
    if node.type == "member_expression":
        return _get_text(node.child_by_field_name("property"))
    if node.type == "subscript_expression":
        return _get_text(node.child_by_field_name("index")).strip("\"'`")
    return _get_text(node)


def _get_text(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode()
