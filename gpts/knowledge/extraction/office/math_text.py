"""Formulas of Office documents as one line of text: "F = 9.81 m", "x^2", "(a + b)/(2c)". Pure.

The signs are those of LaTeX where it is as short, as people type them into a search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lxml import etree

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
FORMULAS = (f"{M}oMath", f"{M}oMathPara")
# A formula of more characters is hostile, or no formula.
LENGTH = 20_000
DEPTH = 60

_ACCENTS = {
    "\u0302": "\\hat", "^": "\\hat", "\u0303": "\\tilde", "~": "\\tilde", "\u0304": "\\bar",
    "\u0305": "\\bar", "¯": "\\bar", "\u20d7": "\\vec",
    "→": "\\vec", "\u0307": "\\dot", "\u0308": "\\ddot", "": "\\hat",
}  # fmt: skip


def read_formula(element: etree._Element) -> str:
    """Return the text of a formula (m:oMath, m:oMathPara), cut at LENGTH."""
    return " ".join(_read(element, 0)[:LENGTH].split())


def _read(element: etree._Element | None, depth: int) -> str:
    if element is None:
        return ""
    if depth > DEPTH:
        return "".join(map(str, element.itertext(f"{M}t")))
    parts: list[str] = []
    for child in element:
        tag = str(child.tag)
        name = tag.removeprefix(M) if tag.startswith(M) else ""
        if name == "t" or tag.endswith("}t"):
            parts.append(child.text or "")
        elif name in _WRITERS:
            parts.append(_WRITERS[name](child, depth + 1))
        elif not name.endswith("Pr"):
            parts.append(_read(child, depth + 1))
    return "".join(parts)


def _get(element: etree._Element, name: str, depth: int) -> str:
    return _read(element.find(f"{M}{name}"), depth)


def _get_property(element: etree._Element, group: str, name: str, default: str) -> str:
    """Return a property's value; ``default`` where it is not given, "" where it is given without a value."""
    found = element.find(f"{M}{group}/{M}{name}")
    return default if found is None else found.get(f"{M}val", "")


def _wrap(text: str) -> str:
    """Put brackets around more than one operand."""
    inner = text.strip()
    if inner.startswith("(") and inner.find(")") == len(inner) - 1:
        return inner
    return inner if inner.replace(".", "", 1).isalnum() else f"({inner})"


def _script(text: str) -> str:
    inner = text.strip()
    return inner if len(inner) == 1 else f"{{{inner}}}"


def _fraction(element: etree._Element, depth: int) -> str:
    above, below = _get(element, "num", depth), _get(element, "den", depth)
    if _get_property(element, "fPr", "type", "bar") == "noBar":
        return f"\\binom{{{above}}}{{{below}}}"
    return f"{_wrap(above)}/{_wrap(below)}"


def _superscript(element: etree._Element, depth: int) -> str:
    return f"{_get(element, 'e', depth)}^{_script(_get(element, 'sup', depth))}"


def _subscript(element: etree._Element, depth: int) -> str:
    return f"{_get(element, 'e', depth)}_{_script(_get(element, 'sub', depth))}"


def _both_scripts(element: etree._Element, depth: int) -> str:
    low, high = _script(_get(element, "sub", depth)), _script(_get(element, "sup", depth))
    return f"{_get(element, 'e', depth)}_{low}^{high}"


def _scripts_before(element: etree._Element, depth: int) -> str:
    low, high = _script(_get(element, "sub", depth)), _script(_get(element, "sup", depth))
    return f"_{low}^{high}{_get(element, 'e', depth)}"


def _root(element: etree._Element, depth: int) -> str:
    degree, inner = _get(element, "deg", depth).strip(), _get(element, "e", depth)
    return f"\\sqrt[{degree}]{{{inner}}}" if degree else f"√{_wrap(inner)}"


def _sum(element: etree._Element, depth: int) -> str:
    sign = _get_property(element, "naryPr", "chr", "∫") or "∑"
    low, high = _get(element, "sub", depth), _get(element, "sup", depth)
    limits = (f"_{_script(low)}" if low.strip() else "") + (f"^{_script(high)}" if high.strip() else "")
    return f"{sign}{limits} {_get(element, 'e', depth)}"


def _brackets(element: etree._Element, depth: int) -> str:
    begin = _get_property(element, "dPr", "begChr", "(")
    end = _get_property(element, "dPr", "endChr", ")")
    separator = _get_property(element, "dPr", "sepChr", "|")
    return begin + separator.join(_read(part, depth) for part in element.findall(f"{M}e")) + end


def _function(element: etree._Element, depth: int) -> str:
    name, argument = _get(element, "fName", depth).strip(), _get(element, "e", depth).strip()
    return f"{name} {argument} " if not argument.startswith("(") else f"{name}{argument} "


def _low_limit(element: etree._Element, depth: int) -> str:
    return f"{_get(element, 'e', depth)}_{_script(_get(element, 'lim', depth))}"


def _high_limit(element: etree._Element, depth: int) -> str:
    return f"{_get(element, 'e', depth)}^{_script(_get(element, 'lim', depth))}"


def _accent(element: etree._Element, depth: int) -> str:
    inner = _get(element, "e", depth)
    command = _ACCENTS.get(_get_property(element, "accPr", "chr", "\u0302"))
    return f"{command}{{{inner}}}" if command else inner


def _bar(element: etree._Element, depth: int) -> str:
    command = "\\bar" if _get_property(element, "barPr", "pos", "bot") == "top" else "\\underline"
    return f"{command}{{{_get(element, 'e', depth)}}}"


def _matrix(element: etree._Element, depth: int) -> str:
    rows = (
        ", ".join(_read(cell, depth).strip() for cell in row.findall(f"{M}e"))
        for row in element.findall(f"{M}mr")
    )
    return "; ".join(rows)


def _equations(element: etree._Element, depth: int) -> str:
    return "; ".join(_join(_read(line, depth) for line in element.findall(f"{M}e")))


def _join(texts: Iterable[str]) -> list[str]:
    return [text.replace("&", "").strip() for text in texts if text.strip()]


def _paragraph(element: etree._Element, depth: int) -> str:
    return "; ".join(_join(_read(formula, depth) for formula in element.findall(f"{M}oMath")))


_WRITERS: dict[str, Callable[[etree._Element, int], str]] = {
    "f": _fraction,
    "sSup": _superscript,
    "sSub": _subscript,
    "sSubSup": _both_scripts,
    "sPre": _scripts_before,
    "rad": _root,
    "nary": _sum,
    "d": _brackets,
    "func": _function,
    "limLow": _low_limit,
    "limUpp": _high_limit,
    "acc": _accent,
    "bar": _bar,
    "m": _matrix,
    "eqArr": _equations,
    "oMathPara": _paragraph,
}
