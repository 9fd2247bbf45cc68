"""A gateway on collaborators in memory, for gunicorn to serve in a test."""

import os
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Timer

from flask import Flask

from services.access.register import AccessRegister
from services.contracts.messages import RecognizeJob
from services.contracts.reasons import DecisionReason
from services.contracts.tokens import KioskToken
from services.gateway.access import AccessControl
from services.gateway.admission import Admission
from services.gateway.app import create_app
from services.gateway.authentication import KioskAuthenticator
from services.gateway.backlog import Backlog
from services.gateway.batches import Batches
from services.gateway.exports import PersonalData
from services.gateway.held import HeldPhotos
from services.gateway.kiosk_contacts import KioskContacts
from services.gateway.kiosk_signatures import FrameSignatures
from services.gateway.kiosks import KioskRegister
from services.gateway.people import Register
from services.gateway.replies import ReplyListener
from services.gateway.retries import RepeatableRecognitions
from services.gateway.service import Recognitions
from services.gateway.settings import GatewaySettings
from services.gateway.worker import ends_with_worker
from services.logs import configure_logs
from services.operations.measures import Measures
from services.operations.tally import Tally
from tests.unit.access.in_memory import InMemoryAccessStore
from tests.unit.gateway.in_memory import (
    InMemoryArchives,
    InMemoryCreations,
    InMemoryDecisions,
    InMemoryDeletions,
    InMemoryEnrollments,
    InMemoryFrames,
    InMemoryJobs,
    InMemoryOutcomes,
    InMemoryPeople,
    InMemoryPhotoRemovals,
    InMemoryReplies,
    InMemoryRequests,
    InMemoryResolutionJobs,
    InMemorySubmissions,
    InMemoryTokens,
    InMemoryUploads,
    decision_on,
    kiosk_with,
)
from tests.unit.gateway.in_memory_audit import InMemoryAudit
from tests.unit.gateway.in_memory_doors import InMemoryDoors
from tests.unit.gateway.in_memory_exports import InMemoryKeptPhotos, InMemoryPersonExports
from tests.unit.gateway.in_memory_invitations import InMemoryInvitations, invitations_in_memory
from tests.unit.gateway.in_memory_kiosks import InMemoryKioskRecords, InMemoryNonces
from tests.unit.gateway.in_memory_operations import InMemoryPulses
from tests.unit.gateway.in_memory_operators import SigningIn
from tests.unit.gateway.in_memory_upkeep import InMemoryUpkeep


class RepliesOnRecord(InMemoryReplies):
    """Leaves a file while it is open, as a reply queue is left on SQS when nobody deletes it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._file = folder / f"replies-{os.getpid()}"
        self._file.touch()

    def close(self) -> None:
        super().close()
        self._file.unlink()


def make_app() -> Flask:
    configure_logs("gateway")
    folder, reason = Path(os.environ["TEST_FOLDER"]), os.environ.get("TEST_REASON")
    replies = RepliesOnRecord(folder)
    jobs = InMemoryJobs()
    decided_together = Barrier(int(os.environ.get("TEST_TOGETHER", "1")))

    def answer(job: RecognizeJob) -> None:
        decided_together.wait()
        replies.answer(decision_on(job.recognition_id, job.kiosk_id, DecisionReason(reason)))

    def work(job: RecognizeJob) -> None:
        (folder / f"job-{job.recognition_id}").touch()
        if reason:
            Timer(float(os.environ.get("TEST_DELAY", "0")), answer, [job]).start()

    jobs.worker = work
    listener = ReplyListener(lambda: replies)
    listener.start()
    settings = GatewaySettings()
    recognitions = Recognitions(
        jobs,
        InMemoryFrames(),
        InMemoryDecisions(),
        listener,
        Admission(
            settings.recognition_deadline,
            initial=float(os.environ.get("TEST_LIMIT", settings.recognition_deadline * 100)),
        ),
        Backlog(jobs.depth),
        Measures(Tally()),
        settings.inline_frame_bytes,
        timedelta(seconds=settings.recognition_deadline),
    )
    kiosk = kiosk_with(KioskToken.parse(os.environ["TEST_TOKEN"]))
    kiosks = InMemoryKioskRecords(kiosk)
    repeatable = RepeatableRecognitions(recognitions, InMemoryRequests())
    people, enrollments = InMemoryPeople(), InMemoryEnrollments()
    deletions = InMemoryDeletions(people)
    removals = InMemoryPhotoRemovals(enrollments, deletions)
    register = Register(people, enrollments, InMemoryUploads(), deletions, removals, InMemoryCreations())
    control = AccessControl(AccessRegister(InMemoryAccessStore()), people)
    app = create_app(
        recognitions,
        repeatable,
        KioskAuthenticator(kiosks),
        settings,
        register=register,
        held=HeldPhotos(enrollments, InMemoryResolutionJobs()),
        batches=Batches(InMemorySubmissions(), InMemoryArchives(), InMemoryOutcomes(enrollments)),
        **SigningIn(settings, InMemoryTokens()).parts,
        kiosk_register=KioskRegister(kiosks),
        signatures=FrameSignatures(InMemoryNonces(), settings.signed_frames_only),
        contacts=KioskContacts(kiosks),
        access=control,
        **InMemoryDoors().parts(control),
        audit=InMemoryAudit(settings.watchers).desk,
        operations=InMemoryPulses().desk,
        personal=PersonalData(register, InMemoryKeptPhotos(), InMemoryPersonExports()),
        invitations=invitations_in_memory(InMemoryInvitations(), register, enrollments),
        **InMemoryUpkeep().parts,
    )
    ends_with_worker(app, listener)
    return app
