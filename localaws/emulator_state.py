"""Saves the embedded AWS's state while it runs.

ministack itself saves at a clean stop only: a machine that fails would lose the stack, people and queues
and keep the S3 objects, and no stack could be deployed over those again.

A forked child writes what it finds in its copy of the memory, so that nobody waits for it: written in
the server's own process, 5,000 decisions hold every request up for 400 ms.
"""

import asyncio
import os
import signal
import sys
import time
from importlib import import_module
from typing import Any

#: What a failing machine may lose.
_INTERVAL_SECONDS = 30.0
_LOOK_SECONDS = 0.5
#: A child this old hangs, on a lock that a thread held while it was forked; the next one will not.
_PATIENCE_SECONDS = 60.0


async def keep(stopping: asyncio.Event) -> None:
    """Save every half minute, and whenever a stack has been changed, until the emulator stops."""
    stacks: Any = import_module("ministack.services.cloudformation")._stacks
    saver = _Saver()
    saved_stacks = _settled(stacks)
    while not stopping.is_set():
        try:
            await asyncio.wait_for(stopping.wait(), _LOOK_SECONDS)
        except TimeoutError:
            settled = _settled(stacks)
            if saver.idle() and (settled != saved_stacks or saver.seconds_since_start >= _INTERVAL_SECONDS):
                saver.start()
                saved_stacks = settled
    saver.stop()


class _Saver:
    """At most one child that saves."""

    def __init__(self) -> None:
        self._ministack: Any = import_module("ministack.app")
        self._persistence: Any = import_module("ministack.core.persistence")
        self._child: int | None = None
        self._started_at = time.monotonic()

    @property
    def seconds_since_start(self) -> float:
        return time.monotonic() - self._started_at

    def idle(self) -> bool:
        if self._child is None:
            return True
        pid, status = os.waitpid(self._child, os.WNOHANG)
        if pid == self._child:
            self._child = None
            if status:
                sys.stderr.write(f"the embedded AWS's state was not saved (status {status})\n")
        elif self.seconds_since_start > _PATIENCE_SECONDS:
            self.stop()
        return self._child is None

    def start(self) -> None:
        self._started_at = time.monotonic()
        try:
            self._child = os.fork()
        except OSError as error:
            sys.stderr.write(f"the embedded AWS's state was not saved: {error}\n")
            return
        if self._child:
            return
        saved = False
        try:
            # a signal to the group must not reach the parent's event loop through the child
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            self._persistence.save_all(self._ministack._build_persistence_save_dict())
            saved = True
        finally:
            os._exit(0 if saved else 1)

    def stop(self) -> None:
        """End the child; every file it had finished is whole, the one it was at is the older one."""
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = None


def _settled(stacks: Any) -> dict[Any, tuple[str, str]]:
    """Return status and time of every stack that nothing is going on with."""
    return {
        key: (stack.get("StackStatus", ""), str(stack.get("LastUpdatedTime", "")))
        for key, stack in stacks._data.items()
        if not stack.get("StackStatus", "").endswith("_IN_PROGRESS")
    }
