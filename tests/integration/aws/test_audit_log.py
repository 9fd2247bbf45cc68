from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Lock

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from services.audit.chain import Link, Opening
from services.audit.verification import ChainVerifier
from services.aws.audit import CHAINS, AuditLog
from services.aws.decisions import DecisionStore
from services.aws.errors import AwsError, AwsUnavailable
from services.contracts.audit import AuditEntry, AuditKind, ChainOpening
from services.contracts.domain import Decision
from services.contracts.reasons import DecisionReason
from tests.conftest import until

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

pytestmark = pytest.mark.access


def decision(recognition_id="r-1"):
    return Decision(
        recognition_id=recognition_id,
        reason=DecisionReason.NO_MATCH,
        kiosk_id="lobby",
        threshold=99,
        received_at=NOON,
        decided_at=NOON,
    )


def action(number=0):
    return AuditEntry(kind=AuditKind.ACTION, actor="token t", what=f"PUT {number}")


def rows(aws, chain):
    pages = aws.dynamodb.get_paginator("query").paginate(
        TableName="audit",
        KeyConditionExpression="chain = :chain",
        ExpressionAttributeValues={":chain": {"S": chain}},
        ConsistentRead=True,
    )
    return [item for page in pages for item in page["Items"]]


def openings(aws):
    return [
        Opening(row["text"]["S"], ChainOpening.model_validate_json(row["text"]["S"]))
        for row in rows(aws, CHAINS)
    ]


def verified(aws, opening):
    """The records of a chain, when nothing is wrong with it."""
    verifier = ChainVerifier(opening)
    records = [
        verifier.read(Link(row["place"]["S"], row["text"]["S"], row["hash"]["S"]))
        for row in rows(aws, opening.says.chain)
    ]
    assert verifier.end(None).findings == []
    return records


class Flaky:
    """DynamoDB whose answers are lost, or that refuses, when a test says so."""

    def __init__(self, dynamodb):
        self._dynamodb = dynamodb
        self.calls = 0
        self.lock = Lock()
        self.trouble = {}

    def __getattr__(self, name):
        return getattr(self._dynamodb, name)

    def transact_write_items(self, **request):
        with self.lock:
            self.calls += 1
            trouble = self.trouble.pop(self.calls, None)
        return trouble(self._dynamodb, request) if trouble else self._dynamodb.transact_write_items(**request)


def answer_lost(dynamodb, request):
    dynamodb.transact_write_items(**request)
    raise ReadTimeoutError(endpoint_url="dynamodb")


def never_arrived(_, __):
    raise ReadTimeoutError(endpoint_url="dynamodb")


def carried_out_and_tried_again(dynamodb, request):
    dynamodb.transact_write_items(**request)
    return dynamodb.transact_write_items(**request)


def contended(_, request):
    reasons = [{"Code": "TransactionConflict"}] + [{"Code": "None"}] * (len(request["TransactItems"]) - 1)
    error = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
    raise ClientError(error, "TransactWriteItems")


@pytest.fixture
def flaky(aws):
    aws.__dict__["dynamodb"] = Flaky(aws.dynamodb)
    return aws.dynamodb


def test_a_decision_and_its_record_are_written_with_one_call(aws, flaky):
    assert DecisionStore(aws).record(decision())
    assert flaky.calls == 1
    (opening,) = openings(aws)
    (record,) = verified(aws, opening)
    item = aws.dynamodb.get_item(TableName="decisions", Key={"recognition_id": {"S": "r-1"}})["Item"]
    assert (record.kind, record.target, record.outcome) == (AuditKind.DECISION, "r-1", "denied")
    assert item["audit_chain"]["S"] == record.chain == opening.says.chain


def test_a_decision_that_was_made_before_leaves_no_second_record(aws):
    store = DecisionStore(aws)
    assert store.record(decision())
    assert not store.record(decision())
    assert not DecisionStore(aws).record(decision())
    (opening,) = openings(aws)
    assert len(verified(aws, opening)) == 1


def test_many_threads_record_each_decision_once_without_a_gap(aws):
    store = DecisionStore(aws)
    with ThreadPoolExecutor(24) as threads:
        # each twice, as SQS delivers now and then
        written = list(threads.map(lambda n: store.record(decision(f"r-{n // 2}")), range(120)))
    assert sum(written) == 60
    (opening,) = openings(aws)
    records = verified(aws, opening)
    assert sorted(record.target for record in records) == sorted(f"r-{n}" for n in range(60))
    assert [record.seq for record in records] == list(range(1, 61))


def test_what_waits_while_a_call_is_made_shares_the_next(aws, flaky):
    log = AuditLog(aws, "recognize")
    store = DecisionStore(aws, audit=log)

    def when_all_others_wait(dynamodb, request):
        # the opening, and two items for each decision
        taken = (len(request["TransactItems"]) - 1) // 2
        until(lambda: len(log._queue) == 20 - taken)
        return dynamodb.transact_write_items(**request)

    flaky.trouble[1] = when_all_others_wait
    with ThreadPoolExecutor(20) as threads:
        assert all(threads.map(lambda n: store.record(decision(f"r-{n}")), range(20)))
    assert flaky.calls == 2


def test_after_an_answer_that_was_lost_a_new_chain_names_the_last_record_known(aws, flaky):
    log = AuditLog(aws, "gateway")
    log.record(action(1))
    flaky.trouble[2] = answer_lost
    with pytest.raises(AwsUnavailable):
        log.record(action(2))
    log.record(action(3))
    first, second = sorted(openings(aws), key=lambda opening: opening.says.opened_at)
    assert [record.what for record in verified(aws, first)] == ["PUT 1", "PUT 2"]
    assert [record.what for record in verified(aws, second)] == ["PUT 3"]
    assert (second.says.follows.chain, second.says.follows.seq) == (first.says.chain, 1)


def test_a_write_that_never_arrived_leaves_no_gap(aws, flaky):
    log = AuditLog(aws, "gateway")
    flaky.trouble[1] = never_arrived
    with pytest.raises(AwsUnavailable):
        log.record(action(1))
    log.record(action(2))
    (opening,) = openings(aws)
    assert [record.what for record in verified(aws, opening)] == ["PUT 2"]
    assert opening.says.follows is None


def test_a_write_that_botocore_tried_again_after_it_was_carried_out_counts_as_written_by_us(aws, flaky):
    store = DecisionStore(aws)
    flaky.trouble[1] = carried_out_and_tried_again
    assert store.record(decision())
    assert store.record(decision("r-2"))
    (opening,) = openings(aws)
    assert [record.target for record in verified(aws, opening)] == ["r-1", "r-2"]


def test_whoever_comes_first_in_a_transaction_is_waited_for(aws, flaky):
    flaky.trouble |= {1: contended, 2: contended}
    assert DecisionStore(aws).record(decision())
    (opening,) = openings(aws)
    assert len(verified(aws, opening)) == 1


def test_threads_that_share_a_call_which_fails_are_all_told(aws, flaky):
    store = DecisionStore(aws)
    flaky.trouble |= dict.fromkeys(range(1, 4), never_arrived)

    def try_to(number):
        try:
            return store.record(decision(f"r-{number}"))
        except AwsUnavailable:
            return None

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(try_to, range(32)))
        again = list(threads.map(lambda n: store.record(decision(f"r-{n}")), range(32)))
    assert None in told
    assert [was is None for was in told] == again
    assert sum(len(verified(aws, opening)) for opening in openings(aws)) == 32


def test_an_entry_that_the_table_does_not_take_harms_no_other(aws):
    log = AuditLog(aws, "gateway")
    too_large = AuditEntry(kind=AuditKind.ACTION, actor="a", what="PUT", details={"text": "x" * 410_000})

    def try_to(number):
        try:
            return log.record(too_large if number == 5 else action(number))
        except AwsError:
            return None

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(try_to, range(10)))
    assert [number for number, place in enumerate(told) if place is None] == [5]
    assert sum(len(verified(aws, opening)) for opening in openings(aws)) == 9


def test_a_new_day_begins_a_new_chain_that_names_the_end_of_the_old(aws):
    now = [NOON]
    log = AuditLog(aws, "gateway", now=lambda: now[0])
    log.record(action(1))
    now[0] += timedelta(days=1)
    log.record(action(2))
    first, second = openings(aws)
    assert (first.says.day.day, second.says.day.day) == (2, 3)
    (last,) = verified(aws, first)
    assert (second.says.follows.chain, second.says.follows.seq) == (first.says.chain, last.seq)


def test_a_clock_that_is_set_back_does_not_move_records_back(aws):
    now = [NOON]
    log = AuditLog(aws, "gateway", now=lambda: now[0])
    log.record(action(1))
    now[0] -= timedelta(hours=1)
    log.record(action(2))
    (opening,) = openings(aws)
    assert [record.what for record in verified(aws, opening)] == ["PUT 1", "PUT 2"]


def test_all_records_of_a_day_leave_together(aws):
    now = [NOON]
    log = AuditLog(aws, "gateway", timedelta(days=10), now=lambda: now[0])
    log.record(action(1))
    now[0] += timedelta(hours=11)
    log.record(action(2))
    (opening,) = openings(aws)
    expiries = {row["expires_at"]["N"] for row in (*rows(aws, opening.says.chain), *rows(aws, CHAINS))}
    assert expiries == {str(int(datetime(2026, 1, 12, tzinfo=UTC).timestamp()))}
