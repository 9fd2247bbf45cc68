from datetime import UTC, datetime

from services.aws.drift_checks import DriftCheckStore
from services.contracts.drift_checks import CheckStatus, Difference, DriftCheck

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def check(check_id, **fields):
    return DriftCheck(check_id=check_id, requested_by="operator ada", started_at=NOW, told_at=NOW, **fields)


def test_the_last_check_is_kept_as_it_was_written(aws):
    store = DriftCheckStore(aws)
    assert store.latest() is None
    difference = Difference(kind="face gone", subject="f", person_id="ada", sentence="It is gone.")
    first = check("c-1", status=CheckStatus.DONE, counts={"face gone": 1}, differences=(difference,))
    assert store.replace(None, first)
    assert store.latest() == first


def test_of_two_that_begin_at_once_one_does(aws):
    store = DriftCheckStore(aws)
    assert store.replace(None, check("c-1"))
    assert not store.replace(None, check("c-2"))
    assert store.replace(check("c-1"), check("c-3"))
    assert not store.replace(check("c-1"), check("c-1", read=7))
    assert store.latest() == check("c-3")
