"""ClientRequestToken: a request that comes twice is carried out once."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from localaws.rekognition.protocol.errors import ServiceError

#: How many answers are remembered; SDKs use a token for the retries of one call only.
_CAPACITY = 4096


@dataclass(slots=True)
class _Remembered:
    digest: bytes
    lock: Lock = field(default_factory=Lock)
    answer: dict[str, Any] | None = None


class IdempotentAnswers:
    """The answers given lately, by operation and token; forgotten when the server stops."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._lock = Lock()
        self._remembered: OrderedDict[tuple[str, str], _Remembered] = OrderedDict()

    def answer(
        self, operation: str, parameters: dict[str, Any], carry_out: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the answer that a request with this token had, or carry it out.

        A request that fails is not remembered; one that comes while its twin is being carried out
        waits for it.

        Raises
        ------
        ServiceError
            IdempotentParameterMismatchException where the token came with other parameters.
        """
        token = parameters.get("ClientRequestToken")
        if token is None:
            return carry_out()
        key = (operation, token)
        remembered = self._remember(key, _digest(parameters))
        with remembered.lock:
            if remembered.answer is None:
                try:
                    remembered.answer = carry_out()
                except BaseException:
                    with self._lock:
                        self._remembered.pop(key, None)
                    raise
            return remembered.answer

    def _remember(self, key: tuple[str, str], digest: bytes) -> _Remembered:
        with self._lock:
            remembered = self._remembered.setdefault(key, _Remembered(digest))
            self._remembered.move_to_end(key)
            if len(self._remembered) > self._capacity:
                self._remembered.popitem(last=False)
        if remembered.digest != digest:
            raise ServiceError(
                "IdempotentParameterMismatchException",
                "A ClientRequestToken was reused with other parameters than before.",
            )
        return remembered


def _digest(parameters: dict[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).digest()
