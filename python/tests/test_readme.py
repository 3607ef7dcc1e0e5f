"""
The README's examples run as they stand. Those for Spark, and those of its guide, are compiled,
and what they import has to be there: examples/cluster/spark.py runs the same calls.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys

from .support import ROOT, SOURCES, FolderTest

import ironfern_spark  # isort: skip

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def programs_of(*document: str) -> list[str]:
    return BLOCK.findall(ROOT.joinpath(*document).read_text(encoding="utf-8"))


class ReadmeTest(FolderTest):
    def test_examples_for_spark(self) -> None:
        programs = [text for text in programs_of("python", "README.md") if "pyspark" in text]
        programs += programs_of("docs", "spark.md")
        self.assertGreaterEqual(len(programs), 5)
        for program in programs:
            for node in ast.walk(ast.parse(program)):
                if isinstance(node, ast.ImportFrom) and node.module == "ironfern_spark":
                    names = {name.name for name in node.names}
                    self.assertLessEqual(names, set(ironfern_spark.__all__))

    def test_examples(self) -> None:
        programs = [
            text for text in programs_of("python", "README.md") if "pyspark" not in text
        ]
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
