"""What several tests need."""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "python" / "src"
VECTORS = ROOT / "vectors"

sys.path.insert(0, str(SOURCES))


def vectors(name: str) -> tuple[list[Any], list[Any]]:
    """The good and the bad vectors of a format, but those for lenient readers."""
    file = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    cases = [case for case in file["cases"] if "needs" not in case]
    return [c for c in cases if "output" in c], [c for c in cases if "error" in c]


def key_text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


class FolderTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name: str, data: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())
