"""
A cluster of Spark on this machine: a master and two workers, on loopback, as a block.

Everything is in a temporary folder and in process groups of its own, which are killed at the
end of the block, or when the time is up.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent
LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1
#: A run is short: what the JVM's second compiler would win is less than what it takes.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
#: Seconds that a process may take to listen, on a busy machine.
START_SECONDS = 60


class Standalone:
    """The cluster; ``master`` is its URL, ``folder`` a place that all of its processes see."""

    def __init__(self, workers: int, seconds: int, environment: dict[str, str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ironfern-spark-"))
        self._workers = workers
        self._children: list[subprocess.Popen[bytes]] = []
        self._timer = threading.Timer(seconds, self._out_of_time)
        self._timer.daemon = True
        self._environment = {
            **os.environ,
            "SPARK_HOME": str(SPARK_HOME),
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": JAVA_OPTIONS,
            **environment,
        }
        self.master = f"spark://{LOOPBACK}:{free_port()}"

    def __enter__(self) -> Standalone:
        self._timer.start()
        try:
            port = self.master.rpartition(":")[2]
            start = ["--host", LOOPBACK, "--webui-port", "0", "--port"]
            self._start("master", "org.apache.spark.deploy.master.Master", *start, port)
            self._await_port(int(port))
            for number in range(self._workers):
                name = f"worker{number}"
                self._start(
                    name,
                    "org.apache.spark.deploy.worker.Worker",
                    *[*start, "0", "--cores", "1", "--memory", "1g"],
                    *["--work-dir", str(self.folder / name), self.master],
                )
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._stop()

    def _start(self, name: str, main: str, *arguments: str) -> None:
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            child = subprocess.Popen(
                [str(SPARK_HOME / "bin" / "spark-class"), main, *arguments],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self._children.append(child)

    def _await_port(self, port: int) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex((LOOPBACK, port)) == 0:
                    return
            if self._children[0].poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError((self.folder / "master.log").read_text()[-2000:])

    def _stop(self) -> None:
        # The executors are in their worker's group.
        for child in reversed(self._children):
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _out_of_time(self) -> None:
        print("The time is up: everything is killed", flush=True)
        self._stop()
        # The driver's JVM ends when its standard input does.
        os._exit(1)


def _end_with_parent() -> None:
    """Linux kills the child when its parent is killed and cannot do it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
