"""What a gateway counts of the frames that kiosks post."""

from services.gateway.admission import Overloaded
from services.operations.figures import Figures
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import picture


def post(gateway: Gateway, **headers: str) -> int:
    answer = gateway.client.post(
        "/v1/recognitions", data=picture(), content_type="image/jpeg", headers=gateway.headers(**headers)
    )
    return answer.status_code


def test_how_long_a_kiosk_waited_for_its_decision_is_counted(gateway: Gateway):
    gateway.worker_decides()
    assert post(gateway, Prefer="wait=5") == 200
    assert Figures.of(gateway.tally.take()).answer_ms.p50 is not None


def test_a_kiosk_that_was_not_told_in_time_is_no_measure_of_answers(gateway: Gateway):
    assert post(gateway) == 202
    assert Figures.of(gateway.tally.take()).answer_ms.p50 is None


def test_frames_that_are_turned_away_are_counted(gateway: Gateway, monkeypatch):
    def refuse() -> None:
        raise Overloaded

    monkeypatch.setattr(gateway.admission, "check", refuse)
    assert [post(gateway) for _ in range(3)] == [503] * 3
    assert Figures.of(gateway.tally.take()).turned_away == 3
