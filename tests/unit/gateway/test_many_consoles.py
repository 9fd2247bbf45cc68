"""Fifty consoles told of decisions as they are made, and a hundred kiosks that wait, on one process."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from tests.unit.gateway.in_memory import picture
from tests.unit.gateway.in_memory_operators import PASSWORD
from tests.unit.gateway.serving import Served, until

CONSOLES, KIOSKS = 50, 100


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """A gateway with the usual number of threads whose workers decide when one more than the kiosks wait."""
    return serve(TEST_REASON="match", TEST_TOGETHER=str(KIOSKS + 1), FACEGATE_MAX_WAIT="18")


@pytest.fixture
def operator(served: Served) -> Iterator[requests.Session]:
    with requests.Session() as session:
        credentials = {"login": "admin", "password": PASSWORD}
        answer = session.post(f"{served.url}/v1/session", json=credentials, timeout=20)
        assert answer.status_code == 201, answer.text
        yield session


def test_kiosks_and_pages_are_answered_while_consoles_watch(served: Served, operator: requests.Session):
    cookies = operator.cookies.get_dict()

    def watch() -> requests.Response:
        url = f"{served.url}/console/live/events"
        answer = requests.get(url, cookies=cookies, stream=True, timeout=20)
        assert answer.headers["Content-Type"].startswith("text/event-stream"), answer.status_code
        return answer

    def visitor(_number: int) -> int:
        return served.post(picture(), Prefer="wait=18").status_code

    with ExitStack() as open_streams, ThreadPoolExecutor(KIOSKS + 1) as kiosks:
        streams = [open_streams.enter_context(watch()) for _ in range(CONSOLES)]
        answers = [kiosks.submit(visitor, number) for number in range(KIOSKS)]
        until(lambda: len(list(served.folder.glob("job-*"))) == KIOSKS, "not all frames were taken")
        pages = [
            operator.get(f"{served.url}{path}", timeout=20).status_code
            for path in ("/healthz", "/v1/session", "/console/people", "/console/live", "/v1/doors")
        ]
        waiting = sum(not answer.done() for answer in answers)
        answers.append(kiosks.submit(visitor, KIOSKS))
        assert pages == [200] * 5
        assert waiting == KIOSKS
        assert [answer.result(timeout=20) for answer in answers] == [200] * (KIOSKS + 1)
        told = [next(stream.iter_lines()) for stream in streams]
    assert told == [b"retry: 2000"] * CONSOLES
