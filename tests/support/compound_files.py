"""OLE compound files made byte by byte ([MS-CFB] version 3): old presentations and Outlook messages."""

from __future__ import annotations

import struct
from collections.abc import Mapping

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
NONE = 0xFFFFFFFF
# Shorter streams would be kept in a stream of small sectors.
LEAST = 4_096


def make_compound(streams: Mapping[str, bytes]) -> bytes:
    """Return a file with these streams, padded with zeros; a name "folder/name" makes a storage."""
    nodes: list[tuple[str, int, bytes, list[int]]] = [("Root Entry", 5, b"", [])]
    folders: dict[str, int] = {"": 0}
    for path, data in streams.items():
        folder, _slash, name = path.rpartition("/")
        if folder not in folders:
            folders[folder] = len(nodes)
            nodes[0][3].append(len(nodes))
            nodes.append((folder, 1, b"", []))
        nodes[folders[folder]][3].append(len(nodes))
        nodes.append((name, 2, data.ljust(LEAST, b"\0"), []))
    body = b""
    chain: list[int] = []
    directory = b""
    siblings: dict[int, int] = {}
    for _name, _kind, _data, children in nodes:
        # Every entry points to the next one: a list is a tree too.
        siblings |= dict(zip(children, [*children[1:], NONE], strict=False))
    for at, (name, kind, data, children) in enumerate(nodes):
        start = END
        if data:
            start = len(chain)
            count = -(-len(data) // SECTOR)
            chain += [start + step + 1 for step in range(count - 1)] + [END]
            body += data.ljust(count * SECTOR, b"\0")
        text = name.encode("utf-16-le") + b"\0\0"
        directory += struct.pack(
            "<64sHBBIII16sIQQIQ", text, len(text), kind, 1, NONE, siblings.get(at, NONE),
            children[0] if children else NONE, b"", 0, 0, 0, start, len(data),
        )  # fmt: skip
    directory = directory.ljust(-(-len(directory) // SECTOR) * SECTOR, b"\0")
    first = len(chain)
    count = len(directory) // SECTOR
    chain += [first + step + 1 for step in range(count - 1)] + [END]
    tables = 1
    while (len(chain) + tables) * 4 > tables * SECTOR:
        tables += 1
    begin = len(chain)
    chain += [FAT] * tables
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(tables * SECTOR, b"\xff")
    head = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0,
        tables, first, 0, LEAST, END, 0, END, 0,
    )  # fmt: skip
    places = [begin + step for step in range(tables)]
    head += struct.pack("<109I", *places, *[FREE] * (109 - tables))
    return head + body + directory + table


def make_msg(
    properties: Mapping[str, bytes], attachments: Mapping[str, bytes] | None = None, values: bytes = b""
) -> bytes:
    """Return an Outlook message of properties by their tags ("0037001F"), with attachments by name."""
    streams = {"__properties_version1.0": bytes(32) + values}
    streams |= {f"__substg1.0_{tag}": data for tag, data in properties.items()}
    for number, (name, data) in enumerate((attachments or {}).items()):
        folder = f"__attach_version1.0_#{number:08X}"
        streams[f"{folder}/__substg1.0_3707001F"] = name.encode("utf-16-le")
        streams[f"{folder}/__substg1.0_37010102"] = data
    return make_compound(streams)


def make_record(kind: int, content: bytes, *, instance: int = 0, is_container: bool = False) -> bytes:
    return struct.pack("<HHI", instance << 4 | (0xF if is_container else 0), kind, len(content)) + content


def make_ppt(*slides: tuple[str, str], token: int = 0xE391C05F, hidden: int = 0) -> bytes:
    """Return a presentation of slides as (title, text of a box); ``hidden`` is the number of a hidden one."""
    places: dict[int, int] = {}
    data = b""
    listed = b""
    for number, (title, text) in enumerate(slides, 1):
        listed += make_record(1011, struct.pack("<5I", number + 1, 0, 0, 256 + number, 0))
        listed += make_record(3999, struct.pack("<I", 0)) + make_record(4000, title.encode("utf-16-le"))
        shown = make_record(1017, bytes(10) + struct.pack("<HI", 4 if number == hidden else 0, 0))
        box = make_record(0xF00D, make_record(4008, text.encode("latin-1")), is_container=True)
        places[number + 1] = len(data)
        data += make_record(1006, shown + box, is_container=True)
    places[1] = len(data)
    data += make_record(1000, make_record(4080, listed, is_container=True), is_container=True)
    directory = len(data)
    order = b"".join(struct.pack("<I", places[number]) for number in sorted(places))
    data += make_record(6002, struct.pack("<I", len(places) << 20 | 1) + order)
    edit = len(data)
    data += make_record(4085, struct.pack("<IIIIIIHH", 0, 0, 0, directory, 1, len(places), 0, 0))
    user = struct.pack("<HHIIII", 0, 4086, 20, 20, token, edit)
    return make_compound({"Current User": user, "PowerPoint Document": data})
