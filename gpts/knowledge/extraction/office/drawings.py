"""Charts and diagrams (SmartArt) of Office documents as text: their names and the values stored with them."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from gpts.knowledge.extraction.charsets.decoding import clean
from gpts.knowledge.extraction.office.archives import Archive

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
D = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
# Values read from one chart, and characters of one name in it.
POINTS = 5_000
NAME_LENGTH = 200


def read_drawing(archive: Archive, part: str) -> list[str]:
    """Return the paragraphs of a chart or of the data of a diagram; none for another kind of part."""
    tags = (f"{C}title", f"{C}ser", f"{CX}title", f"{CX}data", f"{D}pt")
    chart = _Chart()
    texts: list[str] = []
    for element in archive.iter_elements(part, tags):
        if element.tag == f"{C}ser":
            chart.add_series(element)
        elif element.tag == f"{CX}data":
            texts.extend(_read_columns(element))
        elif element.tag == f"{D}pt":
            texts.extend(_read_paragraphs(element))
        else:
            texts.extend([" ".join(_read_paragraphs(element))[:NAME_LENGTH]])
        element.clear()
    return [text for text in (*texts, *chart.write_rows()) if text]


class _Chart:
    """Collects the series of a chart; those over the same categories stand in the same rows."""

    def __init__(self) -> None:
        self._rows: dict[str, list[str]] = {}
        self._points = 0

    def add_series(self, series: etree._Element) -> None:
        name = " ".join(_read_values(series.find(f"{C}tx")).values())[:NAME_LENGTH]
        labels: dict[int, str] = {}
        for tag in ("cat", "xVal"):
            labels = labels or _read_values(series.find(f"{C}{tag}"))
        for tag in ("val", "yVal", "bubbleSize"):
            for place, value in _read_values(series.find(f"{C}{tag}")).items():
                self._points += 1
                if self._points > POINTS:
                    return
                row = self._rows.setdefault(labels.get(place, str(place + 1))[:NAME_LENGTH], [])
                row.append(f"{name}: {value}" if name else value)

    def write_rows(self) -> Iterator[str]:
        for label, values in self._rows.items():
            yield " · ".join((label, *values))


def _read_values(element: etree._Element | None) -> dict[int, str]:
    """Return the stored values by their place; several levels of categories are joined."""
    found: dict[int, str] = {}
    if element is None:
        return found
    code = element.find(f".//{C}formatCode")
    is_percent = code is not None and "%" in (code.text or "")
    direct = element.find(f"{C}v")
    if direct is not None:
        return {0: _format(direct.text, is_percent=False)}
    for point in element.iter(f"{C}pt"):
        place, value = point.get("idx", ""), point.find(f"{C}v")
        if not place.isdecimal() or len(place) > 7 or value is None or len(found) >= POINTS:
            continue
        text = _format(value.text, is_percent=is_percent)
        known = found.get(int(place))
        found[int(place)] = text if known is None else f"{text} {known}"[:NAME_LENGTH]
    return found


def _read_columns(data: etree._Element) -> Iterator[str]:
    """Yield the rows of a chart of Office 2016, which has its columns of texts and numbers side by side."""
    columns = [
        [
            _format(point.text, is_percent=False)
            for _number, point in zip(range(POINTS), dimension.iter(f"{CX}pt"), strict=False)
        ]
        for dimension in data
        if isinstance(dimension.tag, str) and dimension.tag in (f"{CX}strDim", f"{CX}numDim")
    ]
    for place in range(max(map(len, columns), default=0)):
        yield " · ".join(column[place] for column in columns if place < len(column) and column[place])


def _read_paragraphs(element: etree._Element) -> Iterator[str]:
    for paragraph in element.iter(f"{A}p"):
        text = " ".join("".join(map(str, paragraph.itertext(f"{A}t"))).split())
        if text:
            yield text


def _format(text: str | None, *, is_percent: bool) -> str:
    """Return a stored value as it is shown: floating point numbers have up to 17 digits in the file."""
    shown = " ".join(clean(text or "")[: NAME_LENGTH * 2].split())[:NAME_LENGTH]
    if (
        len(shown) > 40
        or not shown.lstrip("-").replace(".", "", 1).replace("E-", "", 1).replace("E", "", 1).isdigit()
    ):
        return shown
    try:
        number = float(shown)
    except ValueError:
        return shown
    if is_percent:
        return f"{number * 100:.10g} %"
    return f"{number:.12g}" if len(shown) > 12 else shown
