from threading import Barrier, Event, Thread

import pytest

from services.access.current import CurrentRules
from services.contracts.access import AccessState
from tests.unit.access.in_memory import HOUSE, configuration

pytestmark = pytest.mark.access


class Source:
    def __init__(self, load):
        self.load, self.version, self.asked = load, 0, 0

    def state(self):
        self.asked += 1
        return AccessState(self.version)


def test_before_they_were_asked_for_there_are_none():
    assert CurrentRules(Source(lambda: configuration(*HOUSE))).known.version == 0


def test_rules_are_read_where_another_version_is_asked_for_and_only_then():
    versions = iter([3, 7])
    rules = CurrentRules(Source(lambda: configuration(*HOUSE, version=next(versions))))
    assert [rules.as_of(version).version for version in (1, 3, 3, 4, 7)] == [3, 3, 3, 7, 7]


def test_rules_that_were_restored_from_a_backup_count_although_their_version_is_older():
    versions = iter([7, 3])
    rules = CurrentRules(Source(lambda: configuration(*HOUSE, version=next(versions))))
    assert [rules.as_of(version).version for version in (7, 3, 3)] == [7, 3, 3]


def test_threads_that_need_newer_rules_at_once_wait_for_one_that_reads_them():
    reads, may_go_on = [], Event()

    def load():
        reads.append(1)
        assert may_go_on.wait(10)
        return configuration(*HOUSE, version=5)

    rules, together, seen = CurrentRules(Source(load)), Barrier(4), []

    def ask():
        together.wait(10)
        seen.append(rules.as_of(5).version)

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    together.wait(10)
    may_go_on.set()
    for thread in threads:
        thread.join(10)
    assert (seen, len(reads)) == ([5, 5, 5], 1)


def test_a_reading_that_failed_is_done_anew_by_the_next_who_asks():
    answers = iter([OSError("away"), configuration(*HOUSE, version=1)])

    def load():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    rules = CurrentRules(Source(load))
    with pytest.raises(OSError, match="away"):
        rules.as_of(1)
    assert rules.as_of(1).version == 1


def test_the_version_is_asked_for_only_where_it_was_not_heard_of_for_a_while():
    source, clock = Source(lambda: configuration(*HOUSE, version=source.version)), [100.0]
    rules = CurrentRules(source, lambda: clock[0])
    rules.refresh(2)
    source.version = 4
    rules.refresh(2)
    assert (source.asked, rules.known.version) == (1, 0)
    clock[0] += 2
    rules.refresh(2)
    assert (source.asked, rules.known.version) == (2, 4)
    clock[0] += 1.5
    rules.as_of(4)
    clock[0] += 1.5
    rules.refresh(2)
    assert source.asked == 2
