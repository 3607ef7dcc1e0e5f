"""Runs a program on a pseudo-terminal and types what it asks for.

    on_terminal.py JOB

JOB is a file of JSON: `args` (the command line), `env`, `cwd`, `steps` (each `expect`, a text
to wait for, then `send`, keys, or `signal`, a signal's name), `stdin`, `stdout` and
`stderr` (a file's path instead of the terminal). Prints JSON: `code`, `output` (what the
terminal showed), `restored` (whether its modes are as before), `timeout`, and `steps_left`.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

DEADLINE = 40


def modes(fd):
    """The input and local modes, which a prompt changes."""
    attributes = termios.tcgetattr(fd)
    return attributes[0], attributes[3]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    before = modes(slave)

    def own_terminal():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    stdin = open(job["stdin"], "rb") if job.get("stdin") else slave
    stdout = open(job["stdout"], "wb") if job.get("stdout") else slave
    stderr = open(job["stderr"], "wb") if job.get("stderr") else slave
    child = subprocess.Popen(
        job["args"],
        cwd=job.get("cwd"),
        env={**os.environ, "TERM": "xterm", **job.get("env", {})},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=own_terminal,
    )
    output = b""
    seen = 0
    steps = list(job.get("steps", []))
    deadline = time.monotonic() + DEADLINE
    timeout = False
    while True:
        # A child that exited may have left output: so the terminal is read after the look.
        if time.monotonic() > deadline:
            timeout = True
            child.kill()
        exited = child.poll() is not None
        while select.select([master], [], [], 0 if exited else 0.02)[0]:
            output += os.read(master, 65536)
        if exited:
            break
        if steps:
            at = output.find(steps[0]["expect"].encode(), seen)
            if at >= 0:
                step = steps.pop(0)
                seen = at + len(step["expect"].encode())
                if "send" in step:
                    os.write(master, step["send"].encode())
                if "signal" in step:
                    child.send_signal(getattr(signal, step["signal"]))
    result = {
        # As a shell has it of a process that a signal ended.
        "code": child.returncode if child.returncode >= 0 else 128 - child.returncode,
        "output": output.decode(errors="replace"),
        "restored": modes(slave) == before,
        "timeout": timeout,
        "steps_left": len(steps),
    }
    print(json.dumps(result))


main()
