"""The kernel in wasmtime: its memory is small, wiped, and not shared with children."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import unittest

from .support import SOURCES

import ironfern_spark as ironfern  # isort: skip
from ironfern_spark import _kernel  # isort: skip

KEY = bytes(range(101, 133))
NEEDLE = b"4111-1111-1111-1111-" * 3

LIMITED = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import wasmtime
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + (64 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
if sys.argv[2] == "plain":
    wasmtime.Memory(wasmtime.Store(), wasmtime.MemoryType(wasmtime.Limits(144, 144)))
else:
    import ironfern_spark as ironfern
    key = ironfern.generate_key()
    texts = ["text"] * 10_000
    assert ironfern.decrypt_many(ironfern.encrypt_many(texts, key), key) == texts
"""


def memory() -> bytes:
    assert _kernel._kernel is not None
    return _kernel._kernel.memory_bytes()


def limited(mode: str) -> int:
    program = [sys.executable, "-c", LIMITED, str(SOURCES), mode]
    return subprocess.run(program, capture_output=True, check=False).returncode


class KernelTest(unittest.TestCase):
    def test_nothing_is_left_in_the_memory(self) -> None:
        tokens = ironfern.encrypt_many([NEEDLE] * 100, KEY)
        ironfern.decrypt_many(tokens, KEY)
        ironfern.decrypt_many([*tokens, "no token"], KEY, bad_tokens="null")
        ironfern.decrypt_many(tokens, ironfern.generate_key(), bad_tokens="null")
        ironfern.encrypt_many([NEEDLE * 100_000], KEY)
        left = memory()
        for needle in (NEEDLE[:16], KEY[:16], KEY[16:]):
            self.assertNotIn(needle, left)

    def test_the_search_would_find_it(self) -> None:
        def work(_: _kernel.Kernel, arena: _kernel.Arena) -> bool:
            arena.write(KEY)
            return KEY in memory()

        self.assertTrue(_kernel.with_kernel(work))
        self.assertNotIn(KEY, memory())

    def test_a_trap_wipes_all_and_starts_anew(self) -> None:
        def trap(kernel: _kernel.Kernel, arena: _kernel.Arena) -> None:
            arena.write(KEY)
            kernel.run("mac_tag", 15, 0)

        self.assertEqual(ironfern.decrypt_many(ironfern.encrypt_many(["a"], KEY), KEY), ["a"])
        with self.assertRaises(Exception) as caught:
            _kernel.with_kernel(trap)
        self.assertEqual(type(caught.exception).__module__.split(".")[0], "wasmtime")
        self.assertEqual(memory().strip(b"\0"), b"")
        self.assertEqual(ironfern.decrypt_many(ironfern.encrypt_many(["a"], KEY), KEY), ["a"])

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_child_has_no_copy_and_works(self) -> None:
        tokens = ironfern.encrypt_many(["a"], KEY)
        inside, outside = threading.Event(), threading.Event()

        def hold(_: _kernel.Kernel, arena: _kernel.Arena) -> None:
            arena.write(KEY)
            inside.set()
            outside.wait()

        holder = threading.Thread(target=_kernel.with_kernel, args=(hold,))
        holder.start()
        inside.wait()
        child = os.fork()
        if child == 0:
            clean = KEY not in memory()
            good = ironfern.decrypt_many(tokens, KEY) == ["a"]
            os._exit(0 if clean and good else 1)
        outside.set()
        holder.join()
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_threads_take_turns(self) -> None:
        texts = [str(number) for number in range(3_000)]
        results: list[bool] = []

        def work() -> None:
            key = ironfern.generate_key()
            for _ in range(3):
                back = ironfern.decrypt_many(ironfern.encrypt_many(texts, key), key)
                results.append(back == texts)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 12)

    @unittest.skipUnless(sys.platform == "linux", "RLIMIT_AS counts addresses on Linux")
    def test_a_limit_of_addresses(self) -> None:
        self.assertEqual(limited("ironfern"), 0)
        # As wasmtime reserves them by default, there are not enough.
        self.assertNotEqual(limited("plain"), 0)
