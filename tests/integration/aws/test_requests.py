"""Requests with an Idempotency-Key, kept in DynamoDB."""

from datetime import UTC, datetime, timedelta

import pytest

from services.aws.idempotency import CreationStore, KeyedCreation, KeyedRequest, RequestStore

NOW = datetime.now(UTC)
A_MOMENT = timedelta(seconds=2)


def request(recognition_id="r-1", kiosk_id="lobby", key="k-1", **changes):
    fields = {
        "request_id": KeyedRequest.id_of(kiosk_id, key),
        "recognition_id": recognition_id,
        "frames_sha256": "a" * 64,
        "received_at": NOW,
        "held_until": NOW + A_MOMENT,
    }
    return KeyedRequest(**(fields | changes))


@pytest.fixture
def store(aws):
    return RequestStore(aws)


def test_the_first_request_stands_and_the_same_one_again_finds_it(store):
    assert store.register(request("r-1")) == request("r-1")
    assert store.register(request("r-2")) == request("r-1")
    assert store.get(request().request_id) == request("r-1")


def test_requests_of_other_kiosks_or_with_other_keys_stand_beside_it(store):
    store.register(request("r-1"))
    for other in (request("r-2", kiosk_id="garage"), request("r-3", key="k-2")):
        assert store.register(other) == other


def test_kiosk_and_key_cannot_be_mistaken_for_one_another():
    assert KeyedRequest.id_of("lobby", "1") != KeyedRequest.id_of("lobby1", "")
    assert KeyedRequest.id_of("a", "b") != KeyedRequest.id_of("b", "a")


def test_the_key_itself_is_not_in_the_table(aws, store):
    store.register(request(key="a-key-that-may-be-a-secret"))
    assert "a-key-that-may-be-a-secret" not in str(aws.dynamodb.scan(TableName="requests")["Items"])


def test_a_request_not_made_yet_is_not_there(store):
    assert store.get("0" * 64) is None


def test_a_request_leaves_by_itself_after_a_day(aws, store):
    store.register(request())
    [item] = aws.dynamodb.scan(TableName="requests")["Items"]
    assert int(item["expires_at"]["N"]) == int(NOW.timestamp()) + 24 * 3600


def test_what_expired_counts_as_gone_though_dynamodb_still_has_it(store):
    old = request("r-1", received_at=NOW - timedelta(hours=25))
    store.register(old)
    assert store.get(old.request_id) is None
    assert store.register(request("r-2")) == request("r-2")


def test_of_those_who_take_a_request_over_one_gets_it(store):
    seen = store.register(request())
    later = NOW + 2 * A_MOMENT
    assert store.hold(seen, later) == request(held_until=later)
    assert store.hold(seen, later + A_MOMENT) is None
    assert store.get(seen.request_id).held_until == later


def test_a_request_let_go_may_be_taken_at_once(store):
    mine = store.register(request())
    store.hold(mine, NOW)
    assert store.hold(store.get(mine.request_id), NOW + A_MOMENT)


def test_a_queued_request_is_taken_over_by_nobody(store):
    seen = store.register(request())
    store.mark_queued(seen)
    assert store.get(seen.request_id).queued
    assert store.hold(seen, NOW + A_MOMENT) is None


def test_a_request_that_is_gone_does_not_come_back_by_being_marked(store):
    store.mark_queued(request())
    store.hold(request(), NOW)
    assert store.get(request().request_id) is None


def creation(person_id, **changes):
    fields = {
        "request_id": KeyedCreation.id_of("t-1", "k-1"),
        "person_id": person_id,
        "body_sha256": "b" * 64,
        "received_at": NOW,
    }
    return KeyedCreation(**(fields | changes))


def test_a_person_created_with_a_key_is_found_by_it_for_a_day(aws):
    store = CreationStore(aws)
    assert store.register(creation("p-1")) == creation("p-1")
    store.mark_created(creation("p-1"))
    assert store.register(creation("p-2")) == creation("p-1", created=True)
    later = NOW + timedelta(hours=25)
    assert store.register(creation("p-2", received_at=later)) == creation("p-2", received_at=later)


def test_a_creation_that_is_gone_does_not_come_back_by_being_marked(aws):
    CreationStore(aws).mark_created(creation("p-1"))
    assert aws.dynamodb.scan(TableName="requests")["Items"] == []


def test_a_program_and_a_kiosk_of_one_name_may_choose_the_same_key():
    assert KeyedCreation.id_of("lobby", "k") != KeyedRequest.id_of("lobby", "k")
