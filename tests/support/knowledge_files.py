"""Documents made byte by byte: valid ones and hostile ones."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from xml.sax.saxutils import escape

from openpyxl import Workbook

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def make_zip(members: Mapping[str, str | bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def make_docx(
    *paragraphs: tuple[str, str], extra: Mapping[str, str | bytes] | None = None, head: str = ""
) -> bytes:
    """Paragraphs as (style, text); the styles Heading1 and Heading2 are headings, "break" begins a page."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r>'
        + ('<w:br w:type="page"/>' if style == "break" else "")
        + f"<w:t>{text if head else escape(text)}</w:t></w:r></w:p>"
        for style, text in paragraphs
    )
    styles = "".join(
        f'<w:style w:styleId="Heading{level}"><w:name w:val="heading {level}"/></w:style>' for level in (1, 2)
    )
    return make_zip(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f'{head}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
            "word/styles.xml": f'<w:styles xmlns:w="{W}">{styles}</w:styles>',
            **(extra or {}),
        }
    )


def make_pptx(*slides: tuple[str, str]) -> bytes:
    """Slides as (title, text)."""
    members: dict[str, str | bytes] = {}
    order = relations = ""
    for number, (title, text) in enumerate(slides, 1):
        order += f'<p:sldId id="{number}" r:id="rId{number}"/>'
        relations += f'<Relationship Id="rId{number}" Target="slides/slide{number}.xml"/>'
        members[f"ppt/slides/slide{number}.xml"] = (
            f'<p:sld xmlns:p="{P}" xmlns:a="{A}">'
            f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr>'
            f"<a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:sp>"
            f"<p:sp><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp></p:sld>"
        )
    members["ppt/presentation.xml"] = (
        f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst>{order}</p:sldIdLst></p:presentation>'
    )
    members["ppt/_rels/presentation.xml.rels"] = (
        f'<Relationships xmlns="{PACKAGE}">{relations}</Relationships>'
    )
    return make_zip(members)


def make_xlsx(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def make_epub(*chapters: tuple[str, str], extra: Mapping[str, str | bytes] | None = None) -> bytes:
    """Chapters as (heading, text)."""
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    opf = "http://www.idpf.org/2007/opf"
    container = "urn:oasis:names:tc:opendocument:xmlns:container"
    return make_zip(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": (
                f'<container xmlns="{container}"><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles>'
                "</container>"
            ),
            "OPS/book.opf": (
                f'<package xmlns="{opf}"><manifest>{items}</manifest><spine>{spine}</spine></package>'
            ),
            **{f"OPS/c{n}.xhtml": f"<h1>{h}</h1><p>{t}</p>" for n, (h, t) in enumerate(chapters)},
            **(extra or {}),
        }
    )


def make_pdf(*pages: str, trailer: str = "", outline: Sequence[tuple[str, int]] = ()) -> bytes:
    """A PDF with one line of text a page, none where it is empty; ``outline`` holds (title, page index)."""
    objects: dict[int, bytes] = {}
    kids = " ".join(f"{10 + 2 * number} 0 R" for number in range(len(pages)))
    first_mark = 10 + 2 * len(pages)
    marks = "/Outlines 4 0 R" if outline else ""
    objects[1] = f"<< /Type /Catalog /Pages 2 0 R {marks} >>".encode()
    objects[2] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode()
    objects[3] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    if outline:
        last = first_mark + len(outline) - 1
        objects[4] = f"<< /First {first_mark} 0 R /Last {last} 0 R /Count {len(outline)} >>".encode()
    for number, text in enumerate(pages):
        line = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        stream = f"BT /F1 12 Tf 50 700 Td ({line}) Tj ET".encode("latin-1") if text else b"0 0 9 9 re f"
        objects[10 + 2 * number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {11 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        ).encode()
        objects[11 + 2 * number] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream)
    for place, (title, page) in enumerate(outline):
        following = f"/Next {first_mark + place + 1} 0 R" if place + 1 < len(outline) else ""
        objects[first_mark + place] = (
            f"<< /Title ({title}) /Parent 4 0 R {following} /Dest [{10 + 2 * page} 0 R /Fit] >>"
        ).encode()
    return build_pdf(objects, trailer)


def make_locked_pdf() -> bytes:
    """A PDF whose dictionary asks for a password that nobody has."""
    key = "00" * 32
    locked = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{key}> /U <{'11' * 32}> /P -4 >> /ID [<00> <00>]"
    return make_pdf("Secret", trailer=locked)


def build_pdf(objects: Mapping[int, bytes], trailer: str) -> bytes:
    out = BytesIO(b"%PDF-1.7\n")
    out.seek(0, 2)
    places: dict[int, int] = {}
    for number, body in sorted(objects.items()):
        places[number] = out.tell()
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start, size = out.tell(), max(objects) + 1
    out.write(f"xref\n0 {size}\n0000000000 65535 f \n".encode())
    for number in range(1, size):
        kind = "n" if number in places else "f"
        out.write(f"{places.get(number, 0):010d} {0 if number in places else 65535:05d} {kind} \n".encode())
    out.write(f"trailer << /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def make_zip_bomb(kind: str) -> bytes:
    """An Office file or book that unpacks to 300 times its size and more, as it declares itself."""
    filling = b"<x>" + b" " * 20_000_000 + b"</x>"
    name = {
        "docx": "word/document.xml",
        "xlsx": "xl/worksheets/sheet1.xml",
        "pptx": "ppt/slides/slide1.xml",
        "epub": "OPS/c0.xhtml",
    }[kind]
    return make_zip({"[Content_Types].xml": "<Types/>", name: filling})


def make_lying_zip_bomb() -> bytes:
    """The same, but every header declares ten bytes."""
    data = bytearray(make_zip_bomb("docx"))
    whole = (20_000_000 + 7).to_bytes(4, "little")
    while (place := data.find(whole)) >= 0:
        data[place : place + 4] = (10).to_bytes(4, "little")
    return bytes(data)
