"""Reads XML that others sent: no document types, entities, comments or network."""

from __future__ import annotations

from lxml import etree

ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
REDIRECT_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def parse_document(data: bytes, *, drops_comments: bool = False) -> etree._Element:
    """Return the root element. Raises ValueError for what is no XML, and for a document type or entities.

    Comments and processing instructions are refused too, or dropped: a comment within a name splits its text,
    and a reader may take the first part for the whole (CVE-2017-11427).
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=drops_comments,
        remove_pis=drops_comments,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError("no XML") from error
    about = root.getroottree().docinfo
    if about.internalDTD is not None or about.externalDTD is not None:
        raise ValueError("a document type")
    for _node in root.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity):
        raise ValueError("a comment, an instruction or an entity")
    return root


def read_text(element: etree._Element | None) -> str:
    """Return the text of an element that has no others inside. Raises ValueError when it has."""
    if element is None:
        return ""
    if len(element):
        raise ValueError("elements in a text")
    return (element.text or "").strip()
