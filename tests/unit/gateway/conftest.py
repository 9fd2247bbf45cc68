from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from flask.testing import FlaskClient

from services.access.register import AccessRegister
from services.contracts.domain import Scope
from services.contracts.messages import RecognizeJob
from services.contracts.reasons import DecisionReason
from services.contracts.tokens import ApiToken, KioskToken
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
from services.logs import configure_logs
from services.operations.measures import Measures
from services.operations.tally import Tally
from tests.unit.access.in_memory import HOUSE, InMemoryAccessStore
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
    issued,
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
from tests.unit.gateway.serving import Served, serving


@dataclass
class Gateway:
    """A gateway whose collaborators a test can see and steer."""

    client: FlaskClient
    token: KioskToken
    other_token: KioskToken
    jobs: InMemoryJobs
    frames: InMemoryFrames
    decisions: InMemoryDecisions
    kiosks: InMemoryKioskRecords
    replies: InMemoryReplies
    listener: ReplyListener
    admission: Admission
    recognitions: Recognitions
    tally: Tally
    pulses: InMemoryPulses
    requests: InMemoryRequests
    people: InMemoryPeople
    enrollments: InMemoryEnrollments
    uploads: InMemoryUploads
    programs: InMemoryTokens
    program: ApiToken
    register: Register
    archives: InMemoryArchives
    submissions: InMemorySubmissions
    batches: Batches
    resolutions: InMemoryResolutionJobs
    creations: InMemoryCreations
    contacts: KioskContacts
    access: InMemoryAccessStore
    control: AccessControl
    doors: InMemoryDoors
    audit: InMemoryAudit
    kept_photos: InMemoryKeptPhotos
    signing_in: SigningIn
    invitations: InMemoryInvitations
    upkeep: InMemoryUpkeep

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **more}

    def as_program(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.program}", **more}

    def worker_decides(self, reason: DecisionReason = DecisionReason.MATCH, times: int = 1) -> None:
        def work(job: RecognizeJob) -> None:
            decision = decision_on(job.recognition_id, job.kiosk_id, reason)
            self.decisions.decisions[job.recognition_id] = decision
            for _ in range(times):
                self.replies.answer(decision)

        self.jobs.worker = work


@pytest.fixture(autouse=True)
def _logs_as_in_production() -> Iterator[None]:
    configure_logs("gateway")
    yield
    structlog.reset_defaults()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    token, other = KioskToken.create("lobby"), KioskToken.create("garage")
    jobs, frames, decisions, replies = (
        InMemoryJobs(),
        InMemoryFrames(),
        InMemoryDecisions(),
        InMemoryReplies(),
    )
    kiosks = InMemoryKioskRecords(kiosk_with(token), kiosk_with(other, "back"))
    settings = GatewaySettings(
        max_frame_bytes=1_000_000,
        max_frame_pixels=2_000_000,
        inline_frame_bytes=50_000,
        max_photo_bytes=50_000,
        max_archive_bytes=200_000,
        archives_taken_at_once=1,
    )
    listener = ReplyListener(replies.open)
    listener.start()
    admission = Admission(settings.tolerable_delay)
    tally, pulses = Tally(), InMemoryPulses()
    recognitions = Recognitions(
        jobs,
        frames,
        decisions,
        listener,
        admission,
        Backlog(jobs.depth),
        Measures(tally),
        settings.inline_frame_bytes,
        timedelta(seconds=8),
    )
    requests = InMemoryRequests()
    repeatable = RepeatableRecognitions(recognitions, requests)
    people, enrollments, uploads = InMemoryPeople(), InMemoryEnrollments(), InMemoryUploads()
    program = ApiToken.issue()
    programs = InMemoryTokens(issued(program, *Scope))
    deletions = InMemoryDeletions(people)
    removals = InMemoryPhotoRemovals(enrollments, deletions)
    creations = InMemoryCreations()
    register = Register(people, enrollments, uploads, deletions, removals, creations)
    resolutions = InMemoryResolutionJobs()
    archives, submissions = InMemoryArchives(), InMemorySubmissions()
    batches = Batches(submissions, archives, InMemoryOutcomes(enrollments), ("theirs",))
    contacts = KioskContacts(kiosks)
    access, doors = InMemoryAccessStore(*HOUSE), InMemoryDoors()
    control = AccessControl(AccessRegister(access), people)
    audit = InMemoryAudit()
    kept_photos = InMemoryKeptPhotos()
    invitations = InMemoryInvitations()
    signing_in, upkeep = SigningIn(settings, programs), InMemoryUpkeep()
    app = create_app(
        recognitions,
        repeatable,
        KioskAuthenticator(kiosks),
        settings,
        register=register,
        held=HeldPhotos(enrollments, resolutions),
        batches=batches,
        **signing_in.parts,
        kiosk_register=KioskRegister(kiosks),
        signatures=FrameSignatures(InMemoryNonces(), settings.signed_frames_only),
        contacts=contacts,
        access=control,
        **doors.parts(control),
        audit=audit.desk,
        operations=pulses.desk,
        personal=PersonalData(register, kept_photos, InMemoryPersonExports()),
        invitations=invitations_in_memory(invitations, register, enrollments),
        **upkeep.parts,
    )
    yield Gateway(
        app.test_client(),
        token,
        other,
        jobs,
        frames,
        decisions,
        kiosks,
        replies,
        listener,
        admission,
        recognitions,
        tally,
        pulses,
        requests,
        people,
        enrollments,
        uploads,
        programs,
        program,
        register,
        archives,
        submissions,
        batches,
        resolutions,
        creations,
        contacts,
        access,
        control,
        doors,
        audit,
        kept_photos,
        signing_in,
        invitations,
        upkeep,
    )
    listener.close()


@pytest.fixture(scope="module")
def serve_for_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    with ExitStack() as served:
        yield lambda **environment: served.enter_context(
            serving(tmp_path_factory.mktemp("gateway"), **environment)
        )


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    with ExitStack() as served:
        yield lambda **environment: served.enter_context(serving(tmp_path, **environment))
