"""Word documents and presentations made of pieces of XML."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from xml.sax.saxutils import escape

from tests.support.knowledge_files import PACKAGE, A, P, R, W, make_zip

NAMESPACES = (
    f'xmlns:w="{W}" xmlns:a="{A}" xmlns:r="{R}"'
    ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    ' xmlns:cx="http://schemas.microsoft.com/office/drawing/2014/chartex"'
    ' xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
)
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


CHART = (
    f"<c:chartSpace {NAMESPACES}><c:title><a:p><a:r><a:t>Boats a year</a:t></a:r></a:p></c:title>"
    "<c:ser><c:tx><c:v>2024</c:v></c:tx><c:cat><c:strCache><c:pt idx='0'><c:v>March</c:v></c:pt>"
    "<c:pt idx='1'><c:v>April</c:v></c:pt></c:strCache></c:cat><c:val><c:numCache>"
    "<c:formatCode>0%</c:formatCode><c:pt idx='0'><c:v>0.15600000000000003</c:v></c:pt>"
    "<c:pt idx='1'><c:v>0.2</c:v></c:pt></c:numCache></c:val></c:ser>"
    "<c:ser><c:tx><c:v>2025</c:v></c:tx><c:cat><c:strCache><c:pt idx='0'><c:v>March</c:v></c:pt></c:strCache>"
    "</c:cat><c:val><c:numCache><c:pt idx='0'><c:v>417</c:v></c:pt></c:numCache></c:val></c:ser>"
    "</c:chartSpace>"
)
DIAGRAM = (
    f"<dgm:dataModel {NAMESPACES}><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>Moor</a:t></a:r></a:p></dgm:t>"
    "</dgm:pt><dgm:pt><dgm:t><a:p><a:r><a:t>Pay</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"
)


def make_word(
    body: str, parts: Mapping[str, str] | None = None, relations: Mapping[str, str] | None = None
) -> bytes:
    """A document of a body; ``parts`` by name in word/, ``relations`` as "kind target" by id."""
    entries = "".join(
        f'<Relationship Id="{identifier}" Type="{KINDS}/{value.split()[0]}" Target="{value.split()[1]}"/>'
        for identifier, value in (relations or {}).items()
    )
    return make_zip(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": wrap_relations(entries),
            **{f"word/{name}": text for name, text in (parts or {}).items()},
        }
    )


def wrap_relations(entries: str) -> str:
    return f'<Relationships xmlns="{PACKAGE}">{entries}</Relationships>'


def paragraph(text: str, *, style: str = "", numbering: tuple[str, int] | None = None) -> str:
    """``numbering`` is (list id, level from 0)."""
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if numbering is not None:
        properties += f'<w:numPr><w:ilvl w:val="{numbering[1]}"/><w:numId w:val="{numbering[0]}"/></w:numPr>'
    run = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""
    return f"<w:p><w:pPr>{properties}</w:pPr>{run}</w:p>"


def level(number: int, kind: str, pattern: str, start: int = 1, extra: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{kind}"/>{extra}'
        f'<w:lvlText w:val="{pattern}"/></w:lvl>'
    )


def numbering_part(lists: Mapping[str, str], instances: Mapping[str, str]) -> str:
    """``lists`` are levels by abstract id; ``instances`` the abstract id by list id, "|" and overrides."""
    abstract = "".join(
        f'<w:abstractNum w:abstractNumId="{key}">{levels}</w:abstractNum>' for key, levels in lists.items()
    )
    named = "".join(
        f'<w:num w:numId="{key}"><w:abstractNumId w:val="{abstract_id}"/>{overrides}</w:num>'
        for key, value in instances.items()
        for abstract_id, _bar, overrides in [value.partition("|")]
    )
    return f"<w:numbering {NAMESPACES}>{abstract}{named}</w:numbering>"


def style_part(styles: Mapping[str, tuple[str, str]]) -> str:
    """``styles`` are (name, further XML) by id."""
    entries = "".join(
        f'<w:style w:styleId="{key}"><w:name w:val="{name}"/>{more}</w:style>'
        for key, (name, more) in styles.items()
    )
    return f"<w:styles {NAMESPACES}>{entries}</w:styles>"


def make_slides(
    *slides: str, parts: Mapping[str, str] | None = None, relations: str = "", heads: str = ""
) -> bytes:
    """Slides of shape trees; ``relations`` are those of the first slide, ``heads`` its attributes."""
    members: dict[str, str | bytes] = {}
    order = links = ""
    for number, shapes in enumerate(slides, 1):
        order += f'<p:sldId id="{number}" r:id="rId{number}"/>'
        links += f'<Relationship Id="rId{number}" Type="{KINDS}/slide" Target="slides/slide{number}.xml"/>'
        attributes = heads if number == 1 else ""
        members[f"ppt/slides/slide{number}.xml"] = (
            f'<p:sld xmlns:p="{P}" {NAMESPACES} {attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld>'
            "</p:sld>"
        )
    return make_zip(
        {
            **members,
            "ppt/presentation.xml": (
                f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst>{order}</p:sldIdLst>'
                "</p:presentation>"
            ),
            "ppt/_rels/presentation.xml.rels": wrap_relations(links),
            "ppt/slides/_rels/slide1.xml.rels": wrap_relations(relations),
            **{f"ppt/{name}": text for name, text in (parts or {}).items()},
        }
    )


def shape(*paragraphs: str, kind: str = "") -> str:
    """A shape of paragraphs (the XML inside of each); ``kind`` of a placeholder ("title")."""
    place = f'<p:ph type="{kind}"/>' if kind else ""
    body = "".join(f"<a:p>{inner}</a:p>" for inner in paragraphs)
    return f"<p:sp><p:nvSpPr><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:txBody>{body}</p:txBody></p:sp>"


def run(text: str) -> str:
    return f"<a:r><a:t>{escape(text)}</a:t></a:r>"


def make_strict(data: bytes) -> bytes:
    """The same package with the namespaces and types of strict Open XML."""
    pattern = re.compile(r"http://schemas\.openxmlformats\.org/(\w+)/2006/(\w+)")
    with zipfile.ZipFile(BytesIO(data)) as package:
        members = {name: package.read(name).decode() for name in package.namelist()}
    return make_zip(
        {
            name: pattern.sub(r"http://purl.oclc.org/ooxml/\1/\2", text.replace(PACKAGE, "\0")).replace(
                "\0", PACKAGE
            )
            for name, text in members.items()
        }
    )
