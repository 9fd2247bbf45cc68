"""``python -m services.recognize``: the worker's one bootstrap."""

from services.access.current import CurrentRules
from services.aws.access import AccessStore
from services.aws.audit import AuditLog
from services.aws.collection import FaceCollection
from services.aws.connection import Aws, AwsSettings
from services.aws.decisions import DecisionStore
from services.aws.denied_frames import DeniedFrameStore
from services.aws.directory import Directory
from services.aws.door_actions import DoorActionStore
from services.aws.door_targets import DoorTargets
from services.aws.kiosks import KioskStore
from services.aws.pulsing import Pulsing
from services.aws.rekognition_measures import measure_rekognition
from services.aws.replies import ReplySender
from services.aws.worker import JobKind, WorkerQueue, run_worker
from services.contracts.messages import RECOGNIZE_TASK, RecognizeJob
from services.contracts.operations import QueueName, Service
from services.doors.opener import DoorOpener
from services.doors.sending import OrderSender
from services.doors.settings import DoorSettings
from services.doors.webhooks import WebhookSender
from services.operations.measures import Measures, QueueMeasures
from services.operations.tally import Tally
from services.recognize.service import RecognizeService
from services.recognize.settings import RecognizeSettings
from services.startup import starting


def main() -> None:
    """Connect, plug the parts together, serve the queue."""
    with starting("recognize"):
        settings = RecognizeSettings()
        # The service itself tries again, as long as the frame is worth it.
        aws = Aws.connect(AwsSettings(rekognition_max_attempts=1))
        tally = Tally()
        measures = Measures(tally)
        measure_rekognition(aws, measures)
        rules = CurrentRules(AccessStore(aws))
        # so that the first visitor does not wait for them
        rules.refresh()
        trail = AuditLog(aws, "recognize")
        opener = door_opener(aws, DoorSettings(), trail)
        service = RecognizeService(
            faces=FaceCollection(aws),
            people=Directory(aws),
            kiosks=KioskStore(aws),
            decisions=DecisionStore(aws, audit=trail),
            replies=ReplySender(aws),
            rules=rules,
            doors=opener,
            policy=settings.policy,
            search=settings.search,
            measures=measures,
            denied_frames=DeniedFrameStore(aws) if settings.keep_denied_frames else None,
        )
        outputs = aws.outputs
        queue = WorkerQueue.read(aws, outputs.recognize_queue_url, outputs.recognize_dead_letter_queue_url)
    # a worker that is told to stop still sees to the doors that it opens
    with opener, Pulsing.of(aws, tally, Service.RECOGNIZE):
        run_worker(
            aws,
            queue,
            [JobKind(RECOGNIZE_TASK, RecognizeJob, service.handle)],
            measures=QueueMeasures(tally, QueueName.RECOGNIZE),
            concurrency=settings.concurrency,
        )


def door_opener(aws: Aws, settings: DoorSettings, trail: AuditLog) -> DoorOpener:
    """Plug together what opens doors."""
    sender = OrderSender(
        WebhookSender(plain_http=settings.plain_http), DoorTargets(aws), settings.attempt_seconds
    )
    return DoorOpener(
        DoorActionStore(aws), sender, trail, at_once=settings.at_once, useful=settings.order_useful
    )


if __name__ == "__main__":
    main()
