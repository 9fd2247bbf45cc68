"""``python -m services.recognize``: the worker's one bootstrap."""

from services.access.current import CurrentRules
from services.aws.access import AccessStore
from services.aws.collection import FaceCollection
from services.aws.connection import Aws, AwsSettings
from services.aws.decisions import DecisionStore
from services.aws.directory import Directory
from services.aws.kiosks import KioskStore
from services.aws.replies import ReplySender
from services.aws.worker import JobKind, WorkerQueue, run_worker
from services.contracts.messages import RECOGNIZE_TASK, RecognizeJob
from services.recognize.service import RecognizeService
from services.recognize.settings import RecognizeSettings
from services.startup import starting


def main() -> None:
    """Connect, plug the parts together, serve the queue."""
    with starting("recognize"):
        settings = RecognizeSettings()
        # The service itself tries again, as long as the frame is worth it.
        aws = Aws.connect(AwsSettings(rekognition_max_attempts=1))
        rules = CurrentRules(AccessStore(aws))
        # so that the first visitor does not wait for them
        rules.refresh()
        service = RecognizeService(
            faces=FaceCollection(aws),
            people=Directory(aws),
            kiosks=KioskStore(aws),
            decisions=DecisionStore(aws),
            replies=ReplySender(aws),
            rules=rules,
            policy=settings.policy,
            search=settings.search,
        )
        outputs = aws.outputs
        queue = WorkerQueue.read(aws, outputs.recognize_queue_url, outputs.recognize_dead_letter_queue_url)
    run_worker(
        aws,
        queue,
        [JobKind(RECOGNIZE_TASK, RecognizeJob, service.handle)],
        concurrency=settings.concurrency,
    )


if __name__ == "__main__":
    main()
