import pytest

from bench.kiosks.prices import Exchange, UnknownPrice, item_bytes, price, share

A_MILLION = 1_000_000


def exchange(service, operation, asked=None, answered=None, status=200):
    return Exchange(service, operation, status, asked or {}, answered or {})


def test_a_small_message_is_one_request():
    assert price(exchange("sqs", "SendMessage", {"MessageBody": "x"})) * A_MILLION == pytest.approx(0.40)


@pytest.mark.parametrize(("size", "requests"), [(65_536, 1), (65_537, 2), (1_048_576, 16)])
def test_every_64_kib_of_a_message_sent_is_a_request(size, requests):
    sent = exchange("sqs", "SendMessage", {"MessageBody": "x" * size})

    assert price(sent) * A_MILLION == pytest.approx(0.40 * requests)


def test_messages_received_together_are_charged_by_their_sum():
    received = {"Messages": [{"Body": "x" * 40_000}, {"Body": "x" * 40_000}]}

    assert price(exchange("sqs", "ReceiveMessage", answered=received)) * A_MILLION == pytest.approx(0.80)


def test_messages_sent_as_a_batch_are_charged_by_their_sum():
    entries = {"Entries": [{"MessageBody": "x" * 30_000}, {"MessageBody": "x" * 30_000}]}

    assert price(exchange("sqs", "SendMessageBatch", entries)) * A_MILLION == pytest.approx(0.40)


def test_a_receive_that_brings_nothing_costs_a_request():
    assert price(exchange("sqs", "ReceiveMessage")) * A_MILLION == pytest.approx(0.40)


def test_an_items_size_is_that_of_its_names_and_values():
    item = {
        "id": {"S": "é"},  # 2 + 2 bytes
        "n": {"N": "-123.45"},  # 1 + 3 for five digits + 1
        "ok": {"BOOL": True},  # 2 + 1
        "list": {"L": [{"S": "ab"}]},  # 4 + 3 + 1 + 2
        "map": {"M": {"k": {"NULL": True}}},  # 3 + 3 + 1 + 1 + 1
        "set": {"SS": ["a", "bc"]},  # 3 + 3
    }

    assert item_bytes(item) == 4 + 5 + 3 + 10 + 9 + 6


def test_a_put_costs_a_unit_for_every_kib():
    put = exchange("dynamodb", "PutItem", {"Item": {"a": {"S": "x" * 1024}}})

    assert price(put) * A_MILLION == pytest.approx(2 * 0.625)


def test_an_item_written_in_a_transaction_costs_twice():
    put = {"TransactItems": [{"Put": {"Item": {"a": {"S": "x"}}}}]}

    assert price(exchange("dynamodb", "TransactWriteItems", put)) * A_MILLION == pytest.approx(2 * 0.625)


@pytest.mark.parametrize(("consistently", "units"), [(True, 1.0), (False, 0.5)])
def test_an_eventually_consistent_read_costs_half(consistently, units):
    get = exchange("dynamodb", "GetItem", {"ConsistentRead": consistently}, {"Item": {"a": {"S": "x"}}})

    assert price(get) * A_MILLION == pytest.approx(0.125 * units)


def test_each_item_of_a_batch_is_charged_alone_and_a_missing_one_as_the_smallest():
    asked = {"RequestItems": {"t": {"Keys": [{}, {}, {}], "ConsistentRead": True}}}
    answered = {"Responses": {"t": [{"a": {"S": "x" * 5000}}, {"a": {"S": "x"}}]}}

    batch = exchange("dynamodb", "BatchGetItem", asked, answered)

    assert price(batch) * A_MILLION == pytest.approx(0.125 * (2 + 1 + 1))


def test_a_search_costs_an_image_and_a_throttled_one_nothing():
    assert price(exchange("rekognition", "SearchUsersByImage")) == pytest.approx(0.001)
    assert price(exchange("rekognition", "SearchUsersByImage", status=400)) == 0


def test_reading_from_s3_costs_less_than_writing():
    prices = [price(exchange("s3", method)) for method in ("PUT", "GET", "DELETE")]

    assert prices == pytest.approx([0.005e-3, 0.0004e-3, 0.0])


def test_a_call_without_a_known_price_is_not_taken_for_free():
    with pytest.raises(UnknownPrice, match="kinesis PutRecord"):
        price(exchange("kinesis", "PutRecord"))
    with pytest.raises(UnknownPrice, match="ExecuteStatement"):
        price(exchange("dynamodb", "ExecuteStatement"))


def test_the_share_is_what_all_others_cost_by_what_one_costs():
    assert share({"sqs": 1.0, "dynamodb": 2.0, "rekognition": 300.0}, "rekognition") == pytest.approx(0.01)
