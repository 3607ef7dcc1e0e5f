"""The kernel's instance in this process, its arena, and the wiping of both."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar

import wasmtime
from wasmtime import _bindings

T = TypeVar("T")

#: What is between two places in the arena is a multiple of this.
ALIGNMENT = 8
#: By default wasmtime reserves 4 GiB of addresses for a memory, and more around it. Spark
#: limits the addresses of a worker (``spark.executor.pyspark.memory`` is ``RLIMIT_AS``), so
#: the reservation has to be small. The kernel's memory has 9 MiB and cannot grow.
MEMORY_RESERVATION = 16 << 20
MEMORY_GUARD = 64 << 10


class Arena:
    """The arena during one call: places are given out from its start."""

    def __init__(self, view: memoryview, address: int) -> None:
        self._view = view
        self._address = address
        self._used = 0

    def place(self, length: int) -> int:
        """Gives out a place of ``length`` bytes."""
        place = self._used
        if place + length > len(self._view):
            raise ValueError("Cannot fit the batch into the kernel's arena: split it")
        rounded = -(-length // ALIGNMENT) * ALIGNMENT
        self._used = min(place + rounded, len(self._view))
        return place

    def write(self, data: Any) -> int:
        """Copies bytes, or the memory of an array, in and says where they are."""
        source = memoryview(data).cast("B")
        place = self.place(len(source))
        self._view[place : place + len(source)] = source
        return place

    def read(self, place: int, length: int) -> bytearray:
        """A copy of ``length`` bytes."""
        return bytearray(self._view[place : place + length])

    def wipe(self) -> None:
        """Wipes all that was given out."""
        ctypes.memset(self._address, 0, self._used)
        self._used = 0


class Kernel:
    """An instance of the kernel; nothing of it may outlive it."""

    def __init__(self) -> None:
        config = wasmtime.Config()
        # A child that is forked has none of the threads that compile.
        config.parallel_compilation = False
        # wasmtime's own class has no properties for these three.
        pointer = config.ptr()
        _bindings.wasmtime_config_memory_reservation_set(pointer, MEMORY_RESERVATION)
        _bindings.wasmtime_config_memory_reservation_for_growth_set(pointer, 0)
        _bindings.wasmtime_config_memory_guard_size_set(pointer, MEMORY_GUARD)
        engine = wasmtime.Engine(config)
        self._store = wasmtime.Store(engine)
        module = wasmtime.Module(engine, kernel_bytes())
        self._exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        memory = self._exports["memory"]
        assert isinstance(memory, wasmtime.Memory)
        buffer = memory.get_buffer_ptr(self._store)
        self._memory_address = ctypes.addressof(buffer)
        self._memory_length = len(buffer)
        self._stack_end = int(self.run("stack_end"))
        start, length = int(self.run("arena_address")), int(self.run("arena_length"))
        view = memoryview(buffer).cast("B")[start : start + length]
        self.arena = Arena(view, self._memory_address + start)
        self.arena_length = length
        self.broken = False

    def run(self, name: str, *arguments: int) -> Any:
        """Calls a function of the kernel."""
        function = self._exports[name]
        assert isinstance(function, wasmtime.Func)
        return function(self._store, *arguments)

    def call(self, work: Callable[[Kernel, Arena], T]) -> T:
        """
        Does ``work``, then wipes what it put into the arena and the kernel's stack, where
        copies of keys and of words of plaintext are left by any call.

        After a call that raises, all of the memory is wiped, and the instance is not used
        again: a trap leaves it in no state that is known.
        """
        self.broken = True
        try:
            result = work(self, self.arena)
            self.arena.wipe()
            ctypes.memset(self._memory_address, 0, self._stack_end)
            self.broken = False
            return result
        finally:
            if self.broken:
                self.wipe_all()

    def wipe_all(self) -> None:
        """Wipes all of the memory, which ends the use of this instance."""
        self.broken = True
        ctypes.memset(self._memory_address, 0, self._memory_length)

    def memory_bytes(self) -> bytes:
        """A copy of all of the memory, for tests."""
        return ctypes.string_at(self._memory_address, self._memory_length)


def kernel_bytes() -> bytes:
    """The kernel's WebAssembly, the very bytes that the TypeScript package has."""
    return files(__package__).joinpath("kernel.wasm").read_bytes()


_lock = threading.RLock()
_kernel: Kernel | None = None


def with_kernel(work: Callable[[Kernel, Arena], T]) -> T:
    """Does ``work`` with this process's kernel, which one thread at a time uses."""
    global _kernel
    with _lock:
        if _kernel is None or _kernel.broken:
            _kernel = Kernel()
        return _kernel.call(work)


def _forget_in_child() -> None:
    """
    A forked child has a copy of the memory, and perhaps of a lock that a thread held which
    the child does not have. It wipes the copy and makes a kernel of its own.
    """
    global _kernel, _lock
    _lock = threading.RLock()
    if _kernel is not None:
        _kernel.wipe_all()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
