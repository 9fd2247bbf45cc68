"""``python -m services.enroll``: the worker's one bootstrap."""

from services.aws.batch_sources import BatchSources
from services.aws.connection import Aws, AwsSettings
from services.aws.deletions import DeletionStore
from services.aws.enrollments import EnrollmentStore
from services.aws.face_index import FaceIndex
from services.aws.held import HeldPhotos
from services.aws.jobs import JobQueue
from services.aws.photo_removal import PhotoRemovalStore
from services.aws.photos import PhotoStore
from services.aws.pulsing import Pulsing
from services.aws.rekognition_measures import measure_rekognition
from services.aws.removal import PhotosOfPerson, removals
from services.aws.stock import StockTaking
from services.aws.submissions import SubmissionStore
from services.aws.uploads import Uploads
from services.aws.worker import JobKind, WorkerQueue, run_worker
from services.contracts.messages import (
    DELETE_PERSON_TASK,
    ENROLL_TASK,
    READ_BATCH_TASK,
    REMOVE_PHOTO_TASK,
    RESOLVE_HELD_TASK,
    DeletePersonJob,
    EnrollJob,
    ReadBatchJob,
    RemovePhotoJob,
    ResolveHeldJob,
)
from services.contracts.operations import QueueName, Service
from services.enroll.batches import BatchReadingService
from services.enroll.deletion import DeletionService
from services.enroll.held import HeldService
from services.enroll.photo_removal import PhotoRemovalService
from services.enroll.service import EnrollService
from services.enroll.settings import EnrollSettings
from services.operations.measures import Measures, QueueMeasures
from services.operations.tally import Tally
from services.startup import starting


def main() -> None:
    """Connect, plug the parts together, serve the queue."""
    with starting("enroll"):
        settings = EnrollSettings()
        aws = Aws.connect(AwsSettings())
        tally = Tally()
        measures = Measures(tally)
        measure_rekognition(aws, measures)
        faces, enrollments, deletions = FaceIndex(aws), EnrollmentStore(aws), DeletionStore(aws)
        service = EnrollService(
            photos=PhotoStore(aws),
            faces=faces,
            enrollments=enrollments,
            settings=settings,
            measures=measures,
        )
        outputs = aws.outputs
        deleting = DeletionService(deletions, removals(aws), JobQueue(aws, outputs.enroll_queue_url))
        removing = PhotoRemovalService(
            receipts=deletions,
            photos=PhotoRemovalStore(aws),
            faces=faces,
            claims=enrollments,
            versions=PhotosOfPerson(aws),
        )
        deciding = HeldService(HeldPhotos.connect(aws), enrollments)
        reading = BatchReadingService(
            SubmissionStore(aws),
            BatchSources(aws),
            # who is deleted after the batch was submitted is not brought back by it
            lambda batch: Uploads(aws, batch.batch_id, now=lambda: batch.submitted_at),
        )
        queue = WorkerQueue.read(aws, outputs.enroll_queue_url, outputs.enroll_dead_letter_queue_url)
    with StockTaking(aws), Pulsing.of(aws, tally, Service.ENROLL):
        run_worker(
            aws,
            queue,
            [
                JobKind(ENROLL_TASK, EnrollJob, service.handle, service.give_up),
                JobKind(DELETE_PERSON_TASK, DeletePersonJob, deleting.handle),
                JobKind(REMOVE_PHOTO_TASK, RemovePhotoJob, removing.handle),
                JobKind(RESOLVE_HELD_TASK, ResolveHeldJob, deciding.handle, deciding.give_up),
                JobKind(READ_BATCH_TASK, ReadBatchJob, reading.handle, reading.give_up),
            ],
            measures=QueueMeasures(tally, QueueName.ENROLL),
            concurrency=settings.concurrency,
        )


if __name__ == "__main__":
    main()
