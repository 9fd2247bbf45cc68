"""Saves the embedded AWS's state while it runs.

ministack itself saves at a clean stop only: a machine that fails would lose the stack, people and queues
and keep the S3 objects, and no stack could be deployed over those again.
"""

import asyncio
import time
from importlib import import_module
from typing import Any

#: What a failing machine may lose.
_INTERVAL_SECONDS = 30.0
_LOOK_SECONDS = 0.5


async def keep(stopping: asyncio.Event) -> None:
    """Save every half minute, and whenever a stack has been changed, until the emulator stops."""
    ministack: Any = import_module("ministack.app")
    persistence: Any = import_module("ministack.core.persistence")
    stacks: Any = import_module("ministack.services.cloudformation")._stacks
    saved_stacks, saved_at = _settled(stacks), time.monotonic()
    while not stopping.is_set():
        try:
            await asyncio.wait_for(stopping.wait(), _LOOK_SECONDS)
        except TimeoutError:
            settled = _settled(stacks)
            if settled != saved_stacks or time.monotonic() - saved_at >= _INTERVAL_SECONDS:
                persistence.save_all(ministack._build_persistence_save_dict())
                saved_stacks, saved_at = settled, time.monotonic()


def _settled(stacks: Any) -> dict[Any, tuple[str, str]]:
    """Return status and time of every stack that nothing is going on with."""
    return {
        key: (stack.get("StackStatus", ""), str(stack.get("LastUpdatedTime", "")))
        for key, stack in stacks._data.items()
        if not stack.get("StackStatus", "").endswith("_IN_PROGRESS")
    }
