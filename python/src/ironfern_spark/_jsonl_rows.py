"""
The rows of JSON lines as they stand, each one a JSON text. Nothing is parsed and written
again: numbers of any precision, white space and escapes stay as they are.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Optional

from ._rows import LONGEST_PART, Row, bom_length, row_text
from .errors import RowError, shown

_BLANK = re.compile(r"[ \t\r]*\Z")
_SPACE = re.compile(r"[ \t\n\r]*")


def _no_constant(name: str) -> Any:
    raise ValueError(name)


# Numbers are not computed: Python refuses long ones.
_DECODER = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=_no_constant)


@dataclass
class PathNode:
    """A step of paths: the names of members, and the indexes of elements."""

    children: dict[str, PathNode] = field(default_factory=dict)
    #: The position, among the paths, of the one that ends here.
    target: Optional[int] = None


def pointer_steps(pointer: str) -> list[str] | None:
    """The steps of a JSON Pointer (RFC 6901), or ``None`` if it is none."""
    if not pointer.startswith("/") or re.search(r"~(?![01])", pointer):
        return None
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def pointer_to(name: str) -> str:
    """The pointer to a member of the outermost object."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def path_tree(paths: list[list[str]]) -> PathNode | int:
    """Joins paths into a tree; the position of one that is within another is returned."""
    root = PathNode()
    for target, path in enumerate(paths):
        node = root
        for name in path:
            node = node.children.setdefault(name, PathNode())
            if node.target is not None:
                return target
        if node.children:
            return target
        node.target = target
    return root


@dataclass
class JsonlFormat:
    """JSON lines as a format of rows."""

    #: The fields as the caller named them, and as JSON Pointers.
    fields: list[str]
    pointers: list[str]
    #: Those that a row may lack.
    optional: set[int]
    row_id: str | None
    #: The paths of the fields and, as the last one, of the id.
    paths: PathNode
    type: int = 2
    names: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.names = [pointer.encode() for pointer in self.pointers]

    def reader(self, longest: int, encrypted: bool) -> JsonlReader:  # noqa: ARG002
        return JsonlReader(self, encrypted)

    def write_token(self, token: bytes) -> bytes:
        return b'"' + token + b'"'

    def read_token(self, raw: bytes) -> bytes:
        if not raw.startswith(b'"'):
            return b""
        if b"\\" not in raw:
            return raw[1:-1]
        # Some writers of JSON escape the "=" that tokens end with.
        return str(json.loads(raw)).encode("ascii", "replace")

    def write_value(self, value: bytes) -> bytes | None:
        return value if value and b"\n" not in value else None


class JsonlReader:
    """Makes rows of the lines of one file."""

    def __init__(self, format: JsonlFormat, encrypted: bool) -> None:
        self._format = format
        self._encrypted = encrypted
        self._row = 0

    def finish(self) -> None:
        """Every line is a row."""

    def read(self, line: bytes, ended: bool) -> Row:  # noqa: ARG002
        number, self._row = self._row, self._row + 1
        mark = bom_length(line) if number == 0 else 0
        text = row_text(line[mark:], number + 1, number)
        if _BLANK.match(text):
            return Row(number, number + 1, [line], [], blank=True)
        found = self._find(text, number)
        targets = self._format.fields
        spans = [(target, a, b) for target, a, b in found if target < len(targets)]
        self._check_missing(text, number, {target for target, _, _ in spans})
        parts = [line[:mark]]
        at = 0
        for _, start, end in spans:
            parts[-1] += text[at:start].encode()
            parts += [text[start:end].encode(), b""]
            at = end
        parts[-1] += text[at:].encode()
        fields = [target for target, _, _ in spans]
        return Row(number, number + 1, parts, fields, self._id(text, found, number))

    def _find(self, text: str, number: int) -> list[tuple[int, int, int]]:
        try:
            _DECODER.decode(text)
            walk = _Walk(text)
            unique = walk.value(0, self._format.paths) >= 0
        except RecursionError:
            raise RowError("it is nested too deeply", number + 1, number) from None
        except ValueError:
            # Its own message quotes what it stumbled over.
            reason = f"it is not JSON{_advice(text)}"
            raise RowError(reason, number + 1, number) from None
        if not unique:
            reason = "a name on the way to a field is repeated in its object"
            raise RowError(reason, number + 1, number)
        return walk.found

    def _check_missing(self, text: str, number: int, has: set[int]) -> None:
        fields = self._format.fields
        if len(has) == len(fields):
            return
        for index, name in enumerate(fields):
            if index not in has and index not in self._format.optional:
                raise _lacking(text, number, name)
        if has or self._encrypted:
            return
        # What cannot have any of the fields, such as an array of rows, would stay in clear.
        start = text.lstrip()[:4]
        elements = any(re.match(r"/\d", pointer) for pointer in self._format.pointers)
        if start.startswith("{") or start == "null" or (elements and start.startswith("[")):
            return
        raise RowError(f"it is not an object{_array_advice(text)}", number + 1, number)

    def _id(self, text: str, found: list[tuple[int, int, int]], number: int) -> bytes | None:
        name = self._format.row_id
        if name is None:
            return None
        spans = [(a, b) for target, a, b in found if target == len(self._format.fields)]
        if not spans:
            raise _lacking(text, number, name)
        raw = text[slice(*spans[0])]
        if raw[0] not in '"-0123456789':
            reason = "its id is neither a string nor a number"
            raise RowError(reason, number + 1, number, name)
        # A string without escapes stands as RFC 8785 writes it.
        if "\\" in raw:
            raw = json.dumps(json.loads(raw), ensure_ascii=False)
        try:
            row_id = raw.encode()
        except UnicodeEncodeError:
            reason = "its id holds a lone surrogate"
            raise RowError(reason, number + 1, number, name) from None
        if len(row_id) > LONGEST_PART:
            reason = f"its id has more than {LONGEST_PART} bytes"
            raise RowError(reason, number + 1, number, name)
        return row_id


class _Walk:
    """Finds the values at the paths of a tree, in a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.found: list[tuple[int, int, int]] = []

    def value(self, at: int, node: PathNode) -> int:
        """Passes over a value; the place after it, or -1 if a name is repeated."""
        at = self._skip(at)
        if node.target is not None:
            end = self._end(at)
            self.found.append((node.target, at, end))
            return end
        if self._text[at] == "{" and node.children:
            return self._object(at, node.children)
        if self._text[at] == "[" and node.children:
            return self._array(at, node.children)
        return self._end(at)

    def _object(self, at: int, children: dict[str, PathNode]) -> int:
        text = self._text
        seen: set[str] = set()
        at = self._skip(at + 1)
        while text[at] != "}":
            name, at = scanstring(text, at + 1, True)
            at = self._skip(at) + 1
            child = children.get(name)
            if child is None:
                at = self._end(self._skip(at))
            elif name in seen:
                return -1
            else:
                seen.add(name)
                at = self.value(at, child)
                if at < 0:
                    return -1
            at = self._skip(at)
            if text[at] == ",":
                at = self._skip(at + 1)
        return at + 1

    def _array(self, at: int, children: dict[str, PathNode]) -> int:
        text = self._text
        index = 0
        at = self._skip(at + 1)
        while text[at] != "]":
            child = children.get(str(index))
            at = self._end(at) if child is None else self.value(at, child)
            if at < 0:
                return -1
            index += 1
            at = self._skip(at)
            if text[at] == ",":
                at = self._skip(at + 1)
        return at + 1

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return at if found is None else found.end()

    def _end(self, at: int) -> int:
        return int(_DECODER.raw_decode(self._text, at)[1])


def _advice(text: str) -> str:
    """What a line that is not JSON may be part of."""
    line = text.strip()
    if line.startswith("[") or re.fullmatch(r"\{.*\},", line):
        return (
            ", but part of an array: write each of its elements on a line of its own, "
            "without commas"
        )
    if re.fullmatch(r"[{}\]],?", line) or re.match(r'"(?:[^"\\]|\\.)*"\s*:', line):
        return " by itself, but part of a value on several lines: write it on one line"
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
    if re.search(r"(?:^|[\s\[:,-])(?:NaN|Infinity)(?=$|[\s\],}])", bare):
        return ": it has NaN or Infinity, which JSON does not know, so write null or a string"
    return ""


def _lacking(text: str, number: int, name: str) -> RowError:
    reason = f"it has no {shown(name)}{_array_advice(text)}"
    return RowError(reason, number + 1, number, name)


def _array_advice(text: str) -> str:
    if not text.lstrip().startswith("["):
        return ""
    return (
        "; it is an array, so write each of its elements on a line of its own, without commas"
    )
