"""
The errors that a caller may want to catch.

Misuse is a built-in ``TypeError`` (a wrong kind of value) or ``ValueError``. No message ever
holds a secret, and every error can be pickled, as it has to be on its way between processes.
"""

from __future__ import annotations

from typing import Any


class IronfernError(Exception):
    """What the errors of this package have in common."""

    #: Why, for programs: it stays the same between versions.
    code: str = "error"

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[IronfernError], args: Any, state: dict[str, Any]) -> IronfernError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidTokenError(IronfernError):
    """
    A token cannot be opened: it is malformed, forged, expired, from the future, or of another
    key. Which of them is not told, so that nobody can learn from the difference.
    """

    code = "invalid-token"

    def __init__(
        self, index: int | None = None, line: int | None = None, field: str | None = None
    ) -> None:
        super().__init__(
            f"Cannot open {_place(index, line, field)}: it is not valid under this key"
        )
        #: The position of the bad token among those given, or of its row, from 0.
        self.index = index
        #: The line of the file that holds the token, from 1.
        self.line = line
        #: The field that holds the token, as the caller named it.
        self.field = field


def _place(index: int | None, line: int | None, field: str | None) -> str:
    if line is None:
        return "the token" if index is None else f"token {index}"
    within = "" if field is None else f", field {shown(field)}"
    return f"the token in line {line}{within}"


_REASONS = {
    "bad-header": "it is no header of a sealed export of version 1",
    "iterations-out-of-range": "its iterations are outside the bounds",
    "unexpected-id": "the export has another id than the expected one",
    "line-too-long": "it is longer than any line of a sealed export",
    "wrong-secret-or-header": "wrong passphrase or key, or not the file that it was",
    "bad-token": "it is not valid under the export's key",
    "out-of-order": "it belongs in another place",
    "trailing-data": "the export has ended before it",
    "truncated": "the export ends here, before its final line",
}


class SealedExportError(IronfernError):
    """
    A sealed export cannot be opened. The first bad line decides. The codes are those of
    docs/FORMATS.md, and of the TypeScript package.
    """

    def __init__(self, code: str, line: int, reason: str | None = None) -> None:
        why = _REASONS[code] if reason is None else reason
        super().__init__(f"Cannot open the sealed export at line {line}: {why}")
        self.code = code
        #: The first bad line as editors count it, from 1, which is the header.
        self.line = line


class RowError(IronfernError, ValueError):
    """A row of CSV or of JSON lines cannot be read. The message never holds what is in it."""

    code = "bad-row"

    def __init__(
        self, reason: str, line: int, row: int | None = None, field: str | None = None
    ) -> None:
        what = "the header" if row is not None and row < 0 else f"line {line}"
        super().__init__(f"Cannot read {what}: {reason}")
        #: The line of the input as editors count it, from 1.
        self.line = line
        #: The number of the row of data, from 0; ``None`` for a header.
        self.row = None if row is not None and row < 0 else row
        #: The field, as the caller named it.
        self.field = field


#: Characters of a name out of a file that are shown.
_SHOWN_LENGTH = 40


def shown(name: str) -> str:
    """A name, quoted and short, with what a terminal would not show as escapes."""
    short = name if len(name) <= _SHOWN_LENGTH else f"{name[:_SHOWN_LENGTH]}..."
    escaped = "".join(
        c if c.isprintable() and c not in '"\\' else c.encode("unicode_escape").decode()
        for c in short
    )
    return f'"{escaped}"'
