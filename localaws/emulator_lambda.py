"""Events that wait for a free runtime, as Lambda's own queue of asynchronous events lets them.

ministack starts an interpreter for every event that comes while all others are busy, and gives an event up
that came while a limit of its own was reached. A batch of photos started a dozen interpreters, which took
more of the machine than the photos.
"""

import os
from contextvars import ContextVar
from functools import partialmethod
from importlib import import_module
from threading import Semaphore
from typing import Any

#: What a function wrote to stderr is in the pipe when its answer is. ministack waits 50 ms for one that wrote
#: nothing, and keeps its runtime meanwhile.
_LOG_SECONDS = 0.005


def install() -> None:
    """Let so many events at a time into runtimes as the machine has cores; the others wait their turn."""
    functions: Any = import_module("ministack.services.lambda_svc")
    invoke, execute = functions.invoke_async_with_retry, functions._execute_function
    runtimes = Semaphore(os.cpu_count() or 1)
    # carried over into the thread that ministack starts for an event; who waits for an answer never queues,
    # or a function that calls itself would wait for itself
    queued: ContextVar[bool] = ContextVar("queued", default=False)

    def invoke_queued(function: Any, event: Any) -> None:
        token = queued.set(True)
        try:
            invoke(function, event)
        finally:
            queued.reset(token)

    def execute_in_turn(function: Any, event: Any) -> Any:
        if not queued.get():
            return execute(function, event)
        with runtimes:
            queued.set(False)
            try:
                return execute(function, event)
            finally:
                queued.set(True)

    functions.invoke_async_with_retry = invoke_queued
    functions._execute_function = execute_in_turn
    worker: Any = import_module("ministack.core.lambda_runtime").Worker
    worker._drain_stderr_bounded = partialmethod(
        worker._drain_stderr_bounded, first_line_wait=_LOG_SECONDS, idle_confirm=0.0
    )
