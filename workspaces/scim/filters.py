"""Parses filters and paths of PATCH (RFC 7644, sections 3.4.2.2 and 3.5.2) into trees, and applies them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workspaces.scim.errors import ScimError
from workspaces.scim.schemas import Attribute, ResourceType

MAX_LENGTH = 4_000
MAX_DEPTH = 20
OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<punctuation>[()\[\]])
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<word>(?:[uU][rR][nN]:[A-Za-z0-9:._-]+|[A-Za-z$][\w$-]*(?:\.[A-Za-z$][\w$-]*)?|-?\d+(?:\.\d+)?))
      | (?P<dot>\.[A-Za-z$][\w$-]*)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Place:
    """An attribute: of the core schema, of an extension (``urn``), perhaps a part of it (``sub``)."""

    attribute: Attribute
    urn: str = ""
    sub: Attribute | None = None

    @property
    def leaf(self) -> Attribute:
        return self.sub or self.attribute


@dataclass(frozen=True)
class Comparison:
    place: Place
    operator: str
    value: Any = None


@dataclass(frozen=True)
class Both:
    left: Node
    right: Node


@dataclass(frozen=True)
class Either:
    left: Node
    right: Node


@dataclass(frozen=True)
class Not:
    inner: Node


@dataclass(frozen=True)
class ValuePath:
    """``emails[type eq "work"]``: some value of the attribute fulfils ``inner``."""

    place: Place
    inner: Node


Node = Comparison | Both | Either | Not | ValuePath


@dataclass(frozen=True)
class Path:
    """The target of a PATCH: ``emails[type eq "work"].value``. Without a place it is a whole extension."""

    place: Place | None
    chosen: Node | None = None
    urn: str = ""


def find_place(name: str, kind: ResourceType) -> Place | None:
    """Return the attribute that ``name`` spells, in any case and with or without its URN."""
    urn, rest = _split_urn(name, kind)
    head, _dot, tail = rest.partition(".")
    extension = kind.find_extension(urn) if urn else None
    if extension is not None:
        attribute = extension.by_name.get(head.lower())
    else:
        attribute = kind.core.by_name.get(head.lower()) or kind.common.get(head.lower())
    if attribute is None:
        return None
    sub = attribute.by_name.get(tail.lower()) if tail else None
    if tail and sub is None:
        return None
    return Place(attribute, extension.urn if extension else "", sub)


def _split_urn(name: str, kind: ResourceType) -> tuple[str, str]:
    lowered = name.lower()
    for schema in (kind.core, *kind.extensions):
        urn = schema.urn.lower()
        if lowered == urn:
            return schema.urn, ""
        if lowered.startswith((f"{urn}:", f"{urn}.")):
            return schema.urn, name[len(urn) + 1 :]
    return "", name


class _Parser:
    """A recursive descent over tokens; ``kind_of_error`` is the scimType of what it refuses."""

    def __init__(self, text: str, kind: ResourceType, kind_of_error: str) -> None:
        self.kind = kind
        self.kind_of_error = kind_of_error
        self.owner: Attribute | None = None
        self.depth = 0
        if len(text) > MAX_LENGTH:
            raise self.fail("It is too long.")
        self.tokens = self._split(text)
        self.at = 0

    def fail(self, detail: str) -> ScimError:
        what = "filter" if self.kind_of_error == "invalidFilter" else "path"
        return ScimError(f"The {what} cannot be read. {detail}", kind=self.kind_of_error)

    def _split(self, text: str) -> list[tuple[str, str]]:
        tokens, position = [], 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None or found.end() == position:
                raise self.fail(f"Unexpected text at character {position + 1}.")
            name = found.lastgroup or ""
            tokens.append((name, found[name]))
            position = found.end()
        return tokens

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def takes(self, kind: str, text: str = "") -> bool:
        found = self.peek()
        if found[0] == kind and (not text or found[1].lower() == text):
            self.at += 1
            return True
        return False

    def expect(self, kind: str, text: str = "") -> str:
        found = self.peek()
        if not self.takes(kind, text):
            raise self.fail(f"Expected {text or kind}, found {found[1] or 'the end'}.")
        return found[1]

    def read_filter(self) -> Node:
        left = self.read_and()
        while self.takes("word", "or"):
            left = Either(left, self.read_and())
        return left

    def read_and(self) -> Node:
        left = self.read_one()
        while self.takes("word", "and"):
            left = Both(left, self.read_one())
        return left

    def read_one(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail("It is nested too deep.")
        try:
            return self._read_one()
        finally:
            self.depth -= 1

    def _read_one(self) -> Node:
        following = self.tokens[self.at + 1][1] if self.at + 1 < len(self.tokens) else ""
        if self.peek()[1].lower() == "not" and following == "(":
            self.take()
            return Not(self._read_group())
        if self.peek()[1] == "(":
            return self._read_group()
        place = self.read_place()
        if self.owner is None and self.takes("punctuation", "["):
            node: Node = self._read_value_path(place)
            return node
        operator = self.expect("word").lower()
        if operator == "pr":
            return Comparison(place, "pr")
        if operator not in OPERATORS:
            raise self.fail(f"{operator} is no operator.")
        return Comparison(place, operator, self.read_value(place))

    def _read_group(self) -> Node:
        self.expect("punctuation", "(")
        inner = self.read_filter()
        self.expect("punctuation", ")")
        return inner

    def _read_value_path(self, place: Place) -> Node:
        inner = self.read_choice(place)
        dot = self.take()[1][1:] if self.peek()[0] == "dot" else ""
        if not dot:
            return ValuePath(place, inner)
        # emails[type eq "work"].value eq "x": the condition on the part joins the others.
        self.owner = place.attribute
        try:
            part = self._find(dot)
            operator = self.expect("word").lower()
            value = None if operator == "pr" else self.read_value(part)
        finally:
            self.owner = None
        if operator != "pr" and operator not in OPERATORS:
            raise self.fail(f"{operator} is no operator.")
        return ValuePath(place, Both(inner, Comparison(part, operator, value)))

    def read_choice(self, place: Place) -> Node:
        """Read what stands between brackets; its names are parts of ``place``."""
        if place.sub is not None or not place.attribute.subs:
            raise self.fail(f"{place.attribute.name} has no parts.")
        self.owner = place.attribute
        try:
            inner = self.read_filter()
        finally:
            self.owner = None
        self.expect("punctuation", "]")
        return inner

    def read_place(self) -> Place:
        return self._find(self.expect("word"))

    def _find(self, name: str) -> Place:
        if self.owner is not None:
            sub = self.owner.by_name.get(name.lower())
            place = None if sub is None else Place(sub)
        else:
            place = find_place(name, self.kind)
        if place is None:
            raise self.fail(f"There is no attribute {name[:100]}.")
        return place

    def read_value(self, place: Place) -> Any:
        kind, text = self.take()
        if kind == "text":
            try:
                value: Any = json.loads(text)
            except ValueError:
                raise self.fail("A text in quotes is damaged.") from None
            if any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in value):
                raise self.fail("A text has a character that cannot be stored.")
            return read_boolean(value) if place.leaf.kind == "boolean" else value
        if kind == "word" and text.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text.lower()]
        if kind == "word" and re.fullmatch(r"-?\d+(\.\d+)?", text):
            return float(text) if "." in text else int(text)
        raise self.fail("A text to compare with stands in double quotes.")

    def end(self) -> None:
        if self.peek()[0] != "end":
            raise self.fail(f"Unexpected {self.peek()[1]}.")


def parse_filter(text: str, kind: ResourceType) -> Node:
    """Return the tree of a filter. Raises ScimError ``invalidFilter``."""
    parser = _Parser(text, kind, "invalidFilter")
    node = parser.read_filter()
    parser.end()
    return node


def parse_path(text: str, kind: ResourceType) -> Path:
    """Return the target of a PATCH. Raises ScimError ``invalidPath``."""
    extension = kind.find_extension(text.strip())
    if extension is not None:
        return Path(None, urn=extension.urn)
    parser = _Parser(text, kind, "invalidPath")
    place = parser.read_place()
    chosen = None
    if parser.takes("punctuation", "["):
        chosen = parser.read_choice(place)
        if parser.peek()[0] == "dot":
            name = parser.take()[1][1:]
            sub = place.attribute.by_name.get(name.lower())
            if sub is None:
                raise parser.fail(f"{place.attribute.name} has no part {name[:100]}.")
            place = Place(place.attribute, place.urn, sub)
    parser.end()
    return Path(place, chosen, place.urn)


def read_boolean(value: Any) -> Any:
    """Return what "True" and "false" spell, in any case: some identity providers send texts."""
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    return value


# Applying ------------------------------------------------------------------------------------------------


def matches(node: Node, resource: Mapping[str, Any]) -> bool:
    """Whether a resource, or one value of an attribute, fulfils the filter."""
    if isinstance(node, Both):
        return matches(node.left, resource) and matches(node.right, resource)
    if isinstance(node, Either):
        return matches(node.left, resource) or matches(node.right, resource)
    if isinstance(node, Not):
        return not matches(node.inner, resource)
    if isinstance(node, ValuePath):
        return any(
            matches(node.inner, value if isinstance(value, Mapping) else {"value": value})
            for value in _get_values(node.place, resource)
        )
    return _compare(node, resource)


def _get_values(place: Place, resource: Mapping[str, Any]) -> list[Any]:
    source = resource.get(place.urn) if place.urn else resource
    if not isinstance(source, Mapping):
        return []
    found = source.get(place.attribute.name)
    values = found if isinstance(found, list) else [found]
    if place.sub is not None:
        values = [value.get(place.sub.name) for value in values if isinstance(value, Mapping)]
    return [value for value in values if value not in (None, "", [], {})]


def _compare(node: Comparison, resource: Mapping[str, Any]) -> bool:
    place = node.place
    if place.sub is None and "value" in place.attribute.by_name and node.operator != "pr":
        place = Place(place.attribute, place.urn, place.attribute.by_name["value"])
    values = _get_values(place, resource)
    if node.operator == "pr":
        return bool(values)
    if node.operator == "ne":
        return not any(_is_true("eq", value, node.value, place.leaf) for value in values)
    if node.value is None and node.operator == "eq":
        return not values
    return any(_is_true(node.operator, value, node.value, place.leaf) for value in values)


def _is_true(operator: str, value: Any, wanted: Any, leaf: Attribute) -> bool:
    if isinstance(value, str) and isinstance(wanted, str) and not leaf.is_exact:
        value, wanted = value.casefold(), wanted.casefold()
    if operator == "eq":
        return type(value) is type(wanted) and bool(value == wanted)
    if isinstance(value, str) and isinstance(wanted, str):
        tests = {"co": wanted in value, "sw": value.startswith(wanted), "ew": value.endswith(wanted)}
        if operator in tests:
            return tests[operator]
    elif (
        isinstance(value, bool)
        or isinstance(wanted, bool)
        or isinstance(value, str | dict)
        or not isinstance(wanted, int | float)
    ):
        return False
    order = {"gt": value > wanted, "ge": value >= wanted, "lt": value < wanted, "le": value <= wanted}
    return order.get(operator, False)
