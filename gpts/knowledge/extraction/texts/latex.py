"""LaTeX: sections by their commands, without the preamble, comments and most markup; formulas are kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from gpts.knowledge.extraction.charsets.decoding import iter_lines
from gpts.knowledge.extraction.outline import Outline
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source

LEVELS = {"part": 1, "chapter": 2, "section": 3, "subsection": 4, "subsubsection": 5, "paragraph": 6}
_HEADING = re.compile(
    r"\\(part|chapter|section|subsection|subsubsection|paragraph)\*?(?:\[[^\]]{0,300}\])?\{(.{1,600}?)\}\s*"
)
_TITLE = re.compile(r"\\title(?:\[[^\]]{0,300}\])?\{(.{1,400}?)\}")
_COMMENT = re.compile(r"(?<!\\)%")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[\w*]{1,40}\}(?:\[[^\]]{0,200}\])?")
# Commands whose argument is no text.
_SILENT = re.compile(
    r"\\(?:label|includegraphics|bibliography|bibliographystyle|vspace|hspace|usepackage|documentclass|input|include"
    r"|setlength|pagestyle|thispagestyle|index|newcommand|renewcommand|cite[tp]?)\*?(?:\[[^\]]{0,200}\])?\{[^{}]{0,400}\}"
)
_STYLED = re.compile(
    r"\\(?:textbf|textit|emph|texttt|textsc|underline|textrm|textsf|mbox|footnote|caption|title|author|date|url|text)"
    r"\{([^{}]{0,4000})\}"
)
_LINK = re.compile(r"\\href\{[^{}]{0,600}\}\{([^{}]{0,600})\}")
_BARE = re.compile(
    r"\\(?:item|noindent|centering|maketitle|tableofcontents|newpage|clearpage|bfseries|itshape|small|large|Large|hline"
    r"|toprule|midrule|bottomrule|par|appendix)\b\s?"
)
_ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    "c": "\u0327",
    "v": "\u030c",
    "=": "\u0304",
}
_ACCENT = re.compile(r"""\\([`'^"~=]|[cv](?=\{))\{?([A-Za-z])\}?""")
_SIGNS = {
    r"\%": "%", r"\&": "&", r"\$": "$", r"\#": "#", r"\_": "_", r"\{": "{", r"\}": "}", r"\ss{}": "ß",
    r"\ss ": "ß", "``": "“", "''": "”", r"\ldots": "…", r"\dots": "…", "---": "—", "--": "–",
}  # fmt: skip


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        outline: Outline | None = None
        preamble: list[str] = []
        held: list[str] = []
        size = 0
        for line in iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT, source):
            comment = _COMMENT.search(line)
            text = line if comment is None else line[: comment.start()]
            if outline is None:
                preamble.append(text)
                is_document = r"\begin{document}" in text
                # A part that another file includes has no preamble.
                if not is_document and not _HEADING.search(text[:1_000]) and len(preamble) < 2_000:
                    continue
                outline = Outline(_find_title(preamble))
                if is_document:
                    continue
            if r"\end{document}" in text:
                break
            heading = _HEADING.match(text.strip()[:1_000])
            if heading is not None or not line.strip() or size > PARAGRAPH_LIMIT:
                yield from _flush(outline, held)
                held, size = [], 0
            if heading is not None:
                yield from outline.open(LEVELS[heading[1]], clean(heading[2]))
                text = text.strip()[heading.end() :]
            if text.strip():
                held.append(text)
                size += len(text)
        if outline is None:
            outline, held = Outline(), preamble
        yield from _flush(outline, held)
        yield from outline.end()


def _find_title(lines: list[str]) -> str:
    match = _TITLE.search(" ".join(lines)[:20_000])
    return clean(match[1]) if match is not None else ""


def _flush(outline: Outline, lines: list[str]) -> Iterator[Section]:
    text = clean("\n".join(lines))
    if text:
        yield outline.add(text)


def clean(text: str) -> str:
    """Return text without the commands around it; those of formulas stay."""
    text = _SILENT.sub("", _ENVIRONMENT.sub("", text))
    text = _LINK.sub(r"\1", _BARE.sub("", text))
    for _depth in range(3):
        text = _STYLED.sub(r"\1", text)
    if "\\" in text:
        text = _ACCENT.sub(lambda match: _normalise(match[2] + _ACCENTS[match[1]]), text)
    for sign, character in _SIGNS.items():
        text = text.replace(sign, character)
    lines = [" ".join(line.replace("~", " ").replace("\\\\", " ").split()) for line in text.split("\n")]
    return "\n".join(filter(None, lines))


def _normalise(text: str) -> str:
    return unicodedata.normalize("NFC", text)
