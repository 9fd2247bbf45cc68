"""``python -m services.enroll``: the worker's one bootstrap."""

from services.aws.collection import FaceCollection
from services.aws.connection import Aws, AwsSettings
from services.aws.enrollments import EnrollmentStore
from services.aws.photos import PhotoStore
from services.aws.worker import JobKind, WorkerQueue, run_worker
from services.contracts.messages import ENROLL_TASK, EnrollJob
from services.enroll.service import EnrollService
from services.enroll.settings import EnrollSettings
from services.startup import starting


def main() -> None:
    """Connect, plug the parts together, serve the queue."""
    with starting("enroll"):
        settings = EnrollSettings()
        aws = Aws.connect(AwsSettings())
        service = EnrollService(
            photos=PhotoStore(aws), faces=FaceCollection(aws), enrollments=EnrollmentStore(aws)
        )
        outputs = aws.outputs
        queue = WorkerQueue.read(aws, outputs.enroll_queue_url, outputs.enroll_dead_letter_queue_url)
    run_worker(
        aws,
        queue,
        [JobKind(ENROLL_TASK, EnrollJob, service.handle)],
        concurrency=settings.concurrency,
    )


if __name__ == "__main__":
    main()
