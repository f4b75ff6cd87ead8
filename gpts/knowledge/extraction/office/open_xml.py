"""Relationships between the parts of Open XML packages (DOCX, PPTX)."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from urllib.parse import unquote

from gpts.knowledge.extraction.office.archives import Archive

RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# A document with more relationships than this is hostile; each has an entry in memory.
RELATIONS = 100_000


@dataclass(frozen=True)
class Relation:
    """``kind`` is the last part of the type's address ("header"); ``target`` a name in the archive."""

    kind: str
    target: str


def read_relations(archive: Archive, part: str) -> dict[str, Relation]:
    """Return the relationships of a part by id, without those that point outside of the archive."""
    folder, base = posixpath.split(part)
    found: dict[str, Relation] = {}
    name = archive.find_name(posixpath.join(folder, "_rels", f"{base}.rels"))
    if name is None:
        return found
    for element in archive.iter_elements(name, (RELATION,)):
        if element.get("TargetMode") != "External" and len(found) < RELATIONS:
            target = unquote(element.get("Target", "").partition("#")[0])
            path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            known = archive.find_name(posixpath.normpath(path))
            if known is not None:
                kind = element.get("Type", "").rpartition("/")[2]
                found[element.get("Id", "")] = Relation(kind, known)
        element.clear()
    return found


def find_main_part(archive: Archive, usual: str) -> str:
    """Return the name of the main part, which the package's relationships name; ``usual`` without one."""
    for relation in read_relations(archive, "").values():
        if relation.kind == "officeDocument":
            return relation.target
    return archive.find_name(usual) or usual
