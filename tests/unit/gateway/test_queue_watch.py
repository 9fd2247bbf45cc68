from datetime import UTC, datetime, timedelta

from services.aws.errors import AwsUnavailable
from services.contracts.operations import QueueName, QueueSeen
from services.gateway.queue_watch import QueueWatch
from services.operations.figures import Figures
from services.operations.measures import Measures
from services.operations.tally import Tally

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_since_when_jobs_wait_is_told_until_none_does():
    depths = iter([0, 3, 5, 0, 2])
    watch = QueueWatch({QueueName.ENROLL: lambda: next(depths)}, Measures(Tally()))
    seen = [watch.look(NOON + index * SECOND)[0] for index in range(5)]
    assert [(queue.waiting, queue.waiting_since) for queue in seen] == [
        (0, None),
        (3, NOON + SECOND),
        (5, NOON + SECOND),
        (0, None),
        (2, NOON + 4 * SECOND),
    ]


def test_a_queue_that_does_not_answer_keeps_no_other_from_being_seen():
    def silent() -> int:
        raise AwsUnavailable("nobody answers")

    tally = Tally()
    watch = QueueWatch({QueueName.RECOGNIZE: silent, QueueName.ENROLL: lambda: 4}, Measures(tally))
    assert watch.look(NOON) == (QueueSeen(queue=QueueName.ENROLL, waiting=4, waiting_since=NOON),)
    recognize, enroll = Figures.of(tally.take()).queues
    assert (recognize.most_waiting, enroll.most_waiting) == (None, 4)
