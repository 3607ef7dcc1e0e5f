"""The README's examples run as they stand, each in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from .support import ROOT, SOURCES, FolderTest

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


class ReadmeTest(FolderTest):
    def test_examples(self) -> None:
        readme = (ROOT / "python" / "README.md").read_text(encoding="utf-8")
        programs = [block for block in BLOCK.findall(readme) if "pyspark" not in block]
        self.assertGreaterEqual(len(programs), 4)
        # One process runs all of them: each starts from nothing but the folder.
        script = "\n".join(
            f"exec(compile({program!r}, 'example', 'exec'), {{'__name__': 'example'}})"
            for program in programs
        )
        environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
        environment.pop("IRONFERN_KEY", None)
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
        )
        self.assertEqual(ran.returncode, 0, ran.stderr)
