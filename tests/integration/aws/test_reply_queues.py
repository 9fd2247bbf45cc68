"""What gateways know of each other's reply queues."""

from datetime import UTC, datetime, timedelta

import pytest

from services.aws.errors import AwsError
from services.aws.replies import ReplyQueue, ReplyQueues


def tag(aws, url, alive_at):
    aws.sqs.tag_queue(QueueUrl=url, Tags={"facegate:alive-at": alive_at})


def test_a_queue_has_a_heartbeat_from_its_beginning(aws):
    before = datetime.now(UTC)
    replies = ReplyQueue.open(aws)
    [(url, alive_at)] = ReplyQueues(aws).heartbeats(10)
    assert url == replies.url
    assert before - timedelta(seconds=1) <= alive_at <= datetime.now(UTC)


def test_a_beat_makes_it_new_again(aws):
    replies = ReplyQueue.open(aws)
    tag(aws, replies.url, "2026-01-02T03:04:05+00:00")
    assert dict(ReplyQueues(aws).heartbeats(10)) == {replies.url: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}
    replies.beat()
    assert dict(ReplyQueues(aws).heartbeats(10))[replies.url] > datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("alive_at", [None, "yesterday", "2026-01-02T03:04:05"])
def test_a_queue_that_is_not_known_as_ours_is_passed_over(aws, alive_at):
    name = f"{aws.outputs.reply_queue_prefix}office-recognize"
    url = aws.sqs.create_queue(QueueName=name)["QueueUrl"]
    if alive_at:
        tag(aws, url, alive_at)
    assert list(ReplyQueues(aws).heartbeats(10)) == []


def test_queues_of_other_names_are_not_even_looked_at(aws):
    tag(aws, aws.outputs.recognize_queue_url, "2026-01-02T03:04:05+00:00")
    assert list(ReplyQueues(aws).heartbeats(10)) == []


def test_no_more_are_looked_at_than_asked_for(aws):
    for _ in range(5):
        ReplyQueue.open(aws)
    assert len(dict(ReplyQueues(aws).heartbeats(3))) == 3


def test_a_queue_that_goes_meanwhile_is_passed_over(aws):
    opened = [ReplyQueue.open(aws) for _ in range(3)]
    heartbeats = ReplyQueues(aws).heartbeats(10)
    first, _ = next(heartbeats)
    for replies in opened:
        if replies.url != first:
            replies.close()
    assert list(heartbeats) == []


def test_removing_a_queue_that_is_gone_is_no_error(aws):
    replies, queues = ReplyQueue.open(aws), ReplyQueues(aws)
    queues.remove(replies.url)
    queues.remove(replies.url)
    assert list(queues.heartbeats(10)) == []
    with pytest.raises(AwsError):
        replies.beat()
